"""Outputs in files that are there already: what of other content may be lost, and what asks first.

Certificates, keys, configurations, exports are kept, whatever command has written them: none takes the place of another
file, and nothing takes theirs, unless it is the same. So are files that only their owner may read: a secret is raw
bytes, and cannot be told by them. What a command makes anew at will takes the place of any other file. What nobody
could ever get back (:mod:`optiga.files.precious`) is never replaced, and is no business of this.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from optiga.cli.support.confirm import confirm, is_somebody_there
from optiga.cli.support.lazy import load
from optiga.cli.support.settings import Settings
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import cause_of, write_new, write_whole
from optiga.files.kept import what_is_kept
from optiga.files.opening import about_its, open_input
from optiga.files.precious import PRIVATE_KEY, what_is_lost
from optiga.files.shown import shown

_SECRET_MODE = 0o600
ANOTHER = "Name another with --out"
_LOOK = 1 << 16
"""Bytes by which a file is told."""
_OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
_CERTIFICATE = "a certificate"
_PEM, _PEM_END = b"-----BEGIN CERTIFICATE-----", b"-----END CERTIFICATE-----"
_DEFAULTS = "optiga.toml"


@about_its("out")
def check_replaced(
    settings: Settings,
    out: str,
    data: bytes | None,
    *,
    is_kept: bool,
    yes: bool = False,
    is_elsewhere: Callable[[bytes], bool] = lambda _: False,
    another: str = ANOTHER,
) -> None:
    """Refuse to take the place of a file with other content where that would be missed; at a terminal ask instead.

    :param data: what is going to be written; None for what is new each time, before it is made.
    :param is_kept: whether that is a certificate, a key, a configuration or an export, which people keep. It takes no
        file's place, anything else only no such one's.
    :param yes: answers in the user's place.
    :param is_elsewhere: whether what the file holds can be had again, and so is not lost.
    :param another: what to do instead, for the hint.
    :raises ConfigurationError: if it would be missed.
    """
    if yes:
        settings.force = True
    if settings.force or (held := _other_content(Path(out), data)) is None:
        return
    content, why = held
    what = _whose(what_is_kept(content), content) or "a private key" * holds_private_key(out)
    if not (what or why or is_kept) or is_elsewhere(content):
        return
    why = f"it contains {what}" if what else why
    if is_somebody_there():
        lost = f"{what or 'what is in it'} is lost" + (f" ({why})" if why and not what else "")
        confirm(settings, f"Replacing {out}", [lost], yes=False, short="Replace this file")
        settings.force = True  # it is not asked twice
        return
    raise ConfigurationError(
        f"{out} is there already, with other content" + (f": {why}" if why else ""),
        hint=f"{another}, or replace it with --force",
        reason=Reason.EXISTS,
        parameter="out",
    )


def _whose(what: str, content: bytes) -> str:
    """What is in a file, with the subject of the certificate if it is one that can be read."""
    if what != _CERTIFICATE:
        return what
    begin, end = content.find(_PEM), content.find(_PEM_END)
    with suppress(ValueError):
        parse = load("optiga.pki.certificate:Certificate", "optiga").parse_leniently
        subject = parse(content if begin < 0 else content[begin : end + len(_PEM_END)]).subject
        return f"the certificate of {shown(subject)}" if subject else what
    return what


@about_its("out")
def check_key_replaced(settings: Settings, out: str, *, yes: bool) -> None:
    """Have a file with a private key replaced only after ``--yes`` or a question, which ``--force`` does not answer.

    :raises ConfigurationError: if nobody is there to be asked.
    """
    if yes or not holds_private_key(out):
        return
    settings.force = False
    if not is_somebody_there():
        raise ConfigurationError(
            f"{out} is there already, with other content: {PRIVATE_KEY}",
            hint=f"{ANOTHER}, or replace the private key with --yes",
            reason=Reason.EXISTS,
            parameter="out",
        )


def holds_private_key(out: str) -> bool:
    """Whether there is a file with a private key, which nobody could get back."""
    return what_is_lost(Path(out)) == PRIVATE_KEY


def _other_content(path: Path, data: bytes | None) -> tuple[bytes, str] | None:
    """What a file holds that would be lost, and why that is not to be lost, whatever it is; empty if it may be.

    :returns: None if nothing would be lost: no regular file, an empty one, or the same.
    """
    try:
        if not path.is_file():
            return None
        with open_input(path) as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            held = file.read(max(_LOOK, len(data or b"")) + 1)
    except ValueError:  # a null character in the path: writing it says so
        return None
    except OSError as error:
        return b"", f"it cannot be read ({cause_of(error)})"
    if not held or held == data:
        return None
    if not mode & _OTHERS_READ:
        return held, f"only you can read it (mode {mode:04o}), so it may be a secret"
    return held, "it sets default values" if path.name == _DEFAULTS else ""


def write_output(
    settings: Settings,
    out: str,
    data: bytes,
    *,
    secret: bool = False,
    is_kept: bool = False,
    is_elsewhere: Callable[[bytes], bool] = lambda _: False,
    another: str = ANOTHER,
) -> None:
    """Write a file that the user named, whole or not at all, unless :func:`check_replaced` refuses to.

    :param secret: nobody else may read it.
    :raises ConfigurationError: if it is refused, or cannot be written.
    """
    path = Path(out)
    check_replaced(settings, out, data, is_kept=is_kept, is_elsewhere=is_elsewhere, another=another)
    is_new = is_kept and not settings.force and not os.path.lexists(path)
    (write_new if is_new else write_whole)(path, data, _SECRET_MODE if secret else 0o666)
