"""The host's end of a shielded connection on its way: handshakes, sealed exchanges, alerts, and what is saved."""

from __future__ import annotations

from optiga.link.i2c import presentation
from optiga.link.i2c.bus import Bus
from optiga.link.i2c.carrier import Carrier, LostError, Patience, Secrecy
from optiga.link.i2c.presentation import AlertError, Channel, ChipHello, Keys, Kind, Role, SealError
from optiga.link.i2c.steps import Conversation
from optiga.link.i2c.transport import Message
from optiga.protocol.request import Protection

_HANDSHAKE = Patience(0.001, 6.0)
_REPEATED = Patience(0.001, 1.0)
"""For what the chip has ready, and says again."""
_NOTHING_HIDDEN = Secrecy()


class Attempts:
    """How often a command may still be sent as a new one."""

    def __init__(self, most: int) -> None:
        self._left = most
        self.taken: int = 0

    def take(self) -> bool:
        """Whether it may be sent; it is, then."""
        if not self._left:
            return False
        self._left -= 1
        self.taken += 1
        return True


class Shielding:
    """A shielded connection with the chip, if one stands.

    :ivar channel: its state; None if there is none.
    """

    def __init__(self, bus: Bus, carrier: Carrier) -> None:
        self._bus = bus
        self._carrier = carrier
        self.channel: Channel | None = None

    @property
    def is_ready(self) -> bool:
        """Whether a command can be sent over it without a new handshake."""
        return self.channel is not None and not self.channel.needs_renewal

    def drop(self) -> None:
        """Forget the connection."""
        self.channel = None

    def shake_hands(self, secret: bytes) -> Conversation[None]:
        """Make a connection, in place of any that stands.

        :raises LostError: if an answer is lost.
        :raises AlertError: if the chip says that it will not.
        :raises SealError: if it does not prove that it knows the secret.
        """
        self.channel = None
        hello = ChipHello.decode((yield from self._say(presentation.HELLO, Secrecy(of_answer=True))))
        keys = Keys.derive(secret, hello.random)
        mine = presentation.finished(Role.HOST, keys, hello.random, hello.number)
        theirs = presentation.check_finished(Role.HOST, keys, hello.random, (yield from self._say(mine)))
        self.channel = presentation.channel_of_host(keys, hello.number, theirs)

    def converse(
        self, apdu: bytes, protection: Protection, patience: Patience, attempts: Attempts, *, is_repeatable: bool
    ) -> Conversation[bytes]:
        """Send a command over the connection and return the answer APDU.

        :param attempts: how often it may be sent again where the chip says that it came damaged.
        :param is_repeatable: whether it may be sent again at all. Nobody has signed what the chip says.
        :raises LostError: if the answer cannot be had.
        """
        message = self._seal(protection, apdu)
        for _ in range(1 + presentation.WINDOW):
            answer = yield from self._carrier.converse(Message(message, True), patience, Secrecy())
            try:
                return self._open(answer, protection)
            except AlertError as alert:
                if alert.is_fatal or not is_repeatable or not attempts.take():
                    raise LostError(str(alert), may_have_run=True) from None
                yield from self._bus.note(f"{alert}: sending the command again: it may run a second time")
                message = self._seal(protection, apdu)
            except SealError as error:
                yield from self._bus.note(f"requesting the answer again: {error}")
                message, patience = bytes([Kind.INTEGRITY]), _REPEATED
        raise LostError("messages of the shielded connection are not authentic", may_have_run=True)

    def save(self) -> Conversation[bytes | None]:
        """Have the chip keep the connection, which then stands no more.

        :returns: what :meth:`resume` takes; None if the chip does not keep it, or there is none.
        :raises LostError: if its answer is lost.
        """
        if self.channel is None:
            return None
        answer = yield from self._say_or_nothing(bytes([Kind.SAVE]))
        if answer != bytes([Kind.SAVED]):
            return None
        saved, self.channel = self.channel.export(), None
        return saved

    def resume(self, channel: Channel) -> Conversation[bool]:
        """Go on with a connection that the chip has kept; whether it has.

        :raises LostError: if its answer is lost.
        """
        numbers = channel.numbers
        answer = yield from self._say_or_nothing(presentation.number_message(Kind.RESTORE, numbers.received))
        if answer != presentation.number_message(Kind.RESTORED, numbers.sent):
            return False
        self.channel = channel
        return True

    def _say(self, data: bytes, secrecy: Secrecy = _NOTHING_HIDDEN) -> Conversation[bytes]:
        """Send a message of the presentation layer's own; the answer's.

        :param secrecy: what of it no log may show: the chip's random, above all.
        :raises SealError: if the answer is none of this layer.
        """
        answer = yield from self._carrier.converse(Message(data, True), _HANDSHAKE, secrecy)
        if not answer.is_presented:
            raise SealError("the answer came outside the shielded connection")
        return answer.data

    def _say_or_nothing(self, data: bytes) -> Conversation[bytes]:
        """As :meth:`_say`, with nothing for an answer that is none of this layer."""
        try:
            return (yield from self._say(data))
        except SealError:
            return b""

    def _seal(self, protection: Protection, apdu: bytes) -> bytes:
        """A sealed command.

        :raises LostError: if it cannot be sealed, for which a new handshake is due.
        """
        if self.channel is None:
            raise LostError("there is no shielded connection", may_have_run=False)
        try:
            return self.channel.seal(protection, apdu)
        except SealError as error:
            raise LostError(str(error), may_have_run=False) from None

    def _open(self, answer: Message, protection: Protection) -> bytes:
        """The answer APDU in a message.

        :raises AlertError: if it is an alert.
        :raises SealError: if it is not what it must be.
        """
        if self.channel is None or not answer.is_presented:
            raise SealError("the answer came outside the shielded connection")
        return self.channel.open(answer.data, protection)[1]
