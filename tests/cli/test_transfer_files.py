"""Files for ``import`` that are cut off, that are other documents, and errors that name their object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import optiga
from optiga.protocol import tls_identity
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.identity.csr_helpers import Ca

WHOLE = "2019c00101c40206c0c50206c0d003e1fc07d10100d30100e80112"
"""Metadata of a certificate's object as the chip has it from the factory: 1728 bytes are used."""
CERTIFICATE = tls_identity.encode([Ca("issuer").certify(ec.derive_private_key(7, ec.SECP256R1()).public_key())])
HELD = b"\xc0\x00\x05what was here"


def read(port: str, oid: int) -> bytes:
    with optiga.open_chip(port) as chip:
        return chip.read(oid)


@pytest.fixture
def written(port: str) -> str:
    with optiga.open_chip(port) as chip:
        chip.write(0xE0E1, HELD)
    return port


def import_(cli: Cli, port: str, document: dict[str, Any], *options: str) -> dict[str, Any]:
    Path("f.json").write_text(json.dumps(document))
    result = cli("--port", port, "-q", "import", "f.json", "--output", "json", "--yes", *options)
    assert result.code == 0, result
    found: dict[str, Any] = json.loads(result.out)
    return {one["oid"]: one for one in found["objects"]}


class TestCutOff:
    @pytest.mark.parametrize("metadata", [{"metadata": WHOLE}, {}], ids=["1728 used", "nobody knows"])
    @pytest.mark.parametrize("data", [bytes(1700), tls_identity.encode([bytes(1710)])[:1700]], ids=["zeros", "a chain"])
    def test_it_is_left_and_said(self, cli: Cli, written: str, metadata: dict[str, str], data: bytes) -> None:
        rows = import_(cli, written, {"e0e1": {**metadata, "data": data.hex()}})
        assert "the file has only the first 1700 bytes" in rows["0xE0E1"]["reason"]
        assert (rows["0xE0E1"]["bytes"], read(written, 0xE0E1)) == (0, HELD)

    def test_a_certificate_that_ends_before_is_whole(self, cli: Cli, written: str) -> None:
        data = CERTIFICATE.ljust(1700, b"\x00")
        rows = import_(cli, written, {"e0e1": {"metadata": WHOLE, "data": data.hex()}})
        assert (rows["0xE0E1"]["result"], rows["0xE0E1"]["reason"]) == ("written", None)
        assert read(written, 0xE0E1) == data

    def test_1700_bytes_can_be_all(self, cli: Cli, written: str) -> None:
        used = WHOLE.replace("c50206c0", "c50206a4")
        rows = import_(cli, written, {"e0e1": {"metadata": used, "data": "ab" * 1700}})
        assert rows["0xE0E1"]["result"] == "written"


OF_OTHER_TOOLS = {
    "openssl.cnf": "# of OpenSSL\n[ req ]\nprompt = no\n",
    "configurator.xml": '<?xml version="1.0"?>\n<OPTIGA>\n  <Tool_Version>1.00</Tool_Version>\n</OPTIGA>\n',
    "policy.jsn": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:*", "Resource": "*"}]}',
    "subject.jsn": '{"CN": "AWS IoT device", "O": "Example", "C": "DE", "ST": "Bayern"}',
    "aws.json": json.dumps({"certificateId": "ab", "certificatePem": "-----BEGIN CERTIFICATE-----\nMII\n"}),
    "described.json": json.dumps({"certificateDescription": {"certificatePem": "-----BEGIN CERTIFICATE-----\nMII\n"}}),
    "example.c": 'const char *names[] = {"a", "b"};\nuint8_t metadata[] = {0x20, 0x03, 0xD1, 0x01, 0xFF};\n',
}


