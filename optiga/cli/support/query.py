"""``--query``: JMESPath expressions on results."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from optiga.cli.support.samples import sample_of
from optiga.errors import ConfigurationError
from optiga.results import to_json

_LONGEST = 10_000
"""Most characters of an expression; the parser takes far longer for one of several times as many."""


def compile_query(expression: str) -> Any:
    """A JMESPath expression, parsed.

    :raises ConfigurationError: if it is none.
    """
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        if len(expression) > _LONGEST:
            raise ValueError(f"it has {len(expression)} characters, at most {_LONGEST} can be had")  # noqa: TRY301
        return jmespath.compile(expression)
    except (JMESPathError, ValueError, RecursionError) as error:
        raise ConfigurationError(
            f"--query {expression!r} cannot be understood: {_reason(error)}",
            hint="Name a field or write JMESPath",
        ) from None


def check(expression: str, result: object) -> None:
    """Refuse a query that finds nothing in a result that is still to be.

    :param result: its type, or the result itself where it is known.
    :raises ConfigurationError: if it finds nothing there.
    """
    search(expression, sample_of(result) if isinstance(result, type) else to_json(result))


def search(expression: str, result: Mapping[str, Any]) -> Any:
    """What a query finds in a result; None only where the result itself says null.

    :raises ConfigurationError: if it finds nothing, or cannot be applied.
    """
    compiled = compile_query(expression)
    try:
        value = compiled.search(dict(result))
        json.dumps(value, allow_nan=False)
    # Of JMESPath's family, or what its functions raise at values of a type that they do not expect.
    except Exception as error:
        raise ConfigurationError(
            f"--query {expression!r} does not fit the result: {_reason(error)}",
            hint=f"It has {', '.join(result)}",
        ) from None
    if value is None and not _says_null(expression, result):
        raise ConfigurationError(
            f"--query {expression!r} finds nothing in the result", hint=f"It has {', '.join(result)}"
        )
    return value


def _reason(error: Exception) -> str:
    """What is wrong, without the library's names for programmers."""
    from jmespath.exceptions import JMESPathError

    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, TypeError):
        return "a part of it is of another type than is needed there"
    text = str(error).strip()
    if not isinstance(error, (JMESPathError, ValueError)) or not text:
        return "it cannot be worked out"
    return text.splitlines()[0].rstrip(": ")


def _says_null(expression: str, result: Mapping[str, Any]) -> bool:
    """Whether a path of names, such as ``slots.second.key``, leads to a null that is there."""
    place: Any = result
    for name in expression.split("."):
        if not isinstance(place, Mapping) or name not in place:
            return False
        place = place[name]
    return place is None
