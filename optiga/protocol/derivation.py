"""Keys derived from secrets: what DeriveKey takes, and the PRF of TLS, which protected updates use as well.

SRM, "DeriveKey", its footnotes.
"""

from __future__ import annotations

import hmac

MIN_PRF_SEED = 8
"""Fewest bytes of a label and seed of the PRF together."""
MAX_SALT = 1024
"""Most bytes of a salt of HKDF, and of a label and seed together."""
MAX_INFO = 256
"""Most bytes of an info of HKDF."""


def tls_prf(hash_name: str, secret: bytes, seed: bytes, size: int) -> bytes:
    """P_hash of RFC 5246, 5. The seed begins with the label, which the chip does not tell from the rest."""
    block, output = seed, b""
    while len(output) < size:
        block = hmac.digest(secret, block, hash_name)
        output += hmac.digest(secret, block + seed, hash_name)
    return output[:size]
