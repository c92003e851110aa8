"""``import`` never takes the certificate of a key in the chip away unasked: it may be nowhere else."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

import optiga
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.runner import Cli

OID, ZEROS = 0xE0E1, bytes(1728)


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def provisioned(cli: Cli, port: str, config: Path) -> str:
    """A chip with a certificate of its own key in the second slot."""
    assert cli("ca", "init", "mine", "--no-passphrase").code == 0
    request = cli("--port", port, "--csr", config, "--query", "filename").out.strip()
    assert cli("ca", "sign", request, "--ca", "mine", "--out", "device.pem").code == 0
    assert cli("--port", port, "--write", "device.pem", "--strict").code == 0
    return port


def save(data: bytes, oid: str = "e0e1") -> None:
    Path("f.json").write_text(json.dumps({oid: {"data": data.hex()}}))


def held(port: str, oid: int = OID) -> bytes:
    with optiga.open_chip(port) as chip:
        return chip.read(oid)


@pytest.mark.parametrize("content", [ZEROS, b"\xff" * 1728, b"\x00", b"other data"], ids=len)
def test_a_certificate_is_lost_only_with_consent(cli: Cli, provisioned: str, content: bytes) -> None:
    before = held(provisioned)
    subject = cli("--port", provisioned, "--write", "mine/ca.pem", "--dry-run", "--query", "lost_certificate").out
    save(content)
    planned = cli("--port", provisioned, "import", "f.json", "--dry-run")
    assert planned.code == 0
    assert f"Can never be undone: 0xE0E1: the certificate of {subject.strip()} is lost" in planned.out
    refused = cli("--port", provisioned, "import", "f.json", "--output", "json")
    error = json.loads(refused.err.splitlines()[-1])["error"]
    assert (refused.code, error["reason"]) == (2, "not_confirmed")
    assert subject.strip() in error["message"]
    assert held(provisioned) == before
    assert cli("--port", provisioned, "import", "f.json", "--yes").code == 0
    assert held(provisioned).startswith(content)


def test_an_export_of_a_factory_chip(cli: Cli, provisioned: str, tmp_path: Path) -> None:
    before = held(provisioned)
    assert cli("--port", f"emulator:{tmp_path / 'blank'}", "export", "f.json").code == 0
    assert cli("--port", provisioned, "import", "f.json").code == 2
    assert held(provisioned) == before


def test_nothing_is_asked_where_nothing_is_lost(cli: Cli, provisioned: str) -> None:
    """The same certificate again, another object, and a slot whose certificate is of no key in the chip."""
    certificate = held(provisioned)
    save(certificate)
    assert cli("--port", provisioned, "import", "f.json").code == 0
    for oid in ("e0e2", "f1d0"):
        save(certificate if oid == "e0e2" else b"data", oid)
        assert cli("--port", provisioned, "import", "f.json").code == 0
    save(ZEROS, "e0e2")
    assert cli("--port", provisioned, "import", "f.json").code == 0
    assert not held(provisioned, 0xE0E2).strip(b"\x00")
    assert held(provisioned) == certificate


def test_a_certificate_that_cannot_be_read(cli: Cli, provisioned: str) -> None:
    with optiga.open_chip(provisioned) as chip:
        chip.write_metadata(OID, parse_metadata_words(["read: never"]))
    save(ZEROS)
    refused = cli("--port", provisioned, "import", "f.json")
    assert refused.code == 2
    assert "cannot be read" in refused.errors[0]


def test_an_object_without_data_is_locked_only_with_consent(cli: Cli, port: str) -> None:
    """What the file lacks is said before the lock, not behind it."""
    Path("f.json").write_text(json.dumps({"f1d0": {"metadata": "2003c00107"}}))
    refused = cli("--port", port, "import", "f.json")
    assert refused.code == 2
    assert "0xF1D0: its data are not in the file" in refused.errors[0]
    Path("f.json").write_text(json.dumps({"f1d0": {"metadata": "2003c00107", "data": "aa"}}))
    assert "not in the file" not in cli("--port", port, "import", "f.json").errors[0]


def test_a_certificate_of_no_key_is_told_of_beforehand(cli: Cli, provisioned: str, tmp_path: Path) -> None:
    """A dry run lets no key sign, and says what is known without a signature."""
    assert cli("--port", provisioned, "export", "f.json", "--object", "0xE0E1").code == 0
    other = f"emulator:{tmp_path / 'other.chip'}"
    assert cli("emulator", "new", tmp_path / "other.chip").code == 0
    told = [cli("--port", other, "import", "f.json", *words).err for words in (("--dry-run",), ("--yes",))]
    assert all("0xE0E1: there is no key in 0xE0F1 yet" in one for one in told)
    assert cli("--port", other, "key", "generate", "third", "--yes").code == 0
    assert "belongs to another key" not in cli("--port", other, "import", "f.json", "--dry-run").err
    assert "belong" not in cli("--port", provisioned, "import", "f.json", "--dry-run").err
