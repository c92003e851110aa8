"""CloseApplication. SRM, section of the same name."""

PARAM_CLOSE = 0x00
PARAM_HIBERNATE = 0x01
"""The context is saved; the answer is its handle."""
HANDLE_SIZE = 8
"""Bytes of the handle of a saved application context."""

TYPICAL_MS = 20
