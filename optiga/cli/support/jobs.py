"""The main command's own jobs, ``--csr``, ``--write`` and ``--read``, and the options that go with each."""

from __future__ import annotations

import click

_BELONGS = {
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
        if value is not None and not set(asked) & set(_BELONGS[name]):
            raise click.UsageError(f"{name} goes with {' or '.join(_BELONGS[name])}.")
    if options["--strict"] and options["--dry-run"]:
        raise click.UsageError("--strict and --dry-run do not go together: the key signs only where a write follows.")
    if options["--public-key"] is not None and not options["--keep-key"]:
        raise click.UsageError("--public-key goes with --keep-key: a new key has a public key of its own.")
    if options["--slot"] is not None and options["--id"] is not None:
        raise click.UsageError("--slot and --id do not go together: each names the place to write to.")
