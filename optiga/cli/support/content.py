"""What goes in and out of commands that work on bytes: files, standard input and output, hex."""

from __future__ import annotations

import os
import string
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import click

from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.file_names import out_file_option, refuse_force
from optiga.cli.support.printing import print_lines, require_standard_output
from optiga.cli.support.replacing import ANOTHER, check_replaced, write_output
from optiga.cli.support.settings import Decorator, Settings
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import cause_of, check_output_file, is_there, reason_of, refused
from optiga.files.opening import about_its, open_input, too_large
from optiga.pki.names import LEAST_UID_DIGITS, UID_DIGITS
from optiga.transport import is_emulator, resolve_port

F = TypeVar("F", bound=Callable[..., Any])

MAX_CONTENT = 1 << 26
"""Most bytes that a command takes in whole."""
MAX_FOR_CHIP = 1 << 20
"""Most bytes of what goes into a chip: many times what a whole one holds."""
_PIECE = 1 << 16

out_option: Decorator = out_file_option("Output file, as bytes (default: standard output).", is_printed=True)
hex_option: Decorator = click.option("--hex", "as_hex", is_flag=True, help="Print the result in hex.")
hash_option: Decorator = click.option(
    "--hash",
    "hash_name",
    type=NamedChoice(["sha256", "sha384", "sha512"]),
    default="sha256",
    help="Hash algorithm (default: sha256).",
)


