"""Mutated CSRs and certificates end in one printable line, or are good."""

from __future__ import annotations

import pytest

from tests.support.mutated import run


@pytest.mark.parametrize("seed", [1, 2])
def test_a_share(seed):
    ends = run(1000, seed)
    assert ends["refused"] > 500
    assert ends["taken"] > 10


@pytest.mark.long
def test_many():
    assert run(30_000, 3)["taken"] > 300
