"""CalcHash. SRM, section of the same name; Param is the digest."""

from __future__ import annotations

from enum import IntEnum, unique

from optiga.protocol.apdu import MAX_DATA

HASH_SHA256 = 0xE2
"""Parameter of CalcHash: the one digest the chip calculates. SRM, table "Algorithm Identifier"."""
OBJECT_INPUT = 0x10
"""Bit of a step's tag where the message is a part of an object: its identifier, an offset and a length."""
TAG_CONTEXT = 0x06
"""Tag of an intermediate context, in commands and answers."""
ANSWER_DIGEST = 0x01
DIGEST_SIZE = 32
MAX_FRAGMENT = MAX_DATA - 3
"""Most bytes of a message that one command carries, context and export apart."""


@unique
class HashStep(IntEnum):
    """Tag of a part of a message, and so the command's place in a sequence."""

    START = 0x00
    START_AND_FINAL = 0x01
    CONTINUE = 0x02
    FINAL = 0x03
    TERMINATE = 0x04
    FINAL_AND_KEEP = 0x05

    @property
    def gives_digest(self) -> bool:
        return self in (HashStep.START_AND_FINAL, HashStep.FINAL, HashStep.FINAL_AND_KEEP)


def typical_ms(command_size: int) -> float:
    """How long the chip works on it.

    :param command_size: bytes of the command APDU.
    """
    return max(20.0, command_size / 15)
