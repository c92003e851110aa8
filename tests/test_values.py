"""Frozen dataclasses with a common base do what those of the standard library do."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar

import pytest

from optiga.values import Value, frozen


@frozen
class Ours(Value):
    first: int
    second: str = "two"
    third: list[int] = field(default_factory=list)

    kind: ClassVar[str] = "kind"

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError("negative")


@dataclass(frozen=True, slots=True)
class Theirs:
    """The same, made by the standard library."""

    first: int
    second: str = "two"
    third: list[int] = field(default_factory=list)

    kind: ClassVar[str] = "kind"

    def __post_init__(self) -> None:
        if self.first < 0:
            raise ValueError("negative")


@frozen
class Pair(Value):
    left: int
    right: str


@frozen
class Triple(Pair):
    last: bytes = b""

    @property
    def secrets(self) -> tuple[str, ...]:
        return ("last",)


GOOD: dict[str, Callable[[Any], Any]] = {
    "defaults": lambda kind: kind(1),
    "by place": lambda kind: kind(1, "b", [3]),
    "by name": lambda kind: kind(third=[3], first=1),
    "both": lambda kind: kind(1, third=[3]),
    "replaced": lambda kind: replace(kind(1), second="x"),
    "copied": lambda kind: copy.copy(kind(1, "b")),
    "copied deeply": lambda kind: copy.deepcopy(kind(1, "b", [3])),
    "pickled": lambda kind: pickle.loads(pickle.dumps(kind(1, "b", [3]))),
}
BAD: dict[str, Callable[[Any], Any]] = {
    "none": lambda kind: kind(),
    "too many": lambda kind: kind(1, "b", [], 4),
    "twice": lambda kind: kind(1, first=1),
    "unknown": lambda kind: kind(1, fourth=4),
    "unknown in place of one that is missing": lambda kind: kind(fourth=4),
    "class variable": lambda kind: kind(1, kind="x"),
    "refused": lambda kind: kind(-1),
    "assigned": lambda kind: setattr(kind(1), "first", 2),
    "deleted": lambda kind: delattr(kind(1), "first"),
    "hash of a list": lambda kind: hash(kind(1)),
    "replaced by none": lambda kind: replace(kind(1), fourth=4),
}


@pytest.mark.parametrize("way", GOOD)
def test_it_holds_what_a_dataclass_holds(way: str) -> None:
    ours, theirs = GOOD[way](Ours), GOOD[way](Theirs)
    assert asdict(ours) == asdict(theirs)
    assert ours == GOOD[way](Ours)
    assert ours.kind == "kind"


@pytest.mark.parametrize("way", BAD)
def test_it_refuses_what_a_dataclass_refuses(way: str) -> None:
    with pytest.raises(Exception) as theirs:
        BAD[way](Theirs)
    with pytest.raises(type(theirs.value)):
        BAD[way](Ours)


def test_each_has_a_list_of_its_own() -> None:
    Ours(1).third.append(4)
    assert Ours(1).third == []


def test_it_is_a_dataclass_with_slots() -> None:
    assert is_dataclass(Ours)
    assert [one.name for one in fields(Ours)] == ["first", "second", "third"]
    assert not hasattr(Ours(1), "__dict__")
    assert not hasattr(Triple(1, "b"), "__dict__")
    assert Ours.__match_args__ == Theirs.__match_args__


def test_equal_values_are_of_one_class() -> None:
    assert Pair(1, "b") == Pair(1, "b")
    assert hash(Pair(1, "b")) == hash(Pair(1, "b"))
    assert Pair(1, "b") != Pair(1, "c")
    assert Triple(1, "b") != Pair(1, "b")
    assert Pair(1, "b") != (1, "b")


def test_a_subclass_adds_fields_behind_those_above() -> None:
    assert Triple(1, "b", b"c") == Triple(1, "b", last=b"c")
    assert replace(Triple(1, "b"), last=b"c").last == b"c"


def test_a_secret_is_not_printed() -> None:
    assert "6162" not in repr(Triple(1, "b", b"ab"))
    assert "left=1" in repr(Triple(1, "b", b"ab"))


def test_an_error_of_assignment_names_the_field() -> None:
    with pytest.raises(FrozenInstanceError, match="left"):
        Pair(1, "b").left = 2  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError, match="other"):
        Pair(1, "b").other = 2  # type: ignore[attr-defined]
