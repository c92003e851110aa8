"""The chip's end of a shielded connection: handshake, records, alerts, and what is kept over hibernation.

What Infineon's documents leave open is as a host can live with: a message that is not authentic, or out of sequence, is
answered by an alert that asks for it again, and the fourth in a row ends the connection.
"""

from __future__ import annotations

from collections.abc import Callable

from optiga.emulator.chip import EmulatedChip
from optiga.link.i2c import presentation
from optiga.link.i2c.presentation import AlertError, Channel, ChipHello, Keys, Kind, Role, SealError
from optiga.protocol.request import Protection

_FATAL, _INTEGRITY = bytes([Kind.FATAL]), bytes([Kind.INTEGRITY])


class ChipShield:
    """Takes messages of the presentation layer, has the chip execute what is in them, and gives the answers.

    :param execute: the chip: a command APDU in, an answer APDU out.
    :param random: gives so many random bytes.
    """

    def __init__(
        self,
        chip: EmulatedChip,
        execute: Callable[[bytes, Protection], bytes],
        random: Callable[[int], bytes],
    ) -> None:
        self._chip = chip
        self._execute = execute
        self._random = random
        self._saved: bytes | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the connection, but not the one that is kept."""
        self._channel: Channel | None = None
        self._handshake: tuple[Keys, ChipHello] | None = None
        self._last: tuple[Protection, bytes] | None = None
        self._refused = self._repeated = 0

    def take(self, message: bytes) -> bytes | None:
        """The answer to a message; None for one that gets none.

        :raises BoardError: if the chip's store fails.
        """
        kind = message[0]
        if kind == Kind.HELLO:
            return self._take_hello(message)
        if kind == Kind.FINISHED:
            return self._take_finished(message)
        if kind == Kind.SAVE and len(message) == 1:
            return self._save()
        if kind == Kind.RESTORE:
            return self._restore(message)
        if message == _FATAL:
            self.reset()
            return None
        if message == _INTEGRITY:
            return self._repeat()
        return self._take_record(message)

    def _take_hello(self, message: bytes) -> bytes:
        self.reset()
        self._saved = None
        if message != presentation.HELLO:
            return _FATAL
        secret = self._chip.use_binding_secret()
        if len(secret) < presentation.MIN_SECRET:
            return _FATAL
        hello = ChipHello(self._random(presentation.RANDOM_SIZE), int.from_bytes(self._random(2), "big"))
        self._handshake = Keys.derive(secret, hello.random), hello
        return hello.encode()

    def _take_finished(self, message: bytes) -> bytes:
        handshake, self._handshake = self._handshake, None
        if handshake is None:
            return _FATAL
        keys, hello = handshake
        try:
            number = presentation.check_finished(Role.CHIP, keys, hello.random, message)
        except SealError:
            return _FATAL
        if number != hello.number:
            return _FATAL
        own = int.from_bytes(self._random(2), "big")
        self._channel = presentation.channel_of_chip(keys, number, own)
        return presentation.finished(Role.CHIP, keys, hello.random, own)

    def _take_record(self, message: bytes) -> bytes:
        try:
            if self._channel is None:
                protection = presentation.protection_of(message[0])
                return _FATAL if protection else self._seal(protection, self._execute(message[1:], protection))
            protection, command = self._channel.open(message)
        except AlertError:  # the two are taken before
            return _FATAL
        except SealError:
            self._refused += 1
            if self._channel is None or self._refused > presentation.WINDOW:
                self.reset()
                return _FATAL
            return _INTEGRITY
        self._refused = self._repeated = 0
        answer = self._execute(command, protection)
        self._last = protection, answer
        return self._seal(protection, answer)

    def _seal(self, protection: Protection, answer: bytes) -> bytes:
        if self._channel is None:
            return bytes([Kind.RECORD | protection]) + answer
        try:
            return self._channel.seal(protection, answer)
        except SealError:
            self.reset()
            return _FATAL

    def _repeat(self) -> bytes:
        """Say again what was said last, with the next number."""
        self._repeated += 1
        if self._last is None or self._repeated > presentation.WINDOW:
            self.reset()
            return _FATAL
        return self._seal(*self._last)

    def _save(self) -> bytes:
        if self._channel is None:
            return _FATAL
        self._saved = self._channel.export()
        self.reset()
        return bytes([Kind.SAVED])

    def _restore(self, message: bytes) -> bytes:
        """Go on with the connection that was kept, which can be done once."""
        saved, self._saved = self._saved, None
        self.reset()
        if saved is None:
            return _FATAL
        channel = Channel.restore(Role.CHIP, saved)
        if message != presentation.number_message(Kind.RESTORE, channel.numbers.sent):
            return _FATAL
        self._channel = channel
        return presentation.number_message(Kind.RESTORED, channel.numbers.received)
