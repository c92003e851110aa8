"""``config check``: every mistake in configuration files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from optiga.cli.commands.config.results import CheckedConfiguration, describe, text_of, warn_of_lone_name
from optiga.cli.commands.identity.csr import warn_of_names
from optiga.cli.support.content import named_or_input
from optiga.cli.support.file_names import FileName
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cloud.aws.aws_names import check_name
from optiga.errors import ConfigurationError, OptigaError, naming
from optiga.files.json_lines import Document
from optiga.files.placeholders import find_wrong_field
from optiga.identity.configuration import parse_configuration, read_document, read_text
from optiga.pki.names import find_mistake_in_text

_CONFIG: FileName = FileName("CONFIG|-")


@dataclass(frozen=True, slots=True)
class CheckedConfigurations:
    """The result of ``config check``: the files in the order in which they were given."""

    files: tuple[CheckedConfiguration, ...]


@click.command(name="check")
@click.argument("names", type=_CONFIG, nargs=-1, required=True)
@click.option("--slot", metavar="SLOT", help="Check for this slot (default: slot of each file).")
@common_options(board=False)
@pass_settings
def check(settings: Settings, names: tuple[str, ...], slot: str | None) -> None:
    """Check configuration files and report every mistake with file and line. '-' is standard input.

    The exit code is 2 if any file has a mistake. With --output json, one JSON object on standard error lists all
    mistakes. The names of thing and policy must be valid in AWS IoT.
    """
    settings.check_query(CheckedConfigurations)
    checked: list[CheckedConfiguration] = []
    mistakes: list[ConfigurationError] = []
    for name in names:
        try:
            checked.append(_check_file(settings, name, slot))
        except ConfigurationError as error:
            mistakes.append(error)
    for good in checked if mistakes and not settings.wants_errors_as_json([]) else ():
        settings.note(f"{good.file} is valid")
    _raise_together(mistakes)
    settings.print_result(CheckedConfigurations(tuple(checked)), text="\n\n".join(map(text_of, checked)))


def _check_file(settings: Settings, name: str, slot: str | None) -> CheckedConfiguration:
    """What a file without a mistake says.

    :raises ConfigurationError: with every mistake in it.
    """
    path, data = named_or_input(name, "configuration")
    text, name = read_text(path, data), str(path)
    document = read_document(text, name)
    mistakes: list[ConfigurationError] = []
    try:
        configuration = parse_configuration(text, name, slot=slot, first=True)
    except ConfigurationError as error:
        mistakes.append(error)
    mistakes += _names_refused(document, name)
    _raise_together(mistakes)
    warn_of_names(settings, configuration)
    warn_of_lone_name(settings, checked := describe(configuration))
    return checked


def _names_refused(document: Document, file: str) -> Iterator[ConfigurationError]:
    """The names of thing and policy that AWS IoT does not take; what is no text is a mistake of another kind."""
    top = document.value
    settings = top.get("aws_iot_config") if isinstance(top, dict) else None
    for kind in ("thing", "policy"):
        name = settings.get(kind) if isinstance(settings, dict) else None
        if not isinstance(name, str) or find_mistake_in_text(name) or find_wrong_field(name):
            continue  # the configuration's own check tells of it
        line = document.lines["aws_iot_config", kind]
        try:
            check_name(kind, name, f"{file}:{line}: aws_iot_config.{kind}: ")
        except ConfigurationError as error:
            yield error


def _raise_together(errors: Sequence[ConfigurationError]) -> None:
    """Raise several errors as one, which has all their lines; nothing where there are none.

    :raises ConfigurationError: the first, with the others as its problems.
    """
    if errors:
        first, *others = errors
        more = [line for error in others for line in (_line(error), *error.problems)]
        first.problems = (*first.problems, *more)
        raise first


def _line(error: OptigaError) -> str:
    return naming("{message}. {hint}", message=error.message, hint=error.hint) if error.hint else error.message
