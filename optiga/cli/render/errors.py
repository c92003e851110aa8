"""Errors as JSON, one object on one line, for programs that asked for results as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiga.errors import Call, OptigaError, Reason, told

CONFIGURATION, UNEXPECTED, INTERRUPTED = "configuration", "unexpected", "interrupted"


def error_line(error: OptigaError, family: str, exit_code: int, call: Call, parameter: str | None = None) -> str:
    """An error of the library.

    :param family: for example ``board``.
    :param call: what message and hint call a parameter.
    :param parameter: the option at fault; None for the library's parameter.
    """
    code = getattr(error, "code", None)
    return json_line(
        family,
        exit_code,
        error.reason,
        told(error.message, call),
        hint=told(error.hint, call),
        port=error.port,
        uid=error.uid,
        path=error.path,
        oid="" if error.oid is None else f"0x{error.oid:04X}",
        code=f"0x{code:02X}" if code and isinstance(code, int) else code,
        parameter=error.parameter if parameter is None else parameter,
        problems=[told(problem, call) for problem in error.problems],
    )


def json_line(family: str, exit_code: int, reason: Reason, message: str, **others: Any) -> str:
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
