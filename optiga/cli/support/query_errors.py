"""What is wrong with a ``--query``, in words for people: JMESPath tells it with its own names for types and tokens."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from jmespath.exceptions import (
    ArityError,
    EmptyExpressionError,
    IncompleteExpressionError,
    JMESPathError,
    JMESPathTypeError,
    LexerError,
    ParseError,
    UnknownFunctionError,
    VariadictArityError,
)
from jmespath.functions import TYPES_MAP, Functions

from optiga.errors import counted
from optiga.suggestions import suggest

_KINDS: Final = {
    "number": "a number",
    "string": "a text",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "an object",
    "expref": "an expression behind &",
    "array-number": "a list of numbers",
    "array-string": "a list of texts",
}
_ORDINALS: Final = ("first", "second", "third")
_LONGEST_SHOWN: Final = 40
_NUMBER: Final = "A number to compare with is written between backticks: `1`"
_WRITE: Final = "Name a field or write JMESPath"


class Wrong(NamedTuple):
    """What is wrong.

    :param reason: for behind a colon.
    :param hint: what to do; empty for what helps with any.
    :param is_valid: whether another result could do.
    """

    reason: str
    hint: str = ""
    is_valid: bool = True


def why_invalid(error: Exception, expression: str) -> Wrong:
    """Why an expression cannot be parsed."""
    if isinstance(error, RecursionError):
        return Wrong("it is nested too deeply", _WRITE)
    if isinstance(error, EmptyExpressionError):
        return Wrong("it is empty", _WRITE)
    if isinstance(error, LexerError):
        return _why_no_token(error, expression)
    if isinstance(error, IncompleteExpressionError) or getattr(error, "token_type", None) == "EOF":
        return Wrong("something is missing at the end", _WRITE)
    if isinstance(error, ParseError):
        before = expression[: error.lex_position].rstrip()
        is_compared = error.token_type == "NUMBER" and before.endswith(("=", "<", ">"))
        said = f"{_quoted(error.token_value)} is not expected at character {error.lex_position + 1}"
        return Wrong(said, _NUMBER if is_compared else _WRITE)
    return Wrong(_first_line(error), _WRITE)


def _why_no_token(error: LexerError, expression: str) -> Wrong:
    """Why a part of an expression is no word, number, mark or text."""
    place, text = error.lex_position + 1, str(error.message)
    if text.startswith("Unclosed"):
        return Wrong(f"the quote {expression[place - 1]} at character {place} is not closed", _WRITE)
    if text == "Unknown token '='":
        return Wrong("'=' alone has no meaning", "To compare, write ==")
    if text.startswith("Unknown token"):
        found = "-" if "'-'" in text else text.removeprefix("Unknown token").strip()
        hint = "If it is part of a name, write the name in double quotes"
        return Wrong(f"{_quoted(found)} at character {place} has no meaning", hint)
    return Wrong(f"{_quoted(error.lexer_value)} at character {place} is not valid", _WRITE)


def why_unfit(error: Exception, node: Mapping[str, Any], path_of: Any) -> Wrong:
    """Why an expression cannot be applied to a result, or what it gives cannot be printed.

    :param node: the expression, as JMESPath has parsed it.
    :param path_of: what a part of it is called, from the part; empty for one without a name.
    """
    if isinstance(error, RecursionError):
        return Wrong("it is nested too deeply")
    if isinstance(error, UnknownFunctionError):
        name = str(error).removeprefix("Unknown function: ").removesuffix("()")
        every = sorted(Functions.FUNCTION_TABLE)
        return Wrong(f"there is no function {name}(){suggest(name, every, {})}", f"There are {', '.join(every)}", False)
    if isinstance(error, ArityError):
        least = "at least " if isinstance(error, VariadictArityError) else ""
        takes = f"{error.function_name}() takes {least}{counted(error.expected_arity, 'argument')}"
        return Wrong(f"{takes}, but has {error.actual_arity or 'none'}", is_valid=False)
    if isinstance(error, JMESPathTypeError):
        return Wrong(_why_wrong_type(error, node, path_of))
    if isinstance(error, TypeError):
        name = next((each["value"] for each in _functions(node) if each["value"].endswith("_by")), "")
        if name:
            return Wrong(f"{name}() compares numbers or texts, but the list gives both")
        return Wrong("an expression behind & stands only within functions such as sort_by()")
    if isinstance(error, JMESPathError):
        return Wrong(_first_line(error))
    if "slice step" in str(error):
        return Wrong("the step of a slice cannot be 0")
    if "JSON" in str(error):
        return Wrong("it gives a number that JSON does not have")
    return Wrong("it cannot be evaluated")


def _why_wrong_type(error: JMESPathTypeError, node: Mapping[str, Any], path_of: Any) -> str:
    """What a function takes, and what it was given where. Its value is not told: that may be of a sample."""
    name, types = error.function_name, error.expected_types
    kind = TYPES_MAP.get(error.actual_type, error.actual_type)  # of an element, it is Python's name
    got = _KINDS.get(kind, "something else")
    wanted = _either([_KINDS[each] for each in types])
    signature: Sequence[Mapping[str, Any]] = Functions.FUNCTION_TABLE[name]["signature"]
    place = next((number for number, each in enumerate(signature) if each["types"] is types), None)
    if place is None:  # what the expression behind & gives
        return f"{name}() compares {_either([_KINDS[each].split()[-1] + 's' for each in types])}, but is given {got}"
    calls = [each["children"] for each in _functions(node) if each["value"] == name]
    arguments = {path_of(children[place]) for children in calls if place < len(children)}
    path = next(iter(arguments)) if len(arguments) == 1 else ""
    takes = f"{name}() takes {wanted}"
    if len(signature) > 1:
        takes += f" as its {_ORDINALS[place]} argument"
    is_element = kind != error.actual_type
    if is_element and f"array-{kind}" in types:
        got = "texts and numbers" if len(types) > 1 else got
    if path:
        return f"{takes}, but {path!r} {'contains' if is_element else 'is'} {got}"
    return f"{takes}, but is given {'a list with ' if is_element else ''}{got}"


def _functions(node: Any) -> Iterator[Mapping[str, Any]]:
    """The calls of functions in an expression."""
    if not isinstance(node, Mapping):
        return
    if node["type"] == "function_expression":
        yield node
    for child in node["children"]:
        yield from _functions(child)


def _either(words: Sequence[str]) -> str:
    *others, last = words
    return f"{', '.join(others)} or {last}" if others else last


def _quoted(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "it cannot be evaluated").rstrip(": .")
