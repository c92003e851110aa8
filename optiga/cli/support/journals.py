"""The journal as commands open it: whose it is, and who else may write where it lies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.options import is_typed, option_of
from optiga.cli.support.settings import Decorator, Settings
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import is_there
from optiga.provision.journal import open_journal
from optiga.provision.uids import find_uid

if TYPE_CHECKING:
    from optiga.chip import Chip
    from optiga.provision.journal import Journal

shared_journal_option: Decorator = click.option(
    "--shared-journal", is_flag=True, help="Accept a journal that your group may write, too."
)


@contextmanager
def open_named_journal(settings: Settings, path: Path, *, shared: bool, make: bool = False) -> Iterator[Journal]:
    """The journal in a file, as long as the context lasts; a folder that others may write is warned of,
    as is a journal without its seal.

    :param shared: take, and make, one that a group of this user's may write.
    :param make: make it if it is not there.
    """
    if not shared and (make or is_there(path)):
        settings.warn_of_folder(path, "the journal")
    with ExitStack() as stack:
        try:
            journal = stack.enter_context(open_journal(path, make=make, shared=shared, warn=settings.warn))
        except ConfigurationError as error:
            error.parameter = "journal" if error.parameter in ("", "make") else error.parameter
            is_named = is_typed(click.get_current_context(), "path")
            if error.reason is Reason.NOT_FOUND and not is_named and "name another" not in error.hint:
                error.advise(naming("To use the one in an output folder, or another, use {journal}"))
            raise
        yield journal


def whole_uid(settings: Settings, journal: Journal, digits: str) -> str:
    """The whole UID of a chip, which is shown if only its beginning was given."""
    uid = find_uid(journal, digits)
    if uid != digits:
        settings.note(f"Chip {uid}")
    return uid


def warn_of_identity(settings: Settings, chip: Chip, journal: Path, slot: str) -> None:
    """Say that the chip is a finished device by a journal, and what a new key means then. One exchange if that has
    such a slot.

    :param slot: its name.
    """
    try:
        with open_journal(journal, warn=settings.warn) as opened:
            if not (finished := opened.may_have_finished(slot)) or chip.uid.hex not in finished:
                return
            entry = opened.find(chip.uid.hex, slot)
    except ConfigurationError as error:
        why = error.text(option_of)
        settings.warn(f"cannot check whether this chip already has a certificate: {why}")
        return
    if entry is None or not entry.is_finished:
        return
    settings.warn(
        f"the journal {journal} has chip {chip.uid.hex}, slot {slot}, as finished: a new key replaces the key of its "
        "certificate, which then no longer matches. To replace both, use 'provision --renew'"
    )
