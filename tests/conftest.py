"""Shared by all tests: no test touches the user's own state, ports or environment, or leans on the machine's speed."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.events import Runner

settings.register_profile("any machine", settings.default, deadline=None)
settings.load_profile("any machine")
_numbers = itertools.count()
pytest_plugins = ["cloud_fixtures"]
for area in (".", "chip", "cloud", "emulator", "interop", "personalize", "transport"):
    sys.path.append(str(Path(__file__).parent / area))


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """State folders of the platform lie in a temporary folder, which is made if anything is kept; no port is set."""
    state = tmp_path_factory.getbasetemp() / f"state{next(_numbers)}"
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(state))
    monkeypatch.delenv("OPTIGA_PORT", raising=False)


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """Runs jobs that are struck at their events."""
    with Runner() as made:
        yield made
