"""Frames against what Infineon's own host puts on the line and the firmware answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.link import uart_frame as frame

GOLDEN = {
    "OpenApplication": "beefdead0014f0000010d27600000447656e417574684170706ce4f6",
    "its answer": "beefdead0004000000003de8",
    "GetDataObject UID": "beefdead000a81000006e0c2000006111e1b",
    "the UID": "beefdead001f0000001bcd16338201001c000500000a091b5c0007006200ad801010712564a288",
    "GetDataObject metadata": "beefdead000681010002e0f14a6e",
    "GenKeyPair P-256": "beefdead000db8030009010002e0f102000121d653",
    "GenKeyPair RSA-2048": "beefdead000db8420009010002e0fc020001015910",
    "GetRandom": "beefdead00068c00000200106beb",
    "SetDataObject hello": "beefdead000d82400009f1d0000068656c6c6fda48",
}


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_golden_frames(golden: str) -> None:
    whole = bytes.fromhex(golden)
    apdu = whole[6:-2]
    assert frame.encode(apdu) == whole
    assert frame.is_intact(whole)
    assert frame.body_length(whole[:6]) == len(apdu)


def test_crc_check_value() -> None:
    """The check value that the CRC catalogue gives for CRC-16/KERMIT."""
    assert frame.crc16(b"123456789") == 0x2189


def bitwise_crc(data: bytes) -> int:
    """The same CRC bit by bit, with the polynomial 0x8408, as a second opinion."""
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc


@given(st.binary(max_size=300))
def test_crc_is_the_bitwise_one(data: bytes) -> None:
    assert frame.crc16(data) == bitwise_crc(data)


def test_any_damaged_bit_is_seen() -> None:
    whole = bytes.fromhex(GOLDEN["OpenApplication"])
    for position in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[position // 8] ^= 1 << position % 8
        assert not frame.is_intact(bytes(damaged))


def test_what_does_not_fit_the_firmware_is_no_frame() -> None:
    assert len(frame.encode(bytes(frame.MAX_APDU))) == frame.BUFFER_SIZE
    for size in (0, frame.MAX_APDU + 1):
        with pytest.raises(ValueError, match="does not fit"):
            frame.encode(bytes(size))


def test_a_wrong_start_has_no_length() -> None:
    assert frame.body_length(b"\xbe\xef\xde\xae\x00\x04") is None
    assert frame.body_length(frame.ERROR) == 0xFFFF
