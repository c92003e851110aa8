"""The site's pages that nobody has written: of the commands, of what programs import, of the repository's own files.

The names of files are the site's, its folder ``docs``; what links to a file of the repository says so as GitHub has it.
"""

from __future__ import annotations

import html
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from command_help import CommandHelp, Entry, Paragraph

import optiga
from optiga import testing

ROOT = Path(__file__).parents[2]
BESIDE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "CHANGELOG.md": "changelog.md",
    "benchmarks/README.md": "benchmarks.md",
}
"""Documents that lie beside ``docs`` in the repository, and where the site has them."""
SAMPLES = ("configs", "templates")
"""Folders of files that documents link to."""
COMMANDS = "command-line"
LIBRARY = "library"
OPEN = {
    "optiga.chip.sessions.objects.Objects": (),
    "optiga.chip.sessions.crypto.Crypto": (),
    "optiga.chip.sessions.updates.Updates": (),
    "optiga.ca.authority.CertificateAuthority": ("certificate", "issue"),
}
"""Types that no program imports, but gets, and those of their members that are for programs; none: all."""

_FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_TITLED_FENCE = re.compile(r"^```(\w+) +(\S+)$", re.MULTILINE)
_SPECIAL = re.compile(r"([\\`*_{}\[\]#|])")


def place(path: str) -> str:
    """Where the site has a file of the repository.

    :param path: from the repository's root, with slashes.
    """
    if path in BESIDE:
        return BESIDE[path]
    if path in SAMPLES:
        return "samples.md"
    if path.partition("/")[0] in SAMPLES:
        return f"samples/{path}"
    return path.removeprefix("docs/")


def source(page: str) -> str:
    """Which file of the repository a page of the site comes from."""
    back = {target: name for name, target in BESIDE.items()}
    return back.get(page, f"docs/{page}")


def adapt(text: str, page: str) -> str:
    """A document as the site needs it: links go where the site has their targets, and titles of blocks are in its form.

    :param text: Markdown as GitHub shows it.
    :param page: its place in the site.
    """
    folder = posixpath.dirname(source(page))

    def relink(match: re.Match[str]) -> str:
        path, mark, anchor = match[1].partition("#")
        if not path or ":" in path:
            return match[0]
        target = place(posixpath.normpath(posixpath.join(folder, path)))
        return f"]({posixpath.relpath(target, posixpath.dirname(page) or '.')}{mark}{anchor})"

    parts, position = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(relink, text[position : fence.start()]), _TITLED_FENCE.sub(r'```\1 title="\2"', fence[0])]
        position = fence.end()
    return "".join([*parts, _LINK.sub(relink, text[position:])])


def samples() -> list[str]:
    """The files that stand in the site as they are, from the repository's root."""
    return [path.relative_to(ROOT).as_posix() for folder in SAMPLES for path in sorted((ROOT / folder).iterdir())]


def samples_page() -> str:
    lines = [
        "# Sample files",
        "",
        "Sample configurations and policy templates. Every installation has these files, too.",
        "",
    ]
    return "\n".join([*lines, *(f"- [{name}](samples/{name})" for name in samples())]) + "\n"


def command_place(command: CommandHelp, groups: Iterable[tuple[str, ...]]) -> str:
    """Where the site has a command's page.

    :param groups: the words of those commands that have commands of their own.
    """
    path = "/".join((COMMANDS, *command.words))
    return f"{path}/index.md" if command.words in groups else f"{path}.md"


def command_pages(commands: list[CommandHelp]) -> dict[str, str]:
    """A page for each command, by its place."""
    groups = {command.words for command in commands if command.sections}
    below = [command.words for command in commands if command.words]
    pages = {words: f"{words[-1]}/index.md" if words in groups else f"{words[-1]}.md" for words in below}
    return {command_place(command, groups): "\n".join(_command(command, pages)) + "\n" for command in commands}


def _command(command: CommandHelp, pages: Mapping[tuple[str, ...], str]) -> Iterator[str]:
    """A command's page.

    :param pages: of each command, seen from the page of the one above it.
    """
    title = " ".join(command.words) or "The command line"
    yield from (f"# {title}", "", *_text(command.paragraphs), "```text", command.usage, "```", "")
    for head, entries in command.sections:
        yield from (f"## {head}", "", "| command | what it does |", "| --- | --- |")
        for entry in entries:
            page = pages.get((*command.words, entry.term))  # "help COMMAND" has none
            term = f"`{entry.term}`" if page is None else f"[{entry.term}]({page})"
            yield f"| {term} | {_escape(entry.text)} |"
        yield ""
    yield from ("## Options", "", *_options(command.options))
    if command.epilog:
        yield from (_escape(command.epilog), "")


def _text(paragraphs: Iterable[Paragraph]) -> Iterator[str]:
    for paragraph in paragraphs:
        yield from ("```text", paragraph.text, "```", "") if paragraph.is_verbatim else (_escape(paragraph.text), "")


def _options(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        yield from (f"`{entry.term}`", f":   {_escape(entry.text)}", "")


def _escape(text: str) -> str:
    """A text in which no character means anything to Markdown."""
    return _SPECIAL.sub(r"\\\1", html.escape(text, quote=False))


def library_pages() -> dict[str, str]:
    """What programs import, in the words of its docstrings, by the places of the pages."""
    names = [name for name in optiga.__all__ if not name.startswith("_")]
    errors = [name for name in names if isinstance(_value(name), type) and issubclass(_value(name), Exception)]
    classes = [name for name in names if isinstance(_value(name), type) and name not in errors]
    functions = [name for name in names if name not in errors and name not in classes]
    return {
        f"{LIBRARY}/index.md": _library(
            "Functions", "Functions for programs. [Programs](../programs.md) shows examples.", _full(functions)
        ),
        f"{LIBRARY}/open.md": _library(
            "An open chip or CA",
            "Functions of `chip.objects` (Objects), `chip.crypto` (Crypto) and `chip.updates` (Updates) of an open "
            "[chip](types.md#optiga.Chip), and of a CA that [open_ca](index.md#optiga.open_ca) returns.",
            [_without_bases(name, members) for name, members in OPEN.items()],
        ),
        f"{LIBRARY}/types.md": _library(
            "Types", "Types of the parameters and results of the [functions](index.md).", _full(classes)
        ),
        f"{LIBRARY}/errors.md": _library(
            "Errors", "Errors that the library raises. [Errors](../errors.md) lists their reasons.", _full(errors)
        ),
        f"{LIBRARY}/testing.md": _library(
            "optiga.testing",
            "Emulated chips for tests. [Programs](../programs.md#in-your-own-tests) describes the fixtures for pytest.",
            _full(testing.__all__, "optiga.testing"),
        ),
    }


def _full(names: Iterable[str], package: str = "optiga") -> list[str]:
    return [f"{package}.{name}" for name in names]


def _without_bases(name: str, members: Iterable[str]) -> str:
    chosen = ", ".join(members)
    return f"{name}\n    options:\n      show_bases: false" + (f"\n      members: [{chosen}]" if chosen else "")


def _value(name: str) -> type:
    value: type = getattr(optiga, name)
    return value


def _library(title: str, words: str, names: Iterable[str]) -> str:
    return "\n".join([f"# {title}", "", words, "", *(f"::: {name}\n" for name in names)])
