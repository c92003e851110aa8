"""The shielded connection as a pure state: windows, alerts, numbers, what is printed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.link.i2c import presentation
from optiga.link.i2c.presentation import AlertError, Channel, ChipHello, Keys, Numbers, Role, SealError
from optiga.protocol.request import Protection

SECRET, RANDOM = bytes(range(100, 164)), bytes(range(32))
KEYS = Keys.derive(SECRET, RANDOM)


def connected(host_finished: int = 100, chip_finished: int = 5000) -> tuple[Channel, Channel]:
    return (
        presentation.channel_of_host(KEYS, host_finished, chip_finished),
        presentation.channel_of_chip(KEYS, host_finished, chip_finished),
    )


def at(role: Role, sent: int, received: int) -> Channel:
    return Channel(role, KEYS, Numbers(sent, received, 0, 0))


@given(
    st.lists(st.tuples(st.binary(max_size=50), st.binary(max_size=50), st.sampled_from(list(Protection))), max_size=8),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF),
)
def test_what_one_seals_the_other_opens(
    exchanges: list[tuple[bytes, bytes, Protection]], host_finished: int, chip_finished: int
) -> None:
    host, chip = connected(host_finished, chip_finished)
    for command, answer, protection in exchanges:
        sealed = host.seal(protection, command)
        assert len(sealed) == len(command) + (presentation.OVERHEAD if protection & Protection.COMMAND else 1)
        assert chip.open(sealed) == (protection, command)
        assert host.open(chip.seal(protection, answer), protection) == (protection, answer)


@pytest.mark.parametrize(("host_finished", "chip_finished"), [(10, 5), (5, 10), (7, 7), (0xFFFF, 0), (0, 0xFFFF)])
def test_no_number_is_used_twice_with_a_key(host_finished: int, chip_finished: int) -> None:
    """The two first numbers cross over, so that each end would come to the one of its own Finished."""
    host, chip = connected(host_finished, chip_finished)
    used = {Role.HOST: {host_finished}, Role.CHIP: {chip_finished}}
    for _ in range(20):
        for role, sender, receiver in ((Role.HOST, host, chip), (Role.CHIP, chip, host)):
            sealed = sender.seal(Protection.BOTH, b"x")
            number = int.from_bytes(sealed[1:5], "big")
            assert number not in used[role]
            used[role].add(number)
            receiver.open(sealed)


def test_a_host_wants_a_new_handshake_before_the_chip_comes_to_the_number_of_its_finished() -> None:
    host, chip = connected(100, 120)
    renewals = []
    for _ in range(15):
        renewals.append(host.needs_renewal)
        chip.open(host.seal(Protection.BOTH, b"c"))
        host.open(chip.seal(Protection.BOTH, b"a"))
    assert not any(renewals[:12])
    assert renewals[-1]


@pytest.mark.parametrize("skipped", range(5))
def test_the_window(skipped: int) -> None:
    host, chip = connected()
    for _ in range(skipped):
        host.seal(Protection.BOTH, b"lost")
    sealed = host.seal(Protection.BOTH, b"taken")
    if skipped < presentation.WINDOW:
        assert chip.open(sealed)[1] == b"taken"
    else:
        with pytest.raises(SealError):
            chip.open(sealed)


def test_nothing_is_taken_twice() -> None:
    host, chip = connected()
    first, second = host.seal(Protection.BOTH, b"1"), host.seal(Protection.BOTH, b"2")
    chip.open(first)
    chip.open(second)
    for old in (first, second):
        with pytest.raises(SealError):
            chip.open(old)
    assert chip.open(host.seal(Protection.BOTH, b"3"))[1] == b"3"


def test_what_is_not_authentic_uses_no_number_up() -> None:
    host, chip = connected()
    sealed = host.seal(Protection.BOTH, b"command")
    forged = sealed[:1] + (int.from_bytes(sealed[1:5], "big") + 2).to_bytes(4, "big") + sealed[5:]
    with pytest.raises(SealError):
        chip.open(forged)
    assert chip.open(sealed)[1] == b"command"


@given(st.integers(0, 200), st.integers(0, 7))
def test_each_bit_counts(place: int, bit: int) -> None:
    host, chip = connected()
    sealed = bytearray(host.seal(Protection.BOTH, b"command"))
    sealed[place % len(sealed)] ^= 1 << bit
    opened: tuple[Protection, bytes] | None = None
    try:
        opened = chip.open(bytes(sealed))
    except (SealError, AlertError):
        return
    assert opened[0] in (Protection.NONE, Protection.ANSWER), "only a command that says that it is plain is taken"


@pytest.mark.parametrize("sent", [Protection.NONE, Protection.COMMAND, Protection.ANSWER])
def test_an_answer_of_less_protection_is_refused(sent: Protection) -> None:
    host, chip = connected()
    with pytest.raises(SealError):
        host.open(chip.seal(sent, b"answer"), Protection.BOTH)


@pytest.mark.parametrize("message", ["", "23", "2300001389", "2300001389" + 7 * "00", "00", "99", "6c00000000", "4000"])
def test_messages_that_are_none(message: str) -> None:
    with pytest.raises(SealError):
        connected()[0].open(bytes.fromhex(message), Protection.BOTH)


@pytest.mark.parametrize(("alert", "is_fatal"), [(0x40, True), (0x44, False)])
def test_alerts(alert: int, is_fatal: bool) -> None:
    with pytest.raises(AlertError) as caught:
        connected()[0].open(bytes([alert]), Protection.BOTH)
    assert caught.value.is_fatal is is_fatal
    for take in (ChipHello.decode, lambda message: presentation.check_finished(Role.HOST, KEYS, RANDOM, message)):
        with pytest.raises(AlertError):
            take(bytes([alert]))


def test_numbers_never_begin_again() -> None:
    channel = at(Role.HOST, presentation.LAST_NUMBER - 1, 5)
    assert channel.needs_renewal
    channel.seal(Protection.BOTH, b"last")
    with pytest.raises(SealError):
        channel.seal(Protection.BOTH, b"one more")
    chip = at(Role.CHIP, 5, presentation.LAST_NUMBER)
    with pytest.raises(SealError):
        chip.open(KEYS.host.seal(0x23, presentation.LAST_NUMBER + 1, b""))


@pytest.mark.parametrize(("sent", "received", "is_due"), [(7, 7, False), (0xFFFFEFEF, 7, False), (0xFFFFF000, 7, True)])
def test_a_new_handshake_is_due_long_before_the_numbers_end(sent: int, received: int, is_due: bool) -> None:
    assert at(Role.HOST, sent, received).needs_renewal is is_due
    assert at(Role.HOST, received, sent).needs_renewal is is_due


def test_a_finished_of_another_secret_or_handshake_is_refused() -> None:
    other = Keys.derive(SECRET[:-1] + b"?", RANDOM)
    for keys, random in ((other, RANDOM), (KEYS, RANDOM[::-1])):
        message = presentation.finished(Role.CHIP, keys, random, 7)
        with pytest.raises(SealError):
            presentation.check_finished(Role.HOST, KEYS, RANDOM, message)
    mine = presentation.finished(Role.HOST, KEYS, RANDOM, 7)
    with pytest.raises(SealError):
        presentation.check_finished(Role.HOST, KEYS, RANDOM, mine)  # my own, back again


@pytest.mark.parametrize("message", ["", "0001", "0002" + 36 * "00", "0001" + 35 * "00", "08" + 48 * "00"])
def test_hellos_and_finished_that_are_none(message: str) -> None:
    with pytest.raises(SealError):
        ChipHello.decode(bytes.fromhex(message))
    with pytest.raises(SealError):
        presentation.check_finished(Role.HOST, KEYS, RANDOM, bytes.fromhex(message))


def test_a_connection_is_saved_and_restored() -> None:
    host, chip = connected()
    chip.open(host.seal(Protection.BOTH, b"before"))
    host, chip = Channel.restore(Role.HOST, host.export()), Channel.restore(Role.CHIP, chip.export())
    assert chip.open(host.seal(Protection.BOTH, b"behind")) == (Protection.BOTH, b"behind")
    with pytest.raises(ValueError):
        Channel.restore(Role.HOST, bytes(55))


def test_nobody_prints_keys() -> None:
    host, _ = connected()
    shown = repr(KEYS) + repr(KEYS.host) + repr(host) + str(host)
    for secret in (KEYS.host.key, KEYS.chip.key, KEYS.host.nonce):
        assert repr(secret) not in shown
        assert secret.hex() not in shown
