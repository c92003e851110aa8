"""The commands in hints, with the CA and the port that the command at hand was given, so that each can be pasted."""

from __future__ import annotations

import os
import re

import click

from optiga.cli.support.options import is_typed
from optiga.cli.support.settings import Settings
from optiga.naming import in_command

_COMMAND = re.compile(r"'((?:python -m optiga )?)((?:ca|counter|key|object) [a-z-]+|info|pair|random)((?: [^'\n]+)?)'")
"""How the program is called, the command, and what stands behind it."""
_WITH_CA = ("ca crl", "ca list", "ca revoke", "ca show", "ca sign")
"""Commands that take the CA with ``--ca``."""
_OF_CA = ("ca register", "ca renew")
"""Commands that take it as their argument."""
_ALONE = ("counter list", "key list", "object list", "info")
"""Commands for the chip that are complete without an argument."""
_NAMES = ("ca_path", "parent_path")
"""What the parameter with the folder of the CA is called; where both are there, it is another CA that issues."""


def complete(text: str) -> str:
    """A text for people whose commands are complete."""
    ctx = click.get_current_context(silent=True)
    if ctx is None:
        return text
    ca, port = in_command(_ca_of(ctx)), in_command(_port_of(ctx))

    def add(match: re.Match[str]) -> str:
        called, command, words = match.groups()
        if ca and command in _WITH_CA and " --ca" not in words:
            return f"'{called}{command}{words} --ca {ca}'"
        if ca and command in _OF_CA and (not words or words.startswith(" --")):
            return f"'{called}{command} {ca}{words}'"
        is_whole = command in _ALONE or (words and not words.startswith(" --"))
        if port and is_whole and not command.startswith("ca ") and " --port" not in words:
            return f"'{called}{command}{words} --port {port}'"
        return match[0]

    return re.sub(_COMMAND, add, text)


def _ca_of(ctx: click.Context) -> str:
    """The folder of the CA that was typed; empty if there is none, or if it may be one of two."""
    typed = [str(ctx.params[name]) for name in _NAMES if ctx.params.get(name) and is_typed(ctx, name)]
    return typed[0] if len(typed) == 1 else ""


def _port_of(ctx: click.Context) -> str:
    """The port that was typed; empty if another command uses the same without it."""
    settings = ctx.ensure_object(Settings)
    port = settings.port or ""
    default = settings.defaults.values.get("port") if settings.defaults else None
    return "" if port in (os.environ.get("OPTIGA_PORT"), default) else port
