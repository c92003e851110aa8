"""An emulated chip to which several threads talk: the one that serves its board, and the ones that control it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from optiga.emulator.chip import EmulatedChip
from optiga.emulator.machine import CommandError, Machine
from optiga.emulator.models import DEFAULT_MODEL, ChipModel
from optiga.emulator.objects import Store
from optiga.emulator.security_monitor import MAX_COUNT
from optiga.emulator.state import State
from optiga.errors import BoardError, ConfigurationError, Reason
from optiga.protocol.codes import ErrorCode
from optiga.protocol.request import Protection


@dataclass(frozen=True, slots=True, repr=False)
class Executed:
    """A command that the chip has executed.

    :param command: its APDU, which may carry a secret, and so is never shown.
    :param answer: the same; None where the store could not be written, and the command has not happened.
    :param error: why the chip has refused it; None where it has not.
    :param seconds: how long the emulated chip worked on it.
    """

    command: bytes
    answer: bytes | None
    error: ErrorCode | None
    seconds: float


class SharedChip(EmulatedChip):
    """An emulated chip that several threads use, one at a time.

    :ivar on_command: is told of each command that is executed, in the thread that executes it.
    """

    def __init__(self, store: Store | None = None, *, model: ChipModel = DEFAULT_MODEL) -> None:
        self._lock = threading.RLock()
        self._error: ErrorCode | None = None
        self.on_command: Callable[[Executed], None] = lambda _: None
        super().__init__(store, model=model)

    @property
    def model(self) -> ChipModel:
        """What kind of chip it is."""
        return self._machine.model

    def execute(self, command: bytes, protection: Protection | None = None) -> bytes:
        with self._lock:
            self._error = None
            answer: bytes | None = None
            started = time.perf_counter()
            try:
                answer = super().execute(command, protection)
            finally:
                self.on_command(Executed(command, answer, self._error, time.perf_counter() - started))
            return answer

    def use_binding_secret(self) -> bytes:
        with self._lock:
            return super().use_binding_secret()

    def take_security_delay_s(self) -> float:
        with self._lock:
            return super().take_security_delay_s()

    def reset(self) -> None:
        with self._lock:
            super().reset()

    def snapshot(self) -> State:
        """What it holds while it has no power: objects, metadata, keys, a saved context."""
        with self._lock:
            return State(self.model, self._table.content, self._table.saved_context)

    def restore(self, state: State) -> None:
        """Hold what a chip held, and begin anew, as after a power cycle.

        :raises ConfigurationError: if that was a chip of another model.
        :raises BoardError: if the store cannot be written; nothing has changed then.
        """
        with self._lock:
            if state.model is not self.model:
                raise ConfigurationError(
                    f"a {self.model.name} cannot load the state of a {state.model.name}", reason=Reason.MISMATCH
                )
            self._rest()
            self._table.replace(state.objects, state.context)
            self._machine = Machine(state.model, self._table, clock=self._clock)

    def set_security_counter(self, value: int) -> None:
        """Have the security event counter, object 0xE0C5, jump to a value. SRM, "Security Monitor".

        :param value: 0 to 255; from 128 on the chip delays the use of keys.
        :raises ConfigurationError: if it cannot have that value, or the chip's security monitor is off.
        :raises BoardError: if the store cannot be written; the value is that of before then.
        """
        if not 0 <= value <= MAX_COUNT:
            raise ConfigurationError(f"the security event counter must be 0 to {MAX_COUNT}, not {value}")
        with self._lock:
            monitor = self._machine.monitor
            before = monitor.value
            if not monitor.jump(value):
                raise ConfigurationError(
                    "the security monitor of this chip is off: its counter stays at 0",
                    hint="To turn it on, write object 0xE0C9: the first byte is a time in tenths of a second",
                    reason=Reason.CONFLICT,
                )
            try:
                self._table.commit()
            except BoardError:
                monitor.jump(before)
                self._table.discard()
                raise

    def close(self) -> None:
        with self._lock:
            super().close()

    def _refuse(self, command: bytes, error: CommandError) -> bytes:
        self._error = error.code
        return super()._refuse(command, error)
