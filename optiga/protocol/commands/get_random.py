"""GetRandom. SRM, section of the same name."""

PARAM_TRNG = 0x00
"""From the true random number generator (AIS-31)."""
PARAM_DRNG = 0x01
"""From the deterministic one (SP 800-90A)."""
PARAM_PRE_MASTER_SECRET = 0x04
"""Drawn into a session, and not given out."""
TAG_PREPENDED = 0x41
"""Tag of what a session keeps in front of the random bytes."""
RANDOM_SIZES = range(8, 257)
"""Bytes that one command draws."""

TYPICAL_MS = 30
