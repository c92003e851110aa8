"""What the chip's own parser takes from a certificate. SRM, "Certificate Parser Details"."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.emulator.machine import CommandError
from optiga.protocol import der
from optiga.protocol.algorithms import RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.codes import ErrorCode

if TYPE_CHECKING:
    from optiga.emulator.keys import PublicKey

_MAX_SIZE = 1300
"""Most bytes of a certificate that the chip can parse."""
_MAX_SERIAL_BITS = 160


def signing_key(data: bytes) -> tuple[KeyAlgorithm, PublicKey]:
    """The public key of a certificate in plain DER that may verify signatures.

    :raises CommandError: if it is none, too large, or not for signatures.
    """
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if not data or data[0] != der.SEQUENCE:
        raise CommandError(ErrorCode.INVALID_CERTIFICATE_FORMAT)
    if len(data) > _MAX_SIZE:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    try:
        certificate = x509.load_der_x509_certificate(data)
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
        sound = certificate.serial_number.bit_length() <= _MAX_SERIAL_BITS and len(list(certificate.issuer)) > 0
        may_sign = usage.digital_signature or usage.key_cert_sign
        key = certificate.public_key()
    except UnsupportedAlgorithm:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE) from None
    except (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.InvalidVersion):
        raise CommandError(ErrorCode.INVALID_CERTIFICATE_FORMAT) from None
    if not sound:
        raise CommandError(ErrorCode.INVALID_CERTIFICATE_FORMAT)
    if not may_sign:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    if isinstance(key, ec.EllipticCurvePublicKey):
        algorithm = next((known for known in KeyAlgorithm if known.title == key.curve.name.lower()), None)
    elif isinstance(key, rsa.RSAPublicKey):
        algorithm = next((known for known, bits in RSA_KEY_BITS.items() if bits == key.key_size), None)
    else:
        algorithm = None
    if algorithm is None or not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    return algorithm, key
