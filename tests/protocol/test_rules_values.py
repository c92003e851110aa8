"""Which values tags have, by the manual's tables and without a chip."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.protocol.codes import KeyUsage, LifeCycleState, ObjectType
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.models import ALL_OBJECTS, MODELS, TRUST_M_V1, TRUST_M_V3, TRUST_X, Model
from optiga.protocol.objects import OBJECTS
from optiga.protocol.rules.values import Problem, check_change, check_form, check_setting, check_value, is_key_usage

DATA, LARGE, KEY, RSA, MONITOR = 0xF1D0, 0xF1E0, 0xE0F1, 0xE0FC, 0xE0C9

GOOD = [
    (DATA, Tag.LCSO, "0f"),
    (DATA, Tag.VERSION, "ffff"),
    (DATA, Tag.MAX_SIZE, "8c"),
    (LARGE, Tag.USED_SIZE, "05dc"),
    (DATA, Tag.CHANGE, "e1fc07fe21e0e8"),
    (KEY, Tag.EXECUTE, "00"),
    (DATA, Tag.TYPE, "31"),
    (KEY, Tag.KEY_USAGE, "33"),
    (RSA, Tag.ALGORITHM, "42"),
    (KEY, Tag.RESET_TYPE, "21"),
    (DATA, Tag.RESET_TYPE, "00"),
]
WRONG = [
    (DATA, 0xC2, "00", Problem.NO_TAG),
    (DATA, 0x20, "00", Problem.NO_TAG),
    (KEY, Tag.TYPE, "00", Problem.OTHER_KIND),
    (MONITOR, Tag.TYPE, "00", Problem.OTHER_KIND),
    (DATA, Tag.KEY_USAGE, "01", Problem.OTHER_KIND),
    (DATA, Tag.ALGORITHM, "03", Problem.OTHER_KIND),
    (KEY, Tag.MAX_SIZE, "00", Problem.OTHER_KIND),
    (KEY, Tag.USED_SIZE, "0000", Problem.OTHER_KIND),
    (DATA, Tag.LCSO, "", Problem.SIZE),
    (DATA, Tag.LCSO, "0303", Problem.SIZE),
    (DATA, Tag.VERSION, "01", Problem.SIZE),
    (DATA, Tag.USED_SIZE, "0001", Problem.SIZE),
    (LARGE, Tag.MAX_SIZE, "01", Problem.SIZE),
    (KEY, Tag.ALGORITHM, "", Problem.SIZE),
    (DATA, Tag.CHANGE, "", Problem.NO_CONDITION),
    (DATA, Tag.READ, "00fe00", Problem.NO_CONDITION),
    (DATA, Tag.EXECUTE, "e1fc", Problem.NO_CONDITION),
    (DATA, Tag.METADATA_UPDATE, "01", Problem.NO_CONDITION),
    (DATA, Tag.LCSO, "05", Problem.NO_VALUE),
    (DATA, Tag.TYPE, "02", Problem.NO_VALUE),
    (KEY, Tag.KEY_USAGE, "00", Problem.NO_VALUE),
    (KEY, Tag.KEY_USAGE, "05", Problem.NO_VALUE),
    (KEY, Tag.ALGORITHM, "99", Problem.NO_VALUE),
    (DATA, Tag.RESET_TYPE, "31", Problem.NO_VALUE),
    (DATA, Tag.RESET_TYPE, "12", Problem.NO_VALUE),
]
LACKS = [
    (TRUST_M_V1, DATA, Tag.RESET_TYPE, "01", Problem.LACKS_TAG),
    (TRUST_M_V1, DATA, Tag.METADATA_UPDATE, "ff", Problem.LACKS_TAG),
    (TRUST_M_V1, DATA, Tag.TYPE, "23", Problem.LACKS_TYPE),
    (TRUST_M_V1, DATA, Tag.READ, "23f1d0", Problem.LACKS_CONDITION),
    (TRUST_X, DATA, Tag.VERSION, "0001", Problem.LACKS_TAG),
    (TRUST_X, DATA, Tag.TYPE, "22", Problem.LACKS_TYPE),
    (TRUST_X, DATA, Tag.CHANGE, "e1fc07fe20e140", Problem.LACKS_CONDITION),
    (TRUST_X, KEY, Tag.ALGORITHM, "42", Problem.NO_VALUE),
]


@pytest.mark.parametrize(("oid", "tag", "value"), GOOD)
@pytest.mark.parametrize("model", [None, TRUST_M_V3])
def test_values_that_a_tag_has(oid: int, tag: int, value: str, model: Model | None) -> None:
    assert check_value(model, OBJECTS[oid], tag, bytes.fromhex(value)) is None


@pytest.mark.parametrize(("oid", "tag", "value", "problem"), WRONG)
@pytest.mark.parametrize("model", [None, TRUST_M_V3])
def test_values_that_it_does_not(oid: int, tag: int, value: str, problem: Problem, model: Model | None) -> None:
    assert check_value(model, OBJECTS[oid], tag, bytes.fromhex(value)) is problem


@pytest.mark.parametrize(("model", "oid", "tag", "value", "problem"), LACKS)
def test_values_that_a_model_lacks(model: Model, oid: int, tag: int, value: str, problem: Problem) -> None:
    assert check_value(model, model.objects[oid], tag, bytes.fromhex(value)) is problem
    assert check_value(TRUST_M_V3, OBJECTS[oid], tag, bytes.fromhex(value)) is None
    assert check_value(None, OBJECTS[oid], tag, bytes.fromhex(value)) is None


CHANGES = [
    ("c00101", Tag.READ, "ff", None),
    ("c00103", Tag.LCSO, "03", None),
    ("c00103", Tag.LCSO, "01", Problem.BACKWARDS),
    ("c00103", Tag.LCSO, "02", Problem.NO_VALUE),
    ("c00103", Tag.LCSO, "", Problem.SIZE),
    ("c00107", Tag.LCSO, "0f", None),
    ("c00107", Tag.READ, "ff", Problem.LOCKED),
    ("c00107", Tag.READ, "01", Problem.LOCKED),
    ("c0010f", Tag.TYPE, "00", Problem.LOCKED),
    ("c00107", Tag.USED_SIZE, "00", Problem.OWN),
    ("c00101", Tag.MAX_SIZE, "00", Problem.OWN),
    ("c00107", 0xEE, "00", Problem.NO_TAG),
    ("c00101", Tag.READ, "01", Problem.NO_CONDITION),
    ("d00100", Tag.READ, "ff", Problem.UNCHANGING),
    ("d00100", 0xEE, "ff", Problem.UNCHANGING),
]


@pytest.mark.parametrize(("before", "tag", "value", "problem"), CHANGES)
def test_what_may_be_given_when(before: str, tag: int, value: str, problem: Problem | None) -> None:
    metadata = Metadata.parse(bytes([0x20, len(before) // 2]) + bytes.fromhex(before))
    assert check_change(TRUST_M_V3, OBJECTS[DATA], metadata, tag, bytes.fromhex(value)) is problem
    assert check_change(None, OBJECTS[DATA], metadata, tag, bytes.fromhex(value)) is problem


def test_no_other_numbers_have_a_meaning() -> None:
    """By counting: how many of 256 values each tag of one byte takes."""
    taken = {
        (oid, tag): sum(check_value(TRUST_M_V3, OBJECTS[oid], tag, bytes([number])) is None for number in range(256))
        for oid, tag in [(DATA, Tag.LCSO), (DATA, Tag.TYPE), (KEY, Tag.KEY_USAGE), (DATA, Tag.RESET_TYPE)]
    }
    assert list(taken.values()) == [4, 8, 15, 15]
    assert sum(map(is_key_usage, range(256))) == 2 ** len(KeyUsage) - 1
    assert (len(LifeCycleState), len(ObjectType)) == (4, 8)


@given(
    st.sampled_from([None, *MODELS]),
    st.sampled_from([*ALL_OBJECTS.values()]),
    st.integers(0, 255),
    st.binary(max_size=6),
    st.sampled_from([1, 3, 7, 15]),
)
def test_what_fits_an_object_has_the_form_and_is_taken_while_it_is_open(
    model: Model | None, info: object, tag: int, value: bytes, state: int
) -> None:
    problem = check_value(model, info, tag, value)  # type: ignore[arg-type]
    if problem is None:
        assert check_form(tag, value) is None
        assert check_value(None, info, tag, value) is None  # type: ignore[arg-type]
    change = check_change(model, info, Metadata({Tag.LCSO: bytes([state])}), tag, value)  # type: ignore[arg-type]
    if change is None:
        assert problem is None
        assert state < LifeCycleState.OPERATIONAL or tag == Tag.LCSO


@pytest.mark.parametrize(
    ("oid", "byte", "before", "problem"),
    [
        (0xE0C0, 0x0F, 0x07, None),
        (0xE0C0, 0x05, None, Problem.NO_VALUE),
        (0xE0C0, 0x03, 0x07, Problem.BACKWARDS),
        (0xF1C0, 0x07, 0x01, None),
        (0xF1C0, 0x0F, 0x07, Problem.NO_VALUE),
        (0xF1C0, 0x01, 0x03, Problem.BACKWARDS),
        (0xE0C3, 19, None, Problem.NO_VALUE),
        (0xE0C3, 20, 255, None),
        (0xE0C4, 15, None, None),
        (0xE0C4, 16, None, Problem.NO_VALUE),
        (DATA, 0xFF, 0xFF, None),
    ],
)
def test_settings_of_one_byte(oid: int, byte: int, before: int | None, problem: Problem | None) -> None:
    assert check_setting(oid, byte, before) is problem
