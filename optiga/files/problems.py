"""Mistakes in a configuration, collected as its parts are read, each with its line and path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from optiga.errors import ConfigurationError, naming
from optiga.files.json_lines import Document, Path
from optiga.suggestions import near_names, suggest
from optiga.values import Value, frozen

_MOST_HINTS = 100
"""With more mistakes than these nobody reads what may have been meant, which takes long to find."""
_MOST_UNSORTED = 8
"""Names in a list in which one is found at a glance."""
_MOST_TOLD = 200
_MOST_ELEMENTS = 1000
_MOST_DESCRIBED = 10 * _MOST_TOLD
"""Of the first that are found; those that are told are the first by their lines."""


@frozen
class Problem(Value):
    """A mistake.

    :param line: where it stands in its document, counted from 1.
    :param text: one line for people, with the document's name, the line and the path.
    """

    line: int
    text: str


class Section:
    """One value of a document with its path, and what is wrong in it.

    :param name: what to call the document in messages, usually the path of its file.
    :param problems: the list that mistakes go to, shared by all sections of a document.
    :param whole: what the document is, for mistakes that are no member's.
    """

    def __init__(
        self, document: Document, name: str, problems: list[Problem], path: Path = (), whole: str = "configuration"
    ) -> None:
        self._document = document
        self._name = name
        self._problems = problems
        self._whole = whole
        self.path = path
        value = document.value
        for step in path:
            value = value[step]
        self.value: Any = value

    def child(self, step: str | int) -> Section:
        """The section of a member or element that is there."""
        return Section(self._document, self._name, self._problems, (*self.path, step), self._whole)

    def problem(self, text: str) -> None:
        """Note a mistake in this value."""
        line = self._document.lines[self.path]
        if len(self._problems) >= _MOST_DESCRIBED:
            self._problems.append(Problem(line, f"{self._name}:{line}: 1 more mistake"))
            return
        where = describe_path(self.path) if self.path else self._whole
        said = naming("{where}: {text}", where=f"{self._name}:{line}: {where}", text=text)
        self._problems.append(Problem(line, said))

    def problem_elsewhere(self, text: str) -> None:
        """Note a mistake in what stands in place of this value, and not in the document."""
        self._problems.append(Problem(self._document.lines[self.path], text))

    def members(
        self, required: Iterable[str], optional: Iterable[str] = (), other_names: Mapping[str, str] | None = None
    ) -> dict[str, Section]:
        """The members of an object by name; those unknown or missing are noted, as is a value that is no object.

        :param other_names: the right name for wrong ones that people are known to use.
        """
        if not isinstance(self.value, dict):
            self.problem(f"must be an object in braces, not {describe_kind(self.value)}")
            return {}
        required = tuple(required)
        known = (*required, *optional)
        for name in self.value:
            if name not in known:
                if len(self._problems) >= _MOST_HINTS:
                    self.child(name).problem("is unknown")
                    continue
                hint = suggest(name, [other for other in known if other not in self.value], other_names or {})
                if not hint and (twin := suggest(name, known, other_names or {})):
                    is_slip = any(repr(one) in twin for one in near_names(name, known))
                    hint = f"{twin} It is there already" if is_slip else ""
                listed = known if len(known) <= _MOST_UNSORTED else sorted(known)
                self.child(name).problem(f"is unknown{hint or ' (known: ' + ', '.join(listed) + ')'}")
        for name in required:
            if name not in self.value:
                self.problem(f"{name} is missing")
        return {name: self.child(name) for name in known if name in self.value}

    def elements(self) -> list[Section]:
        """The elements of an array; a value that is none, or has more of them than anything takes, is noted."""
        if not isinstance(self.value, list):
            self.problem(f"must be a list in brackets, not {describe_kind(self.value)}")
            return []
        if len(self.value) > _MOST_ELEMENTS:
            self.problem(f"has {len(self.value)} elements, but at most {_MOST_ELEMENTS} are allowed")
            return []
        return [self.child(index) for index in range(len(self.value))]

    def text(self) -> str | None:
        """The value if it is a text; else that is noted."""
        if isinstance(self.value, str):
            return self.value
        self.problem(f"must be a text in double quotes, not {describe_kind(self.value)}")
        return None

    def choice(self, choices: Iterable[str], what: str, other_names: Mapping[str, str] | None = None) -> str | None:
        """The one of the choices that the value names, in any letter case; else that is noted.

        :param what: what the choices are, for example ``a curve of the chip``.
        """
        text = self.text()
        choices = tuple(choices)
        if text is None or text.lower() in choices:
            return text and text.lower()
        hint = suggest(text, choices, other_names or {})
        self.problem(f"{text!r} is not {what}{hint} (one of {', '.join(choices)})")
        return None


def describe_path(path: Path) -> str:
    """A path as people write it, for example ``csr_config.extensions.key_usage[1]``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if step.isprintable() else f".{step!r}"
    return text.lstrip(".") or "configuration"


def describe_kind(value: object) -> str:
    """What kind of JSON value it is, in words."""
    if value is None:
        return "null"
    kinds = {
        bool: "true or false",
        str: "a text",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "an object",
    }
    return kinds[type(value)]


def raise_problems(problems: Iterable[Problem]) -> None:
    """Report mistakes in the order of their lines; those of one line in the order they were found. Many are counted.

    :raises ConfigurationError: if there are any.
    """
    texts = [problem.text for problem in sorted(problems, key=lambda problem: problem.line)]
    if len(texts) > _MOST_TOLD:
        more = len(texts) - _MOST_TOLD
        texts[_MOST_TOLD:] = [f"and {more} more mistake{'' if more == 1 else 's'}"]
    if texts:
        raise ConfigurationError(texts[0], problems=tuple(texts[1:]))
