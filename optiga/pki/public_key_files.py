"""Public keys from files: SubjectPublicKeyInfo, a certificate or a CSR, in PEM or DER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import CertificateError, Reason
from optiga.files.files import read_input
from optiga.pki.certificate import Certificate
from optiga.pki.pem import is_pem, iterate_blocks, refuse_utf16
from optiga.pki.public_keys import public_key_of, public_key_of_info
from optiga.pki.x509_errors import one_error

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.protocol.public_key import PublicKey


_MAX_FILE_SIZE = 1 << 20
_LABELS = ("PUBLIC KEY", "CERTIFICATE", "X509 CERTIFICATE", "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
"""What PEM blocks say that a public key is in; of an RSAPublicKey alone (PKCS #1) there is another block."""


def load_public_key(path: Path) -> PublicKey:
    """The public key in a file; of the first certificate where there is a chain.

    :raises ConfigurationError: if the file cannot be read.
    :raises CertificateError: if it holds neither a public key nor a certificate nor a CSR.
    """
    return parse_public_key(read_input(path, "public key", _MAX_FILE_SIZE), str(path))


def parse_public_key(data: bytes, name: str) -> PublicKey:
    """The public key in the content of a file; otherwise as :func:`load_public_key`.

    :param name: what to call the content in messages.
    """
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
        if block.label in _LABELS:
            return _from_der(block.data, name)
    raise _neither(name)


def _from_der(der: bytes, name: str) -> PublicKey:
    try:
        return public_key_of_info(der)
    except (ValueError, TypeError):
        pass
    for parse in (_of_certificate, _of_request):
        try:
            return parse(der)
        except ValueError:
            continue
    raise _neither(name)


def _of_certificate(der: bytes) -> PublicKey:
    return Certificate.parse_leniently(der).public_key


def _of_request(der: bytes) -> PublicKey:
    """The key in a CSR. Its signature is not looked at: whoever uses the key proves it otherwise.

    :raises ValueError: if it is no CSR.
    """
    from cryptography import x509

    with one_error():
        return public_key_of(x509.load_der_x509_csr(der).public_key())


def _neither(name: str) -> CertificateError:
    return CertificateError(
        f"{name} holds neither a public key nor a certificate nor a CSR",
        hint="Give one in PEM (-----BEGIN PUBLIC KEY-----) or DER",
        reason=Reason.WRONG_TYPE,
    )
