"""The command line: options in, text out. Entry point: :func:`main`."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from optiga.cli.render.errors import CONFIGURATION, INTERRUPTED, json_line
from optiga.errors import Naming, Reason
from optiga.files.interruptions import INTERRUPTIONS, Unchanged, Uninterrupted
from optiga.files.shown import shown

if TYPE_CHECKING:
    from optiga.cli.support.settings import Settings

EXIT_CONFIGURATION = 2
_STDERR = 2
EXIT_SIGNAL = 128
"""The exit code of a run that a signal has ended is this more than the signal's number, as in a shell."""
EXIT_NOBODY_READS = EXIT_SIGNAL + 13
"""That of SIGPIPE: whoever read standard output has left, as ``head`` does when it has its lines."""
_ENDINGS = {"SIGTERM": "Terminated", "SIGHUP": "Hung up"}


def main(arguments: Sequence[str] | None = None, command: str = "") -> int:
    """Run the command line and return its exit code. Every error becomes one line on standard error.

    :param arguments: without the program's name; those of the process by default.
    :param command: another command line than this tool's, ``module:attribute``.
    """
    with INTERRUPTIONS:  # to the end: what is said of an interruption is not cut off by one more
        return _main(arguments, command)


def _main(arguments: Sequence[str] | None, command: str) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    settings: Settings | None = None
    try:
        with Uninterrupted():  # what comes meanwhile is told as the arguments have it
            from optiga.cli.app import new_settings, run

            settings = new_settings()
        try:
            return run(arguments, settings, command)
        finally:
            _drop_what_is_unfinished()
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "optiga":
            raise
        as_json = settings is not None and settings.wants_errors_as_json(given)
        return _say_what_is_missing(error.name.partition(".")[0], as_json=as_json)
    except KeyboardInterrupt as interrupted:
        if not command and not interrupted.args and not _has_begun(interrupted):
            interrupted.args = (Unchanged("Nothing was changed"),)
        return _say_interrupted(interrupted, as_json=settings is not None and settings.wants_errors_as_json(given))
    except (BrokenPipeError, SystemExit):  # click makes the latter of the former
        return EXIT_NOBODY_READS


def enter(command: str = "") -> NoReturn:
    """Run the command line as the whole of this process, and end it.

    :param command: another command line than this tool's, ``module:attribute``.

    What a command makes lasts to its end, so nobody looks for garbage meanwhile. The process ends without taking apart
    what it is made of, which would take longer than some commands: everything that matters has been closed by then.
    """
    _have_standard_error()
    _print_any_character()
    gc.disable()
    code = main(command=command)
    for name in ("SIGINT", *_ENDINGS):
        with suppress(AttributeError, OSError, ValueError):
            signal.signal(getattr(signal, name), signal.SIG_IGN)  # what was asked for is done, and shall be told so
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is where the process was started with the stream closed
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(code)


def _have_standard_error() -> None:
    """Throw away what is said where the process was started with standard error closed (``2>&-``).

    Else ``print`` says it on standard output, and the next file that is opened has standard error's number, so that
    whatever writes to that number, a library in C or a process that is started, writes into the file.
    """
    if sys.stderr is not None:
        return
    with suppress(OSError):
        number = os.open(os.devnull, os.O_WRONLY)
        if number != _STDERR and not _is_open(_STDERR):
            os.dup2(number, _STDERR)
            os.close(number)
            number = _STDERR
        os.set_inheritable(number, number == _STDERR)
        sys.stderr = os.fdopen(number, "w", encoding="utf-8", errors="backslashreplace")


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _print_any_character() -> None:
    """Print by its number what standard output has no character for, as a pipe on Windows has none for ``\u65e5``."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _say_interrupted(interrupted: KeyboardInterrupt, *, as_json: bool) -> int:
    """Say what is to be said of a run that was to end, and what ended it. The exit code is the signal's."""
    number = signal.Signals(getattr(interrupted, "number", signal.SIGINT))
    with suppress(OSError, ValueError):  # whoever hangs up takes the terminal along
        left: list[str] = []
        for said in interrupted.args:
            left.append(shown(_in_full(said)))
            print("" if isinstance(said, Unchanged) else "Warning: ", left[-1], sep="", file=sys.stderr)
        said = _ENDINGS.get(number.name, "Interrupted")
        if as_json:
            place = {name: getattr(interrupted, name, "") for name in ("port", "uid")}
            hint = ". ".join(left)
            said = json_line(INTERRUPTED, EXIT_SIGNAL + number, Reason.INTERRUPTED, said, hint=hint, **place)
        print(said, file=sys.stderr)
    return EXIT_SIGNAL + number


def _has_begun(interrupted: KeyboardInterrupt) -> bool:
    """Whether a run was in the function of a command, and not still at its modules and options."""
    at = interrupted.__traceback__
    while at is not None:
        frame = at.tb_frame
        is_module = frame.f_code.co_name == "<module>"
        if not is_module and str(frame.f_globals.get("__name__")).startswith("optiga.cli.commands."):
            return True
        at = at.tb_next
    return False


def _in_full(said: object) -> str:
    """What is said of an interrupted run, with options for parameters."""
    return str(import_module("optiga.cli.support.options").in_full(said) if isinstance(said, Naming) else said)


def _drop_what_is_unfinished() -> None:
    """Take away temporary files that an interruption has left, if any were made at all."""
    if (module := sys.modules.get("optiga.files.temporary")) is not None:
        module.drop_all()


def _say_what_is_missing(module: str, *, as_json: bool) -> int:
    from optiga.cli.support.missing import say_what_to_install

    said = say_what_to_install(module)
    if as_json:
        said = json_line(CONFIGURATION, EXIT_CONFIGURATION, Reason.NOT_INSTALLED, said.removeprefix("Error: "))
    print(said, file=sys.stderr)
    return EXIT_CONFIGURATION
