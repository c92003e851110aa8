"""``ca renew``: new dates for a CA whose key, name and key identifier stay, so that what it has issued stays valid."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
from cryptography import x509

from optiga.ca import keys, renewal
from optiga.ca.folder import CaFolder
from optiga.files.files import write_whole
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, verify
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa

WORDS, OTHER = "violet anchor tundra", "another anchor in the bay"
OPEN = "--no-passphrase"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ROUNDS", 1000)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.delenv("OPTIGA_CA_PASSPHRASE", raising=False)


def load(name: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(name).read_bytes())


def identifier(certificate: x509.Certificate) -> bytes:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


@pytest.fixture
def root(cli: Cli) -> str:
    """A root with a year left."""
    assert cli("ca", "init", "root", "--days", "365", OPEN).code == 0
    return "root"


@pytest.fixture
def factory(cli: Cli, root: str) -> str:
    """An intermediate with a month left, which has issued ``device.pem``."""
    made = ("ca", "intermediate", "factory", "--ca", root, "--days", "30", "--allow-dns", "*.dev.example", OPEN)
    assert cli(*made).code == 0
    Path("device.csr").write_bytes(make_request())
    assert cli("ca", "sign", "device.csr", "--ca", "factory", "--out", "device.pem").code == 0
    return "factory"


def is_same_ca(old: x509.Certificate, new: x509.Certificate) -> bool:
    return (
        new.subject.public_bytes() == old.subject.public_bytes()
        and new.public_key() == old.public_key()
        and identifier(new) == identifier(old)
        and new.not_valid_after_utc > old.not_valid_after_utc
        and new.serial_number != old.serial_number
        and {one.oid for one in new.extensions} == {one.oid for one in old.extensions}
    )


class TestRenewed:
    @NEEDS_OPENSSL
    def test_an_intermediate(self, cli: Cli, factory: str) -> None:
        old, records = load("factory/ca.pem"), Path("factory/issued.db").read_bytes()
        result = cli("ca", "renew", "factory", "--ca", "root", "--query", "subject")
        assert (result.code, result.out) == (0, "CN=factory\n"), result.err
        new = load("factory/ca.pem")
        assert is_same_ca(old, new)
        new.verify_directly_issued_by(load("root/ca.pem"))
        assert Path("factory/chain.pem").read_bytes() == Path("factory/ca.pem").read_bytes()
        assert Path("factory/issued.db").read_bytes() == records
        assert verify(Path("device.pem"), "-CAfile", "root/ca.pem", "-untrusted", "factory/ca.pem") == ""
        assert f"{new.serial_number:040x}" in cli("ca", "list", "--ca", "root").out
        assert cli("ca", "revoke", "device.pem", "--ca", "factory", "--yes").code == 0
        Path("device.csr").write_bytes(make_request(name="another"))
        assert cli("ca", "sign", "device.csr", "--ca", "factory", "--out", "other.pem").code == 0
        assert verify(Path("other.pem"), "-CAfile", "root/ca.pem", "-untrusted", "other.pem") == ""

    def test_a_root(self, cli: Cli, factory: str) -> None:
        old = load("root/ca.pem")
        assert cli("ca", "renew", "root", "--days", "9000").code == 0
        new = load("root/ca.pem")
        assert is_same_ca(old, new)
        new.verify_directly_issued_by(new)
        load("factory/ca.pem").verify_directly_issued_by(new)
        assert cli("ca", "renew", "factory", "--ca", "root").code == 0
        load("factory/ca.pem").verify_directly_issued_by(new)
        assert cli("ca", "list", "--ca", "root").err == ""

    @pytest.mark.long
    def test_a_root_that_was_imported(self, cli: Cli) -> None:
        old = OtherCa("old root")
        device = old.certify("device")
        Path("old.pem").write_bytes(old.pem)
        Path("old.key").write_bytes(old.key_pem())
        Path("old.key").chmod(0o600)
        assert cli("ca", "import", "root", "--certificate", "old.pem", "--key", "old.key", OPEN).code == 0
        assert cli("ca", "renew", "root").code == 0
        assert is_same_ca(old.certificate, load("root/ca.pem"))
        device.verify_directly_issued_by(load("root/ca.pem"))

    @pytest.mark.long
    def test_passphrases(self, cli: Cli) -> None:
        for name, text in (("words", WORDS), ("other", OTHER)):
            Path(name).write_text(text)
            Path(name).chmod(0o600)
        assert cli("ca", "init", "root", "--days", "900", "--passphrase-file", "words").code == 0
        below = ("--ca", "root", "--ca-passphrase-file", "words", "--passphrase-file", "other")
        assert cli("ca", "intermediate", "factory", "--days", "30", *below).code == 0
        before = Path("factory/ca.key").read_bytes()
        wrong = cli("ca", "renew", "factory", "--ca", "root", "--ca-passphrase-file", "other", *below[4:])
        assert (wrong.code, wrong.out, len(wrong.errors)) == (2, "", 1)
        assert cli("ca", "renew", "factory", *below).code == 0
        assert Path("factory/ca.key").read_bytes() == before

    def test_a_run_that_ended_between_two_files(self, cli: Cli, factory: str, monkeypatch: pytest.MonkeyPatch) -> None:
        old = load("factory/ca.pem")

        def write(path: Path, data: bytes, mode: int) -> None:
            if path.name == "ca.pem":
                raise KeyboardInterrupt
            write_whole(path, data, mode)

        monkeypatch.setattr(renewal, "write_whole", write)
        assert cli("ca", "renew", "factory", "--ca", "root").code == 130
        assert load("factory/ca.pem") == old
        assert CaFolder.open(Path("factory")).certificate.not_after > old.not_valid_after_utc
        Path("device.csr").write_bytes(make_request(name="another"))
        assert cli("ca", "sign", "device.csr", "--ca", "factory", "--out", "other.pem").code == 0
        assert is_same_ca(old, load("factory/ca.pem")), "the next command ends it"


def least_days(said: str) -> int:
    """How many days a refusal asks for: one more than at first where a second has passed since."""
    found = re.search(r"at least (\d+)", said)
    assert found, said
    return int(found[1])


class TestMistakes:
    def refused(self, cli: Cli, code: int, *words: str) -> str:
        before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
        result = cli("ca", "renew", *words)
        assert (result.code, result.out, len(result.errors)) == (code, "", 1), result.err
        assert before == {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
        return result.errors[0]

    def test_the_parent(self, cli: Cli, factory: str) -> None:
        assert "CN=root" in self.refused(cli, 2, "factory")
        assert "--ca" in self.refused(cli, 2, "root", "--ca", "factory")
        assert cli("ca", "init", "stranger", "--name", "root", OPEN).code == 0
        assert "stranger" in self.refused(cli, 5, "factory", "--ca", "stranger")
        assert "missing" in self.refused(cli, 2, "factory", "--ca", "missing")
        assert "missing" in self.refused(cli, 2, "missing")

    def test_the_days(self, cli: Cli, factory: str) -> None:
        assert least_days(self.refused(cli, 5, "factory", "--ca", "root", "--days", "3")) in (30, 31)
        assert least_days(self.refused(cli, 5, "root", "--days", "100")) in (365, 366)
        assert "more than" in self.refused(cli, 5, "factory", "--ca", "root", "--days", "400")
        assert cli("ca", "renew", "factory", "--ca", "root").code == 0
        assert "above it" in self.refused(cli, 5, "factory", "--ca", "root")

    @pytest.mark.long
    def test_a_key_that_was_compromised(self, cli: Cli, factory: str) -> None:
        revoked = ("ca", "revoke", "factory/ca.pem", "--ca", "root", "--reason", "keyCompromise", "--yes")
        assert cli(*revoked).code == 0
        assert "compromised" in self.refused(cli, 5, "factory", "--ca", "root")
