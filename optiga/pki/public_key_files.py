"""Public keys from files: SubjectPublicKeyInfo or a certificate, in PEM or DER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import CertificateError, Reason
from optiga.files.files import read_input
from optiga.pki.certificate import Certificate
from optiga.pki.pem import is_pem, iterate_blocks, refuse_utf16
from optiga.pki.public_keys import public_key_of_info

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.protocol.public_key import PublicKey


_MAX_FILE_SIZE = 1 << 20
_CERTIFICATE = "CERTIFICATE"


def load_public_key(path: Path) -> PublicKey:
    """The public key in a file; of the first certificate where there is a chain.

    :raises ConfigurationError: if the file cannot be read.
    :raises CertificateError: if it holds neither a public key nor a certificate.
    """
    data = read_input(path, "public key", _MAX_FILE_SIZE)
    name = str(path)
    refuse_utf16(data, name)
    if not is_pem(data):
        return _from_der(data, name)
    for block in iterate_blocks(data, name):
        if block.label.endswith("PRIVATE KEY"):
            raise CertificateError(
                f"{name} holds a private key",
                hint=f"Give its public key: openssl pkey -in {name} -pubout",
                reason=Reason.WRONG_TYPE,
            )
        if block.label in ("PUBLIC KEY", _CERTIFICATE):
            return _from_der(block.data, name)
    raise _neither(name)


def _from_der(der: bytes, name: str) -> PublicKey:
    try:
        return public_key_of_info(der)
    except (ValueError, TypeError):
        pass
    try:
        return Certificate.parse(der).public_key
    except ValueError:
        raise _neither(name) from None


def _neither(name: str) -> CertificateError:
    return CertificateError(
        f"{name} holds neither a public key nor a certificate",
        hint="Give either in PEM (-----BEGIN PUBLIC KEY-----) or DER",
        reason=Reason.WRONG_TYPE,
    )
