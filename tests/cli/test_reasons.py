"""The reason of an error, as docs/errors.md describes it: the same kind of fault has the same reason everywhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID

from tests.support.cli.mistakes import USAGE, error_of
from tests.support.cli.runner import Cli

JSON = ("-q", "--output", "json")


@pytest.mark.parametrize(
    "words",
    [
        "config new none/c.jsn --yes",
        "config sample 2k_rsa_secondslot --out none/c.jsn",
        "--csr {config} --out-dir none",
        "--read second --out none/x",
        "random 4 --out none/x",
        "export none/x",
        "provision {config} --out-dir none",
        "provision {config} --ca ca --no-cloud --journal none/x",
        "ca init none/ca --no-passphrase",
        "emulator new none/chip",
        "emulator serve --pty none/x",
        "emulator serve --tcp 127.0.0.1:0 --control none/x",
        "--port emulator:none/chip info",
    ],
)
def test_a_folder_that_does_not_exist(cli: Cli, port: str, config: Path, words: str) -> None:
    given = words.format(config=config).split()
    own_port = () if "--port" in given else ("--port", port)
    cli("ca", "init", "ca", "--no-passphrase")
    error = error_of(cli, *JSON, *own_port, *given)
    assert error["reason"] == "not_found"
    assert "No such file" not in error["message"]


@pytest.mark.parametrize(
    "words",
    [
        "provision {config} --ca ca --no-cloud --journal .",
        "journal show --journal .",
        "--csr {config} --out-dir file",
        "--csr .",
        "--read second --out .",
        "ca init . --no-passphrase --name x",
        "emulator run -- ./folder",
    ],
)
def test_a_folder_in_place_of_a_file(cli: Cli, port: str, config: Path, words: str) -> None:
    Path("file").write_bytes(b"")
    Path("folder").mkdir()
    cli("ca", "init", "ca", "--no-passphrase")
    error = error_of(cli, *JSON, "--port", port, *words.format(config=config).split())
    assert error["reason"] == ("exists" if "init" in words else "wrong_type")


@pytest.mark.parametrize(
    ("program", "reason"), [("./my-tool", "denied"), ("my-tool", "not_found"), ("./none", "not_found")]
)
def test_a_program_that_cannot_be_run(cli: Cli, program: str, reason: str) -> None:
    Path("my-tool").write_bytes(b"")
    error = error_of(cli, *JSON, "emulator", "run", "--", program)
    assert error["reason"] == reason
    assert ("PATH" in error["hint"], "chmod +x ./my-tool" in error["hint"]) == (
        reason == "not_found",
        reason == "denied",
    )


def test_the_import_of_a_locked_object(cli: Cli, port: str) -> None:
    Path("data").write_bytes(b"one")
    Path("other").write_bytes(b"two")
    cli("--port", port, "object", "write", "0xF1D0", "data")
    cli("--port", port, "export", "chip.json", "--object", "0xF1D0")
    cli("--port", port, "object", "write", "0xF1D0", "other")
    cli("--port", port, "object", "lock", "0xF1D0", "--yes")
    plain = error_of(cli, *JSON, "--port", port, "import", "chip.json", "--yes")
    assert (plain["reason"], plain["oid"]) == ("denied", "0xF1D0")


@pytest.mark.parametrize("words", ["--write key.p12", "ca import new --certificate key.p12 --no-passphrase"])
def test_a_passphrase_is_configuration(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")]), datetime.now(timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=9))
    extension = x509.BasicConstraints(ca=True, path_length=None)
    certificate = builder.add_extension(extension, critical=True).sign(key, hashes.SHA256())
    locked = pkcs12.serialize_key_and_certificates(b"", key, certificate, None, BestAvailableEncryption(b"right"))
    Path("key.p12").write_bytes(locked)
    for passphrase, reason in (("", "missing"), ("wrong", "mismatch")):
        monkeypatch.setenv("OPTIGA_FILE_PASSPHRASE", passphrase)
        error = error_of(cli, *JSON, "--port", port, *words.split())
        assert (error["family"], error["exit_code"], error["reason"]) == ("configuration", USAGE, reason)
        option = "pkcs12_passphrase_file" if "--write" in words else "key_passphrase_file"
        assert error["parameter"] == option
