"""The emulated chip as it is seen on an I2C bus: registers, states, and conditions that a shielded connection meets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga import BoardError
from optiga.emulator import EmulatedChip, SqliteStore
from optiga.emulator.board.i2c_slave import Acknowledges, I2cSlave
from optiga.link.i2c import transport
from optiga.link.i2c.datalink import DataLink, encode
from optiga.link.i2c.transport import Message
from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.request import Protection
from tests.support.i2c_carried import SimulatedClock
from tests.support.i2c_chips import OPEN, SECRET, UID, OnBus, ask

IDLE = "08800000"


def started(**options: object) -> OnBus:
    """A bus with a chip that has started."""
    bus = OnBus(**options)
    bus.clock.now += 0.02
    return bus


def read(bus: OnBus, register: int, size: int) -> str:
    assert bus.slave.write(bytes([register]))
    data = bus.slave.read(size)
    assert data is not None
    return data.hex()


def send(bus: OnBus, link: DataLink, message: bytes) -> None:
    (packet,) = transport.split(Message(message), 272)
    assert bus.slave.write(b"\x80" + link.send(packet))


class TestRegisters:
    @pytest.mark.parametrize(
        ("register", "size", "content"),
        [
            (0x81, 2, "0115"),
            (0x82, 4, IDLE),
            (0x84, 4, "00000190"),
            (0x85, 4, "00000032"),
            (0x86, 4, "0000000a"),
            (0x87, 4, "ffffffff"),
            (0x89, 2, "0003"),
            (0x80, 5, "ffffffffff"),
            (0x82, 6, IDLE + "ffff"),
            (0x42, 3, "ffffff"),
        ],
    )
    def test_what_they_hold(self, register: int, size: int, content: str) -> None:
        assert read(started(), register, size) == content

    @pytest.mark.parametrize(
        ("written", "held"), [("0115", "0115"), ("ffff", "0115"), ("0040", "0040"), ("0010", "0010"), ("000f", "0115")]
    )
    def test_the_length_of_frames(self, written: str, held: str) -> None:
        bus = started()
        assert bus.slave.write(b"\x81" + bytes.fromhex(written))
        assert read(bus, 0x81, 2) == held

    def test_a_frame_that_is_longer_is_refused(self) -> None:
        bus, link = started(), DataLink()
        bus.slave.write(bytes.fromhex("810010"))
        send(bus, link, bytes(20))
        assert read(bus, 0x82, 4) == "48800005"
        assert read(bus, 0x80, 5) == encode(0xA0).hex()

    @pytest.mark.parametrize(
        ("mode", "khz", "behind_reset"), [("8004", 1000, 1000), ("0004", 1000, 400), ("0001", 100, 400)]
    )
    def test_modes(self, mode: str, khz: int, behind_reset: int) -> None:
        bus = started()
        bus.slave.write(b"\x89" + bytes.fromhex(mode))
        assert int(read(bus, 0x84, 4), 16) == khz
        assert read(bus, 0x89, 2) == "00" + mode[2:]
        bus.slave.write(bytes.fromhex("880000"))
        bus.clock.now += 0.02
        assert int(read(bus, 0x84, 4), 16) == behind_reset

    @pytest.mark.parametrize("written", ["88ffff", "880000"])
    def test_a_soft_reset(self, written: str) -> None:
        bus, link = started(), DataLink()
        bus.slave.write(bytes.fromhex("810040"))
        send(bus, link, OPEN.apdu)
        assert bus.slave.write(bytes.fromhex(written))
        assert not bus.slave.write(b"\x82")
        assert bus.slave.read(4) is None
        bus.clock.now += 0.0021
        assert read(bus, 0x82, 4) == IDLE
        assert read(bus, 0x81, 2) == "0115"
        send(bus, DataLink(), UID.apdu)
        assert read(bus, 0x82, 4) == "4880000a"
        assert bytes.fromhex(read(bus, 0x80, 10))[4:8].hex() == "ff000000", "the application is closed"

    @given(st.lists(st.binary(max_size=12) | st.integers(0, 12), max_size=20))
    def test_whatever_the_host_does_is_no_reason_to_fall_over(self, does: list[bytes | int]) -> None:
        clock = SimulatedClock()

        class Mute:
            def execute(self, command: bytes, protection: Protection) -> bytes:
                return bytes(4)

            def reset(self) -> None: ...

            def use_binding_secret(self) -> bytes:
                return SECRET

            def take_security_delay_s(self) -> float:
                return 0.0

        slave = I2cSlave(Mute(), clock=clock, startup_s=0.0)  # type: ignore[arg-type]
        for what in does:
            clock.now += 0.001
            if isinstance(what, bytes):
                slave.write(what)
            else:
                assert len(slave.read(what) or bytes(what)) == what


class TestStates:
    def test_an_acknowledgment_waits_while_the_command_runs(self) -> None:
        bus, link = started(acknowledges=Acknowledges.APART, work_s=lambda *_: 0.05), DataLink()
        send(bus, link, OPEN.apdu)
        assert read(bus, 0x82, 4) == "c8800005"
        assert read(bus, 0x80, 5) == "8000000cec"
        assert read(bus, 0x82, 4) == "88800000"
        bus.clock.now += 0.05
        assert read(bus, 0x82, 4) == "4880000a"
        assert read(bus, 0x80, 10) == "00000500000000001487"

    def test_it_comes_inside_the_answer(self) -> None:
        bus, link = started(acknowledges=Acknowledges.INSIDE, work_s=lambda *_: 0.05), DataLink()
        send(bus, link, OPEN.apdu)
        assert read(bus, 0x82, 4) == "88800000"
        bus.clock.now += 0.05
        assert read(bus, 0x80, 10) == "00000500000000001487"

    def test_a_chip_that_works_may_be_deaf(self) -> None:
        bus, link = started(is_deaf=True, work_s=lambda *_: 0.05), DataLink()
        send(bus, link, OPEN.apdu)
        assert not bus.slave.write(b"\x82")
        bus.clock.now += 0.05
        assert bus.slave.write(b"\x82")

    def test_a_chip_that_sleeps_wakes_at_its_address(self) -> None:
        bus = started(sleep_s=0.02)
        assert bus.slave.write(b"\x82") is (bus.slave.read(4) is not None)
        bus.clock.now += 0.03
        assert not bus.slave.write(b"\x82")
        assert bus.slave.write(b"\x82")

    def test_an_answer_that_is_not_acknowledged_comes_again(self) -> None:
        bus, link = started(acknowledges=Acknowledges.INSIDE), DataLink()
        send(bus, link, OPEN.apdu)
        for _ in range(4):
            assert read(bus, 0x80, 10) == "00000500000000001487"
            assert read(bus, 0x82, 4) == IDLE
            bus.clock.now += 0.011
        assert read(bus, 0x82, 4) == IDLE
        bus.slave.write(b"\x80" + link.refuse())
        assert read(bus, 0x80, 10) == "00000500000000001487"
        bus.slave.write(b"\x80" + encode(0x80))
        bus.clock.now += 0.011
        assert read(bus, 0x82, 4) == IDLE

    def test_a_command_that_comes_twice_is_done_once(self) -> None:
        bus, link = started(), DataLink()
        send(bus, link, OPEN.apdu)
        bus.slave.write(b"\x80" + link.repeat())
        assert bus.chip.commands == [OPEN.apdu]
        bus.slave.write(b"\x80" + link.reset())
        send(bus, link, OPEN.apdu)
        assert bus.chip.commands == [OPEN.apdu] * 2

    def test_a_broken_chain_is_told_and_the_last_answer_said_again(self) -> None:
        bus, link = started(acknowledges=Acknowledges.INSIDE), DataLink()
        bus.slave.write(b"\x80" + link.send(b"\x04aa"))
        assert bytes.fromhex(read(bus, 0x80, 6))[3] == 0x07
        send(bus, link, OPEN.apdu)
        bus.slave.write(b"\x80" + link.send(transport.chaining_error(is_presented=False)))
        assert bus.chip.commands == [OPEN.apdu]
        assert bytes.fromhex(read(bus, 0x80, 10))[3:8] == bytes(5)

    def test_a_store_that_fails_leaves_the_chip_silent(self, tmp_path: Path) -> None:
        clock, told = SimulatedClock(), []
        chip = EmulatedChip(SqliteStore(tmp_path / "my.chip"), clock=clock)
        slave = I2cSlave(chip, clock=clock, report=told.append)

        def fail(*_: object) -> bytes:
            raise BoardError("the disk is full")

        chip.execute = fail  # type: ignore[method-assign]
        clock.now += 0.02
        assert slave.write(b"\x80" + DataLink().send(b"\x00" + OPEN.apdu))
        assert slave.write(b"\x82")
        assert slave.read(4).hex() == "c8800005"
        assert [str(error) for error in told] == ["the disk is full"]
        chip.close()


class TestShielded:
    """Conditions with the secret in 0xE140: reading needs the answer sealed, writing the command."""

    LEVELS = (Protection.NONE, Protection.COMMAND, Protection.ANSWER, Protection.BOTH)

    @pytest.fixture
    def bus(self) -> OnBus:
        bus = OnBus()
        host = bus.host()
        condition = bytes.fromhex("20e140")
        metadata = Metadata({Tag.READ: condition, Tag.CHANGE: condition}).encode()
        size = (len(metadata) + 4).to_bytes(2, "big")
        for command in (OPEN, ask("82400008f1d0000068656c64"), ask(f"8201{size.hex()}f1d00000{metadata.hex()}")):
            assert host.exchange(command) == bytes(4)
        return bus

    @pytest.mark.parametrize("level", LEVELS)
    def test_reading(self, bus: OnBus, level: Protection) -> None:
        host = bus.host(secret=SECRET, protection=level)
        host.exchange(OPEN)
        answer = host.exchange(ask("81000006f1d000000004"))
        assert answer == (b"\x00\x00\x00\x04held" if level & Protection.ANSWER else bytes.fromhex("ff000000"))

    @pytest.mark.parametrize("level", LEVELS)
    def test_writing(self, bus: OnBus, level: Protection) -> None:
        host = bus.host(secret=SECRET, protection=level)
        host.exchange(OPEN)
        answer = host.exchange(ask("82000008f1d0000077726f74"))
        assert answer == bytes.fromhex("00000000" if level & Protection.COMMAND else "ff000000")

    def test_without_a_connection(self, bus: OnBus) -> None:
        host = bus.host()
        host.exchange(OPEN)
        assert host.exchange(ask("81000006f1d000000004")).hex() == "ff000000"
        assert host.exchange(ask("01000006f1c200000001"))[4] == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED

    def test_a_claim_is_no_connection(self, bus: OnBus) -> None:
        bus.chip.is_shielded = True
        host = bus.host()
        host.exchange(OPEN)
        assert host.exchange(ask("81000006f1d000000004")).hex() == "ff000000"

    def test_the_secret_is_changed_over_the_connection_that_it_shields(self) -> None:
        bus = OnBus()
        host = bus.host(secret=SECRET)
        host.exchange(OPEN)
        new = bytes(range(64, 128))
        assert host.exchange(ask("82400044e1400000" + new.hex(), hides=True)) == bytes(4)
        assert host.exchange(UID)[:1] == b"\x00", "the connection goes on"
        with pytest.raises(BoardError, match="secret"):
            bus.host(secret=SECRET).exchange(OPEN)
        assert bus.host(secret=new).exchange(OPEN) == bytes(4)

    def test_a_handshake_is_a_use_of_the_secret(self) -> None:
        bus = OnBus()
        before = bus.chip._machine.monitor.value
        for _ in range(5):
            bus.host(secret=SECRET).exchange(OPEN)
        assert bus.chip._machine.monitor.value > before

    def test_plain_text_behind_a_connection_is_refused_until_a_reset(self) -> None:
        bus = OnBus()
        bus.host(secret=SECRET).exchange(OPEN)
        link = DataLink()
        bus.slave.write(b"\x80" + link.reset())
        before = len(bus.chip.commands)
        send(bus, link, UID.apdu)
        assert bytes.fromhex(read(bus, 0x80, 7))[3:5].hex() == "0840"
        assert len(bus.chip.commands) == before

    @pytest.mark.parametrize(
        ("message", "answer"),
        [
            ("0002", "40"),
            ("08" + 48 * "00", "40"),
            ("23" + 12 * "00", "40"),
            ("60", "40"),
            ("6800000000", "40"),
            ("44", "40"),
            ("99", "40"),
            ("20" + OPEN.apdu.hex(), "2000000000"),
        ],
    )
    def test_messages_without_a_connection(self, message: str, answer: str) -> None:
        bus = started()
        assert bus.slave._shield.take(bytes.fromhex(message)) == bytes.fromhex(answer)

    def test_a_host_that_sends_what_is_not_authentic_is_asked_again_and_then_left(self) -> None:
        bus = OnBus()
        host = bus.host(secret=SECRET)
        host.exchange(OPEN)
        forged = (
            bytes.fromhex("23") + (host.conversation._shielding.channel.numbers.sent + 1).to_bytes(4, "big") + bytes(12)
        )
        answers = [bus.slave._shield.take(forged) for _ in range(4)]
        assert answers == [b"\x44"] * 3 + [b"\x40"]

    def test_an_answer_is_said_again_with_the_next_number_three_times(self) -> None:
        bus = OnBus()
        host = bus.host(secret=SECRET)
        host.exchange(OPEN)
        channel = host.conversation._shielding.channel
        for _ in range(3):
            said = bus.slave._shield.take(b"\x44")
            assert channel.open(said, Protection.BOTH)[1] == bytes(4)
        assert bus.slave._shield.take(b"\x44") == b"\x40"
