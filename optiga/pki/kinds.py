"""Descriptions of files with other content, where a certificate, a key or a CSR is expected."""

from __future__ import annotations

from collections.abc import Iterable

from optiga.errors import CertificateError, Reason, counted
from optiga.pki.lenient import only, parts_of
from optiga.pki.pem_blocks import is_pem, labels_of
from optiga.pki.x509_errors import one_error
from optiga.protocol.der import BIT_STRING, INTEGER, OCTET_STRING, SEQUENCE

CERTIFICATE, REQUEST, REVOCATION_LIST = (
    "a certificate",
    "a certificate signing request",
    "a certificate revocation list",
)
PRIVATE_KEY, PUBLIC_KEY, PARAMETERS = "a private key", "a public key", "parameters of a curve"
PKCS7, PKCS12 = "a PKCS #7 container", "a PKCS #12 container"
OPENSSLS_OWN = "a certificate in OpenSSL's own format"
CERTIFICATE_LABELS = ("CERTIFICATE", "X509 CERTIFICATE")
REQUEST_LABELS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST")
_OTHER_LABELS = {
    "TRUSTED CERTIFICATE": OPENSSLS_OWN,
    **dict.fromkeys(CERTIFICATE_LABELS, CERTIFICATE),
    **dict.fromkeys(REQUEST_LABELS, REQUEST),
    "PUBLIC KEY": PUBLIC_KEY,
    "RSA PUBLIC KEY": PUBLIC_KEY,
    "PKCS7": PKCS7,
    "CMS": PKCS7,
    "PKCS #7 SIGNED DATA": PKCS7,
    "X509 CRL": REVOCATION_LIST,
    "EC PARAMETERS": PARAMETERS,
}


_PKCS8, _SIGNED = [INTEGER, SEQUENCE, OCTET_STRING], [SEQUENCE, SEQUENCE, BIT_STRING]
_OID_OF_PKCS7, _VERSION_OF_PKCS12 = bytes.fromhex("06092a864886f70d0107"), bytes.fromhex("020103")
_MOST_OF_A_REQUEST = 4
"""Version, subject, key, attributes; a certificate has more."""


def title_of_label(label: str) -> str:
    """What the label of a PEM block says that the block is."""
    return PRIVATE_KEY if label.endswith("PRIVATE KEY") else _OTHER_LABELS.get(label, f"a block {label!r}")


def title_of_labels(labels: Iterable[str]) -> str:
    """What matters most of some PEM blocks: a private key, which has its curve in a block before it; else the first."""
    titles = [title_of_label(label) for label in labels]
    return PRIVATE_KEY if PRIVATE_KEY in titles else titles[0]


def identify(content: bytes) -> str:
    """What a file holds, PEM or DER; empty if that cannot be told."""
    if is_pem(content):
        return title_of_labels(labels_of(content))
    return identify_der(content) if content[:1] == bytes([SEQUENCE]) and not is_text(content) else ""


def more_behind(what: str, name: str, count: int) -> CertificateError:
    """The error of a file that goes on behind what it should hold alone.

    :param what: with its article.
    :param name: what to call the file in messages.
    :param count: bytes that are too many.
    """
    are = "is" if count == 1 else "are"
    return CertificateError(
        f"behind {what} in {name} {are} {counted(count, 'more byte')}",
        hint="Get a new copy of the file",
        reason=Reason.DAMAGED,
    )


def is_text(data: bytes) -> bool:
    """Whether data are a text, also if they begin with ``0``, as DER does; a certificate, key or CSR never is one."""
    return all(0x20 <= octet < 0x7F or octet in b"\t\r\n" for octet in data)


def identify_der(der: bytes) -> str:
    """What DER is, in words; empty if that cannot be told."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    content = _content(der)
    if content.startswith(_OID_OF_PKCS7):
        return PKCS7
    if content.startswith(_VERSION_OF_PKCS12) and _OID_OF_PKCS7 in content[:32]:
        return PKCS12
    try:
        serialization.load_der_private_key(der, None)
    except TypeError:  # it asks for a password
        return PRIVATE_KEY
    except (ValueError, UnsupportedAlgorithm):
        pass
    else:
        return PRIVATE_KEY
    for load, what in (
        (x509.load_der_x509_csr, REQUEST),
        (x509.load_der_x509_certificate, CERTIFICATE),
        (serialization.load_der_public_key, PUBLIC_KEY),
        (x509.load_der_x509_crl, REVOCATION_LIST),
    ):
        try:
            with one_error():
                load(der)
        except ValueError:
            continue
        return what
    return _identify_parts(der)


def is_pkcs7(der: bytes) -> bool:
    """Whether DER or BER is a container by PKCS #7."""
    return der[:1] == bytes([SEQUENCE]) and _content(der).startswith(_OID_OF_PKCS7)


def _content(der: bytes) -> bytes:
    """What is behind the header of a value."""
    return der[2 + (der[1] & 0x7F) :] if der[1:2] > b"\x80" else der[2:]


def _identify_parts(der: bytes) -> str:
    """What DER is by the parts that it has, of what the library does not take; empty if that cannot be told."""
    try:
        parts = list(parts_of(only(der).content))
        tags = [part.tag for part in parts]
        if tags[:2] in ([INTEGER, OCTET_STRING], [SEQUENCE, OCTET_STRING]) or tags[:3] == _PKCS8:
            return PRIVATE_KEY
        within = [part.tag for part in parts_of(parts[0].content)] if tags == _SIGNED else []
    except ValueError:
        return ""
    return REQUEST if within[:3] == [INTEGER, SEQUENCE, SEQUENCE] and len(within) <= _MOST_OF_A_REQUEST else ""
