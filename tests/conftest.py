"""Shared by all tests: no test touches the user's own state, ports or environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest_plugins = ["cloud_fixtures"]
for area in (".", "chip", "cloud", "emulator", "interop", "personalize", "transport"):
    sys.path.append(str(Path(__file__).parent / area))


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """State folders of the platform lie in a temporary folder, and no port is set."""
    state = tmp_path_factory.mktemp("state")
    for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
        monkeypatch.setenv(name, str(state))
    monkeypatch.delenv("OPTIGA_PORT", raising=False)
