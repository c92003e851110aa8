"""The main command's own jobs, ``--csr``, ``--write`` and ``--read``, and the options that go with each."""

from __future__ import annotations

from typing import Any

import click

from optiga.cli.support.guesses import refuse_option_as_value, refuse_repeated
from optiga.cli.support.lazy import LazyGroup

BELONGS: dict[str, tuple[str, ...]] = {
    "--slot": ("--csr", "--write"),
    "--id": ("--write",),
    "--keep-key": ("--csr",),
    "--public-key": ("--csr",),
    "--out-dir": ("--csr",),
    "--out": ("--read",),
    "--pkcs12-passphrase-file": ("--write",),
    "--strict": ("--write",),
    "--dry-run": ("--csr", "--write"),
    "--force": ("--read",),
    "--authorize": ("--csr", "--write", "--read"),
}
"""Which jobs an option goes with."""


class JobGroup(LazyGroup):
    """The main command: it does one thing, and refuses to choose between two."""

    def make_parser(self, ctx: click.Context) -> Any:
        """The parser, which refuses an option with one value that stands there twice: the last would count alone."""
        parser: Any = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_once(args: list[str]) -> Any:
            if not ctx.resilient_parsing:
                refuse_option_as_value(ctx, args)
            opts, rest, order = parse(args)
            if not ctx.resilient_parsing:
                refuse_repeated(order, ctx)
            return opts, rest, order

        parser.parse_args = parse_once
        return parser

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, and how to get the help of one: ``help`` is a word that every group knows, no command."""
        super().format_commands(ctx, formatter)
        with formatter.section("Help"):
            formatter.write_dl([("help COMMAND", "Show the help of a command, as COMMAND --help does.")])


_MEANT = {
    ("--out", "--csr"): " For the folder of the CSR, use --out-dir.",
    ("--slot", "--read"): " To read a slot into a file, use '--read SLOT --out FILE'.",
    ("--id", "--read"): " To read an object into a file, use '--read OID --out FILE'.",
}
"""What people want who give the option of another job, by the option and the job."""


def check_job(jobs: dict[str, str | None], options: dict[str, object], subcommand: str | None) -> None:
    """Refuse more than one job, an empty one, and options of a job that is not asked for.

    :raises click.UsageError: for each of these.
    """
    asked = [name for name, value in jobs.items() if value is not None]
    if any(jobs[name] == "" for name in asked):
        raise click.UsageError(f"{' and '.join(asked)}: the value is empty.")
    together = asked + ([subcommand] if subcommand else [])
    if len(together) > 1:
        raise click.UsageError(f"{' and '.join(together)} do not go together: one job at a time.")
    for name, value in options.items():
        if value is not None and not set(asked) & set(BELONGS[name]):
            needed = " or ".join(BELONGS[name])
            if subcommand and _has_option(subcommand, name):
                raise click.UsageError(
                    f"{name} before '{subcommand}' requires {needed}. Write it after the command: "
                    f"'{subcommand} ... {name}'."
                )
            meant = _MEANT.get((name, asked[0]), "") if asked else ""
            raise click.UsageError(f"{name} requires {needed}.{meant}")
    if options["--strict"] and options["--dry-run"]:
        raise click.UsageError(
            "--strict and --dry-run do not go together: the key signs only when the certificate is written."
        )
    if options["--public-key"] is not None and not options["--keep-key"]:
        raise click.UsageError("--public-key requires --keep-key: a new key has its own public key.")
    if options["--slot"] is not None and options["--id"] is not None:
        raise click.UsageError("--slot and --id do not go together: each names an object to write to.")


def _has_option(name: str, option: str) -> bool:
    """Whether a command, or one of a group, has an option."""
    ctx = click.get_current_context()
    group = ctx.command
    command = group.get_command(ctx, name) if isinstance(group, click.Group) else None
    if isinstance(command, click.Group):
        below = (command.get_command(ctx, each) for each in command.list_commands(ctx))
        return any(option in param.opts for each in below if each is not None for param in each.params)
    return command is not None and any(option in param.opts for param in command.params)
