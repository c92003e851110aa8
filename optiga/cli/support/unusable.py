"""What people are told of objects that the chip neither reads nor uses, beside the list that they stand in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from optiga.cli.support.settings import Settings


class _Row(Protocol):
    """What is listed."""

    @property
    def unusable(self) -> str | None: ...


def warn_of_unusable(settings: Settings, rows: Iterable[_Row]) -> None:
    """Warn of each row whose ``unusable`` says why the chip neither reads nor uses the object."""
    for row in rows:
        if row.unusable:
            settings.warn(row.unusable)
