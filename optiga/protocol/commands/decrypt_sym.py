"""DecryptSym: what EncryptSym does not have. SRM, section of the same name."""

TAG_VERIFICATION_VALUE = 0x43
"""Tag of the HMAC that is verified."""
MAX_AUTHORIZED = 4
"""Most states Auto(X) at a time. SRM, "Access Conditions (ACs)"."""

TYPICAL_MS = 90
