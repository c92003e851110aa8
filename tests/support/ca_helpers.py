"""What the tests of the CA share: requests of all kinds, and openssl to judge what comes of them."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from tests.support.patience import LIMIT_S

NEEDS_OPENSSL = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")


def make_request(
    *extensions: x509.ExtensionType,
    name: str | None = "device",
    key: Any = None,
    critical: bool = False,
    subject: x509.Name | None = None,
) -> bytes:
    """A CSR in DER.

    :param name: common name; None leaves the subject empty.
    :param subject: another than one of a common name.
    """
    attributes = [] if name is None else [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    builder = x509.CertificateSigningRequestBuilder().subject_name(subject or x509.Name(attributes))
    for extension in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)


def make_older(folder: Path) -> None:
    """Make a CA's folder as the first version left it: no chain, and a CRL that counts from 1.

    :param folder: of a CA whose key is open.
    """
    key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    newest = x509.load_pem_x509_crl((folder / "crl.pem").read_bytes())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(newest.issuer)
        .last_update(newest.last_update_utc)
        .next_update(newest.next_update_utc)
        .add_extension(x509.CRLNumber(2), critical=False)
    )
    for entry in newest:
        builder = builder.add_revoked_certificate(entry)
    crl = builder.sign(key, hashes.SHA256())
    with closing(sqlite3.connect(folder / "issued.db", isolation_level=None)) as connection:
        for statement in ("DROP TABLE chain", "DROP TABLE head", "PRAGMA user_version = 1", "DELETE FROM crls"):
            connection.execute(statement)
        connection.execute("INSERT INTO crls VALUES (2, ?)", (crl.public_bytes(Encoding.DER),))
    (folder / "crl.pem").write_bytes(crl.public_bytes(Encoding.PEM))
    (folder / "records.sig").unlink()


def openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run openssl to its end."""
    return subprocess.run(
        ["openssl", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=LIMIT_S,
        stdin=subprocess.DEVNULL,
    )


def verify(leaf: Path, *options: object) -> str:
    """What ``openssl verify -x509_strict`` says of a file's first certificate: empty if it is good."""
    done = openssl("verify", "-x509_strict", "-purpose", "sslclient", *options, leaf)
    return "" if done.returncode == 0 else done.stdout + done.stderr
