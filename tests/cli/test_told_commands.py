"""Commands in hints, notes and warnings: each can be pasted, with the CA and the port that were given."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

import optiga
from tests.support.cli.runner import Cli
from tests.support.cli.torn import mark_torn

NO_KEY = "key generate third"


@pytest.fixture
def ca(cli: Cli) -> str:
    assert cli("ca", "init", "my ca", "--no-passphrase", "--name", "root").code == 0
    return "my ca"


def commands(text: str) -> list[list[str]]:
    """The commands in quotes, in words."""
    return [shlex.split(one) for one in re.findall(r"'(?:python -m optiga )?((?:ca|key|object|counter) [^']+)'", text)]


@pytest.mark.parametrize("words", [("show", "445d"), ("revoke", "445d", "--yes"), ("show", "none.pem")])
def test_a_hint_names_the_ca(cli: Cli, ca: str, words: tuple[str, ...]) -> None:
    (told,) = commands(cli("ca", *words, "--ca", ca).errors[0])
    assert told == ["ca", "list", "--ca", ca]
    assert cli(*told).code == 0


def test_a_warning_names_the_ca(cli: Cli, ca: str, port: str, configs: Path) -> None:
    config = configs / "config_nistp256_ecdsa_secondslot.jsn"
    csr = cli("--port", port, "--csr", config, "-q", "--query", "filename").out.strip()
    assert cli("ca", "sign", csr, "--ca", ca, "--out", "1.pem").code == 0
    (told,) = commands(cli("ca", "sign", csr, "--ca", ca, "--out", "2.pem").err)
    assert told[:2] == ["ca", "revoke"]
    assert cli(*told, "--yes").code == 0


def test_a_ca_that_was_not_typed_is_not_named(cli: Cli, ca: str) -> None:
    Path("optiga.toml").write_text('ca = "my ca"\n', encoding="utf-8")
    (told,) = commands(cli("ca", "show", "445d").errors[0])
    assert told == ["ca", "list"]
    assert cli(*told).code == 0


class TestPort:
    def test_a_hint_names_the_port(self, cli: Cli, port: str) -> None:
        words, given = ("key", "sign", "third", __file__), ("--port", port)
        assert cli("info", *given).code == 0
        for line in ((*given, *words), (*words, *given)):
            (told,) = commands(cli(*line).errors[0])
            assert told == [*NO_KEY.split(), "--port", port]
        assert cli(*told).code == 0

    def test_a_program_is_told_the_same(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "info").code == 0
        error = cli("--port", port, "--output", "json", "key", "sign", "third", __file__).err
        assert f"{NO_KEY} --port {port}'" in error

    @pytest.mark.parametrize("words", [("info",), ("object", "list"), ("key", "list")])
    def test_a_result_names_the_port(self, cli: Cli, port: str, words: tuple[str, ...]) -> None:
        with optiga.open_chip(port) as chip:
            chip.generate_key("third")
        mark_torn(port, 0xE0F2, version=4)
        wanted = f'object metadata 0xE0F2 "version: 3" --port {port}'
        given = ("--port", port, *words)
        for form in ((), ("--output", "json"), ("--output", "text"), ("--query", "@")):
            result = cli(*given, *form)
            assert result.code == 0
            said = result.out if "info" in words or form else result.err
            assert wanted in said.replace('\\"', '"')
            assert "python -m optiga" not in said

    def test_one_of_the_environment_or_of_a_file_is_not_named(
        self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        Path("optiga.toml").write_text(f'port = "{port}"\n', encoding="utf-8")
        assert cli("info").code == 0
        assert commands(cli("key", "sign", "third", __file__).errors[0]) == [NO_KEY.split()]
        Path("optiga.toml").unlink()
        monkeypatch.setenv("OPTIGA_PORT", port)
        assert commands(cli("key", "sign", "third", __file__).errors[0]) == [NO_KEY.split()]


def test_a_chip_that_is_there_already_is_reset_by_its_name(cli: Cli) -> None:
    assert cli("emulator", "new", "a.chip").code == 0
    assert "emulator reset a.chip'" in cli("emulator", "new", "a.chip").errors[0]
    assert "emulator new b.chip'" in cli("emulator", "dump", "b.chip").errors[0]
