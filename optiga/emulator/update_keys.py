"""Keys in the payload of a protected update, as the chip takes them in. SRM, "Format of keys in Payload"."""

from __future__ import annotations

from optiga.emulator import keys
from optiga.protocol import tlv
from optiga.protocol.algorithms import AES_KEY_SIZES, CURVES, RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.manifest import EXPONENT_SIZE, KeyPart


def parse_key(algorithm: KeyAlgorithm, payload: bytes) -> bytes:
    """A key for the store.

    The public key of EC may be left out, and is not looked at: the chip does not keep it.

    :raises ValueError: if the payload is no key of that algorithm.
    """
    items = tlv.decode(payload)
    parts = dict(items)
    if len(parts) != len(items):
        raise ValueError("a part of the key is given twice")
    if algorithm.is_ec:
        size = CURVES[algorithm].coordinate_size
        parts.setdefault(KeyPart.PUBLIC, bytes(2 * size))
        _check_sizes(parts, {KeyPart.SECRET: size, KeyPart.PUBLIC: 2 * size})
        return keys.to_stored(keys.from_stored(algorithm, parts[KeyPart.SECRET]))
    if algorithm.is_rsa:
        size = RSA_KEY_BITS[algorithm] // 8
        _check_sizes(parts, {KeyPart.SECRET: size, KeyPart.PUBLIC: size, KeyPart.EXPONENT: EXPONENT_SIZE})
        return keys.to_stored(_rsa_key(RSA_KEY_BITS[algorithm], parts))
    _check_sizes(parts, {KeyPart.SECRET: AES_KEY_SIZES[algorithm]})
    return parts[KeyPart.SECRET]


def _check_sizes(parts: dict[int, bytes], sizes: dict[int, int]) -> None:
    if {tag: len(value) for tag, value in parts.items()} != sizes:
        raise ValueError("parts of the key are missing, extra, or have a wrong length")


def _rsa_key(bits: int, parts: dict[int, bytes]) -> keys.PrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    d, n, e = (int.from_bytes(parts[tag], "big") for tag in (KeyPart.SECRET, KeyPart.PUBLIC, KeyPart.EXPONENT))
    if n.bit_length() != bits or not 1 < d < n or not 2 < e < n:
        raise ValueError(f"not an RSA key of {bits} bits")
    p, q = rsa.rsa_recover_prime_factors(n, e, d)
    numbers = rsa.RSAPrivateNumbers(
        p,
        q,
        d,
        rsa.rsa_crt_dmp1(d, p),
        rsa.rsa_crt_dmq1(d, q),
        rsa.rsa_crt_iqmp(p, q),
        rsa.RSAPublicNumbers(e, n),
    )
    return numbers.private_key()
