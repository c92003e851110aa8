"""Public keys as a chip reports them: only those that every verifier reads are taken."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.chip.commands.gen_key_pair import is_rsa_key, take_public_key
from optiga.protocol import der
from optiga.protocol.algorithms import CURVES, KeyAlgorithm

NUMBERS = rsa.generate_private_key(65537, 1024).public_key()
RSA = NUMBERS.public_bytes(Encoding.DER, PublicFormat.PKCS1)
CONTENT = der.content_of(der.SEQUENCE, RSA)


def bit_string(content: bytes, unused: int = 0) -> bytes:
    return der.encode(der.BIT_STRING, bytes([unused]) + content)


@pytest.mark.parametrize("algorithm", CURVES)
def test_points(algorithm: KeyAlgorithm) -> None:
    size = CURVES[algorithm].coordinate_size
    good = bit_string(b"\x04" + bytes(2 * size))
    assert take_public_key(good, algorithm) == good
    for wrong in (
        bit_string(b"\x04" + bytes(2 * size), 3),
        bit_string(b"\x04" + bytes(2 * size - 1)),
        bit_string(b"\x04" + bytes(2 * size + 1)),
        bit_string(b"\x03" + bytes(size)),
        bit_string(b"\x06" + bytes(2 * size)),
        bit_string(b""),
        der.encode(der.BIT_STRING, b""),
        good + b"\x00",
        good[:-1],
        b"",
    ):
        with pytest.raises(ValueError, match=r"BIT STRING|DER|INTEGER|uncompressed|rsa1024"):
            take_public_key(wrong, algorithm)


def test_rsa() -> None:
    good = bit_string(RSA)
    assert take_public_key(good, KeyAlgorithm.RSA1024) == good
    assert is_rsa_key(good, KeyAlgorithm.RSA1024)
    assert not is_rsa_key(good, KeyAlgorithm.RSA2048)
    with pytest.raises(ValueError, match="whole bytes"):
        take_public_key(bit_string(RSA, 1), KeyAlgorithm.RSA1024)
    longer = der.encode(der.INTEGER, b"\x00" + CONTENT[3:132])
    for wrong in (CONTENT + b"\x02\x01\x01", longer + CONTENT[132:]):
        assert not is_rsa_key(bit_string(der.encode(der.SEQUENCE, wrong)), KeyAlgorithm.RSA1024)
    for none in (RSA + b"\x00", CONTENT, b""):
        with pytest.raises(ValueError, match=r"DER|INTEGER"):
            is_rsa_key(bit_string(none), KeyAlgorithm.RSA1024)
