"""How a command names the public key that it is about."""

from __future__ import annotations

from optiga.protocol import tlv
from optiga.protocol.commands import TAG_ALGORITHM, TAG_CERTIFICATE_OID, TAG_PUBLIC_KEY
from optiga.protocol.public_key import PublicKey


def encode_key(key: PublicKey | int) -> bytes:
    """The TLVs that tell a command whose key it is about: one given, or that of the certificate in an object.

    :raises ValueError: if the chip has no keys of the algorithm of the one given.
    """
    if isinstance(key, int):
        return tlv.encode_integer(TAG_CERTIFICATE_OID, key, 2)
    return tlv.encode_integer(TAG_ALGORITHM, key.chip_algorithm, 1) + tlv.encode(TAG_PUBLIC_KEY, key.bit_string)
