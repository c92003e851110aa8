"""The security monitor: what time does to its counter, what it delays, its configuration (SRM, "Security Monitor")."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from optiga.emulator import EmulatedChip, MemoryStore, SqliteStore
from optiga.emulator.objects import StoredObject
from optiga.emulator.timing import RealTiming
from optiga.errors import BoardError
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import Clock, Probe, command, key_target, to_sign

SEC, CONFIGURATION = 0xE0C5, 0xE0C9
DIGEST = bytes(range(32))
TMAX = 5.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> CountingStore:
    store = CountingStore()
    EmulatedChip(store)
    open_configuration(store)
    store.writes = 0
    return store


@pytest.fixture
def probe(store: CountingStore, clock: Clock) -> Probe:
    return Probe(store, clock=clock)


class CountingStore(MemoryStore):
    """A store that counts how often the counter is written."""

    writes = 0

    def save(self, changed: dict[int, StoredObject], context: bytes | None = None) -> None:  # type: ignore[override]
        self.writes += SEC in changed
        super().save(changed, context)


def open_configuration(store: CountingStore) -> None:
    """Make the configuration writable, as it is before its life cycle state is operational."""
    stored = store.load()[CONFIGURATION]
    store.save({CONFIGURATION: StoredObject(stored.data, stored.metadata.with_tags({Tag.LCSO: b"\x01"}))})


def sec(probe: Probe) -> int:
    return probe.read(SEC)[0]


def stored_sec(store: MemoryStore) -> int:
    return store.load()[SEC].data[0]


def use(probe: Probe, times: int = 1) -> None:
    for _ in range(times):
        probe.sign(0xE0F0, DIGEST)


def power_cycle(probe: Probe, store: MemoryStore, clock: Clock) -> Probe:
    probe.chip.close()
    return Probe(store, clock=clock)


def test_each_use_of_a_private_key_counts(probe: Probe, store: CountingStore) -> None:
    assert sec(probe) == 0
    use(probe, 3)
    assert sec(probe) == stored_sec(store) == 3
    assert store.writes == 3


def test_time_without_events_lowers_it(probe: Probe, store: CountingStore, clock: Clock) -> None:
    use(probe, 3)
    clock.time += TMAX - 0.01
    assert sec(probe) == 3
    clock.time += 0.01
    assert sec(probe) == stored_sec(store) == 2
    clock.time += 100 * TMAX
    assert sec(probe) == stored_sec(store) == 0


def test_an_event_begins_a_new_period(probe: Probe, clock: Clock) -> None:
    use(probe)
    clock.time += 0.6 * TMAX
    use(probe)
    clock.time += 0.6 * TMAX
    assert sec(probe) == 2
    clock.time += 0.4 * TMAX
    assert sec(probe) == 1


def test_one_use_in_a_period_is_permitted_for_ever(probe: Probe, clock: Clock) -> None:
    use(probe)
    for _ in range(500):
        clock.time += TMAX
        use(probe)
    assert sec(probe) == 1


def test_credit_is_earned_and_spent(probe: Probe, store: CountingStore, clock: Clock) -> None:
    clock.time += 3 * TMAX
    use(probe, 3)
    assert sec(probe) == 0
    assert store.writes == 0
    use(probe)
    assert sec(probe) == 1


def test_credit_has_a_limit_and_begins_only_at_zero(probe: Probe, clock: Clock) -> None:
    use(probe, 2)
    clock.time += 3 * TMAX  # two to come down, one of credit
    use(probe, 2)
    assert sec(probe) == 1
    clock.time += 1000 * TMAX
    use(probe, 6)
    assert sec(probe) == 1


def test_power_takes_the_credit_and_leaves_the_counter(probe: Probe, store: CountingStore, clock: Clock) -> None:
    use(probe, 2)
    probe = power_cycle(probe, store, clock)
    assert sec(probe) == 2
    clock.time += 9 * TMAX
    assert sec(probe) == 0
    probe = power_cycle(probe, store, clock)
    use(probe)
    assert sec(probe) == 1


def test_what_time_has_lowered_is_written_when_power_goes(probe: Probe, store: CountingStore, clock: Clock) -> None:
    use(probe, 3)
    clock.time += 2 * TMAX
    probe.chip.close()
    assert stored_sec(store) == 1


def test_time_without_power_lowers_nothing(probe: Probe, store: CountingStore, clock: Clock) -> None:
    use(probe, 3)
    probe.chip.close()
    clock.time += 100 * TMAX
    assert sec(Probe(store, clock=clock)) == 3


def test_a_chip_in_a_file_keeps_it(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "my.chip"
    probe = Probe(SqliteStore(path), clock=clock)
    use(probe, 2)
    probe.chip.close()
    again = Probe(SqliteStore(path), clock=clock)
    assert sec(again) == 2
    again.chip.close()


def test_it_ends_at_255(probe: Probe) -> None:
    use(probe, 260)
    assert sec(probe) == 255


def test_nobody_can_write_it(probe: Probe) -> None:
    use(probe)
    assert probe.write_refused(SEC, b"\x00") is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
    assert sec(probe) == 1


class TestConfiguration:
    """SRM, table "Security Monitor Configurations"."""

    def test_it_is_locked_at_the_factory(self) -> None:
        refused = Probe().write_refused(CONFIGURATION, b"\x10")
        assert refused is ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
        assert Probe().read(CONFIGURATION).hex() == "3200050100000000"

    def test_a_shorter_period(self, probe: Probe, clock: Clock) -> None:
        use(probe, 2)
        probe.write(CONFIGURATION, b"\x0a")
        clock.time += 1.0
        assert sec(probe) == 1

    def test_time_before_a_change_goes_by_the_period_before(self, probe: Probe, clock: Clock) -> None:
        use(probe, 3)
        clock.time += TMAX
        probe.write(CONFIGURATION, b"\x01")
        assert sec(probe) == 2

    def test_a_longer_period_than_the_longest(self, probe: Probe, clock: Clock) -> None:
        probe.write(CONFIGURATION, b"\xff")
        use(probe, 2)
        clock.time += TMAX
        assert sec(probe) == 1

    def test_a_period_of_zero_turns_the_monitor_off(self, probe: Probe, store: CountingStore, clock: Clock) -> None:
        use(probe, 3)
        probe.write(CONFIGURATION, b"\x00")
        assert sec(probe) == stored_sec(store) == 0
        use(probe, 5)
        clock.time += 100
        assert sec(probe) == 0
        probe = power_cycle(probe, store, clock)
        use(probe)
        assert sec(probe) == 0
        probe.write(CONFIGURATION, b"\x32")
        use(probe)
        assert sec(probe) == 1

    def test_an_old_counter_is_dropped_at_power_up_when_off(self, store: CountingStore, clock: Clock) -> None:
        stored = store.load()
        store.save(
            {
                SEC: StoredObject(b"\x50", stored[SEC].metadata),
                CONFIGURATION: StoredObject(bytes(8), stored[CONFIGURATION].metadata),
            }
        )
        probe = Probe(store, clock=clock)
        assert sec(probe) == stored_sec(store) == 0

    def test_no_credit(self, probe: Probe, clock: Clock) -> None:
        clock.time += 3 * TMAX
        probe.write(CONFIGURATION, b"\x00", offset=2)
        clock.time += 3 * TMAX
        use(probe)
        assert sec(probe) == 1

    def test_more_credit(self, probe: Probe, clock: Clock) -> None:
        probe.write(CONFIGURATION, b"\x14", offset=2)
        clock.time += 100 * TMAX
        use(probe, 20)
        assert sec(probe) == 0

    def test_writes_that_are_put_off(self, probe: Probe, store: CountingStore, clock: Clock) -> None:
        """The manual's example: with a count of 4, four events and their decay are 5 writes, not 8."""
        probe.write(CONFIGURATION, b"\x04", offset=3)
        use(probe, 4)
        for left in (3, 2, 1):
            clock.time += TMAX
            assert (sec(probe), stored_sec(store)) == (left, 4)
        clock.time += TMAX
        assert (sec(probe), stored_sec(store)) == (0, 0)
        assert store.writes == 5

    def test_by_default_none_is_put_off(self, probe: Probe, store: CountingStore, clock: Clock) -> None:
        for delayed in (b"\x01", b"\x00"):
            store.writes = 0
            probe.write(CONFIGURATION, delayed, offset=3)
            use(probe, 4)
            for _ in range(4):
                clock.time += TMAX
                sec(probe)
            assert store.writes == 8

    def test_events_meanwhile_write_nothing_that_is_there(
        self, probe: Probe, store: CountingStore, clock: Clock
    ) -> None:
        probe.write(CONFIGURATION, b"\x04", offset=3)
        use(probe, 3)
        clock.time += 2 * TMAX
        use(probe, 2)
        assert (sec(probe), stored_sec(store), store.writes) == (3, 3, 3)

    @pytest.mark.parametrize("how", ["close", "open"])
    def test_closing_the_application_writes_it(
        self, probe: Probe, store: CountingStore, clock: Clock, how: str
    ) -> None:
        probe.write(CONFIGURATION, b"\x09", offset=3)
        use(probe, 2)
        clock.time += 2 * TMAX
        assert (sec(probe), stored_sec(store)) == (0, 2)
        if how == "close":
            probe.ok(CommandCode.CLOSE_APPLICATION, 0)
        else:
            probe.ok(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID)
        assert stored_sec(store) == (0 if how == "close" else 2)

    def test_a_configuration_that_is_too_short(self, probe: Probe, clock: Clock) -> None:
        probe.write(CONFIGURATION, b"\x0a", how=0x40)
        use(probe, 2)
        clock.time += 3.0
        use(probe, 1)
        assert sec(probe) == 0

    def test_it_has_no_type(self, probe: Probe) -> None:
        assert probe.tags_refused(CONFIGURATION, {Tag.TYPE: b"\x00"}) is ErrorCode.INVALID_DATA

    def test_a_write_that_the_store_fails_configures_nothing(self, clock: Clock) -> None:
        class FailingStore(CountingStore):
            full = False

            def save(self, changed: dict[int, StoredObject], context: bytes | None = None) -> None:  # type: ignore[override]
                if self.full:
                    raise BoardError("the disk is full")
                super().save(changed, context)

        store = FailingStore()
        EmulatedChip(store)
        open_configuration(store)
        probe = Probe(store, clock=clock)
        use(probe, 2)
        store.full = True
        with pytest.raises(BoardError):
            probe.write(CONFIGURATION, b"\x01")
        store.full = False
        clock.time += 1.0
        assert sec(probe) == 2


