"""The USB Type-C identity: the format of the certificate chain of a USB device in its object.

``c2``, length (2 bytes, big endian), then the chain of the USB Type-C Authentication Specification, section 3.2: its
own length (2 bytes, little endian as all of USB), two reserved bytes, the SHA-256 of the root's certificate (32 bytes),
then the certificates in DER one behind another, the leaf last. SRM, "Common data structures", Public Key Certificate.
"""

from __future__ import annotations

from optiga.protocol import der

TAG = 0xC2
_HEAD = 3
_BEFORE_CERTIFICATES = 2 + 2 + 32


def decode(data: bytes) -> list[bytes]:
    """The certificates in DER of a USB Type-C identity, leaf first; bytes behind it are ignored.

    :raises ValueError: if a length points outside its container, or there is something else than certificates.
    """
    if len(data) < _HEAD + _BEFORE_CERTIFICATES or data[0] != TAG:
        raise ValueError("not a USB Type-C identity: it does not start with 0xc2, two lengths and a hash")
    size = int.from_bytes(data[1:_HEAD], "big")
    chain = data[_HEAD : _HEAD + size]
    if size != len(chain) or size not in (int.from_bytes(chain[:2], "little"), int.from_bytes(chain[:2], "big")):
        raise ValueError("the lengths of the USB Type-C identity do not match its content")
    rest = chain[_BEFORE_CERTIFICATES:]
    certificates: list[bytes] = []
    while rest:
        whole = der.size_of(rest) if rest[0] == der.SEQUENCE else None
        if whole is None or whole > len(rest):
            raise ValueError("a certificate in the USB Type-C identity is cut off, or is not a certificate")
        certificates.append(rest[:whole])
        rest = rest[whole:]
    return certificates[::-1]
