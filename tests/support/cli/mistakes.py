"""What people get wrong: what is typed, the one line that is shown, the exit code."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tests.support.cli.runner import Cli

USAGE, BOARD, CHIP, CERTIFICATE, CLOUD = 2, 3, 4, 5, 6
"""Exit codes."""


class Mistake(NamedTuple):
    """A mistake.

    :param typed: the words of a command; what stands in braces is filled in.
    :param line: a pattern for what is found in the line that is shown.
    :param reason: what programs are told; empty where that is not looked at.
    """

    typed: str
    line: str
    code: int = USAGE
    reason: str = ""

    def words(self, **places: object) -> list[str]:
        """The words with the braces filled in."""
        return self.typed.format(**places).split()


def fails(cli: Cli, code: int, *arguments: object) -> str:
    """The one error line of a command that fails with a code, prints nothing and warns of nothing but the stand-in."""
    result = cli(*arguments)
    assert (result.code, result.out) == (code, ""), result
    (error,) = result.errors
    assert "Warning: " not in result.err.replace("Warning: Not AWS", "")
    assert "Traceback" not in result.err
    return error


def assert_mistake(cli: Cli, mistake: Mistake, *before: object, **places: object) -> None:
    """Make a mistake, which must be answered as it should be.

    :param before: words before those that are typed.
    """
    error = fails(cli, mistake.code, *before, *mistake.words(**places))
    assert re.search(mistake.line, error), error


def error_of(cli: Cli, *arguments: object) -> dict[str, Any]:
    """The one error of a command that fails and was asked for JSON, as it stands on the last line of standard error."""
    result = cli(*arguments)
    assert (result.out, result.errors) == ("", []), result
    *before, line = result.err.splitlines()
    assert not any(other.startswith("{") for other in before)
    error: dict[str, Any] = json.loads(line)["error"]
    assert error["exit_code"] == result.code
    assert all(error.values())
    return error


FAMILIES = {USAGE: "configuration", BOARD: "board", CHIP: "chip", CERTIFICATE: "certificate", CLOUD: "cloud"}


def assert_mistake_as_json(cli: Cli, mistake: Mistake, *before: object, **places: object) -> None:
    """Make a mistake and ask for JSON, which must say the same to a program."""
    error = error_of(cli, "-q", "--output", "json", *before, *mistake.words(**places))
    assert (error["exit_code"], error["family"]) == (mistake.code, FAMILIES[mistake.code])
    assert error["reason"] == mistake.reason
    said = ". ".join(error[name] for name in ("message", "hint") if name in error)
    assert re.search(mistake.line.removesuffix(r"\.$"), f"{error.get('port', '')}: {said}"), error
