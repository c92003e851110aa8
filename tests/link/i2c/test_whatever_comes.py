"""Chips that say anything, and hosts that do: neither end falls over, and the host's run ends in time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga import BoardError
from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.link.i2c import datalink, transport
from optiga.link.i2c.datalink import DataLink
from optiga.link.i2c.host import LIMIT_S, I2cConversation
from optiga.link.i2c.registers import Register, State
from optiga.link.i2c.transport import Message
from optiga.protocol.request import Protection
from tests.support.i2c_carried import Carried, SimulatedClock
from tests.support.i2c_chips import OPEN, SECRET, UID

PACKETS = st.one_of(
    st.binary(max_size=20),
    st.builds(
        lambda control, kind, rest: bytes([control, kind]) + rest,
        st.sampled_from([0x00, 0x08, 0x01, 0x09, 0x02, 0x04, 0x0C, 0x07, 0x0F]),
        st.sampled_from([0x00, 0x08, 0x20, 0x23, 0x40, 0x44, 0x64, 0x6C, 0xFF]),
        st.binary(max_size=40),
    ),
)
FRAMES = st.one_of(st.binary(max_size=12), st.builds(datalink.encode, st.integers(0, 255), PACKETS))
STATES = st.one_of(
    st.none(), st.binary(min_size=4, max_size=4), st.builds(State, st.booleans(), st.booleans(), st.integers(0, 300))
)


@dataclass
class Babbler:
    """A chip whose states and frames are anything, in turn and for ever."""

    frames: list[bytes]
    states: list[State | bytes | None]
    turn: int = 0
    pointer: int = 0
    written: list[bytes] = field(default_factory=list)

    def write(self, data: bytes) -> bool:
        self.pointer = data[0]
        self.written.append(data)
        return True

    def read(self, size: int) -> bytes | None:
        self.turn += 1
        if self.pointer == Register.DATA:
            frame = self.frames[self.turn % len(self.frames)]
            return frame[:size].ljust(size, b"\xff")
        if self.pointer == Register.DATA_REG_LEN:
            return b"\x01\x15"
        if self.pointer != Register.I2C_STATE or self.turn < 3:
            return State(False, False).encode()
        state = self.states[self.turn % len(self.states)]
        return state.encode() if isinstance(state, State) else state


def in_step(frames: list[bytes]) -> list[State]:
    """States that announce the frames as long as they are."""
    return [State(False, True, len(frame)) for frame in frames]


class TestHost:
    @pytest.mark.long
    @settings(max_examples=15, deadline=None)
    @given(st.lists(FRAMES, min_size=1, max_size=6), st.lists(STATES, min_size=1, max_size=6), st.booleans())
    def test_a_chip_that_says_anything(
        self, frames: list[bytes], states: list[State | bytes | None], shielded: bool
    ) -> None:
        self.run(Babbler(frames, states), shielded=shielded)

    @pytest.mark.long
    @settings(max_examples=15, deadline=None)
    @given(FRAMES, st.booleans())
    def test_a_chip_that_says_one_thing_for_ever(self, frame: bytes, shielded: bool) -> None:
        self.run(Babbler([frame], list(in_step([frame]))), shielded=shielded)

    def run(self, chip: Babbler, *, shielded: bool) -> None:
        clock = SimulatedClock()
        conversation = I2cConversation(port="bus", secret=SECRET if shielded else None)
        carried = Carried(chip, clock, conversation)
        for request in (OPEN, UID):
            started, answer = clock.now, None
            with suppress(BoardError):
                answer = carried.exchange(request)
            assert answer is None or (request.is_answered_by(answer) and not shielded)
            assert clock.now - started < LIMIT_S


class Mute:
    """What is behind the bus: it does as it is told and says nothing of it."""

    def execute(self, command: bytes, protection: Protection) -> bytes:
        return bytes(4)

    def reset(self) -> None: ...

    def use_binding_secret(self) -> bytes:
        return SECRET

    def take_security_delay_s(self) -> float:
        return 0.0


class TestChip:
    @given(st.lists(FRAMES | PACKETS.map(lambda packet: packet or b"0"), max_size=12), st.booleans())
    def test_a_host_that_says_anything(self, frames: list[bytes], is_numbered: bool) -> None:
        clock, link = SimulatedClock(), DataLink()
        slave = I2cSlave(Mute(), clock=clock, startup_s=0.0)  # type: ignore[arg-type]
        for frame in frames:
            clock.now += 0.001
            assert slave.write(b"\x80" + (link.send(frame) if is_numbered and frame else frame))
            assert slave.write(b"\x82")
            state = State.decode(slave.read(4) or b"")
            assert slave.write(b"\x80")
            waiting = slave.read(state.length)
            assert not state.is_ready or datalink.is_intact(waiting or b"")

    @given(st.binary(min_size=1, max_size=60))
    def test_any_message(self, message: bytes) -> None:
        clock, link = SimulatedClock(), DataLink()
        slave = I2cSlave(Mute(), clock=clock, startup_s=0.0)  # type: ignore[arg-type]
        (packet,) = transport.split(Message(message, True), 272)
        assert slave.write(b"\x80" + link.send(packet))
        assert slave.write(b"\x82")
        assert State.decode(slave.read(4) or b"").is_ready
