"""The man pages: one of the program and one of each of its commands, written to ``man/`` in the repository.

``python docs/_site/man_pages.py`` writes them anew. They are committed, so that a build needs nothing but hatchling; a
test compares them with the commands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from command_help import PROGRAM, CommandHelp, Entry, Paragraph, read_commands

from optiga import __version__

FOLDER = Path(__file__).parents[2] / "man"
COMMAND = "optiga"
"""What a wheel installs: the pages call the program by this name."""

_ESCAPES = {"\\": r"\e", "-": r"\-", "'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti", "…": "..."}
_WIDTH = 78


def man_pages() -> dict[str, str]:
    """The pages by the names of their files."""
    commands = read_commands()
    program, *rest = commands
    names = [command.words[0] for command in rest if len(command.words) == 1]
    families = {name: [command for command in rest if command.words[0] == name] for name in names}
    pages = {f"{COMMAND}.1": _page([program], [f"{COMMAND}-{name}" for name in names])}
    pages.update({f"{COMMAND}-{name}.1": _page(family, [COMMAND]) for name, family in families.items()})
    return pages


def write_pages(folder: Path = FOLDER) -> None:
    """Write all pages into a folder, and take away those of commands that are no more."""
    pages = man_pages()
    for path in folder.glob("*.1"):
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        (folder / name).write_text(text, encoding="ascii", newline="\n")


def _page(family: list[CommandHelp], see_also: list[str]) -> str:
    head, *members = family
    name = "-".join((COMMAND, *head.words))
    shared = tuple(option for option in head.options if all(option in member.options for member in members))
    lines = [
        '.\\" Made by docs/_site/man_pages.py. Do not edit.',
        f'.TH {_escape(name.upper())} 1 "" "{COMMAND} {__version__}" "OPTIGA Trust"',
        ".SH NAME",
        f"{_escape(name)} \\- {_escape(_own(head.short))}",
        ".SH SYNOPSIS",
        "\n.br\n".join(f".B {_escape(_own(command.usage))}" for command in family),
        ".SH DESCRIPTION",
        *_text(head.paragraphs),
        *_list(option for option in head.options if option not in shared),
    ]
    for title, entries in head.sections:
        lines += [f'.SH "{_escape(title.upper())}"', *_list(entries)]
    for member in members:
        own = [option for option in member.options if option not in shared]
        lines += [f'.SH "{_escape(" ".join(member.words).upper())}"', *_text(member.paragraphs), *_list(own)]
    lines += [".SH OPTIONS", *(["Of each of these commands:"] if members else []), *_list(shared)]
    if head.epilog:
        lines += [".SH EXIT STATUS", *_fill(_escape(_own(head.epilog)))]
    lines.append(".SH SEE ALSO")
    lines += [f".BR {_escape(each)} (1){',' if each != see_also[-1] else ''}" for each in see_also]
    return "\n".join(lines) + "\n"


def _own(text: str) -> str:
    """A text with the command's name in place of the script's."""
    return re.sub(rf"(?<![\w/]){re.escape(PROGRAM)}(?!\w)", COMMAND, text)


def _escape(text: str) -> str:
    """For groff and mandoc, in ASCII."""
    return "".join(_ESCAPES.get(char, char if ord(char) < 128 else f"\\[u{ord(char):04X}]") for char in text)


def _fill(text: str) -> Iterator[str]:
    """Lines of a paragraph that is escaped already; none of them is taken for a request."""
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > _WIDTH:
            yield line
            line = ""
        if not line:
            line = f"\\&{word}" if word.startswith((".", "'")) else word
        else:
            line += f" {word}"
    if line:
        yield line


def _text(paragraphs: Iterable[Paragraph]) -> Iterator[str]:
    for number, paragraph in enumerate(paragraphs):
        if paragraph.is_verbatim:
            if number:
                yield ".PP"
            yield ".nf"
            for line in paragraph.text.splitlines():
                escaped = _escape(_own(line))
                yield f"\\&{escaped}" if escaped.startswith((".", "'")) else escaped
            yield ".fi"
        else:
            if number:
                yield ".PP"
            yield from _fill(_escape(_own(paragraph.text)))


def _list(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield ".TP"
        yield f'.B "{_escape(_own(entry.term))}"'
        yield from _fill(_escape(_own(entry.text)))


if __name__ == "__main__":
    write_pages()
