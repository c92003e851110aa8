"""``config sample``: the project's sample configurations."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import click

from optiga.cli.commands.config.saving import give_document
from optiga.cli.render.tables import table
from optiga.cli.support.file_names import out_file_option, refuse_force
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.cli.support.wide import wide_option, width_for
from optiga.files.placeholders import UID_FIELD
from optiga.identity.configuration import Configuration, parse_configuration, read_text
from optiga.identity.sample_configurations import find_sample, sample_paths

_COLUMNS = ("name", "description")


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample configuration.

    :param name: what ``config sample`` calls it.
    :param slot: name of the slot of the key, for example ``second``.
    :param algorithm: of the key, for example ``secp256r1`` or ``rsa2048``.
    :param description: the same and what is special, for people.
    """

    name: str
    slot: str
    algorithm: str
    description: str


@dataclass(frozen=True, slots=True)
class SampleList:
    """The result of ``config sample`` without a name."""

    samples: tuple[Sample, ...]


@click.command(name="sample")
@click.argument("name", required=False, metavar="[NAME]")
@out_file_option("Output file for the sample (default: standard output).", is_printed=True)
@wide_option
@common_options(board=False)
@pass_settings
def sample(settings: Settings, name: str | None, out: str | None) -> None:
    """List the sample configurations. With NAME, print that sample, so that you can adapt it.

    With NAME, --query and --output apply to the content of the sample.
    """
    if name is not None:
        text = read_text(find_sample(name))
        give_document(settings, json.loads(text), text, "The sample", out=out)
        return
    if out is not None:
        raise click.UsageError("--out requires the NAME of a sample.")
    refuse_force("--out")
    settings.check_query(SampleList)
    found = SampleList(tuple(_samples()))
    settings.print_result(found, text=table(_COLUMNS, found.samples, width_for(settings)))


def _samples() -> Iterator[Sample]:
    for name, path in sample_paths().items():
        configuration = parse_configuration(read_text(path), path.name)
        algorithm, slot = configuration.algorithm.title, configuration.slot.name
        yield Sample(name, slot, algorithm, f"Key {algorithm} in slot {slot}{_special(configuration)}.")


def _special(configuration: Configuration) -> str:
    """What a configuration has that is not in every one."""
    thing = configuration.aws_iot.thing if configuration.aws_iot else None
    said = [
        "the chip's UID in the subject" if configuration.needs_uid else "",
        "a thing for each chip" if thing and UID_FIELD in thing else "",
    ]
    return "".join(f", {text}" for text in said if text)
