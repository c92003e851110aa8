"""What is meant by an option that a command does not have, or by a value that lacks its option."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import click

from optiga.cli.support.guesses import (
    FILES,
    as_port,
    bare_word,
    begin,
    in_groups,
    job_of,
    line_with,
    meant_elsewhere,
    nearest,
    no_such,
    options_of,
    value_of,
    written,
)
from optiga.cli.support.jobs import BELONGS
from optiga.cli.support.meant_options import argument_meant_by, option_meant_by, options_for, why_needless
from optiga.cli.support.synonyms import meant_by_letter
from optiga.naming import in_command

_JOBS = {"csr", "write", "read"}
"""The options of the main command that say what it does; the command line of another program has none."""
_FEWEST = 4
"""Letters with which the beginning of an option is one: three, as of --out, may be another command's option."""


def about_option(error: click.NoSuchOption, arguments: Sequence[str]) -> str:
    """What to say of an option that a command does not have.

    :param arguments: those of the whole command line.
    """
    ctx, name = error.ctx, error.option_name
    if ctx is None:
        return no_such("option", name, [])
    options = _fitting(ctx, arguments)
    if not name.startswith("--"):  # one letter is left of a word with one dash
        for place, word in enumerate(arguments):
            if not _has_one_dash(word) or name[1:] not in word:
                continue
            if near := nearest(bare_word(word), options):
                return no_such("option", written(word), [line_with(ctx, options[near], word, arguments[place + 1 :])])
            if lines := _options_meant(ctx, written(word), arguments):
                return no_such("option", written(word), lines)
        shown = [one for one, option in options.items() if not option.hidden]
        short = meant_by_letter(name, shown, arguments)
        return no_such("option", name, [f"--{short}"] if short else [])
    lines = _options_meant(ctx, name, arguments)
    why = "" if lines else why_needless(bare_word(name), list(options))
    return f"No such option {name!r}: {why}." if why else no_such("option", name, lines)


def as_options(ctx: click.Context, words: Iterable[str]) -> list[str]:
    """The options that words may be values of which a command does not take as arguments."""
    shown = [name for name, option in options_of(ctx).items() if not option.hidden]
    return [f"--{name} {word}" for word in words for name in options_for(word, shown)]


def _options_meant(ctx: click.Context, name: str, arguments: Sequence[str]) -> list[str]:
    """What may be meant by an option of a word that a command does not have, the likeliest first."""
    options, bare = _fitting(ctx, arguments), bare_word(name)
    commands = ctx.command.list_commands(ctx) if isinstance(ctx.command, click.Group) else []
    place = next((place for place, word in enumerate(arguments) if written(word) == name), len(arguments))
    word, rest = "".join(arguments[place : place + 1]), arguments[place + 1 :]
    value = value_of(word, rest)
    if bare in options:
        return [f"--{bare}"]
    if line := _behind(ctx, bare, word, rest):
        return [line]
    shown = [one for one, option in options.items() if not option.hidden]
    if meant := option_meant_by(bare, value, shown):
        return [f"--{meant}"]
    if line := _as_argument(ctx, bare, word, rest, arguments):
        return [line]
    if as_port(value) and "port" in shown and nearest(bare, options) is None:
        return [f"--port {value}"]
    if why_needless(bare, shown):
        return []
    if commands and (lines := meant_elsewhere(ctx, commands, bare)):
        return lines
    begun = [one for one in shown if one.startswith(bare)]
    near = begun[0] if len(begun) == 1 and len(bare) >= _FEWEST else nearest(bare, [*options, *commands])
    if near is not None:
        return [f"{begin(ctx)} {near}" if near in commands else f"--{near}"]
    if line := _as_job(ctx, name, arguments):
        return [line]
    return [] if _jobs_in(arguments) else in_groups(ctx, bare)


def _behind(ctx: click.Context, bare: str, word: str, rest: Sequence[str]) -> str:
    """The line with an option behind the command that takes it, where it stands before it; empty if none does.

    :param word: the option as it is written.
    :param rest: the arguments behind it, among which the command is.
    """
    for place, one in enumerate(rest):
        command = ctx.command.get_command(ctx, one) if isinstance(ctx.command, click.Group) else None
        if command is None:
            continue
        context = click.Context(command, parent=ctx, info_name=one)
        if option := options_of(context).get(bare):
            return line_with(context, option, word, rest)
        return _behind(context, bare, word, [*rest[:1], *rest[place + 1 :]])
    return ""


def _as_argument(ctx: click.Context, bare: str, word: str, rest: Sequence[str], arguments: Sequence[str]) -> str:
    """The line with the value of an option as an argument of the command; empty if that is not meant.

    :param word: the option as it is written.
    :param rest: the arguments behind it.
    :param arguments: those of the whole command line.
    """
    options = list(options_of(ctx))
    value = value_of(word, rest)
    if ctx.parent is None:
        is_file = argument_meant_by(bare, ["FILE"], options) is not None and not _jobs_in(arguments)
        job = options_of(ctx).get(job_of(value) or "") if is_file else None
        return line_with(ctx, job, "", [value]) if job else ""
    taken = [one for one in ctx.command.params if isinstance(one, click.Argument)]
    metavars = [one.make_metavar(ctx) for one in taken]
    place = argument_meant_by(bare, metavars, options)
    if place is None:
        return ""
    metavars[place] = in_command(value, metavars[place])
    words = [one for number, one in enumerate(metavars) if number == place or taken[number].required]
    return " ".join([begin(ctx), *words])


def _as_job(ctx: click.Context, name: str, arguments: Sequence[str]) -> str:
    """The line that is meant by a job of the main command, such as ``--csr``, behind a command; empty for others."""
    root = ctx.find_root()
    option = options_of(root).get(name[2:])
    if ctx is root or option is None or name[2:] not in FILES.values():
        return ""
    word, rest = next(
        (one, arguments[place + 1 :]) for place, one in enumerate(arguments) if one.partition("=")[0] == name
    )
    line = line_with(root, option, word, rest)
    takes_it = [one.make_metavar(ctx) for one in ctx.command.params if isinstance(one, click.Argument)]
    is_same = takes_it == [option.make_metavar(root)]  # the command takes the same file, without the option
    return line.replace(f"{begin(root)} {name}", begin(ctx)) if is_same else line


def of_job(ctx: click.Context, word: str) -> list[str]:
    """The options of a job of the main command that a word behind its value may belong to."""
    options = options_of(ctx)
    jobs = {f"--{name}" for name in _JOBS & set(options) if ctx.params.get(options[name].name or "")}
    every = options_for(word, list(options))
    return [f"--{name} {in_command(word, '…')}" for name in every if jobs & set(BELONGS.get(f"--{name}", ()))][:1]


def _fitting(ctx: click.Context, arguments: Sequence[str]) -> dict[str, click.Option]:
    """The options of a context's command, without those that do not go with the job that was typed."""
    options = options_of(ctx)
    if ctx.parent is None and "csr" in _jobs_in(arguments):
        options.pop("out", None)
    return options


def _jobs_in(arguments: Sequence[str]) -> set[str]:
    """The jobs of the main command that were typed."""
    return _JOBS & {written(word).removeprefix("--") for word in arguments if word.startswith("--")}


def _has_one_dash(word: str) -> bool:
    return word.startswith("-") and not word.startswith("--") and len(word) > 2
