"""Arguments of a wrong type: a TypeError names the argument, the wanted type and the given one.

:func:`takes` checks before a call, :func:`check_fields` when a dataclass is made. :func:`explains_arguments` is for
methods that are called often: it looks at nothing before a call has failed.
"""

from __future__ import annotations

import ast
import inspect
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, wraps
from types import FunctionType, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin

C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

_JUDGED_ELSEWHERE = ("Reference", "Command")
"""Types of many forms, of which others say what is wrong if their alias is only for type checkers."""
_NO_OBJECT = "an object must be given as "
"""How others begin to say it of a value that names no object of a chip."""
_FORMS: Mapping[str, tuple[type, ...]] = {
    "Any": (object,),
    "object": (object,),
    "float": (float, int),
    "Callable": (Callable,),  # type: ignore[dict-item]  # a class of those that can be called
    "Iterable": (Iterable,),
    "Mapping": (Mapping,),
    "Sequence": (Sequence,),
    "os.PathLike": (os.PathLike,),
}
"""What stands for a type that is written so, where it is more or something else than the class of that name."""

_IN_WORDS = {
    "Metadata": "Metadata, of words made with optiga.protocol.metadata_words.parse_metadata_words",
    "bool": "True or False",
    "Chip": "an open Chip of optiga.open_chip",
    "Configuration": "a Configuration of optiga.load_configuration",
    "CsrSource": "a path, PEM, DER or a Csr",
    "PublicKeySource": "a PublicKey, a Certificate, PEM or DER",
    "PublicKeySource | None": "a path, PEM, DER, a Certificate, a Csr or None",
    "CertificateSource | Iterable[CertificateSource]": "a path, PEM, DER, a certificate, or a list of certificates",
    "IssuerSpec": "an AwsIssuerSpec or a CaIssuerSpec",
    "Transport": "an object with 'exchange' and 'close'",
    "str | Port | None": "str, a Port of optiga.transport.resolve_port or None",
    "Journal | None": "a Journal of optiga.open_journal or None",
    "CertificateAuthority | None": "a CA of optiga.open_ca or None",
    "Plan | None": "a Plan of optiga.provision.plan.make_plan or None",
    "Connector": "a function such as optiga.cloud.aws.connection.connect",
    "Passphrase | Unlock | None": "a Passphrase of optiga.files.passphrases, a function that returns one, or None",
}
"""What is said of a type whose name alone does not tell what to give."""

_MOST_TOLD = 4
"""Elements of a tuple whose types are told."""


def takes(function: Callable[P, R]) -> Callable[P, R]:
    """A function that refuses arguments of another type than it takes, before it does anything.

    The annotations say which it takes; it raises TypeError for the first that is wrong.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        if mistake := _find_mistake(function, args, kwargs):
            raise TypeError(mistake)
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if mistake := _told_elsewhere(function, error):
                raise TypeError(mistake) from None
            raise

    return call


def check_fields(value: object) -> None:
    """Refuse a dataclass with a field of another type than is annotated; for its ``__post_init__``.

    :raises TypeError: for the first such field.
    """
    kind = type(value)
    names = vars(sys.modules[kind.__module__])
    for name in kind.__match_args__:  # type: ignore[attr-defined]  # those of a dataclass are its fields
        if mistake := _mistake_of(getattr(value, name), kind.__annotations__[name], names):
            raise TypeError(f"{kind.__qualname__}: {name} {mistake}")


def set_fields(value: object, **fields: object) -> None:
    """Set the fields of a frozen dataclass, in an ``__init__`` that takes more than it keeps: a text for a path."""
    for name, one in fields.items():
        object.__setattr__(value, name, one)


def explains_arguments(kind: type[C]) -> type[C]:
    """A class whose public methods say which of their arguments is of another type than they take.

    They raise TypeError, where a call with such an argument failed with it or with AttributeError, or where it is True
    or False in place of a number.
    """
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and not name.startswith("_"):
            setattr(kind, name, _explaining(method))
    return kind


def _explaining(method: Callable[P, R]) -> Callable[P, R]:
    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        # True is a 1 to Python, so that a call with it would not fail.
        is_there = bool in map(type, args) or (kwargs and bool in map(type, kwargs.values()))
        if is_there and (mistake := _find_mistake(method, args, kwargs)):
            raise TypeError(mistake)
        try:
            return method(*args, **kwargs)
        except (AttributeError, TypeError) as error:
            if mistake := _find_mistake(method, args, kwargs) or _told_elsewhere(method, error):
                raise TypeError(mistake) from None
            raise

    return call


def _told_elsewhere(function: Callable[..., object], error: Exception) -> str:
    """What is said of a value that names no object, with the function that it was given to; empty if that is not it."""
    return f"{_title_of(function)}: {error}" if str(error).startswith(_NO_OBJECT) else ""


def _title_of(function: Callable[..., object]) -> str:
    return function.__qualname__.removesuffix(".__init__")


def _find_mistake(function: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The first argument of another type than is taken, in words; empty if there is none."""
    signature = _signature(function)
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError:  # of too many or too few of them Python itself says it well
        return ""
    names = inspect.unwrap(function).__globals__
    for name, value in bound.arguments.items():
        parameter = signature.parameters[name]
        for one in value if parameter.kind is parameter.VAR_POSITIONAL else (value,):
            if mistake := _mistake_of(one, parameter.annotation, names):
                return f"{_title_of(function)}: {name} {mistake}"
    return ""


