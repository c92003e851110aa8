"""DER with seeded mutations: of its structure (values, types, order, depth), of its lengths, and of its bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from optiga.protocol.der import encode

_BIT_STRING, _OCTET_STRING, _INTEGER, _OID, _SEQUENCE = 0x03, 0x04, 0x02, 0x06, 0x30
_TEXT_TAGS = (0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1B, 0x1C, 0x1E)
_TAGS = (*_TEXT_TAGS, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x17, 0x18, 0x30, 0x31, 0x80, 0x82, 0xA0, 0xA3, 0x1F)
_TEXTS = (
    *(
        text.encode()
        for text in ("", "a" * 65, "x" * 40_000, "\u202edrow", "\x1b[2J", "a\nb", "a\r", "\0", "\ufeff", " ")
    ),
    *(
        text.encode()
        for text in ("Gerät", "*", "*.com", "a.dev.example", "DE", "https://[", "\U000e0041", "{uid}", "%s")
    ),
    b"\xff\xfe",
    b"\xd8\x00\xdc",  # half a pair of surrogates, and a byte too few
    b"\x00\x11\x00\x00",  # beyond Unicode in a UniversalString
    b"\xc0\x80",
    b"m\xfcller",
    b"\x7f\x00\x00\x01",  # an IP address
    b"\xfe\x80" + bytes(14),
    bytes(5),
)
_INTEGERS = (
    b"",
    b"\x00",
    b"\x01",
    b"\x02",
    b"\xff",
    b"\x80",
    b"\x00\x00\x01",
    b"\xff\xff",
    b"\x00" + b"\xff" * 20,
    b"\x7f" * 20,
    b"\x7f" * 21,
    b"\xff" * 21,
    b"\x01" + bytes(255) + b"\x01",
    b"\x7f" + b"\xff" * 2100,
    b"\x7f" + b"\xff" * 30_000,
)
_DATES = (
    *(b"000101000000Z", b"491231235959Z", b"500101000000Z", b"991231235959Z", b"20500101000000Z", b"99991231235959Z"),
    *(b"00000101000000Z", b"00010101000000Z", b"19500101000000Z", b"260229000000Z", b"261332256161Z", b"2601010000Z"),
    *(b"260101000000+0100", b"20260101000000.5Z", b"20260101000000", b"260101000000", b"", b"abcdef", b"\xff" * 13),
)
_OIDS = tuple(
    bytes.fromhex(text)
    for text in (
        *("550403", "550406", "550405", "55040a", "55042d", "2a864886f70d010901", "0992268993f22c640119", "5504"),
        *("551d0e", "551d0f", "551d11", "551d12", "551d13", "551d1e", "551d1f", "551d20", "551d23", "551d25", "551d36"),
        *("2b06010505070101", "2b0601050507010b", "2b060105050703", "2b0601050507030203", "2a864886f70d01090e"),
        *("2a8648ce3d0201", "2a8648ce3d030107", "2a8648ce3d040302", "2a864886f70d010101", "2a864886f70d01010b"),
        *("2a864886f70d01010a", "2a864886f70d010105", "2b6570", "2b6571", "2b656e", "2a8648ce380401", "2b240303020801"),
        *("", "80", "ff", "ffffff", "8001", "28", "2aff", "88" * 40 + "01", "550480", "00", "7f", "fe" * 3000 + "01"),
    )
)
"""Components of names, extensions, algorithms of keys and of signatures, curves, and what is none."""


@dataclass(slots=True)
class Value:
    """A DER value, taken apart.

    :param parts: the values within; None where there are none.
    :param prefix: what stands before them: the count of unused bits of a BIT STRING.
    :param header: the header in place of the right one, None for that.
    """

    tag: int
    content: bytes
    parts: list[Value] | None = None
    prefix: bytes = b""
    header: bytes | None = None

    @classmethod
    def read(cls, der: bytes) -> Value:
        """From one DER value.

        :raises ValueError: if it is none.
        """
        (value,) = _split(der)
        return value

    def copy(self) -> Value:
        """Another that can be changed."""
        parts = None if self.parts is None else [part.copy() for part in self.parts]
        return Value(self.tag, self.content, parts, self.prefix, self.header)

    def encode(self) -> bytes:
        """What it is in bytes."""
        content = self.content if self.parts is None else self.prefix + b"".join(one.encode() for one in self.parts)
        return encode(self.tag, content) if self.header is None else self.header + content


def _split(data: bytes) -> list[Value]:
    values = []
    while data:
        size, start = data[1], 2  # raises IndexError where it is cut off
        if size & 0x80:
            start += size & 0x7F
            size = int.from_bytes(data[2:start], "big")
        content, rest = data[start : start + size], data[start + size :]
        if len(content) != size or encode(data[0], content) != data[: start + size]:
            raise ValueError("no DER")
        values.append(_make(data[0], content))
        data = rest
    return values


def _make(tag: int, content: bytes) -> Value:
    """A value with what is within, in extensions and keys, too."""
    prefix = content[:1] if tag == _BIT_STRING else b""
    if tag & 0x20 or (tag == _OCTET_STRING and content) or (prefix == b"\x00" and content[1:2] == b"\x30"):
        try:
            return Value(tag, content, _split(content[len(prefix) :]), prefix)
        except (ValueError, IndexError):
            pass
    return Value(tag, content)


def _walk(value: Value) -> Iterator[tuple[list[Value], int]]:
    """Each value's place: the list that it lies in, and where."""
    for place, part in enumerate(value.parts or ()):
        assert value.parts is not None
        yield value.parts, place
        yield from _walk(part)


