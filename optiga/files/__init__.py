"""How anything reaches a disk: whole or not at all, and locked while it is written."""
