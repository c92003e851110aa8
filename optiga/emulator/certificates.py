"""What the chip's own parser takes from a certificate. SRM, "Certificate Parser Details"."""

from __future__ import annotations

from optiga.emulator.keys import bit_string
from optiga.emulator.machine import CommandError
from optiga.protocol import der
from optiga.protocol.algorithms import RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.codes import ErrorCode
from optiga.protocol.public_key import PublicKey

_MAX_SIZE = 1300
"""Most bytes of a certificate that the chip can parse."""
_MAX_SERIAL_SIZE = 20
"""Most bytes of a serial number, as an INTEGER in DER holds it."""
_BASIC_CONSTRAINTS = "2.5.29.19"
_KEY_USAGE = "2.5.29.15"
_UNCOMPRESSED = b"\x00\x04"
"""A BIT STRING of whole bytes, and a point with both coordinates."""


def signing_key(data: bytes) -> PublicKey:
    """The public key of a certificate in plain DER that may verify signatures.

    :raises CommandError: if it is none, too large, or not for signatures.
    """
    return certified_key(data, "digital_signature", "key_cert_sign")


def certified_key(data: bytes, *usages: str) -> PublicKey:
    """The public key of a certificate in plain DER whose key usage allows one of some usages.

    :param usages: names of the flags of key usage, for example ``key_cert_sign``.
    :raises CommandError: if it is none, too large, or for none of them.
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
        key = certificate.public_key()  # before the other parser looks, which knows fewer algorithms
        if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
        allowed = _key_usages(data)
        sound = len(list(certificate.issuer)) > 0 and _is_strict(data)
        is_allowed = not allowed.isdisjoint(usages)
    except UnsupportedAlgorithm:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE) from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, x509.InvalidVersion):  # of damaged values
        raise CommandError(ErrorCode.INVALID_CERTIFICATE_FORMAT) from None
    if not sound:
        raise CommandError(ErrorCode.INVALID_CERTIFICATE_FORMAT)
    if not is_allowed:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    if isinstance(key, ec.EllipticCurvePublicKey):
        algorithm = next((known for known in KeyAlgorithm if known.title == key.curve.name.lower()), None)
    else:
        algorithm = next((known for known, bits in RSA_KEY_BITS.items() if bits == key.key_size), None)
    if algorithm is None:
        raise CommandError(ErrorCode.UNSUPPORTED_CERTIFICATE)
    return PublicKey.of_chip(algorithm, bit_string(key))


def _key_usages(data: bytes) -> set[str]:
    """The flags of key usage.

    The cryptography library refuses flags that do not go together. Infineon's example of a trust anchor has such
    (encipher only without key agreement), and chips take it.

    :raises ValueError: if the certificate does not say, or has an extension twice.
    """
    from asn1crypto import x509

    extensions = list(x509.Certificate.load(data)["tbs_certificate"]["extensions"])
    known = {extension["extn_id"].dotted: extension for extension in extensions}
    if len(known) != len(extensions) or _KEY_USAGE not in known:
        raise ValueError("the key usage is missing, or an extension is given twice")
    usages: set[str] = known[_KEY_USAGE]["extn_value"].parsed.native
    return usages


def _is_strict(data: bytes) -> bool:
    """What the manual asks beyond what a library does.

    That is version 3, a short serial number, a path length for a CA alone, one signature algorithm, no parameters to
    ECDSA, whole points.

    :param data: a certificate that has been parsed once.
    :raises ValueError: if its basic constraints are none.
    """
    from asn1crypto import x509

    certificate = x509.Certificate.load(data)
    body, outer = certificate["tbs_certificate"], certificate["signature_algorithm"]
    if body["version"].native != "v3" or len(body["serial_number"].contents) > _MAX_SERIAL_SIZE:
        return False
    for extension in body["extensions"]:
        if extension["extn_id"].dotted == _BASIC_CONSTRAINTS:
            limits = extension["extn_value"].parsed
            if not limits["ca"].native and limits["path_len_constraint"].native is not None:
                return False
    if body["signature"].dump() != outer.dump():
        return False
    if outer["algorithm"].native.endswith("_ecdsa") and outer.contents != outer["algorithm"].dump():
        return False
    key = body["subject_public_key_info"]
    return bool(key["algorithm"]["algorithm"].native != "ec" or key["public_key"].contents[:2] == _UNCOMPRESSED)
