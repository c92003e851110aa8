"""Where a wrong value comes from, if it is not on the command line: the environment, or a file of defaults."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli.mistakes import error_of
from tests.support.cli.runner import Cli

SOURCE = "environment variable OPTIGA_PORT"
PORTS = (
    "nonsense",
    "/dev/nonsense",
    "socket://127.0.0.1:1",
    "socket://127.0.0.1:x",
    "emulator:none/chip",
    "emulator:chip?model=bad",
    "emulator:chip?timing=bad",
    "emulator:",
    "ft260?vid=x",
)


class TestPortOfTheEnvironment:
    @pytest.mark.parametrize("port", PORTS)
    def test_is_said_to_come_from_there(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
        monkeypatch.setenv("OPTIGA_PORT", port)
        result = cli("info")
        assert result.code in (2, 3)
        assert result.errors[0].count(SOURCE) == 1
        assert "--port" in result.errors[0]
        assert SOURCE in error_of(cli, "--output", "json", "info")["hint"]

    @pytest.mark.parametrize("words", [("--port", "nonsense"), ("--port=nonsense",)])
    def test_one_that_was_typed_does_not(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
    ) -> None:
        monkeypatch.setenv("OPTIGA_PORT", "nonsense")
        for line in ((*words, "info"), ("info", *words)):
            assert SOURCE not in cli(*line).err

    @pytest.mark.parametrize("port", ["emulator", "emulator:chip"])
    def test_a_mistake_in_something_else_does_not(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, port: str) -> None:
        monkeypatch.setenv("OPTIGA_PORT", port)
        for words in (("--csr", "none.jsn"), ("--read", "second"), ("--read", "nonsense"), ("emulator", "reset", "x")):
            assert SOURCE not in cli(*words).err

    def test_a_model_that_there_is_not_is_refused_before_the_chip_is_announced(self, cli: Cli) -> None:
        result = cli("--port", "emulator:chip?model=bad", "info")
        assert (result.code, len(result.err.splitlines())) == (2, 1)
        assert "emulator:chip?model=bad" in result.err


@pytest.mark.parametrize("port", ["emulator:chip?model=bad", "emulator:chip?timing=bad", "nonsense"])
def test_a_port_of_a_file_of_defaults_is_said_to_come_from_there(cli: Cli, port: str) -> None:
    Path("optiga.toml").write_text(f'# board\nport = "{port}"\n', encoding="utf-8")
    assert "optiga.toml:2" in cli("info").errors[0]
