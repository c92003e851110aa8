"""DecryptAsym. SRM, section of the same name; Param is a cipher suite."""

TAG_SESSION = 0x02
"""Tag of the identifier of a session that takes the message."""
TAG_KEY_OID = 0x03

TYPICAL_MS = 315
