"""What the bytes of commands tell; each command says the same of itself (tests/chip/test_traits.py)."""

from optiga.protocol import request
from optiga.protocol.commands import times
from optiga.protocol.objects import OBJECTS, format_oid, parse_oid
from tests.support.observed import hides_answer, hides_command, is_repeatable, longest_ms, request_of, typical_ms

OPEN = bytes.fromhex("f0000010d27600000447656e417574684170706c")
GENERATE = bytes.fromhex("b8030009010002e0f102000121")
GENERATE_RSA = bytes.fromhex("b8420009010002e0fc02000101")
EXPORT = bytes.fromhex("b8030003070000")
COUNT = bytes.fromhex("82020005e120000001")
WRITE = bytes.fromhex("82400009f1d0000068656c6c6f")
READ = bytes.fromhex("81000006e0c200000611")
HASH_ALL = bytes.fromhex("b0e2000401000161")
HASH_START = bytes.fromhex("b0e2000400000161")
RESTORE = OPEN[:1] + b"\x01\x00\x18" + OPEN[4:] + bytes(8)
CLOSE, HIBERNATE = bytes.fromhex("f1000000"), bytes.fromhex("f1010000")
PROTECTED = bytes.fromhex("83010004300001ff")


def test_what_may_be_repeated() -> None:
    assert all(map(is_repeatable, (OPEN, GENERATE, WRITE, READ, HASH_ALL)))
    assert not any(map(is_repeatable, (COUNT, PROTECTED, HASH_START, RESTORE, HIBERNATE)))


def test_an_answer_to_somebody_else_is_known_by_its_shape() -> None:
    empty, key, refusal = b"\0\0\0\0", bytes.fromhex("00000002") + b"ab", b"\xff\0\0\0"
    assert request_of(OPEN).is_answered_by(empty)
    assert not request_of(OPEN).is_answered_by(key)
    assert request_of(GENERATE).is_answered_by(key)
    assert not request_of(GENERATE).is_answered_by(empty)
    assert request_of(READ).is_answered_by(key)
    assert all(request_of(command).is_answered_by(refusal) for command in (OPEN, GENERATE, READ))
    assert not request_of(READ).is_answered_by(b"\0\0\0\x09ab")
    assert request_of(CLOSE).is_answered_by(empty)
    assert not request_of(CLOSE).is_answered_by(key)
    assert request_of(HIBERNATE).is_answered_by(key)
    assert not request_of(HIBERNATE).is_answered_by(empty)


def test_secrets_are_not_shown() -> None:
    write_secret = bytes.fromhex("82400008e140000001020304")
    read_secret = bytes.fromhex("81000006e14000000611")
    assert hides_command(write_secret)
    assert hides_answer(read_secret)
    assert hides_answer(EXPORT)
    assert not hides_command(PROTECTED)
    assert hides_command(PROTECTED.replace(b"\x30", b"\x31", 1))
    assert hides_answer(EXPORT[:4] + b"\x07")
    assert not any(hides_command(command) or hides_answer(command) for command in (OPEN, GENERATE, WRITE, READ))


def test_what_may_be_a_secret_is_not_shown() -> None:
    """Any arbitrary data object may hold a pre-shared secret; a handle is as good as the context."""
    assert all(hides_answer(bytes.fromhex(f"81000006{oid:04x}00000611")) for oid in (0xF1D0, 0xF1DB, 0xF1E0, 0xF1E1))
    assert not hides_answer(bytes.fromhex("81010002f1d0"))  # metadata
    assert not any(hides_answer(bytes.fromhex(f"81000006{oid:04x}00000611")) for oid in (0xE0E1, 0xE0E8, 0xF1C2))
    assert hides_command(RESTORE)
    assert hides_answer(HIBERNATE)
    assert not hides_answer(CLOSE)


def test_times_are_the_manuals() -> None:
    assert typical_ms(GENERATE) == 55
    assert typical_ms(GENERATE_RSA) == 2900
    assert typical_ms(READ, answer_size=256) == 30
    assert typical_ms(bytes.fromhex("b111")) == 65
    assert typical_ms(bytes.fromhex("b101")) == 310
    assert longest_ms(GENERATE_RSA) > 10 * typical_ms(GENERATE_RSA)
    for command in (OPEN, GENERATE, READ, WRITE, COUNT):
        assert longest_ms(command) >= request.SECURITY_DELAY_MS + typical_ms(command)
    for code in range(0x100):
        for param in range(0x100):
            told = times.typical_ms(code & 0x7F, param, 300, 700)
            assert told == typical_ms(bytes([code, param]) + bytes(298), answer_size=700)


def test_identifiers() -> None:
    assert parse_oid("0xE0E1") == parse_oid("e0e1") == 0xE0E1
    for text in ("", "E0", "0x0xE0E1", "0xE0E1 1", "12345", "zzzz", "٠٠٠٠"):
        assert parse_oid(text) is None
    assert format_oid(0xE0F1) == "0xE0F1"
    assert OBJECTS[0xE0EF].size == 1200
    assert len([info for info in OBJECTS.values() if 0xF1D0 <= info.oid <= 0xF1DB]) == 12
