"""What people type for a command or an option that is called otherwise, and the way that they are shown."""

from __future__ import annotations

import itertools
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import click

from optiga.naming import in_command

if TYPE_CHECKING:
    from types import TracebackType

_DASHES = "-/\u2010\u2011\u2012\u2013\u2014\u2212"
"""What stands before an option: also a slash, as on Windows, and the dashes that a word processor makes of two."""
FILES = {
    **dict.fromkeys((".jsn", ".json"), "csr"),
    **dict.fromkeys((".pem", ".crt", ".cer", ".der", ".p7b", ".p12", ".pfx"), "write"),
}
"""What is done with a file that is named alone, by the end of its name."""
_SCRIPT = "optiga.py"
"""What the examples in help texts call the program."""
_PORT = r"emulator(?::.*)?|(?:socket|rfc2217)://.+|/dev/.+|com\d+|ft260(?:[:?].*)?"
_OVERRULED = ("port", "output")
"""Options that may stand twice, so that what is typed overrules what an alias of the shell says."""
_SYNONYMS = "optiga.cli.support.synonyms"
_OPTION_GUESSES = "optiga.cli.support.option_guesses"
"""Loaded only for what is not known."""
_CUTOFF = 0.7
_CUTOFF_FORCE = 0.8
"""For the option that has files replaced."""
_LONGEST = 60
"""Most characters of a word that something near is looked for."""
_FEWEST = 3
"""Fewest letters of a word that has two swapped."""
WIDE = 58
"""Fewest columns of a help text with options and their explanations side by side."""
_NO_BREAK = "\u2011"
"""What stands for a hyphen of a name while lines are made."""
_MOST = 4
"""Most lines that are shown."""


def unbroken(text: str) -> str:
    """A text that is not broken within a name, such as an option's, when it is made into lines."""
    return re.sub(r"(?<=\w)-(?=\w)", _NO_BREAK, text)


class OurFormatter(click.HelpFormatter):
    """Writes help as click does, but breaks no name at a hyphen; the examples call the program as the usage line does.

    :ivar program: what the usage line calls it.
    """

    program: str = _SCRIPT

    def write(self, string: str) -> None:
        super().write(string.replace(_NO_BREAK, "-"))

    def write_text(self, text: str) -> None:
        super().write_text(unbroken(self.with_program(text)))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        super().write_dl([(term, unbroken(meaning)) for term, meaning in rows], col_max, col_spacing)

    def with_program(self, text: str) -> str:
        """A text whose examples call the program as it was called."""
        if f"{_SCRIPT} " not in text:
            return text
        lines = text.split("\n")
        for number, line in enumerate(lines):
            if (words := line.lstrip(" ")).startswith(f"{_SCRIPT} "):
                lines[number] = line[: len(line) - len(words)] + self.program + words[len(_SCRIPT) :]
        return "\n".join(lines)


class OurContext(click.Context):
    """A context whose help can also be read on a narrow terminal, and that ends where the run is to end."""

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        super().__exit__(exc_type, exc_value, tb)
        if isinstance(exc_value, click.UsageError) and exc_value.ctx is None:  # as of an option without its value
            exc_value.ctx = self
        if self.parent is None and isinstance(exc_value, KeyboardInterrupt):
            with suppress(OSError, ValueError):  # whoever hangs up takes the terminal along
                is_erased = getattr(self.obj, "has_taken_echo", False)
                if sys.stderr is not None and sys.stderr.isatty() and not is_erased:  # click ends that line anywhere
                    print(file=sys.stderr)
            raise click.Abort from exc_value

    formatter_class: type[click.HelpFormatter] = OurFormatter

    def make_formatter(self) -> click.HelpFormatter:
        formatter = cast(OurFormatter, super().make_formatter())
        program = self.find_root().info_name or _SCRIPT
        if formatter.width < WIDE or len(program) > len(_SCRIPT):
            formatter = import_module("optiga.cli.support.narrow").NarrowFormatter(width=formatter.width)
        formatter.program = program
        return formatter


def in_our_context(command: click.Command) -> click.Command:
    """A command of any class, with our context."""
    command.context_class = OurContext
    return command


def refuse_repeated(order: Iterable[click.Parameter], ctx: click.Context) -> None:
    """Refuse an option with one value that is given twice: only the last would count.

    :param order: the options and arguments of a command line.
    :raises click.UsageError: for the first that is.
    """
    seen: set[str | None] = set()
    for option in order:
        if not isinstance(option, click.Option) or option.multiple or option.is_flag or option.count:
            continue
        if option.name in seen and option.name not in _OVERRULED:
            name = max(option.opts, key=len)
            raise click.UsageError(f"{name} stands twice: give one.", ctx)
        seen.add(option.name)


