"""Which object a slot or an identifier means, and which are refused with which words."""

from __future__ import annotations

import pytest

from optiga.crypto.shared_secrets import resolve_secret
from optiga.errors import ConfigurationError
from optiga.objects.targets import resolve_readable, resolve_writable
from optiga.protocol.objects import OBJECTS, ObjectKind


@pytest.mark.parametrize(
    ("options", "oid", "slot"),
    [
        ({}, 0xE0E1, "second"),
        ({"slot": "second"}, 0xE0E1, "second"),
        ({"slot": "0xe0f1"}, 0xE0E1, "second"),
        ({"slot": "0xE0E2"}, 0xE0E2, "third"),
        ({"slot": "first"}, 0xE0E0, "first"),
        ({"slot": "0xE0E8"}, 0xE0E8, None),
        ({"oid": "0xE0E3"}, 0xE0E3, "fourth"),
        ({"oid": "e0ef"}, 0xE0EF, None),
        ({"oid": "0xF1D0"}, 0xF1D0, None),
        ({"oid": "0xF1E1"}, 0xF1E1, None),
    ],
)
def test_writable(options, oid, slot):
    target = resolve_writable(**options)
    assert target.oid == oid
    assert (target.slot and target.slot.name) == slot


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"slot": "second", "oid": "0xE0E1"}, "--slot and --id both name an object. Give one of them"),
        (
            {"slot": "five"},
            "slot five has a key (0xE0FC) but no object for its certificate. Name one by its identifier",
        ),
        (
            {"slot": "seventh"},
            "'seventh' is neither a slot nor the identifier of an object. There are the slots first, second",
        ),
        (
            {"oid": "second"},
            "'second' is neither a slot nor the identifier of an object. There are the slots first, second",
        ),
        ({"slot": ""}, "'' is neither a slot nor the identifier of an object."),
        ({"oid": "0xBEEF"}, "'0xBEEF' is not an object of the chip. There are the slots"),
        (
            {"oid": "0xE0F1"},
            "0xE0F1 cannot be written: it is a private key, which the chip makes itself. The key's certificate lies in "
            "0xE0E1 (slot second)",
        ),
        (
            {"oid": "0xE0FC"},
            "0xE0FC cannot be written: it is a private key, which the chip makes itself. Files are written to "
            "0xE0E0-0xE0E3, 0xE0E8-0xE0E9, 0xE0EF, 0xF1D0-0xF1DB, 0xF1E0-0xF1E1",
        ),
        ({"oid": "0xE0C2"}, "0xE0C2 cannot be written: it is the chip's own. "),
        ({"oid": "0xE120"}, "0xE120 cannot be written: it is a counter. "),
        (
            {"oid": "0xE140"},
            "0xE140 cannot be written: it is a secret shared with a host, which a file must not hold. ",
        ),
        ({"oid": "0xE200"}, "0xE200 cannot be written: it is a secret key, which the chip makes itself. "),
        ({"oid": "0xE100"}, "0xE100 cannot be written: it is a session's secret, which only the chip knows. "),
    ],
)
def test_not_writable(options, text):
    with pytest.raises(ConfigurationError) as caught:
        resolve_writable(**options)
    assert str(caught.value).startswith(text)


@pytest.mark.parametrize(
    ("text", "oid"), [("0xE0E0", 0xE0E0), ("f1d3", 0xF1D3), ("third", 0xE0E2), ("0xE0C2", 0xE0C2), ("0xE120", 0xE120)]
)
def test_readable(text, oid):
    assert resolve_readable(text).oid == oid


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("0xE0F1", "0xE0F1 cannot be read: an EC key never leaves the chip. The key's certificate lies in 0xE0E1"),
        ("0xE0FC", "0xE0FC cannot be read: an RSA key never leaves the chip. 'key list' shows"),
        ("0xE200", "0xE200 cannot be read: a symmetric key never leaves the chip. 'key list' shows"),
        ("0xE101", "0xE101 cannot be read: a session context never leaves the chip"),
        ("six", "slot six has a key (0xE0FD) but no object for its certificate"),
        ("nothing", "'nothing' is neither a slot nor the identifier of an object"),
    ],
)
def test_not_readable(text, message):
    with pytest.raises(ConfigurationError) as caught:
        resolve_readable(text)
    assert str(caught.value).startswith(message)


def test_every_object_is_readable_or_says_why():
    for info in OBJECTS.values():
        if info.kind.is_key or info.kind is ObjectKind.SESSION:
            with pytest.raises(ConfigurationError, match="never leaves the chip"):
                resolve_readable(info.label)
        else:
            assert resolve_readable(info.label).info is info


@pytest.mark.parametrize("oid", [0xE140, 0xF1D0, 0xF1DF])
def test_objects_of_shared_secrets(oid):
    """Those of every model: Trust X alone has 0xF1DC to 0xF1DF."""
    assert resolve_secret(f"0x{oid:04x}") == oid


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("secret", "'secret' is not an object of the chip. Give an identifier such as 0xF1D0"),
        ("0xBEEF", "'0xBEEF' is not an object of the chip"),
        ("0xE101", "0xE101 is a session, which holds nothing when a command begins"),
        ("0xE0F1", "0xE0F1 (EC key) holds no shared secret"),
    ],
)
def test_what_holds_no_shared_secret(text, message):
    with pytest.raises(ConfigurationError) as caught:
        resolve_secret(text)
    assert str(caught.value).startswith(message)
