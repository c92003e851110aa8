"""Names of files and folders on the command line; one that is empty, as of a variable that is not set, is none.

``--force`` goes with them: what it may replace is for :mod:`.replacing`, which loads more.
"""

from __future__ import annotations

import os

import click
from click.types import StringParamType

from optiga.cli.support.settings import Decorator, Settings, together
from optiga.errors import Naming

STANDARD_OUTPUT = "-"


class FileName(StringParamType):
    """The type of an option or argument.

    :param name: what stands for it in help.
    :param dash: whether ``-`` is left to the command.
    :param why: why ``-`` is refused, for the message; empty where that needs no reason.
    :param takes_folder: whether it may be a folder, as a name that ends with a slash is.
    """

    def __init__(self, name: str, *, dash: bool = True, why: str = "", takes_folder: bool = False) -> None:
        self.name = name
        self._takes_folder = takes_folder
        self._dash = dash
        self._refusal = f"'-' names no file{why and ': '}{why}."

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        return self.name

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not value:
            self.fail("the name is empty.", param, ctx)
        if value == "-" and not self._dash:
            self.fail(self._refusal, param, ctx)
        if not self._takes_folder and value.endswith(("/", os.sep)):  # a path drops the slash, and makes a file
            self.fail(f"{value!r} names a folder, not a file.", param, ctx)
        return value


FILE = FileName("FILE")
FILE_OR_INPUT = FileName("FILE|-")
FILE_OR_OUTPUT = FileName("FILE|-")
SECRET_FILE = FileName("FILE", dash=False, why="a secret goes to a file that only you can read")
FOLDER = FileName("DIR", takes_folder=True)
CA_FOLDER = FileName("CA", takes_folder=True)
KEY = FileName("KEY")

out_dir_option: Decorator = click.option(
    "--out-dir",
    type=FOLDER,
    default=".",
    help="Output folder for files and journal; may contain {uid} and {slot} (default: current folder).",
)
"""Where runs leave their files, as ``out_dir``."""
ANOTHER_FOLDER = Naming("Choose another folder with ", "out_dir", "")  # a template would be parsed for every help


def _keep_force(ctx: click.Context, param: click.Parameter, value: bool) -> None:  # noqa: ARG001
    if value:
        ctx.ensure_object(Settings).force = True


force_option: Decorator = click.option(
    "--force",
    is_flag=True,
    expose_value=False,
    callback=_keep_force,
    help="Replace an existing file with other content.",
)
"""``--force``, for commands that write a file which the user names; the settings have it."""


def _printed(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    return None if value == STANDARD_OUTPUT else value


def out_file_option(what: str, *, required: bool = False, secret: bool = False, is_printed: bool = False) -> Decorator:
    """``--out``, as ``out``, and ``--force``.

    :param what: what the file is for, for help.
    :param secret: refuse ``-``: a secret goes to a file that only its owner can read.
    :param is_printed: ``-`` is as if there were no file, whose content is printed then; otherwise the command takes it.
    """
    kind, callback = SECRET_FILE if secret else FILE_OR_OUTPUT, _printed if is_printed else None
    return together(click.option("--out", type=kind, required=required, callback=callback, help=what), force_option)


def is_standard_output(settings: Settings, out: str | None) -> bool:
    """Whether the output goes to standard output instead of a file. No result does then; ``--output`` is for errors.

    :raises click.UsageError: if it does and a part of the result was asked for, or if it is to replace a file.
    """
    if out != STANDARD_OUTPUT:
        return False
    if settings.query is not None:
        raise click.UsageError("--out - does not go together with --query: it prints the content alone.")
    refuse_force("a file")
    return True


def refuse_force(wanted: str) -> None:
    """Refuse ``--force`` where no file is written.

    :param wanted: what names one.
    :raises click.UsageError: if it was given.
    """
    if click.get_current_context().ensure_object(Settings).force:
        raise click.UsageError(f"--force goes with {wanted}.")
