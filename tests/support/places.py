"""Where things are in the checkout."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / "configs"
CONFIG = CONFIGS / "config_nistp256_ecdsa_secondslot.jsn"
"""The seed's configuration."""
