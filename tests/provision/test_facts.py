"""A fact has one form in JSON, and nothing else is read as one; an entry is the fold of its facts."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from dataclasses import fields
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optiga.errors import ConfigurationError
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import (
    KINDS,
    AttachedExclusively,
    Attested,
    Begun,
    Billed,
    CsrSigned,
    Deprovisioned,
    Detaching,
    Emulated,
    Fact,
    FactoryProven,
    Finished,
    Imported,
    Issued,
    KeyMade,
    LossAccepted,
    Placed,
    PolicyAttached,
    Registered,
    Removed,
    Replaced,
    Requested,
    ThingAttached,
    ThingRequested,
    Unreadable,
    WithoutPolicy,
    WithoutThing,
    Written,
    decode_fact,
    encode_fact,
)

UID = "cd16338201001c000500000a0b0c0d0e0f1011121314151617181a"
NOW = datetime(2026, 11, 27, 12, 0, tzinfo=timezone.utc)
PLACED = Placed("123456789012", "eu-central-1", None, "lamp", "lamps", None)
WAY: tuple[tuple[Fact, Step], ...] = (
    (Begun("aws", "f00d"), Step.BEGUN),
    (LossAccepted("f" * 64), Step.BEGUN),
    (PLACED, Step.BEGUN),
    (Emulated(), Step.BEGUN),
    (KeyMade(b"key"), Step.KEY),
    (CsrSigned(b"csr", "ab.csr", "03ab"), Step.CSR),
    (Requested(NOW), Step.REQUESTED),
    (Issued("PEM", "ab.pem"), Step.CERTIFIED),
    (Registered("c" * 64, "arn:x"), Step.CERTIFIED),
    (Written(), Step.WRITTEN),
    (AttachedExclusively(), Step.WRITTEN),
    (Billed("factory"), Step.WRITTEN),
    (ThingRequested("lamp"), Step.WRITTEN),
    (ThingAttached("lamp", "arn:y"), Step.THING),
    (PolicyAttached("lamps"), Step.POLICY),
    (Finished(), Step.FINISHED),
    (Detaching("123456789012", "eu-central-1", ("lamp",)), Step.FINISHED),
    (Deprovisioned(), Step.DEPROVISIONED),
    (Removed("123456789012", "us-east-1"), Step.DEPROVISIONED),
)
"""A device of AWS's, and the step that each of its facts is the end of."""

_TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
_TIME = st.datetimes(timezones=st.sampled_from([timezone.utc]))
_OF_TYPE: dict[str, st.SearchStrategy[Any]] = {
    "str": _TEXT,
    "str | None": st.none() | _TEXT,
    "bytes": st.binary(max_size=20),
    "datetime": _TIME,
    "datetime | None": st.none() | _TIME,
    "tuple[str, ...]": st.lists(_TEXT, max_size=3).map(tuple),
    "tuple[Replaced, ...]": st.lists(st.builds(Replaced, _TEXT, st.none() | _TEXT), max_size=3).map(tuple),
}
FACTS = st.one_of([st.builds(kind, *[_OF_TYPE[str(field.type)] for field in fields(kind)]) for kind in KINDS.values()])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=5,
)


def fold(*facts: Fact) -> Entry:
    entry = Entry.fold(UID, "second", ((NOW, fact) for fact in facts))
    assert entry is not None
    return entry


def is_refused(kind: str, body: str) -> None:
    with pytest.raises(ConfigurationError, match=f"chip {UID}, slot second, is damaged"):
        decode_fact(UID, "second", kind, body)


class TestForm:
    @given(fact=FACTS)
    @settings(deadline=None, max_examples=50)
    def test_there_and_back(self, fact: Fact) -> None:
        kind, body = encode_fact(fact)
        assert body.isascii()
        assert decode_fact(UID, "second", kind, body) == pickle.loads(pickle.dumps(fact)) == fact

    @pytest.mark.long
    @given(fact=FACTS, data=st.data())
    @settings(deadline=None, max_examples=40)
    def test_a_field_of_another_value(self, fact: Fact, data: st.DataObject) -> None:
        """It is refused, or it is another fact in its own form."""
        kind, body = encode_fact(fact)
        values = json.loads(body)
        name = data.draw(st.sampled_from([*values, "another"]))
        values[name] = data.draw(_JSON)
        changed = json.dumps(values, sort_keys=True, separators=(",", ":"))
        with suppress(ConfigurationError):
            assert encode_fact(decode_fact(UID, "second", kind, changed)) == (kind, changed)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_field_is_missing_or_too_many(self, kind: str) -> None:
        body = json.loads(encode_fact(next(one for one in EVERY if KINDS[kind] is type(one))).body)
        for name in body:
            is_refused(kind, json.dumps({key: body[key] for key in body if key != name}, separators=(",", ":")))
        is_refused(kind, json.dumps({**body, "more": None}, sort_keys=True, separators=(",", ":")))

    @pytest.mark.parametrize(
        ("kind", "body"),
        [
            ("flying", "{}"),
            ("", "{}"),
            ("written", ""),
            ("written", "[]"),
            ("written", "null"),
            ("written", "{} "),
            ("key made", '{"key_info":"a2V5","key_info":"a2V5"}'),
            ("key made", '{"key_info": "a2V5"}'),
            ("key made", '{"key_info":"a2V5="}'),
            ("key made", '{"key_info":"a2V\\u0035"}'),
            ("key made", '{"key_info":5}'),
            ("policy attached", '{"policy":null}'),
            ("policy attached", '{"policy":"\\ud800"}'),
            ("policy attached", '{"policy":"ä"}'),
            ("requested", '{"at":"2026-11-27T12:00:00"}'),
            ("requested", '{"at":"2026-11-27 12:00:00+00:00"}'),
            ("requested", '{"at":"yesterday"}'),
            ("begun", '{"issuer":"aws","replaced":[["a"]],"settings":""}'),
            ("begun", '{"issuer":"aws","replaced":[["a",1]],"settings":""}'),
            ("begun", '{"issuer":"aws","replaced":{"a":null},"settings":""}'),
            ("begun", "[" * 5000),
        ],
    )
    def test_what_is_no_fact(self, kind: str, body: str) -> None:
        is_refused(kind, body)

    def test_what_is_no_text_is_not_kept(self) -> None:
        with pytest.raises(ConfigurationError, match="not text"):
            encode_fact(PolicyAttached("\ud800"))


