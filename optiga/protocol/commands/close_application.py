"""CloseApplication. SRM, section of the same name."""

PARAM_CLOSE = 0x00
PARAM_HIBERNATE = 0x01
"""The context is saved; the answer is its handle."""

TYPICAL_MS = 20
