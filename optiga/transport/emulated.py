"""An emulated chip in this process: no line, no board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from optiga.emulator.chip import EmulatedChip
from optiga.emulator.models import find_model
from optiga.emulator.store import SqliteStore
from optiga.errors import BoardError
from optiga.transport.trace import is_traced, trace


class EmulatedTransport:
    """A transport to a chip in this process.

    :param execute: what answers; the chip itself, or the chip in real time.
    """

    def __init__(self, chip: EmulatedChip, execute: Callable[[bytes], bytes] | None = None) -> None:
        self._chip = chip
        self._execute = execute or chip.execute
        self._is_open = True

    def exchange(self, apdu: bytes) -> bytes:
        """Have the chip execute a command.

        :raises BoardError: if its store fails.
        """
        if not self._is_open:
            raise BoardError("the emulated chip is closed", hint="Open it anew")
        answer = self._execute(apdu)
        if is_traced():
            _trace_exchange(apdu, answer)
        return answer

    def close(self) -> None:
        """Power the chip off."""
        if self._is_open:
            self._is_open = False
            self._chip.close()


def open_emulated(
    path: Path, *, model: str | None = None, real_timing: bool = False, shielded: bool = False
) -> EmulatedTransport:
    """Open the emulated chip in a file; a new one is made where there is none.

    :param shielded: whether what is exchanged goes over a shielded connection.

    :raises BoardError: if that cannot be.
    :raises ConfigurationError: if there is no such model, or the chip is of another.
    """
    store = SqliteStore(path, model=find_model(model) if model is not None else None)
    chip = EmulatedChip(store)
    chip.is_shielded = shielded
    if not real_timing:
        return EmulatedTransport(chip)
    from optiga.emulator.timing import RealTiming

    return EmulatedTransport(chip, RealTiming(chip.execute, delay=chip.take_security_delay_s))


def _trace_exchange(command: bytes, answer: bytes) -> None:
    from optiga.protocol.secrecy import hides_answer, hides_command

    trace("emulator > %s", "(secret)" if hides_command(command) else command.hex())
    trace("emulator < %s", "(secret)" if hides_answer(command) else answer.hex())
