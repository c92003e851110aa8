"""The options of the command line in messages of the library, which knows its parameters alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import click

from optiga.errors import ConfigurationError, Naming, OptigaError, naming, told
from optiga.naming import COMMAND, PHRASES

_PASSPHRASE = (
    "its passphrase: --passphrase-file FILE, --ask-passphrase, or the environment variable OPTIGA_CA_PASSPHRASE"
)
_PARENT_PASSPHRASE = (
    "its passphrase: --ca-passphrase-file FILE, --ask-passphrase, or the environment variable OPTIGA_CA_PASSPHRASE"
)
_FILE_PASSPHRASE = "its passphrase: --pkcs12-passphrase-file FILE, or the environment variable OPTIGA_FILE_PASSPHRASE"
_KEY_PASSPHRASE = "its passphrase: --key-passphrase-file FILE, or the environment variable OPTIGA_FILE_PASSPHRASE"
_OPTIONS = {
    "chip.metadata": "'key list'",
    "chip.write": "'object write --offset 0', or 'object write --hex' for a file of hex digits",
    "counters.write_counter": "'counter set'",
    "objects.list_objects": "'object list'",
    "allowed_dns": "'ca init --allow-dns'",
    **{name: phrase for name, (_, phrase) in PHRASES.items()},
    "attributes": "--attribute",
    "common_name": "--name",
    "file_passphrase": _FILE_PASSPHRASE,
    "groups": "--thing-group",
    "issuer": "--ca",
    "object": "--slot",
    "object=0xE0E0": "--id 0xE0E0",
    "object=0xE0E1": "--id 0xE0E1",
    "object=0xE0E2": "--id 0xE0E2",
    "object=0xE0E3": "--id 0xE0E3",
    "make": "'provision'",
    "make=True": "'provision'",
    "milliseconds": "--ms",
    "key_passphrase": _KEY_PASSPHRASE,
    "outputs": "--out-dir",
    "padding": "--pad",
    "parameters": "--parameter",
    "parent": "--ca",
    "parent_passphrase": _PARENT_PASSPHRASE,
    "passphrase": _PASSPHRASE,
    "shared": "--shared-journal",
    "trust": "--trust FILE",
    "thing=None": "--no-cloud",
    "trust_clock": "'ca crl --trust-clock'",
    "trust_records": "'ca crl --trust-records'",
}
"""What users of the command line give for a parameter whose option has another name, and the commands that do what
functions of the library do."""


OLD_QUIET = "--quit"


class QuietOption(click.Option):
    """``--quiet``, also in the predecessor's spelling, which help and completion do not show."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        term, text = super().get_help_record(ctx) or ("", "")
        return term.replace(f", {OLD_QUIET}", ""), text


def option_of(parameter: str, value: str = "") -> str:
    """What users of the command line give for a parameter of the library: ``--thing-type`` for ``thing_type``.

    :param value: what to give it, for example ``NAME``.
    """
    if (option := _OPTIONS.get(f"{parameter}={value}")) is not None:
        return option
    option = _OPTIONS.get(parameter) or f"--{parameter.replace('_', '-')}"
    return f"{option} {value}" if value else option


def in_full(text: str) -> str:
    """A text for people: parameters as options, and commands with the CA and the port that were given."""
    if "'" not in text and not isinstance(text, Naming):
        return text
    text = told(text, option_of)
    if "'" not in text:
        return text
    complete: Callable[[str], str] = import_module("optiga.cli.support.told_commands").complete
    return complete(text)


def result_in_full(value: Any) -> Any:
    """A result of the library as JSON has it, or a part of it, with commands as :func:`in_full` has them."""
    if isinstance(value, str):
        return in_full(value) if COMMAND in value or isinstance(value, Naming) else value
    if isinstance(value, dict):
        return {key: result_in_full(one) for key, one in value.items()}
    return [result_in_full(one) for one in value] if isinstance(value, list) else value


@contextmanager
def of_option(name: str) -> Iterator[None]:
    """Have mistakes in what an option says begin with its name.

    :param name: for example ``--anchor``.
    """
    try:
        yield
    except ConfigurationError as error:
        error.locate(name)
        error.parameter = error.parameter or name.lstrip("-").replace("-", "_")
        raise


@contextmanager
def options_for(**options: str) -> Iterator[None]:
    """Have a hint that speaks of a parameter say which option that is.

    :param options: by the name of the parameter, for example ``oid="--id"``.
    """
    try:
        yield
    except ConfigurationError as error:
        if error.parameter in options:
            error.hint = naming("{hint} ({option})", hint=error.hint, option=options[error.parameter])
        raise


@contextmanager
def called(**names: str) -> Iterator[None]:
    """Have a hint name parameters as the command at hand has them, which lacks the usual options.

    :param names: by the name of the parameter.
    """

    def call(parameter: str, value: str = "") -> str:
        return names.get(parameter) or option_of(parameter, value)

    try:
        yield
    except OptigaError as error:
        error.hint = told(error.hint, call)
        raise


def is_typed(ctx: click.Context, name: str | None) -> bool:
    """Whether an option of a context's command stands on the command line."""
    return name is not None and ctx.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def show_commands(ctx: click.Context) -> None:
    """What a group does where no command follows: it shows its help, but not to whom asks for something else.

    :raises click.UsageError: if any option was given: a script whose command is empty must not seem to succeed.
    """
    given: click.Context | None = ctx
    while given is not None:
        if any(is_typed(given, each.name) for each in given.command.params):
            names = ctx.command.list_commands(ctx) if isinstance(ctx.command, click.Group) else []
            path = ctx.command_path.removeprefix(ctx.find_root().command_path).strip()
            raise click.UsageError(f"'{path}' needs a command: {', '.join(names)}.", ctx)
        given = given.parent
    click.echo(ctx.get_help())


def is_default(name: str) -> bool:
    """Whether the value of a parameter of the command that runs comes from a file of defaults."""
    ctx = click.get_current_context(silent=True)
    return ctx is not None and ctx.get_parameter_source(name) is click.core.ParameterSource.DEFAULT_MAP
