"""``--csr`` over a line that fails for ever, as the user sees it: one line, exit code 3, no file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from optiga.emulator import EmulatedChip
from tests.support.cli.runner import Cli
from tests.support.faulty_line import FAULTS, HARMLESS, FaultyLine

BOARD = 3


@pytest.mark.parametrize("persists", [False, True], ids=["once", "for ever"])
@pytest.mark.parametrize("exchange", range(3))
@pytest.mark.parametrize("name", FAULTS)
def test_csr(
    name: str, exchange: int, persists: bool, cli: Cli, configs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = FaultyLine(EmulatedChip().execute, replace(FAULTS[name], exchange=exchange, persists=persists))
    monkeypatch.setattr("optiga.transport.serial_line.SerialLine", lambda port: line)
    result = cli("--port", "/dev/ttyACM9", "--csr", configs / "config_nistp256_ecdsa_secondslot.jsn")
    files = [path.name for path in Path.cwd().iterdir()]
    assert line.closed
    if persists and name not in HARMLESS:
        assert (result.code, result.out, files) == (BOARD, "", [])
        assert len(result.errors) == 1
        assert result.errors[0].startswith("Error: /dev/ttyACM9: ")
        assert "Traceback" not in result.err
    else:
        assert result.code == 0
        assert len(files) == 1
        assert files[0] in result.out
