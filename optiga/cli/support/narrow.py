"""Help on a narrow terminal: an explanation stands below its option, since beside it would be too little room.

Examples that are too long are the same on a wide terminal, where the program is called by a long name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from click.formatting import wrap_text

from optiga.cli.support.guesses import WIDE, OurFormatter, unbroken

_INDENT = 4
_GAP = 3
"""Fewest spaces between an example and what it does."""
_LEAST_ROOM = 24
"""Fewest columns of an explanation that stands beside its term."""


class NarrowFormatter(OurFormatter):
    """Writes help as click does, but lists of options, and examples that are too long, below each other."""

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        if self.width >= WIDE:
            super().write_dl(rows, col_max, col_spacing)
            return
        rows = list(rows)
        longest = max((len(term) for term, _ in rows), default=0)
        if self.width - self.current_indent - longest - col_spacing >= _LEAST_ROOM:
            super().write_dl(rows, longest, col_spacing)
            return
        for term, meaning in rows:
            lines = self._fitting(term.strip(), 0, 2)
            if meaning:
                lines += self._fitting(meaning, _INDENT, _INDENT)
            self.write("".join(f"{' ' * self.current_indent}{line}\n" for line in lines))

    def write_text(self, text: str) -> None:
        super().write_text("\n\n".join(map(self._example, self.with_program(text).split("\n\n"))))

    def _example(self, paragraph: str) -> str:
        """A paragraph with lines that are to stay as they are: in as many lines as each needs, if one does not fit."""
        first, *lines = paragraph.split("\n")
        if first.strip() != "\b" or all(len(line) + self.current_indent <= self.width for line in lines):
            return paragraph
        shown = [first]
        for line in lines:
            indent = len(line) - len(line.lstrip())
            command, *meaning = re.split(f" {{{_GAP},}}", line.strip(), maxsplit=1)
            if indent > _INDENT:  # goes on with the explanation above
                shown += self._fitting(command, _INDENT, _INDENT)
            else:
                shown += self._fitting(command, indent, indent + 2)
            for one in meaning:
                shown += self._fitting(one, indent + _INDENT, indent + _INDENT)
        return "\n".join(shown)

    def _fitting(self, text: str, first: int, others: int) -> list[str]:
        """A text in lines that fit behind the present indent.

        :param first: spaces before the first line.
        :param others: spaces before each other line.
        """
        width = self.width - self.current_indent
        return wrap_text(unbroken(text), width, " " * first, " " * others, preserve_paragraphs=True).split("\n")
