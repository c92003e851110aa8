"""Mutated files, documents, queries and frames end in one printable line, or are good, at every border."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.file_mutations import encode_tree, mutate_json, read_tree
from tests.support.mutated_files import MOST_SECONDS, fast_folder, run


@pytest.fixture
def folder() -> Iterator[Path]:
    with TemporaryDirectory(dir=fast_folder()) as name:
        yield Path(name)


def check(folder: Path, count: int, seed: int, least: int) -> None:
    ends = dict(run(count, seed, folder, least=least))
    assert [one for end in ends.values() for one in end.unexpected] == []
    assert [name for name, end in ends.items() if not end.taken or not end.refused] == []
    assert max(end.slowest[0] for end in ends.values()) < MOST_SECONDS
    assert len(ends) == 20


@pytest.mark.long
def test_a_share(folder: Path) -> None:
    check(folder, 300, 5, 16)


@pytest.mark.long
def test_many(folder: Path) -> None:
    check(folder, 8000, random.randrange(1 << 32), 60)


def test_mutations_are_of_the_structure() -> None:
    """Most of them are JSON again, almost all another than the sample, and names stand twice in some."""
    sample, chance = read_tree('{"a": {"b": [1, "x"], "c": null}, "d": "00ff"}'), random.Random(1)
    mutated = [mutate_json(sample, chance) for _ in range(300)]
    parsed = [one for one in mutated if is_json(one)]
    assert sum(one != encode_tree(sample).encode() for one in mutated) > 230
    assert len(parsed) > 150
    assert any(b'"a":' in one and one.count(b'"d":') > 1 for one in parsed)


def is_json(data: bytes) -> bool:
    try:
        read_tree(data)
    except (ValueError, RecursionError):
        return False
    return True
