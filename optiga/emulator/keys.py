"""The emulated chip's arithmetic: key pairs, signatures, and the encodings that the chip gives them.

Encodings: SRM, "Data encoding format examples".
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, cast

from optiga.protocol import der
from optiga.protocol.algorithms import CURVES, HASH_SIZES, RSA_KEY_BITS, RSA_SCHEMES, KeyAlgorithm
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.commands.calc_sign import MIN_DIGEST
from optiga.protocol.ecdsa import ecdsa

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    from optiga.protocol.public_key import PublicKey

    PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_MIN_PADDING = 8
_PUBLIC_EXPONENT = 65537
_UNCOMPRESSED = b"\x04"
_SCHEME_HASHES = {scheme: name for name, scheme in RSA_SCHEMES.items()}


def generate(algorithm: KeyAlgorithm) -> PrivateKey:
    """A new key pair."""
    if algorithm.is_ec:
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.generate_private_key(_curve(algorithm))
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(_PUBLIC_EXPONENT, RSA_KEY_BITS[algorithm])


def to_stored(key: PrivateKey) -> bytes:
    """A private key for the store: the scalar for EC, PKCS #8 in DER for RSA."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.private_numbers().private_value.to_bytes((key.curve.key_size + 7) // 8, "big")
    from cryptography.hazmat.primitives import serialization

    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def from_stored(algorithm: KeyAlgorithm, data: bytes) -> PrivateKey:
    """The private key of an algorithm that :func:`to_stored` gave.

    :raises ValueError: if it is damaged.
    """
    if algorithm.is_ec:
        from cryptography.hazmat.primitives.asymmetric import ec

        return ec.derive_private_key(int.from_bytes(data, "big"), _curve(algorithm))
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    # The store is this chip's own: RSA keys it made need no second search for primes to be believed.
    try:
        key = serialization.load_der_private_key(data, None, unsafe_skip_rsa_key_validation=True)
    except (UnsupportedAlgorithm, TypeError, OverflowError) as error:
        raise ValueError(str(error)) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")  # noqa: TRY004 - the content is wrong, not the type
    return key


def public_bit_string(key: PrivateKey) -> bytes:
    """The public key as the chip returns it, of a key pair."""
    return bit_string(key.public_key())


