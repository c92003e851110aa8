"""Each promise has its tests, and they are there: one that is renamed or gone is noticed."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from tests.support import infineon_files, promises, promises_of_input, promises_of_people, promises_of_world
from tests.support.places import ROOT

PROMISES = {
    **promises.PROMISES,
    **promises_of_input.PROMISES,
    **promises_of_world.PROMISES,
    **promises_of_people.PROMISES,
    **infineon_files.PROMISES,
}


def named() -> Iterator[tuple[str, str]]:
    """Each promise, and each test that is named for it."""
    for group in PROMISES.values():
        for promise, tests in group.items():
            for test in tests:
                yield promise, test


@cache
def names_in(path: str) -> frozenset[str]:
    """The tests of a file, as pytest names them behind it: functions, classes, and methods of classes."""
    file = ROOT / "tests" / path
    if not file.is_file():
        return frozenset()
    return frozenset(_names(ast.parse(file.read_text(encoding="utf-8")).body))


def _names(body: list[ast.stmt], before: str = "") -> Iterator[str]:
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.name.startswith("test"):
            yield before + node.name
        elif isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            within = list(_names(node.body, f"{before}{node.name}::"))
            if within:  # a class without tests holds nothing
                yield before + node.name
            yield from within


@pytest.mark.long
@pytest.mark.parametrize("test", sorted({test for _, test in named()}))
def test_it_is_there(test: str) -> None:
    path, _, name = test.partition("::")
    assert name in names_in(path), f"it is to hold: {[promise for promise, held in named() if held == test]}"


def test_every_promise_is_held() -> None:
    for group in PROMISES.values():
        assert group
        for promise, tests in group.items():
            assert tests, promise
            assert len(set(tests)) == len(tests), promise


def test_each_kind_of_infineons_files_stands_once() -> None:
    kinds = [row.kind for row in infineon_files.TABLE]
    assert len(set(kinds)) == len(kinds) == sum(map(len, infineon_files.PROMISES.values()))
    for row in infineon_files.TABLE:
        assert row.files > 0, row.kind
        assert row.repositories, row.kind
        assert len(set(row.repositories)) == len(row.repositories), row.kind


@pytest.mark.parametrize(
    "test",
    [
        "cli/test_live_key.py::test_a_live_device",
        "cli/test_live_key.py::TestNothingIsLost::test_nothing",
        "cli/test_live_key.py::Way",
        "cli/test_live_key.py::",
        "cli/test_live_keys.py::TestNothingIsLost",
    ],
)
def test_what_is_not_there_is_noticed(test: str) -> None:
    path, _, name = test.partition("::")
    assert name not in names_in(path)
