"""What a run of the command line in this process leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

NOT_AWS = "Warning: Not AWS: "
"""How the line begins that says that the endpoint is the stand-in."""
Cli = Callable[..., "Result"]
Ask = Callable[..., list[list[str]]]
"""What completion answers: kind, text and meaning of each line."""


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The error lines."""
        return [line for line in self.err.splitlines() if line.startswith("Error: ")]

    @property
    def warnings(self) -> list[str]:
        """The warnings, but for that of the stand-in."""
        return [line for line in self.err.splitlines() if line.startswith("Warning: ") and not line.startswith(NOT_AWS)]
