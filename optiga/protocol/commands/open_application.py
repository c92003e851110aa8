"""OpenApplication. SRM, section of the same name."""

PARAM_INITIALIZE = 0x00
PARAM_RESTORE = 0x01
"""With the handle of a saved context behind the application's identifier."""
HANDLE_SIZE = 8
"""Bytes of the handle of a saved application context."""

TYPICAL_MS = 20
