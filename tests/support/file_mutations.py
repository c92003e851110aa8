"""Files with seeded mutations: of JSON trees (values, types, names, depth), of text, and of bytes."""

from __future__ import annotations

import codecs
import json
import random
from collections.abc import Callable, Iterator
from typing import Any

TEXTS = (
    *(
        "",
        " ",
        "a",
        "{uid}",
        "{uid",
        "{{uid}}",
        "%s",
        "null",
        "0x",
        "0xE0F1",
        "e0f1",
        "0xFFFF",
        "-1",
        "1e400",
        "é",
        "Gerät",
    ),
    *(
        "\x00",
        "a\nb",
        "a\r",
        "\x1b[2J",
        "\x7f",
        "\x85",
        "\u2028",
        "\u202edrow",
        "\u200b",
        "\ufeff",
        "\ud800",
        "a\udfffb",
    ),
    *(
        "\U000e0041",
        "\U0010ffff",
        "🦊",
        "ﬀ",
        "İ",
        "٣",
        "²",
        "①",
        "=1+1",
        "../../x",
        "/etc/passwd",
        "con",
        "a" * 65,
        "0" * 3000,
    ),
    *(
        "ab" * 700,
        "x" * 40_000,
        "é" * 5000,
        "\n" * 3000,
        "ff ff",
        "FF",
        "200fc00101",
        "2003c00101",
        "20",
        "<aws-region>",
    ),
    *(
        "${",
        "${iot:ClientId}",
        "arn:aws:iot:*:*:topic/*",
        "https://[",
        "http://[::1",
        "*.example",
        "1.2.3.4",
        "::",
        "1" * 30,
    ),
)
"""What makes mistakes of code seen: of encodings, of numbers, of escapes, of lengths."""
NUMBERS = (
    *("0", "-0", "1", "-1", "2", "255", "256", "65535", "65536", "2147483648", "-2147483649", "9223372036854775808"),
    *(
        "18446744073709551616",
        "1" * 4000,
        "-" + "9" * 4400,
        "1" * 30_000,
        "0.5",
        "-0.0",
        "1e0",
        "1e308",
        "1e999",
        "-1e999",
    ),
    *("1e-999", "1.0", "3.0000000000000000000000001", "NaN", "Infinity", "-Infinity", "01", "+1", "1.", ".5", "0x10"),
)
"""As they stand in JSON, and as they must not stand there."""
_LITERALS = (
    "true",
    "false",
    "null",
    "{}",
    "[]",
    '""',
    "[[]]",
    '[""]',
    "[null]",
    '{"":""}',
    '{"a":{}}',
    "True",
    "'a'",
    "undefined",
)


class Raw(str):
    """Text of JSON as it is written, whether it is right or not."""

    __slots__ = ()


class Members(list[Any]):
    """The members of an object, each a list of name and value, so that a name can stand twice."""

    __slots__ = ()


def read_tree(text: str | bytes) -> Any:
    """A JSON text as a tree that can be changed."""
    return json.loads(text, object_pairs_hook=lambda pairs: Members([list(pair) for pair in pairs]))


def copy_tree(tree: Any) -> Any:
    """Another that can be changed."""
    if isinstance(tree, Members):
        return Members([[name, copy_tree(value)] for name, value in tree])
    return [copy_tree(value) for value in tree] if isinstance(tree, list) else tree


def encode_tree(tree: Any, gap: str = " ") -> str:
    """The JSON text of a tree.

    :param gap: what stands between its parts.
    """
    if isinstance(tree, Members):
        return "{" + f",{gap}".join(f"{_encode_name(name)}: {encode_tree(value, gap)}" for name, value in tree) + "}"
    if isinstance(tree, list):
        return "[" + f",{gap}".join(encode_tree(value, gap) for value in tree) + "]"
    return str(tree) if isinstance(tree, Raw) else json.dumps(tree)


def _encode_name(name: Any) -> str:
    return str(name) if isinstance(name, Raw) else json.dumps(str(name))


def _places(tree: Any) -> Iterator[tuple[Any, int]]:
    """Every member and element: what holds it, and its index there."""
    if isinstance(tree, list):
        for index, one in enumerate(tree):
            yield tree, index
            yield from _places(one[1] if isinstance(tree, Members) else one)


def _get(holder: Any, index: int) -> Any:
    return holder[index][1] if isinstance(holder, Members) else holder[index]


def _set(holder: Any, index: int, value: Any) -> None:
    if isinstance(holder, Members):
        holder[index][1] = value
    else:
        holder[index] = value


def draw_value(chance: random.Random) -> Any:
    """Any value, most of them odd."""
    kind = chance.randrange(6)
    if kind < 2:
        return chance.choice(TEXTS)
    if kind < 4:
        return Raw(chance.choice(NUMBERS))
    if kind == 4:
        return Raw(chance.choice(_LITERALS))
    depth = chance.choice((2, 5, 30, 300, 990, 5000))
    opening, closing = chance.choice((("[", "]"), ('{"a":', "}"), ('[{"":', "}]")))
    return Raw(opening * depth + "1" + closing * depth)


def _replace(holder: Any, index: int, chance: random.Random) -> None:
    _set(holder, index, draw_value(chance))


