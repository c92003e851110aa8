"""A chip file that does not exist: what needs something that a new chip never has makes no file of a mistyped name."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from optiga.cli.app import app
from optiga.errors import ConfigurationError
from tests.support.cli.runner import Cli

CONFIGURATION_ERROR = ConfigurationError.exit_code
REFUSED = (
    "aes encrypt m --mode ecb",
    "aes decrypt m --mode ecb",
    "aes mac m",
    "counter count 0xE120",
    "hash --object 0xE0E1",
    "hmac m --key 0xF1D0",
    "key decrypt five m",
    "key derive hkdf --secret 0xF1D0 --size 32",
    "key derive tls-prf --secret 0xF1D0 --size 32 --label label123",
    "key ecdh second peer.pem",
    "key public second",
    "key sign second m",
    "key verify 0xE0E8 s m",
    "object lock 0xF1D0 --yes",
    "object read 0xE0E8",
    "object read 0xF1D1 --authorize 0xF1D0=secret",
    "pair --out new.secret --authorize 0xF1D0=secret",
    "pair check secret",
    "rsa decrypt five m",
    "rsa encrypt m --certificate 0xE0E1",
    "update apply u",
    "update apply u --check",
    "--read second",
)
MAKE = (
    "counter set",
    "config show",  # which opens no chip
    "counter list",
    "counter show",
    "export",
    "import",
    "info",
    "key draw",
    "key generate",
    "key list",
    "object list",
    "object metadata",
    "object write",
    "provision",
    "random",
    "register",
)
"""Commands that can succeed on a new chip, or open none."""
REFUSE_OTHERWISE = ("deprovision",)
"""What needs a journal with the chip first; it has a test of its own."""


def _takes_port(command: click.Command) -> bool:
    return any("--port" in one.opts and not one.hidden for one in command.params if isinstance(one, click.Option))


def _walk(group: click.Group, before: str = "") -> list[str]:
    """All commands that use a chip."""
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        path = f"{before}{name}"
        if isinstance(command, click.Group):
            found += _walk(command, f"{path} ")
        elif _takes_port(command):
            found.append(path)
    return found


def test_each_command_is_looked_at() -> None:
    decided = {*MAKE, *REFUSE_OTHERWISE}
    without = ("emulator", "boards")  # they make chips, and look for boards
    for path in _walk(app):
        is_refused = any(one.startswith(path) for one in REFUSED)
        assert is_refused or path in decided or path.startswith(without), path


@pytest.mark.parametrize("words", REFUSED)
def test_no_file_is_made(cli: Cli, words: str) -> None:
    Path("m").write_bytes(b"0123456789abcdef")
    Path("s").write_bytes(b"0")
    Path("secret").write_bytes(bytes(64))
    Path("secret").chmod(0o600)
    if "peer.pem" in words:
        draw = ("key", "draw", "secp256r1", "--query", "public_key", "--output", "text")
        Path("peer.pem").write_text(cli("--port", "emulator:drawer", *draw).out)
    if words.startswith("update"):
        signed = "update make data 0xF1D1 m --version 1 --anchor 0xE0E8 --signer key.pem --out u"
        assert cli("--port", "emulator:drawer", "key", "draw", "secp256r1", "--out", "key.pem").code == 0
        assert cli(*signed.split()).code == 0
    result = cli("--port", "emulator:typo", *words.split())
    assert (result.code, result.out) == (CONFIGURATION_ERROR, ""), result
    assert "no emulated chip typo" in result.errors[0]
    assert "emulator new typo" in result.errors[0]
    assert not Path("typo").exists()
    assert "Emulated chip" not in result.err


def test_a_secret_that_no_new_chip_has(cli: Cli) -> None:
    Path("secret").write_bytes(bytes(64))
    Path("secret").chmod(0o600)
    result = cli("--port", "emulator:typo?shielded=secret", "info")
    assert result.code != 0
    assert "no emulated chip typo" in result.errors[0]
    assert not Path("typo").exists()


def test_a_chip_that_may_be_meant(cli: Cli) -> None:
    assert cli("emulator", "new", "station.chip").code == 0
    assert "station.chip" in cli("--port", "emulator:staton.chip", "object", "lock", "0xF1D0").errors[0]
