"""Lines of values in JSON text, and syntax errors in words."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.errors import ConfigurationError, OptigaError
from optiga.files.json_lines import parse_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_lines_of_values():
    text = '{\n "a": {"b": 1,\r\n\t"c":\n [true,\n\n {"d": "}"}]},\n "e": []\n}\n'
    document = parse_json(text, "c.jsn")
    assert document.value == json.loads(text)
    assert document.lines == {
        (): 1,
        ("a",): 2,
        ("a", "b"): 2,
        ("a", "c"): 4,
        ("a", "c", 0): 4,
        ("a", "c", 1): 6,
        ("a", "c", 1, "d"): 6,
        ("e",): 7,
    }
    assert document.duplicates == ()


def test_duplicates():
    document = parse_json('{"a": {"x": 1},\n"b": 2,\n"a": {"x": 1},\n"b\\u0062": 1, "bb":\n2}', "c.jsn")
    assert document.duplicates == ((("a",), 3), (("bb",), 4))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "c.jsn:1: not JSON: the file is empty (column 1)"),
        ('{\n"a": 1,\n}', "c.jsn:2: not JSON: extra ',' before the closing bracket (column 7)"),
        ("[1,\n]", "c.jsn:1: not JSON: extra ',' before the closing bracket (column 3)"),
        ('{\n"a": 1\n"b": 2}', "c.jsn:2: not JSON: ',' is missing at the end of this line (column 7)"),
        ('{\n"a": 1\n\n  "b": 2}', "c.jsn:2: not JSON: ',' is missing at the end of this line (column 7)"),
        ('[{"a": 1\n}\n{}]', "c.jsn:2: not JSON: ',' is missing at the end of this line (column 2)"),
        ('{"a": 1 "b": 2}', "c.jsn:1: not JSON: ',' is missing between two values (column 9)"),
        ('{"a" 1}', "c.jsn:1: not JSON: ':' is missing after the name (column 6)"),
        ("{'a': 1}", "c.jsn:1: not JSON: texts need double quotes, not single quotes (column 2)"),
        ('{\n// note\n"a": 1}', "c.jsn:2: not JSON: comments are not allowed (column 1)"),
        ("# note\n\n// another\n/* and * one */ {}", "c.jsn:1: not JSON: comments are not allowed (column 1)"),
        ("# My device\n\nSee [there].", "c.jsn:1: not JSON: the text begins with neither '{' nor '[' (column 1)"),
        ("\n// note\nregion = 'here'", "c.jsn:2: not JSON: the text begins with neither '{' nor '[' (column 1)"),
        (
            '{"a": [1, 2',
            "c.jsn:1: not JSON: the text ends too early: a closing bracket or brace is missing (column 12)",
        ),
        ('{"a":\n1}\n}', "c.jsn:3: not JSON: extra text after the end of the value (column 1)"),
        ('{"a":\n"b', "c.jsn:2: not JSON: the text that starts here has no closing double quote (column 1)"),
        ('{"a": NaN}', "c.jsn:1: not JSON: NaN is not a JSON value"),
        ('{"a": "NaN",\n"NaN": [1,\n-Infinity]}', "c.jsn:3: not JSON: -Infinity is not a JSON value"),
        ('{"a":\n{"b": "1e400", "c": -1e400}}', "c.jsn:2: not JSON: the number -1e400 is too large"),
        pytest.param(
            '["1",\n' + "7" * 5000 + "]",
            f"c.jsn:2: not JSON: the number {'7' * 5000} is too large",
            marks=pytest.mark.skipif(not hasattr(sys, "set_int_max_str_digits"), reason="integers have no limit"),
        ),
        ("[" * 100_000, "c.jsn:1: not JSON: nested too deeply"),
    ],
)
def test_syntax_errors(text, message):
    with pytest.raises(ConfigurationError) as caught:
        parse_json(text, "c.jsn")
    assert caught.value.message == message


def test_nested_as_deeply_as_may_be():
    assert parse_json("[" * 100 + "]" * 100, "c.jsn").value
    for text in ("[" * 101 + "]" * 101, '{"a":' * 600 + "1" + "}" * 600):
        with pytest.raises(ConfigurationError, match=r"c\.jsn:1: nested too deeply"):
            parse_json(text, "c.jsn")


def paths_of(value, path=()):
    yield path
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, member in members:
        yield from paths_of(member, (*path, step))


@given(VALUES, st.sampled_from([None, 0, 1, "\t"]), st.booleans())
def test_every_value_has_its_line(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    document = parse_json(text, "c.jsn")
    assert list(document.lines) == list(paths_of(value))
    assert document.duplicates == ()
    lines = list(document.lines.values())
    assert lines == sorted(lines)
    assert set(lines) <= set(range(1, text.count("\n") + 2))
    if indent is not None:  # each value then stands on a line of its own
        assert len(set(lines)) == len(lines)


@pytest.mark.long
@given(st.text(alphabet="{}[]:,\"\\ \n0a1.eE-tnul/*'", max_size=40) | st.text(max_size=40))
def test_no_text_breaks_it(text):
    try:
        where = f"c.jsn:{parse_json(text, 'c.jsn').lines[()]}"
    except OptigaError as error:
        where = error.message
    assert where.startswith("c.jsn:")
