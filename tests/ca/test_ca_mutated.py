"""Mutated CSRs and certificates end in one printable line, or are good, at every border that they come in by."""

from __future__ import annotations

import random

import pytest

from tests.support.ca_helpers import make_request
from tests.support.mutated import Ends, run
from tests.support.mutations import Value, mutate


def check(ends: Ends, count: int) -> None:
    assert ends.unexpected == []
    assert ends.of("csr", "taken") + ends.of("csr", "refused") == count // 2
    assert ends.of("certificate", "taken") + ends.of("certificate", "refused") == count // 2
    for kind in ("csr", "certificate"):
        assert ends.of(kind, "taken") > count // 200
        assert ends.of(kind, "refused") > count // 4


@pytest.mark.long
def test_a_share(tmp_path):
    check(run(300, random.randrange(1 << 32), tmp_path), 300)


@pytest.mark.long
def test_many(tmp_path):
    ends = run(8_000, random.randrange(1 << 32), tmp_path)
    check(ends, 8_000)
    assert len(ends.issued) > 80
    borders = ("write", "read", "register", "trust", "CA's own", "CA's chain", "public key", "AWS", "update", "chip")
    assert [border for border in borders if not ends.of(border, "taken")] == []


def test_mutations_are_of_the_structure():
    """Most of them are DER throughout again, and almost all are another than the sample."""
    sample, chance = Value.read(make_request()), random.Random(1)
    mutated = [mutate(sample, chance) for _ in range(300)]
    assert sum(one != sample.encode() for one in mutated) > 270
    assert sum(is_der(one) for one in mutated) > 150


def is_der(data: bytes) -> bool:
    try:
        Value.read(data)
    except (ValueError, IndexError, RecursionError):
        return False
    return True
