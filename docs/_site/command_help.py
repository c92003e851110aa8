"""What click knows of each command: the source of the site's pages and of the man pages."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

import click

from optiga.cli.app import app

PROGRAM = "optiga.py"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a help text.

    :param is_verbatim: its lines stay as they are (click's ``\\b``).
    """

    text: str
    is_verbatim: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """A term and what it means: an option with its value, or a command."""

    term: str
    text: str


@dataclass(frozen=True, slots=True)
class CommandHelp:
    """The help of one command.

    :param words: its name behind the program's, word by word; none for the program itself.
    :param short: what it does, in one line.
    :param sections: its subcommands below the heads of the list of commands; none where it has none.
    """

    words: tuple[str, ...]
    usage: str
    short: str
    paragraphs: tuple[Paragraph, ...]
    options: tuple[Entry, ...]
    sections: tuple[tuple[str, tuple[Entry, ...]], ...]
    epilog: str

    @property
    def name(self) -> str:
        return " ".join((PROGRAM, *self.words))


def read_commands() -> list[CommandHelp]:
    """The program and all its commands, each group before its members."""
    root = click.Context(app, info_name=PROGRAM, **app.context_settings)
    return list(_read(app, root, ()))


def _read(command: click.Command, context: click.Context, words: tuple[str, ...]) -> Iterator[CommandHelp]:
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    records = [option.get_help_record(context) for option in options]
    yield CommandHelp(
        words=words,
        usage=" ".join([context.command_path, *_usage(command, context)]),
        short=command.get_short_help_str(limit=200).rstrip("."),
        paragraphs=tuple(_paragraphs(command.help or "")),
        options=tuple(Entry(term, " ".join(text.split())) for term, text in filter(None, records)),
        sections=_sections(command, context),
        epilog=" ".join((command.epilog or "").split()),
    )
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (member := command.get_command(context, name)) is not None and not member.hidden:
                settings = member.context_settings
                yield from _read(member, click.Context(member, context, name, **settings), (*words, name))


def _usage(command: click.Command, context: click.Context) -> list[str]:
    """What may follow a command's name. Of groups click's releases say it in different ways."""
    if isinstance(command, click.Group):
        member = "[COMMAND]" if command.invoke_without_command else "COMMAND"
        return ["[OPTIONS]", member, "[ARGS]..."]
    return command.collect_usage_pieces(context)


def _sections(command: click.Command, context: click.Context) -> tuple[tuple[str, tuple[Entry, ...]], ...]:
    """The lists of commands as the help prints them, read from where it prints them."""
    if not isinstance(command, click.Group):
        return ()
    formatter = _Lists()
    command.format_commands(context, formatter)
    return tuple((head, tuple(entries)) for head, entries in formatter.lists)


class _Lists(click.HelpFormatter):
    """Takes the lists of commands as they are, without laying them out."""

    def __init__(self) -> None:
        super().__init__(width=1000)
        self.lists: list[tuple[str, list[Entry]]] = []

    def write_heading(self, heading: str) -> None:
        self.lists.append((heading, []))

    def write_dl(self, rows: object, *_args: object, **_kwargs: object) -> None:
        self.lists[-1][1].extend(Entry(term.strip(), text) for term, text in rows)  # type: ignore[attr-defined]


def _paragraphs(text: str) -> Iterator[Paragraph]:
    for block in inspect.cleandoc(text).partition("\f")[0].split("\n\n"):
        if block.startswith("\b\n"):
            yield Paragraph(block[2:].rstrip(), is_verbatim=True)
        elif block.strip():
            yield Paragraph(" ".join(block.split()))
