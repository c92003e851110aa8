"""Results as words with tabs between, for shells: as ``aws --output text`` prints them.

A mapping is a line with its plain values in the order of their names; each list or mapping in it stands on lines of its
own that begin with its name in capitals. Mappings in a list have a column for each name that one of them has. Source:
``awscli/text.py``, with which the tests compare it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from optiga.files.shown import shown, shown_lines


def words(value: Any) -> str:
    """A value of JSON as lines of words, each with its line break; empty for an empty list.

    True, False and null are ``True``, ``False`` and ``None``, as with ``aws``.
    """
    if isinstance(value, str):
        return f"{shown_lines(value)}\n"
    return "".join(f"{line}\n" for line in _lines(value, "", None))


def _lines(value: Any, name: str, columns: Sequence[str] | None) -> Iterator[str]:
    """The lines of a value.

    :param name: what they begin with; empty for nothing.
    :param columns: the names of the plain values that a mapping's line has; None for all of its own.
    """
    if isinstance(value, Mapping):
        yield from _of_mapping(value, name, columns)
    elif isinstance(value, list):
        yield from _of_list(value, name)
    else:
        yield _word(value)


def _of_mapping(value: Mapping[str, Any], name: str, columns: Sequence[str] | None) -> Iterator[str]:
    plain = {key: _word(one) for key, one in value.items() if not _has_parts(one)}
    columns = sorted(plain) if columns is None else columns
    if columns:
        yield "\t".join([name] * bool(name) + [plain.get(key, "") for key in columns])
    for key in sorted(set(value) - set(plain)):
        yield from _lines(value[key], key.upper(), None)


def _of_list(value: Sequence[Any], name: str) -> Iterator[str]:
    if any(isinstance(one, Mapping) for one in value):
        mappings = [one for one in value if isinstance(one, Mapping)]
        columns = sorted({key for one in mappings for key, part in one.items() if not _has_parts(part)})
        for one in value:
            yield from _lines(one, name, columns)
        return
    plain = [_word(one) for one in value if not _has_parts(one)]
    if name:
        yield from (f"{name}\t{word}" for word in plain)
    elif plain:
        yield "\t".join(plain)
    for one in filter(_has_parts, value):
        yield from _lines(one, name, None)


def _has_parts(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _word(value: Any) -> str:
    """A value as one word of a line: a line feed in it would begin a line that is not ours."""
    return shown(str(value))
