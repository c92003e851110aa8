"""What most tests of the emulated chip begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.emulator.emulated import Probe


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of a chip's file that is not there yet."""
    return tmp_path / "my.chip"


@pytest.fixture
def probe() -> Probe:
    """A new chip."""
    return Probe()
