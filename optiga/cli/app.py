"""The command line as a whole: the main command with the predecessor's options, its subcommands, its errors."""

from __future__ import annotations

import errno
import itertools
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from optiga._version import __version__
from optiga.cli.render.errors import CONFIGURATION, UNEXPECTED, error_line, json_line
from optiga.cli.support.authorization import authorize_option
from optiga.cli.support.environment import explain, folder_gone, is_folder_gone, take_passphrases
from optiga.cli.support.file_names import FILE, FILE_OR_OUTPUT, FOLDER, force_option
from optiga.cli.support.guesses import in_our_context
from optiga.cli.support.jobs import JobGroup, check_job
from optiga.cli.support.lazy import Lazy, load
from optiga.cli.support.options import is_default, is_typed, option_of
from optiga.cli.support.printing import HELP_COLUMNS, help_columns, say
from optiga.cli.support.settings import Settings, common_options, pass_settings
from optiga.errors import (
    BoardError,
    CertificateError,
    ChipError,
    CloudError,
    ConfigurationError,
    OptigaError,
    Reason,
)
from optiga.files.interruptions import INTERRUPTIONS, EndRequested

if TYPE_CHECKING:
    from optiga.cli.support.defaults import DefaultMap

EXIT_CODES: dict[type[OptigaError], int] = {
    family: family.exit_code for family in (ConfigurationError, BoardError, ChipError, CertificateError, CloudError)
}
_EXIT_UNEXPECTED: int = OptigaError.exit_code
_ASKED_BY_A_SHELL = "_OPTIGA_COMPLETE"
_QUIET = {"-q", "--quiet", "--quit"}
_ASKS_FOR_HELP = {"-h", "--help", "--version"}
_WITHOUT_DEFAULTS = {"help", "completion"}  # they work where the file of defaults is wrong
_FULL = (errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT)

_SECTIONS = {
    "Identity": {
        "provision": Lazy(".commands.identity.provision:command", "Turn a blank chip into a device of AWS IoT."),
        "register": Lazy(".commands.identity.register:command", "Register the chip's own certificate with AWS IoT."),
        "deprovision": Lazy(".commands.identity.deprovision:command", "Remove a device's certificate from AWS IoT."),
        "journal": Lazy(".commands.identity.journal:command", "Show, check and export the journal of 'provision'."),
        "config": Lazy(".commands.config:command", "Write and check configuration files."),
        "ca": Lazy(".commands.ca:command", "Run a CA of your own: sign CSRs, revoke certificates."),
    },
    "Boards and emulated chips": {
        "boards": Lazy(".commands.boards.boards:command", "List the boards and what you need to use them."),
        "pair": Lazy(".commands.boards.pair:command", "Pair chip and host, for shielded connections."),
        "emulator": Lazy(".commands.emulator:command", "Create, reset and serve emulated chips."),
    },
    "The chip": {
        "info": Lazy(".commands.chip.info:command", "Show the chip's model and what its slots hold."),
        "object": Lazy(".commands.chip.object:command", "Read, write and lock objects, and their metadata."),
        "key": Lazy(".commands.key:command", "List, generate and use the keys of the chip."),
        "counter": Lazy(".commands.chip.counter:command", "Show, increment and set counters."),
        "update": Lazy(".commands.update:command", "Make and apply protected updates."),
        "export": Lazy(".commands.chip.transfer:export", "Export all objects of the chip to a file."),
        "import": Lazy(".commands.chip.transfer:import_", "Import all objects of a file into the chip."),
    },
    "Cryptography on the chip": {
        "random": Lazy(".commands.toolbox.random_hash:random", "Get random bytes from the chip."),
        "hash": Lazy(".commands.toolbox.random_hash:hash_command", "Calculate the SHA-256 of a file or object."),
        "hmac": Lazy(".commands.toolbox.random_hash:hmac", "Calculate the HMAC of a file with a secret on the chip."),
        "aes": Lazy(".commands.toolbox.aes:command", "Encrypt and authenticate with the chip's AES key."),
        "rsa": Lazy(".commands.toolbox.rsa:command", "Encrypt and decrypt with RSA."),
    },
    "The shell": {
        "completion": Lazy(".commands.shell.completion:command", "Print the completion script of a shell."),
    },
}


