"""The host's conversation where it gets rare: broken chains, registers that change on their way, close numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from optiga import BoardError
from optiga.emulator.board.i2c_faults import Fault, FaultKind, FaultyBus
from optiga.emulator.board.i2c_slave import I2cSlave
from optiga.link.i2c import datalink
from optiga.link.i2c.presentation import LAST_NUMBER
from tests.support.i2c_chips import OPEN, SECRET, UID, OnBus, ask

LONG = ask("81000006e0e000000200")
ONCE = ask("81000006e0e000000200", is_repeatable=False)


@dataclass
class Changed:
    """A bus that changes what is read from a register.

    :param register: the one.
    :param changes: what is done to what was read, in turn.
    """

    slave: I2cSlave
    register: int
    changes: list[object]
    pointer: int = 0

    def write(self, data: bytes) -> bool:
        self.pointer = data[0]
        return self.slave.write(data)

    def read(self, size: int) -> bytes | None:
        data = self.slave.read(size)
        if self.pointer != self.register or not self.changes or data is None:
            return data
        change = self.changes.pop(0)
        return change(data) if change is not None else data


def first_is_single(frame: bytes) -> bytes:
    """The frame with the first packet of a chain as one that goes on with a chain."""
    packet = frame[3:-2]
    return datalink.encode(frame[0], bytes([packet[0] ^ 0x03]) + packet[1:])


@pytest.mark.parametrize("secret", [None, SECRET], ids=["plain", "shielded"])
class TestBrokenChain:
    def chain(self, secret: bytes | None, breaks: int) -> tuple[OnBus, Changed]:
        bus = OnBus()
        before = 2 + 2 * (secret is not None)
        per_run = [None, first_is_single]
        return bus, Changed(bus.slave, 0x80, [None] * before + per_run * breaks)

    def test_the_chip_says_its_answer_again(self, secret: bytes | None) -> None:
        bus, changed = self.chain(secret, 1)
        carried = bus.host(changed, secret=secret)
        carried.exchange(OPEN)
        assert len(carried.exchange(LONG)) > 300
        assert bus.chip.commands.count(LONG.apdu) == 1
        assert any("again" in note for note in carried.notes)

    def test_where_it_does_not_help_the_command_is_sent_again_or_not(self, secret: bytes | None) -> None:
        bus, changed = self.chain(secret, 0)
        carried = bus.host(changed, secret=secret)
        carried.exchange(OPEN)
        changed.changes[:] = [lambda frame: first_is_single(frame) if frame[3:4] in (b"\x01", b"\x09") else frame] * 40
        with pytest.raises(BoardError, match="must not be sent twice"):
            carried.exchange(ONCE)
        assert bus.chip.commands.count(ONCE.apdu) == 1


class TestStart:
    @pytest.mark.parametrize("seen", [[0x0114], [0x0014, 0x0115], [0x0014, 0x0019]])
    def test_a_length_that_changes_on_its_way_is_looked_at_again(self, seen: list[int]) -> None:
        bus = OnBus()
        changed = Changed(bus.slave, 0x81, [lambda _, held=held: held.to_bytes(2, "big") for held in seen])
        carried = bus.host(changed)
        carried.open()
        assert carried.conversation._bus.most_frame == 0x0115

    @pytest.mark.parametrize("seen", [[0x0009] * 9, list(range(0x20, 0x29)), [0x7000] * 9])
    def test_a_length_that_no_chip_has(self, seen: list[int]) -> None:
        bus = OnBus()
        changed = Changed(bus.slave, 0x81, [lambda _, held=held: held.to_bytes(2, "big") for held in seen])
        with pytest.raises(BoardError, match="does not answer as"):
            bus.host(changed).open()

    def test_a_chip_without_a_presentation_layer(self) -> None:
        bus = OnBus()
        changed = Changed(bus.slave, 0x82, [lambda state: state[:1] + b"\x00" + state[2:]] * 99)
        with pytest.raises(BoardError, match="not support a shielded connection"):
            bus.host(changed, secret=SECRET).exchange(OPEN)
        assert not bus.chip.commands
        assert bus.host(changed).exchange(OPEN) == bytes(4)

    def test_a_chip_without_a_soft_reset(self) -> None:
        bus = OnBus()
        changed = Changed(bus.slave, 0x82, [lambda state: bytes([state[0] & ~0x08]) + state[1:]] * 99)
        carried = bus.host(changed)
        assert carried.exchange(OPEN) == bytes(4)
        assert not any(data.startswith(b"\x88") for data in carried.written)

    @pytest.mark.parametrize("allowed", range(1, 5))
    def test_a_chip_that_goes_away_at_the_start(self, allowed: int) -> None:
        bus = OnBus()

        class Going:
            left = allowed

            def write(self, data: bytes) -> bool:
                self.left -= 1
                return self.left >= 0 and bus.slave.write(data)

            def read(self, size: int) -> bytes | None:
                return bus.slave.read(size)

        bus.clock.now += 0.01
        with pytest.raises(BoardError, match="no longer"):
            bus.host(Going()).open()
        assert bus.clock.now < 102


class TestNumbers:
    def test_first_numbers_that_are_close_together_are_drawn_again(self) -> None:
        """The chip's third record would have the number of its Finished, with the same key."""
        drawn = iter([10, 13, 100, 50])
        bus = OnBus(random=lambda size: next(drawn).to_bytes(2, "big") if size == 2 else bytes(size))
        carried = bus.host(secret=SECRET)
        for _ in range(5):
            carried.exchange(OPEN)
        numbers = carried.conversation._shielding.channel.numbers
        assert (numbers.own, numbers.other) == (100, 50)

    def test_a_chip_that_draws_them_so_each_time_is_lived_with(self) -> None:
        bus = OnBus(random=lambda size: b"\x00\x05" if size == 2 else bytes(size))
        draws = iter([5, 7] * 50)
        bus.slave._shield._random = lambda size: next(draws).to_bytes(2, "big") if size == 2 else bytes(size)
        carried = bus.host(secret=SECRET)
        assert carried.exchange(OPEN) == bytes(4)
        assert carried.exchange(UID)[:1] == b"\x00"

    def test_a_chip_that_has_no_numbers_left_has_a_new_handshake(self) -> None:
        bus = OnBus()
        carried = bus.host(secret=SECRET)
        carried.exchange(OPEN)
        channel = bus.slave._shield._channel
        channel._numbers = replace(channel.numbers, sent=LAST_NUMBER)
        assert carried.exchange(UID)[:1] == b"\x00"


