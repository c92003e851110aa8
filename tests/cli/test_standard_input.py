"""``-`` for standard input: read where content is wanted, and refused in one line elsewhere."""

from __future__ import annotations

import io
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.ca_helpers import make_request
from tests.support.cli.runner import Cli

USAGE, CERTIFICATE = 2, 5
CONFIG = "config_nistp256_ecdsa_secondslot.jsn"
Feed = Callable[[bytes], None]


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    """Gives the next command something to read."""
    return lambda data: monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


class TestSign:
    @pytest.fixture(autouse=True)
    def _root(self, cli: Cli) -> None:
        assert cli("ca", "init", "--no-passphrase", "root").code == 0

    def test_a_csr(self, cli: Cli, feed: Feed) -> None:
        feed(make_request())
        result = cli("ca", "sign", "-", "--ca", "root", "--out", "device.pem", "--query", "certificate_file")
        assert (result.code, result.out) == (0, "device.pem\n")
        assert "BEGIN CERTIFICATE" in Path("device.pem").read_text()

    def test_without_a_name_for_the_certificate(self, cli: Cli, feed: Feed) -> None:
        feed(make_request())
        result = cli("ca", "sign", "-", "--ca", "root")
        assert (result.code, len(result.errors)) == (USAGE, 1)
        assert "requires --out" in result.errors[0]
        assert [path.name for path in Path().iterdir()] == ["root"]

    @pytest.mark.parametrize("data", [b"", b"nothing of the kind", b"-----BEGIN CERTIFICATE-----\n"])
    def test_what_is_no_csr(self, cli: Cli, feed: Feed, data: bytes) -> None:
        feed(data)
        result = cli("ca", "sign", "-", "--ca", "root", "--out", "device.pem")
        assert (result.code, len(result.errors)) == (CERTIFICATE, 1)
        assert "standard input" in result.errors[0]
        assert not Path("device.pem").exists()


@pytest.mark.parametrize("more", [(), ("--dry-run",), ("--slot", "third")])
def test_a_configuration(cli: Cli, port: str, configs: Path, feed: Feed, more: tuple[str, ...]) -> None:
    feed((configs / CONFIG).read_bytes())
    result = cli("--port", port, "--csr", "-", *more)
    assert (result.code, result.errors) == (0, [])
    assert len(list(Path().glob("*.csr"))) == ("--dry-run" not in more)


@pytest.mark.parametrize("words", ["--csr -", "config check -", "--csr - --dry-run"])
def test_mistakes_in_a_configuration(cli: Cli, port: str, feed: Feed, words: str) -> None:
    feed(b'{"csr_config": {},\n "nothing": 1}')
    result = cli("--port", port, *words.split())
    assert result.code == USAGE
    assert "standard input:2: nothing" in result.err


def test_checked_configurations(cli: Cli, configs: Path, feed: Feed) -> None:
    feed((configs / CONFIG).read_bytes())
    result = cli("config", "check", configs / CONFIG, "-", "--query", "files[].file")
    assert result.code == 0
    assert "standard input" in result.out


@pytest.mark.parametrize(
    "words",
    [
        "ca init root --passphrase-file -",
        "ca import root --certificate - --key k",
        "update show -",
        "--keep-key --csr {config} --public-key -",
        "key ecdh second -",
        "object write 0xF1D0 x --authorize 0xF1D5=-",
    ],
)
def test_where_it_is_not_read(cli: Cli, port: str, configs: Path, feed: Feed, words: str) -> None:
    Path("x").write_bytes(b"x")
    feed(b"something")
    result = cli("--port", port, *shlex.split(words.format(config=configs / CONFIG)))
    assert (result.code, result.out, len(result.errors)) == (USAGE, "", 1)
    assert "'-' (standard input) is not supported here" in result.errors[0]
    assert sys.stdin.read() == "something"


@pytest.mark.long
def test_a_file_of_that_name_is_one(cli: Cli) -> None:
    Path("-").write_text("correct horse battery\n")
    assert cli("ca", "init", "root", "--passphrase-file", "-").code == 0
