"""The host's conversation: what it costs, what it begins with, and what it does with chips of all habits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography import x509

from optiga import BoardError, ChipError
from optiga.chip import Chip
from optiga.emulator.board.i2c_faults import Fault, FaultKind, FaultyBus
from optiga.emulator.board.i2c_slave import Acknowledges, WorkTime
from optiga.emulator.timing import work_on_i2c_s, work_s
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import create_csr
from optiga.link.i2c.host import LIMIT_S, I2cConversation
from optiga.link.i2c.steps import Done, Write
from optiga.protocol.request import Protection
from tests.support.i2c_carried import Carried
from tests.support.i2c_chips import OPEN, SECRET, UID, OnBus, ask
from tests.support.places import CONFIG

COUNT = ask("82020005e120000001", is_repeatable=False)
RANDOM = ask("8c0000020010", is_repeatable=False, hides=True)


def request_csr(carried: Carried) -> None:
    csr = create_csr(Chip(carried), load_configuration(CONFIG))
    assert x509.load_der_x509_csr(csr.der).is_signature_valid


class TestCost:
    @pytest.mark.parametrize("is_deaf", [False, True], ids=["hears", "deaf"])
    @pytest.mark.parametrize(
        ("acknowledges", "most"), [(Acknowledges.APART, 34), (Acknowledges.INSIDE, 22), (Acknowledges.WHEN_SLOW, 34)]
    )
    @pytest.mark.parametrize("takes", [work_on_i2c_s, work_s])
    def test_the_transactions_and_the_time_of_a_csr(
        self, acknowledges: Acknowledges, most: int, is_deaf: bool, takes: WorkTime
    ) -> None:
        bus = OnBus(acknowledges=acknowledges, work_s=takes, is_deaf=is_deaf)
        carried = bus.host()
        carried.open()
        before, started = len(carried.log), bus.clock.now
        request_csr(carried)
        assert len(carried.log) - before <= most
        worked = sum(work_s(command, b"") for command in bus.chip.commands)
        assert bus.clock.now - started <= 1.05 * worked + (0.009 if takes is work_s else 0)
        assert carried.notes == []

    @pytest.mark.parametrize("oid", [0xE0C2, 0xE0E0, 0xF1E0], ids=hex)
    def test_the_time_of_a_read(self, oid: int) -> None:
        """Only the chip knows how much there is to read: the host does not wait as long as the most would take."""
        bus = OnBus(work_s=work_s)
        carried = bus.host()
        chip = Chip(carried)
        chip.objects.metadata(oid)
        before, started = len(carried.log), bus.clock.now
        size = len(chip.objects.read(oid))
        chip.objects.metadata(oid)
        worked = 0.03 * max(1, size / 256) + 0.03
        assert worked <= bus.clock.now - started <= worked + 0.02 + size / 30_000
        assert len(carried.log) - before <= 20 + 4 * 1000 * worked / 2

    def test_a_chip_that_takes_longer_is_looked_at_every_millisecond_or_two(self) -> None:
        bus = OnBus(acknowledges=Acknowledges.INSIDE, work_s=lambda *_: 0.1)
        carried = bus.host()
        carried.open()
        before, started = len(carried.log), bus.clock.now
        carried.exchange(OPEN)
        assert 0.1 <= bus.clock.now - started <= 0.104
        assert 2 * 0.1 / 0.003 < len(carried.log) - before < 2 * 0.1 / 0.001

    @pytest.mark.parametrize("kind", [FaultKind.DAMAGED, FaultKind.LOST, FaultKind.ADDRESS_NACK])
    @pytest.mark.parametrize("acknowledges", Acknowledges)
    def test_a_command_that_takes_seconds_is_looked_at_early(self, kind: FaultKind, acknowledges: Acknowledges) -> None:
        """It would be noticed after seconds that it was lost on its way."""
        bus = OnBus(work_s=lambda *_: 2.9, acknowledges=acknowledges)
        carried = bus.host(FaultyBus(bus.slave, [Fault(kind, True, 0)]))
        started = bus.clock.now
        carried.exchange(replace(OPEN, traits=replace(OPEN.traits, typical_ms=2900)))
        assert bus.clock.now - started < 3.0


class TestStart:
    def test_a_chip_that_takes_smaller_frames_gets_smaller_packets(self) -> None:
        bus = OnBus(max_frame=64)
        carried = bus.host(secret=SECRET)
        chip = Chip(carried)
        chip.write("0xF1E0", bytes(range(256)) * 2)
        assert chip.read("0xF1E0")[:512] == bytes(range(256)) * 2
        assert max(len(data) for data in carried.written) == 65

    def test_a_way_to_the_bus_that_carries_less_has_smaller_frames(self) -> None:
        bus = OnBus()
        carried = bus.host(most_frame=60)
        chip = Chip(carried)
        chip.write("0xF1E0", bytes(200))
        assert chip.read("0xF1E0")[:200] == bytes(200)
        assert max(len(data or b"") for _, data in carried.log) == 61

    def test_nobody_is_there(self) -> None:
        class Nobody:
            def write(self, data: bytes) -> bool:
                return False

            def read(self, size: int) -> bytes | None:
                return None

        bus = OnBus()
        carried = bus.host(Nobody())
        with pytest.raises(BoardError, match="no chip acknowledges"):
            carried.open()
        assert bus.clock.now < 102

    @pytest.mark.parametrize("said", [b"\xff", b"\x00", b"\x5a"])
    def test_somebody_else_is_there(self, said: bytes) -> None:
        class Other:
            def write(self, data: bytes) -> bool:
                return True

            def read(self, size: int) -> bytes | None:
                return said * size

        bus = OnBus()
        carried = bus.host(Other())
        with pytest.raises(BoardError, match="does not answer as"):
            carried.exchange(OPEN)
        assert bus.clock.now < 102

    def test_a_chip_that_is_just_starting_is_waited_for(self) -> None:
        bus = OnBus(startup_s=0.09)
        assert bus.host().exchange(OPEN) == bytes(4)

    @pytest.mark.parametrize("resets", [True, False], ids=["reset", "no reset"])
    @pytest.mark.parametrize("was_shielded", [False, True], ids=["plain", "shielded"])
    @pytest.mark.parametrize("left", ["nothing", "an answer", "a command", "a chain"])
    def test_what_a_killed_run_has_left_is_dropped(self, left: str, was_shielded: bool, resets: bool) -> None:
        bus = OnBus(work_s=lambda *_: 0.05)
        first = bus.host(secret=SECRET if was_shielded else None)
        first.exchange(OPEN)
        killed = first.conversation.exchange(ask("81000006e0e0000002ff") if left == "a chain" else UID, bus.clock.now)
        step = next(killed)
        for _ in range({"nothing": 0, "an answer": 8, "a command": 2, "a chain": 8}[left]):
            data = first._do(step)
            step = killed.send(Done(bus.clock.now, data))
        killed.close()
        second = bus.host(resets=resets)
        assert second.exchange(OPEN) == bytes(4)
        assert second.exchange(UID)[:5].hex() == "0000001bcd"

    @pytest.mark.parametrize("settled", [True, False])
    def test_a_chip_that_was_left_at_a_long_work_is_waited_for_if_that_is_known(self, settled: bool) -> None:
        bus = OnBus(is_deaf=True, work_s=lambda *_: 3.0)
        killed = bus.host().conversation.exchange(OPEN, bus.clock.now)
        first, step = bus.host(), next(killed)
        while not (isinstance(step, Write) and len(step.data) > 20):
            data = first._do(step)
            step = killed.send(Done(bus.clock.now, data))
        first._do(step)
        killed.close()
        bus.slave._work_s = lambda *_: 0.0
        second = bus.host(settled=settled)
        if settled:
            with pytest.raises(BoardError, match="no chip acknowledges"):
                second.exchange(OPEN)
        else:
            assert second.exchange(OPEN) == bytes(4)

    def test_a_chip_that_sleeps_is_woken(self) -> None:
        bus = OnBus(sleep_s=0.02)
        carried = bus.host()
        chip = Chip(carried)
        for _ in range(3):
            bus.clock.now += 1.0
            assert chip.uid


class TestOnce:
    """What must not run twice does not."""

    @pytest.mark.parametrize("kind", [FaultKind.DAMAGED, FaultKind.LOST, FaultKind.REPEATED, FaultKind.ADDRESS_NACK])
    @pytest.mark.parametrize("is_towards_chip", [True, False])
    def test_what_the_data_link_makes_good(self, kind: FaultKind, is_towards_chip: bool) -> None:
        bus = OnBus()
        carried = bus.host(FaultyBus(bus.slave, [Fault(kind, is_towards_chip, 2, 2)]))
        carried.exchange(OPEN)
        assert carried.exchange(COUNT)[:1] in (b"\x00", b"\xff")
        assert bus.chip.commands.count(COUNT.apdu) == 1

    @pytest.mark.parametrize(
        ("kind", "secret"),
        [
            (FaultKind.LOST, None),
            (FaultKind.RESYNC, None),
            (FaultKind.CHAINING_ERROR, None),
            (FaultKind.LOST, SECRET),
            (FaultKind.RESYNC, SECRET),
            (FaultKind.CHAINING_ERROR, SECRET),
            (FaultKind.FATAL_ALERT, SECRET),
        ],
    )
    def test_what_it_does_not(self, kind: FaultKind, secret: bytes | None) -> None:
        bus = OnBus(acknowledges=Acknowledges.INSIDE)
        carried = bus.host(FaultyBus(bus.slave, [Fault(kind, False, 3 if secret else 1, 20)]), secret=secret)
        carried.exchange(OPEN)
        with pytest.raises(BoardError) as caught:
            carried.exchange(COUNT)
        assert "0x02" in str(caught.value)
        assert "must not be sent twice" in str(caught.value)
        assert bus.chip.commands.count(COUNT.apdu) == 1

    def test_an_alert_that_anybody_may_have_sent_is_no_reason_to_send_it_again(self) -> None:
        bus = OnBus(acknowledges=Acknowledges.INSIDE)
        carried = bus.host(FaultyBus(bus.slave, [Fault(FaultKind.INTEGRITY_ALERT, False, 3)]), secret=SECRET)
        carried.exchange(OPEN)
        with pytest.raises(BoardError, match="must not be sent twice"):
            carried.exchange(COUNT)
        assert bus.chip.commands.count(COUNT.apdu) == 1

    @pytest.mark.parametrize("kind", [FaultKind.ADDRESS_NACK, FaultKind.DATA_NACK, FaultKind.BUSY])
    @pytest.mark.parametrize("is_towards_chip", [True, False])
    def test_whether_it_has_run_is_said_to_be_unknown_where_it_is(self, kind: FaultKind, is_towards_chip: bool) -> None:
        bus = OnBus()
        carried = bus.host(FaultyBus(bus.slave, [Fault(kind, is_towards_chip, 2, None)]))
        carried.exchange(OPEN)
        with pytest.raises(BoardError, match=r"unknown whether|must not be sent twice") as caught:
            carried.exchange(COUNT)
        assert "Check the object" in caught.value.hint

    def test_a_chip_that_works_for_longer_than_it_may(self) -> None:
        bus = OnBus(work_s=lambda *_: 30.0)
        carried = bus.host()
        started = bus.clock.now
        with pytest.raises(BoardError, match="longer for a command"):
            carried.exchange(OPEN)
        assert bus.clock.now - started < LIMIT_S

    def test_a_run_of_commands_ends_in_time_too(self) -> None:
        bus = OnBus(work_s=lambda *_: 300.0)
        carried = bus.host()
        started = bus.clock.now
        for _ in range(20):
            with pytest.raises(BoardError):
                carried.exchange(OPEN)
        assert bus.clock.now - started < LIMIT_S

    def test_a_search_for_primes_may_take_longer(self) -> None:
        bus = OnBus()
        carried = bus.host(limit_s=4.0)
        carried.exchange(OPEN)
        bus.slave._work_s = lambda *_: 6.0
        slow = replace(UID, traits=replace(UID.traits, typical_ms=2900, longest_ms=60_000))
        assert carried.exchange(slow)[:4].hex() == "0000001b"

    def test_a_chip_that_was_reset_in_between_says_so(self) -> None:
        bus = OnBus()
        chip = Chip(bus.host())
        bus.slave.reset()
        with pytest.raises(ChipError):
            chip.read("0xE0C2")


class TestShielded:
    def test_everything_is_sealed(self) -> None:
        bus = OnBus()
        carried = bus.host(secret=SECRET)
        request_csr(carried)
        assert carried.conversation.is_shielded
        assert set(bus.chip.protections) == {Protection.BOTH}
        sent = b"".join(carried.written)
        assert not any(command[4:] in sent for command in bus.chip.commands)

    def test_what_carries_a_secret_is_sealed_whatever_is_wished(self) -> None:
        bus = OnBus()
        carried = bus.host(secret=SECRET, protection=Protection.NONE)
        carried.exchange(OPEN)
        carried.exchange(RANDOM)
        assert bus.chip.protections == [Protection.NONE, Protection.BOTH]

    @pytest.mark.parametrize("held", [bytes(64), SECRET[:-1] + b"?", SECRET[:32]])
    def test_a_wrong_secret_is_one_clear_error_and_the_chip_works_afterwards(self, held: bytes) -> None:
        bus = OnBus()
        with pytest.raises(BoardError, match="does not prove that it has the secret") as caught:
            bus.host(secret=held).exchange(OPEN)
        assert caught.value.hint
        assert not bus.chip.commands
        assert bus.host().exchange(OPEN) == bytes(4)

    def test_a_chip_that_is_mute_behind_a_wrong_secret(self) -> None:
        bus = OnBus()
        answer = bus.slave._shield.take
        bus.slave._shield.take = lambda message: None if message[0] == 0x08 else answer(message)  # type: ignore[method-assign]
        with pytest.raises(BoardError, match="secret"):
            bus.host(secret=SECRET).exchange(OPEN)
        bus.slave._shield.take = answer  # type: ignore[method-assign]
        assert bus.host(secret=SECRET).exchange(OPEN) == bytes(4)

    @pytest.mark.parametrize("size", [0, 31, 65])
    def test_a_secret_of_another_length(self, size: int) -> None:
        with pytest.raises(ValueError, match="32 to 64"):
            I2cConversation(port="bus", secret=bytes(size))

    def test_there_is_no_way_back_to_plain_text(self) -> None:
        bus = OnBus()
        faults = [Fault(kind, False, number, None) for kind, number in ((FaultKind.PLAIN, 6),)]
        carried = bus.host(FaultyBus(bus.slave, faults), secret=SECRET)
        carried.exchange(OPEN)
        with pytest.raises(BoardError):
            list(map(carried.exchange, [UID] * 8))
        assert set(bus.chip.protections) == {Protection.BOTH}

    def test_a_connection_that_ends_is_made_again(self) -> None:
        bus = OnBus()
        carried = bus.host(secret=SECRET)
        carried.exchange(OPEN)
        bus.slave._shield.reset()
        assert carried.exchange(UID)[:4].hex() == "0000001b"
        assert any("ended" in note for note in carried.notes)

    def test_numbers_that_come_near_their_end_are_renewed_first(self) -> None:
        bus = OnBus()
        carried = bus.host(secret=SECRET)
        carried.exchange(OPEN)
        channel = carried.conversation._shielding.channel
        assert channel is not None
        channel._numbers = replace(channel.numbers, sent=0xFFFFF000)
        assert carried.exchange(UID)[:4].hex() == "0000001b"
        assert carried.conversation._shielding.channel.numbers.sent < 0x20000
        assert carried.notes == []

    def test_it_survives_hibernation_once(self) -> None:
        bus = OnBus()
        first = bus.host(secret=SECRET)
        first.exchange(OPEN)
        bus.clock.now += 60  # the handshake is a security event
        handle = first.exchange(ask("f1010000", is_repeatable=False))[4:]
        saved = first.carry(first.conversation.hibernate)
        bus.slave.reset()
        second = bus.host()
        second.carry(lambda now: second.conversation.restore(saved, now))
        restore = ask("f0010018d27600000447656e417574684170706c" + handle.hex())
        assert second.exchange(restore) == bytes(4)
        assert second.exchange(UID)[:4].hex() == "0000001b"
        assert set(bus.chip.protections) == {Protection.BOTH}
        third = bus.host()
        with pytest.raises(BoardError, match="not saved"):
            third.carry(lambda now: third.conversation.restore(saved, now))

    def test_a_restored_connection_that_is_lost_does_not_become_plain(self) -> None:
        bus = OnBus()
        first = bus.host(secret=SECRET)
        first.exchange(OPEN)
        saved = first.carry(first.conversation.hibernate)
        second = bus.host()
        second.carry(lambda now: second.conversation.restore(saved, now))
        bus.slave.reset()
        before = len(bus.chip.commands)
        with pytest.raises(BoardError):
            second.exchange(OPEN)
        assert len(bus.chip.commands) == before

    def test_nothing_to_hibernate(self) -> None:
        bus = OnBus()
        carried = bus.host()
        carried.exchange(OPEN)
        with pytest.raises(BoardError, match="no shielded connection"):
            carried.carry(carried.conversation.hibernate)

    def test_a_host_without_the_secret_ends_another_ones_connection_by_a_reset(self) -> None:
        bus = OnBus()
        bus.host(secret=SECRET).exchange(OPEN)
        carried = bus.host(resets=False)
        assert carried.exchange(OPEN) == bytes(4)
        assert b"\x88\x00\x00" in carried.written
