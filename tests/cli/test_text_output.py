"""``--output text``: words with tabs between, as the ``aws`` command prints them; and tables that fit the terminal."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from optiga.cli.render.tables import table, whole_table
from optiga.cli.render.words import words
from tests.support.cli.runner import Cli
from tests.support.processes import OPTIGA
from tests.support.terminal import terminal

SCALARS = st.none() | st.booleans() | st.integers() | st.text("ab-Ü ", max_size=4)


def _mappings(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Mappings in which the same names have plain values."""
    plain = st.dictionaries(st.sampled_from(["b", "Cc", "a"]), SCALARS)
    return st.builds(lambda one, other: {**one, **other}, plain, st.dictionaries(st.sampled_from(["x", "aa"]), inner))


PARTS = st.recursive(
    st.lists(SCALARS, max_size=3),
    lambda inner: st.lists(SCALARS | inner, max_size=3) | st.lists(_mappings(inner), max_size=3) | _mappings(inner),
    max_leaves=8,
)
VALUES = SCALARS | PARTS
"""What the ``aws`` command can print: it fails at lists of mappings and other things."""


class TestWords:
    @pytest.mark.parametrize(
        ("value", "printed"),
        [
            ("text", "text\n"),
            (True, "True\n"),
            (None, "None\n"),
            ([], ""),
            (["a", "b"], "a\tb\n"),
            ([["a", 1], ["b", None]], "a\t1\nb\tNone\n"),
            ({"b": 1, "a": "x", "list": ["p", "q"], "none": None}, "x\t1\tNone\nLIST\tp\nLIST\tq\n"),
            ([{"b": 1}, {"a": 2, "c": {"d": 3}}], "\t1\n2\t\nC\t3\n"),
            ("-----BEGIN\nx\n", "-----BEGIN\nx\n\n"),
            ("a\tb\x1b", "a\\tb\\x1b\n"),
            ([{"a": 1}, {"a": [True]}], "1\n\nA\tTrue\n"),
            ([1, {"a": 1}], "1\n1\n"),
        ],
    )
    def test_forms(self, value: Any, printed: str) -> None:
        assert words(value) == printed

    @given(VALUES)
    def test_as_the_aws_command_does_it(self, value: Any) -> None:
        theirs = pytest.importorskip("awscli.text", reason="needs awscli, of the extra dev")
        stream = io.StringIO()
        try:
            theirs.format_text(value, stream)
        except AttributeError:  # it has no answer to a null beside dictionaries, which AWS never answers
            assume(False)
        assert words(value) == stream.getvalue()


class TestCommands:
    def test_a_list_that_is_queried(self, cli: Cli, port: str) -> None:
        asked = ("--port", port, "info", "--query")
        assert cli(*asked, "slots.first.key.usage", "--output", "text").out == "authentication\n"
        assert cli(*asked, "[model, uid_fields.platform_id]", "--output", "text").out == "OPTIGA Trust M V3\t16\n"
        assert cli(*asked, "slots.second.certificate", "--output", "text").out == "None\n"
        assert json.loads(cli(*asked, "slots.first.key.usage").out) == ["authentication"]

    def test_whole_results(self, cli: Cli, port: str, config: Path) -> None:
        made = cli("--port", port, "--csr", config, "--output", "text")
        assert re.fullmatch(r"([0-9a-f]{40}\.csr)\t.*\1\t0342[0-9a-f]+\n", made.out)
        rows = cli("--port", port, "object", "list", "--output", "text").out.splitlines()
        assert all(row.startswith("OBJECTS\t") for row in rows)
        shown = cli("--port", port, "info", "--output", "text").out
        assert not re.search(r"[\[\]{}]|': ", re.sub("CN=.*", "", shown))

    def test_where_nothing_is_printed_by_itself(self, cli: Cli, port: str) -> None:
        Path("data").write_bytes(b"1")
        asked = ("--port", port, "--write", "data", "--id", "0xF1D0")
        assert "\t" in cli(*asked, "--output", "text").out


