"""A command line up to the cursor, taken apart as a POSIX shell does; and texts as they are written at the cursor."""

from __future__ import annotations

import re
from typing import NamedTuple

_BLANKS = " \t\n"
_IN_DOUBLE = '"\\$`'
"""What a backslash quotes between double quotes."""
_TO_QUOTE = re.compile(r"[^\w@%+=:,./^-]")


class Word(NamedTuple):
    """One word.

    :param text: without quotes and backslashes.
    :param quote: the quote that is open at its end; empty if none is.
    :param inside: characters before that quote.
    :param bare: for each character, whether it stands as it is, without quote and backslash.
    """

    text: str
    quote: str = ""
    inside: int = 0
    bare: tuple[bool, ...] = ()

    def taken(self, breaks: str) -> int:
        """Characters of the word that a shell takes for other words.

        :param breaks: characters at which it breaks words, if they stand as they are.
        """
        if self.quote:
            return self.inside
        places = (place for place, one in enumerate(self.text) if self.bare[place] and one in breaks)
        return max(places, default=-1) + 1


def split_words(line: str) -> list[Word]:
    """The words of a line; the last one is that at the cursor, and empty behind a blank."""
    words: list[Word] = []
    text, quote, inside, is_word = "", "", 0, False
    bare: list[bool] = []
    rest = iter(line)
    for one in rest:
        if not quote and one in _BLANKS:
            if is_word:
                words.append(Word(text, bare=tuple(bare)))
            text, bare, is_word = "", [], False
            continue
        is_word = True
        if quote == one:
            quote = ""
        elif not quote and one in "\"'":
            quote, inside = one, len(text)
        elif one == "\\" and quote != "'":
            following = next(rest, "")
            kept = one if quote and following not in _IN_DOUBLE else ""
            text += kept + following
            bare += [False] * len(kept + following)
        else:
            text += one
            bare.append(not quote)
    return [*words, Word(text, quote, inside if quote else 0, tuple(bare))]


def written(text: str, quote: str) -> str:
    """A text as it is written in bash, behind an open quote or without one."""
    if not quote:
        home = "~/" if text.startswith("~/") else ""
        return home + _TO_QUOTE.sub(r"\\\g<0>", text.removeprefix(home))
    if quote == "'":
        return text.replace("'", "'\\''")
    return re.sub(r'["\\$`]', r"\\\g<0>", text).replace("!", "\"'!'\"")
