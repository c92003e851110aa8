"""What a command does not take, or lacks, in words for people: click's own words name its parameters alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import click

from optiga.cli.support.environment import CA_PASSPHRASE, FILE_PASSPHRASE, SIGNER_PASSPHRASE
from optiga.cli.support.file_names import KEY
from optiga.cli.support.guesses import as_port, job_of
from optiga.cli.support.option_guesses import about_option, as_options
from optiga.naming import in_command

_PLAIN = (
    (r"^Invalid value for '\[(\w+)\]'", r"Invalid value for '\1'"),
    (r"is not a valid integer( range)?\.", "is not a whole number."),
    (r"is not a valid float( range)?\.", "is not a number."),
)
_INPUT = "or - for standard input"
_WANTED = {
    "ALGORITHM": "name an algorithm, for example secp256r1",
    "CA": "name the folder of the CA",
    "CONFIG": "name a configuration file",
    "CONFIG|-...": f"name one or more configuration files, {_INPUT}",
    "CSR|-": f"name the file of a CSR, {_INPUT}",
    "FILE": "name a file",
    "FILE...": "name one or more files",
    "FILE|-": f"name a file, {_INPUT}",
    "KEY": "name the file of the key",
    "N": "give a number",
    "OID": "name an object, for example 0xE120",
    "OID|SLOT": "name an object or a slot, for example 0xF1D0 or second",
    "OID|SLOT|aes": "name a slot, for example second, or aes",
    "PATH": "name the file of an emulated chip",
    "PEER": "name the file of the other side's public key",
    "SERIAL|FILE": "give a serial number, or name the file of a certificate",
    "SIGNATURE": "name the file of the signature",
    "SLOT": "name a slot, for example second",
    "SLOT|aes": "name a slot, for example second, or aes",
    "SLOT|OID|KEY": "name a slot, an object with a public key, or a file with one",
    "PORT": "name the port of a chip that 'emulator serve --control' serves",
    "STATE|-": f"name the file of a state or of an export, {_INPUT}",
    "[--] PROGRAM [ARGS]...": "name the program to run",
}
"""What an argument wants, by what help calls it."""
_WANTED_BY = {
    ("export", "FILE|-"): "name the file to write, or - for standard output",
    ("new", "CONFIG"): "name the file to write",
    ("new", "PATH"): "name the file to write",
}
"""The same where a command means something else by it."""
_ONE_BY_ONE = {"CSR|-": "CSR", "SERIAL|FILE": "certificate"}
"""What a command takes one of, though several are at hand; by what help calls its argument."""
_SECRETS = re.compile(r"--((?:[a-z0-9]+-)*?)(?:passphrase|password|passwd|pass|passin|passout|pin)$")
_VARIABLES = {"key-": FILE_PASSPHRASE, "pkcs12-": FILE_PASSPHRASE, "new-": "", "update": SIGNER_PASSPHRASE}
"""The environment variable for a passphrase, by the beginning of its option, or by the command."""


def explain_usage(error: click.ClickException, arguments: Sequence[str]) -> str:
    """What is wrong with a command line, on one line.

    :param arguments: those of the whole command line.
    """
    if isinstance(error, click.NoSuchOption):
        return _about_secret(error, arguments) or about_option(error, arguments)
    if isinstance(error, click.MissingParameter) and (said := _missing(error)):
        return said
    message = re.sub(r"\s*[\n\t]\s*", " ", error.format_message())
    if extra := re.match(r"Got unexpected extra arguments? \((.*)\)", message):
        ctx = error.ctx if isinstance(error, click.UsageError) else None
        return _one_by_one(ctx) or _unexpected(extra[1], message, ctx)
    return plain_usage(message)


def plain_usage(message: str) -> str:
    """What click says of a number that is none, or out of its range, in words for people."""
    for pattern, words in _PLAIN:
        message = re.sub(pattern, words, message)
    return message


def _missing(error: click.MissingParameter) -> str:
    """What an argument or option that is missing wants; empty if that is not known."""
    if error.ctx is None or error.param is None:
        return ""
    if isinstance(error.param, click.Option) and not isinstance(error.param.type, click.Choice):
        about = (error.param.help or "").partition(". ")[0].rstrip(" .…")
        about = about if about[1:2].isupper() else about[:1].lower() + about[1:]
        return f"Missing option '{max(error.param.opts, key=len)}'" + f": {about}" * bool(about) + "."
    if not isinstance(error.param, click.Argument):
        return ""
    called = error.param.make_metavar(error.ctx)
    wanted = _WANTED_BY.get((str(error.ctx.command.name), called)) or _WANTED.get(called)
    if isinstance(error.param.type, click.Choice):
        wanted = f"give one of {', '.join(map(str, error.param.type.choices))}"
    return f"Missing argument: {wanted}." if wanted else ""


def _unexpected(words: str, message: str, ctx: click.Context | None) -> str:
    """What is said of arguments that a command does not take, among which the value of an option may be.

    :param words: with blanks between them.
    """
    every = words.split()
    meant = next((f"--port {in_command(word, 'PORT')}" for word in every if as_port(word)), "")
    if not meant and ctx is not None:
        meant = next(iter(as_options(ctx, every)), "")
        if meant.startswith("--out ") and (instead := _no_output(ctx, meant.removeprefix("--out "))):
            return f"{message}. {instead}"
    return f"{message}. Did you mean '{meant}'?" if meant else message


def _no_output(ctx: click.Context, word: str) -> str:
    """What is said of a file that a command may be meant to read, not to write; empty for others."""
    taken = [one for one in ctx.command.params if isinstance(one, click.Argument)]
    metavars = [one.make_metavar(ctx) for one in taken]
    if not any("FILE" in one for one in metavars):
        return ""
    takes_key = any(isinstance(one, click.Option) and one.type is KEY for one in ctx.command.params)
    if takes_key and job_of(word) == "write" and Path(str(ctx.params.get(taken[-1].name or ""))).is_file():
        return f"Did you mean '--key {word}'?"
    if not Path(word).is_file():
        return ""
    said = f"'{_path(ctx)}' takes {' '.join(metavars)} alone"
    return f"{said}; name the key with --key KEY or --certificate OID." if takes_key else f"{said}."


def _one_by_one(ctx: click.Context | None) -> str:
    """What is said of several files where a command takes one a run; empty for other commands."""
    if ctx is None:
        return ""
    for one in ctx.command.params:
        noun = _ONE_BY_ONE.get(one.make_metavar(ctx)) if isinstance(one, click.Argument) else None
        if noun is not None:
            every = f"*{Path(str(ctx.params.get(one.name or ''))).suffix}"
            loop = f'for f in {every}; do {ctx.command_path} "$f" ...; done'
            return f"'{_path(ctx)}' takes one {noun} per run. For several, use a loop: {loop}"
    return ""


def _path(ctx: click.Context) -> str:
    """The command without the name of the program, which is called in several ways."""
    return ctx.command_path.removeprefix(ctx.find_root().command_path).strip()


def _about_secret(error: click.NoSuchOption, arguments: Sequence[str]) -> str:
    """Why no option takes a passphrase itself, and what does instead; empty for other options."""
    name = error.option_name
    if len(name) == 2:  # one letter is left of a word with one dash
        name = next((word for word in arguments if _SECRETS.match(f"-{word}") and name[1] in word), name)
    match = _SECRETS.match(f"-{name}" if not name.startswith("--") else name)
    if match is None or error.ctx is None:
        return ""
    command, begin = error.ctx.command, match[1]
    options = {name for one in command.params if isinstance(one, click.Option) for name in one.opts}
    option = f"--{begin}passphrase-file"
    if option not in options:
        option = next(iter(sorted(name for name in options if name.endswith("passphrase-file"))), "")
    if not option:
        return ""
    kind = option.removeprefix("--").removesuffix("passphrase-file")
    group = error.ctx.command_path.split()
    variable = _VARIABLES.get(kind, SIGNER_PASSPHRASE if "update" in group else CA_PASSPHRASE)
    ways = [f"{option} FILE"] + [f"the environment variable {variable}"] * bool(variable)
    asks = "--ask-passphrase" in options and not kind
    ways.append("--ask-passphrase to be asked at a terminal" if asks else "neither to be asked at a terminal")
    return (
        f"No such option '{name}': others could read the passphrase in the list of processes. "
        f"Use {', '.join(ways[:-1])}, or {ways[-1]}."
    )