class TestDelay:
    """SRM, "Security Monitor Characteristics": from 128 on, up to the whole period at 255."""

    def delay(self, probe: Probe) -> float:
        """Of one use."""
        probe.chip.take_security_delay_s()
        use(probe)
        return probe.chip.take_security_delay_s()

    def set_counter(self, store: MemoryStore, value: int) -> None:
        stored = store.load()[SEC]
        store.save({SEC: StoredObject(bytes([value]), stored.metadata)})

    @pytest.mark.parametrize(
        ("before", "seconds"),
        [(0, 0.0), (126, 0.0), (127, TMAX / 128), (191, TMAX * 65 / 128), (254, TMAX), (255, TMAX)],
    )
    def test_a_use_is_delayed(self, store: CountingStore, clock: Clock, before: int, seconds: float) -> None:
        self.set_counter(store, before)
        assert self.delay(Probe(store, clock=clock)) == pytest.approx(seconds)

    def test_a_use_on_credit_is_delayed_no_more(self, probe: Probe, clock: Clock) -> None:
        clock.time += 3 * TMAX
        assert self.delay(probe) == 0

    def test_delays_add_up_until_they_are_taken(self, store: CountingStore, clock: Clock) -> None:
        self.set_counter(store, 255)
        probe = Probe(store, clock=clock)
        use(probe, 3)
        assert probe.chip.take_security_delay_s() == pytest.approx(3 * TMAX)
        assert probe.chip.take_security_delay_s() == 0

    def test_nothing_else_is_delayed(self, store: CountingStore, clock: Clock) -> None:
        self.set_counter(store, 255)
        probe = Probe(store, clock=clock)
        probe.read(0xE0C2)
        probe.ok(CommandCode.GEN_KEY_PAIR, 0x03, key_target(0xE100))
        probe.sign(0xE100, DIGEST)
        assert probe.chip.take_security_delay_s() == 0

    def test_the_delay_goes_by_the_period_that_is_configured(self, store: CountingStore, clock: Clock) -> None:
        probe = Probe(store, clock=clock)
        probe.write(CONFIGURATION, b"\x14")
        use(probe, 255)
        assert self.delay(probe) == pytest.approx(2.0)

    def test_real_timing_takes_it(self, store: CountingStore, clock: Clock) -> None:
        self.set_counter(store, 255)
        chip = EmulatedChip(store, clock=clock)

        def sleep(seconds: float) -> None:
            clock.time += seconds

        def took(apdu: bytes, delay: Callable[[], float] = chip.take_security_delay_s) -> float:
            began = clock.time
            assert RealTiming(chip.execute, delay=delay, sleep=sleep, now=clock)(apdu)[0] == 0
            return clock.time - began

        took(command(CommandCode.OPEN_APPLICATION, 0, APPLICATION_ID))
        apdu = command(CommandCode.CALC_SIGN, 0x11, to_sign(0xE0F0, DIGEST))
        with_delay, without = took(apdu), took(apdu, lambda: 0.0)
        assert with_delay - without == pytest.approx(TMAX, abs=0.01)
        assert 0.06 < without < 0.2
