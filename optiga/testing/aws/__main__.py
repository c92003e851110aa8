"""``python -m optiga.testing.aws``."""

from optiga.cli import enter

enter("optiga.testing.aws.command:command")
