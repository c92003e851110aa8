"""Credentials of roles, shared with the ``aws`` command: a code of an MFA device that was typed there serves here too.

They lie where the ``aws`` command keeps them, ``~/.aws/cli/cache``, under the same names: botocore makes a name of the
role and of what it is assumed with.
"""

from __future__ import annotations

import getpass
import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optiga.cloud.aws.errors import AwsError
from optiga.errors import Reason, printable
from optiga.files.hidden_input import staying_hidden

if TYPE_CHECKING:
    from botocore.session import Session as CoreSession

_CODE = re.compile(r"[0-9]{6}")
_NEEDED = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")

_log = logging.getLogger(__name__)


def share_roles(core: CoreSession, ask: Callable[[str], str] | None = None) -> None:
    """Have a session use and fill the ``aws`` command's cache of roles' credentials, and ask people for a code.

    :param core: before its credentials are first asked for.
    :param ask: given a prompt, what was typed; None asks at the terminal.
    :raises botocore.exceptions.BotoCoreError: if the session's profile cannot be had.
    """
    provider: Any = core.get_component("credential_provider").get_provider("assume-role")
    provider.cache = _Cache()
    provider._prompter = ask or _ask_at_terminal


def _ask_at_terminal(prompt: str) -> str:
    """The code that somebody types who sits at the terminal; it is not shown, and asked again until it has 6 digits.

    :raises AwsError: if nobody does.
    """
    said = printable(prompt.strip().rstrip(":"))
    problem = "standard input is no terminal"
    if sys.stdin is not None and sys.stdin.isatty():
        try:
            return _code(said)
        except EOFError:
            print(file=sys.stderr)  # the prompt's line ends
            problem = "no code was entered"
    raise AwsError(
        f"AWS asks for a code of an MFA device, and {problem} ({said})",
        hint="Run 'aws sts get-caller-identity' with the same profile at a terminal first: its credentials then work "
        "here until they expire",
        reason=Reason.NO_CREDENTIALS,
    )


def _code(said: str) -> str:
    """What is typed, as soon as it is a code: AWS counts attempts, so nothing else is sent there."""
    shown = f"{said}: "
    while True:
        with staying_hidden(shown):
            typed = "".join(getpass.getpass(shown).split())
        if _CODE.fullmatch(typed):
            return typed
        shown = f"A code has 6 digits. {said}: "


class _Cache:
    """The ``aws`` command's cache. What cannot be read there is not there; what cannot be written is only not kept."""

    def __init__(self) -> None:
        from botocore.utils import JSONFileCache

        self._files = JSONFileCache(str(Path("~/.aws/cli/cache").expanduser()))

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def __getitem__(self, name: str) -> Any:
        if (found := self._find(name)) is None:
            raise KeyError(name)
        return found

    def __setitem__(self, name: str, value: Any) -> None:
        try:
            self._files[name] = value
        except OSError as error:
            _log.info("the credentials of the role are not kept for the next command: %s", error)

    def _find(self, name: str) -> Any:
        """What lies there under a name, if it is credentials."""
        try:
            found = self._files[name]
        except (KeyError, UnicodeDecodeError, RecursionError):
            return None
        held = found.get("Credentials") if isinstance(found, dict) else None
        if not isinstance(held, dict) or not all(isinstance(held.get(part), str) and held[part] for part in _NEEDED):
            return None
        return found if _is_time(held["Expiration"]) else None


def _is_time(text: str) -> bool:
    from botocore.utils import parse_timestamp

    try:
        return parse_timestamp(text).tzinfo is not None
    except (ValueError, OverflowError):
        return False