@cache
def _signature(function: Callable[..., object]) -> inspect.Signature:
    return inspect.signature(function)


def _mistake_of(value: object, annotation: object, names: Mapping[str, Any]) -> str:
    """What is wrong with a value, as the rest of a sentence; empty if nothing.

    :param annotation: as it stands in the module.
    :param names: of that module, where aliases of types are found.
    """
    if not isinstance(annotation, str) or _is_taken(value, _parse(annotation), names):
        return ""
    said = _IN_WORDS.get(annotation) or re.sub(r"\w+", lambda found: _name_of(found[0], names), annotation)
    return f"must be {said}, not {_kind_of(value)}"


def _kind_of(value: object) -> str:
    """What a value is; not what it holds, which may be long, or a secret."""
    if isinstance(value, tuple) and value and type(value) is tuple:
        return f"tuple[{', '.join(_kind_of(one) for one in value[:_MOST_TOLD])}]"
    contexts = sys.modules.get("optiga.contexts")  # which not every start needs
    if contexts is not None and isinstance(value, contexts.Context):
        return str(value.said)
    return "None" if value is None else type(value).__name__


def _name_of(word: str, names: Mapping[str, Any]) -> str:
    """What to call a type of an annotation: whoever calls does not know our aliases."""
    alias = names.get(word)
    is_alias = isinstance(alias, (str, UnionType)) or get_origin(alias) is not None
    return _text_of(alias) if is_alias else word


@cache
def _parse(annotation: str) -> ast.expr:
    return ast.parse(annotation, mode="eval").body


def _is_taken(value: object, wanted: ast.expr, names: Mapping[str, Any]) -> bool:
    """Whether a value is of a type, as an annotation writes it."""
    if isinstance(wanted, ast.BinOp):
        return _is_taken(value, wanted.left, names) or _is_taken(value, wanted.right, names)
    if isinstance(wanted, ast.Constant):
        return value is None if wanted.value is None else _is_taken(value, _parse(str(wanted.value)), names)
    written = wanted.id if isinstance(wanted, ast.Name) else ast.unparse(wanted)
    if isinstance(wanted, ast.Subscript):
        if ast.unparse(wanted.value) == "tuple" and isinstance(wanted.slice, ast.Tuple):
            return isinstance(value, tuple) and _are_taken(value, wanted.slice.elts, names)
        return _is_taken(value, wanted.value, names)
    if written in _FORMS:
        return isinstance(value, _FORMS[written]) and not (written == "float" and isinstance(value, bool))
    alias = names.get(written)
    if getattr(alias, "_is_protocol", False):
        return all(hasattr(value, name) for name in vars(alias) if not name.startswith("_"))
    if alias is not None and not _is_class(alias):
        return _is_taken(value, _parse(_text_of(alias)), names)
    if written in _JUDGED_ELSEWHERE:
        return True
    if isinstance(value, bool):  # which is an int, and is given for one by mistake only
        return written == "bool"
    return written.rpartition(".")[2] in {kind.__name__ for kind in type(value).__mro__}


def _are_taken(values: tuple[object, ...], wanted: Sequence[ast.expr], names: Mapping[str, Any]) -> bool:
    """Whether the elements of a tuple are of the types that stand in its annotation."""
    *firsts, last = wanted
    if isinstance(last, ast.Constant) and last.value is ...:
        return all(_is_taken(one, firsts[0], names) for one in values)
    return len(values) == len(wanted) and all(
        _is_taken(one, kind, names) for one, kind in zip(values, wanted, strict=True)
    )


def _text_of(alias: object) -> str:
    """An alias of a type, as an annotation writes it."""
    if isinstance(alias, str):
        return alias
    if _is_class(alias):
        return "None" if alias is type(None) else str(getattr(alias, "__name__", alias))
    if isinstance(alias, UnionType) or get_origin(alias) is Union:
        return " | ".join(map(_text_of, get_args(alias)))
    return re.sub(r"(\w+\.)+(?=\w)", "", str(alias))


def _is_class(one: object) -> bool:
    """Whether it is a class; for Python 3.10, ``tuple[int]`` is one, too."""
    return isinstance(one, type) and get_origin(one) is None
