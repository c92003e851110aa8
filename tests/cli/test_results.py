"""Results: their form in JSON, and the samples that queries are tried on, both from the fields of their types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import pytest

from optiga.cli.support.query import check, search
from optiga.cli.support.samples import sample_of
from optiga.errors import ConfigurationError
from optiga.results import ABSENT, HIDDEN, MERGED, OID, keyed, lines, named, there_with, to_json


class Colour(IntEnum):
    DARK_BLUE = 3


class Corner(NamedTuple):
    left: str
    top: int


@dataclass(frozen=True, slots=True)
class Inner:
    name: str
    note: str | None = field(default=None, metadata=ABSENT)


@dataclass(frozen=True, slots=True)
class Other:
    error: str


@dataclass(frozen=True, slots=True)
class Everything:
    inner: Inner = field(metadata=MERGED)
    secret: str = field(metadata=HIDDEN)
    oid: int = field(metadata=OID)
    data: bytes
    moment: datetime
    file: Path | None
    colour: Colour
    corner: Corner
    flags: tuple[bool, ...]
    many: tuple[Inner, ...]
    either: Inner | Other | None
    by_name: Mapping[str, Inner] = field(metadata=keyed("one", "two"))
    place: str | None = field(default=None, metadata=ABSENT)
    value: int | None = field(default=None, metadata=named("class") | there_with("place"))
    remarks: tuple[str, ...] = field(default=(), metadata=ABSENT)


WHEN = datetime(2025, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
FULL = Everything(
    Inner("n", "said"),
    "hush",
    0xE1,
    b"\x01\xff",
    WHEN,
    Path("a/b"),
    Colour.DARK_BLUE,
    Corner("l", 7),
    (True, False),
    (Inner("m"),),
    Other("why"),
    {"one": Inner("o")},
    "there",
    None,
    ("r",),
)
BARE = Everything(Inner("n"), "hush", 0, b"", WHEN, None, Colour.DARK_BLUE, Corner("", 0), (), (), None, {})


def test_a_result_in_json() -> None:
    assert list(to_json(FULL).items()) == [
        ("name", "n"),
        ("note", "said"),
        ("oid", "0x00E1"),
        ("data", "01ff"),
        ("moment", "2025-01-02T03:04:05+00:00"),
        ("file", "a/b"),
        ("colour", "dark_blue"),
        ("corner", {"left": "l", "top": 7}),
        ("flags", [True, False]),
        ("many", [{"name": "m"}]),
        ("either", {"error": "why"}),
        ("by_name", {"one": {"name": "o"}}),
        ("place", "there"),
        ("class", None),
        ("remarks", ["r"]),
    ]


def test_what_is_left_out() -> None:
    encoded = to_json(BARE)
    assert not {"note", "secret", "place", "class", "remarks"} & set(encoded)
    assert (encoded["file"], encoded["either"], encoded["by_name"], encoded["many"]) == (None, None, {}, [])


def test_what_has_no_form_is_refused() -> None:
    with pytest.raises(TypeError, match="object"):
        to_json({"a": object()})


def test_lines_for_people() -> None:
    assert lines(Inner("a\nb", None)) == "name: a\\nb"
    assert lines({"a": None, "b": ["c", 1], "d": [], "e": True}) == "a: -\nb: c, 1\nd: -\ne: yes"
    assert lines({"a": {"b": False, "c": None}}) == "a: b no, c -"


def test_the_sample_has_every_field() -> None:
    sample = sample_of(Everything)
    assert list(sample) == list(to_json(FULL))
    assert set(sample["either"]) == {"name", "note", "error"}
    assert set(sample["by_name"]) == {"one", "two"}
    assert type(sample["corner"]["top"]) is int


@pytest.mark.parametrize(
    "query", ["name", "either.error", "by_name.two.name", "flags[1]", "many[].note", "corner.top > `0`", "class"]
)
def test_what_a_query_can_find(query: str) -> None:
    check(query, Everything)


@pytest.mark.parametrize(
    "query", ["secret", "inner", "value", "flags[2].x", "many[0].nothing", "by_name.three", "length(corner.top)"]
)
def test_what_no_query_can_find(query: str) -> None:
    with pytest.raises(ConfigurationError):
        check(query, Everything)


def test_a_result_that_is_known_beforehand() -> None:
    check("file", BARE)
    assert search("file", to_json(BARE)) is None
    with pytest.raises(ConfigurationError, match="place"):
        check("place", BARE)
