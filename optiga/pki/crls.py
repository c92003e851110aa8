"""Certificate revocation lists from bytes (RFC 5280, 5), whatever is in the name of their issuer."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from optiga.pki.contents import without_filler
from optiga.pki.lenient import only, parts_of
from optiga.pki.pem_blocks import is_pem, iterate_blocks
from optiga.pki.public_keys import is_signature_of
from optiga.pki.respelled import respelled_crl, signed_part
from optiga.pki.x509_errors import one_error
from optiga.protocol.der import INTEGER

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes

CRL_LABEL = "X509 CRL"


class Crl(NamedTuple):
    """A CRL.

    :param der: as it was given out.
    :param parsed: as an object of ``cryptography``. If its issuer's name breaks a rule of X.509, the object is of the
        same CRL with this name as UTF8String, and its own check of the signature does not count.
    """

    der: bytes
    parsed: x509.CertificateRevocationList

    @property
    def issuer(self) -> bytes:
        """The issuer's name in DER."""
        parts = list(parts_of(only(signed_part(self.der)).content))
        return parts[2 if parts[0].tag == INTEGER else 1].whole

    def is_signed_by(self, key: CertificatePublicKeyTypes) -> bool:
        """Whether a key verifies the signature.

        :raises ValueError: if it is of a kind that is not known.
        """
        with one_error():
            return is_signature_of(self.parsed, signed_part(self.der), key)


def load_crl(data: bytes) -> Crl:
    """A CRL, DER or PEM.

    :raises ValueError: if it is none, damaged, or several.
    :raises CertificateError: if it is PEM that is cut off or no base64.
    """
    from cryptography import x509

    if is_pem(data):
        blocks = [block.data for block in iterate_blocks(data, "the CRL") if block.label == CRL_LABEL]
        if not blocks:
            raise ValueError("there is no CRL in it")
        if len(set(blocks)) > 1:
            raise ValueError(f"it holds {len(set(blocks))} CRLs, not one")
        data = blocks[0]
    data = without_filler(data)
    with one_error():
        try:
            parsed = x509.load_der_x509_crl(data)
            _ = parsed.issuer
        except ValueError:
            parsed = x509.load_der_x509_crl(respelled_crl(data))
            _ = parsed.issuer
        return Crl(data, parsed)
