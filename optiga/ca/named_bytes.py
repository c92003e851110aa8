"""Names in what a CA signs: byte for byte as they stand in its own certificate (RFC 5280, 4.1.2.6).

The cryptography library writes names anew, and does not write some that old CAs have. Where that gives other bytes,
what it has made is signed once more with the bytes that belong there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.ca.signing import sign
from optiga.pki.lenient import only, parts_of
from optiga.protocol import der

if TYPE_CHECKING:
    from cryptography import x509

    from optiga.ca.profile import Issuer

_ISSUER, _SUBJECT, _ISSUER_OF_CRL = 3, 5, 2
"""Where the names are in what is signed, a version in front of them."""


def sign_certificate(builder: x509.CertificateBuilder, issuer: Issuer, subject: bytes = b"") -> bytes:
    """Sign a certificate.

    :param subject: its subject in DER; empty for what the library writes.
    :returns: its DER.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    made = builder.sign(issuer.key, issuer.hash_algorithm).public_bytes(Encoding.DER)
    return _with_names(made, {_ISSUER: issuer.name, _SUBJECT: subject}, issuer)


def sign_crl(builder: x509.CertificateRevocationListBuilder, issuer: Issuer) -> bytes:
    """Sign a CRL.

    :returns: its DER.
    """
    from cryptography.hazmat.primitives.serialization import Encoding

    made = builder.sign(issuer.key, issuer.hash_algorithm).public_bytes(Encoding.DER)
    return _with_names(made, {_ISSUER_OF_CRL: issuer.name}, issuer)


def _with_names(made: bytes, names: dict[int, bytes], issuer: Issuer) -> bytes:
    body, algorithm, _ = parts_of(only(made).content)
    values = [part.whole for part in parts_of(body.content)]
    wanted = [names.get(place) or value for place, value in enumerate(values)]
    if wanted == values:
        return made
    signed = der.encode(der.SEQUENCE, b"".join(wanted))
    signature = der.encode(der.BIT_STRING, b"\x00" + sign(issuer.key, signed))
    return der.encode(der.SEQUENCE, signed + algorithm.whole + signature)
