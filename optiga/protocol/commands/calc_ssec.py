"""CalcSSec. SRM, section of the same name; Param is a key agreement scheme."""

from __future__ import annotations

from enum import unique

from optiga.protocol.codes import CodeEnum


@unique
class KeyAgreement(CodeEnum):
    """Parameter of CalcSSec. SRM, table "Key Agreement Schemes"."""

    ECDH = 0x01


TAG_KEY_OID = 0x01

TYPICAL_MS = 60
