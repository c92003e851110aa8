"""Public keys from files: SubjectPublicKeyInfo or RSAPublicKey, a certificate or a CSR, in PEM or DER."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.errors import CertificateError, Reason
from optiga.files.files import read_input
from optiga.files.opening import about_its
from optiga.files.shown import file_in_command
from optiga.pki.certificate import Certificate
from optiga.pki.contents import in_bytes
from optiga.pki.kinds import (
    CERTIFICATE_LABELS,
    PARAMETERS,
    PKCS7,
    PKCS12,
    PRIVATE_KEY,
    REQUEST_LABELS,
    REVOCATION_LIST,
    identify_der,
    is_text,
    more_behind,
    title_of_label,
)
from optiga.pki.lenient import only, parts_of
from optiga.pki.pem_blocks import is_pem, iterate_blocks
from optiga.pki.public_keys import public_key_of_info
from optiga.protocol.der import INTEGER, SEQUENCE, size_of

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.protocol.public_key import PublicKey


_MAX_FILE_SIZE = 1 << 20
_LABELS = ("PUBLIC KEY", "RSA PUBLIC KEY", *CERTIFICATE_LABELS, *REQUEST_LABELS)
"""What PEM blocks say that a public key is in."""


def load_public_key(path: Path) -> PublicKey:
    """The public key in a file; of the first certificate where there is a chain.

    :raises ConfigurationError: if the file cannot be read.
    :raises CertificateError: if it holds not a public key, certificate or CSR.
    """
    return parse_public_key(read_input(path, "public key", _MAX_FILE_SIZE), str(path))


@about_its("name", is_name=True)
def parse_public_key(data: bytes, name: str) -> PublicKey:
    """The public key in the content of a file; otherwise as :func:`load_public_key`.

    :param name: what to call the content in messages.
    """
    data = in_bytes(data, name)
    if not is_pem(data):
        return _from_der(data, name)
    blocks = list(iterate_blocks(data, name, in_program=True))
    titles = [title_of_label(block.label) for block in blocks]
    if PRIVATE_KEY in titles:
        raise _no_public_key(name, PRIVATE_KEY)
    certificates = [block.data for block in blocks if block.label in CERTIFICATE_LABELS]
    others = [block.data for block in blocks if block.label in _LABELS and block.label not in CERTIFICATE_LABELS]
    found = {key.info: key for key in (_from_der(der, name) for der in (*certificates[:1], *others))}
    if len(found) > 1:
        raise CertificateError(
            f"{name} holds {len(found)} different public keys", hint="Use a file with one", reason=Reason.AMBIGUOUS
        )
    if not found:
        raise _no_public_key(name, titles[0])
    return next(iter(found.values()))


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
    is_der = der[:1] == bytes([SEQUENCE]) and not is_text(der)
    size = (size_of(der) if is_der else None) or len(der)
    what = identify_der(der[:size]) if is_der else ""
    if what and (more := len(der) - size):
        raise more_behind(what, name, more)
    raise _no_public_key(name, what)


def _of_certificate(der: bytes) -> PublicKey:
    return Certificate.parse_leniently(der).public_key


def _of_request(der: bytes) -> PublicKey:
    """The key in a CSR. Its signature is not looked at: whoever uses the key proves it otherwise.

    Its parts are read here: Infineon's tools sign with an algorithm that has NULL behind it, which libraries refuse.

    :raises ValueError: if it is no CSR.
    """
    info = next(parts_of(only(der).content), None)
    fields = list(parts_of(info.content)) if info else []
    if [field.tag for field in fields[:3]] != [INTEGER, SEQUENCE, SEQUENCE]:
        raise ValueError("no CSR")
    return public_key_of_info(fields[2].whole)


def _no_public_key(name: str, what: str) -> CertificateError:
    """The error of a file that holds none.

    :param what: it holds, in words; empty if that is not known.
    """
    if what == PRIVATE_KEY:
        hint = f"Extract the public key: openssl pkey -in {file_in_command(name)} -pubout"
        return CertificateError(f"{name} holds a private key", hint=hint, reason=Reason.WRONG_TYPE)
    held = f"has {what}, but" if what in (REVOCATION_LIST, PKCS7, PKCS12, PARAMETERS) else "has"
    return CertificateError(
        f"{name} {held} no public key, certificate or CSR",
        hint="Use PEM (-----BEGIN PUBLIC KEY-----) or DER",
        reason=Reason.WRONG_TYPE,
    )
