"""What people are told of objects that the chip neither reads nor uses, beside the list that they stand in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optiga.cli.support.settings import Settings


def warn_of_unusable(settings: Settings, rows: Iterable[Mapping[str, Any]]) -> None:
    """Warn of each row whose ``unusable`` says why the chip neither reads nor uses the object."""
    for row in rows:
        if "unusable" in row:
            settings.warn(row["unusable"])
