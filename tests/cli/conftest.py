"""Running the command line as a user does, in this process."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from cloud_server import Cloud
from provisioned import Bench

from optiga.cli import main

Cli = Callable[..., "Result"]


@dataclass
class Result:
    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        """The error lines."""
        return [line for line in self.err.splitlines() if line.startswith("Error: ")]


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Call with arguments; works in a folder of its own. What Python warns of stays an error, as in all tests."""
    monkeypatch.setattr(sys, "warnoptions", ["error"])
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments: object) -> Result:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return run


@pytest.fixture
def port(tmp_path: Path) -> str:
    """An emulated chip in a file of its own."""
    return f"emulator:{tmp_path / 'chip'}"


@pytest.fixture(scope="session")
def configs() -> Path:
    return Path(__file__).resolve().parents[2] / "configs"


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
