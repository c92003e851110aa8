"""The URI with which SQLite opens a file without creating one by accident."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePath


def address_of(path: PurePath) -> str:
    """The URI of an absolute path as SQLite takes it: a server of Windows belongs to the path there."""
    uri = path.as_uri()
    return uri if uri.startswith("file:///") else uri.replace("file://", "file:////", 1)
