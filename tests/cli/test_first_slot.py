"""``--csr`` for the slot ``first``, Infineon's own identity: a chip that lets it be changed makes a new key there."""

from __future__ import annotations

import re
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import optiga
from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.store import create_chip, open_chip_file
from optiga.pki.public_key_files import load_public_key
from optiga.protocol.metadata import Tag
from tests.support.cli.runner import Cli


@pytest.fixture
def unlocked(port: str) -> str:
    """The port of a chip whose first slot may be changed."""
    file = Path(port.removeprefix("emulator:"))
    create_chip(file, DEFAULT_MODEL)
    with closing(open_chip_file(file)) as store:
        content = store.load()
        metadata = content[0xE0F0].metadata.with_tags({Tag.CHANGE: b"\x00"})
        store.save({0xE0F0: content[0xE0F0]._replace(metadata=metadata)})
    return port


@pytest.mark.parametrize("slot", ["first", "0xE0F0", "0xE0E0"])
def test_it_is_made(cli: Cli, unlocked: str, config: Path, slot: str) -> None:
    cli("--port", unlocked, "--read", "first", "--out", "factory.pem")
    words = ("--port", unlocked, "--csr", config, "--slot", slot)
    would = cli(*words, "--dry-run", "--query", "lost_key")
    assert (would.code, would.out) == (0, "secp256r1\n")
    made = cli(*words, "-q", "--query", "filename")
    assert made.code == 0
    request = x509.load_pem_x509_csr(Path(made.out.strip()).read_bytes())
    assert request.is_signature_valid
    new = request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert new != load_public_key(Path("factory.pem")).info
    assert "0xE0E0 holds a certificate" in cli(*words).err


def test_in_the_configuration_and_in_a_program(cli: Cli, unlocked: str, config: Path) -> None:
    Path("first.jsn").write_text(config.read_text().replace('"0xE0F1"', '"first"'))
    assert cli("config", "check", "first.jsn").code == 0
    assert cli("--port", unlocked, "--csr", "first.jsn").code == 0
    with optiga.open_chip(unlocked) as chip:
        assert optiga.csr(chip, "first.jsn").public_key != optiga.csr(chip, config, slot="first").public_key


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_it_is_locked(cli: Cli, port: str, config: Path, dry: tuple[str, ...]) -> None:
    file = Path(port.removeprefix("emulator:"))
    words = ("--port", port, "--csr", config, "--slot", "first", *dry)
    blank = cli(*words)
    assert (blank.code, len(blank.errors), file.exists()) == (2, 1, False)
    create_chip(file, DEFAULT_MODEL)
    before = file.read_bytes()
    refused = cli(*words)
    assert (refused.code, refused.out, len(refused.errors)) == (2, "", 1)
    assert re.search(r"Infineon's own key.*0xE0F0 have change: never.*second", refused.errors[0])
    assert (file.read_bytes(), list(Path().glob("*.csr"))) == (before, [])
    with optiga.open_chip(port) as chip, pytest.raises(optiga.ConfigurationError, match="change: never"):
        optiga.csr(chip, config, slot="first")


def test_what_needs_an_authorization(cli: Cli, config: Path) -> None:
    """A Trust M Express: who knows both secrets makes keys in it."""
    given = ("--secret-out", "pbs", "--authorization-out", "auth")
    assert cli("emulator", "new", "e.chip", "--model", "trust-m-express", *given).code == 0
    refused = cli("--port", "emulator:e.chip", "--csr", config, "--slot", "first")
    assert (refused.code, len(refused.errors)) == (2, 1)
    assert "0xE0F0" in refused.errors[0]
    port = "emulator:e.chip?shielded=pbs"
    assert cli("--port", port, "--csr", config, "--slot", "first", "--authorize", "0xF1D0=auth").code == 0


def test_it_is_not_suggested(cli: Cli, port: str, config: Path) -> None:
    refused = cli("--port", port, "--csr", config, "--slot", "five")
    assert "second (0xE0F1)" in refused.errors[0]
    assert "first" not in refused.errors[0]


def test_provisioning_keeps_it(cli: Cli, unlocked: str, config: Path) -> None:
    """By the factory's identity a chip proves that it is genuine."""
    refused = cli("--port", unlocked, "provision", config, "--slot", "first")
    assert (refused.code, len(refused.errors)) == (2, 1)
