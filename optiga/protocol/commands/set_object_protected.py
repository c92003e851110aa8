"""SetObjectProtected. SRM, section of the same name, and "Protected Update"; Param is the version of the manifest."""

from __future__ import annotations

from enum import IntEnum, unique


@unique
class UpdateStep(IntEnum):
    """Tag of the one TLV in a command, and so its place in a sequence."""

    START = 0x30
    FINAL = 0x31
    CONTINUE = 0x32


FRAGMENT_SIZE = 640
"""Bytes of every fragment but the last, which has at most as many."""
TYPICAL_MS = 300
