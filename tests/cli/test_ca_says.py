"""What the ``ca`` commands say is true of the case at hand."""

from __future__ import annotations

import io
import shutil
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from optiga.ca import keys
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.other_ca import OtherCa

OPEN = "--no-passphrase"
WORDS, OTHER = "violet anchor tundra", "another anchor in the bay"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ROUNDS", 1000)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    monkeypatch.delenv("OPTIGA_CA_PASSPHRASE", raising=False)


def file(name: str, content: bytes | str) -> str:
    path = Path(name)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    path.chmod(0o600)
    return name


@pytest.fixture
def root(cli: Cli) -> str:
    assert cli("ca", "init", "root", OPEN).code == 0
    return "root"


def test_a_certificate_that_names_no_purpose(cli: Cli) -> None:
    """It serves every purpose (RFC 5280, 4.2.1.12)."""
    other = OtherCa("old root")
    file("device.pem", other.certify("device").public_bytes(Encoding.PEM))
    file("old.pem", other.pem)
    file("old.key", other.key_pem())
    words = ("--certificate", "old.pem", "--key", "old.key", "--issued", "device.pem", OPEN)
    assert cli("ca", "import", "old", *words).code == 0
    assert "any purpose" in cli("ca", "list", "--ca", "old").out
    assert "[any purpose]" in cli("ca", "show", "device.pem", "--ca", "old").err


def make_flat_root(name: str) -> None:
    """A self-signed CA that may not issue CAs: ``flat.pem`` and ``flat.key``."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(timezone.utc)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 7, now, now + timedelta(days=900))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    file("flat.pem", certificate.public_bytes(Encoding.PEM))
    file("flat.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def test_a_root_that_may_not_issue_cas(cli: Cli) -> None:
    make_flat_root("rsaroot")
    assert cli("ca", "import", "rsaroot", "--certificate", "flat.pem", "--key", "flat.key", OPEN).code == 0
    error = fails(cli, 5, "ca", "intermediate", "below", "--ca", "rsaroot", OPEN)
    assert "pathlen:0" in error
    assert "intermediate CA" not in error
    assert "another root CA" in error


def test_below_an_intermediate_ca(cli: Cli, root: str) -> None:
    cli("ca", "intermediate", "factory", "--ca", root, OPEN)
    assert "Give the root CA with --ca" in fails(cli, 5, "ca", "intermediate", "below", "--ca", "factory", OPEN)


def test_no_passphrase_is_asked_for_in_vain(cli: Cli, root: str) -> None:
    words = file("words", WORDS)
    cli("ca", "intermediate", "factory", "--ca", root, "--passphrase-file", words)
    assert "pathlen:0" in fails(cli, 5, "ca", "intermediate", "below", "--ca", "factory", OPEN)


class TestCopies:
    """What copies of a CA's folder hold after ``ca passphrase``."""

    def test_of_a_key_that_was_open(self, cli: Cli, root: str) -> None:
        result = cli("ca", "passphrase", root, "--new-passphrase-file", file("words", WORDS))
        assert "still hold the key unencrypted" in result.err
        assert "old passphrase" not in result.err

    def test_of_a_key_that_was_encrypted(self, cli: Cli, root: str) -> None:
        cli("ca", "passphrase", root, "--new-passphrase-file", file("words", WORDS))
        change = ("--passphrase-file", "words", "--new-passphrase-file", file("other", OTHER))
        assert "still use the old passphrase" in cli("ca", "passphrase", root, *change).err


class TestForeignFiles:
    def test_the_certificate_of_a_ca_below(self, cli: Cli, root: str) -> None:
        cli("ca", "intermediate", "factory", "--ca", root, OPEN)
        shutil.copy("factory/ca.pem", "root/ca.pem")
        error = fails(cli, 5, "ca", "list", "--ca", root)
        assert "root/ca.pem is not the certificate of this CA" in error
        assert "Copy" not in error
        assert "Restore ca.pem" in error

    def test_a_chain_that_is_lost(self, cli: Cli, root: str) -> None:
        cli("ca", "intermediate", "factory", "--ca", root, OPEN)
        Path("factory/chain.pem").unlink()
        error = fails(cli, 2, "ca", "list", "--ca", "factory")
        assert "chain.pem is missing" in error
        shutil.copy("factory/ca.pem", "factory/chain.pem")  # as the hint says
        assert cli("ca", "list", "--ca", "factory").code == 0


class TestWhereTheFolderStands:
    """Some commands take the folder of a CA as an argument, and others with ``--ca``."""

    @pytest.mark.parametrize(
        ("given", "meant"),
        [
            ("list root", "ca list --ca root"),
            ("crl root", "ca crl --ca root"),
            ("sign device.csr root --days 4", "ca sign device.csr --days 4 --ca root"),
            ("show ab12 root", "ca show ab12 --ca root"),
            ("revoke root ab12 --yes", "ca revoke ab12 --yes --ca root"),
            ("intermediate below root", "ca intermediate below --ca root"),
            ("register --ca root", "ca register root"),
            ("passphrase --ca root", "ca passphrase root"),
            ("renew --ca root --days 8000", "ca renew root --days 8000"),
        ],
    )
    def test_the_other_way_is_named(self, cli: Cli, root: str, given: str, meant: str) -> None:
        assert f"{meant}'?" in fails(cli, 2, "ca", *given.split())

    @pytest.mark.parametrize("given", ["list", "list none", "show ab12", "passphrase", "passphrase --ca none"])
    def test_nothing_is_made_up(self, cli: Cli, root: str, given: str) -> None:
        assert "Did you mean" not in fails(cli, 2, "ca", *given.split())


def test_a_key_that_is_gone(cli: Cli) -> None:
    assert cli("ca", "init", "gone", "--no-passphrase").code == 0
    Path("gone/ca.key").unlink()
    assert "from a backup" in fails(cli, 2, "ca", "crl", "--ca", "gone")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("ca sign a.csr b.csr --ca root", ("one CSR per run", "for f in *.csr; do ", 'ca sign "$f"')),
        ("ca sign a.csr b.csr c.csr --ca root", ("one CSR per run", "for f in *.csr; do ", 'ca sign "$f"')),
        ("ca show a.pem b.pem --ca root", ("one certificate per run", "for f in *.pem; do ", 'ca show "$f"')),
        ("ca revoke a.pem b.pem --ca root", ("one certificate per run", 'ca revoke "$f"')),
    ],
)
def test_several_files(cli: Cli, words: str, said: tuple[str, ...]) -> None:
    result = cli(*words.split())
    assert result.code == 2
    assert [one for one in said if one not in result.errors[0]] == []
