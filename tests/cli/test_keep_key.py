"""``--csr --keep-key``: a CSR for the key that a slot has; the chip is left as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import optiga
from optiga.pki.public_key_files import load_public_key
from tests.support.cli.runner import Cli
from tests.support.identity.csr_helpers import RSA, change_config, write_config
from tests.support.makers import make_certificate, make_key
from tests.support.sampling import sampled

WORK = Path()


def chip_of(port: str) -> bytes:
    return Path(port.removeprefix("emulator:")).read_bytes()


@pytest.fixture
def first(cli: Cli, port: str, config: Path) -> x509.CertificateSigningRequest:
    """The CSR of a new key in the second slot, in the file ``first.csr``."""
    name = cli("-q", "--port", port, "--csr", config, "--query", "filename").out.strip()
    Path(name).rename("first.csr")
    return x509.load_pem_x509_csr(Path("first.csr").read_bytes())


def info_of(request: x509.CertificateSigningRequest) -> bytes:
    return request.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_the_key_in_the_slot(cli: Cli, port: str, config: Path, first: x509.CertificateSigningRequest) -> None:
    Path("device.pem").write_bytes(make_certificate(public_key=first.public_key()))
    assert cli("--port", port, "--write", "device.pem").code == 0
    result = cli("--port", port, "--csr", config, "--keep-key", "--out-dir", ".", "--output", "json")
    assert result.code == 0
    said = json.loads(result.out)
    again = x509.load_pem_x509_csr(Path(said["filename"]).read_bytes())
    assert again.is_signature_valid
    assert info_of(again) == info_of(first)
    assert info_of(first).hex().endswith(said["public_key"])
    assert cli("--port", port, "--write", "device.pem", "--strict").code == 0, "the key is the one before"


def test_the_factory_key(cli: Cli, port: str, config: Path) -> None:
    assert cli("--port", port, "info").code == 0
    factory = cli("--port", port, "--read", "first", "--out", "factory.pem")
    assert factory.code == 0
    result = cli("--port", port, "--csr", config, "--slot", "first", "--keep-key", "-q", "--query", "filename")
    assert result.code == 0
    request = x509.load_pem_x509_csr(Path(result.out.strip()).read_bytes())
    assert request.is_signature_valid
    assert info_of(request) == load_public_key(Path("factory.pem")).info
    refused = cli("--port", port, "--csr", config, "--slot", "first")
    assert (refused.code, len(refused.errors)) == (2, 1)


@pytest.mark.parametrize("form", sampled(["pem", "der", "certificate", "request", "request in DER"], 2))
def test_a_public_key_in_a_file(
    cli: Cli, port: str, config: Path, first: x509.CertificateSigningRequest, form: str
) -> None:
    key = first.public_key()
    data = {
        "pem": key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "der": key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "certificate": make_certificate(public_key=key),
        "request": first.public_bytes(Encoding.PEM),
        "request in DER": first.public_bytes(Encoding.DER),
    }[form]
    Path("known").write_bytes(data)
    result = cli("--port", port, "--csr", config, "--keep-key", "--public-key", "known", "-q", "--query", "filename")
    assert result.code == 0
    assert info_of(x509.load_pem_x509_csr(Path(result.out.strip()).read_bytes())) == info_of(first)


def test_an_rsa_key(cli: Cli, port: str) -> None:
    config = write_config(WORK, change_config(RSA))
    made = cli("-q", "--port", port, "--csr", config, "--query", "filename").out.strip()
    alone = cli("--port", port, "--csr", config, "--keep-key")
    assert (alone.code, len(alone.errors)) == (5, 1)
    assert "--public-key" in alone.err
    kept = cli("--port", port, "--csr", config, "--keep-key", "--public-key", made, "--out-dir", "missing")
    assert kept.code == 2
    Path("out").mkdir()
    kept = cli("--port", port, "--csr", config, "--keep-key", "--public-key", made, "--out-dir", "out")
    assert kept.code == 0
    (request,) = Path("out").glob("*.csr")
    assert info_of(x509.load_pem_x509_csr(request.read_bytes())) == info_of(
        x509.load_pem_x509_csr(Path(made).read_bytes())
    )


class TestMistakes:
    """One clear line each, no file, and a chip that is as it was."""

    def refused(self, cli: Cli, port: str, code: int, *words: object) -> str:
        before, files = chip_of(port), set(Path().rglob("*"))
        result = cli("--port", port, "-q", *words, "--keep-key")
        errors = [line for line in result.err.splitlines() if line.startswith("Error: ")]
        assert (result.code, result.out, len(errors)) == (code, "", 1), result.err
        assert set(Path().rglob("*")) == files
        assert chip_of(port) == before
        return errors[0]

    def test_no_certificate_in_the_slot(self, cli: Cli, port: str, config: Path, first: object) -> None:
        said = self.refused(cli, port, 5, "--csr", config)
        assert "0xE0E1" in said
        assert "--public-key FILE" in said

    def test_no_key(self, cli: Cli, port: str, config: Path, first: object) -> None:
        assert "0xE0F2" in self.refused(cli, port, 4, "--csr", config, "--slot", "third")

    def test_the_wrong_public_key(self, cli: Cli, port: str, config: Path, first: object) -> None:
        Path("other.pem").write_bytes(make_certificate(make_key()))
        before = set(Path().rglob("*"))
        result = cli("--port", port, "--csr", config, "--keep-key", "--public-key", "other.pem")
        assert (result.code, result.out) == (5, "")
        assert "other.pem" in result.errors[0]
        assert "0xE0F1" in result.errors[0]
        assert set(Path().rglob("*")) == before

    def test_a_certificate_of_another_key(self, cli: Cli, port: str, config: Path, first: object) -> None:
        Path("other.pem").write_bytes(make_certificate(make_key()))
        assert cli("--port", port, "--write", "other.pem").code == 0
        result = cli("--port", port, "--csr", config, "--keep-key")
        assert (result.code, result.out, len(result.errors)) == (5, "", 1)
        assert "certificate in 0xE0E1" in result.errors[0]

    def test_another_algorithm(self, cli: Cli, port: str, configs: Path, first: object) -> None:
        p384 = configs / "config_nistp384_ecdsa_secondslot.jsn"
        said = self.refused(cli, port, 2, "--csr", p384)
        assert "secp256r1" in said
        assert "secp384r1" in said
        assert "secp256r1" in self.refused(cli, port, 5, "--csr", p384, "--public-key", "first.csr")
        Path("rsa").mkdir()
        rsa = write_config(Path("rsa"), change_config(RSA))
        assert "rsa2048" in self.refused(cli, port, 5, "--csr", rsa, "--public-key", "first.csr").lower()

    def test_a_usage_that_cannot_sign(self, cli: Cli, port: str, config: Path, first: object) -> None:
        made = ("key", "generate", "second", "--yes", "--usage", "key_agreement", "--out", "agreeing.pem")
        assert cli("--port", port, *made).code == 0
        said = self.refused(cli, port, 2, "--csr", config, "--public-key", "agreeing.pem")
        assert "key_agreement" in said
        said = self.refused(cli, port, 2, "--csr", config, "--public-key", "agreeing.pem", "--dry-run")
        assert "key_agreement" in said

    def test_a_key_that_is_never_used(self, cli: Cli, port: str, config: Path, first: object) -> None:
        assert cli("--port", port, "object", "metadata", "0xE0F1", "execute: never", "--yes").code == 0
        assert "never" in self.refused(cli, port, 2, "--csr", config, "--public-key", "first.csr")

    def test_what_is_no_public_key(self, cli: Cli, port: str, config: Path, first: object) -> None:
        Path("text").write_text("0 is no key")
        assert "text" in self.refused(cli, port, 5, "--csr", config, "--public-key", "text")
        Path("private.pem").write_bytes(make_key().pem)
        assert "private key" in self.refused(cli, port, 5, "--csr", config, "--public-key", "private.pem")
        self.refused(cli, port, 2, "--csr", config, "--public-key", "missing")

    def test_the_command_line(self, cli: Cli, port: str, config: Path) -> None:
        assert cli("--port", port, "--csr", config, "--public-key", "known").code == 2
        assert cli("--port", port, "--keep-key").code == 2
        assert cli("--port", port, "--read", "second", "--keep-key").code == 2
        assert cli("--port", port, "--csr", config, "--keep-key").code == 2, "no chip is made for it"
        assert not Path(port.removeprefix("emulator:")).exists()


def test_a_dry_run(cli: Cli, port: str, config: Path, first: object) -> None:
    before, files = chip_of(port), set(Path().rglob("*"))
    words = ("--port", port, "--csr", config, "--keep-key", "--public-key", "first.csr", "--dry-run")
    result = cli(*words, "--output", "json")
    assert result.code == 0
    said = json.loads(result.out)
    assert (said["slot"], said["key_oid"], said["public_key_source"]) == ("second", "0xE0F1", "first.csr")
    assert "Nothing was changed" in cli(*words).out
    assert (chip_of(port), set(Path().rglob("*"))) == (before, files)


@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_a_new_chip_has_the_factory_key(cli: Cli, port: str, config: Path, words: tuple[str, ...]) -> None:
    result = cli("--port", port, "--csr", config, "--slot", "first", "--keep-key", *words)
    assert result.code == 0, result.err
    assert Path(port.removeprefix("emulator:")).exists() == (not words)


def test_in_a_program(cli: Cli, port: str, config: Path) -> None:
    with optiga.open_chip(port) as chip:
        made = optiga.csr(chip, config)
        kept = optiga.csr(chip, config, keep_key=True, public_key=made)
        assert kept.public_key == made.public_key
        for source in (made.pem, made.der, make_certificate(public_key=x509.load_der_x509_csr(made.der).public_key())):
            assert optiga.csr(chip, config, keep_key=True, public_key=source).public_key == made.public_key
        factory = optiga.csr(chip, config, slot="first", keep_key=True)
        assert x509.load_der_x509_csr(factory.der).is_signature_valid
        with pytest.raises(optiga.CertificateError):
            optiga.csr(chip, config, keep_key=True, public_key=factory)
        with pytest.raises(optiga.ConfigurationError):
            optiga.csr(chip, config, public_key=made)
        with pytest.raises(TypeError):
            optiga.csr(chip, config, keep_key=True, public_key=17)  # type: ignore[arg-type]
        again = optiga.csr(chip, optiga.load_configuration(config), keep_key=True, public_key=made)
        assert again.public_key == made.public_key