def _show_version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """``--version``. click's own option looks for the catalogs of gettext whenever any command starts."""
    if asked and not ctx.resilient_parsing:
        settings, text = ctx.ensure_object(Settings), f"optiga, version {__version__}"
        settings.print_result({"version": __version__}, text=text) if settings.wants_result else click.echo(text)
        ctx.exit()


def _show_help(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    """``--help``; for click's own option holds what is said of ``--version``."""
    if asked and not ctx.resilient_parsing:
        click.echo(ctx.get_help())
        ctx.exit()


@click.group(
    cls=JobGroup,
    package="optiga.cli",
    sections=_SECTIONS,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": HELP_COLUMNS},
    epilog="Exit codes: 0 done, 1 unexpected, 2 usage or configuration, 3 board, 4 chip, 5 certificate, 6 cloud.",
)
@click.option(
    "--csr",
    "csr_path",
    metavar="CONFIG",
    help="Generate a key pair and a CSR as the configuration (.jsn) describes; - is standard input.",
)
@click.option("--write", "write_path", metavar="FILE", help="Write a certificate, a chain or data to the chip.")
@click.option(
    "--read", "read_oid", metavar="OID|SLOT", help="Read an object: certificates as PEM, others as a hex dump."
)
@click.option(
    "--slot", metavar="SLOT", help="Slot: second, third …, or its OID (default: slot of CONFIG; for --write: second)."
)
@click.option("--id", "object_id", metavar="OID", help="Object to write to, if it is not a slot: 0xE0E8, 0xF1D0 …")
@click.option("--keep-key", is_flag=True, help="With --csr: use the existing key of the slot instead of a new one.")
@click.option("--public-key", type=FILE, help="With --keep-key: file of the public key (default: slot's certificate).")
@click.option("--out-dir", type=FOLDER, help="Output folder for the CSR (default: current folder).")
@click.option("--out", type=FILE_OR_OUTPUT, help="With --read: output file, PEM or raw bytes; - for standard output.")
@click.option("--dry-run", "dry", is_flag=True, help="With --csr or --write: check everything, change nothing.")
@click.option(
    "--pkcs12-passphrase-file",
    type=FILE,
    help="With --write: file whose first line is the passphrase of a PKCS #12 file (default: environment variable "
    "OPTIGA_FILE_PASSPHRASE, else asked for).",
)
@click.option(
    "--strict",
    is_flag=True,
    help="With --write: write nothing and fail if the chain is not valid, or if the certificate does not belong to the "
    "slot's key (with --id: to any key in the chip). Other warnings, such as an expired certificate, stay warnings.",
)
@force_option
@authorize_option
@common_options(environment=True)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    callback=_show_version,
    help="Show the version and exit.",
)
@click.option(
    "-h",
    "--help",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_show_help,
    help="Show this message and exit.",
)
@click.pass_context
@pass_settings
def app(
    settings: Settings,
    ctx: click.Context,
    csr_path: str | None,
    write_path: str | None,
    read_oid: str | None,
    slot: str | None,
    object_id: str | None,
    keep_key: bool,
    public_key: str | None,
    out_dir: str | None,
    out: str | None,
    pkcs12_passphrase_file: str | None,
    strict: bool,
    dry: bool,
) -> None:
    """Give an OPTIGA Trust chip its identity: key pair, CSR, certificate.

    \b
    optiga.py --csr config.jsn                   key pair and CSR from the chip
    optiga.py --port emulator --csr config.jsn   the same on an emulated chip
    optiga.py --write cert.pem --slot second     certificate into the chip's slot
    optiga.py provision config.jsn               all of it, with AWS IoT
    """
    take_passphrases(ctx)
    if csr_path is None and is_default("out_dir"):
        out_dir = None
    check_job(
        {"--csr": csr_path, "--write": write_path, "--read": read_oid},
        {
            "--slot": slot,
            "--id": object_id,
            "--keep-key": keep_key or None,
            "--public-key": public_key,
            "--out-dir": out_dir,
            "--out": out,
            "--pkcs12-passphrase-file": pkcs12_passphrase_file,
            "--strict": strict or None,
            "--dry-run": dry or None,
            "--force": settings.force or None,
            "--authorize": settings.authorizations or None,
        },
        ctx.invoked_subcommand,
    )
    if ctx.invoked_subcommand is not None:
        return
    if csr_path is not None and keep_key:
        job = _job("kept_key:rehearse" if dry else "kept_key:csr")
        job(settings, csr_path, slot=slot, out_dir=out_dir or ".", public_key=public_key)
    elif csr_path is not None:
        _job("dry_run:csr" if dry else "csr:make_csr")(settings, csr_path, slot=slot, out_dir=out_dir or ".")
    elif write_path is not None:
        job = _job("dry_run:write") if dry else partial(_job("write:write_file"), strict=strict)
        job(settings, write_path, slot=slot, object_id=object_id, passphrase_file=pkcs12_passphrase_file)
    elif read_oid is not None:
        _job("read:read_object")(settings, read_oid, out=out)
    elif any(is_typed(ctx, each.name) for each in ctx.command.params):
        raise click.UsageError("No command: name one, or use --csr, --write or --read.", ctx)
    else:
        click.echo(ctx.get_help())


