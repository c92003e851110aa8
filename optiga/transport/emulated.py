"""An emulated chip in this process: no line, no board."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.emulator.chip import EmulatedChip
from optiga.emulator.models import find_model
from optiga.emulator.store import SqliteStore
from optiga.errors import BoardError, Reason
from optiga.protocol.apdu import STATUS_OK
from optiga.protocol.request import Request
from optiga.transport.trace import is_traced, trace

if TYPE_CHECKING:
    from optiga.emulator.objects import Store
    from optiga.transport.i2c import I2cTransport


class EmulatedTransport:
    """A transport to a chip in this process.

    :param execute: what answers; the chip itself, or the chip in real time.
    """

    def __init__(self, chip: EmulatedChip, execute: Callable[[bytes], bytes] | None = None) -> None:
        self.chip = chip
        self._execute = execute or chip.execute
        self._is_open = True

    def exchange(self, request: Request) -> bytes:
        """Have the chip execute a command.

        :raises BoardError: if its store fails.
        """
        answer = self._answer(request.apdu)
        if is_traced():
            traits = request.traits
            trace("emulator > %s", "(secret)" if traits.hides_command else request.apdu.hex())
            trace("emulator < %s", "(secret)" if traits.hides_answer else answer.hex())
        return answer

    def serve(self, command: bytes) -> bytes:
        """Answer a command APDU of somebody who is not in this process, and says nothing of it: the log has no bytes.

        :raises BoardError: if the chip's store fails.
        """
        answer = self._answer(command)
        if is_traced():
            trace("emulator > command %s, %d bytes", command[:2].hex(), len(command))
            trace("emulator < %s, %d bytes", "done" if answer[:1] == bytes([STATUS_OK]) else "refused", len(answer))
        return answer

    def _answer(self, command: bytes) -> bytes:
        if not self._is_open:
            raise BoardError("the emulated chip is closed", hint="Open it again", reason=Reason.DISCONNECTED)
        return self._execute(command)

    @property
    def is_shielded(self) -> bool:
        """Whether commands are said to go over a shielded connection."""
        return self.chip.is_shielded

    def close(self) -> None:
        """Power the chip off."""
        if self._is_open:
            self._is_open = False
            self.chip.close()


def open_emulated(
    path: Path,
    *,
    model: str | None = None,
    real_timing: bool = False,
    shielded: bool = False,
    make: Callable[[Store], EmulatedChip] = EmulatedChip,
    told: Callable[[BoardError], BoardError] | None = None,
) -> EmulatedTransport:
    """Open the emulated chip in a file; a new one is made where there is none.

    :param shielded: whether what is exchanged goes over a shielded connection.
    :param make: makes the chip of its store.
    :param told: makes of an error of the chip's file the one that is raised.
    :raises BoardError: if that cannot be.
    :raises ConfigurationError: if there is no such model, or the chip is of another.
    """
    store = _store(path, model, told)
    chip = make(store)
    chip.is_shielded = shielded
    if not real_timing:
        return EmulatedTransport(chip)
    from optiga.emulator.timing import RealTiming

    return EmulatedTransport(chip, RealTiming(chip.execute, delay=chip.take_security_delay_s))


def open_in_memory(model: str | None) -> EmulatedTransport:
    """A new emulated chip that ends with the process.

    :raises ConfigurationError: if there is no such model.
    """
    return EmulatedTransport(EmulatedChip(model=find_model(model)))


def open_shielded(
    path: Path,
    secret: bytes,
    *,
    port: str,
    model: str | None = None,
    real_timing: bool = False,
    told: Callable[[BoardError], BoardError] | None = None,
) -> I2cTransport:
    """Open the emulated chip in a file over a shielded connection; otherwise as :func:`open_emulated`.

    :param secret: the platform binding secret that the host has, 32 to 64 bytes.
    :param port: how the user names the chip, for messages.
    """
    from optiga.transport.emulated_bus import shielded_transport

    chip = EmulatedChip(_store(path, model, told))
    return shielded_transport(chip, secret, port=port, real_timing=real_timing)


def _store(path: Path, model: str | None, told: Callable[[BoardError], BoardError] | None) -> SqliteStore:
    store = SqliteStore(path, model=find_model(model) if model is not None else None)
    store.told = told or store.told
    return store
