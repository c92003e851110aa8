"""``--authorize``: what only those may do who know a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optiga
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate

KNOWN, GUARDED = 0xF1D0, 0xF1D1
AUTHORIZED = ("--authorize", "0xF1D0=secret")


@pytest.fixture
def port(cli: Cli) -> str:
    """A chip with an authorization reference, an object and a key that depend on it."""
    Path("secret").write_bytes(b"the words at the door")
    Path("other").write_bytes(b"some other words")
    Path("digits").write_text("49c9f492a992f6d4c54f5b12c57edb27")
    Path("data").write_bytes(b"for those who know")
    with optiga.open_chip("emulator:chip") as chip:
        chip.write(KNOWN, Path("secret").read_bytes())
        chip.write_metadata(KNOWN, parse_metadata_words(["type: authorization_reference", "execute: always"]))
        chip.write(GUARDED, b"at first")
        chip.write_metadata(GUARDED, parse_metadata_words(["read: auto 0xF1D0", "change: auto 0xF1D0"]))
        chip.generate_key("third")
        chip.write_metadata(0xE0F2, parse_metadata_words(["execute: auto 0xF1D0"]))
    return "emulator:chip"


@pytest.mark.parametrize(
    "words",
    [
        "object read 0xF1D1",
        "object write 0xF1D1 data",
        "hash --object 0xF1D1",
        "key sign third data",
    ],
)
def test_it_is_done_by_those_who_know(cli: Cli, port: str, words: str) -> None:
    assert cli("--port", port, *words.split()).code == 4
    result = cli("--port", port, *words.split(), *AUTHORIZED)
    assert result.code == 0, result.err


@pytest.mark.parametrize("words", ["key verify 0xF1D1 data data", "key public third --certificate 0xF1D1"])
def test_certificates_are_read_by_those_who_know(cli: Cli, port: str, words: str) -> None:
    assert cli("--port", port, *words.split()).code == 4
    result = cli("--port", port, *words.split(), *AUTHORIZED)
    assert (result.code, "holds no" in result.err and "certificate" in result.err) == (5, True)  # it has been read


def test_what_it_opens_is_exported(cli: Cli, port: str) -> None:
    closed = json.loads(cli("--port", port, "export", "-").out)
    assert "data" not in closed["f1d1"]
    opened = json.loads(cli("--port", port, "export", "-", *AUTHORIZED).out)
    assert opened["f1d1"]["data"] == b"at first".hex()


def test_what_is_locked_is_imported(cli: Cli, port: str) -> None:
    """Its change condition asks for the secret, and its metadata are fixed."""
    with optiga.open_chip(port) as chip:
        chip.write_metadata(GUARDED, parse_metadata_words(["lcso: operational"]))
    Path("f.json").write_text(json.dumps({"f1d1": {"data": b"for those who know".hex()}}))
    refused = cli("--port", port, "import", "f.json")
    assert (refused.code, len(refused.errors)) == (2, 1)
    assert "0xF1D1 is locked: its change condition (auto 0xF1D0) does not allow" in refused.errors[0]
    for dry in (("--dry-run",), ()):
        done = cli("--port", port, "import", "f.json", *dry, *AUTHORIZED)
        assert (done.code, "opened" in done.out) == (0, False), done
    assert cli("--port", port, "object", "read", "0xF1D1", *AUTHORIZED, "--query", "size").out == "18\n"


@pytest.mark.parametrize("dry", [("--dry-run",), ()], ids=["looking", "doing"])
def test_a_csr_and_its_certificate(cli: Cli, port: str, dry: tuple[str, ...], config: Path) -> None:
    """Of a key and an object that ask for the secret; to look at it is allowed to those who know it, too."""
    with optiga.open_chip(port) as chip:
        for oid in (0xE0F1, 0xE0E1):
            chip.write_metadata(oid, parse_metadata_words(["change: auto 0xF1D0", "lcso: operational"]))
    Path("cert.pem").write_bytes(make_certificate())
    for words in (("--csr", config), ("--write", "cert.pem", "--slot", "second")):
        assert cli("--port", port, *words, *dry).code in (2, 4)
        done = cli("--port", port, *words, *dry, *AUTHORIZED)
        assert done.code == 0, done.err
    assert bool(list(Path().glob("*.csr"))) is not bool(dry)


def test_the_secret_is_in_no_log(cli: Cli, port: str) -> None:
    result = cli("-vv", "--port", port, "object", "read", "0xF1D1", *AUTHORIZED)
    assert result.code == 0
    assert b"the words at the door".hex() not in result.err


@pytest.mark.parametrize(
    ("given", "code", "line"),
    [
        ("0xF1D0", 2, "'0xF1D0' is not of the form OID=FILE"),
        ("0xF1D0=", 2, "is not of the form OID=FILE"),
        ("door=secret", 2, "--authorize: 'door' is neither a slot nor an OID"),
        ("0xE0F1=secret", 2, "0xE0F1 (device private EC key 2) holds no authorization reference"),
        ("0xF1D0=none", 2, "cannot read the secret none: no such file"),
        ("0xF1D0=empty", 2, "the secret empty is empty"),
        ("0xF1D0=other", 4, "authorization failure. Check that the file holds the secret of 0xF1D0"),
        ("0xF1D0=digits", 4, "authorization failure. The file has hex digits: convert it to bytes"),
        ("0xF1D2=secret", 4, "0xF1D2 is not an authorization reference"),
    ],
)
def test_mistakes(cli: Cli, port: str, given: str, code: int, line: str) -> None:
    Path("empty").touch()
    result = cli("--port", port, "object", "read", "0xF1D1", "--authorize", given)
    assert (result.code, result.out) == (code, "")
    (error,) = result.errors
    assert line in error