def _change_value(holder: Any, index: int, chance: random.Random) -> None:
    """Another of the same kind: a text a little different, a number near it."""
    value = _get(holder, index)
    if isinstance(value, bool) or value is None or isinstance(value, (list, Raw)):
        _replace(holder, index, chance)
    elif isinstance(value, str):
        _set(holder, index, mutate_text(value, chance))
    else:
        _set(
            holder, index, chance.choice((value + 1, value - 1, -value, value * 256, float(value), str(value), [value]))
        )


def _rename(holder: Any, index: int, chance: random.Random) -> None:
    if isinstance(holder, Members):
        name = str(holder[index][0])
        others = [str(other) for other, _ in holder]
        holder[index][0] = chance.choice(
            (chance.choice(TEXTS), chance.choice(others), name.upper(), mutate_text(name, chance))
        )
    else:
        _replace(holder, index, chance)


def _remove(holder: Any, index: int, _: random.Random) -> None:
    del holder[index]


def _double(holder: Any, index: int, chance: random.Random) -> None:
    """The same name, or element, once more, or often; with its value, or another."""
    count = chance.choice((1, 1, 1, 1, 2, 10, 300))
    for _ in range(count):
        again = copy_tree([holder[index]])[0] if not isinstance(holder, Members) else list(holder[index])
        if isinstance(holder, Members) and chance.random() < 0.3:
            again[1] = draw_value(chance)
        holder.insert(chance.randrange(len(holder) + 1), again)


def _nest(holder: Any, index: int, chance: random.Random) -> None:
    value = _get(holder, index)
    for _ in range(chance.choice((1, 1, 1, 2, 40))):
        value = [value] if chance.random() < 0.6 else Members([[chance.choice(("a", "", "data", "Ref")), value]])
    _set(holder, index, value)


def _insert(holder: Any, index: int, chance: random.Random) -> None:
    value = draw_value(chance)
    holder.insert(index, [chance.choice(TEXTS), value] if isinstance(holder, Members) else value)


_CHANGES: tuple[Callable[[Any, int, random.Random], None], ...] = (
    *(_replace, _replace, _change_value, _change_value, _change_value, _rename, _remove),
    *(_double, _nest, _insert),
)


def mutate_tree(sample: Any, chance: random.Random) -> Any:
    """A tree with one to three changes, in a copy."""
    tree = [copy_tree(sample)]
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        places = list(_places(tree))
        holder, index = chance.choice(places)
        if chance.random() < 0.08:
            other, there = chance.choice(places)
            _set(holder, index, copy_tree(_get(other, there)) if other is not holder else Raw("[]"))
        elif holder is not tree or chance.random() < 0.3:
            chance.choice(_CHANGES if holder is not tree else (_replace, _nest))(holder, index, chance)
    return tree[0] if tree else Raw("")


def mutate_text(text: str, chance: random.Random) -> str:
    """A text with a change or two."""
    for _ in range(chance.choice((1, 1, 2))):
        place = chance.randrange(len(text) + 1)
        size = chance.choice((1, 1, 2, 7))
        kind = chance.randrange(7)
        if kind == 0:
            text = text[:place] + text[place + size :]
        elif kind == 1:
            text = text[:place] + text[place : place + size] * chance.choice((2, 2, 3, 500)) + text[place + size :]
        elif kind == 2:
            text = text[:place] + chance.choice(TEXTS)[:50] + text[place:]
        elif kind == 3 and place < len(text):
            text = text[:place] + chr(ord(text[place]) ^ 1 << chance.randrange(7)) + text[place + 1 :]
        elif kind == 4 and place < len(text):
            text = text[:place] + chance.choice("0123456789abcdefXx-.*${}<>:,\"'\\\t ") + text[place + 1 :]
        elif kind == 5:
            text = text.swapcase()
        else:
            text = text[:place]
    return text


def mutate_bytes(data: bytes, chance: random.Random) -> bytes:
    """Bits turned, bytes gone, doubled, exchanged, put behind; or another encoding."""
    changed = bytearray(data)
    place, size = chance.randrange(len(data) + 1), chance.choice((1, 1, 2, 4, 40, 700))
    kind = chance.randrange(9)
    if kind <= 1 and place < len(data):
        changed[place] ^= 1 << chance.randrange(8)
    elif kind == 2:
        del changed[place : place + size]
    elif kind == 3:
        changed[place:place] = changed[place : place + size]
    elif kind == 4:
        changed[place:place] = chance.choice(
            (b"\x00", b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\n" * 9)
        )
    elif kind == 5:
        changed[place : place + size] = chance.randbytes(len(changed[place : place + size]))
    elif kind == 6:
        del changed[place:]
    elif kind == 7:
        changed += chance.choice((b"\x00", b"\n", b"}", bytes(data), b"\x1a", b"/* */"))
    else:
        mark = chance.choice((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b""))
        changed = bytearray(mark + (data.decode("latin-1").encode("utf-16-le") if "16" in repr(mark) else data))
    return bytes(changed)


def mutate_json(sample: Any, chance: random.Random) -> bytes:
    """The bytes of a JSON file with mutations, mostly of its structure."""
    roll = chance.random()
    tree = sample if roll < 0.1 else mutate_tree(sample, chance)
    gap = chance.choice((" ", "\n    ", "", "\r\n", "\t"))
    data = encode_tree(tree, gap).encode("utf-8", "surrogatepass")
    return mutate_bytes(data, chance) if roll < 0.15 else data
