"""Frames that Infineon's host puts on the line, byte for byte, through board and chip (PROTOCOL.md, "APDU")."""

from __future__ import annotations

import pytest

from optiga.emulator import Board, EmulatedChip
from optiga.link.uart_frame import crc16

OPEN = "beefdead0014f0000010d27600000447656e417574684170706ce4f6"
DONE = "beefdead0004000000003de8"


@pytest.fixture
def board() -> Board:
    board = Board(EmulatedChip().execute)
    assert board.feed(bytes.fromhex(OPEN)).hex() == DONE
    return board


def answer_data(frame: bytes) -> bytes:
    """Data of a frame with a good answer, whose lengths and CRC must be right."""
    assert frame.startswith(bytes.fromhex("beefdead"))
    apdu = frame[6:-2]
    assert int.from_bytes(frame[4:6], "big") == len(apdu)
    assert crc16(frame[:-2]) == int.from_bytes(frame[-2:], "big")
    assert apdu[:2] == b"\x00\x00"
    assert int.from_bytes(apdu[2:4], "big") == len(apdu) - 4
    return apdu[4:]


def test_uid(board: Board) -> None:
    data = answer_data(board.feed(bytes.fromhex("beefdead000a81000006e0c2000006111e1b")))
    assert len(data) == 27
    assert data.hex().startswith("cd16338201001c00050000")
    assert data.hex().endswith("801010712564")


def test_metadata_of_a_key_slot_before_its_first_key(board: Board) -> None:
    """As in the dumps of real chips that Infineon publishes (test_factory_state.py)."""
    data = answer_data(board.feed(bytes.fromhex("beefdead000681010002e0f14a6e")))
    assert data.hex() == "200bc00101d003e1fc07d30100"


def test_an_ec_key_pair_and_its_signature(board: Board) -> None:
    data = answer_data(board.feed(bytes.fromhex("beefdead000db8030009010002e0f102000121d653")))
    assert data[:7].hex() == "02004403420004"
    assert len(data) == 3 + 0x44
    digest = bytes(range(32))
    body = bytes.fromhex("beefdead002cb11100280100" + "20") + digest + bytes.fromhex("030002e0f1")
    signature = answer_data(board.feed(body + crc16(body).to_bytes(2, "big")))
    assert signature[0] == 0x02
    s = signature[2 + signature[1] :]
    assert (s[0], s[1]) == (0x02, len(s) - 2)
    after = answer_data(board.feed(bytes.fromhex("beefdead000681010002e0f14a6e")))
    assert after.hex() == "2011c00101d003e1fc07d30100e00103e10121"


def test_an_rsa_key_pair(board: Board) -> None:
    data = answer_data(board.feed(bytes.fromhex("beefdead000db8420009010002e0fc020001015910")))
    assert data[:12].hex() == "020113" + "0382010f00" + "3082010a"
    assert len(data) == 3 + 0x113


def test_random(board: Board) -> None:
    first, second = (answer_data(board.feed(bytes.fromhex("beefdead00068c00000200106beb"))) for _ in range(2))
    assert len(first) == len(second) == 16
    assert first != second


def test_erase_and_write(board: Board) -> None:
    assert board.feed(bytes.fromhex("beefdead000d82400009f1d0000068656c6c6fda48")).hex() == DONE
