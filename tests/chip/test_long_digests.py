"""A digest that is longer than the order of a curve: ECDSA uses its leftmost bytes (FIPS 186-5, 6.4.1)."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

import optiga
from optiga import testing
from optiga.protocol import der
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.public_key import PublicKey

MESSAGE = b"21.5 degrees"
HASHES = {"sha384": hashes.SHA384(), "sha512": hashes.SHA512()}


@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("algorithm", ["secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1"])
def test_any_hash_goes_with_any_curve(algorithm: str, hash_name: str) -> None:
    digest = hashlib.new(hash_name, MESSAGE).digest()
    with testing.emulated_chip() as chip:
        key = chip.generate_key("second", algorithm)
        public_key = PublicKey.from_info(key.public_key_info)
        other = load_der_public_key(key.public_key_info)
        assert isinstance(other, ec.EllipticCurvePublicKey)
        for signature in (key.sign(MESSAGE, hash_name), key.sign_digest(digest, hash_name), key.sign_digest(digest)):
            other.verify(shortest(signature), MESSAGE, ec.ECDSA(HASHES[hash_name]))
            numbers = der.content_of(der.SEQUENCE, signature)
            chip.crypto.verify_digest(digest, numbers, public_key, SignatureScheme.ECDSA)
            with pytest.raises(optiga.ChipError):
                chip.crypto.verify_digest(bytes(len(digest)), numbers, public_key, SignatureScheme.ECDSA)


def shortest(signature: bytes) -> bytes:
    """With r and s as short as DER has them, which the chip's are not."""
    r, rest = der.take_integer(der.content_of(der.SEQUENCE, signature))
    s, _ = der.take_integer(rest)
    return der.encode(der.SEQUENCE, der.encode_integer(r) + der.encode_integer(s))