class TestFold:
    @pytest.mark.parametrize("count", range(1, len(WAY) + 1))
    def test_every_step(self, count: int) -> None:
        entry = fold(*[fact for fact, _ in WAY[:count]])
        assert entry.step is WAY[count - 1][1]
        assert entry.is_finished is (entry.step is Step.FINISHED)
        assert entry.is_complete

    def test_what_there_is_to_tell(self) -> None:
        entry = fold(*[fact for fact, _ in WAY])
        assert (entry.key_info, entry.csr, entry.filename, entry.public_key) == (b"key", b"csr", "ab.csr", "03ab")
        assert (entry.certificate, entry.certificate_file) == ("PEM", "ab.pem")
        assert (entry.certificate_id, entry.certificate_arn) == ("c" * 64, "arn:x")
        assert (entry.thing, entry.thing_arn, entry.policy) == ("lamp", "arn:y", "lamps")
        assert (entry.account, entry.emulated, entry.attested) == ("123456789012", True, None)
        assert entry.started_at == entry.updated_at == entry.requested_at == NOW

    def test_a_certificate_that_is_registered_behind_its_writing(self) -> None:
        entry = fold(Begun("ca:00", ""), KeyMade(b""), Issued("", ""), Written(), Registered("c", "arn:x"))
        assert entry.step is Step.REGISTERED

    def test_one_that_came_with_its_chip(self) -> None:
        entry = fold(Begun("chip", ""), FactoryProven("PEM", b"key"), Attested("aa"))
        assert (entry.step, entry.certificate, entry.certificate_file) == (Step.CERTIFIED, "PEM", None)
        assert (entry.key_info, entry.attested, entry.is_complete) == (b"key", "aa", True)

    def test_a_finished_one_on_its_way_into_a_cloud(self) -> None:
        finished = (Begun("ca:00", ""), KeyMade(b""), Issued("", ""), Written(), Finished())
        assert fold(*finished).step is Step.FINISHED
        assert fold(*finished, PLACED).step is Step.WRITTEN

    def test_without_a_thing_it_has_none(self) -> None:
        entry = fold(Begun("aws", ""), PLACED, WithoutThing(), WithoutPolicy())
        assert (entry.thing, entry.policy, entry.step) == (None, None, Step.POLICY)

    def test_a_new_beginning_forgets(self) -> None:
        replaced = (Replaced("c" * 64, "aa"), Replaced("d" * 64))
        entry = fold(*[fact for fact, _ in WAY], Begun("aws", "beef", replaced))
        assert entry == fold(Begun("aws", "beef", replaced))
        assert entry.replaces == ("c" * 64, "d" * 64)

    def test_pending_facts_are_those_that_were_added(self) -> None:
        facts = [fact for fact, _ in WAY]
        entry = Entry.begin(UID, "second", Begun("aws", "f00d")).after(*facts[1:4]).after(*facts[4:])
        assert entry.pending == tuple(facts)
        folded = fold(*facts)
        assert [getattr(entry, name) for name in ("step", "key", "issued")] == [
            getattr(folded, name) for name in ("step", "key", "issued")
        ]

    @pytest.mark.parametrize("facts", [(Written(),), (Unreadable(),), (Begun("", ""), Unreadable())])
    def test_what_has_no_beginning_or_cannot_be_read(self, facts: tuple[Fact, ...]) -> None:
        with pytest.raises(ConfigurationError, match=f"chip {UID}, slot second, is damaged"):
            fold(*facts)

    def test_what_is_needed_and_not_there(self) -> None:
        entry = fold(Begun("chip", ""), FactoryProven("PEM", b"key"))
        for kind in (KeyMade, CsrSigned, Requested, Issued, Registered):
            with pytest.raises(ConfigurationError, match=f"chip {UID}, slot second, is damaged"):
                entry.of(kind)
        assert entry.of(FactoryProven).key_info == b"key"


EVERY: tuple[Fact, ...] = (
    *(fact for fact, _ in WAY),
    Attested("aa"),
    FactoryProven("PEM", b"key"),
    WithoutThing(),
    WithoutPolicy(),
    Imported(NOW, None),
    Unreadable(),
)


def test_every_kind_is_among_them() -> None:
    assert {type(fact) for fact in EVERY} == set(KINDS.values())
