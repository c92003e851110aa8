"""``--query``: JMESPath expressions on results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiga.errors import ConfigurationError


def compile_query(expression: str) -> Any:
    """A JMESPath expression, parsed."""
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        return jmespath.compile(expression)
    except JMESPathError as error:
        reason = str(error).splitlines()[0].rstrip(": ")
        raise ConfigurationError(
            f"--query {expression!r} cannot be understood: {reason}",
            hint="Name a field or write JMESPath",
        ) from None


def search(expression: str, result: Mapping[str, Any]) -> Any:
    """What a query finds in a result; None only where the result itself says null.

    :raises ConfigurationError: if it finds nothing, or cannot be applied.
    """
    from jmespath.exceptions import JMESPathError

    try:
        value = compile_query(expression).search(dict(result))
    except JMESPathError as error:
        raise ConfigurationError(
            f"--query {expression!r} does not fit the result: {str(error).splitlines()[0]}",
            hint=f"It has {', '.join(result)}",
        ) from None
    if value is None and not _says_null(expression, result):
        raise ConfigurationError(
            f"--query {expression!r} finds nothing in the result", hint=f"It has {', '.join(result)}"
        )
    return value


def _says_null(expression: str, result: Mapping[str, Any]) -> bool:
    """Whether a path of names, such as ``slots.second.key``, leads to a null that is there."""
    place: Any = result
    for name in expression.split("."):
        if not isinstance(place, Mapping) or name not in place:
            return False
        place = place[name]
    return place is None
