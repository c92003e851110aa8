"""Errors: their reasons, which the documents list, and the parameters that the library names in place of options."""

from __future__ import annotations

import ast
import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga import errors
from optiga.cli.app import EXIT_CODES, app
from optiga.cli.render.errors import error_line
from optiga.cli.support.options import option_of
from optiga.errors import BoardError, ChipError, ConfigurationError, OptigaError, Reason, naming, shorten, told
from optiga.naming import COMMAND, Naming
from tests.support.places import ROOT

DOCUMENT = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
OF_OPTIONS = {"cli", "testing"}
"""Rooms that know options."""
OPTION = r"(?<![-\w])--[a-z]"
PLAIN = st.text(alphabet=st.characters(exclude_characters="{}"))


def sources(sign: str, but: set[str]) -> Iterator[tuple[Path, ast.Module]]:
    """The files of the package with a sign in them, without those of some rooms."""
    for path in sorted((ROOT / "optiga").rglob("*.py")):
        if not but & set(path.relative_to(ROOT / "optiga").parts):
            text = path.read_text(encoding="utf-8")
            if re.search(sign, text):
                yield path, ast.parse(text)


def rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, cell by cell, without its head."""
    section = re.search(rf"^## {heading}\n(.*?)(?=^## |\Z)", DOCUMENT, re.MULTILINE | re.DOTALL)
    assert section
    lines = [line for line in section[1].splitlines() if line.startswith("| ")][2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def documented() -> dict[str, str]:
    """What the enum's source says of each reason."""
    tree = ast.parse(Path(errors.__file__).read_text(encoding="utf-8"))
    (found,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Reason")
    said = {}
    for node, following in zip(found.body, found.body[1:], strict=False):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            assert isinstance(following, ast.Expr), ast.unparse(node)
            said[str(node.value.value)] = str(ast.literal_eval(following.value))
    return said


class TestReasons:
    def test_each_is_documented(self) -> None:
        table = {row[0].strip("`"): row[1] for row in rows("Reasons")}
        assert list(table) == [reason.value for reason in Reason]
        assert table == documented()
        assert all(len(row) == 3 and row[2] for row in rows("Reasons"))

    def test_each_family_is_documented(self) -> None:
        shown = {row[2].strip("`"): (row[0].strip("`"), row[1]) for row in rows("Families")}
        for family, code in EXIT_CODES.items():
            assert shown[family.__name__] == (family.__name__.removesuffix("Error").lower(), str(code))

    def test_each_is_used(self) -> None:
        """A reason that no error has would have a program wait for it in vain."""
        text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "optiga").rglob("*.py"))
        assert [reason for reason in Reason if f"Reason.{reason.name}" not in text] == []

    def test_words(self) -> None:
        assert all(re.fullmatch("[a-z]+(_[a-z]+)*", reason.value) for reason in Reason)
        assert [f"{reason}" for reason in Reason] == [reason.value for reason in Reason]

    @pytest.mark.parametrize("family", [*EXIT_CODES, errors.UnprovenError, OptigaError])
    def test_every_family_has_one(self, family: type[OptigaError]) -> None:
        assert isinstance(family("x").reason, Reason)
        assert family("x", reason=Reason.BUSY).reason is Reason.BUSY

    @pytest.mark.parametrize(
        ("code", "reason"),
        [(0x01, Reason.NOT_FOUND), (0x07, Reason.DENIED), (0x08, Reason.TOO_LARGE), (0x2C, Reason.BAD_SIGNATURE)],
    )
    def test_the_chips_codes(self, code: int, reason: Reason) -> None:
        assert ChipError("x", code=code).reason is reason
        assert ChipError("x", code=0xEE).reason is ChipError("x").reason is Reason.REFUSED


def test_each_field_in_json_is_documented() -> None:
    error = ChipError("x", code=1, hint="y", port="z", oid=1)
    error.uid, error.path, error.parameter, error.problems = "u", "p", "q", ("r",)
    shown = json.loads(error_line(error, "chip", 4, option_of))["error"]
    listed = [name for row in rows("As JSON") for name in re.findall(r"`(\w+)`", row[0])]
    assert sorted(listed) == sorted(shown)


class TestNaming:
    def test_in_a_program_and_on_the_command_line(self) -> None:
        error = BoardError("more than one board", hint=naming("Choose one with {port=PORT}, not with {thing_type}"))
        assert str(error) == "more than one board. Choose one with port=PORT, not with 'thing_type'"
        assert error.text(option_of) == "more than one board. Choose one with --port PORT, not with --thing-type"
        assert error.parameter == "port"

    @pytest.mark.parametrize("reason", [Reason.DAMAGED, Reason.REVOKED, Reason.TOO_LARGE])
    def test_another_way_is_not_at_fault(self, reason: Reason) -> None:
        hint = naming("To go on all the same, use {keep_going}")
        assert ConfigurationError("x", hint=hint, reason=reason).parameter == ""
        assert ConfigurationError(naming("{out}"), hint=hint, reason=reason).parameter == "out"
        assert ConfigurationError("x", hint=hint, reason=reason, parameter="path").parameter == "path"

    def test_more_to_say(self) -> None:
        error = ConfigurationError("x", hint=naming("Name another with {out}"))
        error.locate("0xE0E1")
        error.advise("Nothing was written")
        error.advise("Look first", first=True)
        assert error.text(option_of) == "0xE0E1: x. Look first. Name another with --out. Nothing was written"
        plain = ConfigurationError("x")
        plain.advise(naming("Give {out}"))
        assert plain.text(option_of) == "x. Give --out"

    def test_none_is_named(self) -> None:
        error = ConfigurationError("x {out}", hint="y")
        assert (error.text(option_of), error.parameter) == ("x {out}. y", "")

    @given(text=st.text(), other=PLAIN)
    def test_values_name_nothing(self, text: str, other: str) -> None:
        """Whatever stands in a text of others, no parameter is made of it."""
        made = naming("{text}{out}{other}", text=text, other=other)
        assert made.parameters == ("out",)
        assert told(made, lambda name, value: f"<{name}{value}>") == f"{text}<out>{other}"
        again = naming("{made}, {text}", made=made, text=text)
        assert (again.parameters, str(again)) == (("out",), f"{made}, {text}")

    @given(text=st.text())
    def test_pickled(self, text: str) -> None:
        error = ConfigurationError(naming("{text}: {out}", text=text), hint=text, problems=(text,))
        back = pickle.loads(pickle.dumps(error))
        assert type(back) is ConfigurationError
        assert (str(back), back.text(option_of), back.reason) == (str(error), error.text(option_of), error.reason)

    def test_problems_name_parameters_and_are_printable(self) -> None:
        (problem,) = ConfigurationError("x", problems=(naming("{out}: \x1b"),)).problems
        assert told(problem, option_of) == "--out: \\x1b"