class TestOtherFiles:
    @pytest.fixture(autouse=True)
    def _files(self, cli: Cli, port: str, config: Path) -> None:
        key = ec.derive_private_key(7, ec.SECP256R1())
        Path("signer.pem").write_bytes(optiga_pem(key))
        Path("data").write_bytes(b"new data")
        signed = ["--version", "1", "--anchor", "0xE0E8", "--signer", "signer.pem", "--out"]
        for out in ("set.json", "set.h"):
            assert cli("update", "make", "data", "0xF1D0", "data", *signed, out).code == 0
        assert cli("emulator", "new", "new.chip").code == 0
        assert cli("emulator", "dump", "new.chip", "--out", "state.json").code == 0
        assert cli("--port", port, "export", "export.json").code == 0
        Path("config.jsn").write_bytes(config.read_bytes())
        for name, content in OF_OTHER_TOOLS.items():
            Path(name).write_text(content)

    @pytest.mark.parametrize(
        ("file", "what"),
        [
            ("set.json", "is an update set.*'update apply'"),
            ("set.h", "is an update set.*'update apply'"),
            ("state.json", "is the state of an emulated chip.*'emulator load'"),
            ("config.jsn", "is a configuration.*CSR"),
            ("signer.pem", "is PEM"),
            ("openssl.cnf", "is a file with sections.*'export' has written"),
            ("configurator.xml", "is a project of Infineon's OPTIGA Trust Configurator.*port.to_json"),
            ("policy.jsn", "is an AWS policy.*'provision'"),
            ("aws.json", "is JSON of the aws command with a certificate.*Write the certificate to its object"),
            ("described.json", "is JSON of the aws command with a certificate"),
            ("subject.jsn", "is the subject of a certificate.*'config new'"),
        ],
    )
    def test_import(self, cli: Cli, port: str, file: str, what: str) -> None:
        before = read(port, 0xF1D0)
        error = fails(cli, USAGE, "--port", port, "-q", "import", file)
        assert all(part in error for part in (file, *what.split(".*"))), error
        assert read(port, 0xF1D0) == before

    @pytest.mark.parametrize(
        ("words", "what"),
        [
            ("update show export.json", "an export of a chip's objects"),
            ("update show state.json", "the state of an emulated chip"),
            ("update show config.jsn", "a configuration, not an update set. To make a CSR"),
            ("update show policy.jsn", "an AWS policy"),
            ("update show openssl.cnf", "a file with sections, such as an OpenSSL configuration, not an update set"),
            ("update show example.c", "not an update set: it holds no manifest"),
            ("emulator load openssl.cnf other.chip", "a file with sections"),
            ("emulator load configurator.xml other.chip", "a project of Infineon's OPTIGA Trust Configurator"),
            ("config check export.json", "an export of a chip's objects, not a configuration"),
            ("config check openssl.cnf", "a file with sections"),
            ("emulator load set.json other.chip", "an update set"),
            ("emulator load aws.json other.chip", "JSON of the aws command"),
            ("config check aws.json", "JSON of the aws command"),
            ("update show aws.json", "JSON of the aws command"),
            ("object metadata 0xF1D0 aws.json", "JSON of the aws command"),
        ],
    )
    def test_the_others(self, cli: Cli, words: str, what: str) -> None:
        assert what in fails(cli, USAGE, *words.split())
        assert not Path("other.chip").exists()


def optiga_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize("options", [(), ("--keep-going",), ("--dry-run",), ("--object", "f1d0", "--object", "e0e8")])
def test_each_error_names_its_object(cli: Cli, port: str, options: tuple[str, ...]) -> None:
    Path("f.json").write_text(
        json.dumps(
            {
                "f1d0": {"data": "00" * 200},
                "e0e8": {"pretty_metadata": {"type": "0x77"}},
            }
        )
    )
    result = cli("--port", port, "-q", "import", "f.json", *options)
    assert (result.code, len(result.errors)) == (USAGE, 2)
    assert [any(oid in line for line in result.errors) for oid in ("0xF1D0", "0xE0E8")] == [True, True]
