"""Any program on an emulated chip: it runs, the chip is served for as long, its exit code is passed on."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from optiga.emulator.boards import Place, Serve, uart_place
from optiga.emulator.server import Stop
from optiga.errors import ConfigurationError, Reason
from optiga.files.files import cause_of, reason_of
from optiga.files.interruptions import handled
from optiga.files.shown import file_in_command

_PLACE = "{port}"
_MOST_FOLDER = 64
"""Bytes of the path of a folder in which a socket's has room behind it: of about 100, all that systems take."""
_SIGNALED = 128
"""Added to the number of the signal that ended the program, as shells do."""
_TERMINAL = "/dev/tty"
_LOOK_S = 0.5
"""How long, in seconds, a program is waited for before signals are looked at."""
_MOMENT_S = 1.0
"""In which a program ends that got a SIGINT itself, in seconds."""


def run_program(command: Sequence[str], serve: Serve, *, place: Callable[[str], Place] = uart_place) -> int:
    """Run a program while a board is served.

    Signals that ask to end are the program's, and are passed on; not Ctrl-C, which reaches it from the terminal. In the
    main thread only.

    :param command: the program and its arguments; ``{port}`` in an argument stands for the board's port.
    :param place: where the program finds the board, by what is announced. The port is in ``OPTIGA_PORT``, too.
    :returns: the program's exit code; 128 and the signal's number if a signal has ended it.
    :raises ConfigurationError: if there is no such program, or it cannot be run.
    :raises OptigaError: if the board cannot be served.
    """
    with served(serve) as announced:
        port, variables = place(announced)
        words = [command[0], *(word.replace(_PLACE, port) for word in command[1:])]
        return run_with_environment(words, {**os.environ, "OPTIGA_PORT": port, **variables})


def run_with_environment(
    words: Sequence[str], variables: Mapping[str, str], *, started: Callable[[], None] = lambda: None
) -> int:
    """Run a program to its end. Signals that ask to end are the program's, as in :func:`run_program`.

    :param words: the program and its arguments.
    :param variables: all of the program's environment.
    :param started: is called when the program has started.
    :returns: the program's exit code; 128 and the signal's number if a signal has ended it.
    :raises ConfigurationError: if there is no such program, or it cannot be run.
    """
    with _passed_on() as begin:
        try:
            # What a shell hands over, such as /dev/fd/63, is the program's, too.
            process = subprocess.Popen(words, env=variables, close_fds=False)  # noqa: S603 - what the user wants to run
        except (OSError, ValueError) as error:
            raise _cannot_run(words[0], error) from None
        begin(process)
        started()
        code = _wait(process)
    return code if code >= 0 else _SIGNALED - code


def _wait(process: subprocess.Popen[bytes]) -> int:
    """Wait for a program to end.

    The system may give a signal to a thread of the board's server. Python handles it here, once the waiting is over.
    """
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=_LOOK_S)


def check_program(program: str) -> None:
    """Refuse a program that is not there, before anything is done for it. Windows has its own rules for where it is.

    :raises ConfigurationError: if there is none, or it cannot be run.
    """
    if os.name == "posix" and "\0" not in program and shutil.which(program) is None:
        raise _cannot_run(program, _why_not(program))


def _why_not(program: str) -> OSError:
    """What the system says of a program that it does not run. It looks for a name without a folder in PATH alone."""
    number = errno.ENOENT
    if os.path.dirname(program) and os.path.lexists(program):  # noqa: PTH120
        number = errno.EISDIR if os.path.isdir(program) else errno.EACCES  # noqa: PTH112
    return OSError(number, os.strerror(number))


def _cannot_run(program: str, error: OSError | ValueError) -> ConfigurationError:
    if isinstance(error, ValueError):
        return ConfigurationError(f"{program!r} cannot be run: {error}", hint="Name a program")
    hint = "Use a program in your PATH, or give the full path"
    if error.errno == errno.EACCES:
        hint = f"To make it executable, use chmod +x {file_in_command(program)}"
    return ConfigurationError(
        f"{program} cannot be run: {cause_of(error)}", hint=hint, reason=reason_of(error, Reason.DENIED)
    )


@contextmanager
def served(serve: Serve) -> Iterator[str]:
    """Serve a board from a thread of its own for as long as the context lasts; gives what it announces.

    :raises OptigaError: if the board cannot be served, or not to the end.
    """
    stop = Stop()
    server = _Server(serve, stop)
    server.start()
    try:
        yield server.announced()
    finally:
        stop()
        server.join()
        stop.close()
    server.check()


@contextmanager
def own_socket() -> Iterator[Path]:
    """The path of a socket, in a folder that is gone when the context ends.

    Where temporary files lie too deep for a socket's path (unix(7)), or under a name with the colon that parts the
    boards in a variable, the folder is in /tmp.
    """
    usual = tempfile.gettempdir()
    is_fit = len(os.fsencode(usual)) <= _MOST_FOLDER and ":" not in usual
    where = usual if is_fit or os.name == "nt" else "/tmp"  # noqa: S108 - in a folder of its own there
    with tempfile.TemporaryDirectory(prefix="optiga-", dir=where) as folder:
        yield Path(folder, "bus")


class _Server(threading.Thread):
    """Serves a board beside the program."""

    def __init__(self, serve: Serve, stop: Stop) -> None:
        super().__init__(daemon=True)
        self._serve = serve
        self._end = stop  # a thread has a _stop of its own, which Python calls in a process that is forked
        self._known = threading.Event()
        self._announced = ""
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._serve(self._announce, self._end)
        except BaseException as error:  # raised again in the main thread
            self._error = error
        finally:
            self._known.set()

    def announced(self) -> str:
        """What is announced, once it is.

        :raises OptigaError: if the board cannot be served.
        """
        self._known.wait()
        self.check()
        return self._announced

    def check(self) -> None:
        """Raise what has ended the server, once."""
        error, self._error = self._error, None
        if error is not None:
            raise error

    def _announce(self, port: str) -> None:
        self._announced = port
        self._known.set()


@contextmanager
def _passed_on() -> Iterator[Callable[[subprocess.Popen[bytes]], None]]:
    """Leave the signals that ask to end to a program, as long as the context lasts; also those of before it began."""
    waiting: list[int] = []
    program: list[subprocess.Popen[bytes]] = []
    later: list[threading.Timer] = []

    def interrupt() -> None:
        for process in program:
            process.send_signal(signal.SIGINT)

    def pass_on_later(_number: int, _frame: FrameType | None) -> None:
        """Whoever sends a SIGINT without a terminal may have sent it to the program, too, which two might hurt."""
        if not any(one.is_alive() for one in later) and not _comes_from_a_terminal():
            later.append(threading.Timer(_MOMENT_S, interrupt))
            later[-1].start()

    def pass_on(number: int, _frame: FrameType | None) -> None:
        if program:
            program[0].send_signal(number)
        else:
            waiting.append(number)

    def begin(process: subprocess.Popen[bytes]) -> None:
        program.append(process)
        for number in waiting:
            process.send_signal(number)

    wanted = [signal.SIGTERM] if sys.platform == "win32" else [signal.SIGTERM, signal.SIGHUP]
    with handled(wanted, pass_on), handled([signal.SIGINT], pass_on_later):
        try:
            yield begin
        finally:
            for one in later:
                one.cancel()
                one.join()


def _comes_from_a_terminal() -> bool:
    """Whether a SIGINT may be a Ctrl-C, which a terminal sends to this process and to the program."""
    if sys.platform == "win32":
        return True  # there is no other
    try:
        terminal = os.open(_TERMINAL, os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
