"""``config show``: the file of defaults that counts, and where each value comes from."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import click

from optiga.cli.render.tables import table
from optiga.cli.support.defaults import EXCEPT, FILE_NAME, Defaults, look_for_defaults, places
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.usage import plain_usage
from optiga.cli.support.wide import wide_option, width_for
from optiga.cloud.aws.aws_names import looks_like_region
from optiga.errors import ConfigurationError, naming
from optiga.files.placeholders import find_wrong_field
from optiga.files.problems import Problem, raise_problems
from optiga.provision.outputs import FIELDS
from optiga.transport import resolve_port

_COLUMNS = ("option", "value", "source", "overrides")
_VARIABLES = {
    "port": ("OPTIGA_PORT",),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
}
"""Environment variables that say what an option says."""
_PLACES = {"out-dir": FIELDS, "journal": (), "ca": ()}
"""Options whose value is a path, and the placeholders that may stand in it."""
_TAKEN_BY = {"crl-days": ("ca", "crl"), "curve": ("ca", "init"), "timing": ("emulator", "serve")}
"""A command that takes a default; the others go with ``provision``."""


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """A value that is taken where the command line says nothing.

    :param option: for example ``--port``.
    :param source: a path, or the name of an environment variable.
    :param overrides: where else a value stands, which does not count.
    :param not_for: commands that have the option, but do not take this value.
    """

    option: str
    value: str
    source: str
    overrides: tuple[str, ...]
    not_for: tuple[str, ...]


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
    """Show which defaults file (optiga.toml) is used in this folder, and where each value comes from.

    The command line overrides environment variables, and environment variables override the file. For --profile and
    --region, the file overrides AWS's own environment variables. Values in ~/.aws are not shown.
    """
    settings.check_query(DefaultsShown)
    found = look_for_defaults([])
    values = tuple(_values(found.values, str(found.path), settings.port))
    raise_problems((*_mistakes_of_environment(values), *_mistakes(found)))
    for one in values:
        if one.option == "--region" and not looks_like_region(one.value):
            settings.warn(f"{one.source}: {one.value!r} is not an AWS region: a region is, for example, eu-central-1")
    result = DefaultsShown(None if found.path is None else str(found.path), tuple(places([])), values)
    text = table(_COLUMNS, values, width_for(settings)) if values else _why_empty(found)
    for one in values:
        if one.not_for:
            commands = ", ".join(f"'{command}'" for command in one.not_for)
            text += f"\n{one.option} does not count for {commands}: give it on the command line"
    settings.print_result(result, text=text)


def _why_empty(found: Defaults) -> str:
    """What there is to say where nothing says anything."""
    why = f"No {FILE_NAME} is used" if found.refused else f"There is no {FILE_NAME}"
    if found.path is not None:
        why = f"{found.path} names no option"
    return f"{why}, and no environment variable sets a default"


def _mistakes(found: Defaults) -> Iterator[Problem]:
    """What the file may not say, and the values that no command takes."""
    yield from (Problem(line, str(error)) for line, error in found.mistakes)
    for key, value in found.values.items():
        if said := _why_refused(key, value):
            yield Problem(found.lines[key], naming("{where}: {said}", where=f"{found.where(key)}: {key!r}", said=said))


def _mistakes_of_environment(values: Iterable[DefaultValue]) -> Iterator[Problem]:
    """What no command takes of the environment variables that count."""
    for one in values:
        key = one.option.removeprefix("--")
        if one.source in _VARIABLES.get(key, ()) and (said := _why_refused(key, one.value)):
            yield Problem(0, naming("{where}: {said}", where=one.source, said=said))


def _why_refused(key: str, value: Any) -> str:
    """Why no command takes a value, in words; empty if one does."""
    try:
        _check(key, value)
    except ConfigurationError as error:
        return naming("{message}. {hint}", message=error.message, hint=error.hint) if error.hint else error.message
    except click.BadParameter as error:
        return plain_usage(error.message).rstrip(".")
    if key in _PLACES and (mistake := find_wrong_field(value, _PLACES[key])):
        return f"the name {mistake}"
    return ""


def _check(key: str, value: Any) -> None:
    """Refuse a value as the command does that takes it.

    :raises ConfigurationError: if it is refused.
    :raises click.BadParameter: likewise.
    """
    if key == "port":
        resolve_port(value)
        return
    ctx = click.get_current_context().find_root()
    for word in _TAKEN_BY.get(key, ("provision",)):
        command = ctx.command.get_command(ctx, word) if isinstance(ctx.command, click.Group) else None
        assert command is not None  # noqa: S101
        ctx = click.Context(command, obj=Settings())
    option = next(one for one in ctx.command.params if f"--{key}" in one.opts)
    option.process_value(ctx, value)


def _values(said: Mapping[str, object], path: str, port: str | None) -> Iterator[DefaultValue]:
    """The values that count, by the names of their options."""
    for key in sorted({*said, *_VARIABLES}):
        value = said.get(key)
        in_file = [(", ".join(value) if isinstance(value, list) else str(value), path)] if key in said else []
        in_variables = [(os.environ[name], name) for name in _VARIABLES.get(key, ()) if os.environ.get(name)]
        found = [*in_variables, *in_file] if key == "port" else [*in_file, *in_variables]
        if key == "port" and port is not None and port not in (os.environ.get("OPTIGA_PORT"), value):
            found.insert(0, (port, "the command line"))
        if found:
            (used, source), *others = found
            not_for = tuple(command for command, option in EXCEPT if option == key and source == path)
            yield DefaultValue(f"--{key}", used, source, tuple(other for _, other in others), not_for)
