"""The TLS identity: the format of a device certificate or chain in its object.

``c0``, length (2 bytes), length of the chain (3), then each certificate, leaf first, with its length (3) before
it: the certificate list of a TLS handshake (RFC 5246, 7.4.2) behind a tag. SRM, "Common data structures".
"""

from __future__ import annotations

from collections.abc import Iterable

TAG = 0xC0


def encode(certificates: Iterable[bytes]) -> bytes:
    """The TLS identity of certificates in DER, leaf first.

    :raises ValueError: if the whole is longer than its length field can say.
    """
    chain = b"".join(len(der).to_bytes(3, "big") + der for der in certificates)
    value = len(chain).to_bytes(3, "big") + chain
    if len(value) > 0xFFFF:
        raise ValueError(f"a chain of {len(chain)} bytes is too long for a TLS identity")
    return bytes([TAG]) + len(value).to_bytes(2, "big") + value


def decode(data: bytes) -> list[bytes]:
    """The certificates in DER of a TLS identity; bytes behind it are ignored, as the chip ignores them.

    :raises ValueError: if a length points outside its container.
    """
    if len(data) < 6 or data[0] != TAG:
        raise ValueError("not a TLS identity: it does not start with 0xc0 and two lengths")
    size = int.from_bytes(data[1:3], "big")
    value = data[3 : 3 + size]
    chain = value[3:]
    if size < 3 or size != len(value) or int.from_bytes(value[:3], "big") != len(chain):
        raise ValueError("the lengths of the TLS identity do not match its content")
    certificates = []
    while chain:
        size = int.from_bytes(chain[:3], "big")
        if len(chain) < 3 + size or size == 0:
            raise ValueError("a certificate in the TLS identity is cut off")
        certificates.append(chain[3 : 3 + size])
        chain = chain[3 + size :]
    return certificates
