"""Messages to a chip and back: data link and transport, driven by looks at I2C_STATE.

RESP_RDY alone says that there is a frame to read: an acknowledgment waits while the command still runs. A chip
acknowledges in a frame of its own or inside the answer, as it likes, and says nothing before it does. The first look is
therefore at the time at which the answer is expected, where both can be had.

A frame that is sent again has the same number, so the chip takes it once, whatever was lost. Only where counting begins
afresh can it take a message twice; that is never done here without saying so: :class:`LostError`.
"""

from __future__ import annotations

from typing import NamedTuple

from optiga.errors import BoardError, Reason
from optiga.link.i2c import datalink, transport
from optiga.link.i2c.bus import Bus
from optiga.link.i2c.datalink import TRANS_REPEAT, TRANS_TIMEOUT_S, DataLink
from optiga.link.i2c.registers import Register
from optiga.link.i2c.steps import Conversation
from optiga.link.i2c.transport import Assembly, ChainError, Message
from optiga.protocol.apdu import BUFFER_SIZE

FIRST_POLL_S, LAST_POLL_S = 0.001, 0.002
"""Time between two looks at the chip's state."""
_MANY_POLLS = 8
_IDLE_LOOKS = 10
"""How often a chip may say that it does nothing and has nothing, before what was sent is taken for lost."""
_ANSWER_IDLE_S = 0.1
"""The same for the answer to what it has acknowledged."""
_LONG_S = 0.3
"""A command that takes longer is looked at early, too: it may have been lost on its way."""
_EARLY_LOOK_S = 0.015
_ON_BUS_S = 0.0028
"""What the manual's times have of the bus: they are measured with the transmission, at 400 kHz. SRM, "Command
Performance". A chip that is not ready then is looked at when its time is over, and from there on again and again."""
_ACCOUNTED_S = 0.03
"""Shortest time that is the manual's own; shorter ones are assumed."""
SETTLING_S = 6.0
"""How long a chip is heard out that works on what nobody waits for: a little longer than its monitor may delay it."""
_SETTLING_POLL_S = 0.005
_MOST_SEALED = BUFFER_SIZE + 14
_MOST_STRAYS = 8
_RESYNC_PROBE = bytes.fromhex("0300010000") + b"\xff\xff"
"""A frame whose FCS is wrong: the chip asks for the one that it expects, and so says where its counter stands."""
_RESYNC_ANSWER = datalink.DataLink().refuse()


class LostError(Exception):
    """No answer came to a message.

    :param may_have_run: whether the chip may have acted on it.
    :param is_mute: whether the chip has taken it, and then said nothing.
    """

    def __init__(self, what: str, *, may_have_run: bool, is_mute: bool = False) -> None:
        super().__init__(what)
        self.may_have_run = may_have_run
        self.is_mute = is_mute


class Patience(NamedTuple):
    """How long an answer is waited for.

    :param expected_s: when the first look is worth its while, in seconds from the end of the command.
    :param longest_s: when the command must be taken for lost.
    """

    expected_s: float
    longest_s: float


_NEXT = Patience(0.0, 1.0)
"""For the acknowledgment of a packet that is not the last, and for the next packet of an answer."""


class Secrecy(NamedTuple):
    """Whether a message or its answer carries a secret in plain, so that no log may show it."""

    of_message: bool = False
    of_answer: bool = False


