"""GenKeyPair. SRM, section of the same name; Param is a key algorithm."""

from __future__ import annotations

from optiga.protocol.algorithms import KeyAlgorithm

TAG_OID = 0x01
TAG_USAGE = 0x02
ANSWER_PRIVATE_KEY = 0x01
ANSWER_PUBLIC_KEY = 0x02

LONGEST_RSA_MS = 60_000
"""An RSA key pair is a search for primes, whose time has a long tail."""
_EC_MS = 55
_RSA_MS: dict[int, float] = {KeyAlgorithm.RSA1024: 1000, KeyAlgorithm.RSA2048: 2900}


def typical_ms(algorithm: int) -> float:
    """How long the chip works on it.

    :param algorithm: value of the Param field.
    """
    return _RSA_MS.get(algorithm, _EC_MS)