def _job(place: str) -> Callable[..., None]:
    """One of the main command's own jobs, loaded as other commands are: when it is asked for."""
    job: Callable[..., None] = load(f".commands.identity.{place}", "optiga.cli")
    return job


new_settings = Settings
"""What a run is given, so that whoever runs it knows in the end how errors are to be told."""


def run(arguments: Sequence[str] | None = None, settings: Settings | None = None, command: str = "") -> int:
    """Run the command line; every error of the family becomes its lines, or its JSON, and its exit code.

    :param arguments: without the program's name; those of the process where it is None.
    :param settings: filled with what the common options say.
    :param command: another command line than this tool's, ``module:attribute``.
    """
    _silence_python_warnings()
    settings = settings or Settings()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        if _ASKED_BY_A_SHELL in os.environ and not command:
            return _answer_shell()
        wanted: click.Command = in_our_context(load(command, "optiga")) if command else app
        defaults = None if command else _take_defaults(settings, given)
        try:
            result = wanted.main(
                args=given,
                standalone_mode=False,
                obj=settings,
                default_map=defaults,
                terminal_width=help_columns(),
            )
        finally:
            settings.stop_waiting()
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort as aborted:
        raise _interruption(aborted) from None
    except click.ClickException as error:
        return _report_usage(settings, given, error)
    except OptigaError as error:
        return _report(settings, given, error)
    except (KeyboardInterrupt, BrokenPipeError, ModuleNotFoundError):
        raise
    except OSError as error:
        if error.errno in _FULL:
            cause: str = load("optiga.files.files:cause_of", "optiga")(error)
            said = f"the output cannot be written: {cause}"
            return _report(settings, given, ConfigurationError(said, reason=Reason.OUT_OF_SPACE))
        if is_folder_gone():
            return _report(settings, given, folder_gone())
        return _report_unexpected(settings, given, error)
    except Exception as error:
        return _report_unexpected(settings, given, error)
    return result if isinstance(result, int) else 0


def _take_defaults(settings: Settings, arguments: Sequence[str]) -> DefaultMap | None:
    """What a file of defaults says, which the user is told; None where there is none, or help is asked for.

    :raises ConfigurationError: if it cannot be read, or says what it may not.
    """
    if _ASKS_FOR_HELP & set(arguments) or set(arguments[:1]) & _WITHOUT_DEFAULTS:
        return None
    shows_mistakes = ("config", "show") in itertools.pairwise(arguments)
    find = "look_for_defaults" if shows_mistakes else "find_defaults"
    find_defaults, fill = (load(f".support.defaults:{name}", "optiga.cli") for name in (find, "DefaultMap"))
    settings.defaults = defaults = find_defaults(arguments)
    for why in defaults.refused:
        settings.warn(why)
    if defaults.path is not None and not _QUIET & set(arguments):
        settings.note(f"Defaults: {defaults.path}")
    return fill(defaults.values, app) if defaults.values else None


