"""How long a test waits for what must come."""

from __future__ import annotations

LIMIT_S = 300
"""Longest that something is waited for before a test gives up, in seconds. It ends what hangs, not what is slow."""
