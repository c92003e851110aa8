"""Public keys of numbers and of bytes that are none."""

from __future__ import annotations

import pytest

from optiga.pki.public_keys import public_key_of_info, public_key_of_numbers
from optiga.protocol import der

_RSA = bytes.fromhex("300d06092a864886f70d0101010500")


def of_rsa_modulus(modulus: bytes) -> bytes:
    numbers = der.encode(der.SEQUENCE, der.encode(der.INTEGER, modulus) + der.encode(der.INTEGER, b"\x03"))
    return der.encode(der.SEQUENCE, _RSA + der.encode(der.BIT_STRING, b"\0" + numbers))


@pytest.mark.parametrize(("modulus", "exponent"), [(-(1 << 2047) - 1, 65537), ((1 << 2047) + 1, -3), (-5, -3), (0, 3)])
def test_numbers_of_no_rsa_key(modulus: int, exponent: int) -> None:
    with pytest.raises(ValueError):
        public_key_of_numbers(modulus, exponent)


@pytest.mark.parametrize(
    "info",
    [
        b"",
        b"\x30\x00",
        der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(0x06, b"\x2a\x03")) + der.encode(3, b"\0\0")),
        *(of_rsa_modulus(modulus) for modulus in (b"\x80" + bytes(255), b"", b"\0")),
    ],
    ids=["nothing", "empty", "unknown", "negative", "no number", "zero"],
)
def test_bytes_of_no_key(info: bytes) -> None:
    with pytest.raises(ValueError) as raised:
        public_key_of_info(info)
    assert "\n" not in str(raised.value)
