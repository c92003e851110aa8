"""An emulated chip on the bench: opened in this process, watched, put back to how it was, and its line disturbed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optiga.chip import Chip
from optiga.emulator import state as states
from optiga.emulator.board.faulty import FaultyBoard
from optiga.emulator.controls import Controls
from optiga.emulator.faults import Faults
from optiga.emulator.models import ChipModel, find_model
from optiga.emulator.objects import Store
from optiga.emulator.shared_chip import SharedChip
from optiga.emulator.state import State
from optiga.emulator.store import MemoryStore, SqliteStore
from optiga.emulator.timing import RealTiming
from optiga.errors import BoardError, ConfigurationError
from optiga.protocol.protection import Protection
from optiga.testing.lines import SimulatedLine
from optiga.transport.uart import BridgeTransport


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot:
    """What an emulated chip holds while it has no power: objects, metadata, keys, a saved context."""

    state: State

    def __repr__(self) -> str:
        return f"<Snapshot of a {self.model}>"

    @property
    def model(self) -> str:
        """The name of the chip's model."""
        return self.state.model.name

    @property
    def document(self) -> Mapping[str, Any]:
        """The same as a document of JSON, which ``emulator load`` takes, too. Its secrets stand in it."""
        return states.document_of(self.state)


class WatchedChip(SharedChip):
    """An emulated chip that remembers its commands."""

    def __init__(self, store: Store, *, model: ChipModel) -> None:
        self._commands: list[bytes] = []
        super().__init__(store, model=model)

    @property
    def commands(self) -> tuple[bytes, ...]:
        """Every command APDU since it was made or since :meth:`forget`, in their order."""
        with self._lock:
            return tuple(self._commands)

    def forget(self) -> None:
        """Forget the commands."""
        with self._lock:
            self._commands.clear()

    def execute(self, command: bytes, protection: Protection | None = None) -> bytes:
        with self._lock:
            self._commands.append(command)
            return super().execute(command, protection)


class Bench:
    """An emulated chip, and all that a test wants of it. Made by :func:`optiga.testing.bench`.

    :ivar faults: what goes wrong on the way to the chip next.
    :ivar errors: why the chip did not answer where nobody asked for that, for example on a full disk.
    """

    def __init__(self, chip: WatchedChip, *, real_timing: bool = False) -> None:
        self._chip = chip
        self._is_slow = real_timing
        self._controls = Controls(chip)
        self.faults: Faults = self._controls.faults
        self.errors: list[BoardError] = []
        timed = RealTiming(chip.execute, delay=chip.take_security_delay_s)
        self._execute = timed if real_timing else chip.execute

    def __repr__(self) -> str:
        return f"<{type(self).__name__} with an emulated {self.model}, {len(self.commands)} commands>"

    @property
    def model(self) -> str:
        """The name of the chip's model, for example ``trust-m-v3``."""
        return self._chip.model.name

    @property
    def commands(self) -> tuple[bytes, ...]:
        """Every command APDU that has reached the chip since the beginning or since :meth:`forget_commands`."""
        return self._chip.commands

    def forget_commands(self) -> None:
        """Have :attr:`commands` begin anew."""
        self._chip.forget()

    def open(self) -> Chip:
        """Open the chip in this process, as :func:`optiga.open_chip` does at a port; a context manager.

        The way there is a UART with the bridge firmware behind it, on which :attr:`faults` happen; its time is not
        waited for. What somebody else has open on the chip ends with it, for a chip has one application.
        """
        board = FaultyBoard(self._execute, self.faults, wait=lambda _: None, report=self.errors.append)
        return Chip(BridgeTransport(SimulatedLine(board), port=_PORT), port=_PORT)

    def power_cycle(self) -> None:
        """Take the chip's power and give it back: its application is closed, what is volatile is gone."""
        self._controls.power_cycle()

    def snapshot(self) -> Snapshot:
        """What the chip holds now, for :meth:`restore`."""
        return Snapshot(self._chip.snapshot())

    def restore(self, snapshot: Snapshot) -> None:
        """Have the chip hold what it held at a snapshot, of it or of another of its model, as after a power cycle.

        :raises ConfigurationError: if that was a chip of another model.
        """
        self._controls.restore(snapshot.state)


_PORT = "bench"


@contextmanager
def bench(
    model: str | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
    real_timing: bool = False,
) -> Iterator[Bench]:
    """An emulated chip for as long as a context lasts.

    :param model: ``trust-m-v3``, ``trust-m-v1``, ``trust-x``, ``trust-m-express`` or ``trust-m-mtr``; Trust M V3, or
        that of the file or state, by default.
    :param file: where the chip lies; made if it is not there. In memory by default, a new chip each time.
    :param state: what the chip holds: a snapshot, or a document as ``emulator dump`` makes it.
    :param real_timing: whether commands take as long as on a real chip.
    :raises ConfigurationError: if there is no such model, or the state or file is that of another.
    :raises BoardError: if the file cannot be had.
    """
    chip = open_watched(model, file=file, state=state)
    try:
        yield Bench(chip, real_timing=real_timing)
    finally:
        chip.close()


@contextmanager
def emulated_chip(
    model: str | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
) -> Iterator[Chip]:
    """An emulated chip, open in this process for as long as a context lasts; otherwise as :func:`bench`."""
    with bench(model, file=file, state=state) as made, made.open() as chip:
        yield chip


def open_watched(
    model: str | None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
) -> WatchedChip:
    """A chip that is watched; otherwise as :func:`bench`."""
    if not isinstance(model, (str, type(None))):
        raise TypeError(f"a model must be a text, not a value of type {type(model).__name__}")
    wanted = None if model is None else find_model(model)
    if state is None:
        store = MemoryStore() if file is None else SqliteStore(Path(file), model=wanted)
        return WatchedChip(store, model=wanted or find_model(None))
    if file is not None:
        raise ConfigurationError("file and state are both given", hint="Give only one of them")
    loaded = state.state if isinstance(state, Snapshot) else states.load(state)
    if wanted not in (None, loaded.model):
        raise ConfigurationError(f"the state belongs to a {loaded.model.name}, not to a {model}")
    return WatchedChip(MemoryStore(loaded.objects, loaded.context), model=loaded.model)