class TestTables:
    ROWS = (
        ("0xE0E1", "public key certificate 2", "lcso < operational || int 0xE0E8", "f" * 54),
        ("0xE0E2", None, "always", ()),
    )
    HEADS = ("oid", "what", "change", "uid")

    @pytest.mark.parametrize("width", [20, 60, 80, 120])
    def test_they_fit_and_lose_nothing(self, width: int) -> None:
        whole, fitted = table(self.HEADS, self.ROWS), table(self.HEADS, self.ROWS, width)
        assert max(map(len, fitted.splitlines())) <= width
        heads = "|".join(self.HEADS)
        whole_cells, cells = (re.sub(rf"(?m)^oid .*uid$|^({heads})\b|\s", "", text) for text in (whole, fitted))
        if width == 120:
            assert fitted.split("\n")[0].split() == list(self.HEADS)
        for letter in set(whole_cells):
            assert cells.count(letter) == whole_cells.count(letter)
        assert table(self.HEADS, self.ROWS, 200) == whole

    def test_no_word_is_broken_if_all_have_room(self) -> None:
        row = ("0xE0E1", "maximum communication buffer", "eu-central-1", "lcso < operational || int 0xE0E8")
        for width in (50, 55, 60, 70):
            fitted = table(self.HEADS, [row], width)
            assert max(map(len, fitted.splitlines())) <= width
            assert {*" ".join(row).split()} <= {*fitted.split()}

    @pytest.mark.parametrize(
        ("text", "width", "lines"),
        [
            ("/home/worker/line/optiga.toml", 20, ["/home/worker/line/", "optiga.toml"]),
            ("0123456789abcdef.csr", 18, ["0123456789abcdef.", "csr"]),
            ("a/" + "b" * 30, 20, ["x  a/", "b" * 17, "b" * 13]),
            ("account 123456789012, eu-central-1", 24, ["account 123456789012,", "eu-central-1"]),
            ("/", 20, ["/"]),
        ],
    )
    def test_a_long_word_is_broken_at_its_separators(self, text: str, width: int, lines: list[str]) -> None:
        assert [line.strip() for line in table(("x",), [(text,)], width).split("\n") if line != "x"] == lines

    @given(st.lists(st.lists(st.text("ab/.- ", max_size=40), min_size=3, max_size=3), max_size=4))
    def test_nothing_is_lost_at_any_width(self, rows: list[list[str]]) -> None:
        for width in (20, 33, 60):
            fitted = table(("x", "y", "z"), [tuple(row) for row in rows], width)
            assert max(map(len, fitted.split("\n"))) <= width
            assert sorted(re.sub(r"[\sxyz]", "", fitted)) == sorted(
                re.sub(r"[\sxyz]", "", table(("x", "y", "z"), map(tuple, rows)))
            )

    def test_a_long_cell_in_a_log_widens_no_other(self) -> None:
        """As of a certificate that replaces several others."""
        long = ", ".join(["replaces " + 64 * "a"] * 4)
        rows = [("one", "short", "end"), ("two", long, "end"), ("three", 64 * "b", "end")]
        head, first, second, third = table(("name", "detail", "last"), rows).split("\n")
        assert (second, third) == (f"two    {long}  end", f"three  {64 * 'b'}  end")
        assert first.index("end") == head.index("last") == third.index("end")

    def test_every_row_begins_in_its_first_column(self) -> None:
        rows = table(self.HEADS, [(*row[:3], "f" * 20) for row in self.ROWS], 60).splitlines()
        assert [row[:6] for row in rows if not row.startswith(" ")] == ["oid   ", "0xE0E1", "0xE0E2"]

    @pytest.mark.parametrize("width", [20, 40])
    def test_words_have_lines_of_their_own_where_they_would_be_broken(self, width: int) -> None:
        row = ("0xE0F1", "second", "authentication, key_agreement", "operational")
        fitted = table(("oid", "slot", "usage", "lcso"), [row, row], width)
        lines = ["oid    0xE0F1", "slot   second", "usage  authentication, key_agreement", "lcso   operational"]
        if width == 20:
            lines[2:3] = ["usage  authenticatio", "       n,", "       key_agreement"]
        assert fitted == "\n\n".join(["\n".join(lines)] * 2)
        whole = whole_table(("uid", "oid", "slot", "usage", "lcso"), [("u" * 30, *row)], width)
        assert whole.split("\n")[:2] == ["u" * 30, "  oid    0xE0F1"]

    @pytest.mark.parametrize("words", ["object list", "key list", "counter list", "config sample"])
    def test_commands(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
        whole = cli("--port", port, *words.split()).out
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        for columns in (60, 80, 120):
            monkeypatch.setenv("COLUMNS", str(columns))
            fitted = cli("--port", port, *words.split())
            assert fitted.code == 0
            assert max(map(len, fitted.out.splitlines())) <= columns
            assert re.match("oid |name ", fitted.out)
            assert cli("--port", port, *words.split(), "--wide").out == whole

    @pytest.mark.long
    @pytest.mark.parametrize("columns", [60, 80, 120])
    def test_at_a_terminal(self, tmp_path: Path, columns: int) -> None:
        command = [*OPTIGA, "--port", "emulator:chip", "object", "list"]
        with terminal(command, tmp_path, {"COLUMNS": ""}, columns=columns) as shown:
            text = shown.wait_for_end()
        rows = text[text.index("oid ") :].splitlines()
        assert len(rows) > 40
        assert max(map(len, rows)) <= columns
        with terminal([*command, "--wide"], tmp_path, {"COLUMNS": ""}, columns=columns) as shown:
            assert "lcso < operational " in shown.wait_for_end()


class TestWholeTable:
    ROWS = (("a" * 20, "second", "a lamp in the hall"), ("a" * 20, "third", "-"), ("b" * 20, "second", "x"))

    @pytest.mark.parametrize("width", [None, 50])
    def test_where_there_is_room(self, width: int | None) -> None:
        assert whole_table(("uid", "slot", "thing"), self.ROWS, width) == table(("uid", "slot", "thing"), self.ROWS)

    def test_the_first_column_is_never_broken(self) -> None:
        assert whole_table(("uid", "slot", "thing"), self.ROWS, 24).split("\n") == [
            "uid",
            "  slot    thing",
            "a" * 20,
            "  second  a lamp in the",
            "          hall",
            "  third   -",
            "b" * 20,
            "  second  x",
        ]

    @pytest.mark.parametrize("width", [48, 60, 80])
    @pytest.mark.parametrize("date", ["2036-11-25", "2036-11-25 20:26", "2036-11-25T20:26:24+00:00"])
    def test_a_date_is_never_broken(self, width: int, date: str) -> None:
        row = ("5f" * 20, "revoked", date, "CN=a_long-name.of.a-lamp,O=Somebody", "server, client")
        found = whole_table(("serial", "state", "until", "subject", "use"), [row], width)
        assert date in found
        assert max(map(len, found.split("\n"))) <= width

    def test_serial_numbers_of_a_ca(self, cli: Cli, port: str, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert cli("ca", "init", "root", "--no-passphrase").code == 0
        csr = cli("--port", port, "--csr", config, "--query", "filename").out.strip()
        serial = cli("ca", "sign", csr, "--ca", "root", "--out", "d.pem", "--query", "serial").out.strip()
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
        monkeypatch.setenv("COLUMNS", "60")
        assert serial in cli("ca", "list", "--ca", "root").out.split()
