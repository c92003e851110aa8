"""The host's conversation with a chip on an I2C bus: start-up, exchanges, and the shielded connection around them.

The first thing that is done with a chip is a soft reset: it alone ends whatever a run before has left, a shielded
connection above all. A conversation that need not be sure of that can leave it out; what is left over is heard out and
dropped then.

A run that hears no valid answer ends: after :data:`LIMIT_S` at the latest, whatever the bus does.
"""

from __future__ import annotations

from typing import TypeVar

from optiga.errors import BoardError, Reason, UnprovenError
from optiga.link.i2c import presentation
from optiga.link.i2c.bus import PATIENCE_S, Bus
from optiga.link.i2c.carrier import SETTLING_S, Carrier, LostError, Patience, Secrecy
from optiga.link.i2c.presentation import AlertError, Channel, Role, SealError
from optiga.link.i2c.registers import MAX_FRAME, Register
from optiga.link.i2c.shielding import Attempts, Shielding
from optiga.link.i2c.steps import Conversation
from optiga.link.i2c.transport import Message
from optiga.protocol.apdu import command_code
from optiga.protocol.request import Protection, Request

_T = TypeVar("_T")

ATTEMPTS = 3
"""How often a command is sent as a new one before the bus is given up."""
LIMIT_S = 20.0
"""Longest that a run goes on without a valid answer, from its first step to its end, in seconds."""

_ENDING_S = 1.0
"""What giving the bus back may take of that."""
_LOOK_FIRST = "Check the object before you try again: it may or may not have changed"
_HANDSHAKES = 3
_FAILURES = 2
"""How many handshakes may fail before the secret is taken for the wrong one: each costs the chip a security event."""


