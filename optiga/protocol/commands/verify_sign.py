"""VerifySign. SRM, section of the same name; Param is a signature scheme."""

TAG_DIGEST = 0x01
TAG_SIGNATURE = 0x02
MAX_DIGEST = 64
MAX_SIGNATURE = 520
"""Most bytes of each."""

TYPICAL_MS = 85