def take_hex(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """Callback of an option: bytes in hex, spaces and colons between allowed."""
    if value is None:
        return None
    try:
        return bytes.fromhex(value.removeprefix("0x").replace(":", ""))
    except ValueError:
        raise click.BadParameter("not bytes in hex, for example 00ff", ctx, param) from None  # it is not shown


def take_uid(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Callback of an option: a chip's UID, as the results of commands have it, or a part of one."""
    if value is None:
        return None
    uid = value.strip().lower().removeprefix("0x").replace(":", "")
    if len(uid) > UID_DIGITS or not uid or set(uid) - set(string.hexdigits):
        raise click.BadParameter(
            f"{value!r} is no UID: give its {UID_DIGITS} hex digits, or {LEAST_UID_DIGITS} or more of "
            "them in a row, as 'info --query uid' prints them",
            ctx,
            param,
        )
    if len(uid) < LEAST_UID_DIGITS:
        raise click.BadParameter(
            f"{value!r} is too short: give at least {LEAST_UID_DIGITS} of the UID's {UID_DIGITS} hex digits", ctx, param
        )
    return uid


def pieces(name: str, what: str = "file") -> Iterator[bytes]:
    """The content of a file of any size, or of standard input for ``-``, piece by piece.

    :param what: what it is to the user, for messages.
    :raises ConfigurationError: if it cannot be read.
    """
    try:
        if name == "-":
            yield from _read_in_pieces(_standard_input())
            return
        with open_input(Path(name)) as file:
            yield from _read_in_pieces(file)
    except ValueError:  # a null character in the path
        raise ConfigurationError(f"{name!r} is not the name of a file") from None
    except OSError as error:
        raise refused(f"cannot read {_called(name, what)}", error, Reason.NOT_READABLE) from None


def _read_in_pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece


def _called(name: str, what: str) -> str:
    return "standard input" if name == "-" else f"the {what} {name}"


def _standard_input() -> BinaryIO:
    if sys.stdin is None:
        raise ConfigurationError(
            "cannot read standard input: it is closed", hint="Name a file instead of -", reason=Reason.MISSING
        )
    return sys.stdin.buffer


@about_its("name")
def read_whole(name: str, what: str = "file", *, limit: int = MAX_CONTENT, empty: bool = True, room: str = "") -> bytes:
    """The content of a file, or of standard input for ``-``.

    :param limit: most bytes of it.
    :param empty: whether it may be empty.
    :param room: as for :func:`.opening.too_large`.
    :raises ConfigurationError: if it cannot be read, is longer, or empty where it may not be.
    """
    data = bytearray()
    for piece in pieces(name, what):
        data += piece
        if len(data) > limit:
            raise too_large(_called(name, what), limit, room)
    if not data and not empty:
        raise ConfigurationError(
            f"{_called(name, what)} is empty", hint="Give at least one byte: the chip accepts no empty message"
        )
    return bytes(data)


INPUT = Path("standard input")
"""What to call standard input in messages of who takes a path."""


def named_or_input(name: str, what: str) -> tuple[Path, bytes | None]:
    """A file by its path, which is not read yet; or standard input for ``-``, with its content.

    :param what: what it is to the user, for messages.
    :raises ConfigurationError: if standard input cannot be read, or has too much.
    """
    return (INPUT, read_whole("-", what, limit=MAX_FOR_CHIP)) if name == "-" else (Path(name), None)


def read_metadata_file(name: str) -> bytes:
    """The content of a file with metadata, or of standard input for ``-``.

    :raises ConfigurationError: if it cannot be read, or is longer than a file of a whole chip.
    """
    return read_whole(name, "metadata", limit=MAX_FOR_CHIP)


def check_out(out: str | None, *, secret: bool = False, over_keys: bool = False) -> None:
    """Make sure that the file of ``--out`` can be written, before anything is done for it.

    :param secret: whether what goes into it is a secret.
    :param over_keys: let a file that holds a private key be replaced, for a command that asks first.
    :raises ConfigurationError: if it cannot, or is that of the emulated chip at the port.
    """
    if out is not None:
        check_output_file(Path(out), secret=secret, over_keys=over_keys)
        check_not_chip(Path(out))
    else:
        refuse_force("--out")


def check_not_lost_to_new_chip(
    settings: Settings, out: str | None, *, is_kept: bool, yes: bool = False, another: str = ANOTHER
) -> None:
    """Refuse, before the port makes a chip, to replace a file: what a new chip gives is not what it holds.

    :param is_kept: as for :func:`.replacing.check_replaced`, which is asked, as all others.
    :raises ConfigurationError: if the file would be missed.
    """
    if out is None or settings.port is None or not is_emulator(settings.port):
        return
    file = resolve_port(settings.port).chip_file
    if file is not None and not is_there(file):
        check_replaced(settings, out, None, is_kept=is_kept, yes=yes, another=another)


@about_its("path")
def check_not_chip(path: Path) -> None:
    """Refuse an output file that the emulated chip at the port is going to be made in.

    :raises ConfigurationError: if it is that one.
    """
    settings = click.get_current_context().ensure_object(Settings)
    if settings.port is None:
        return

    file = resolve_port(settings.port).chip_file if is_emulator(settings.port) else None
    if file is not None and os.path.realpath(file) == os.path.realpath(path):
        raise ConfigurationError(
            f"cannot overwrite {path}: it is the emulated chip",
            hint="Name another file",
            reason=Reason.EXISTS,
            parameter="out",
        )


def check_not_terminal(what: str, instead: str) -> None:
    """Refuse to write bytes to a terminal, before anything is done for them.

    :param instead: what to do where no file is wanted: the rest of "Use --out FILE, or".

    :raises ConfigurationError: if standard output is one.
    """
    if sys.stdout is not None and sys.stdout.isatty():
        raise ConfigurationError(
            f"{what} cannot be written to a terminal",
            hint=f"Use --out FILE, or {instead}",
            reason=Reason.UNSUPPORTED,
            parameter="out",
        )


def save(settings: Settings, out: str, data: bytes, what: str, *, secret: bool = False, is_kept: bool = False) -> None:
    """Write a result into its file, whole or not at all; for nobody else to read if it is a secret.

    :param is_kept: as for :func:`.replacing.check_replaced`, which is asked.
    """
    write_output(settings, out, data, secret=secret, is_kept=is_kept)
    settings.note(f"{what} has been written to {out}")


def deliver(settings: Settings, data: bytes, what: str, *, out: str | None, as_hex: bool, secret: bool = False) -> None:
    """Give a result out: into a file, in hex, or as bytes; a terminal gets text where it is text, and hex otherwise."""
    shown = data.hex().encode("ascii") + b"\n" if as_hex else data
    if out is not None:
        save(settings, out, shown, what, secret=secret)
        return
    if not as_hex and sys.stdout is not None and sys.stdout.isatty():
        if _is_text(data):
            print_lines(data.decode("ascii"))
        else:
            settings.note(f"{what} is not text: printed in hex")
            print_lines(data.hex())
        return
    write_bytes(shown)


def give(
    settings: Settings,
    data: bytes,
    what: str,
    result: Callable[[int, bytes | None, str | None], object],
    *,
    out: str | None,
    as_hex: bool,
    secret: bool = False,
) -> None:
    """Give bytes out as a command's result: those of a file are not in what is printed.

    :param result: makes the result of the number of bytes, the bytes, and the file; the bytes or the file is None.
    """
    if not settings.wants_result:
        deliver(settings, data, what, out=out, as_hex=as_hex, secret=secret)
        return
    if out is not None:
        save(settings, out, data.hex().encode() + b"\n" if as_hex else data, what, secret=secret)
    settings.print_result(result(len(data), None if out is not None else data, out))


def write_bytes(data: bytes) -> None:
    """Write bytes to standard output.

    :raises ConfigurationError: if it does not take them, for example on a full disk, or is closed.
    """
    require_standard_output()
    try:
        stream = sys.stdout.buffer
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigurationError(
            f"cannot write to standard output: {cause_of(error)}", reason=reason_of(error, Reason.NOT_WRITABLE)
        ) from None


def _is_text(data: bytes) -> bool:
    printable = set(string.printable.encode("ascii")) - set(b"\x0b\x0c\r")
    return all(byte in printable for byte in data)
