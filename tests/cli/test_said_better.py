"""Errors that once led astray: what they say, and what they no longer say."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from optiga.cli.support.served_chips import advise_of_server
from optiga.cli.support.waiting import _cut
from optiga.files.locks import Owner, command_line
from tests.support.cli.mistakes import Mistake, assert_mistake, error_of, fails
from tests.support.cli.runner import Cli


@pytest.mark.parametrize(
    "mistake",
    [
        Mistake("info --port", "requires an argument.*Try '.*info --help'"),
        Mistake("--port", "requires an argument.*Try '.+ --help'"),
        Mistake("hash --object 0xF1D0 file", "not both"),
        Mistake("hash", r"Name a FILE, or an object with --object\."),
        Mistake("rsa encrypt file --key a --certificate b", "not with both"),
        Mistake("--port emulator:chip?shieled=x info", "did you mean 'shielded'"),
        Mistake("emulator control X fault delay", r"fault delay requires --ms\."),
        Mistake("emulator control X fault lose --ms 3", r"--ms requires fault delay\."),
        Mistake("journal", "'journal' needs a command: check, export, show"),
        Mistake("hmac file", "Missing option '--key': object with the secret"),
        Mistake("ca sign file", "Missing option '--ca': folder of the CA"),
        Mistake("journal show --uid zz", "or 6 or more of them"),
        Mistake("--port emulator:chip update apply /nowhere/x.update", "^Error: (?!.*There is a file)"),
    ],
)
def test_what_is_said(cli: Cli, mistake: Mistake) -> None:
    Path("s.update").write_bytes(b"x")
    Path("file").write_bytes(b"x")
    assert_mistake(cli, mistake, "-q", "--port", "emulator:chip") if "--port" not in mistake.typed else assert_mistake(
        cli, mistake, "-q"
    )


def test_a_serial_number_that_is_too_short(cli: Cli) -> None:
    cli("ca", "init", "ca", "--no-passphrase")
    cli("--port", "emulator:chip", "--csr", Path(__file__).parents[2] / "configs/config_nistp256_ecdsa_secondslot.jsn")
    cli("ca", "sign", next(Path.cwd().glob("*.csr")), "--ca", "ca", "--out", "x.pem")
    serial = cli("ca", "list", "--ca", "ca", "--query", "certificates[0].serial").out.strip()
    error = error_of(cli, "--output", "json", "ca", "revoke", serial[:4], "--ca", "ca")
    assert "too short" in error["message"]
    assert "have no certificate" not in error["message"]
    assert "6 hex digits" in error["hint"]


def test_a_host_without_an_address(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "create_connection", unknown)
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    for scheme in ("socket", "rfc2217"):
        error = fails(cli, 3, "--port", f"{scheme}://nohost.invalid:99", "info")
        assert "cannot be resolved" in error
        assert "is running" not in error


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["/a/b/optiga.py", "--port", "emulator:x", "info"], "optiga.py --port emulator:x info"),
        (["optiga", f"--port=emulator:{'x' * 40}", "key", "list"], "optiga … key list"),
        (["/a/optiga/__main__.py", "info"], "optiga info"),
        (["optiga", "emulator", "serve", "--control", "x" * 50], "optiga emulator serve --control …"),
        (["optiga", *["word-of-many"] * 20], " ".join(["optiga", *["word-of-many"] * 7, "…"])),
    ],
)
def test_the_command_line_of_another(words: list[str], shown: str) -> None:
    assert command_line(words) == shown


@pytest.mark.parametrize(
    ("said", "port"),
    [
        ("optiga emulator serve --chip x --tcp 127.0.0.1:4000", ", socket://127.0.0.1:4000,"),
        ("optiga emulator serve --tcp 4000 --chip x", ", socket://127.0.0.1:4000,"),
        ("optiga emulator serve --tcp [::1]:4000", ", socket://[::1]:4000,"),
        ("optiga emulator serve --tcp 0", "printed, or end it"),
        ("optiga emulator serve --pty /tmp/link --chip x", ", /tmp/link,"),
        ("optiga emulator serve --pty …", "printed, or end it"),
        ("optiga.py emulator serve --tcp=4711 -q", ", socket://127.0.0.1:4711,"),
        ("optiga.py emulator serve --pty --chip a", "printed, or end it"),
        ("optiga.py emulator serve --i2c ./socket", "End it first"),
        ("optiga.py emulator serve --ft260=./socket", "End it first"),
        ("optiga.py emulator run -- program --tcp 4711", "Wait for it to end, or end it"),
        ("optiga emulator run -- true", "Wait for it to end, or end it"),
        ("optiga info", "Wait for it to end"),
    ],
)
def test_a_chip_that_a_server_has(tmp_path: Path, said: str, port: str) -> None:
    owner = Owner(tmp_path / "chip")
    owner._path.write_text(f"process 12 ({said})")
    error = owner.in_use("x")
    advise_of_server(error)
    assert port in error.hint


@pytest.mark.parametrize("width", range(30, 80))
def test_a_waiting_line_that_is_cut(width: int) -> None:
    line = _cut("Waiting for process 5218 (optiga.py key generate second --algorithm secp256r1), 2 s", width)
    assert len(line) <= width
    assert line.endswith("…), 2 s")
