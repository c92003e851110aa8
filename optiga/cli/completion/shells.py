"""What a shell is answered that asks what may stand at the cursor: commands, options, and what these take."""

from __future__ import annotations

import itertools
import os
import re
import textwrap
from collections.abc import Mapping, Sequence

import click
from click.shell_completion import _resolve_context, _resolve_incomplete

from optiga.cli.completion.offers import Files, Offer, Offered, offers_for
from optiga.cli.completion.shell_scripts import BREAKS, LINE, QUOTES, SHELLS, VARIABLE, WIDTH
from optiga.cli.completion.shell_words import Word, split_words, written
from optiga.cli.support.options import OLD_QUIET
from optiga.files.shown import shown

_SCRIPT = "optiga.py"
_ASSIGNMENT = re.compile(r"\w+=")
_LEAST_MEANING = 12
"""Fewest characters of a meaning that are worth showing."""
_BEFORE = 4
"""Characters of a shortened meaning before those in which it differs from the others."""
_USUAL_WIDTH = 80
"""Columns of a terminal whose width is not known."""


def answer(app: click.Command) -> int:
    """Print what the environment asks for.

    :returns: the exit code: 1 for a shell that is not known.
    """
    shell, line = os.environ[VARIABLE], os.environ.get(LINE, "")
    if shell not in SHELLS:  # a script that an older release has printed
        return 1
    arguments, typed = split_line(line)
    offered = offers_at(app, arguments, typed.text)
    if typed.quote and shell != "fish":  # which closes it behind a blank
        offered = [one.in_a_quote() for one in offered]
    text = "".join(f"{one}\n" for one in in_words_of(shell, offered, typed, os.environ))
    click.echo(text.encode("utf-8", "surrogateescape"), nl=False)
    return 0


def split_line(line: str) -> tuple[list[str], Word]:
    """The words behind the program's name, and what is typed of the one at the cursor.

    :param line: up to the cursor, in the quotes of a POSIX shell.
    """
    *before, typed = split_words(line)
    words = [word.text for word in before]
    while words and _ASSIGNMENT.match(words[0]):
        del words[0]
    scripts = [place for place, word in enumerate(words) if re.split(r"[/\\]", word)[-1] == _SCRIPT]
    return words[(scripts[0] if scripts else 0) + 1 :], typed


def offers_at(app: click.Command, arguments: list[str], typed: str) -> list[Offered]:
    """What may stand behind some words.

    :param typed: the beginning of it; that of a value alone where an option stands before it (``--slot=sec``).
    """
    if arguments[:1] == ["help"]:
        arguments = [word for word in arguments[1:] if not word.startswith("-")]
    context = _resolve_context(app, {}, "optiga", list(arguments))
    wanted, value = _resolve_incomplete(context, list(arguments), typed)
    if isinstance(wanted, click.Parameter):
        before = typed.removesuffix(value) if typed.startswith("-") else ""
        return [_behind(before, one) for one in offers_for(context, wanted, value)]
    items = wanted.shell_complete(context, value)
    return [Offer(str(item.value), item.help or "") for item in items if item.value != OLD_QUIET]


def _behind(before: str, offered: Offered) -> Offered:
    """The same, in a word that has something before it."""
    if isinstance(offered, Files):
        return offered._replace(before=before + offered.before)
    return offered._replace(text=before + offered.text)


def in_words_of(shell: str, offered: list[Offered], typed: Word, environment: Mapping[str, str]) -> list[str]:
    """The lines of an answer, as the script of the shell takes them.

    :param typed: the word up to the cursor.
    """
    if shell == "bash":
        width = int(environment[WIDTH]) if environment.get(WIDTH, "").isdecimal() else 0
        return _for_bash(offered, typed, typed.taken(environment.get(BREAKS, "")), width, QUOTES in environment)
    meanings = iter(_begun([one for one in offered if isinstance(one, Offer)]))
    lines = []
    for one in offered:
        if isinstance(one, Files):
            lines.append(_line("folders" if one.folders_only else "files", one.before, " ".join(one.endings)))
            continue
        text, meaning = one.text, next(meanings)
        if shell == "zsh":
            text = text.replace("\\", "\\\\").replace(":", "\\:")
        elif shell == "powershell":
            meaning = meaning.replace("…", "...")
        lines.append(_line("word" if one.is_whole else "part", text, meaning))
    return lines