class GuidedGroup(click.Group):
    """A group that prints help for the word ``help``, and says what may be meant by a command that it does not have."""

    context_class: type[click.Context] = OurContext

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        return None if command is None else in_our_context(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands as click does; on a narrow terminal with all that is said of each."""
        if formatter.width >= WIDE:
            super().format_commands(ctx, formatter)
            return
        every = [(name, command) for name in self.list_commands(ctx) if (command := self.get_command(ctx, name))]
        with formatter.section("Commands"):
            formatter.write_dl([(name, command.get_short_help_str(WIDE)) for name, command in every])

    def make_parser(self, ctx: click.Context) -> Any:
        """Click's parser, which finds an option of one letter where it looks first: among the long ones.

        Else it looks for long ones that are written like it, and loads difflib and the catalogs of gettext for that.
        """
        parser: Any = super().make_parser(ctx)
        for name, option in getattr(parser, "_short_opt", {}).items():
            getattr(parser, "_long_opt", {}).setdefault(name, option)
        return parser

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        word, *rest = args
        command = self.get_command(ctx, word)
        if command is not None and not ctx.resilient_parsing:
            below = click.Context(command, parent=ctx, info_name=word)
            refuse_option_as_value(below, rest)
            with suppress(click.BadOptionUsage, click.NoSuchOption):  # which are told of when the command itself looks
                refuse_repeated(command.make_parser(below).parse_args(list(rest))[2], below)
        if ctx.resilient_parsing or command is not None:
            return super().resolve_command(ctx, args)
        if word == "help":
            click.echo(_help_of(ctx, rest))
            ctx.exit()
        raise _no_such_command(ctx, self, word, rest)


def refuse_option_as_value(ctx: click.Context, words: Sequence[str]) -> None:
    """Refuse an option as the value of the option before it, as where a variable of a script is empty.

    :param words: the arguments of the command.
    :raises click.UsageError: if there is one.
    """
    options = {name: one for one in ctx.command.params if isinstance(one, click.Option) for name in one.opts}
    for word, following in itertools.pairwise(words):
        if word == "--":
            return
        option = options.get(word)
        if option is None or option.is_flag or option.count:
            continue
        if following.startswith("--") and following in options:
            raise click.UsageError(f"{word} needs a value, but {following} follows it.", ctx)


def as_port(word: str) -> bool:
    """Whether a word is written as a port is, and as nothing else."""
    return re.fullmatch(_PORT, word, re.IGNORECASE) is not None


def _help_of(ctx: click.Context, words: Iterable[str]) -> str:
    """The help of the command that the words after ``help`` lead to; an option is explained in that of its command.

    :raises click.UsageError: if there is none.
    """
    for word in words:
        if word.startswith("-"):
            continue
        command = ctx.command
        if not isinstance(command, click.Group):
            raise click.UsageError(f"{ctx.command_path} has no command {word!r}.", ctx)
        below = command.get_command(ctx, word)
        if below is not None:
            ctx = below.context_class(below, parent=ctx, info_name=word, **below.context_settings)
        elif word not in options_of(ctx):
            raise _no_such_command(ctx, command, word, [])
    return ctx.get_help()


def _no_such_command(ctx: click.Context, group: click.Group, word: str, rest: Sequence[str]) -> click.UsageError:
    return click.UsageError(no_such("command", word, _meant(ctx, group, word, rest)), ctx)


def _meant(ctx: click.Context, group: click.Group, word: str, rest: Sequence[str]) -> list[str]:
    """The command lines that may be meant, the likeliest first."""
    options, commands = options_of(ctx), group.list_commands(ctx)
    lines: list[str] = import_module(_OPTION_GUESSES).of_job(ctx, word) if ctx.parent is None else []
    if lines:
        return lines
    job = job_of(word)
    if ctx.parent is None and job is not None and "=" not in word:
        return [line_with(ctx, options[job], "", [word])]
    if ctx.parent is None and as_port(word) and word != "emulator":
        return [" ".join([ctx.command_path, "--port", *(in_command(one, "…") for one in (word, *rest))])]
    if found := meant_elsewhere(ctx, commands, word):
        return found
    near = nearest(bare_word(word), [*commands, *options])
    if near in commands:
        return [f"{begin(ctx)} {one}" for one in _as_near(bare_word(word), near, commands)]
    if near == "csr" and rest and not rest[0].startswith("-"):  # not what else is done with a CSR: csr verify FILE
        rest = [one for one in rest if job_of(one) == near] or [one for one in rest[:1] if not one.isalpha()]
    if near is not None:
        return [line_with(ctx, options[near], word, rest)]
    return in_groups(ctx, word)


def job_of(word: str) -> str | None:
    """What is done with a file, by the end of its name; None if that is not known."""
    return next((job for end, job in FILES.items() if word.lower().endswith(end)), None)


def meant_elsewhere(ctx: click.Context, commands: Sequence[str], word: str) -> list[str]:
    """The lines with the commands that other programs call so, or that begin with the word."""
    bare = bare_word(word)
    if bare in commands:
        return []
    group = ctx.command_path.split()[len(ctx.find_root().command_path.split()) :]
    root = begin(ctx).removesuffix(ctx.command_path.removeprefix(ctx.find_root().command_path))
    if line := import_module(_SYNONYMS).meant_by(group, bare):
        return [f"{root} {line}"]
    if len(bare) < _FEWEST or bare in options_of(ctx):
        return []
    return [f"{begin(ctx)} {name}" for name in commands if name.startswith(bare)]


def in_groups(ctx: click.Context, word: str) -> list[str]:
    """The lines with a command of this name in the groups of a group."""
    group = ctx.command
    if not isinstance(group, click.Group):
        return []
    groups = {name: group.get_command(ctx, name) for name in group.list_commands(ctx)}
    return [
        f"{begin(ctx)} {name} {word}"
        for name, below in groups.items()
        if isinstance(below, click.Group) and word in below.list_commands(ctx)
    ]


def options_of(ctx: click.Context) -> dict[str, click.Option]:
    """The options of a context's command, by their words."""
    parameters = [each for each in ctx.command.get_params(ctx) if isinstance(each, click.Option)]
    return {name[2:]: each for each in parameters for name in each.opts if name.startswith("--")}


def begin(ctx: click.Context) -> str:
    """What a line begins with: the command, and the port that was named, for without it another chip is used."""
    root, path = ctx.find_root(), ctx.command_path
    port = getattr(root.obj, "port", None)
    if port is None or port == os.environ.get("OPTIGA_PORT"):
        return path
    return f"{root.command_path} --port {in_command(port, 'PORT')}{path[len(root.command_path) :]}"


def line_with(ctx: click.Context, option: click.Option, word: str, rest: Sequence[str]) -> str:
    """A command line with an option and its value: what stands beside the word, or what its help calls it."""
    line = f"{begin(ctx)} {max(option.opts, key=len)}"
    if option.is_flag or option.count:
        return line
    return f"{line} {in_command(value_of(word, rest), option.make_metavar(ctx))}"


def value_of(word: str, rest: Sequence[str]) -> str:
    """The value of an option: behind its equals sign, or the next word; empty if there is none."""
    _, given, value = word.partition("=")
    return value if given else "".join(one for one in rest[:1] if one == "-" or not one.startswith("-"))


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that is written like a word: the same one, else the most similar."""
    choices = list(choices)
    if word in choices:
        return word
    is_opposite = import_module(_SYNONYMS).is_opposite
    choices = [one for one in choices if not is_opposite(word, one)]
    if (swapped := next((one for one in choices if _is_swapped(word, one)), None)) is not None:
        return swapped
    if len(word) > _LONGEST:
        return None
    import difflib

    near = next(iter(difflib.get_close_matches(word, choices, n=1, cutoff=_CUTOFF)), None)
    return None if near == "force" and not difflib.get_close_matches(word, [near], cutoff=_CUTOFF_FORCE) else near


def _as_near(word: str, near: str, choices: Iterable[str]) -> list[str]:
    """The nearest choice, and those that are as near: ``ecrypt`` is encrypt or decrypt."""
    if word == near or _is_swapped(word, near):
        return [near]
    import difflib

    ratios = {one: difflib.SequenceMatcher(None, one, word).ratio() for one in (near, *choices)}
    return [one for one, ratio in ratios.items() if ratio == ratios[near]]


def _is_swapped(word: str, choice: str) -> bool:
    """Whether a word is a choice with two neighbouring letters swapped, which counts even where few are left."""
    if len(word) != len(choice) or len(word) < _FEWEST:
        return False
    if len(places := [place for place in range(len(word)) if word[place] != choice[place]]) != 2:
        return False
    first, second = places
    return second == first + 1 and (word[first], word[second]) == (choice[second], choice[first])


def written(word: str) -> str:
    return word.partition("=")[0]


def bare_word(word: str) -> str:
    """The name in a word, as options and commands are written."""
    return written(word).lstrip(_DASHES).lower().replace("_", "-")


def no_such(kind: str, word: str, lines: Sequence[str]) -> str:
    meant = " or ".join(f"'{line}'" for line in lines[:_MOST])
    return f"No such {kind} {word!r}.{f' Did you mean {meant}?' if meant else ''}"