class Carrier:
    """Carries a message to the chip and its answer back."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._link = DataLink()
        self._assembly = Assembly(_MOST_SEALED)
        self._secrecy = Secrecy()
        self.may_have_run: bool = False
        """Whether the chip may have acted on the last message."""

    def forget(self) -> None:
        """Count afresh, as the chip does after a reset."""
        self._link = DataLink()

    def converse(self, message: Message, patience: Patience, secrecy: Secrecy) -> Conversation[Message]:
        """Send a message and return the chip's answer.

        :raises LostError: if that cannot be had.
        :raises BoardError: if the chip is gone, or works for longer than it may.
        """
        self._bus.damaged = 0
        self._secrecy = secrecy
        self.may_have_run = False
        self._assembly.clear()
        packets = transport.split(message, self._packet_size)
        for packet in packets[:-1]:
            yield from self._send(packet)
            yield from self._await(_NEXT, wants_packet=False)
        yield from self._send(packets[-1], is_last=True)
        packet = yield from self._await(patience, wants_packet=True)
        has_complained = False
        while True:
            try:
                answer = self._assembly.take(packet, self._packet_size)
            except ChainError as error:
                if error.is_told or has_complained:
                    raise LostError(str(error), may_have_run=self.may_have_run) from None
                has_complained = True
                yield from self._bus.note(f"requesting the answer again: {error}")
                yield from self._send(transport.chaining_error(is_presented=message.is_presented))
                answer = None
            if answer is not None:
                return answer
            packet = yield from self._await(_NEXT, wants_packet=True)

    def settle(self) -> Conversation[None]:
        """Hear out a chip that may work on something or have something to say, drop that, and count afresh.

        :raises BoardError: if it does not come to rest.
        """
        self._secrecy = Secrecy(True, True)
        deadline = self._bus.now + SETTLING_S
        idle = 0
        while idle < _IDLE_LOOKS:
            if self._bus.now >= deadline:
                raise self._bus.unusable()
            state = yield from self._bus.read_state()
            idle = idle + 1 if state is not None and not state.is_busy and not state.is_ready else 0
            if state is not None and state.is_ready:
                frame = yield from self._read_frame(state.length)
                if frame is not None and datalink.is_intact(frame):
                    yield from self._bus.write(Register.DATA, datalink.acknowledgment_of(frame))
            yield from self._bus.pause(LAST_POLL_S if idle else _SETTLING_POLL_S)
        yield from self.resync()

    def resync(self) -> Conversation[None]:
        """Begin to count afresh, and have the chip prove that it does, too.

        Else an answer that the chip still holds could be taken for that of the next command.

        :raises BoardError: if it does not.
        """
        self._assembly.clear()
        for _ in range(1 + TRANS_REPEAT):
            yield from self._write(self._link.reset())
            yield from self._write(_RESYNC_PROBE)
            for _ in range(_IDLE_LOOKS):
                state = yield from self._bus.read_state()
                if state is not None and state.is_ready:
                    frame = yield from self._read_frame(state.length)
                    if frame == _RESYNC_ANSWER:
                        return
                yield from self._bus.pause(LAST_POLL_S)
        raise BoardError(
            "the chip does not reset its frame counter: frames get lost on the bus",
            hint="Check the wires and pull-up resistors, or use a slower bus",
            port=self._bus.port,
            reason=Reason.DISTURBED,
        )

    @property
    def _packet_size(self) -> int:
        return self._bus.most_frame - datalink.OVERHEAD

    def _send(self, packet: bytes, *, is_last: bool = False) -> Conversation[None]:
        yield from self._write(self._link.send(packet), is_last=is_last)

    def _write(self, frame: bytes, *, is_last: bool = False) -> Conversation[None]:
        """Write a frame, as often as it takes to be acknowledged.

        :raises BoardError: if it is not.
        """
        self.may_have_run = self.may_have_run or is_last  # even if only its last byte was not acknowledged
        if not (yield from self._bus.write(Register.DATA, frame, hides=self._secrecy.of_message)):
            raise self._bus.gone() if self._bus.has_acknowledged else self._bus.no_chip()

    def _read_frame(self, length: int) -> Conversation[bytes | None]:
        """Read the frame that waits; None if there is none after all."""
        if not datalink.OVERHEAD <= length <= self._bus.most_frame:
            return None
        return (yield from self._bus.read(Register.DATA, length, hides=self._secrecy.of_answer))

    def _await(self, patience: Patience, *, wants_packet: bool) -> Conversation[bytes]:
        """Wait until what was sent is acknowledged, or until the next packet comes.

        :param wants_packet: whether the latter; the packet is returned, else nothing.
        """
        started = self._bus.now
        overdue = None if patience is not _NEXT else self._stray("the chip is busy in the middle of a message")
        wait = _Wait(self._bus, self._link, started + patience.longest_s, overdue)
        if patience.expected_s > _LONG_S:
            yield from self._bus.pause(_EARLY_LOOK_S)
            early = yield from self._look(wait)
            while early is None and self._link.is_outstanding and not wait.is_busy:
                yield from self._bus.pause(wait.next_pause_s())
                early = yield from self._look(wait)
            if early is not None:
                return early
        expected = started + patience.expected_s
        on_bus_s = _ON_BUS_S if patience.expected_s >= _ACCOUNTED_S else 0.0
        yield from self._bus.pause(expected - on_bus_s - self._bus.now)
        while True:
            packet = yield from self._look(wait)
            if packet is not None:
                return packet
            if not wants_packet and not self._link.is_outstanding:
                return b""
            if not wait.is_next_at_once:
                rest_s = expected - self._bus.now if wait.is_busy else 0.0
                yield from self._bus.pause(max(rest_s, wait.next_pause_s()))

    def _look(self, wait: _Wait) -> Conversation[bytes | None]:
        """Look at the chip's state, and do what it asks for; the packet that came, if one did."""
        wait.is_next_at_once = False
        state = yield from self._bus.read_state()
        if state is None or (state.is_busy and not state.is_ready):
            wait.see(is_busy=True)
        elif not state.is_ready:
            wait.is_busy = False
            if wait.is_idle_for_long():
                yield from self._repeat(wait)
        else:
            wait.see(is_busy=state.is_busy)
            frame = yield from self._read_frame(state.length)
            return (yield from self._take(frame, wait))
        return None

    def _take(self, frame: bytes | None, wait: _Wait) -> Conversation[bytes | None]:
        """Take a frame; the packet that it brings, if it is one that is waited for."""
        if frame is None:
            wait.count(self._stray("the chip announces a frame that it does not send"))
            return None
        got = self._link.receive(frame, self._bus.most_frame)
        wait.is_next_at_once = got.is_acknowledged or got.packet is not None
        if got.is_damaged:
            self._bus.damaged += 1
            wait.count(self._stray("frames from the chip are damaged"))
        elif not (wait.is_next_at_once or got.is_refused or got.is_reset):
            wait.count(self._stray("the chip repeats a frame"))
        if got.reply:
            yield from self._write(got.reply)
        if got.is_reset:
            raise self._stray("the chip has reset its frame counter")
        if got.is_refused:
            self._bus.damaged += 1
            yield from self._repeat(wait)
        if got.packet is None:
            return None
        yield from self._write(self._link.acknowledge())
        if self._link.is_outstanding:  # it was said before the chip heard what was sent
            yield from self._bus.note("discarded the rest of the chip's answer to an earlier command")
            return None
        return got.packet

    def _repeat(self, wait: _Wait) -> Conversation[None]:
        """Say again what seems to be lost: the frame that is outstanding, or that the answer is to come."""
        if self._link.is_outstanding:
            wait.count_repeat(self._stray("frames do not reach the chip undamaged"))
            yield from self._bus.note("sending a frame again")
            yield from self._write(self._link.repeat())
        else:
            wait.count_repeat(LostError("the chip does not answer", may_have_run=self.may_have_run, is_mute=True))
            yield from self._bus.note("requesting the answer again")
            yield from self._write(self._link.refuse())

    def _stray(self, what: str) -> LostError:
        return LostError(what, may_have_run=self.may_have_run)


