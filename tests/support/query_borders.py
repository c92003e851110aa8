"""Borders that text comes in by: expressions of ``--query``, and the line that says who holds a lock."""

from __future__ import annotations

import io
import random
from contextlib import redirect_stdout
from typing import Any

from optiga.cli.support.settings import Settings
from optiga.files.locks import Owner
from tests.support.borders import check_line
from tests.support.file_borders import UID, Border
from tests.support.file_mutations import mutate_bytes, mutate_text


class OwnerBorder(Border):
    """The line beside a lock, which says who holds it."""

    name = "lock owner"

    def make(self, chance: random.Random) -> bytes:
        return mutate_text(f"process 17 (optiga {chance.choice(('--csr', 'info'))})", chance).encode("utf-8", "replace")

    def take(self, given: bytes, chance: random.Random) -> None:
        data = mutate_bytes(given, chance) if chance.random() < 0.5 else given
        (self.folder / "given.owner").write_bytes(data)
        error = Owner(self.folder / "given").in_use("port")
        check_line(str(error))
        if "another process" in str(error):
            raise error


_RESULTS: tuple[dict[str, Any], ...] = (
    {"uid": UID, "model": None, "life_cycle": {"global": "operational"}, "security_event_counter": 0},
    {"slots": {"second": {"key": None, "certificate": {"subject": "CN=\u202ex", "days": -1}}}, "number": 0.5},
    {"objects": [{"oid": "0xE0E1", "bytes": 3, "reason": None}, {"oid": "0xE0E2", "bytes": None}], "steps": ["a\nb"]},
    {"a": 1, "b": [3, 1, 2], "c": ["x", "y"], "d": True, "e": [1, "x", None], "f": {"g": {"h": [[1, 2], [3]]}}},
)
_FUNCTIONS = (
    *(
        "abs",
        "avg",
        "ceil",
        "contains",
        "ends_with",
        "floor",
        "join",
        "keys",
        "length",
        "map",
        "max",
        "max_by",
        "merge",
    ),
    *("min", "min_by", "not_null", "reverse", "sort", "sort_by", "starts_with", "sum", "to_array", "to_number", "type"),
    *("to_string", "values", "nothing"),
)
_NAMES = (
    "uid",
    "a",
    "b",
    "c",
    "d",
    "e",
    "f.g.h",
    "slots.second",
    "objects",
    "steps",
    "number",
    "@",
    "*",
    '"a b"',
    "life_cycle",
)


class QueryBorder(Border):
    """``--query``: an expression on a result, printed in each form."""

    name = "query"

    def make(self, chance: random.Random) -> bytes:
        text = self._draw(chance, chance.choice((1, 2, 2, 3)))
        if chance.random() < 0.05:
            text = chance.choice(("[", "(", "{a:", "!", "&", "a.")) * chance.choice((3, 100, 900, 20_000)) + text
        elif chance.random() < 0.3:
            text = mutate_text(text, chance)
        return text.encode("utf-8", "surrogatepass")

    def _draw(self, chance: random.Random, depth: int) -> str:
        """An expression of the grammar, of a depth."""
        if depth == 0:
            number = chance.choice(
                ("0", "1", "-1", "1e999", "[1,2]", "null", '"x"', "{}", "9" * 5000, "NaN", '"\\ud800"')
            )
            return chance.choice((*_NAMES, *_NAMES, "'x'", f"`{number}`", "``", "`x`"))
        inner, other = self._draw(chance, depth - 1), self._draw(chance, chance.randrange(depth))
        index = chance.choice(("0", "-1", "99999999999999999999", ":", "::0", "::-1", "1:2:3", "*", "", f"?{other}"))
        operator = chance.choice((" < ", " >= ", " == ", " != ", " && ", " || ", " | ", ".", ","))
        return chance.choice(
            (
                f"{inner}{operator}{other}",
                f"{inner}[{index}]",
                f"{chance.choice(_FUNCTIONS)}({inner})",
                f"{chance.choice(_FUNCTIONS)}({inner}, {other})",
                f"{chance.choice(('sort_by', 'max_by', 'min_by'))}({inner}, &{other})",
                f"map(&{inner}, {other})",
                f"{{a: {inner}, b: {other}}}",
                f"[{inner}, {other}]",
                f"!{inner}",
                f"&{inner}",
                f"({inner})",
            )
        )

    def take(self, given: bytes, chance: random.Random) -> None:
        settings = Settings()
        settings.query = given.decode("utf-8", "surrogatepass")
        settings.output = chance.choice((None, "json", "repr", "text"))
        result = chance.choice(_RESULTS)
        printed = io.StringIO()
        settings.check_query(result)
        with redirect_stdout(printed):
            settings.print_result(result)
        for line in printed.getvalue().removesuffix("\n").split("\n"):
            check_line(line.replace("\t", " ") if settings.output == "text" else line)


TEXTS: tuple[type[Border], ...] = (OwnerBorder, QueryBorder)
