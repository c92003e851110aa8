"""The command line: options in, text out. One door: :func:`main`."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

EXIT_UNEXPECTED = 1
EXIT_INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Every error becomes one line on standard error.

    :param arguments: without the program's name; those of the process by default.
    """
    # What a command makes lasts to its end, so looking for garbage meanwhile only costs time.
    collects = gc.isenabled()
    gc.disable()
    try:
        from optiga.cli.app import run

        return run(arguments)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] == "optiga":
            raise
        return _say_what_is_missing(error.name.partition(".")[0])
    except KeyboardInterrupt as interrupted:
        for said in interrupted.args:
            print(f"Warning: {said}", file=sys.stderr)
        print("Interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left. Nothing more can be said there, not even at the interpreter's end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_UNEXPECTED
    finally:
        if collects:
            gc.enable()


def enter() -> NoReturn:
    """Run the command line as the whole of this process, and end it.

    The process ends without taking apart what it is made of, which would take longer than some commands: everything
    that matters has been closed by then.
    """
    _print_any_character()
    code = main()
    with suppress(OSError, ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # what was asked for is done, and shall be told as done
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # as it is where the process was started with the stream closed
            with suppress(OSError, ValueError):
                stream.flush()
    os._exit(code)


def _print_any_character() -> None:
    """Print by its number what standard output has no character for, as a pipe on Windows has none for ``\u65e5``."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")


def _say_what_is_missing(module: str) -> int:
    from optiga.cli.support.missing import say_what_to_install

    print(say_what_to_install(module), file=sys.stderr)
    return EXIT_UNEXPECTED
