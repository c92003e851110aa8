"""EncryptAsym. SRM, section of the same name; Param is a cipher suite."""

from __future__ import annotations

from enum import unique

from optiga.protocol.codes import CodeEnum


@unique
class AsymmetricCipher(CodeEnum):
    """Parameter of EncryptAsym and DecryptAsym. SRM, table "Asymmetric Cipher Suite Identifier"."""

    RSAES_PKCS1_V15 = 0x11


TAG_SESSION = 0x02
"""Tag of the identifier of a session whose pre-master secret is encrypted."""

TYPICAL_MS = 40