class I2cConversation:
    """Everything that is said to a chip on a bus, and what is understood of what it says.

    :param port: how the user names the bus, for messages.
    :param secret: the platform binding secret, 32 to 64 bytes, with which every command goes over a shielded
        connection; None for none. Once there is one nothing is ever sent without.
    :param protection: what is protected of a command and its answer; what carries a secret always is.
    :param settled: False if somebody may have left the chip in the middle of a command; it is waited for, then.
    :param resets: whether the chip is reset at the beginning.
    :param spent_s: what opening the bus has taken of the run's time, in seconds.
    :param limit_s: longest that a run goes on without a valid answer, in seconds.
    :param most_frame: most bytes of a frame that the way to the bus can carry.
    :raises ValueError: if the secret is of another length.
    """

    def __init__(
        self,
        *,
        port: str,
        secret: bytes | None = None,
        protection: Protection = Protection.BOTH,
        settled: bool = True,
        resets: bool = True,
        spent_s: float = 0.0,
        limit_s: float = LIMIT_S,
        most_frame: int = MAX_FRAME,
    ) -> None:
        if secret is not None and not presentation.MIN_SECRET <= len(secret) <= presentation.MAX_SECRET:
            raise ValueError("a platform binding secret has 32 to 64 bytes")
        self._port = port
        self._secret = secret
        self._protection = protection
        self._patience_s = PATIENCE_S if settled else SETTLING_S
        self._resets = resets
        self._spent_s = spent_s
        self._limit_s = limit_s
        self._most_frame = most_frame
        self._bus = Bus(port)
        self._carrier = Carrier(self._bus)
        self._shielding = Shielding(self._bus, self._carrier)
        self._must_shield = secret is not None
        self._is_open = False
        self._is_settled = True
        self._has_answered = False
        self.max_khz: int | None = None
        """What the chip says of the fastest clock it takes, in kHz; None before it was asked."""

    @property
    def is_settled(self) -> bool:
        """Whether every exchange has come to its end, so that the chip owes no answer."""
        return self._is_settled

    @property
    def is_shielded(self) -> bool:
        """Whether a shielded connection stands."""
        return self._shielding.channel is not None

    def tell_time(self, now: float) -> None:
        """Tell the time at which a step failed, before its failure is thrown into the conversation."""
        self._bus.now = now

    def open(self, now: float) -> Conversation[None]:
        """Find the chip, reset it, and agree on the length of frames. The first exchange does it, if nobody has.

        :raises BoardError: if no chip answers.
        """
        yield from self._in_time(self._open(), now)

    def exchange(self, request: Request, now: float) -> Conversation[bytes]:
        """Send a command and return the answer APDU, whatever the bus does to either, as long as it can be had.

        :param now: the time at which it begins, in seconds; the conversation goes on with that of each step.
        :raises BoardError: after a bounded number of attempts, and of seconds since the last valid answer; or after the
            first attempt, if the answer to a command that must not be repeated is lost.
        """
        return (yield from self._in_time(self._exchange_settled(request), now))

    def hibernate(self, now: float) -> Conversation[bytes]:
        """Have the chip keep the shielded connection, behind the CloseApplication that had it keep the application.

        :returns: what :meth:`restore` takes. It holds the connection's keys.
        :raises BoardError: if there is no connection, or the chip does not keep it.
        """
        return (yield from self._in_time(self._hibernate(), now))

    def restore(self, saved: bytes, now: float) -> Conversation[None]:
        """Go on with a shielded connection that the chip has kept, once, behind any reset.

        :param saved: what :meth:`hibernate` gave.
        :raises BoardError: if the chip has not kept it.
        :raises ValueError: if nothing gave that.
        """
        yield from self._in_time(self._restore(Channel.restore(Role.HOST, saved)), now)

    def _in_time(self, steps: Conversation[_T], now: float) -> Conversation[_T]:
        """Do what must end in time, and know afterwards whether the chip is at rest."""
        self._bus.now = now
        self._bus.limit = now + self._limit_s - self._spent_s - _ENDING_S
        try:
            result = yield from steps
        except BaseException:
            self._spent_s += self._bus.now - now
            raise
        self._spent_s = 0.0
        return result

    def _exchange_settled(self, request: Request) -> Conversation[bytes]:
        was_settled, self._is_settled = self._is_settled, False
        if self._is_open and not was_settled:
            yield from self._recover()
        elif not self._is_open:
            yield from self._open()
        answer = yield from self._exchange(request)
        self._is_settled = self._has_answered = True
        return answer

    def _open(self) -> Conversation[None]:
        bus = self._bus
        state = yield from bus.read_state(patience_s=self._patience_s)
        if state is None:
            raise bus.no_chip()
        if self._secret is not None and not state.can_shield:
            raise BoardError(
                "this chip does not support a shielded connection",
                hint="Open it without the secret",
                port=self._port,
                reason=Reason.UNSUPPORTED,
            )
        self._shielding.drop()
        if self._resets and state.can_reset:
            if not (yield from bus.reset()):
                raise bus.gone()
            self._carrier.forget()
            yield from self._read_frequency()
            yield from bus.negotiate(self._most_frame)
        else:
            yield from bus.negotiate(self._most_frame)
            yield from self._carrier.settle()
        self._is_open = True

    def _read_frequency(self) -> Conversation[None]:
        told = yield from self._bus.read(Register.MAX_SCL_FREQU, 4)
        if told is None:
            raise self._bus.gone()
        self.max_khz = int.from_bytes(told[2:], "big")  # its upper half is not used

    def _recover(self) -> Conversation[None]:
        """Bring a chip to rest that may still work on something, or have begun anew by itself."""
        self._shielding.drop()
        if not self._is_open:
            yield from self._open()
            return
        yield from self._carrier.settle()
        yield from self._bus.negotiate(self._most_frame)

    def _exchange(self, request: Request) -> Conversation[bytes]:
        code, traits, reason = command_code(request.apdu), request.traits, ""
        attempts = Attempts(ATTEMPTS)
        while attempts.take():
            if self._must_shield and not self._shielding.is_ready:
                yield from self._renew()
            try:
                answer = yield from self._once(request, attempts)
                if request.is_answered_by(answer):
                    return answer
                raise LostError("the answer does not belong to the command", may_have_run=True)  # noqa: TRY301
            except BoardError as error:
                if traits.is_repeatable or not self._carrier.may_have_run:
                    raise
                raise self._not_known(request, error) from error
            except LostError as lost:
                if lost.may_have_run and not traits.is_repeatable:
                    raise self._not_again(request) from None
                reason = str(lost)
                again = ", which may now run a second time" if lost.may_have_run else ""
                yield from self._bus.note(
                    f"no answer to command 0x{code:02x}{again}, attempt {attempts.taken}: {reason}"
                )
            yield from self._recover()
        raise self._no_answer(f"to command 0x{code:02x}", reason)

    def _once(self, request: Request, attempts: Attempts) -> Conversation[bytes]:
        """Send a command as a new one.

        :param attempts: how often it may be sent as such, this one not counted.
        :raises LostError: if its answer cannot be had.
        """
        traits = request.traits
        patience = Patience(traits.expected_ms / 1000, traits.longest_ms / 1000)
        if self._has_answered and patience.longest_s > self._limit_s:
            self._bus.limit = max(self._bus.limit, self._bus.now + patience.longest_s + PATIENCE_S)
        if not self._must_shield:
            secrecy = Secrecy(traits.hides_command, traits.hides_answer)
            return (yield from self._once_plain(request.apdu, patience, secrecy))
        protection = self._protection
        protection |= Protection.COMMAND if traits.hides_command else Protection.NONE
        protection |= Protection.ANSWER if traits.hides_answer else Protection.NONE
        return (
            yield from self._shielding.converse(
                request.apdu, protection, patience, attempts, is_repeatable=traits.is_repeatable
            )
        )

    def _renew(self) -> Conversation[None]:
        """Make the shielded connection, or make it anew before its numbers come near their end.

        :raises BoardError: if it cannot be made. There is no way back to plain text.
        """
        if self._secret is not None:
            yield from self._shake_hands(self._secret)
        elif not self.is_shielded:
            raise BoardError(
                "the restored shielded connection is lost",
                hint="Open the chip with its secret",
                port=self._port,
                reason=Reason.DISCONNECTED,
            )

    def _once_plain(self, apdu: bytes, patience: Patience, secrecy: Secrecy) -> Conversation[bytes]:
        answer = yield from self._carrier.converse(Message(apdu), patience, secrecy)
        if not answer.is_presented:
            return answer.data
        if self._has_answered or self._resets:
            raise BoardError(
                "the chip expects a shielded connection",
                hint="Try again: it first resets the chip",
                port=self._port,
                reason=Reason.UNPROVEN,
            )
        self._resets, self._is_open = True, False  # somebody else's, which only a reset ends
        raise LostError("the chip has a shielded connection with another host", may_have_run=False)

    def _shake_hands(self, secret: bytes) -> Conversation[None]:
        """Make a shielded connection.

        :raises BoardError: if the chip does not prove that it has the secret. It has been reset then, for else it
            could say nothing any more.
        """
        failures = 0
        for _ in range(_HANDSHAKES):
            try:
                yield from self._shielding.shake_hands(secret)
                if self._shielding.is_ready:
                    return
            except (LostError, AlertError, SealError) as error:
                yield from self._bus.note(f"a handshake failed: {error}")
                failures += 1
                if failures == _FAILURES or not (yield from self._has_come_to_rest()):
                    yield from self._bus.reset()
                    self._is_open = False
                    raise self._no_connection(error) from None
        # It stands, with numbers that the chip has drawn close together each time; or the last try failed.
        if self._shielding.channel is None:
            raise self._bus.unusable()

    def _has_come_to_rest(self) -> Conversation[bool]:
        """Bring the chip to rest behind a handshake that failed; whether that can be."""
        self._is_open = self._is_open and self._has_answered  # a reset costs nothing before the first command
        try:
            yield from self._recover()
        except BoardError:
            return False
        return True

    def _hibernate(self) -> Conversation[bytes]:
        if self._shielding.channel is None:
            raise BoardError(
                "there is no shielded connection for the chip to save", port=self._port, reason=Reason.DISCONNECTED
            )
        self._is_settled = False
        try:
            saved = yield from self._shielding.save()
        except LostError as lost:
            raise self._not_kept() from lost
        if saved is None:
            raise self._not_kept()
        self._is_settled = True
        return saved

    def _restore(self, channel: Channel) -> Conversation[None]:
        if not self._is_open:
            yield from self._open()
        self._is_settled = False
        try:
            is_kept = yield from self._shielding.resume(channel)
        except LostError as lost:
            raise self._not_kept() from lost
        if not is_kept:
            raise self._not_kept()
        self._is_settled = self._must_shield = True

    def _not_kept(self) -> BoardError:
        return BoardError(
            "the chip has not saved the shielded connection",
            hint="Open the application again",
            port=self._port,
            reason=Reason.DISCONNECTED,
        )

    def _no_connection(self, error: Exception) -> BoardError:
        if isinstance(error, LostError) and not error.is_mute:
            return self._no_answer("to a handshake", str(error))
        return UnprovenError(
            "no shielded connection: the chip does not prove that it has the secret",
            hint="Use the secret of this chip. A chip that is not paired, or is paired with another host, has "
            "a different one",
            port=self._port,
        )

    def _no_answer(self, to_what: str, reason: str) -> BoardError:
        return BoardError(
            f"no answer {to_what}: {reason}",
            hint="Check the wires and pull-up resistors, or use a slower bus",
            port=self._port,
            reason=Reason.NO_ANSWER,
        )

    def _not_known(self, request: Request, error: BoardError) -> BoardError:
        return BoardError(
            f"{error.message}; it is unknown whether {request.name} has run",
            hint=_LOOK_FIRST,
            port=self._port,
            reason=Reason.OUTCOME_UNKNOWN,
        )

    def _not_again(self, request: Request) -> BoardError:
        return BoardError(
            f"the answer to {request.name} was lost, and this command must not be sent twice",
            hint=_LOOK_FIRST,
            port=self._port,
            reason=Reason.OUTCOME_UNKNOWN,
        )
