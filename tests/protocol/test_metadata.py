"""Metadata and access conditions, with vectors from the manual, from real chips and from Infineon's host."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage, LifeCycleState, ObjectType
from optiga.protocol.conditions import AccessCondition, Condition, Operator, SimpleCondition
from optiga.protocol.metadata import Metadata, Tag

MANUAL_DATA_RECORD = "2011c00103c4018cc5010ad10100d003e1fc07"
"""SRM, "Examples of commonly used access conditions": arbitrary data record at shipping."""
MANUAL_CERTIFICATE = "2013c00103c40206c0c5020340d10100d003e1fc07"
"""Same place: project-specific device certificate at shipping."""


def test_the_manuals_data_record() -> None:
    metadata = Metadata.parse(bytes.fromhex(MANUAL_DATA_RECORD))
    assert metadata.life_cycle_state is LifeCycleState.INITIALIZATION
    assert (metadata.max_size, metadata.used_size) == (140, 10)
    assert metadata.in_words() == {
        "lcso": "initialization",
        "max_size": "140",
        "used_size": "10",
        "read": "always",
        "change": "lcso < operational",
    }


def test_the_manuals_certificate() -> None:
    metadata = Metadata.parse(bytes.fromhex(MANUAL_CERTIFICATE))
    assert (metadata.max_size, metadata.used_size) == (1728, 832)
    assert metadata.access(Tag.EXECUTE).alternatives == ((SimpleCondition(Condition.NEVER),),)


def test_a_key_of_a_real_chip() -> None:
    metadata = Metadata.parse(bytes.fromhex("200fc00101d001ffd30100e00103e10121"))
    assert metadata.algorithm is KeyAlgorithm.SECP256R1
    assert metadata.key_usage == KeyUsage.AUTHENTICATION | KeyUsage.KEY_AGREEMENT
    assert metadata.in_words()["key_usage"] == "authentication, key_agreement"
    assert Metadata.parse(bytes.fromhex("200ec00101d003e1fc07d101ffd30100")).algorithm is None


def test_the_platform_binding_secret_of_a_real_chip() -> None:
    data = bytes.fromhex("201dc00101c40140c50140d007e1fc07fe20e140d103e1fc07d30100e80122")
    metadata = Metadata.parse(data)
    assert str(metadata.access(Tag.CHANGE)) == "lcso < operational || conf 0xE140"
    assert metadata.object_type is ObjectType.PLATFORM_BINDING
    assert metadata.encode() == data


CONDITIONS = {
    "00": "always",
    "ff": "never",
    "e1fc07": "lcso < operational",
    "70fc07": "lcsg < operational",
    "e0fb03": "lcsa > initialization",
    "e1fa0f": "lcso == termination",
    "1020": "sec_sta_g 0x20",
    "9020": "sec_sta_a 0x20",
    "21e0ef": "int 0xE0EF",
    "23f1d0": "auto 0xF1D0",
    "40e120": "luc 0xE120",
    "21e0effd20f1d0": "int 0xE0EF && conf 0xF1D0",
    "e1fc07fe21e0e8fd20f1d4fe1020": "lcso < operational || int 0xE0E8 && conf 0xF1D4 || sec_sta_g 0x20",
    "e1fb03fe70fc04": "lcso > initialization || lcsg < 0x04",
}


@pytest.mark.parametrize(("data", "words"), CONDITIONS.items())
def test_conditions_in_words(data: str, words: str) -> None:
    assert str(AccessCondition.parse(bytes.fromhex(data))) == words


def test_and_binds_stronger_than_or() -> None:
    parsed = AccessCondition.parse(bytes.fromhex("e1fc07fd1020fe9020"))
    assert [len(token) for token in parsed.alternatives] == [2, 1]
    assert parsed.alternatives[0][0] == SimpleCondition(Condition.LCS_OBJECT, Operator.LESS, 7)


@pytest.mark.parametrize("items", [{300: b""}, {-1: b""}, {0xD1: bytes(256)}, {0xD0: bytes(130), 0xD1: bytes(130)}])
def test_what_is_too_large_for_metadata(items: dict[int, bytes]) -> None:
    with pytest.raises(ValueError, match="a metadata tag is 0 to 255"):
        Metadata(items).encode()


def test_conditions_that_the_manual_does_not_allow_are_never_made() -> None:
    simple = SimpleCondition(Condition.SECURITY_STATUS_GLOBAL, None, 0x20)
    for alternatives in [(), ((),), ((simple,),) * 4, ((simple,) * 8,), ((SimpleCondition(Condition.NEVER), simple),)]:
        with pytest.raises(ValueError, match="access condition"):
            AccessCondition(alternatives)


def test_a_condition_that_is_changed_is_another() -> None:
    condition = AccessCondition.parse(bytes.fromhex("e1fc07fe21e0e8"))
    first, _ = condition.alternatives
    changed = AccessCondition((first, (SimpleCondition(Condition.INTEGRITY, None, 0xE0E9),)))
    assert changed.encode().hex() == "e1fc07fe21e0e9"


def test_a_number_has_a_name_or_none() -> None:
    assert LifeCycleState.of(0x07) is LifeCycleState.OPERATIONAL
    assert LifeCycleState.of(0x05) is None
    assert Tag.of(0xC1) is Tag.VERSION
    assert Tag.of(0xEE) is None
    assert KeyAlgorithm.of(0x81) is KeyAlgorithm.AES128
    assert KeyAlgorithm.of(0x99) is None


WRONG_CONDITIONS = [
    "",
    "01",
    "e1",
    "e1fc",
    "e10107",
    "e1fd07",
    "00fe00",
    "e1fc07fe00",
    "e1fc07fd",
    "fe",
    "e1fc0700",
    "e1fc07fe1020fe1020fe1020",
    "1020fd1020fd1020fd1020fd1020fd1020fd1020fd1020",
]


@pytest.mark.parametrize("data", WRONG_CONDITIONS)
def test_what_is_no_condition(data: str) -> None:
    with pytest.raises(ValueError, match="access condition"):
        AccessCondition.parse(bytes.fromhex(data))


@pytest.mark.parametrize(
    "data", ["", "20", "2101", "2003c00101ff", "2004c00101", "2002c001", "2006c00101c00101", "2001c0", "2103c00101"]
)
def test_what_is_no_metadata(data: str) -> None:
    with pytest.raises(ValueError, match="metadata"):
        Metadata.parse(bytes.fromhex(data))


def test_implicit_rules_of_the_manual() -> None:
    empty = Metadata({})
    assert empty.life_cycle_state is LifeCycleState.OPERATIONAL
    assert str(empty.access(Tag.READ)) == "never"
    assert Metadata({Tag.MAX_SIZE: b"\x1b"}).used_size == 27


def test_new_tags_stand_at_the_end() -> None:
    before = Metadata.parse(bytes.fromhex("200ec00101d003e1fc07d101ffd30100"))
    after = before.with_tags({Tag.ALGORITHM: b"\x03", Tag.KEY_USAGE: b"\x21"})
    assert after.encode().hex() == "2014c00101d003e1fc07d101ffd30100e00103e10121"
    assert before.encode().hex() == "200ec00101d003e1fc07d101ffd30100"


def test_values_the_manual_does_not_know_stay_readable() -> None:
    words = Metadata({0xEE: b"\x01", Tag.LCSO: b"\x05", Tag.CHANGE: b"\x01", Tag.ALGORITHM: b"\x99"}).in_words()
    assert words == {"0xee": "0x01", "lcso": "0x05", "change": "0x01", "algorithm": "0x99"}


@pytest.mark.parametrize(
    ("tag", "value", "words"),
    [
        (Tag.RESET_TYPE, 0x01, "creation"),
        (Tag.RESET_TYPE, 0x27, "operational, random"),
        (Tag.RESET_TYPE, 0x13, "initialization, flush"),
        (Tag.RESET_TYPE, 0x20, "random"),
        (Tag.RESET_TYPE, 0x00, "none"),
        (Tag.RESET_TYPE, 0x31, "0x31"),
        (Tag.RESET_TYPE, 0x12, "0x12"),
        (Tag.KEY_USAGE, 0x21, "authentication, key_agreement"),
        (Tag.KEY_USAGE, 0x25, "0x25"),
    ],
)
def test_flags_in_words(tag: Tag, value: int, words: str) -> None:
    assert list(Metadata({tag: bytes([value])}).in_words().values()) == [words]


@given(st.binary(max_size=60) | st.binary(max_size=42).map(lambda body: bytes([0x20, len(body)]) + body))
def test_any_bytes_are_metadata_or_a_value_error(data: bytes) -> None:
    try:
        metadata = Metadata.parse(data)
    except ValueError:
        return
    assert metadata.encode() == data
    metadata.in_words()
