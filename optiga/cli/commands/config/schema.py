"""``config schema``: the JSON Schema of configurations, for editors."""

from __future__ import annotations

import json

import click

from optiga.cli.commands.config.saving import give_document
from optiga.cli.support.file_names import out_file_option
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.identity.configuration_schema import configuration_schema


@click.command(name="schema")
@out_file_option("Output file for the schema (default: standard output).", is_printed=True)
@common_options(board=False)
@pass_settings
def schema(settings: Settings, out: str | None) -> None:
    """Print the JSON Schema (draft 2020-12) of configuration files. Editors use it to complete and check them."""
    document = configuration_schema()
    text = json.dumps(document, indent=2) + "\n"
    give_document(settings, document, text, "The schema", out=out)
