"""The journal as commands open it: whose it is, and who else may write where it lies."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from optiga.cli.support.settings import Decorator, Settings

if TYPE_CHECKING:
    from optiga.provision.journal import Journal

shared_journal_option: Decorator = click.option(
    "--shared-journal", is_flag=True, help="Take a journal that your group may write, too."
)


def open_named_journal(
    settings: Settings, path: Path, *, shared: bool, make: bool = False
) -> AbstractContextManager[Journal]:
    """The journal in a file, as long as the context lasts; a folder that others may write is warned of.

    :param shared: take, and make, one that a group of this user's may write.
    :param make: make it if it is not there.
    """
    from optiga.provision.journal import open_journal

    if not shared:
        settings.warn_of_folder(path, "the journal")
    return open_journal(path, make=make, shared=shared)
