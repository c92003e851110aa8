"""What is different between the schema of a SQLite file and the one that was made."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Any

_COMMA = re.compile(r",(?![^()]*\))")


def difference(rows: Iterable[Any], statements: Iterable[str], later: Collection[str]) -> str:
    """What a schema has that it must not have, or lacks; empty if only its spelling is another.

    :param rows: type, name and statement of what is in it, in bytes.
    :param statements: what makes the one that it is to be.
    :param later: names of tables, and ``table.column`` of columns, that files of earlier releases do not have.
    """
    wanted = dict(_parts(statement) for statement in statements if statement)
    found = {}
    for kind, name, sql in rows:
        if sql is None and kind == b"index" and isinstance(name, bytes) and name.startswith(b"sqlite_autoindex_"):
            continue
        head, parts = _parts(sql.decode("utf-8", "replace") if isinstance(sql, bytes) else "")
        if head not in wanted or not parts <= wanted[head]:
            return f"it contains the {_shown(kind)} {_shown(name)}, which does not belong to it"
        found[head] = parts
    for head, parts in wanted.items():
        table = head.split()[2]
        missing = {part for part in parts - found.get(head, frozenset()) if f"{table}.{part.split()[0]}" not in later}
        if table not in later and (head not in found or missing):
            return f"it lacks {table}" if head not in found else f"its table {table} lacks {min(missing)}"
    return ""


def _shown(value: object) -> str:
    return value.decode("ascii", "backslashreplace")[:40] if isinstance(value, bytes) else "part without a name"


def _parts(statement: str) -> tuple[str, frozenset[str]]:
    """A statement in one form: what stands outside its outer parentheses, and what they list."""
    text = " ".join(statement.split())
    start, end = text.find("("), text.rfind(")")
    if start < 0 or end < start:
        return text, frozenset()
    parts = frozenset(part.strip() for part in _COMMA.split(text[start + 1 : end]))
    return f"{text[:start].strip()} {text[end + 1 :].strip()}".strip(), parts
