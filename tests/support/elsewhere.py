"""The command line as containers start it: with another user, umask and home. A job's function (:mod:`.events`)."""

from __future__ import annotations

import os

from optiga import cli

STRANGER = 54321
"""A user and group that no file of the system names, and that has no home therefore."""


def main(arguments: list[str]) -> int | None:
    """Run a command.

    :param arguments: the user's number, the umask in octal digits, and the command's words.
    """
    user, umask, *words = arguments
    os.umask(int(umask, 8))
    if int(user) != os.geteuid():
        os.setgroups([])
        os.setgid(int(user))
        os.setuid(int(user))
    return cli.main(words)
