"""Errors as JSON, one object on one line, for programs that asked for results as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from optiga.errors import OptigaError, Reason, told

Family = str
CONFIGURATION, UNEXPECTED, INTERRUPTED = "configuration", "unexpected", "interrupted"


def error_line(error: OptigaError, family: Family, exit_code: int, name: Callable[[str], str]) -> str:
    """An error of the library.

    :param family: for example ``board``.
    :param name: what to call a parameter in message and hint, for example ``--out`` for ``out``.
    """
    code = getattr(error, "code", None)
    return json_line(
        family,
        exit_code,
        error.reason,
        told(error.message, name),
        hint=told(error.hint, name),
        port=error.port,
        uid=error.uid,
        oid="" if error.oid is None else f"0x{error.oid:04X}",
        code=f"0x{code:02X}" if code and isinstance(code, int) else code,
        parameter=error.parameter,
        problems=[told(problem, name) for problem in error.problems],
    )


def json_line(family: Family, exit_code: int, reason: Reason, message: str, **others: Any) -> str:
    """Any error. Its texts are as they were said, with JSON's own escapes for all that is not ASCII.

    :param others: further fields; those that are empty are left out.
    """
    import json

    fields: Mapping[str, Any] = {
        "family": family,
        "exit_code": exit_code,
        "reason": reason.value,
        "message": message,
        **{name: value for name, value in others.items() if value},
    }
    return json.dumps({"error": fields})
