"""Answers are found behind noise, in pieces, one behind another; and nothing else is taken for one."""

from hypothesis import given
from hypothesis import strategies as st

from optiga.link import uart_frame as frame
from optiga.link.scanner import AnswerScanner, Found

OPENED = bytes.fromhex("beefdead0004000000003de8")
UID = bytes.fromhex("beefdead001f0000001bcd16338201001c000500000a091b5c0007006200ad801010712564a288")

noise = st.binary(max_size=20).filter(lambda data: b"\xbe" not in data)


def scan(data: bytes) -> list[bytes | None]:
    scanner = AnswerScanner()
    scanner.feed(data)
    found = []
    while (answer := scanner.next()) is not None:
        found.append(answer.apdu)
    return found


def test_golden_answers() -> None:
    assert scan(OPENED + UID) == [OPENED[6:-2], UID[6:-2]]


def test_the_firmwares_error_answer() -> None:
    assert scan(frame.ERROR + OPENED + frame.ERROR) == [None, OPENED[6:-2], None]


@given(st.lists(st.binary(min_size=4, max_size=100), min_size=1, max_size=4), noise, st.data())
def test_in_any_pieces_behind_noise(apdus: list[bytes], before: bytes, data: st.DataObject) -> None:
    stream = b"".join(before + frame.encode(apdu) for apdu in apdus)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    scanner = AnswerScanner()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        scanner.feed(stream[start:end])
        while (answer := scanner.next()) is not None:
            found.append(answer.apdu)
    assert found == apdus
    assert scanner.noise == len(before) * len(apdus)


@given(st.binary(max_size=200))
def test_random_bytes_hold_no_answer_with_a_wrong_crc(data: bytes) -> None:
    for apdu in scan(data):
        assert apdu is None or frame.encode(apdu) in data


@given(st.integers(0, 8 * len(UID) - 1))
def test_a_damaged_answer_is_none(bit: int) -> None:
    damaged = bytearray(UID)
    damaged[bit // 8] ^= 1 << bit % 8
    assert scan(bytes(damaged)) == []


def test_a_damaged_answer_does_not_hide_the_next() -> None:
    assert scan(UID[:-1] + b"\0" + OPENED) == [OPENED[6:-2]]


def test_half_an_answer_hides_the_next_until_it_is_given_up() -> None:
    scanner = AnswerScanner()
    scanner.feed(UID[:20] + frame.ERROR)
    assert scanner.next() is None
    scanner.give_up_partial()
    assert scanner.next() == Found(None)
    assert scanner.damaged == 1


def test_giving_up_needs_something_begun() -> None:
    scanner = AnswerScanner()
    scanner.feed(b"\0\xbe\xef")
    assert scanner.next() is None
    scanner.give_up_partial()
    scanner.feed(OPENED[2:])
    assert scanner.next() == Found(OPENED[6:-2])


def test_a_length_that_no_frame_has_is_noise() -> None:
    assert scan(frame.START + b"\x7f\xff" + OPENED) == [OPENED[6:-2]]
