"""What refers to an object, and to which."""

from __future__ import annotations

import dataclasses
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.protocol.objects import SLOTS, ObjectRef, Slot, SlotPart

OIDS = st.integers(0, 0xFFFF)
NAMES = {name: slot for slot in SLOTS for name in (slot.name, *slot.other_names)}
SPACE = st.text(" \t\n\r\f\u00a0\u2003", max_size=3)


@st.composite
def written(draw: st.DrawFn) -> tuple[str, int | Slot]:
    """A reference in any way that people write it, and what it names."""
    oid = draw(OIDS)
    digits = f"{oid:04x}"
    ways: list[tuple[str, int | Slot]] = [(digits, oid), (f"0x{digits}", oid), ("aes", 0xE200), *NAMES.items()]
    text, named = draw(st.sampled_from(ways))
    cased = "".join(one.upper() if draw(st.booleans()) else one for one in text)
    return draw(SPACE) + cased + draw(SPACE), named


@given(written())
def test_what_people_write(way: tuple[str, int | Slot]) -> None:
    text, named = way
    ref = ObjectRef.parse(text)
    assert ref == ObjectRef(named)
    assert ObjectRef.parse(ref.label) == ObjectRef.parse(str(ref)) == ref
    assert hash(ObjectRef.parse(ref.label)) == hash(ref)
    assert (ref.oid, ref.slot) == ((None, named) if isinstance(named, Slot) else (named, ref.slot))


@given(st.text(max_size=9) | st.text(string.hexdigits + "xX ", max_size=7) | written().map(lambda way: way[0] + "0"))
def test_nothing_else_is_one(text: str) -> None:
    word = text.strip().lower()
    digits = word[2:] if word.startswith("0x") else word
    is_identifier = len(digits) == 4 and set(digits) <= set("0123456789abcdef")
    if is_identifier or word in NAMES or word == "aes":
        assert ObjectRef.find(text) is not None
        return
    assert ObjectRef.find(text) is None
    with pytest.raises(ValueError, match="neither a slot nor an OID"):
        ObjectRef.parse(text)


@pytest.mark.parametrize(
    "text", ["", "0x", "seventh", "0x0xE0E1", "E0", "12345", "0xE0E1 1", "٠٠٠٠", "second slot", "ſix"]
)
def test_no_references(text: str) -> None:
    assert ObjectRef.find(text) is None


@given(OIDS)
def test_numbers_slots_and_references_are_what_they_are(oid: int) -> None:
    ref = ObjectRef.parse(oid)
    assert ref is ObjectRef.parse(ref)
    assert ref.oid == oid == ref.oid_as(SlotPart.KEY) == ref.oid_as(SlotPart.CERTIFICATE)
    for slot in SLOTS:
        assert (ref.slot is slot) == (oid in (slot.key_oid, slot.certificate_oid))


@given(st.integers(max_value=-1) | st.integers(min_value=0x10000))
def test_numbers_that_no_object_has(number: int) -> None:
    with pytest.raises(ValueError, match="not an OID"):
        ObjectRef.parse(number)


@pytest.mark.parametrize("value", [None, True, 1.0, b"second", ["second"], ("second", 0xE0F1, 0xE0E1)])
def test_values_of_other_types(value: object) -> None:
    with pytest.raises(TypeError, match="must be given as"):
        ObjectRef.parse(value)  # type: ignore[arg-type]


def test_a_slot_that_is_none() -> None:
    with pytest.raises(ValueError, match="'tenth' is not a slot"):
        ObjectRef.parse(Slot("tenth", 0xE0F9, None))


@pytest.mark.parametrize("slot", SLOTS, ids=lambda slot: slot.name)
def test_a_slot_is_its_key_or_its_certificate(slot: Slot) -> None:
    ref = ObjectRef.parse(slot)
    assert (ref, ref.oid, ref.slot) == (ObjectRef.parse(slot.name), None, slot)
    assert ref.oid_as(SlotPart.KEY) == slot.key_oid
    assert ObjectRef.parse(slot.key_oid).slot is slot
    if slot.certificate_oid is not None:
        assert ref.oid_as(SlotPart.CERTIFICATE) == slot.certificate_oid
        assert ObjectRef.parse(slot.certificate_oid).slot is slot
    else:
        with pytest.raises(ValueError, match=f"slot {slot.name} has a key .* no object for its certificate"):
            ref.oid_as(SlotPart.CERTIFICATE)


def test_a_reference_stays_as_it_is() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        ObjectRef.parse("second").named = 0xE0F1  # type: ignore[misc]


@pytest.mark.parametrize("named", ["second", "0xE0E1", None, True, b"second"])
def test_what_is_neither_a_number_nor_a_slot(named: object) -> None:
    with pytest.raises(TypeError, match=r"ObjectRef: named must be int or Slot, not \w+\. .*ObjectRef\.parse"):
        ObjectRef(named)  # type: ignore[arg-type]
