"""The command line in a folder that a release has left, or rather in a copy of it."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.released_files import RELEASES, Optiga, read_sums, sums_of


@pytest.fixture
def optiga(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Optiga:
    """What Python warns of stays an error, as in all tests."""
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.chdir(tmp_path)
    return Optiga(capsys, tmp_path, monkeypatch)


@pytest.fixture(autouse=True, scope="module")
def _unchanged() -> Iterator[None]:
    """No test changes what was left, or adds to it."""
    yield
    for release in RELEASES:
        assert sums_of(release) == read_sums(release)