def _for_bash(offered: list[Offered], typed: Word, cut: int, width: int, quotes: bool) -> list[str]:
    """Bash lists words alone: meanings stand behind them, as long as there is more than one and they fit the terminal.

    :param cut: characters of the word that bash takes for other words.
    :param width: columns of the terminal; 0 for no meanings.
    :param quotes: whether bash can quote names of files itself; it then lists them without their folder.
    """
    names = [one for each in offered if isinstance(each, Files) for one in each.names(typed.text)]
    words = [one for one in offered if isinstance(one, Offer)]
    if not words and not names and offered:
        return [_line("default", "", "")]
    if names and not words and not cut and quotes and not any(isinstance(one, Files) and one.before for one in offered):
        return [_line("file", name.text, "") for name in names]
    words += names
    if len(words) == 1 and typed.quote and not words[0].is_whole:
        words *= 2  # what one word alone begins with would end the quote
        words[1] = words[1]._replace(text=f"{words[1].text}…")
    texts = [written(one.text[cut:], typed.quote) for one in words]
    longest = max(map(len, texts), default=0)
    room = width - longest - len("  ()") - 1
    shows = width > 0 and len(words) > 1 and room >= _LEAST_MEANING
    lines = []
    meanings = [_on_one_line(one.meaning) if shows else "" for one in words]
    for one, text, meaning, alike in zip(words, texts, meanings, _alike(meanings), strict=True):
        shown_meaning = f"{' ' * (longest - len(text))}({_shortened(meaning, room, alike)})" if meaning else ""
        lines.append(_line("word" if one.is_whole else "part", text, shown_meaning))
    return lines


def _shortened(meaning: str, room: int, alike: int) -> str:
    """A meaning in a number of characters: its beginning, unless others begin so, too.

    :param alike: characters with which another one begins, too.
    """
    if len(meaning) <= room:
        return meaning
    short = textwrap.shorten(meaning, room, placeholder="…")
    if len(short) > alike + 1:
        return short
    rest = _without_beginning(meaning, alike)
    return rest if len(rest) <= room else f"{rest[: room - 1]}…"


def _without_beginning(meaning: str, alike: int) -> str:
    return f"…{meaning[alike - _BEFORE :]}" if alike > _BEFORE else meaning


def _alike(meanings: Sequence[str]) -> list[int]:
    """For each meaning, with how many characters another one begins, too."""
    most = dict.fromkeys(meanings, 0)
    for one, other in itertools.pairwise(sorted(most)):  # those that begin most alike are neighbours
        alike = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
        most[one], most[other] = max(most[one], alike), alike
    return [most[one] for one in meanings]


def _begun(words: Sequence[Offer]) -> list[str]:
    """The meanings for a shell that cuts off what is behind the terminal's edge, each with what tells it apart."""
    meanings = [_on_one_line(one.meaning) for one in words]
    room = _USUAL_WIDTH - max((len(one.text) for one in words), default=0) - len("  -- ")
    return [
        _without_beginning(one, alike) if alike + _BEFORE > room and len(one) > room else one
        for one, alike in zip(meanings, _alike(meanings), strict=True)
    ]


def _on_one_line(text: str) -> str:
    return shown(" ".join(text.split()))  # of a certificate's subject or a USB device's name, others have chosen it


def _line(kind: str, text: str, meaning: str) -> str:
    return f"{kind}\t{text}\t{meaning}"
