"""Expressions of ``--query`` that cannot be parsed, applied or printed: one line says so."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest
from jmespath.functions import Functions

from optiga.cli.support.query import search
from optiga.errors import ConfigurationError
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli

RESULT = {"a": 1, "b": [3, "x"], "uid": "cd16", "none": None, "deep": {"c": {"d": 1}}, "list": [None, {"e": None}]}


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("length(a) < a", "length"),
        ("to_number(&a) < a", "behind &"),
        ("&a", "behind &"),
        ("{x: &a}", "behind &"),
        ("b[::0]", "step"),
        ("sort(b)", "sort"),
        ("nothing && a.max_by(uid)", "finds nothing"),
        ("nothing || nothing && b.max_by(uid)", "finds nothing"),
        ("`1e999`", "JSON"),
        ("(" * 900 + "a", "nested"),
        ("!" * 3000 + "a", "nested"),
        ("[" * 9000, "nested"),
        ("a" * 20_000, "characters"),
        ("\x7f", "\\x7f"),
        ("\ud800", "ud800"),
        ('`"\\ud800', "is not valid"),
    ],
)
def test_what_cannot_be(query: str, word: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        search(query, RESULT)
    assert word in str(raised.value)
    assert str(raised.value).isprintable()
    assert "_Expression" not in str(raised.value)


_TEXT = "is a text. It has"
_TWO = "'b' contains texts and numbers"
_GIVEN = {
    "abs(uid)": f"abs() takes a number, but 'uid' {_TEXT}",
    "avg(uid)": f"avg() takes a list of numbers, but 'uid' {_TEXT}",
    "avg(b)": "avg() takes a list of numbers, but 'b' contains a text. It has",
    "ceil(none)": "ceil() takes a number, but 'none' is null",
    "contains(a, uid)": "contains() takes a list or a text as its first argument, but 'a' is a number. It has",
    "ends_with(uid, a)": "ends_with() takes a text as its second argument, but 'a' is a number. It has",
    "floor(deep)": "floor() takes a number, but 'deep' is an object",
    "join(',', b)": "join() takes a list of texts as its second argument, but 'b' contains a number. It has",
    "keys(uid)": f"keys() takes an object, but 'uid' {_TEXT}",
    "length(deep.c.d)": "length() takes a text, a list or an object, but 'deep.c.d' is a number. It has",
    "map(uid, b)": f"map() takes an expression behind & as its first argument, but 'uid' {_TEXT}",
    "max(b)": f"max() takes a list of numbers or a list of texts, but {_TWO}",
    "max_by(b, &@)": "max_by() compares numbers or texts, but the list gives both",
    "merge(uid)": f"merge() takes an object, but 'uid' {_TEXT}",
    "min(uid)": f"min() takes a list of numbers or a list of texts, but 'uid' {_TEXT}",
    "min_by(list, &e)": "min_by() compares numbers or texts, but is given null",
    "reverse(a)": "reverse() takes a list or a text, but 'a' is a number. It has",
    "sort(b)": f"sort() takes a list of texts or a list of numbers, but {_TWO}",
    "sort_by(b, &@)": "sort_by() compares numbers, but is given a text. It has",
    "sort_by(list, &e)": "sort_by() compares texts or numbers, but is given null",
    "starts_with(a, uid)": "starts_with() takes a text as its first argument, but 'a' is a number. It has",
    "sum(uid)": f"sum() takes a list of numbers, but 'uid' {_TEXT}",
    "values(b)": "values() takes an object, but 'b' is a list",
    "uid.abs(@)": "abs() takes a number, but is given a text. It has",
    "sum(`[true]`)": "sum() takes a list of numbers, but is given a list with true or false",
    "length(&a)": "length() takes a text, a list or an object, but is given an expression behind &",
    "abs(uid) || abs(a)": "abs() takes a number, but is given a text",
}
"""What a function takes, what it is given, and where that stands."""


@pytest.mark.parametrize(("query", "said"), _GIVEN.items())
def test_what_a_function_does_not_take(query: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        search(query, RESULT)
    assert f"does not fit the result: {said}" in str(raised.value)


def test_a_call_within_the_call_may_lack_the_argument() -> None:
    with pytest.raises(ConfigurationError, match=r"map\(\) takes"):
        search("map(&map(uid), uid)", RESULT)


_ANY: frozenset[str] = frozenset({"not_null", "to_array", "to_number", "to_string", "type"})
"""Functions that take a value of any type."""


@pytest.mark.parametrize("function", sorted(Functions.FUNCTION_TABLE))
def test_every_function(function: str) -> None:
    """Too few arguments, too many, and one of a type that it does not take."""
    assert function in _ANY or any(query.startswith(f"{function}(") for query in _GIVEN)
    signature = Functions.FUNCTION_TABLE[function]["signature"]
    for count in (0, len(signature) + 1):
        if count and signature[-1].get("variadic"):
            continue
        with pytest.raises(ConfigurationError, match=rf"is not valid: {function}\(\) takes .*argument") as raised:
            search(f"{function}({', '.join(['a'] * count)})", RESULT)
        assert f"but has {count or 'none'}" in str(raised.value)


def test_a_function_that_there_is_not() -> None:
    with pytest.raises(ConfigurationError, match=r"there is no function lenght\(\), did you mean 'length'\? .*sort_by"):
        search("lenght(uid)", RESULT)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "is not valid: it is empty. "),
        (".uid", "'.' is not expected at character 1"),
        ("uid..a", "'.' is not expected at character 5"),
        ("uid a", "'a' is not expected at character 5"),
        ("uid)", "')' is not expected at character 4"),
        ("deep.c.{d}", "'}' is not expected at character 10"),
        ("{uid, a}", "',' is not expected at character 5"),
        ("uid.1", "'1' is not expected at character 5. Name"),
        ("b[?@==1]", "'1' is not expected at character 7. A number to compare with is written between backticks: `1`"),
        ("uid.", "something is missing at the end"),
        ("(uid", "something is missing at the end"),
        ("abs(", "something is missing at the end"),
        ("b[?@==`1`", "something is missing at the end"),
        ("uid ==", "something is missing at the end"),
        ("a || 'uid", "the quote ' at character 6 is not closed"),
        ('"uid', 'the quote " at character 1 is not closed'),
        ('a."b\\x"', "at character 3 is not valid"),
        ("a#b", "'#' at character 2 has no meaning"),
        ("foo-bar", "'-' at character 4 has no meaning. If it is part of a name, write the name in double quotes"),
        ("b[?@=1]", "'=' alone has no meaning. To compare, write =="),
        ("b[::0]", "the step of a slice cannot be 0"),
    ],
)
def test_where_an_expression_is_wrong(query: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        search(query, RESULT)
    assert said in str(raised.value)
    assert not re.search(
        r"\.\.( |$)|for expression|jmespath|EOF|Expecting|\[\'", str(raised.value).replace(repr(query), "")
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [("uid", "cd16"), ("none", None), ("deep.c.d", 1), ("b[0]", 3), ("length(uid)", 4), ("a < `2`", True)],
)
def test_what_can(query: str, found: object) -> None:
    assert search(query, RESULT) == found


@pytest.mark.parametrize(
    "query",
    [
        "none",
        "none.a",
        "none.a.b.c",
        "none[0]",
        "none[0].a",
        "none[*].a",
        "none.*",
        "none | a",
        "deep.x || none.x",
        "list[0]",
        "list[-2].a",
        "list[1].e",
        "list[1].e.f",
        "list[2]",
        "list[-3].e",
        "b[2]",
        "list[?e=='x'] | [0]",
        "list[?e=='x'] | [0].e",
        "(list[?e=='x'])[0].e.f",
        "[b[7]][0]",
        '"none"."a b"',
        "none.[a]",
        "none.{x: a}",
        "max(`[]`)",
        "`null`",
    ],
)
def test_null_on_the_way_is_null(query: str) -> None:
    assert search(query, RESULT) is None


@pytest.mark.parametrize(
    "query",
    ["nothing", "a.b", "uid.none", "deep.none", "deep.c.none.d", "uid[0]", "a[0].b", "x[0]", "uid[*].x", "x || y"],
)
def test_what_is_not_there_is_no_null(query: str) -> None:
    with pytest.raises(ConfigurationError, match="finds nothing in the result"):
        search(query, RESULT)


@pytest.mark.parametrize(
    ("words", "printed"), [([], "None\n"), (["--output", "text"], "None\n"), (["--output", "json"], "null\n")]
)
def test_null_is_printed(cli: Cli, port: str, words: list[str], printed: str) -> None:
    for query in ("slots.second.certificate", "slots.second.certificate.subject", "slots.second.certificate.size"):
        shown = cli("--port", port, "info", "--query", query, *words)
        assert (shown.code, shown.out) == (0, printed), shown


def test_a_name_that_is_wrong_behind_a_null_is_wrong(cli: Cli, port: str) -> None:
    assert "finds nothing" in fails(cli, USAGE, "--port", port, "info", "--query", "slots.second.certificate.colour")


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        ("info --query modle", "It has uid, .*, did you mean 'model'"),
        ("info --query slots.secnd", "'slots' has first, second.*, did you mean 'second'"),
        ("info --query slots.second.kex", "'slots.second' has .*certificate"),
        ("info --query slots.second|kex", "'slots.second' has .*certificate"),
        ("info --query uid.hex", "'uid' is a text, with no fields"),
        ("object list --query objects.oid", r"'objects' is a list: 'objects\[\].oid' is of each"),
        (
            "info --query slots.*.key.algorithm",
            r"'slots\.\*\.key' is a list: 'slots\.\*\.key\[\]\.algorithm'",
        ),
        ("object list --query (objects[].oid).name", r"'objects\[\]\.oid' is a list: 'objects\[\]\.oid\[\]\.name'"),
        ("object list --query (objects[*]).oid", r"'objects\[\*\]' is a list: 'objects\[\*\]\[\]\.oid'"),
        ("object list --query (objects[?oid!=null]).oid", r"is a list: '\[\]\.oid' behind it"),
        ("object list --query objects[0].nam", r"'objects\[0\]' has oid, .*, did you mean 'name'"),
        ("object list --query objecs[].oid", "It has objects, did you mean 'objects'"),
    ],
)
def test_what_is_there_is_said(cli: Cli, port: str, words: str, hint: str) -> None:
    assert re.search(hint, fails(cli, USAGE, "--port", port, *words.split()))


@pytest.mark.parametrize(
    "query",
    [
        "objects[].nam",
        "objects[*].nam",
        "objects[?nam=='x']",
        "objects[?oid=='x'].nam",
        "objects[].[oid, nam]",
        "objects[].{x: nam}",
        "[objects[0].nam]",
        "length(objects[].nam)",
        "objects[?!nam]",
        "*[].nam",
    ],
)
def test_a_wrong_name_within_a_projection(cli: Cli, port: str, query: str) -> None:
    """JMESPath gives an empty list for it, as if there were nothing; a script would go on with that."""
    said = fails(cli, USAGE, "--port", port, "object", "list", "--query", query)
    assert "There is no 'nam' among oid, name" in said
    assert "did you mean 'name'?" in said


@pytest.mark.parametrize(
    ("query", "hint"),
    [
        ("objects[?oid==true]", "the value is written `true`"),
        ("objects[].oid.x", "'x' is asked of a text"),
        ("[slots.*.key.wrong]", "asked of a list: write '[].wrong'"),
    ],
)
def test_a_name_of_what_has_none(cli: Cli, port: str, query: str, hint: str) -> None:
    words = ["info"] if "slots" in query else ["object", "list"]
    assert hint in fails(cli, USAGE, "--port", port, *words, "--query", query)


@pytest.mark.parametrize(
    "query",
    [
        "objects[?oid=='none'].name",
        "objects[?oid=='0xE0E1'] | [0].name",
        "objects[].[nam || name]",
        "sort_by(objects, &oid)[0].name",
        "max_by(objects, &oid).name",
        "objects[0].*",
        "objects[?oid!=null]",
        "objects[:2].oid",
        "objects[].{a: oid} | [0].a",
        "objects[40].oid",
        "objects[4000].oid",
        "objects[?oid=='none'] | [0].oid",
    ],
)
def test_names_that_are_right(cli: Cli, port: str, query: str) -> None:
    assert cli("--port", port, "object", "list", "--query", query).code == 0


@pytest.mark.parametrize(
    ("query", "printed"),
    [
        ("usage[7]", "null"),
        ("usage[?@=='x'] | [0]", "null"),
        ("usage[?@=='x']", "[]"),
        ("usage[-1]", '"key_agreement"'),
    ],
)
def test_an_element_that_is_not_there_is_null_behind_an_act(cli: Cli, port: str, query: str, printed: str) -> None:
    """How many elements there are is not known before it: what is done already is no error."""
    made = cli("--port", port, "key", "generate", "second", "--query", query, "--output", "json")
    assert (made.code, made.out) == (0, f"{printed}\n"), made.err


@pytest.mark.parametrize(
    "query", ["slots.second", "slots.second.{key: key_oid}", "slots.*.key_oid", "[uid, `1`, `null`]"]
)
def test_an_object_or_a_list_is_json_where_people_get_text(cli: Cli, port: str, query: str) -> None:
    printed = cli("--port", port, "info", "--query", query).out
    assert printed == cli("--port", port, "info", "--query", query, "--output", "json").out
    assert json.loads(printed)


@pytest.mark.parametrize(
    ("query", "printed"), [("slots.second.key == null", "True"), ("length(slots)", "6"), ("slots.second.key", "None")]
)
def test_what_is_neither_object_nor_list_stays_as_it_is(cli: Cli, port: str, query: str, printed: str) -> None:
    assert cli("--port", port, "info", "--query", query).out == f"{printed}\n"


def test_a_list_of_a_command_that_prints_python_is_python(cli: Cli, port: str, config: Path) -> None:
    printed = cli("--port", port, "--csr", config, "--query", "[filename, public_key]").out
    assert [type(one) for one in ast.literal_eval(printed)] == [str, str]
    assert "'" in printed
