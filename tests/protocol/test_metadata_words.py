"""Metadata from words: what :meth:`Metadata.in_words` says is understood, and what is wrong is named."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.protocol.codes import LifeCycleState, ObjectType
from optiga.protocol.conditions import AccessCondition, Condition, Operator
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import parse_condition, parse_metadata_words

WORDS = {
    "change: lcso < operational || int 0xE0E8": "d007e1fc07fe21e0e8",
    "read: always": "d10100",
    "execute: auto 0xF1D0 && conf 0xE140": "d30723f1d0fd20e140",
    "EXECUTE:Auto f1d0 AND CONF 0xe140 or luc E120": "d30b23f1d0fd20e140fe40e120",
    "lcso: operational": "c00107",
    "lcso: 0x0F": "c0010f",
    "change: lcsg>0x03&&lcsa==creation": "d00770fb03fde0fa01",
    "read: sec_sta_g 0x20 || sec_sta_a 20": "d1051020fe9020",
    "type: pre_shared_secret": "e80121",
    "key_usage: signature, Authentication": "e10111",
    "key_usage: none": "e10100",
    "version: 3": "c1020003",
    "version: 3 (invalid)": "c1028003",
    "reset_type: creation, flush": "f00111",
    "reset_type: random": "f00120",
    "reset_type: 0x11": "f00111",
    "metadata_update: int 0xE0E8": "d80321e0e8",
    "meta_update: never": "d801ff",
    "change: 0xe1fc07": "d003e1fc07",
    "0xd0: never": "d001ff",
    "0xEE: 0x0102": "ee020102",
    "type: trust-anchor": "e80111",
    "type: Trust anchor": "e80111",
    "metadata-update: always": "d80100",
    "Meta Update: always": "d80100",
    "key-usage: key agreement, Key-Agreement": "e10120",
    "execute: sec-sta-g 0x20 or Sec Sta A 0x20": "d3051020fe9020",
    "lcso: 7": "c00107",
    "change: lcso < 7": "d003e1fc07",
    "reset_type: 1, flush": "f00111",
    "read: 21 e0 e8": "d10321e0e8",
    "read: 21:E0:e8": "d10321e0e8",
    "read: 0x21 0xe0 0xe8": "d10321e0e8",
    "0xEE: 01:02 03": "ee03010203",
}


@pytest.mark.parametrize(("text", "encoded"), WORDS.items())
def test_words(text: str, encoded: str) -> None:
    assert parse_metadata_words([text]).encode()[2:].hex() == encoded


WRONG = {
    "change never": "'change never': expected a tag, a colon and a value",
    "chnage: never": "'chnage' is not a metadata tag, did you mean 'change'. .known: lcso, version, change",
    "change:": "change: its value is missing",
    "change: lcso << operational": "change: '<' is not a life cycle state .known: creation",
    "change: lcso <= operational": "change: expected one of <, ==, > after lcso, not '<='",
    "change: lcso": "change: expected one of <, ==, > after lcso at the end",
    "change: lcso <": "change: a life cycle state is missing: creation",
    "change: lcso < operatonal": "'operatonal' is not a life cycle state, did you mean 'operational'",
    "change: sometimes": "change: expected one of always, never, .*lcso.*, not 'sometimes'",
    "change: int": "change: expected the OID of a trust anchor after int, for example 0xE0E8 at the end",
    "change: int anchor": "change: expected the OID of a trust anchor after int.*, not 'anchor'",
    "change: alwys": "not 'alwys', did you mean 'always'",
    "change: lcso < oprational": "did you mean 'operational'",
    "type: update_secrt": "did you mean 'update_secret'",
    "key_usage: signatur": "did you mean 'signature'",
    "change: sec_sta_g 0x2000": "expected the bits of a security status after sec_sta_g.*, not '0x2000'",
    "change: int 0xE0E8 int 0xE0E9": r"change: expected && \(and\), \|\| \(or\) or nothing, not 'int'",
    "change: int 0xE0E8 ||": "change: expected one of always",
    "change: (always)": "change: parentheses are not supported: && has priority",
    "change: conf 0xE140 && (int 0xE0E8)": "parentheses are not supported",
    "change: always || int 0xE0E8": "always and never cannot be combined",
    "change: luc E120 or luc E121 or luc E122 or luc E123": "at most 3 alternatives",
    "lcso: 5": "lcso: '5' is not a life cycle state",
    "read: luc second": "the OID of a counter after luc, for example 0xE120, not the slot 'second'",
    "read: int Second": "the OID of a trust anchor after int, for example 0xE0E8, not the slot 'Second'",
    "read: auto six": "the OID of an authorization reference after auto, for example 0xF1D0, not the slot 'six'",
    "read: conf(first)": "the OID of a shared secret after conf, for example 0xE140, not the slot 'first'",
    "read:= always": "expected a tag, a colon and a value, for example 'read: always'",
    "meta-update = never": "expected a tag, a colon and a value, for example 'metadata_update: never'",
    "used_size = 3": "expected a tag, a colon and a value, for example 'change: never'",
    "lcso: on": "lcso: 'on' is not a life cycle state",
    "lcso: 0x0107": "lcso: 0x0107 has 2 bytes, not 1",
    "type: secret": "type: 'secret' is not a data type, did you mean 'pre_shared_secret' or 'update_secret'.",
    "key_usage: signing": "key_usage: 'signing' is not a key usage .known: authentication",
    "version: 40000": "version: '40000' is not a version",
    "reset_type: creation, operational": "has two values of one kind",
    "reset_type: flush, random": "has two values of one kind",
    "used_size: 3": "used_size: only the chip sets it",
    "0xC4: 0x01": "only the chip sets it",
    "0xEE: one": "0xee: 'one' is not a value in hex",
    "change: 0x01": "change: access condition: unknown identifier 0x01",
}


@pytest.mark.parametrize(("text", "line"), WRONG.items())
def test_what_is_wrong_is_named(text: str, line: str) -> None:
    with pytest.raises(ValueError, match=line) as caught:
        parse_metadata_words([text])
    assert "\n" not in str(caught.value)


def test_a_tag_that_stands_twice() -> None:
    with pytest.raises(ValueError, match="CHANGE: this tag is given twice"):
        parse_metadata_words(["change: never", "CHANGE: always"])


def test_more_than_an_object_has_room_for() -> None:
    long = " && ".join(["conf 0xE140"] * 7)
    with pytest.raises(ValueError, match="more than 44 bytes"):
        parse_metadata_words([f"change: {long}", f"read: {long}"])


oids = st.integers(0, 0xFFFF).map(lambda oid: oid.to_bytes(2, "big"))
simple = (
    st.builds(
        lambda kind, operator, state: bytes([kind, operator, state]),
        st.sampled_from([Condition.LCS_GLOBAL, Condition.LCS_APPLICATION, Condition.LCS_OBJECT]),
        st.sampled_from([Operator.EQUAL, Operator.GREATER, Operator.LESS]),
        st.integers(0, 255),
    )
    | st.builds(
        lambda kind, oid: bytes([kind]) + oid,
        st.sampled_from(
            [Condition.CONFIDENTIALITY, Condition.INTEGRITY, Condition.AUTHORIZATION, Condition.LINKED_COUNTER]
        ),
        oids,
    )
    | st.builds(
        lambda kind, bits: bytes([kind, bits]),
        st.sampled_from([Condition.SECURITY_STATUS_GLOBAL, Condition.SECURITY_STATUS_APPLICATION]),
        st.integers(0, 255),
    )
)
tokens = st.lists(simple, min_size=1, max_size=7).map(bytes([Operator.AND]).join)
conditions = st.sampled_from([b"\x00", b"\xff"]) | st.lists(tokens, min_size=1, max_size=3).map(
    bytes([Operator.OR]).join
)


@given(conditions)
def test_conditions_there_and_back(value: bytes) -> None:
    condition = AccessCondition.parse(value)
    assert condition.encode() == value
    assert parse_condition(str(condition)) == condition


@given(
    st.fixed_dictionaries(
        {},
        optional={
            Tag.CHANGE: st.sampled_from([b"\x00", b"\xff"]) | simple,
            Tag.READ: simple,
            Tag.LCSO: st.sampled_from(LifeCycleState).map(lambda state: bytes([state])),
            Tag.TYPE: st.sampled_from(ObjectType).map(lambda kind: bytes([kind])),
            Tag.KEY_USAGE: st.binary(min_size=1, max_size=1),
            Tag.VERSION: st.binary(min_size=2, max_size=2),
            Tag.RESET_TYPE: st.binary(min_size=1, max_size=1),
            0xEE: st.binary(min_size=1, max_size=3),
        },
    )
)
def test_metadata_there_and_back(items: dict[int, bytes]) -> None:
    metadata = Metadata(items)
    assert parse_metadata_words(f"{tag}: {value}" for tag, value in metadata.in_words().items()) == metadata


@given(st.text(alphabet="change: lcso<operational|&()0xE0E8=,", max_size=40) | st.text(max_size=20))
def test_any_text_is_metadata_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        parse_metadata_words([text])
