"""Colours on a terminal: of warnings and errors alone."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.processes import OPTIGA
from tests.support.terminal import terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
WORDS = [*OPTIGA, "--port", "emulator:chip", "object", "read"]
RED, RESET = "\x1b[31m", "\x1b[0m"


def test_a_note_is_plain(tmp_path: Path) -> None:
    with terminal([*WORDS, "0xE0C2"], tmp_path, {"NO_COLOR": ""}) as shown:
        assert "A new chip was created" in shown.wait_for_end()
        assert RESET not in shown.raw


def test_an_error_is_red(tmp_path: Path) -> None:
    with terminal([*WORDS, "nonsense"], tmp_path, {"NO_COLOR": ""}) as shown:
        shown.wait_for_end()
        assert f"{RED}Error: " in shown.raw
        assert shown.raw.rstrip().endswith(RESET)


def test_nobody_wants_it(tmp_path: Path) -> None:
    with terminal([*WORDS, "nonsense"], tmp_path, {"NO_COLOR": "1"}) as shown:
        assert "Error: " in shown.wait_for_end()
        assert "\x1b[" not in shown.raw
