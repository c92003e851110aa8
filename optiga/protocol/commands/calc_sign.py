"""CalcSign. SRM, section of the same name; Param is a signature scheme."""

from __future__ import annotations

from optiga.protocol.codes import SignatureScheme

TAG_DIGEST = 0x01
TAG_KEY_OID = 0x03
MIN_DIGEST = 10
"""Fewest bytes of a digest that ECDSA takes. SRM, footnote to CalcSign."""

_EC_MS = 65
_RSA_MS = 310


def typical_ms(scheme: int) -> float:
    """How long the chip works on it.

    :param scheme: value of the Param field.
    """
    return _EC_MS if scheme == SignatureScheme.ECDSA else _RSA_MS
