"""Contents and metadata that a chip would not take are refused before any of them is written."""

from __future__ import annotations

import pytest

from optiga.errors import ConfigurationError
from optiga.objects.addressing import ADMINISTERED, resolve
from optiga.protocol.metadata import Metadata, Tag
from optiga.transfer.checks import check_changes, check_content

ROOM = Metadata({Tag.MAX_SIZE: b"\x08"})


@pytest.mark.parametrize(
    ("oid", "data", "message"),
    [
        ("f1d0", bytes(9), "9 bytes do not fit"),
        ("e0c0", b"\x05", "not a life cycle state"),
        ("e0c4", b"\x01", "out of its range"),
        ("e120", bytes.fromhex("0000000200000001"), "more than its threshold"),
    ],
)
def test_what_an_object_cannot_hold(oid: str, data: bytes, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        check_content(resolve(oid, ADMINISTERED).info, data, ROOM)


def test_what_it_can() -> None:
    check_content(resolve("f1d0", ADMINISTERED).info, bytes(8), ROOM)
    check_content(resolve("e120", ADMINISTERED).info, bytes.fromhex("0000000100000001"), ROOM)


@pytest.mark.parametrize(("tag", "value"), [(Tag.LCSO, 5), (Tag.TYPE, 0x77), (0x99, 1)])
def test_a_tag_that_cannot_be_set_so(tag: int, value: int) -> None:
    with pytest.raises(ConfigurationError, match="cannot be set to"):
        check_changes(resolve("f1d0", ADMINISTERED).info, Metadata({tag: bytes([value])}))


def test_one_that_can() -> None:
    check_changes(resolve("f1d0", ADMINISTERED).info, Metadata({Tag.LCSO: b"\x07", Tag.TYPE: b"\x11"}))