class TestHibernation:
    def test_an_answer_that_is_lost(self) -> None:
        bus = OnBus()
        carried = bus.host(FaultyBus(bus.slave, [Fault(FaultKind.LOST, False, 4, 99)]), secret=SECRET)
        carried.exchange(OPEN)
        with pytest.raises(BoardError, match="not saved"):
            carried.carry(carried.conversation.hibernate)

    def test_a_chip_that_keeps_nothing(self) -> None:
        bus = OnBus()
        carried = bus.host(secret=SECRET)
        carried.exchange(OPEN)
        bus.slave._shield.reset()
        with pytest.raises(BoardError, match="not saved"):
            carried.carry(carried.conversation.hibernate)

    def test_a_restored_answer_that_is_lost(self) -> None:
        bus = OnBus()
        first = bus.host(secret=SECRET)
        first.exchange(OPEN)
        saved = first.carry(first.conversation.hibernate)
        second = bus.host(FaultyBus(bus.slave, [Fault(FaultKind.LOST, False, 0, 99)]))
        with pytest.raises(BoardError, match="not saved"):
            second.carry(lambda now: second.conversation.restore(saved, now))

    def test_numbers_of_another_connection(self) -> None:
        bus = OnBus()
        first = bus.host(secret=SECRET)
        first.exchange(OPEN)
        saved = first.carry(first.conversation.hibernate)
        other = bytearray(saved)
        other[47] ^= 1  # the number received last
        second = bus.host()
        with pytest.raises(BoardError, match="not saved"):
            second.carry(lambda now: second.conversation.restore(bytes(other), now))
