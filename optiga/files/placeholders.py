"""Placeholders in names for the chip's UID and the slot's name, and misspelled placeholders."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError
from optiga.files.opening import about_its
from optiga.suggestions import suggest

if TYPE_CHECKING:
    from pathlib import Path

UID_FIELD = "{uid}"
"""What stands in a value for the chip's UID in hex."""
SLOT_FIELD = "{slot}"
"""What stands in a name for the slot's name."""
_FIELD = r"\$?\{{1,2}\s{0,9}[^\W\d_][\w .:-]{0,63}\}{1,2}"
_WORD = r"\{[^\W\d_]\w*\}"
"""Braces around one word, which look like a placeholder whatever the word is."""
_TORN = r"\{\s*(?:chip[ _-]?|device[ _-]?)?uid(?![^\W_])(?:[^{}]*\})?|(?<![^\W_])uid\s*\}"
"""A placeholder for the UID that misses a brace, or has a format as in Python."""
_UID_WORD = r"(?:(?:chip|device|thing)[ _-]?)?(?:uid|udi|serial[ _-]?(?:number|no)?)"
_LIKELY = (
    rf"%\({_UID_WORD}\)s?|%{_UID_WORD}(?:%|\b)|\$\({_UID_WORD}\)|\${_UID_WORD}(?:\$|\b)|<{_UID_WORD}>|\[{_UID_WORD}\]"
    rf"|@{_UID_WORD}@|#{_UID_WORD}#|__{_UID_WORD}__"
)
"""What other programs replace with a value."""
_MEANT = {
    UID_FIELD: (
        r".*(?<![flqr])uid(?!e).*|udi|iud|diu|.*serial.*|(chip|device|thing)?(id|sn)|chip|device",
        "the chip's UID",
    ),
    SLOT_FIELD: (r"(the)?slot(name|id|number|no)?|solt|slto|lsot|slots", "the slot's name"),
}
"""By placeholder what else people write for it, without case, blanks and punctuation; and what takes its place."""


def find_wrong_field(text: str, known: Collection[str] = (UID_FIELD,), *, every: bool = False) -> str:
    """What is wrong with the braces in a text, empty if nothing: what is meant for a placeholder but is none there.

    It would stay as it stands: in every chip's certificate, in a file's name. Braces around anything else stand for
    themselves.

    :param known: the placeholders that may stand in the text.
    :param every: refuse every other word in braces, whatever it is like: in names of files, which are ours to choose.
    """
    if "{" not in text and "}" not in text:
        return ""
    for match in re.finditer(_FIELD, text):
        written = match[0]
        word = re.sub(r"[\W_]", "", written.lower())
        meant = next((field for field, (others, _) in _MEANT.items() if re.fullmatch(others, word)), None)
        if meant is None and known and re.fullmatch(_WORD, written):
            meant = next((field for field in _MEANT if suggest(word, (field[1:-1],), {})), "" if every else None)
        if meant is None or written in known:
            continue
        if not known:
            return f"contains {written!r}, which is not replaced there"
        fields = sorted(known, key=lambda field: field != meant)  # what is meant comes first
        means = " and ".join(f"{field} means {_MEANT[field][1]}" for field in fields)
        return f"contains {written!r}, which is unknown: {means}"
    rest = functools.reduce(lambda text, field: text.replace(field, " "), (UID_FIELD, SLOT_FIELD), text)
    if torn := re.search(_TORN, rest, re.IGNORECASE):
        if UID_FIELD in known:
            return f"contains {torn[0]!r}, which is unknown: {UID_FIELD} means {_MEANT[UID_FIELD][1]}"
        return f"contains {torn[0]!r}, which is not replaced there"
    return ""


def warnings_about_fields(values: Iterable[tuple[str, str]]) -> list[str]:
    """What is probably meant for the chip's UID in names that are the same for every chip, one sentence each.

    :param values: the names of fields, and their values, which have no mistake.
    """
    return [
        f"{name}: {found[0]!r} is not replaced, so every chip gets the name {value!r}. {UID_FIELD} means the chip's UID"
        for name, value in values
        if UID_FIELD not in value and _has_word(value) and (found := re.search(_LIKELY, value, re.IGNORECASE))
    ]


def _has_word(value: str) -> bool:
    """Whether there is anything to look for: to compile the expression for it takes longer than to read most names."""
    return any(word in value.lower() for word in ("uid", "udi", "serial"))


@about_its("path")
def check_new_name(path: Path) -> None:
    """Refuse to make a file or folder whose name has a placeholder in it: nothing is filled in there.

    One that is there has its name already, whoever gave it.

    :raises ConfigurationError: if it is one.
    """
    if (mistake := find_wrong_field(path.name, ())) and not os.path.lexists(path):
        raise ConfigurationError(f"cannot make {path}: the name {mistake}", hint="Write the value itself")
