"""What a run of the command line in this process leaves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
