"""A CSR of the kind that a configuration asks for, before there is a key on a chip."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from optiga.files.placeholders import UID_FIELD
from optiga.identity.csr import Wishes, put_together
from optiga.pki.names import with_sample_uid
from optiga.protocol import der
from optiga.protocol.algorithms import CURVES, RSA_KEY_BITS
from optiga.protocol.public_key import PublicKey

if TYPE_CHECKING:
    from optiga.identity.configuration import Configuration

_MOST_BITS = 521
"""Of a curve's order: secp521r1's has fewer than its coordinates have bytes for."""


def sample_request(configuration: Configuration) -> bytes:
    """A request as a chip would sign it, by a key that is thrown away: an issuer can judge it before a chip is touched.

    :returns: CertificationRequest in DER, with a UID of zeros where ``{uid}`` stands.
    """
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    algorithm = configuration.algorithm
    digests: dict[str, hashes.HashAlgorithm] = {
        "sha256": hashes.SHA256(),
        "sha384": hashes.SHA384(),
        "sha512": hashes.SHA512(),
    }
    digest = digests[configuration.hash_name]
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    if algorithm.is_ec:
        curves = {name.lower(): curve for name, curve in vars(ec).items() if isinstance(curve, type)}
        key = ec.generate_private_key(curves[algorithm.title]())
    else:
        key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_KEY_BITS[algorithm])
    info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    to_be_signed = Wishes.of(configuration, with_sample_uid(UID_FIELD)).for_key(info)
    if isinstance(key, rsa.RSAPrivateKey):
        signature = key.sign(to_be_signed, padding.PKCS1v15(), digest)
    else:
        signature = key.sign(to_be_signed, ec.ECDSA(digest))
    return put_together(to_be_signed, signature, algorithm, configuration.hash_name)


class LongestRequest(NamedTuple):
    """A request of the kind that a configuration asks for, as long as one can be.

    :param der: CertificationRequest; its key and signature are none.
    :param subject: bytes of its subject in DER.
    :param public_key: bytes of its SubjectPublicKeyInfo in DER.
    """

    der: bytes
    subject: int
    public_key: int


def longest_request(configuration: Configuration) -> LongestRequest:
    """How long a request can be, without a key: the length of an ECDSA signature is not known before it is made."""
    algorithm = configuration.algorithm
    if algorithm.is_ec:
        size = CURVES[algorithm].coordinate_size
        greatest = der.encode_integer((1 << min(8 * size, _MOST_BITS)) - 1)
        bits, signature = b"\x00\x04" + bytes(2 * size), der.encode(der.SEQUENCE, greatest * 2)
    else:
        modulus = (1 << RSA_KEY_BITS[algorithm]) - 1
        numbers = der.encode_integer(modulus) + der.encode_integer(65537)
        bits, signature = b"\x00" + der.encode(der.SEQUENCE, numbers), bytes(RSA_KEY_BITS[algorithm] // 8)
    info = PublicKey.of_chip(algorithm, der.encode(der.BIT_STRING, bits)).info
    wishes = Wishes.of(configuration, with_sample_uid(UID_FIELD))
    request = put_together(wishes.for_key(info), signature, algorithm, configuration.hash_name)
    return LongestRequest(request, len(wishes.subject), len(info))
