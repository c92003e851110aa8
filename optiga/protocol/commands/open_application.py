"""OpenApplication. SRM, section of the same name."""

PARAM_INITIALIZE = 0x00
PARAM_RESTORE = 0x01
"""With the handle of a saved context behind the application's identifier."""

TYPICAL_MS = 20
