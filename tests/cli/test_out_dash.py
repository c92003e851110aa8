"""``--out -``: the content of the output file on standard output, and nothing else there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509

import optiga
from optiga.cli import main
from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_key

Bare = Callable[..., bytes]
DATA = bytes(range(256)) * 2


@pytest.fixture
def bare(capsysbinary: pytest.CaptureFixture[bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bare:
    """Bytes that a command prints; it works in a folder of its own, and leaves no file of a dash there."""
    monkeypatch.chdir(tmp_path)

    def run(*words: object) -> bytes:
        capsysbinary.readouterr()
        code = main([str(word) for word in words])
        captured = capsysbinary.readouterr()
        assert code == 0, captured.err
        assert not Path("-").exists()
        return captured.out

    return run


@pytest.mark.parametrize("words", ["--read 0xF1E0", "object read 0xF1E0"])
def test_an_object(bare: Bare, port: str, words: str) -> None:
    with optiga.open_chip(port) as chip:
        chip.write(0xF1E0, DATA)
    assert bare("--port", port, *words.split(), "--out", "-") == DATA
    assert bare("--port", port, *words.split(), "--out", "-", "--output", "json") == DATA
    bare("--port", port, *words.split(), "--out", "file")
    assert Path("file").read_bytes() == DATA
    pem = bare("--port", port, *words.split()[:-1], "first", "--out", "-")
    assert x509.load_pem_x509_certificate(pem).subject


def test_bytes_that_the_chip_makes(bare: Bare, port: str) -> None:
    assert len(bare("--port", port, "random", "40", "--out", "-")) == 40
    assert len(bare("--port", port, "random", "40", "--hex", "--out", "-")) == 81
    assert len(bare("--port", port, "random", "40", "--out", "-", "--output", "json")) == 40
    Path("m").write_bytes(b"words")
    assert bare("--port", port, "key", "sign", "first", "m", "--out", "-", "--output", "json")[:1] == b"\x30"
    der = bare("--port", port, "key", "sign", "first", "m", "--out", "-")
    assert der[:1] == b"\x30"
    assert bare("--port", port, "key", "sign", "first", "m", "--out", "-", "--format", "hex")[:2] == b"30"
    for words in (["key", "public", "first"], ["key", "generate", "third"]):
        assert bare("--port", port, *words, "--out", "-").startswith(b"-----BEGIN PUBLIC KEY")


def test_documents(bare: Bare) -> None:
    assert json.loads(bare("config", "schema", "--out", "-")) == json.loads(bare("config", "schema"))
    (sample, *_) = json.loads(bare("config", "sample", "--output", "json"))["samples"]
    assert bare("config", "sample", sample["name"], "--out", "-") == bare("config", "sample", sample["name"])


def test_a_certificate_and_an_update(bare: Bare) -> None:
    bare("ca", "init", "mine", "--no-passphrase")
    Path("a.csr").write_bytes(make_request())
    pem = bare("ca", "sign", "a.csr", "--ca", "mine", "--out", "-")
    (issued,) = x509.load_pem_x509_certificates(pem)
    assert bare("ca", "show", f"{issued.serial_number:x}", "--ca", "mine") == pem
    assert not Path("a.pem").exists()
    key = make_key()
    Path("signer.pem").write_bytes(key.pem)
    Path("data").write_bytes(b"new")
    made = (
        "update",
        "make",
        "data",
        "0xF1E0",
        "data",
        "--anchor",
        "0xE0E8",
        "--signer",
        "signer.pem",
        "--version",
        "3",
    )
    document = json.loads(bare(*made, "--out", "-"))
    bare(*made, "--out", "u.json")
    assert document["about"] == json.loads(Path("u.json").read_bytes())["about"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--read 0xF1E0 --query size", "--query"),
        ("object read 0xF1E0 --query oid", "--query"),
        ("object read 0xF1E0 --force", "--force goes with a file"),
        ("key draw aes128", "a secret goes to a file"),
        ("key derive hkdf --secret 0xF1D0 --size 16", "a secret goes to a file"),
        ("key ecdh second none", "a secret goes to a file"),
        ("emulator dump none", "a secret goes to a file"),
        ("pair", "a secret goes to a file"),
        ("update make key second k --anchor 0xE0E8 --signer k --version 1", "requires --secret"),
    ],
)
def test_what_does_not_go_there(cli: Cli, port: str, words: str, said: str) -> None:
    assert said in fails(cli, USAGE, "--port", port, *words.split(), "--out", "-")
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("words", ["--read 0xF1E0", "object read 0xF1E0", "random 8", "key sign first m"])
def test_a_terminal_gets_no_bytes(cli: Cli, port: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("m").write_bytes(b"words")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert "cannot be written to a terminal" in fails(cli, USAGE, "--port", port, *words.split(), "--out", "-")
    assert cli("--port", port, "object", "read", "first", "--out", "-").out.startswith("-----BEGIN")
