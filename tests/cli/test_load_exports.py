"""``emulator load`` of what was exported from a chip: another chip in that state, and what cannot be known of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga.emulator.models import MODELS
from optiga.emulator.store import create_chip, open_chip_file
from optiga.protocol import tls_identity
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate

WHOLE = "2019c00101c40206c0c50206c0d003e1fc07d10100d30100e80112"
WITH_KEY = "2011c00101d003e1fc07d30100e00103e10110"
"""Metadata of a slot's certificate and of its key on P-256, as real chips have them."""


def load(cli: Cli, document: object, *options: str, chip: str = "new.chip") -> str:
    """What is said of a chip that is made of an export."""
    Path("dump.json").write_text(json.dumps(document))
    result = cli("emulator", "load", "dump.json", chip, *options)
    assert (result.code, result.out, result.errors) == (0, "", []), result
    return result.err


def exported(cli: Cli, port: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(cli("--port", port, "-q", "export", "-").out)
    return document


@pytest.fixture
def used(cli: Cli, port: str) -> str:
    """A chip that somebody has worked with, on which something cannot be read."""
    with optiga.open_chip(port) as chip:
        chip.generate_key("third", "secp384r1")
        chip.crypto.generate_aes_key(128)
        chip.write(0xE120, bytes([0, 0, 0, 3, 0, 0, 0, 9]))
        chip.write(0xF1D0, b"settings")
        chip.write(0xF1D1, b"a secret")
        chip.write_metadata(0xF1D1, parse_metadata_words(["read: never", "type: pre_shared_secret"]))
        chip.write_metadata(0xF1D0, parse_metadata_words(["lcso: operational", "change: int 0xE0E8"]))
    return port


def allow_aes(port: str) -> None:
    store = open_chip_file(Path(port.removeprefix("emulator:")))
    try:
        content = store.load()
        metadata = content[0xE200].metadata.with_tags({0xD0: b"\x00"})
        store.save({0xE200: content[0xE200]._replace(metadata=metadata)})
    finally:
        store.close()


def test_it_is_in_the_same_state(cli: Cli, port: str, request: pytest.FixtureRequest) -> None:
    assert cli("--port", port, "-q", "info").code == 0  # which makes the chip
    allow_aes(port)
    request.getfixturevalue("used")
    document = exported(cli, port)
    said = load(cli, document)
    assert exported(cli, "emulator:new.chip") == document
    assert "New keys, because keys never leave a chip: 0xE0F0, 0xE0F2, 0xE200" in said
    assert "which do not belong to the new keys: 0xE0E0" in said
    assert "does not contain, set as in a new chip or to zeros: 0xF1D1" in said
    assert "nothing of them" not in said
    with optiga.open_chip("emulator:new.chip") as chip:
        assert len(chip.key("third").sign(b"message")) > 90
        assert len(chip.crypto.encrypt_aes(bytes(16), iv=bytes(16))) == 16
    slot = json.loads(cli("--port", "emulator:new.chip", "-q", "info", "--output", "json").out)["slots"]["first"]
    assert slot["key_match"] is False


@pytest.mark.parametrize("name", MODELS)
def test_each_model_is_told_by_its_uid(cli: Cli, name: str) -> None:
    assert cli("emulator", "new", "old.chip", "--model", name).code == 0
    document = exported(cli, "emulator:old.chip")
    load(cli, document)
    assert exported(cli, "emulator:new.chip") == document
    assert json.loads(cli("emulator", "dump", "new.chip").out)["model"] == name


def test_a_dump_of_infineons_library(cli: Cli) -> None:
    """No UID, no settings of the chip, empty texts, and 1700 bytes of a certificate's object."""
    certificate = tls_identity.encode([b"0" * 500])
    words = {"pretty_metadata": {"lcso": "creation", "read": "always"}}
    said = load(
        cli,
        {
            "e0f1": {"metadata": WITH_KEY},
            "e0e1": {"metadata": WHOLE, "data": certificate.hex().ljust(3400, "0")},
            "e0e2": {"metadata": WHOLE, "data": "00" * 1700},
            "f1d2": {"metadata": "2011c00101c4018cc50104d003e1fc07d101ff", "data": ""},
            "f1d3": {**words, "data": "c0ffee"},
        },
    )
    for sentence, oids in (
        ("New keys", "0xE0F1\n"),
        ("Certificates", "0xE0E1\n"),
        ("the export does not contain", "0xF1D2\n"),
        ("Truncated", "0xE0E1, 0xE0E2\n"),
        ("does not contain them", "38 objects, 0xE0C0 to 0xF1E1\n"),
    ):
        assert any(sentence in line and f"{line}\n".endswith(oids) for line in said.splitlines()), (sentence, said)
    document = exported(cli, "emulator:new.chip")
    assert document["e0e1"]["data"] == certificate.hex().ljust(2 * 1728, "0")
    assert document["f1d3"]["data"] == "c0ffee"
    assert document["e0f1"]["metadata"] == WITH_KEY


def test_the_model_that_nothing_tells_is_said(cli: Cli) -> None:
    said = load(cli, {"f1d0": {"data": "00"}})
    assert "no UID" in said
    assert "OPTIGA Trust M V3" in said
    assert "--model" in said
    Path("new.chip").unlink()
    assert "no UID" not in load(cli, exported(cli, "emulator:other.chip"))


def test_the_model_can_be_named(cli: Cli) -> None:
    assert "no UID" not in load(cli, {"f1d0": {"data": "00"}}, "--model", "trust-m-v1")
    assert json.loads(cli("emulator", "dump", "new.chip").out)["model"] == "trust-m-v1"


def test_standard_input(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"f1d0": {"data": "c0ffee"}}')))
    assert cli("emulator", "load", "-", "new.chip").code == 0
    assert exported(cli, "emulator:new.chip")["f1d0"]["data"] == "c0ffee"


MISTAKES: dict[str, tuple[dict[str, Any], str, str]] = {
    "another model's": ({"e200": {"metadata": "2009c00101d001ffd30100"}}, "--model trust-m-v1", "0xE200: an OPTIGA"),
    "a key's data": ({"e0f1": {"data": "00" * 32}}, "", "0xE0F1: the file has data for it"),
    "a key of another kind": ({"e0f1": {"metadata": WITH_KEY.replace("e00103", "e00142")}}, "", "0xE0F1: "),
    "too much": ({"f1d0": {"data": "00" * 141}}, "", "0xF1D0: 141 bytes of data, but there is room for 140"),
    "another size": ({"f1d0": {"metadata": "2011c00101c4018dc50104d003e1fc07d10100"}}, "", "0xF1D0: its metadata give"),
    "an unknown build": ({"e0c2": {"data": "cd16338201001c00050000" + "00" * 14 + "9999"}}, "", "build 9999"),
    "a short UID": ({"e0c2": {"data": "cd16"}}, "", "a UID has 27 bytes"),
    "no such model": ({"f1d0": {"data": "00"}}, "--model trust-y", "'trust-y'"),
    "no such object": ({"f1d0": {"data": "00"}, "beef": {}}, "", "dump.json:1: beef"),
}


@pytest.mark.parametrize(("document", "options", "line"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(cli: Cli, document: dict[str, Any], options: str, line: str) -> None:
    Path("dump.json").write_text(json.dumps(document))
    error = fails(cli, USAGE, "emulator", "load", "dump.json", "new.chip", *options.split())
    assert line in error
    assert "trust-y" in error or "dump.json" in error
    assert not Path("new.chip").exists()


def test_a_state_has_its_own_model(cli: Cli) -> None:
    create_chip(Path("old.chip"), MODELS["trust-m-v3"], None)
    assert cli("emulator", "dump", "old.chip", "--out", "state.json").code == 0
    assert "not of an OPTIGA Trust M V1" in fails(
        cli, USAGE, "emulator", "load", "state.json", "new.chip", "--model", "trust-m-v1"
    )
    assert cli("emulator", "load", "state.json", "new.chip", "--model", "trust-m-v3").code == 0


def test_the_certificate_of_a_new_key_is_written(cli: Cli) -> None:
    """The loaded chip is a chip: it takes a CSR's way."""
    load(cli, {"e0f1": {"metadata": WITH_KEY}})
    Path("cert.pem").write_bytes(make_certificate())
    assert cli("--port", "emulator:new.chip", "-q", "--write", "cert.pem").code == 0
