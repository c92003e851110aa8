"""``python -m optiga``."""

from optiga.cli import enter

enter()
