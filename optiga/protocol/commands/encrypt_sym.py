"""EncryptSym, and what DecryptSym has in common with it. SRM, "EncryptSym"; Param is a mode."""

from __future__ import annotations

from enum import IntEnum, unique

TAG_ADDITIONAL_DATA = 0x40
TAG_IV = 0x41
TAG_WHOLE_LENGTH = 0x42
"""It and the additional data go with CCM (footnotes 29 and 31), which is not among the modes."""
MAX_DATA = 640
"""Most bytes of InData, the key's identifier and all tags included."""

TYPICAL_MS = 90


@unique
class SymStep(IntEnum):
    """Tag of a part of a message, and so the command's place in a chain; no other command may come in between."""

    START = 0x00
    START_AND_FINAL = 0x01
    CONTINUE = 0x02
    FINAL = 0x03

    @property
    def is_first(self) -> bool:
        return self in (SymStep.START, SymStep.START_AND_FINAL)

    @property
    def is_last(self) -> bool:
        return self in (SymStep.START_AND_FINAL, SymStep.FINAL)
