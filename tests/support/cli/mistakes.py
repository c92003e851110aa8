"""What people get wrong: what is typed, the one line that is shown, the exit code."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tests.support.cli.runner import Cli

USAGE, BOARD, CHIP, CERTIFICATE, CLOUD = 2, 3, 4, 5, 6
"""Exit codes."""


class Mistake(NamedTuple):
    """A mistake.

    :param typed: the words of a command; what stands in braces is filled in.
    :param line: a pattern for what is found in the line that is shown.
    """

    typed: str
    line: str
    code: int = USAGE

    def words(self, **places: object) -> list[str]:
        """The words with the braces filled in."""
        return self.typed.format(**places).split()


def fails(cli: Cli, code: int, *arguments: object) -> str:
    """The one error line of a command that fails with a code, prints nothing and warns of nothing."""
    result = cli(*arguments)
    assert (result.code, result.out) == (code, ""), result
    (error,) = result.errors
    assert "Warning: " not in result.err
    assert "Traceback" not in result.err
    return error


def assert_mistake(cli: Cli, mistake: Mistake, *before: object, **places: object) -> None:
    """Make a mistake, which must be answered as it should be.

    :param before: words before those that are typed.
    """
    error = fails(cli, mistake.code, *before, *mistake.words(**places))
    assert re.search(mistake.line, error), error