def _answer_shell() -> int:
    """Say what may stand at the cursor; nothing where that cannot be known: an error would stand in the command line.

    :returns: the exit code.
    """
    try:
        code: int = load(".completion.shells:answer", "optiga.cli")(app)
    except Exception:
        return _EXIT_UNEXPECTED
    return code


def _report(settings: Settings, arguments: Sequence[str], error: OptigaError) -> int:
    """Say an error of the family.

    :returns: its exit code.
    """
    family, code = family_of(error)
    explain(error, arguments)
    load(".support.swapped:advise_of_swap", "optiga.cli")(error, app, arguments)
    if settings.defaults is not None and settings.defaults.values:
        load(".support.defaults:advise_of_default", "optiga.cli")(error, settings.defaults, arguments)
    if settings.wants_errors_as_json(arguments):
        parameter: str = load(".support.parameters:parameter_of", "optiga.cli")(error, app, arguments)
        say(error_line(error, family, code, option_of, parameter))
        return code
    settings.error(error.text(option_of))
    for problem in error.problems:
        settings.error(problem)
    return code


def _report_usage(settings: Settings, arguments: Sequence[str], error: click.ClickException) -> int:
    """Say that the command does not take these arguments.

    :returns: the exit code.
    """
    code = EXIT_CODES[ConfigurationError]
    context = getattr(error, "ctx", None)
    asking = f"'{context.command_path} --help'" if context else "--help"  # click does not say it of every error
    message = load(".support.usage:explain_usage", "optiga.cli")(error, arguments)
    if context is not None and (source := _file_of(settings, error, context)):
        message = f"{source}: {message}"
    if settings.wants_errors_as_json(arguments):
        parameter: str = load(".support.parameters:parameter_of_usage", "optiga.cli")(error, app, arguments)
        reason = Reason.MISSING if load(".support.parameters:lacks", "optiga.cli")(error) else Reason.USAGE
        line = json_line(CONFIGURATION, code, reason, message, hint=f"Try {asking}", parameter=parameter)
        say(line)
        return code
    end = "" if message.endswith((".", "?")) else "."
    settings.error(f"{message}{end} Try {asking}.")
    return code


def _file_of(settings: Settings, error: click.ClickException, context: click.Context) -> str:
    """The file of defaults and the line where a value of it is wrong; empty where the command line is."""
    param = getattr(error, "param", None)
    name = getattr(param, "name", None)
    source = context.get_parameter_source(name) if isinstance(name, str) else None
    if source is not click.core.ParameterSource.DEFAULT_MAP or param is None or settings.defaults is None:
        return ""
    return settings.defaults.where(max(param.opts, key=len).lstrip("-"))


def _interruption(aborted: click.Abort) -> KeyboardInterrupt:
    """What click has made an abortion of: in its cause, or, at a question, nowhere."""
    if isinstance(aborted.__cause__, KeyboardInterrupt):
        return aborted.__cause__
    number = INTERRUPTIONS.number
    return KeyboardInterrupt() if number is None else EndRequested(number)


def _silence_python_warnings() -> None:
    """What libraries warn programmers of is not for users, unless they ask Python for it (``-W``)."""
    import warnings

    if not sys.warnoptions:
        warnings.simplefilter("ignore")


def _report_unexpected(settings: Settings, arguments: Sequence[str], error: Exception) -> int:
    """Say a mistake of our own on one line; with ``-vv`` where it was made.

    :returns: the exit code.
    """
    import logging

    logging.getLogger(__name__).debug("unexpected", exc_info=error)
    said = f"unexpected: {type(error).__name__}: {error}"
    hint = "This is a bug. Run the command again with -vv and report the output"
    return _report(settings, arguments, OptigaError(said, hint=hint))


def family_of(error: OptigaError) -> tuple[str, int]:
    """The name of an error's family, and its exit code."""
    for family, code in EXIT_CODES.items():
        if isinstance(error, family):
            return family.__name__.removesuffix("Error").lower(), code
    return UNEXPECTED, _EXIT_UNEXPECTED