def test_a_sentence_with_apostrophes_is_no_quotation() -> None:
    text = (
        "AWS has certified another key than the CSR's: " + "nothing was written to the chip, " * 8 + "is it AWS's own?"
    )
    assert shorten(text) == text
    long = "x" * 500
    for value in (f"'{long}'", f'"{long}"', long):
        assert len(shorten(f"{value} is no name of the CSR's")) < 200


def test_a_question_ends_a_sentence() -> None:
    error = ConfigurationError("'secnd' is no slot, did you mean 'second'?", hint="There are others")
    assert str(error).endswith("'second'? There are others")


def test_no_option_in_the_library() -> None:
    """A program that reads an error knows parameters, not the options of a command line."""
    found = []
    for path, tree in sources(OPTION, OF_OPTIONS):
        texts = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                texts.add(id(node.value))  # of an attribute
            elif isinstance(node, ast.Constant) and id(node) not in texts and re.search(OPTION, str(node.value)):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {node.value!r}")
    assert found == []


def texts_of_the_library() -> Iterator[tuple[str, str]]:
    """Every text that is no docstring, with where it is; of a text with values in it, the parts between them."""
    for path, tree in sources("", {"cli"}):
        docstrings = {
            id(node.value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value


def test_no_bare_command_in_the_library() -> None:
    """A program's user runs 'python -m optiga ca list', and knows nothing of a command 'ca list'."""
    words = "|".join(app.list_commands(click.Context(app)))
    bare = re.compile(rf"(?<!\w)'(optiga )?({words})( [^']*)?('|$)")
    assert bare.search("To list them, use 'ca list'")
    assert [f"{place}: {text}" for place, text in texts_of_the_library() if bare.search(text)] == []


def test_each_command_in_the_library_is_one() -> None:
    found = {words for _, text in texts_of_the_library() for words in re.findall(rf"{COMMAND}([a-z ]+)", text)}
    assert len(found) > 20
    for words in found:
        command: click.Command = app
        for word in words.split():
            if isinstance(command, click.Group):
                below = command.get_command(click.Context(command), word)
                assert below is not None, words
                command = below


def test_a_command_is_told_as_it_can_be_run() -> None:
    text = Naming("to remove it, use 'python -m optiga deprovision ", "slot=second", "' and then ", "policy=NAME", "")
    assert text == "to remove it, use 'python -m optiga deprovision --slot second' and then policy=NAME"
    assert told(text, option_of) == "to remove it, use 'deprovision --slot second' and then --policy NAME"
    plain = "To list them, use 'python -m optiga ca list'"
    error = ConfigurationError("there are none", hint=plain)
    assert str(error) == f"there are none. {plain}"
    assert error.text(option_of) == "there are none. To list them, use 'ca list'"


def named() -> Iterator[tuple[str, str]]:
    """The parameters that the library's texts name, with where each is named."""
    for path, tree in sources(r"naming\(", OF_OPTIONS):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "naming":
                place = f"{path.relative_to(ROOT)}:{node.lineno}"
                (template,) = node.args
                # Never an f-string: what stands in a text of others would be taken for a parameter.
                assert isinstance(template, ast.Constant), place
                values = {keyword.arg for keyword in node.keywords}
                for parameter in naming(str(template.value)).parameters:
                    if parameter not in values:
                        yield place, parameter


def options(command: click.Command) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            sub = command.get_command(context, name)
            assert sub is not None
            yield from options(sub)


@pytest.mark.long
def test_each_parameter_has_an_option() -> None:
    """What the command line tells people to give must be something that it takes."""
    known = set(options(app))
    missing = [
        f"{place}: {parameter}"
        for place, parameter in named()
        if not set(re.findall(r"--[a-z0-9-]+", option_of(parameter))) <= known
    ]
    assert missing == []
    assert {"out", "port", "region", "trust_records"} <= {parameter for _, parameter in named()}


@pytest.mark.parametrize(
    ("number", "verb", "said"),
    [(1, "", "1 byte"), (0, "", "0 bytes"), (2, "", "2 bytes"), (1, "have", "1 byte has"), (3, "are", "3 bytes are")],
)
def test_numbers_of_things(number: int, verb: str, said: str) -> None:
    assert errors.counted(number, "byte", verb) == said


def test_the_same_advice_stands_once() -> None:
    hint = naming("To make a CSR, use 'python -m optiga {csr=CONFIG}'")
    for held in (hint, told(hint, option_of)):
        error = ConfigurationError("no CSR", hint=held)
        error.advise(f"It is a configuration. {hint}", first=True)
        assert error.text(option_of) == "no CSR. It is a configuration. To make a CSR, use '--csr CONFIG'"
