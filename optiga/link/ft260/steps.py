"""The steps of a conversation with an FT260, which a driver executes.

A conversation is a generator of steps, resumed behind each of them with a :class:`~optiga.link.steps.Heard`. A step
that cannot be done is thrown into it as a BoardError.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import NamedTuple, TypeVar

from optiga.link.steps import Heard, Note

T = TypeVar("T")


class GetFeature(NamedTuple):
    """Get a feature report; it is heard with its identifier, however long the platform makes it."""

    report_id: int


class SetFeature(NamedTuple):
    """Set a feature report."""

    report: bytes


class Output(NamedTuple):
    """Send an output report."""

    report: bytes


class AwaitInput(NamedTuple):
    """Wait for one input report, for so long at the most; nothing is heard where none comes. 0: one that is there."""

    seconds: float


class Pause(NamedTuple):
    """Do nothing for a time."""

    seconds: float


HidStep = GetFeature | SetFeature | Output | AwaitInput | Pause | Note
HidConversation = Generator[HidStep, Heard, T]
