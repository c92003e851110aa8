"""Matrices of which a short run tries a sample."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark import ParameterSet


def sampled(values: Iterable[Any], keep: int = 3) -> list[Any]:
    """All values for ``parametrize``; most are marked as long, the rest are spread evenly from the first to the last.

    :param keep: how many are not marked; a single one is the first.
    """
    values = list(values)
    kept = {round(place * (len(values) - 1) / max(keep - 1, 1)) for place in range(keep)}
    return [value if place in kept else _long(value) for place, value in enumerate(values)]


def sampled_rows(rows: Iterable[Any], keep: int = 3) -> list[Any]:
    """The same for a test of several parameters, with a row of values for each case."""
    return sampled((row if isinstance(row, ParameterSet) else pytest.param(*row) for row in rows), keep)


def _long(value: Any) -> Any:
    """A value, or what ``pytest.param`` has made of one, marked as long."""
    given = value if isinstance(value, ParameterSet) else pytest.param(value)
    return pytest.param(*given.values, marks=[*given.marks, pytest.mark.long], id=given.id)
