"""Matrices of which a short run tries a sample."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest


def sampled(values: Iterable[Any], keep: int = 3) -> list[Any]:
    """All values for ``parametrize``; most are marked as long, the rest are spread evenly from the first to the last.

    :param keep: how many are not marked; at least 2.
    """
    values = list(values)
    kept = {round(place * (len(values) - 1) / (keep - 1)) for place in range(keep)}
    return [
        value if place in kept else pytest.param(value, marks=pytest.mark.long) for place, value in enumerate(values)
    ]
