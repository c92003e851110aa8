"""Frames, counters and packets, as either end has them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.link.i2c import datalink, transport
from optiga.link.i2c.bus import Bus
from optiga.link.i2c.datalink import DataLink, encode, frame_check
from optiga.link.i2c.registers import MAX_FRAME, Register, State
from optiga.link.i2c.steps import Done, Pause, Read
from optiga.link.i2c.transport import Assembly, ChainError, Message

CONTROL_FRAMES = {
    0x80: "8000000cec",
    0x81: "8100005630",
    0x82: "820000b954",
    0x83: "830000e388",
    0xA0: "a000000fd7",
    0xA1: "a10000550b",
    0xA2: "a20000ba6f",
    0xA3: "a30000e0b3",
    0xC0: "c000000a9a",
}


def deliver(frame: bytes, link: DataLink) -> datalink.Received:
    return link.receive(frame, MAX_FRAME)


def test_the_frame_check_sequence() -> None:
    assert frame_check(b"123456789") == 0x2189


@pytest.mark.parametrize("control", CONTROL_FRAMES)
def test_control_frames(control: int) -> None:
    assert encode(control).hex() == CONTROL_FRAMES[control]


def test_the_numbers_of_both_ends() -> None:
    host, chip = DataLink(), DataLink()
    seen = []
    for _ in range(5):
        command = host.send(b"\x00c")
        seen.append(command[0])
        assert deliver(command, chip).packet == b"\x00c"
        answer = chip.send(b"\x00a")
        seen.append(answer[0])
        assert deliver(answer, host) == datalink.Received(packet=b"\x00a", is_acknowledged=True)
        assert deliver(host.acknowledge(), chip).is_acknowledged
    assert bytes(seen[:8]).hex() == "03000405090a0e0f"
    assert bytes(seen[8:]).hex() == "0300"


def test_an_acknowledgment_of_its_own() -> None:
    host, chip = DataLink(), DataLink()
    deliver(host.send(b"\x00c"), chip)
    assert deliver(chip.acknowledge(), host) == datalink.Received(is_acknowledged=True)
    assert deliver(chip.send(b"\x00a"), host) == datalink.Received(packet=b"\x00a")


def test_a_damaged_frame_is_asked_for_again_and_has_the_same_number() -> None:
    host, chip = DataLink(), DataLink()
    sent = host.send(b"\x00c")
    got = deliver(sent[:-1] + b"\x00", chip)
    assert got == datalink.Received(reply=encode(0xA0), is_damaged=True)
    assert deliver(got.reply, host).is_refused
    assert host.repeat() == sent
    assert deliver(host.repeat(), chip).packet == b"\x00c"


def test_a_frame_that_comes_twice_is_taken_once() -> None:
    host, chip = DataLink(), DataLink()
    deliver(host.send(b"\x00c"), chip)
    assert deliver(host.repeat(), chip) == datalink.Received(reply=encode(0x80))


@pytest.mark.parametrize("said", [0x81, 0x82, 0x83, 0xA1, 0xA2, 0xA3])
def test_what_is_said_of_another_frame_changes_nothing(said: int) -> None:
    host = DataLink()
    host.send(b"\x00c")
    assert deliver(encode(said), host) == datalink.Received()
    assert host.is_outstanding


@pytest.mark.parametrize("frame", ["03000100", "13000100", "43000100", "63000100", "030000"])
def test_data_frames_that_are_none(frame: str) -> None:
    body = bytes.fromhex(frame)
    whole = body + frame_check(body).to_bytes(2, "big")
    got = deliver(whole, DataLink())
    is_sound = frame == "03000100"
    assert (got.packet is not None, got.is_damaged) == (is_sound, not is_sound)
    assert got.reply == (b"" if is_sound else encode(0xA0))


@pytest.mark.parametrize("frame", ["84", "90", "e0", "c1", "810001aa"])
def test_control_frames_that_are_none_are_dropped(frame: str) -> None:
    control, *packet = bytes.fromhex(frame)
    got = deliver(encode(control, bytes(packet[2:])), DataLink())
    assert got == datalink.Received(is_damaged=True)


def test_a_frame_over_the_limit_is_none() -> None:
    host, chip = DataLink(), DataLink()
    sent = host.send(bytes(60))
    assert chip.receive(sent, 64).is_damaged
    assert chip.receive(sent, 65).packet == bytes(60)


def test_counting_afresh() -> None:
    host, chip = DataLink(), DataLink()
    deliver(host.send(b"\x00c"), chip)
    chip.send(b"\x00a")
    assert deliver(host.reset(), chip) == datalink.Received(is_reset=True)
    assert not chip.is_outstanding
    assert host.send(b"\x00d")[0] == 0x03
    assert deliver(host.repeat(), chip).packet == b"\x00d"


def test_nothing_is_repeated_that_was_not_sent() -> None:
    with pytest.raises(ValueError, match="outstanding"):
        DataLink().repeat()


@given(st.binary(max_size=40))
def test_whatever_comes_is_no_reason_to_fall_over(data: bytes) -> None:
    link = DataLink()
    link.send(b"\x00c")
    got = deliver(data, link)
    assert got.packet is None or datalink.is_intact(data)


class TestTransport:
    @pytest.mark.parametrize(
        ("size", "controls"), [(1, "00"), (271, "00"), (272, "0104"), (542, "0104"), (543, "010204")]
    )
    def test_the_chain_of_a_message(self, size: int, controls: str) -> None:
        packets = transport.split(Message(bytes(size)), 272)
        assert bytes(packet[0] for packet in packets).hex() == controls
        assert {len(packet) for packet in packets[:-1]} <= {272}
        assert len(packets[-1]) >= 2

    @given(st.binary(min_size=1, max_size=1571), st.integers(11, 272), st.booleans())
    def test_what_is_split_comes_together(self, data: bytes, size: int, is_presented: bool) -> None:
        assembly = Assembly(1571)
        *first, last = transport.split(Message(data, is_presented), size)
        assert all(assembly.take(packet, size) is None for packet in first)
        assert assembly.take(last, size) == Message(data, is_presented)

    @pytest.mark.parametrize(
        "packets",
        [
            ["02" + 10 * "00"],
            ["04aa"],
            ["01" + 10 * "00", "00aa"],
            ["01" + 10 * "00", "01" + 10 * "00"],
            ["01" + 9 * "00"],
            ["01" + 10 * "00", "02" + 9 * "00"],
            ["01" + 10 * "00", "04"],
            ["00"],
            ["03aa"],
            ["10aa"],
            ["80aa"],
            ["01" + 10 * "00", "02" + 10 * "00", "02" + 10 * "00", "02" + 10 * "00"],
        ],
    )
    def test_a_broken_chain(self, packets: list[str]) -> None:
        assembly = Assembly(32)
        for packet in packets[:-1]:
            assembly.take(bytes.fromhex(packet), 11)
        with pytest.raises(ChainError) as caught:
            assembly.take(bytes.fromhex(packets[-1]), 11)
        assert not caught.value.is_told
        assert assembly.take(b"\x00whole", 11) == Message(b"whole")

    @pytest.mark.parametrize("is_presented", [False, True])
    def test_the_other_side_says_that_a_chain_was_broken(self, is_presented: bool) -> None:
        packet = transport.chaining_error(is_presented=is_presented)
        assert packet.hex() == ("0f" if is_presented else "07")
        with pytest.raises(ChainError) as caught:
            Assembly(32).take(packet, 11)
        assert caught.value.is_told

    def test_a_message_is_not_printed(self) -> None:
        assert "secret" not in repr(Message(b"secret"))


@pytest.mark.parametrize(
    ("data", "state"),
    [
        ("08800000", State(False, False)),
        ("88800000", State(True, False)),
        ("c8800005", State(True, True, 5)),
        ("48800115", State(False, True, 277)),
        ("00000000", State(False, False, can_reset=False, can_shield=False)),
    ],
)
def test_states(data: str, state: State) -> None:
    assert State.decode(bytes.fromhex(data)) == state
    assert state.encode().hex() == data


@pytest.mark.parametrize("data", ["ffffffff", "18800000", "28800000", "08810000", "0880"])
def test_states_of_no_chip(data: str) -> None:
    with pytest.raises(ValueError):
        State.decode(bytes.fromhex(data))


def test_a_register_is_tried_again_as_long_as_nothing_but_ones_comes() -> None:
    bus = Bus("bus")
    bus.limit = 100.0
    reading, now, reads = bus.read(Register.I2C_STATE, 4), 0.0, 0
    step = next(reading)
    with suppress(StopIteration):
        while True:
            now += step.seconds if isinstance(step, Pause) else 0.0001
            reads += isinstance(step, Read)
            data = b"\xff" * 4 if reads < 3 else bytes.fromhex("08800000")
            step = reading.send(Done(now, data if isinstance(step, Read) else b""))
    assert reads == 3
    assert now < 0.01


def test_a_packet_that_is_given_up_before_anybody_saw_it_gives_its_number_away() -> None:
    """Else the other side would wait for it for ever: as where a chain is broken off."""
    host, chip = DataLink(), DataLink()
    deliver(host.send(b"\x00c"), chip)
    deliver(chip.send(b"\x01a"), host)
    deliver(host.acknowledge(), chip)
    unseen = chip.send(b"\x02a")
    deliver(host.send(b"\x07"), chip)
    again = chip.send(b"\x01a")
    assert again[0] >> 2 == unseen[0] >> 2
    assert deliver(again, host).packet == b"\x01a"
    assert deliver(chip.send(b"\x02a"), host).packet == b"\x02a"
