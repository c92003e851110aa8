"""The TLVs inside commands and answers: tag (1 byte), length (2 bytes, big endian), value."""

from __future__ import annotations

HEAD_SIZE = 3
"""Bytes of tag and length."""


def encode(tag: int, value: bytes) -> bytes:
    """One TLV."""
    return bytes([tag]) + len(value).to_bytes(2, "big") + value


def encode_integer(tag: int, value: int, size: int) -> bytes:
    """One TLV whose value is an unsigned integer of ``size`` bytes, big endian."""
    return encode(tag, value.to_bytes(size, "big"))


def decode(data: bytes) -> list[tuple[int, bytes]]:
    """The TLVs of data in their order.

    :raises ValueError: if data does not end where its last TLV does.
    """
    items: list[tuple[int, bytes]] = []
    offset, size = 0, len(data)
    while offset < size:
        if offset + HEAD_SIZE > size:
            raise ValueError(f"TLV at offset {offset}: its header is cut off")
        end = offset + HEAD_SIZE + (data[offset + 1] << 8 | data[offset + 2])
        if end > size:
            raise ValueError(f"TLV 0x{data[offset]:02x} at offset {offset}: {end - size} bytes are missing")
        items.append((data[offset], data[offset + HEAD_SIZE : end]))
        offset = end
    return items
