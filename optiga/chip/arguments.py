"""Arguments of a wrong type: the error names the argument instead of an internal failure.

Nothing is looked at before a call has failed, so those that are right pay nothing for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from types import FunctionType
from typing import Any, ParamSpec, TypeVar

C = TypeVar("C")
P = ParamSpec("P")
R = TypeVar("R")

_JUDGED_ELSEWHERE = ("Reference", "Command[T]")
"""Types of many forms, and those of parameters that say themselves what is wrong."""
_FORMS: Mapping[str, tuple[type, ...]] = {
    "None": (type(None),),
    "Callable": (Callable,),  # type: ignore[dict-item]  # a class of those that can be called
    "Sequence": (Sequence,),
}
"""What stands for a type that is written so, where it is more or something else than the class of that name."""


def explains_arguments(kind: type[C]) -> type[C]:
    """A class whose public methods say which of their arguments is of another type than they take.

    They raise TypeError, where a call with such an argument failed with it or with AttributeError.
    """
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and not name.startswith("_"):
            setattr(kind, name, _explaining(method))
    return kind


def _explaining(method: Callable[P, R]) -> Callable[P, R]:
    @wraps(method)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return method(*args, **kwargs)
        except (AttributeError, TypeError):
            if mistake := _find_mistake(method, args, kwargs):
                raise TypeError(mistake) from None
            raise

    return call


def _find_mistake(method: Callable[..., object], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
    """The first argument of another type than is taken, in words; empty if there is none."""
    try:
        bound = inspect.signature(method).bind(*args, **kwargs)
    except TypeError:  # of too many or too few of them Python itself says it well
        return ""
    for name, value in bound.arguments.items():
        parameter = bound.signature.parameters[name]
        for one in value if parameter.kind is parameter.VAR_POSITIONAL else (value,):
            annotation = parameter.annotation
            if isinstance(annotation, str) and not _is_taken(one, annotation):
                what = "None" if one is None else type(one).__name__
                return f"{method.__qualname__}: {name} must be {annotation}, not {what}"
    return ""


def _is_taken(value: object, annotation: str) -> bool:
    if any(name in annotation for name in _JUDGED_ELSEWHERE):
        return True
    names = [name.partition("[")[0] for name in annotation.split(" | ")]
    classes = {kind.__name__ for kind in type(value).__mro__}
    return any(isinstance(value, _FORMS.get(name, ())) or name in classes for name in names)
