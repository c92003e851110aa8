"""``config show``: the file of defaults that counts, and where each value comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import click

from optiga.cli.render.tables import table
from optiga.cli.support.defaults import FILE_NAME, find_defaults, places
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.wide import wide_option, width_for

_COLUMNS = ("option", "value", "source")
_VARIABLES = {
    "port": ("OPTIGA_PORT",),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
"""Environment variables that say what an option says."""


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """A value that is taken where the command line says nothing.

    :param option: for example ``--port``.
    :param source: a path, or the name of an environment variable.
    """

    option: str
    value: str
    source: str


@dataclass(frozen=True, slots=True)
class DefaultsShown:
    """The result of ``config show``.

    :param file: the file of defaults that counts; None where there is none.
    :param places: where one is looked for, in this order.
    """

    file: str | None
    places: tuple[str, ...]
    values: tuple[DefaultValue, ...]


@click.command(name="show")
@wide_option
@common_options()
@pass_settings
def show(settings: Settings) -> None:
    """Show which file of defaults (optiga.toml) is used in this folder, and where each value comes from.

    The command line comes before environment variables, these before the file. For --profile and --region the file
    comes before AWS's variables, as the options do.
    """
    settings.check_query(DefaultsShown)
    found = find_defaults([])
    values = tuple(_values(found.values, str(found.path), settings.port))
    result = DefaultsShown(None if found.path is None else str(found.path), tuple(places([])), values)
    empty = f"There is no {FILE_NAME}, and no environment variable says anything"
    settings.print_result(result, text=table(_COLUMNS, values, width_for(settings)) if values else empty)


def _values(said: Mapping[str, object], path: str, port: str | None) -> Iterator[DefaultValue]:
    """The values that count, by the names of their options."""
    for key in sorted({*said, *_VARIABLES}):
        from_variables = [name for name in _VARIABLES.get(key, ()) if os.environ.get(name)]
        if key == "port" and port is not None and port not in (os.environ.get("OPTIGA_PORT"), said.get(key)):
            yield DefaultValue("--port", port, "the command line")
        elif from_variables and (key == "port" or key not in said):
            yield DefaultValue(f"--{key}", os.environ[from_variables[0]], from_variables[0])
        elif key in said:
            value = said[key]
            yield DefaultValue(f"--{key}", ", ".join(value) if isinstance(value, list) else str(value), path)
