"""Running the command line as a user does, in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from optiga.cli import main
from optiga.testing import Cloud
from tests.support.cli.hints import strange_options
from tests.support.cli.provisioned import Bench
from tests.support.cli.runner import Ask, Cli, Result
from tests.support.places import CONFIGS


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Call with arguments; works in a folder of its own. What Python warns of stays an error, as in all tests.

    Whatever is called, its messages name no option that it does not have.
    """
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        assert strange_options([str(argument) for argument in arguments], captured.err) == []
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def port(tmp_path: Path) -> str:
    """An emulated chip in a file of its own."""
    return f"emulator:{tmp_path / 'chip'}"


@pytest.fixture(scope="session")
def configs() -> Path:
    return CONFIGS


@pytest.fixture
def config(configs: Path) -> Path:
    """The seed's configuration."""
    return configs / "config_nistp256_ecdsa_secondslot.jsn"


@pytest.fixture
def bench(cli: Cli, cloud: Cloud, tmp_path: Path) -> Bench:
    """A blank chip, an empty folder to work in, and a cloud with nothing in it."""
    return Bench(cloud, tmp_path / "work", tmp_path / "chip")


@pytest.fixture
def run(cli: Cli, bench: Bench, config: Path) -> Cli:
    """``provision`` with the seed's configuration."""
    return lambda *options: cli("--port", bench.port, "provision", config, *options)


@pytest.fixture
def ask(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Ask:
    """What a shell is answered: kind, text and meaning of each line."""

    def asked(line: str, shell: str = "fish", **environment: str) -> list[list[str]]:
        monkeypatch.setenv("_OPTIGA_COMPLETE", shell)
        monkeypatch.setenv("_OPTIGA_LINE", line)
        for name, value in environment.items():
            monkeypatch.setenv(f"_OPTIGA_{name}", value)
        result = cli()
        assert (result.code, result.err) == (0, "")
        return [one.split("\t") for one in result.out.splitlines()]

    return asked
