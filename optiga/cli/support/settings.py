"""The options that every command takes, before it or after it, and what follows from them: port, notes, results."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import update_wrapper, wraps
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import click

from optiga.cli.support.choices import NamedChoice
from optiga.cli.support.lazy import load
from optiga.cli.support.options import QuietOption, in_full, option_of, result_in_full
from optiga.cli.support.printing import is_new, is_other_file, print_lines, say, takes_every_letter
from optiga.errors import OptigaError, shorten, told
from optiga.files.shown import shown, shown_json, shown_lines
from optiga.results import lines, to_json, to_literal, with_warnings

if TYPE_CHECKING:
    from pathlib import Path

    from optiga.chip import Chip
    from optiga.cli.support.defaults import Defaults
    from optiga.cli.support.waiting import WaitingLine, WaitingNotes
    from optiga.transport import Port

F = TypeVar("F", bound=Callable[..., Any])
P = ParamSpec("P")
R = TypeVar("R")
_FORMS = ("repr", "json", "text")
"""What ``--output`` may be."""
_FORM_WORDS = {"json": "json for programs", "text": "text as in the AWS CLI", "csv": "csv for spreadsheets"}


class Decorator(Protocol):
    """An option of a command, or several of them."""

    def __call__(self, function: F, /) -> F: ...


class PassesSettings(Protocol):
    """Gives a command the settings as its first argument."""

    def __call__(self, function: Callable[Concatenate[Settings, P], R], /) -> Callable[P, R]: ...


class Settings:
    """What the common options say.

    ``port`` as the user wrote it, None where nothing was written; ``query``, a JMESPath expression on the result;
    ``output``: ``repr``, ``json`` or ``text``, None leaves it to the command; ``wide``: rows of tables are not broken;
    ``force``: the output may take the place of a file with other content; ``authorizations``, objects and the files of
    their secrets; ``defaults``, what a file of them says; ``has_made_chip``: opening the port has made one; ``warned``.
    """

    def __init__(self) -> None:
        self.port: str | None = None
        self.query: str | None = None
        self.output: str | None = None
        self.quiet = self.wide = self.force = False
        self.defaults: Defaults | None = None
        self.verbosity = 0
        self.warned: list[str] = []
        self.authorizations: list[tuple[str, Path]] = []
        self._resolved: Port | None = None
        self.has_made_chip: bool = False
        self._makes_chip = False
        self._waiting: WaitingLine | WaitingNotes | None = None

    def find_port(self) -> Port:
        """The port asked for, or that of the one board; an emulated chip is announced, always, once its file is there.

        :raises OptigaError: if there is none.
        """
        from optiga.transport import resolve_port

        self.show_waiting()
        if self._resolved is None:
            self._resolved = resolve_port(self.port)
            if (file := self._resolved.chip_file) and not is_other_file(file):
                self.announce_emulated(file)
            if secret := self._resolved.secret:
                self.warn_of_readers(secret)
        return self._resolved

    def show_waiting(self) -> None:
        """Tell people from now on what takes its time: at a terminal a line, which ``-v`` replaces; else notes."""
        if self._waiting is not None or self.quiet or sys.stderr is None:
            return
        if not sys.stderr.isatty():
            self._waiting = load("optiga.cli.support.waiting:WaitingNotes", "optiga")(self.note)
        elif not self.verbosity:
            self._waiting = load("optiga.cli.support.waiting:WaitingLine", "optiga")(sys.stderr)
        if self._waiting is not None:
            self._waiting.open()

    @property
    def has_taken_echo(self) -> bool:
        """Whether the line that told people has been erased together with the echo of a Ctrl-C."""
        return self._waiting is not None and self._waiting.has_taken_echo

    def stop_waiting(self) -> None:
        """Nothing takes its time any more."""
        if self._waiting is not None:
            self._waiting.close()
            self._waiting = None

    def _say(self, text: str, colour: str | None = None) -> None:
        if self._waiting is not None:
            self._waiting.erase()
        say(text, colour=colour)

    def open_chip(self, *oids: int, meanwhile: Callable[[], object] | None = None) -> Chip:
        """Open the chip at the port asked for, and prove to it what secrets are known.

        :param oids: objects that its model must have.
        :param meanwhile: what may be done while the chip begins.
        :raises OptigaError: if that cannot be.
        """
        if not self.authorizations and not oids:
            return self.connect(meanwhile)
        from optiga.cli.support.authorized import open_authorized

        return open_authorized(self.connect, oids, self)

    def connect(self, meanwhile: Callable[[], object] | None = None) -> Chip:
        """Open the chip at the port asked for, as :meth:`open_chip`, and prove nothing."""
        from optiga.chip import open_chip

        try:
            return open_chip(self.find_port(), meanwhile=meanwhile)
        finally:
            self.note_new_chip()

    def note_new_chip(self, file: Path | None = None) -> None:
        """Say that opening the chip in a file, or at the port, has made it, with ``--quiet``, too: check its name."""
        if self._makes_chip and (file := self.find_port().chip_file):
            self.announce_emulated(file)
        if file and load("optiga.emulator.file_names:take_made", "optiga")(file):  # not by another, at the same time
            self.has_made_chip = True
            meant: str = load("optiga.emulator.file_names:chip_like", "optiga")(file)
            self._say(f"A new chip was created in {shown(str(file))}" + f". Did you mean {shown(meant)}?" * bool(meant))

    def warn_of_network(self, what: str) -> None:
        """Say that a secret comes over a network in clear, if the port asked for is at another end of one.

        :param what: the secret, for example "the key".
        """
        if self.find_port().is_network:
            self.warn(
                f"{what} crosses the network unencrypted: anyone who can listen on the way to {self.port} can read it"
            )

    def warn_of_readers(self, secret: Path) -> None:
        """Say that others may read the file of a platform binding secret, if they may."""
        for warning in load("optiga.files.secrets:readers_of", "optiga")(secret, "platform binding secret"):
            self.warn(warning)

    def warn_of_folder(self, path: Path, what: str) -> None:
        """Say that others may write the folder where a file lies, if they may.

        :param what: what the file is to the user, for example ``the journal``.
        """
        with suppress(OSError, ValueError):
            is_shared = path.parent.stat().st_mode & 0o022
            if is_shared and (warning := load("optiga.files.owners:folder_warning", "optiga")(path, what)):
                self.warn(warning)

    def announce_emulated(self, path: Path) -> None:
        """Say that a chip is emulated, ``--quiet`` or not, so that it is never taken for a real one."""
        self._makes_chip = (new := is_new(path)) is True
        if new is False:  # otherwise it is refused in a moment, or its file is not there yet
            self._say(f"Emulated chip: {shown(str(path))}. Its keys are in that file and protect nothing.")
            self.warn_of_folder(path, "the emulated chip")

    def note(self, text: str) -> None:
        """Something for people; silent with ``--quiet``."""
        if not self.quiet:
            self._say(shown_lines(in_full(text)))

    def warn(self, text: str) -> None:
        """Something that people must know, ``--quiet`` or not; lines behind its first are indented."""
        self.warned.append(in_full(text))
        first, *others = shorten(shown_lines(self.warned[-1])).split("\n")
        others = [line if line.startswith("    ") else f"    {line}" for line in others]
        self._say("\n".join([f"Warning: {first}", *others]), "yellow")

    def error(self, text: str) -> None:
        """Why the command failed; one line."""
        self._say(f"Error: {shorten(shown(' '.join(told(text, option_of).splitlines())))}", "red")

    def wants_errors_as_json(self, arguments: Sequence[str]) -> bool:
        """Whether errors are one JSON object, too.

        :param arguments: those of the command line, which count where it was not understood as far as ``--output``.
        """
        if self.output is not None:
            return self.output == "json"
        words = [word.lower() for word in arguments]
        return "--output=json" in words or ("--output", "json") in pairwise(words)

    def check_query(self, result: object) -> None:
        """Refuse a query that finds nothing in a result of this kind, before anything is done.

        :param result: its type, a dataclass; or the result itself where all of it is known beforehand.
        :raises ConfigurationError: if it finds nothing there.
        """
        if self.query is not None:
            from optiga.cli.support.query import check

            check(self.query, result)

    @property
    def wants_result(self) -> bool:
        """Whether the user asked for a result where the command prints none by itself."""
        return self.query is not None or self.output is not None

    @property
    def is_read_by_a_person(self) -> bool:
        """Whether a result goes to a terminal, and nobody asked for a form or a part of it."""
        return self.goes_to_terminal and not self.wants_result

    @property
    def goes_to_terminal(self) -> bool:
        """Whether standard output is a terminal."""
        return sys.stdout is not None and sys.stdout.isatty()

    def print_result(self, result: object, *, default: str = "text", text: str | None = None) -> None:
        """Print a result on standard output, in the form asked for.

        :param result: a dataclass, whose fields are printed; a document is a mapping.
        :param default: the form where none was asked for: ``repr``, ``json`` or ``text``.
        :param text: the form for people; a line for each field where there is no other.
        :raises ConfigurationError: if the query finds nothing.
        """
        import json

        form, result = self.output or default, with_warnings(result, self.warned)
        value = result_in_full(to_json(result))
        if self.query is not None:
            from optiga.cli.support.query import find

            value = find(self.query, result)
            text = str(value)
            if form == "repr" or (self.output != "json" and (value is None or isinstance(value, str))):
                form = "text"
            elif self.output is None and isinstance(value, (dict, list)):
                form = "json"
        if self.output == "text":
            print_lines(load("optiga.cli.render.words:words", "optiga")(value), line_break=False)
        elif form == "text":
            print_lines(shown_lines(result_in_full(lines(result) if text is None else text)))
        elif form == "repr":
            print_lines(repr(value if self.query is not None else result_in_full(to_literal(result))))
        else:
            print_lines(shown_json(json.dumps(value, indent=4, ensure_ascii=not takes_every_letter())))


_pass_settings: PassesSettings = click.make_pass_decorator(Settings, ensure=True)


def pass_settings(function: Callable[Concatenate[Settings, P], R], /) -> Callable[P, R]:
    """Give a command the settings as its first argument; from then on people are told what takes its time."""

    def start(settings: Settings, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not isinstance(click.get_current_context().command, click.Group):  # -q may stand behind the subcommand
            settings.show_waiting()
        try:
            return function(settings, *args, **kwargs)
        except OptigaError as error:
            error.message, error.hint = in_full(error.message), in_full(error.hint)
            raise

    return _pass_settings(update_wrapper(start, function))


def together(*decorators: Callable[[Any], Any]) -> Decorator:
    """Options, in their order, that several commands take, as one decorator."""

    def decorate(function: F) -> F:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


def common_options(*, environment: bool = False, board: bool = True, forms: tuple[str, ...] = _FORMS) -> Decorator:
    """The options that every command takes.

    :param board: whether it may use a board; the help of others does not show ``--port``.
    :param forms: what ``--output`` may be; without any there is no result to query, and it is for errors alone.
    :param environment: whether the environment variable for the port counts; on the main command only, so that it
        never overrules what was written there.
    """
    return together(
        click.option(
            "--port",
            metavar="PORT",
            envvar="OPTIGA_PORT" if environment else None,
            show_envvar=environment,
            expose_value=False,
            callback=_keep,
            hidden=not board,
            help="Serial device, ft260, /dev/i2c-1, socket://HOST:PORT, rfc2217://HOST:PORT or emulator[:PATH] "
            "(default: the board, if only one is plugged in).",
        ),
        *_result_options(forms),
        click.option(
            "-q",
            "--quiet",
            "--quit",
            cls=QuietOption,
            is_flag=True,
            expose_value=False,
            callback=_keep,
            help="Print only results, warnings, errors, and that a chip is emulated or was created.",
        ),
        click.option(
            "-v",
            "--verbose",
            "verbosity",
            count=True,
            expose_value=False,
            callback=_keep_verbosity,
            help="Log each command and its time; -vv: each frame, too, in hex.",
        ),
    )


def _result_options(forms: tuple[str, ...]) -> list[Callable[[Any], Any]]:
    query = click.option(
        "--query",
        metavar="EXPR",
        expose_value=False,
        callback=_keep_query,
        help="Print only a part of the result: the name of a field, or a JMESPath expression.",
    )
    what = ", ".join(words for form, words in _FORM_WORDS.items() if form in forms)
    output = click.option(
        "--output",
        type=NamedChoice(forms or _FORMS),
        is_eager=True,  # the version is told in this form, too
        expose_value=False,
        callback=_keep_output,
        help=f"Output format: {what} (default: depends on the command)."
        if forms
        else "Output format of errors: json for programs.",
    )
    return [query, output] if forms else [output, _without_result]


def _without_result(function: F) -> F:
    """For commands that print no result: they refuse a query that stands before their name."""

    @wraps(function)
    def refuse(*args: Any, **kwargs: Any) -> Any:
        if _settings(click.get_current_context()).query is not None:
            raise click.UsageError("--query requires a command that has a result.")
        return function(*args, **kwargs)

    return cast("F", refuse)


def _settings(ctx: click.Context) -> Settings:
    return ctx.ensure_object(Settings)


def _keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep the value of an option that was given; one given behind the subcommand overrules one before it."""
    if value:
        setattr(_settings(ctx), str(param.name), value)
    elif value == "" and param.name == "port":
        # It was typed: an empty environment variable is none. click would name the variable, too.
        raise click.BadParameter("is empty: name a device, a URL or emulator", ctx, param, param_hint="'--port'")


def _keep_output(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Keep a form that was given; one given before the subcommand must be one that it has, too."""
    form = value or _settings(ctx).output
    if form:
        _settings(ctx).output = param.type.convert(form, param, ctx)


def _keep_query(ctx: click.Context, param: click.Parameter, value: str | None) -> None:  # noqa: ARG001
    if value is not None:
        from optiga.cli.support.query import compile_query

        compile_query(value)
        _settings(ctx).query = value


def _keep_verbosity(ctx: click.Context, param: click.Parameter, value: int) -> None:  # noqa: ARG001
    if value:
        settings = _settings(ctx)
        settings.verbosity = max(settings.verbosity, value)
        load("optiga.cli.support.log_lines:start", "optiga")(settings.verbosity)
