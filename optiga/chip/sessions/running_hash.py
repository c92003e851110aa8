"""A SHA-256 that the chip calculates piece by piece, in the one place it has for it. SRM, "CalcHash"."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING

from optiga.chip.commands.calc_hash import CalcHash, ObjectPart, in_fragments
from optiga.errors import OptigaError
from optiga.files.activity import each
from optiga.protocol.commands.calc_hash import HashStep

if TYPE_CHECKING:
    from optiga.chip.session import Session


class RunningHash:
    """A hash that is begun, used as a context manager; any other hash that begins meanwhile ends it."""

    def __init__(self, chip: Session) -> None:
        self._chip = chip
        self._is_begun = False

    def __enter__(self) -> RunningHash:
        self._is_begun = True
        self._chip.perform(CalcHash(b"", HashStep.START))
        return self

    def update(self, part: bytes | ObjectPart) -> None:
        """More of the message. One exchange for about each 1550 bytes."""
        self._check_begun()
        for fragment in each("Hashing", in_fragments([part])):
            self._chip.perform(CalcHash(fragment, HashStep.CONTINUE))

    def digest(self) -> bytes:
        """The digest of all so far, 32 bytes; the hash goes on. One exchange."""
        self._check_begun()
        return self._chip.perform(CalcHash(b"", HashStep.FINAL_AND_KEEP))

    def _check_begun(self) -> None:
        if not self._is_begun:
            raise RuntimeError("this hash has not begun: write 'with chip.crypto.run_hash() as running:'")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Have the chip drop it. One exchange, whose failure says nothing beside an error that ends the block."""
        with suppress(*() if error is None else (OptigaError,)):
            self._chip.perform(CalcHash(b"", HashStep.TERMINATE))
