"""``config schema``: the JSON Schema of configurations, for editors."""

from __future__ import annotations

import json

import click

from optiga.cli.commands.config.saving import give_document
from optiga.cli.support.file_names import FILE
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.identity.configuration_schema import configuration_schema


@click.command(name="schema")
@click.option("--out", type=FILE, help="File for the schema. [standard output]")
@click.option("--force", is_flag=True, help="Replace the file of --out if it is there.")
@common_options()
@pass_settings
def schema(settings: Settings, out: str | None, force: bool) -> None:
    """Print the JSON Schema (draft 2020-12) of configuration files, with which editors complete and check them."""
    if force and out is None:
        raise click.UsageError("--force goes with --out.")
    document = configuration_schema()
    text = json.dumps(document, indent=2) + "\n"
    give_document(settings, document, text, "The schema", out=out, force=force)
