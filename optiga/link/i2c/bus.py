"""The registers of a chip on an I2C bus, where the chip may not acknowledge: asleep, starting, busy, or missing.

A chip that is none of the last is back within :data:`PATIENCE_S`. It is given up at a try that began behind that
time: of one that began before nobody knows how long the machine took to tell.

A read is two transactions, with a STOP between them: the register's number is written, then its bytes are read. What
was not acknowledged is tried again, a whole read from its beginning. A bus on which nobody drives the lines reads as
ones, so a register full of ``ff`` is no answer.
"""

from __future__ import annotations

from contextlib import suppress

from optiga.errors import BoardError, Reason
from optiga.link.i2c.registers import (
    GUARD_TIME_S,
    MAX_FRAME,
    MIN_FRAME,
    STARTUP_S,
    STATE_SIZE,
    Register,
    State,
)
from optiga.link.i2c.steps import Conversation, Note, Pause, Read, Step, Write

PATIENCE_S = 0.3
"""How long a chip is tried that does not acknowledge, in seconds. The datasheet has 100 ms as the most."""
_RETRY_S = 0.001
_LOOKS = 4
"""How often DATA_REG_LEN is looked at again until it is twice the same."""


class Bus:
    """Transactions with the chip, as long as there is time.

    :param port: how the user names the bus, for messages.
    :ivar now: the time, as of the last step.
    :ivar limit: when the conversation must end.
    :ivar most_frame: most bytes of a frame, both ways: DATA_REG_LEN as it was read back.
    """

    def __init__(self, port: str) -> None:
        self.port = port
        self.now: float = 0.0
        self.limit: float = 0.0
        self.most_frame: int = MAX_FRAME
        self.damaged = 0
        """Frames that came damaged, or were refused as such, since the last command began."""
        self.has_acknowledged: bool = False
        self.is_acknowledging: bool = False
        """Whether the chip has acknowledged the last transaction."""
        self._must_guard = False

    def note(self, text: str) -> Conversation[None]:
        """Tell what happened."""
        yield Note(text)

    def pause(self, seconds: float) -> Conversation[None]:
        """Leave the bus alone."""
        if seconds > 0:
            yield from self._do(Pause(seconds))

    def write(
        self, register: Register, data: bytes, *, hides: bool = False, patience_s: float = PATIENCE_S
    ) -> Conversation[bool]:
        """Write a register; whether the chip has acknowledged in time.

        :param hides: whether the bytes carry a secret.
        """
        step = Write(bytes([register]) + data, hides)
        deadline = self.now + patience_s
        while True:
            begun = self.now
            if (yield from self._do(step)) is not None:
                return True
            if begun >= deadline:
                return False
            yield from self.pause(_RETRY_S)

    def read(
        self, register: Register, size: int, *, hides: bool = False, patience_s: float = PATIENCE_S
    ) -> Conversation[bytes | None]:
        """Read a register; None if the chip has not acknowledged in time, or nothing but ones came.

        DATA is not read again for the latter: what was there is gone.

        :param hides: whether the bytes may carry a secret.
        """
        deadline = self.now + patience_s
        while True:
            begun = self.now
            if (yield from self._do(Write(bytes([register])))) is not None:
                data = yield from self._do(Read(size, hides))
                if data is not None and data.strip(b"\xff"):
                    return data
                if data is not None and register is Register.DATA:
                    return None
            if begun >= deadline:
                return None
            yield from self.pause(_RETRY_S)

    def read_state(self, *, patience_s: float = 0.0) -> Conversation[State | None]:
        """Read I2C_STATE; None if the chip has not acknowledged in time, or what came is no state."""
        deadline = self.now + patience_s
        while True:
            begun = self.now
            data = yield from self.read(Register.I2C_STATE, STATE_SIZE, patience_s=0)
            if data is not None:
                with suppress(ValueError):
                    return State.decode(data)
            if begun >= deadline:
                return None
            yield from self.pause(_RETRY_S)

    def reset(self) -> Conversation[bool]:
        """Have the chip begin anew by SOFT_RESET; whether it has acknowledged that. It takes :data:`STARTUP_S`."""
        is_done = yield from self.write(Register.SOFT_RESET, bytes(2))
        self.most_frame = MAX_FRAME
        yield from self.pause(STARTUP_S)
        return is_done

    def negotiate(self, wanted: int) -> Conversation[None]:
        """Agree with the chip on the length of frames: what it reads back holds, whatever was written.

        :param wanted: most bytes of a frame that this side takes.
        :raises BoardError: if there is no agreement.
        """
        yield from self.write(Register.DATA_REG_LEN, wanted.to_bytes(2, "big"))
        told = yield from self._read_length()
        for _ in range(_LOOKS):
            if told == wanted or told == (again := (yield from self._read_length())):
                break
            told = again  # nothing protects the register's bytes on their way: two looks must agree
        else:
            raise self.no_chip()
        if told is None and not self.is_acknowledging:
            raise self.gone()
        if told is None or not MIN_FRAME <= told <= wanted:
            raise self.no_chip()
        self.most_frame = told

    def _read_length(self) -> Conversation[int | None]:
        data = yield from self.read(Register.DATA_REG_LEN, 2)
        return None if data is None else int.from_bytes(data, "big")

    def no_chip(self) -> BoardError:
        """The error that says that no chip of this kind is there, as far as anything was heard."""
        if self.has_acknowledged:
            return BoardError(
                "a device acknowledges the chip's address, but it does not answer as an OPTIGA chip does",
                hint="Check whether another device has this address, the bus is faster than 400 kHz, or a "
                "wire is loose",
                port=self.port,
                reason=Reason.BAD_ANSWER,
            )
        return BoardError(
            "no chip acknowledges its address on the bus",
            hint="Check that it is the right bus, and that the chip has power, is wired and is not held in reset",
            port=self.port,
            reason=Reason.NO_ANSWER,
        )

    def gone(self) -> BoardError:
        """The error that says that a chip that was there acknowledges no more."""
        return BoardError(
            "the chip no longer acknowledges its address",
            hint="Check its power and wires, then try again",
            port=self.port,
            reason=Reason.NO_ANSWER,
        )

    def unusable(self) -> BoardError:
        """The error that says what was seen in place of an answer."""
        if self.damaged:
            return BoardError(
                "frames arrive damaged on the bus",
                hint="Check the wires and pull-up resistors, or use a slower bus",
                port=self.port,
                reason=Reason.DISTURBED,
            )
        if not self.is_acknowledging:
            return self.gone() if self.has_acknowledged else self.no_chip()
        return BoardError(
            "the chip stopped answering",
            hint="Try again: it first resets the chip",
            port=self.port,
            reason=Reason.NO_ANSWER,
        )

    def _do(self, step: Step) -> Conversation[bytes | None]:
        """Take a step, no sooner after the one before than the chip allows.

        :raises BoardError: if there is no time any more.
        """
        if self.now >= self.limit:
            raise self.unusable()
        is_transaction = not isinstance(step, Pause)
        if is_transaction and self._must_guard:
            self.now = (yield Pause(GUARD_TIME_S)).now
        self._must_guard = is_transaction
        done = yield step
        self.now = done.now
        if is_transaction:
            self.is_acknowledging = done.data is not None
            self.has_acknowledged = self.has_acknowledged or self.is_acknowledging
        return done.data
