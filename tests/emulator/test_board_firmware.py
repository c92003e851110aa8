"""The board against the bridge firmware: ``provisioning_sm.c`` written down once more, in its own blocking way."""

from __future__ import annotations

from collections.abc import Generator
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.emulator import Board
from optiga.link.uart_frame import MAX_APDU, crc16

ERROR = bytes.fromhex("beefdeadffff")
START = bytes.fromhex("beefdead")


def frame(apdu: bytes) -> bytes:
    head = START + len(apdu).to_bytes(2, "big") + apdu
    return head + crc16(head).to_bytes(2, "big")


def echo(apdu: bytes) -> bytes:
    return b"<" + apdu[:100] + b">"


Reading = Generator[int, bytes, None]


def firmware(sent: list[bytes]) -> Reading:
    """The firmware's loop; it asks for numbers of bytes, which are sent in when all have come."""
    while True:
        head = yield 6
        if head[:4] != START:
            sent.append(ERROR)
            continue
        length = head[4] << 8 | head[5]
        rest = yield length + 2
        if len(head + rest) > 1998:
            sent.append(ERROR)  # the real one has written behind its buffer by now; here the two agree on an error
        elif crc16(head + rest[:length]) != rest[length] << 8 | rest[length + 1] or length == 0:
            sent.append(ERROR)
        else:
            sent.append(frame(echo(rest[:length])))


def what_the_firmware_sends(data: bytes) -> bytes:
    sent: list[bytes] = []
    loop = firmware(sent)
    wanted = next(loop)
    while len(data) >= wanted:
        taken, data = data[:wanted], data[wanted:]
        wanted = loop.send(taken)
    return b"".join(sent)


def in_pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


apdus = st.binary(min_size=1, max_size=60)
good = apdus.map(frame)
wrong_crc = good.map(lambda data: data[:-1] + bytes([data[-1] ^ 0x40]))
cut_off = st.tuples(good, st.integers(1, 30)).map(lambda item: item[0][: -item[1]])
lost_byte = st.tuples(good, st.integers(0, 200)).map(
    lambda item: item[0][: item[1] % len(item[0])] + item[0][item[1] % len(item[0]) + 1 :]
)
streams = st.lists(
    st.one_of(good, good, wrong_crc, cut_off, lost_byte, st.binary(max_size=20), st.just(b"\0" * 6), st.just(START)),
    max_size=8,
).map(b"".join)


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(streams, st.lists(st.integers(0, 10_000), max_size=12))
def test_any_bytes_in_any_pieces(data: bytes, cuts: list[int]) -> None:
    board = Board(echo)
    assert b"".join(board.feed(piece) for piece in in_pieces(data, cuts)) == what_the_firmware_sends(data)


def test_one_byte_at_a_time() -> None:
    board = Board(echo)
    data = frame(b"hello")
    assert [board.feed(bytes([byte])) for byte in data[:-1]] == [b""] * (len(data) - 1)
    assert board.feed(data[-1:]) == frame(b"<hello>")


def test_an_answer_comes_with_its_commands_last_byte() -> None:
    board = Board(echo)
    assert board.feed(frame(b"one") + frame(b"two")[:-1]) == frame(b"<one>")
    assert board.feed(frame(b"two")[-1:]) == frame(b"<two>")


def test_a_wrong_start_takes_six_bytes() -> None:
    board = Board(echo)
    assert board.feed(b"xxxxx") == b""
    assert board.feed(b"x") == ERROR
    assert board.feed(frame(b"a")) == frame(b"<a>")


def test_after_a_lost_byte_the_next_frame_is_taken_for_the_rest() -> None:
    board = Board(echo)
    assert board.feed(frame(b"a longer command")[:-1]) == b""
    assert board.feed(frame(b"a")[:1]) == ERROR
    assert board.feed(frame(b"a")[1:]) == ERROR  # its head has no start sequence any more
    assert board.feed(b"\0" * 6)[:6] == ERROR


def test_an_empty_command_never_reaches_the_chip() -> None:
    """Infineon's I2C stack refuses to send nothing, and the firmware says so."""
    calls: list[bytes] = []

    def execute(apdu: bytes) -> bytes:
        calls.append(apdu)
        return b"\0\0\0\0"

    assert Board(execute).feed(frame(b"")) == ERROR
    assert calls == []


def test_the_largest_frame_goes_through() -> None:
    assert Board(echo).feed(frame(bytes(MAX_APDU)))[:4] == START
    assert Board(echo).feed(frame(bytes(MAX_APDU))) != ERROR


@pytest.mark.parametrize("size", [MAX_APDU + 1, 5000, 0xFFFF])
def test_a_frame_beyond_the_buffer_is_swallowed_whole(size: int) -> None:
    board = Board(echo)
    data = frame(bytes(size))
    assert board.feed(data[:-1]) == b""
    assert board.feed(data[-1:]) == ERROR
    assert board.feed(frame(b"a")) == frame(b"<a>")