def bit_string(key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey) -> bytes:
    """A public key as the chip returns it: a DER BIT STRING of the point, or of RSAPublicKey for RSA."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if isinstance(key, ec.EllipticCurvePublicKey):
        # By hand: the library's serialization, of which a chip with EC keys needs no other part, is slow to load.
        size = (key.curve.key_size + 7) // 8
        point = key.public_numbers()
        content = _UNCOMPRESSED + point.x.to_bytes(size, "big") + point.y.to_bytes(size, "big")
    else:
        from cryptography.hazmat.primitives import serialization

        content = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.PKCS1)
    return der.encode(der.BIT_STRING, b"\x00" + content)


def private_octet_string(key: PrivateKey) -> bytes:
    """The private key as the chip exports it: a DER OCTET STRING of the scalar, or of the private exponent for RSA."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    if isinstance(key, rsa.RSAPrivateKey):
        return der.encode(der.OCTET_STRING, key.private_numbers().d.to_bytes(key.key_size // 8, "big"))
    return der.encode(der.OCTET_STRING, to_stored(key))


def load_public(key: PublicKey) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    """A public key of one of the chip's algorithms, to calculate with.

    :raises ValueError: if it is none of its algorithm.
    """
    return _load_public(key.chip_algorithm, key.bit_string)


@lru_cache(maxsize=8)
def _load_public(algorithm: KeyAlgorithm, bit_string: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    content = _bit_string_content(bit_string)
    if algorithm.is_ec:
        from cryptography.hazmat.primitives.asymmetric import ec

        if content[:1] != _UNCOMPRESSED:
            raise ValueError("the point is not in uncompressed form")
        return ec.EllipticCurvePublicKey.from_encoded_point(_curve(algorithm), content)
    from cryptography.hazmat.primitives.asymmetric import rsa

    # Taken apart by hand: the manual's own example writes the exponent as 02 04 00 01 00 01, which is no DER.
    modulus, rest = der.take_integer(der.content_of(der.SEQUENCE, content))
    exponent, rest = der.take_integer(rest)
    if rest or modulus.bit_length() != RSA_KEY_BITS[algorithm]:
        raise ValueError(f"not an RSA key of {RSA_KEY_BITS[algorithm]} bits")
    return rsa.RSAPublicNumbers(exponent, modulus).public_key()


def is_whole_point(algorithm: KeyAlgorithm, bit_string: bytes) -> bool:
    """Whether a BIT STRING has the form of an uncompressed point of a curve, be it on the curve or not."""
    try:
        content = _bit_string_content(bit_string)
    except ValueError:
        return False
    return content[:1] == _UNCOMPRESSED and len(content) == 1 + 2 * CURVES[algorithm].coordinate_size


@cache
def digest_sizes(algorithm: KeyAlgorithm, scheme: SignatureScheme, *, at_least: int = MIN_DIGEST) -> range | None:
    """The sizes that a digest may have, in bytes: for RSA the hash's, for ECDSA up to the curve's size.

    :param at_least: fewest bytes for ECDSA.
    :returns: None if a key of the algorithm does not sign by the scheme.
    """
    if scheme is SignatureScheme.ECDSA:
        return range(at_least, CURVES[algorithm].coordinate_size + 1) if algorithm.is_ec else None
    size = HASH_SIZES[_SCHEME_HASHES[scheme]]
    return range(size, size + 1) if algorithm.is_rsa else None


def sign(key: PrivateKey, algorithm: KeyAlgorithm, scheme: SignatureScheme, digest: bytes) -> bytes:
    """A signature as the chip gives it: for ECDSA two INTEGERs without a SEQUENCE, for RSA the bare number.

    r and s are filled up to the size of a coordinate, even where DER would have them shorter (notes to "ECDSA
    Signature"; so do real chips, as users of Infineon's library have reported).
    """
    if scheme is SignatureScheme.ECDSA:
        signature: bytes = key.sign(digest, _ecdsa(len(digest)))  # type: ignore[arg-type, call-arg]
        numbers = signature[2:] if signature[1] < 0x80 else signature[3:]
        size, end_of_r = CURVES[algorithm].coordinate_size, 2 + numbers[1]
        if numbers[1] >= size and numbers[end_of_r + 1] >= size:
            return numbers
        contents = (numbers[2:end_of_r], numbers[end_of_r + 2 :])
        return b"".join(der.encode(der.INTEGER, content.rjust(size, b"\x00")) for content in contents)
    return cast("rsa.RSAPrivateKey", key).sign(digest, *_rsassa(scheme))


def verifies(public_key: PublicKey, scheme: SignatureScheme, digest: bytes, signature: bytes) -> bool:
    """Whether a signature is that of a digest; encoded as :func:`sign` gives it, or with r and s as DER has them."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        key = load_public(public_key)
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, *_rsassa(scheme))
        else:
            numbers = _shortest(signature, (key.curve.key_size + 7) // 8)
            key.verify(numbers, digest, _ecdsa(len(digest)))
    except (InvalidSignature, ValueError):
        return False
    return True


def _shortest(signature: bytes, size: int) -> bytes:
    """The ECDSA-Sig-Value in DER of two INTEGERs, each of at most ``size`` bytes and a zero in front.

    :raises ValueError: if they are none.
    """
    r, rest = der.take_integer(signature)
    s, rest = der.take_integer(rest)
    if rest or len(signature) > 2 * (size + 3):
        raise ValueError("extra data after r and s")
    return der.encode(der.SEQUENCE, der.encode_integer(r) + der.encode_integer(s))


def agree(key: PrivateKey, public_key: PublicKey) -> bytes:
    """The secret that two keys on one curve share: the point's x coordinate, as long as one of the curve's."""
    from cryptography.hazmat.primitives.asymmetric import ec

    peer = cast("ec.EllipticCurvePublicKey", load_public(public_key))
    return cast("ec.EllipticCurvePrivateKey", key).exchange(ec.ECDH(), peer)


def encrypt(key: PublicKey, message: bytes) -> bytes:
    """RSAES-PKCS1-v1.5 of a message.

    :raises ValueError: if the key is too small for it, or its numbers make no key.
    """
    from cryptography.hazmat.primitives.asymmetric import padding

    return cast("rsa.RSAPublicKey", load_public(key)).encrypt(message, padding.PKCS1v15())


def decrypt(key: PrivateKey, protected: bytes) -> bytes:
    """The message in an RSAES-PKCS1-v1.5 (RFC 8017, 7.2.2).

    The library gives random bytes for a message whose padding is wrong, where the chip gives an error: the padding is
    therefore looked at here.

    :raises ValueError: if it cannot be decrypted.
    """
    numbers = cast("rsa.RSAPrivateKey", key).private_numbers()
    cipher = int.from_bytes(protected, "big")
    if cipher >= numbers.public_numbers.n:
        raise ValueError("larger than the modulus")
    high, low = pow(cipher, numbers.dmp1, numbers.p), pow(cipher, numbers.dmq1, numbers.q)
    plain = low + numbers.q * ((high - low) * numbers.iqmp % numbers.p)
    block = plain.to_bytes(len(protected), "big")
    end = block.find(0, 2)
    if block[:2] != b"\x00\x02" or end < 2 + _MIN_PADDING:
        raise ValueError("wrong padding")
    return block[end + 1 :]


@cache
def _ecdsa(digest_size: int) -> ec.ECDSA:
    """ECDSA over a digest as it is, of any size: a hash of that output size stands for the size alone."""
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
    from cryptography.hazmat.primitives.hashes import SHA256, SHAKE256

    return ecdsa(Prehashed(SHA256() if digest_size == SHA256.digest_size else SHAKE256(digest_size)))


@cache
def _rsassa(scheme: SignatureScheme) -> tuple[padding.PKCS1v15, Prehashed]:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding
    from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

    known = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
    return padding.PKCS1v15(), Prehashed(known[_SCHEME_HASHES[scheme]])


@cache
def _curve(algorithm: KeyAlgorithm) -> ec.EllipticCurve:
    from cryptography.hazmat.primitives.asymmetric import ec

    curves: dict[KeyAlgorithm, ec.EllipticCurve] = {
        KeyAlgorithm.SECP256R1: ec.SECP256R1(),
        KeyAlgorithm.SECP384R1: ec.SECP384R1(),
        KeyAlgorithm.SECP521R1: ec.SECP521R1(),
        KeyAlgorithm.BRAINPOOLP256R1: ec.BrainpoolP256R1(),
        KeyAlgorithm.BRAINPOOLP384R1: ec.BrainpoolP384R1(),
        KeyAlgorithm.BRAINPOOLP512R1: ec.BrainpoolP512R1(),
    }
    return curves[algorithm]


def _bit_string_content(data: bytes) -> bytes:
    """The bytes in a DER BIT STRING without unused bits."""
    content = der.content_of(der.BIT_STRING, data)
    if len(content) < 2 or content[0] != 0:
        raise ValueError("a BIT STRING that is empty or has unused bits")
    return content[1:]
