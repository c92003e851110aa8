"""EncryptAsym. SRM, section of the same name; Param is a cipher suite."""

TAG_SESSION = 0x02
"""Tag of the identifier of a session whose pre-master secret is encrypted."""

TYPICAL_MS = 40
