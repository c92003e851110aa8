"""Outputs that would take the place of what nobody could get back: private keys, chips, journals, a CA's files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from optiga.provision.facts import Begun
from optiga.provision.journal import open_journal
from tests.support.cli.runner import Cli

CONFIGURATION = 2
_KEY = ec.generate_private_key(ec.SECP256R1())
_OPEN, _SECRET = NoEncryption(), BestAvailableEncryption(b"a long enough word")
KEYS = {
    "PKCS #8 in PEM": _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _OPEN),
    "behind a comment": b"# mine\n" + _KEY.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, _OPEN),
    "encrypted in PEM": _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _SECRET),
    "OpenSSH's": _KEY.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, _OPEN),
    "PKCS #8 in DER": _KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, _OPEN),
    "SEC 1 in DER": _KEY.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, _OPEN),
    "encrypted in DER": _KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, _SECRET),
    "UTF-16": _KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, _OPEN).decode().encode("utf-16"),
}
COMMANDS = (
    ("key", "generate", "third", "--yes"),
    ("key", "ecdh", "third", "peer.pem"),
    ("random", "16"),
    ("--read", "first"),
    ("object", "read", "first"),
    ("emulator", "dump"),
)


@pytest.fixture
def peer(cli: Cli) -> None:
    Path("peer.pem").write_bytes(_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("name", KEYS)
def test_a_private_key(cli: Cli, port: str, name: str) -> None:
    Path("mine").write_bytes(KEYS[name])
    result = cli("--port", port, "random", "16", "--out", "mine")
    assert (result.code, len(result.errors)) == (CONFIGURATION, 1)
    assert "private key" in result.errors[0]
    assert Path("mine").read_bytes() == KEYS[name]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("kind", ["key", "chip", "journal", "hard link", "symbolic link"])
def test_every_output(cli: Cli, port: str, peer: None, command: tuple[str, ...], kind: str) -> None:
    chip = Path(port.partition(":")[2])
    assert cli("--port", port, "random", "16").code == 0
    path = Path("mine")
    if kind == "key":
        path.write_bytes(KEYS["PKCS #8 in PEM"])
    elif kind == "journal":
        with open_journal(path, make=True) as journal:
            journal.append("aa", "second", Begun("aws", ""))
    elif kind == "chip":
        path = chip
    elif kind == "hard link":
        os.link(chip, path)
    else:
        path.symlink_to(chip)
    before = path.read_bytes(), chip.read_bytes()
    result = cli("--port", port, *command, "--out", path)
    assert (result.code, result.out, len(result.errors)) == (CONFIGURATION, "", 1)
    assert (path.read_bytes(), chip.read_bytes()) == before
    assert ("away" in result.err) is (kind == "key")  # without their files, a chip and a journal are lost


def test_export_and_a_ca(cli: Cli, port: str) -> None:
    assert cli("ca", "init", "ca", "--name", "Root", "--no-passphrase").code == 0
    before = {path.name: path.read_bytes() for path in Path("ca").iterdir()}
    for name in before:
        for words in (("random", "16", "--out"), ("export",)):
            result = cli("--port", port, *words, f"ca/{name}")
            assert (result.code, len(result.errors)) == (CONFIGURATION, 1), name
            assert "away" not in result.err
    assert {path.name: path.read_bytes() for path in Path("ca").iterdir()} == before


def test_the_chip_that_is_not_there_yet(cli: Cli) -> None:
    for words in (("random", "16", "--out"), ("export",)):
        result = cli("--port", "emulator:new.chip", *words, "./new.chip")
        assert (result.code, len(result.errors)) == (CONFIGURATION, 1)
        assert not Path("new.chip").exists()


def test_other_files_are_replaced_as_ever(cli: Cli, port: str) -> None:
    assert cli("--port", port, "--read", "first", "--out", "out").code == 0
    assert Path("out").read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    for content in (b"text", b"", b"\x30\x03\x02\x01\x00"):
        Path("out").unlink()
        Path("out").write_bytes(content)
        assert cli("--port", port, "random", "16", "--out", "out").code == 0
        assert len(Path("out").read_bytes()) == 16


def test_force_does_not_replace_a_private_key(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ("--port", port, "key", "draw", "secp256r1", "--out", "drawn.pem")
    assert cli(*words).code == 0
    held = Path("drawn.pem").read_bytes()
    for given in ((), ("--force",)):
        refused = cli(*words, *given)
        assert refused.code == CONFIGURATION
        assert "it contains a private key" in refused.errors[0]
        assert "--yes" in refused.errors[0]
        assert "--force" not in refused.errors[0]
    questions: list[str] = []
    monkeypatch.setattr("optiga.cli.support.replacing.is_somebody_there", lambda: True)
    monkeypatch.setattr("optiga.cli.support.confirm.is_somebody_there", lambda: True)
    monkeypatch.setattr("optiga.cli.support.confirm.answered_yes", questions.append)
    asked = cli(*words, "--force")
    assert (asked.code, len(questions)) == (CONFIGURATION, 1)
    assert "a private key is lost" in asked.err
    assert Path("drawn.pem").read_bytes() == held
    assert cli(*words, "--yes").code == 0
    assert Path("drawn.pem").read_bytes() != held


def test_a_drawn_key_asks(cli: Cli, port: str) -> None:
    """It says itself that a key may be lost, and takes --yes; a chip it does not take."""
    Path("mine").write_bytes(KEYS["PKCS #8 in PEM"])
    assert cli("--port", port, "key", "draw", "aes128", "--out", "mine").code == CONFIGURATION
    assert Path("mine").read_bytes() == KEYS["PKCS #8 in PEM"]
    assert cli("--port", port, "key", "draw", "aes128", "--out", "mine", "--yes").code == 0
    assert len(Path("mine").read_bytes()) == 16
    result = cli("--port", port, "key", "draw", "aes128", "--out", port.partition(":")[2], "--yes")
    assert result.code == CONFIGURATION
    assert cli("--port", port, "random", "16").code == 0


class TestShortFiles:
    """SQLite takes a file that is shorter than its smallest page for an empty one, and writes over it."""

    @pytest.mark.parametrize("size", [1, 99, 511, 600])
    def test_a_journal(self, cli: Cli, port: str, config: Path, size: int) -> None:
        assert cli("ca", "init", "ca", "--name", "Root", "--no-passphrase").code == 0
        Path("notes").write_bytes(b"x" * size)
        result = cli("--port", port, "provision", config, "--ca", "ca", "--no-cloud", "--journal", "notes")
        assert (result.code, len(result.errors)) == (CONFIGURATION, 1)
        assert "notes is not a journal" in result.errors[0]
        assert Path("notes").read_bytes() == b"x" * size

    @pytest.mark.parametrize("size", [1, 99, 511, 600])
    def test_a_chip(self, cli: Cli, size: int) -> None:
        Path("notes").write_bytes(b"x" * size)
        for words in (("--port", "emulator:notes", "random", "8"), ("emulator", "reset", "notes", "--yes")):
            result = cli(*words)
            assert (result.code, len(result.errors)) == (3, 1)
            assert Path("notes").read_bytes() == b"x" * size

    def test_the_records_of_a_ca(self, cli: Cli, port: str, config: Path) -> None:
        assert cli("ca", "init", "ca", "--name", "Root", "--no-passphrase").code == 0
        Path("ca/issued.db").write_bytes(b"x")
        result = cli("--port", port, "provision", config, "--ca", "ca", "--no-cloud")
        assert (result.code, len(result.errors)) == (CONFIGURATION, 1)
        assert Path("ca/issued.db").read_bytes() == b"x"


@pytest.mark.parametrize("name", ["settings.json", "chain.pem", "issued.db-journal", "issued.db-wal"])
def test_a_name_of_the_cas_that_is_not_there_yet(cli: Cli, port: str, name: str) -> None:
    assert cli("ca", "init", "mine", "--no-passphrase").code == 0
    target = Path("mine", name)
    assert not target.exists()
    result = cli("--port", port, "random", "16", "--out", target)
    assert (result.code, len(result.errors)) == (CONFIGURATION, 1)
    assert not target.exists()
    assert cli("ca", "list", "--ca", "mine").code == 0


def test_the_seal_of_a_journal(cli: Cli, port: str) -> None:
    """Also where it is not there yet; a name that ends so beside no journal is anybody's."""
    with open_journal(Path("mine"), make=True) as journal:
        journal.append("aa", "second", Begun("aws", ""))
        assert cli("--port", port, "random", "16", "--out", "mine.seal").code == CONFIGURATION
        assert journal.seal() is not None
    before = Path("mine.seal").read_bytes()
    result = cli("--port", port, "random", "16", "--out", "mine.seal")
    assert (result.code, len(result.errors)) == (CONFIGURATION, 1)
    assert "the seal of the journal mine" in result.errors[0]
    assert Path("mine.seal").read_bytes() == before
    assert cli("--port", port, "random", "16", "--out", "another.seal").code == 0


@pytest.mark.parametrize("suffix", ["-journal", "-wal", "-shm"])
def test_what_sqlite_reads_beside_a_chip(cli: Cli, port: str, suffix: str) -> None:
    assert cli("--port", port, "info").code == 0
    beside = Path(port.partition(":")[2] + suffix)
    assert cli("--port", port, "random", "16", "--out", beside).code == CONFIGURATION
    assert not beside.exists()
    assert cli("--port", port, "random", "16", "--out", f"another{suffix}").code == 0
