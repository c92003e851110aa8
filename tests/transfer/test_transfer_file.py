"""The file of a whole chip: its words, what is taken, and what is wrong in it."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.errors import ConfigurationError
from optiga.objects.addressing import ADMINISTERED, resolve
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import OWN_TAGS, parse_value
from optiga.transfer.export import Export
from optiga.transfer.form import Entry, encode_entries, format_entries, parse_entries
from optiga.transfer.words import TAGS, from_pretty, to_pretty

DATA = "2011c00101c4018cc50164d003e1fc07d10100"
DATA_WORDS = {
    "lcso": "creation",
    "max_size": 140,
    "used_size": 100,
    "change": ["lcso", "<", "operational"],
    "read": "always",
}
KEY = "2011c00101d003e1fc07d30100e00116e10130"
WORDS = {
    "d007e1fc07fe20e140": {"change": ["lcso", "<", "operational", "||", "conf", "0xe1", "0x40"]},
    "d301ff": {"execute": "never"},
    "d80321e0e8": {"meta_update": ["int", "0xe0", "0xe8"]},
    "d1029020": {"read": ["sec_sta_a", "0x20"]},
    "d103e1fc20": {"read": ["lcso", "<", "0x20"]},
    "d10124": {"read": "0x24"},
    "d1022407": {"read": ["0x24", "0x7"]},
    "e80112": {"type": "device_cert"},
    "e80121": {"type": "pre_sh_secret"},
    "e80131": {"type": "authorization_ref"},
    "e80177": {"type": "0x77"},
    "e10121": {"key_usage": ["authentication", "key_agreement"]},
    "e10100": {"key_usage": []},
    "e10105": {"key_usage": ["authentication", "0x04"]},
    "f00111": {"reset_type": ["lcso_to_creation", "flushing"]},
    "f00123": {"reset_type": ["lcso_to_initialisation", "random_data"]},
    "f00142": {"reset_type": ["0x42"]},
    "c00107": {"lcso": "operational"},
    "c0020107": {"lcso": "0x0107"},
    "e00103": {"algorithm": "secp256r1"},
    "e00100": {"algorithm": "0x00"},
    "c50206c0": {"used_size": 1728},
}


@pytest.mark.parametrize(("word", "encoded"), [("ALW", "00"), ("nev", "ff"), (["LcsO", "<", "operational"], "e1fc07")])
def test_the_manuals_words(word: Any, encoded: str) -> None:
    assert from_pretty(Tag.CHANGE, word).hex() == encoded


@pytest.mark.parametrize(("encoded", "words"), WORDS.items())
def test_words(encoded: str, words: dict[str, Any]) -> None:
    raw = bytes.fromhex(encoded)
    metadata = Metadata.parse(bytes([0x20, len(raw)]) + raw)
    assert to_pretty(metadata) == words
    ((name, said),) = words.items()
    assert from_pretty(TAGS[name], said) == (b"" if TAGS[name] in OWN_TAGS else raw[2:])


def test_the_version_is_read_and_not_written() -> None:
    assert to_pretty(Metadata({Tag.VERSION: b"\x80\x05"})) == {}
    assert from_pretty(Tag.VERSION, [True, 5]) == b"\x80\x05"
    assert from_pretty(Tag.VERSION, [False, 0x7FFF]) == b"\x7f\xff"


@given(st.sampled_from([tag for tag in Tag if tag not in OWN_TAGS]), st.binary(min_size=1, max_size=8))
def test_every_value_comes_back(tag: Tag, value: bytes) -> None:
    for name, said in to_pretty(Metadata({tag: value})).items():
        assert from_pretty(TAGS[name], json.loads(json.dumps(said))) == value


def parse(value: object) -> list[Entry]:
    return parse_entries(json.dumps(value, indent=1).encode(), "f.json")


@pytest.mark.parametrize(
    ("entry", "metadata", "data"),
    [
        ({"metadata": DATA, "pretty_metadata": DATA_WORDS, "data": "00ff"}, DATA, "00ff"),
        ({"metadata": DATA, "pretty_metadata": DATA_WORDS, "data": ""}, DATA, None),
        ({"metadata": DATA.upper()}, DATA, None),
        ({"metadata": DATA, "pretty_metadata": None}, DATA, None),
        ({"pretty_metadata": DATA_WORDS}, "200bc00101d003e1fc07d10100", None),
        ({"data": "00FF"}, None, "00ff"),
        ({"pretty_metadata": {"version": [False, 3]}}, "2004c1020003", None),
        ({"metadata": "2004c1020003", "pretty_metadata": {"version": [False, 3]}}, "2004c1020003", None),
        ({"metadata": "2004c1020003", "pretty_metadata": {}}, "2004c1020003", None),
    ],
)
def test_what_is_taken(entry: dict[str, Any], metadata: str | None, data: str | None) -> None:
    for oid in ("f1d0", "F1D0", "0xF1D0"):
        (parsed,) = parse({oid: entry})
        assert parsed.info.oid == 0xF1D0
        assert (parsed.metadata and parsed.metadata.encode().hex()) == metadata
        assert (parsed.data and parsed.data.hex()) == data


def test_keys_come_first() -> None:
    parsed = parse({"f1d0": {"data": "00"}, "e120": {}, "e200": {"metadata": KEY}, "e0f1": {}})
    assert list(format_entries(parsed)) == ["e0f1", "e200", "e120", "f1d0"]
    assert parse_entries(encode_entries(parsed), "again") == sorted(
        parsed, key=lambda e: (e.data is not None, e.info.oid != 0xE0F1, e.info.oid == 0xE120)
    )


WRONG = {
    "": r"f.json:1: not JSON: the file is empty",
    "[]": "f.json:1: has no objects of a chip",
    "{}": "f.json:1: has no objects of a chip",
    '"e0f1"': "f.json:1: has no objects of a chip",
    '{"e0f1": {}, "e0f1": {}}': "f.json:1: 'e0f1' is given twice",
    '{"e0f1": {},\n"0xE0F1": {}}': "f.json:2: 0xE0F1: 0xE0F1 is given twice",
    '{"f1d0": {"data": "00",\n"data": "01"}}': "f.json:2: 'f1d0.data' is given twice",
    '{"f1d0":\n[]}': "f.json:2: f1d0: must be an object in braces, not a list",
    '{"name": "module", "keywords": []}': "f.json:1: has no objects of a chip",
    '{"beef": {}}': "f.json:1: beef: 'beef' is not an OID of the chip",
    '{"e100": {}}': "0xE100 .session context 1. is not an object with data or metadata",
    '{"f1d0": {"dta": "00"}}': "f1d0.dta: is unknown, did you mean 'data'",
    '{"f1d0": {"data": "0"}}': "f1d0.data: '0' is not bytes in hex",
    '{"f1d0": {"data": "0x00"}}': "f1d0.data: '0x00' is not bytes in hex",
    '{"f1d0": {"data": "' + "zz" * 50 + '"}}': "'z{24}…' is not bytes in hex",
    '{"f1d0": {"data": 0}}': "f1d0.data: must be a text in double quotes, not a number",
    '{"f1d0": {"metadata": "2001"}}': "f1d0.metadata: metadata: not one constructed TLV",
    '{"f1d0": {"metadata": "2004d001ffd0"}}': "f1d0.metadata: metadata: tag 0xd0 is cut off",
    '{"f1d0": {"metadata": "2003d00101"}}': "f1d0.metadata: change: access condition: unknown identifier 0x01",
    '{"f1d0": {"metadata": "2004c0020107"}}': "f1d0.metadata: lcso: 0x0107 has 2 bytes, not 1",
    '{"f1d0": {"metadata": "2003e10101"}}': "0xF1D0 is not a key and has no key_usage",
    '{"e0f1": {"metadata": "2003e80111"}}': "0xE0F1 is a key, which has no data type",
    '{"f1d0": {"pretty_metadata": []}}': "pretty_metadata: must be an object in braces, not a list",
    '{"f1d0": {"pretty_metadata": {"metadata_update": "never"}}}': "did you mean 'meta_update'",
    '{"f1d0": {"pretty_metadata": {"change": 1}}}': "change: must be always, never or a list",
    '{"f1d0": {"pretty_metadata": {"change": "sometimes"}}}': "change: 'sometimes' is not a word of a condition",
    '{"f1d0": {"pretty_metadata": {"change": ["lcso", "<"]}}}': r"change: access condition: lcso is cut off",
    '{"f1d0": {"pretty_metadata": {"change": []}}}': "change: access condition: a condition is missing",
    '{"f1d0": {"pretty_metadata": {"lcso": "on"}}}': "lcso: 'on' is not one of creation, initialization",
    '{"f1d0": {"pretty_metadata": {"read": ["lcso", "<", "operatonal"]}}}': "did you mean 'operational'?",
    '{"f1d0": {"pretty_metadata": {"lcso": "operatonal"}}}': "did you mean 'operational'?",
    '{"f1d0": {"pretty_metadata": {"type": ["up_counter"]}}}': "type: this is not one of byte_string",
    '{"e0f1": {"pretty_metadata": {"key_usage": ["sign"]}}}': "key_usage: 'sign' is not one of authentication",
    '{"f1d0": {"pretty_metadata": {"reset_type": [1]}}}': "reset_type: this is not one of lcso_to_creation",
    '{"f1d0": {"pretty_metadata": {"version": 5}}}': "version: must be a list of false",
    '{"f1d0": {"pretty_metadata": {"version": [0, 5]}}}': "version: must be a list of false",
    '{"f1d0": {"pretty_metadata": {"used_size": true}}}': "used_size: must be a number of bytes",
    '{"e0f1": {"pretty_metadata": {"algorithm": 3}}}': "algorithm: must be the name of an algorithm",
    '{"f1d0": {"metadata": "2003d001ff", "pretty_metadata": {"change": "always"}}}': (
        "pretty_metadata: change is always here and never in metadata; omit one of the two members"
    ),
    '{"f1d0": {"metadata": "2003d001ff", "pretty_metadata": {}}}': "change is absent here and never in metadata",
    '{"f1d0": {"metadata": "2003d001ff", "pretty_metadata": {"change": "never", "read": "never"}}}': (
        "read is never here and absent in metadata"
    ),
}


@pytest.mark.parametrize(("text", "line"), WRONG.items())
def test_what_is_wrong(text: str, line: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_entries(text.encode(), "f.json")
    assert re.search(line, caught.value.message), caught.value.message
    assert "\n" not in str(caught.value)


def test_no_text() -> None:
    with pytest.raises(ConfigurationError, match="is not text"):
        parse_entries(b"\xff\xfe{", "f.json")


def test_all_that_is_wrong_is_said() -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_entries(b'{"f1d0": {"data": 0},\n"f1d1": {"data": "x"},\n"f1d2": []}', "f.json")
    assert [line[:9] for line in (caught.value.message, *caught.value.problems)] == [
        "f.json:1:",
        "f.json:2:",
        "f.json:3:",
    ]


VALUES = st.binary(min_size=1, max_size=2) | st.sampled_from([b"\xe1\xfc\x07", b"\x20\xe1\x40", b"\xff"])
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["0xe1", "lcso", "00ff", DATA]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*TAGS]) | st.text(), inner, max_size=4)
    ),
    max_leaves=10,
)


@pytest.mark.long
@settings(max_examples=40)
@given(
    st.dictionaries(
        st.sampled_from(["e0f1", "f1d0", "E120", "0xE0E1", "e100"]) | st.text(max_size=5),
        st.fixed_dictionaries({}, optional=dict.fromkeys(("metadata", "pretty_metadata", "data", "other"), ANYTHING))
        | ANYTHING,
    )
)
def test_any_json_is_a_file_or_an_error_of_ours(value: dict[str, Any]) -> None:
    with suppress(ConfigurationError):
        for entry in parse(value):
            assert entry.data != b""


@given(st.binary(max_size=60))
def test_any_bytes(content: bytes) -> None:
    with pytest.raises(ConfigurationError):
        parse_entries(content, "f.json")


@given(st.dictionaries(st.sampled_from([tag for tag in Tag if tag not in (*OWN_TAGS, Tag.KEY_USAGE)]), VALUES))
def test_what_is_written_is_read(items: dict[Tag, bytes]) -> None:
    """Whatever metadata a chip has, the file that is made of them says the same."""
    entry = Entry(resolve("f1d0", ADMINISTERED).info, Metadata(items), b"data")
    if all(is_sound(tag, value) for tag, value in items.items()):
        assert parse_entries(encode_entries([entry]), "f.json") == [entry]
    else:
        with pytest.raises(ConfigurationError):
            parse_entries(encode_entries([entry]), "f.json")


def is_sound(tag: Tag, value: bytes) -> bool:
    try:
        return parse_value(tag, f"0x{value.hex()}") == value
    except ValueError:
        return False


def test_data_of_a_type_that_nobody_knows_may_be_a_secret() -> None:
    info = resolve("f1d0", ADMINISTERED).info
    entries = [Entry(info, Metadata({Tag.TYPE: bytes([kind])}), b"x") for kind in (0x21, 0x77, 0x11)]
    assert [bool(Export([entry], [], []).secrets) for entry in entries] == [True, True, False]
