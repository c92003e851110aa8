"""The PRF of TLS 1.2: for DeriveKey, protected updates and shielded connections. SRM, "DeriveKey"."""

from __future__ import annotations

import hmac


def tls_prf(hash_name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    """P_hash of RFC 5246, 5. The seed begins with the label, which the chip does not tell from the rest."""
    block, output = seed, b""
    while len(output) < size:
        block = hmac.digest(secret, block, hash_name)
        output += hmac.digest(secret, block + seed, hash_name)
    return output[:size]