class _Wait:
    """One wait: how long it has been, and what was seen meanwhile."""

    def __init__(self, bus: Bus, link: DataLink, deadline: float, overdue: LostError | None) -> None:
        self._overdue = overdue
        self._bus = bus
        self._link = link
        self._deadline = deadline
        self._looks = self._idle_looks = self._repeats = self._strays = 0
        self._is_last_look = False
        self._idle_since = bus.now
        self.is_next_at_once = False
        """Whether there may be something new to read without any wait."""
        self.is_busy = False
        """Whether the chip was at work when it was last looked at, or did not acknowledge that."""

    def next_pause_s(self) -> float:
        """How long to wait before the next look.

        :raises LostError: if the middle of a message has taken too long.
        :raises BoardError: if the command has taken longer than it ever may, or the chip is gone.
        """
        if self._is_last_look:
            raise self._too_late()
        self._is_last_look = self._bus.now >= self._deadline  # nobody has looked since it was over
        self._looks += 1
        return FIRST_POLL_S if self._looks < _MANY_POLLS else LAST_POLL_S

    def see(self, *, is_busy: bool) -> None:
        """Note that the chip does something, or has something to say."""
        self.is_busy = is_busy
        self._idle_looks = 0

    def is_idle_for_long(self) -> bool:
        """Count a look that found the chip idle; whether it has been so for too long."""
        if not self._idle_looks:
            self._idle_since = self._bus.now
        self._idle_looks += 1
        longest = TRANS_TIMEOUT_S if self._link.is_outstanding else _ANSWER_IDLE_S
        if self._idle_looks < _IDLE_LOOKS or self._bus.now - self._idle_since < longest:
            return False
        self._idle_looks = 0
        return True

    def count_repeat(self, lost: LostError) -> None:
        """Count something that is said again; as often as it may be, it is lost."""
        self._repeats += 1
        if self._repeats > TRANS_REPEAT:
            raise lost

    def count(self, lost: LostError) -> None:
        """Count a frame that brought nothing."""
        self._strays += 1
        if self._strays > _MOST_STRAYS:
            raise lost

    def _too_late(self) -> Exception:
        if self._bus.is_acknowledging:
            return self._overdue or BoardError(
                "the chip takes longer for a command than the manual allows",
                hint="Try again: it first resets the chip",
                port=self._bus.port,
                reason=Reason.NO_ANSWER,
            )
        return self._bus.gone()
