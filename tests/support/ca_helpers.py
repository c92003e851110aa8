"""What the tests of the CA share: requests of all kinds, and openssl to judge what comes of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

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


def openssl(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run openssl to its end."""
    return subprocess.run(
        ["openssl", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )


def verify(leaf: Path, *options: object) -> str:
    """What ``openssl verify -x509_strict`` says of a file's first certificate: empty if it is good."""
    done = openssl("verify", "-x509_strict", "-purpose", "sslclient", *options, leaf)
    return "" if done.returncode == 0 else done.stdout + done.stderr
