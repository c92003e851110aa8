"""The little DER that the wire needs; whole structures are the business of libraries."""

from __future__ import annotations

INTEGER = 0x02
BIT_STRING = 0x03
OCTET_STRING = 0x04
NULL = 0x05
OBJECT_IDENTIFIER = 0x06
UTF8_STRING = 0x0C
PRINTABLE_STRING = 0x13
IA5_STRING = 0x16
SEQUENCE = 0x30
SET = 0x31


def encode(tag: int, content: bytes) -> bytes:
    """One DER value of a tag (X.690, 8.1, definite length)."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def encode_integer(number: int) -> bytes:
    """An unsigned number as INTEGER, as short as it can be (X.690, 8.3.2)."""
    return encode(INTEGER, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def size_of(data: bytes) -> int | None:
    """Bytes of the DER value that data begin with, header included; None if its header is cut off or not DER."""
    if len(data) < 2:
        return None
    count = data[1] & 0x7F
    if data[1] < 0x80:
        return 2 + data[1]
    if not 1 <= count <= 4 or len(data) < 2 + count:
        return None
    return 2 + count + int.from_bytes(data[2 : 2 + count], "big")


def encode_oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER (X.690, 8.19).

    :param dotted: its numbers with dots, two of them at least: ``2.5.4.3``.
    """
    first, second, *others = map(int, dotted.split("."))
    content = bytearray()
    for number in (40 * first + second, *others):
        septets = [number & 0x7F]
        while number := number >> 7:
            septets.append(0x80 | number & 0x7F)
        content += bytes(reversed(septets))
    return encode(OBJECT_IDENTIFIER, bytes(content))


def content_of(tag: int, data: bytes) -> bytes:
    """The content of data that are exactly one DER value of a tag.

    :raises ValueError: if they are not.
    """
    if len(data) < 2 or data[0] != tag:
        raise ValueError(f"not a DER value of tag 0x{tag:02x}")
    width = data[1] & 0x7F if data[1] & 0x80 else 0
    start = 2 + width
    size = int.from_bytes(data[2:start], "big") if width else data[1]
    content = data[start:]
    if size != len(content) or encode(tag, content) != data:
        raise ValueError(f"a DER value of tag 0x{tag:02x} with a wrong length")
    return content


def take_integer(data: bytes) -> tuple[int, bytes]:
    """The INTEGER that data begin with, and what follows it. Zeros too many in front of the number are accepted.

    :raises ValueError: if there is none, or it is negative.
    """
    width = data[1] & 0x7F if len(data) > 1 and data[1] & 0x80 else 0
    start = 2 + width
    size = int.from_bytes(data[2:start], "big") if width else int.from_bytes(data[1:2], "big")
    content, rest = data[start : start + size], data[start + size :]
    if data[:1] != bytes([INTEGER]) or not content or len(content) != size or content[0] & 0x80:
        raise ValueError("not a positive INTEGER")
    return int.from_bytes(content, "big"), rest