def _change_tag(around: list[Value], place: int, chance: random.Random) -> None:
    value = around[place]
    value.tag = chance.choice(_TEXT_TAGS if value.tag in _TEXT_TAGS and chance.random() < 0.7 else _TAGS)


def _change_content(around: list[Value], place: int, chance: random.Random) -> None:
    """Another content of the same kind, as odd as can be."""
    value = around[place]
    if value.tag == _INTEGER:
        value.content, value.parts = chance.choice(_INTEGERS), None
    elif value.tag == _OID:
        value.content = chance.choice(_OIDS)
    elif value.tag in (0x17, 0x18):
        value.tag, value.content = chance.choice((0x17, 0x18)), chance.choice(_DATES)
    elif value.tag == _BIT_STRING:
        bits = chance.choice((b"", b"\x00", b"\x07", b"\x08", b"\xff", bytes([chance.randrange(1, 8)])))
        if value.parts is None:
            value.content = bits + value.content[1 : chance.choice((None, 1, 2))]
        else:
            value.prefix = bits
    elif value.tag == 0x01:
        value.content = chance.choice((b"", b"\x00", b"\x01", b"\xff", b"\xff\xff"))
    elif value.parts is None:
        value.content = chance.choice(_TEXTS)
    else:
        value.parts = []


def _remove(around: list[Value], place: int, chance: random.Random) -> None:
    del around[place : place + chance.choice((1, 1, 2))]


def _repeat(around: list[Value], place: int, chance: random.Random) -> None:
    most = 300 if around[place].parts is None else 20
    around[place:place] = [around[place].copy() for _ in range(chance.choice((1, 1, 2, most)))]


def _move(around: list[Value], place: int, chance: random.Random) -> None:
    if chance.random() < 0.5:
        chance.shuffle(around)
    else:
        around.insert(chance.randrange(len(around)), around.pop(place))


def _insert(around: list[Value], place: int, chance: random.Random) -> None:
    content = chance.choice((b"", b"\x00", b"a", b"\x30\x00", b"\x05\x00" * 3))
    around.insert(place, Value(chance.choice(_TAGS), content))


def _nest(around: list[Value], place: int, chance: random.Random) -> None:
    """Wrap it, up to very deep: into a ready content, for not every helper of the tests goes so deep."""
    tag, depth = (
        chance.choice((around[place].tag | 0x20, 0x30, 0x31, 0xA0)),
        chance.choice((*(1, 1, 1, 2, 3, 5, 10) * 3, 100, 1000)),
    )
    data = around[place].encode()
    for _ in range(depth - 1):
        data = encode(tag, data)
    around[place] = Value(tag, data)


def _change_length(around: list[Value], place: int, chance: random.Random) -> None:
    """A length in another form, or a wrong one."""
    data = around[place].encode()
    long_form = data[1] & 0x80
    start = 2 + (data[1] & 0x7F if long_form else 0)
    size = max(len(data) - start, 0)  # its length may be wrong already
    length = chance.choice(
        (
            b"\x80",
            b"\x81" + bytes([size & 0xFF]),
            b"\x84" + size.to_bytes(4, "big"),
            b"\x84\x7f\xff\xff\xff",
            b"\xff",
            b"\x82" + min(size + 1, 0xFFFF).to_bytes(2, "big"),
            bytes([max(size - 1, 0) & 0x7F]),
            bytes([min(size + 1, 0x7F)]),
        )
    )
    ending = b"\x00\x00" if length == b"\x80" else b""
    around[place] = Value(data[0], data[start:] + ending, header=data[:1] + length)


def _exchange(around: list[Value], place: int, chance: random.Random, root: Value) -> None:
    """Put a value of elsewhere in its place."""
    other, there = chance.choice(list(_walk(root)))
    around[place] = other[there].copy()


_CHANGES: tuple[Callable[[list[Value], int, random.Random], None], ...] = (
    *(_change_tag, _change_content, _change_content, _change_content, _remove),
    *(_repeat, _move, _insert, _nest, _change_length),
)


def mutate(sample: Value, chance: random.Random) -> bytes:
    """A sample with one to three mutations, mostly of its structure."""
    root = sample.copy()
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        if not (places := list(_walk(root))):
            break
        around, place = chance.choice(places)
        if chance.random() < 0.08:
            _exchange(around, place, chance, root)
        else:
            chance.choice(_CHANGES)(around, place, chance)
    data = root.encode()
    return _change_bytes(data, chance) if chance.random() < 0.15 else data


def _change_bytes(der: bytes, chance: random.Random) -> bytes:
    """Bits turned, bytes gone, doubled or put behind."""
    data = bytearray(der)
    place = chance.randrange(len(data))
    kind = chance.randrange(4)
    if kind == 0:
        data[place] ^= 1 << chance.randrange(8)
    elif kind == 1:
        del data[place : place + chance.randrange(1, 40)]
    elif kind == 2:
        data[place:place] = data[place : place + chance.randrange(1, 40)]
    else:
        data += chance.choice((b"\x00", b"\x0a", b"\xff" * 3, bytes(data)))
    return bytes(data)
