"""An emulated chip in this process, with recorded commands, snapshots, and faults on the line."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optiga.arguments import takes
from optiga.chip import Chip
from optiga.contexts import context
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
from optiga.protocol.request import Protection
from optiga.testing.lines import SimulatedLine
from optiga.transport.uart import BridgeTransport
from optiga.values import NotCopied


@dataclass(frozen=True, slots=True, repr=False)
class Snapshot(NotCopied):
    """The stored state of an emulated chip: objects, metadata, keys, a saved context."""

    state: State

    def __repr__(self) -> str:
        return f"<Snapshot of a {self.model}>"

    @property
    def model(self) -> str:
        """The name of the chip's model."""
        return self.state.model.name

    @property
    def document(self) -> Mapping[str, Any]:
        """The state as a JSON document, also for ``emulator load``. The document contains the chip's secrets."""
        return states.document_of(self.state)


class WatchedChip(SharedChip):
    """An emulated chip that records its commands."""

    def __init__(self, store: Store, *, model: ChipModel) -> None:
        self._commands: list[bytes] = []
        super().__init__(store, model=model)

    @property
    def commands(self) -> tuple[bytes, ...]:
        """Every command APDU since the start or since :meth:`forget`, in order."""
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


class Bench(NotCopied):
    """An emulated chip with controls for tests. Made by :func:`optiga.testing.bench`.

    :ivar faults: faults for the next commands and answers.
    :ivar errors: unexpected reasons why the chip did not answer, for example a full disk.
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
        """Every command APDU that has reached the chip since the start or since :meth:`forget_commands`."""
        return self._chip.commands

    def forget_commands(self) -> None:
        """Clear :attr:`commands`."""
        self._chip.forget()

    def open(self) -> Chip:
        """Open the chip in this process, as :func:`optiga.open_chip` does at a port. A context manager.

        The chip is behind a UART with the bridge firmware, without delays; :attr:`faults` happen on this UART. Opening
        the chip closes the chip for everyone else, because a chip has only one application.
        """
        board = FaultyBoard(self._execute, self.faults, wait=lambda _: None, report=self.errors.append)
        return Chip(BridgeTransport(SimulatedLine(board), port=_PORT), port=_PORT)

    def power_cycle(self) -> None:
        """Switch the chip's power off and on: its application is closed, and volatile data are lost.

        An open :class:`~optiga.Chip` fails from here on: use :meth:`open` to open the chip again.
        """
        self._controls.power_cycle()

    def snapshot(self) -> Snapshot:
        """Save the state of the chip, for :meth:`restore`."""
        return Snapshot(self._chip.snapshot())

    @takes
    def restore(self, snapshot: Snapshot) -> None:
        """Restore the state of a snapshot, of this chip or another chip of the same model, as after a power cycle.

        An open :class:`~optiga.Chip` fails from here on: use :meth:`open` to open the chip again.

        :raises ConfigurationError: if the snapshot is of another model.
        """
        self._controls.restore(snapshot.state)


_PORT = "bench"


@takes
@context("bench() as bench")
def bench(
    model: str | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
    real_timing: bool = False,
) -> Iterator[Bench]:
    """Make an emulated chip with controls. A context manager.

    :param model: ``trust-m-v3``, ``trust-m-v1``, ``trust-x``, ``trust-m-express`` or ``trust-m-mtr``; by default the
        model of the file or state, otherwise Trust M V3.
    :param file: file of the chip; created if it does not exist. By default a new chip in memory.
    :param state: initial state: a snapshot, or a document from ``emulator dump``.
    :param real_timing: whether commands take as long as on a real chip.
    :raises ConfigurationError: if the model is unknown, or the state or file is of another model.
    :raises BoardError: if the file cannot be opened or created.
    """
    chip = open_watched(model, file=file, state=state)
    try:
        yield Bench(chip, real_timing=real_timing)
    finally:
        chip.close()


@takes
@context("emulated_chip() as chip")
def emulated_chip(
    model: str | None = None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
) -> Iterator[Chip]:
    """Make an emulated chip and open it in this process. A context manager; otherwise as :func:`bench`."""
    with bench(model, file=file, state=state) as made, made.open() as chip:
        yield chip


def open_watched(
    model: str | None,
    *,
    file: str | os.PathLike[str] | None = None,
    state: Mapping[str, Any] | Snapshot | None = None,
) -> WatchedChip:
    """A chip that is watched; otherwise as :func:`bench`."""
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
