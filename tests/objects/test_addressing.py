"""Which object somebody means, which are taken for what, and what is said of the others."""

from __future__ import annotations

import re

import pytest

from optiga.errors import ConfigurationError
from optiga.objects import addressing
from optiga.objects.addressing import (
    ADMINISTERED,
    AUTHORIZATION_REFERENCE,
    COUNTER,
    DEVICE_CERTIFICATE,
    IN_FILE,
    KEY,
    KEY_PAIR,
    READABLE,
    SHARED_SECRET,
    TRUST_ANCHOR,
    UPDATE_SECRET,
    WRITABLE,
    Wanted,
    resolve,
    resolve_certificate,
    resolve_slot,
    resolve_writable,
)
from optiga.protocol.models import ALL_OBJECTS
from optiga.protocol.objects import SLOTS, ObjectKind, ObjectRef
from tests.support.import_graph import imports_of, module_names

WANTED = {name: value for name, value in vars(addressing).items() if isinstance(value, Wanted)}
"""Every row of the table, by its name."""

UNKNOWN, SECOND_KEY, SECOND, FIVE_KEY = "0xBEEF", "0xE0F1", "second", "0xE0FC"
ANCHOR, COUNTER_1, DATA, BINDING, AES, SESSION, UID = (
    *("0xE0E8", "0xE120", "0xF1D0", "0xE140", "0xE200", "0xE100", "0xE0C2"),
)
REFERENCES = (SECOND, "fifth", "0xE0E1", SECOND_KEY, ANCHOR, COUNTER_1, DATA, BINDING, AES, SESSION, UID)
TAKEN = {
    "ADMINISTERED": (0xE0E1, None, 0xE0E1, 0xE0F1, 0xE0E8, 0xE120, 0xF1D0, 0xE140, 0xE200, None, 0xE0C2),
    "IN_FILE": (None, None, 0xE0E1, 0xE0F1, 0xE0E8, 0xE120, 0xF1D0, 0xE140, 0xE200, None, 0xE0C2),
    "READABLE": (0xE0E1, None, 0xE0E1, None, 0xE0E8, 0xE120, 0xF1D0, 0xE140, None, None, 0xE0C2),
    "WRITABLE": (0xE0E1, None, 0xE0E1, None, 0xE0E8, None, 0xF1D0, None, None, None, None),
    "DEVICE_CERTIFICATE": (0xE0E1, None, 0xE0E1, None, None, None, None, None, None, None, None),
    "HOLDS_CERTIFICATE": (0xE0E1, None, 0xE0E1, None, 0xE0E8, None, None, None, None, None, None),
    "TRUST_ANCHOR": (0xE0E1, None, 0xE0E1, None, 0xE0E8, None, 0xF1D0, None, None, None, None),
    "SHARED_SECRET": (None, None, None, None, None, None, 0xF1D0, 0xE140, None, None, None),
    "UPDATE_SECRET": (None, None, None, None, None, None, 0xF1D0, 0xE140, None, None, None),
    "AUTHORIZATION_REFERENCE": (None, None, None, None, None, None, 0xF1D0, None, None, None, None),
    "COUNTER": (None, None, None, None, None, 0xE120, 0xF1D0, None, None, None, None),
    "KEY": (0xE0F1, 0xE0FC, None, 0xE0F1, None, None, None, None, 0xE200, None, None),
    "KEY_PAIR": (0xE0F1, 0xE0FC, 0xE0F1, 0xE0F1, None, None, None, None, None, None, None),
}
"""For each kind of what is wanted, the object that each of the references means; None where it is not taken."""


def refusal(reference: object, wanted: Wanted) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        resolve(reference, wanted)  # type: ignore[arg-type]
    return caught.value


def test_the_table_has_every_kind() -> None:
    assert set(TAKEN) == set(WANTED)
    assert {len(row) for row in TAKEN.values()} == {len(REFERENCES)}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(name: str) -> None:
    wanted = WANTED[name]
    for text, oid in zip(REFERENCES, TAKEN[name], strict=True):
        forms = (text, f" {text.upper().replace('0X', '')} ", ObjectRef.parse(text), ObjectRef.parse(text).named)
        for form in forms:
            if oid is None:
                error = refusal(form, wanted)
                assert error.hint
                assert "--" not in str(error)
                names = (text, ObjectRef.parse(text).label, "0xE0E1 (certificate of slot second)")
                assert any(name.lower() in str(error).lower() for name in names)
            else:
                target = resolve(form, wanted)
                assert (target.oid, target.info) == (oid, ALL_OBJECTS[oid])
                slot = next((slot for slot in SLOTS if oid in (slot.key_oid, slot.certificate_oid)), None)
                assert target.slot is slot


@pytest.mark.parametrize("name", WANTED)
def test_every_object_is_taken_or_it_is_said_why_not(name: str) -> None:
    wanted = WANTED[name]
    for info in ALL_OBJECTS.values():
        belongs_to = ObjectRef(info.oid).slot
        if info.kind in wanted.kinds:
            assert resolve(info.oid, wanted).info is info
        elif wanted.names_slot and belongs_to:
            assert resolve(info.oid, wanted).oid == belongs_to.key_oid
        else:
            error = refusal(info.label, wanted)
            assert error.message.startswith(info.label)
            assert wanted.refusal in error.message
            assert error.oid == info.oid


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize("text", ["", "seventh", "0xBEEF", "beef", "0x0xE0E1", "E0", "second slot"])
def test_what_is_no_object_at_all(name: str, text: str) -> None:
    error = refusal(text, WANTED[name])
    assert error.message.startswith(repr(text))
    assert "an OID" in error.message
    assert error.hint


@pytest.mark.parametrize("number", [-1, 0x10000, 0xBEEF])
def test_numbers_that_are_no_object(number: int) -> None:
    assert "is not an OID" in refusal(number, ADMINISTERED).message


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        (
            "five",
            WRITABLE,
            "slot five has a key (0xE0FC) but no object for its certificate. Give an object by its OID",
        ),
        ("six", READABLE, "slot six has a key (0xE0FD) but no object for its certificate"),
        ("five", ADMINISTERED, "slot five has .* for its certificate. Give the key by its OID: 0xE0FC"),
        ("five", COUNTER, "slot five is not a counter. Use 0xE120 to 0xE123"),
        (
            "seventh",
            WRITABLE,
            "'seventh' is neither a slot nor .*Use one of the slots first, second, third, fourth, or",
        ),
        ("0xBEEF", WRITABLE, "the objects 0xE0E0-0xE0E3, 0xE0E8-0xE0E9, 0xE0EF, 0xF1D0-0xF1DB, 0xF1E0-0xF1E1"),
        (
            SECOND_KEY,
            WRITABLE,
            "which only the chip generates. The key's certificate is in 0xE0E1",
        ),
        (FIVE_KEY, WRITABLE, "it is a private key, which only the chip generates. Use one of the slots"),
        (UID, WRITABLE, "0xE0C2 cannot be written: it belongs to the chip itself. "),
        (COUNTER_1, WRITABLE, "it is a counter. "),
        (BINDING, WRITABLE, "it is a secret shared with a host, which must not be in a file. "),
        (AES, WRITABLE, "0xE200 cannot be written: it is a secret key, which only the chip generates. "),
        (SESSION, WRITABLE, "it is a session's secret, which only the chip knows. "),
        (SECOND_KEY, READABLE, "an EC key never leaves the chip. The key's certificate is in 0xE0E1 (slot second)"),
        (
            FIVE_KEY,
            READABLE,
            "an RSA key never leaves the chip. To show the properties of the key, use 'chip.metadata'",
        ),
        (
            "aes",
            READABLE,
            "0xE200 cannot be read: a symmetric key never leaves the chip. To show the properties",
        ),
        ("0xE101", READABLE, "a session context never leaves the chip. Use one of"),
        ("0xE101", SHARED_SECRET, "holds no shared secret: it is a session, which is empty when a command begins"),
        (SECOND_KEY, SHARED_SECRET, "0xE0F1 (device private EC key 2) holds no shared secret"),
        (SECOND, UPDATE_SECRET, "0xE0E1 (certificate of slot second) does not hold a secret"),
        (SECOND, COUNTER, "0xE0E1 (certificate of slot second) is not a counter"),
        (SECOND, AUTHORIZATION_REFERENCE, "holds no authorization reference. Use a data object, such as 0xF1D0"),
        (SECOND_KEY, TRUST_ANCHOR, "0xE0F1 (device private EC key 2) does not hold a trust anchor. Use 0xE0E8"),
        (SECOND, IN_FILE, "'second' is not an OID of the chip"),
        ("aes", IN_FILE, "'aes' is not an OID of the chip"),
        (SESSION, ADMINISTERED, "0xE100 (session context 1) is not an object with data or metadata"),
        (DATA, KEY, "0xF1D0 (arbitrary data type 3, 1) holds no key. Use one of first, second"),
        (ANCHOR, KEY_PAIR, "is neither a key nor a certificate object of a slot. Use one of the slots first, second"),
        (
            "0xE0E8",
            DEVICE_CERTIFICATE,
            "0xE0E8 (trust anchor 1) is not an object for a device's certificate. Use",
        ),
    ],
)
def test_what_is_said(text: str, wanted: Wanted, said: str) -> None:
    assert re.search(".*".join(re.escape(part) for part in said.split(".*")), str(refusal(text, wanted)))


def test_the_aes_key_has_a_name() -> None:
    assert resolve("aes", KEY).oid == resolve(" AES ", ADMINISTERED).oid == 0xE200


def test_an_object_of_another_model_is_one() -> None:
    """Trust X alone has 0xF1DC to 0xF1DF."""
    assert resolve("f1df", SHARED_SECRET).oid == 0xF1DF


@pytest.mark.parametrize(
    ("slot", "oid", "found", "of_slot"),
    [
        (None, None, 0xE0E1, "second"),
        ("second", None, 0xE0E1, "second"),
        ("0xe0f1", None, 0xE0E1, "second"),
        ("0xE0E2", None, 0xE0E2, "third"),
        ("first", None, 0xE0E0, "first"),
        ("0xE0E8", None, 0xE0E8, None),
        (None, "0xE0E3", 0xE0E3, "fourth"),
        (None, "e0ef", 0xE0EF, None),
        (None, "0xF1D0", 0xF1D0, None),
        (None, 0xF1E1, 0xF1E1, None),
        (None, "second", 0xE0E1, "second"),
        (SLOTS[2], None, 0xE0E2, "third"),
    ],
)
def test_where_a_file_goes(slot: str | None, oid: str | int | None, found: int, of_slot: str | None) -> None:
    target = resolve_writable(slot, oid)
    assert (target.oid, target.slot and target.slot.name) == (found, of_slot)


def test_two_places_for_one_file() -> None:
    with pytest.raises(ConfigurationError, match="slot and oid are both given"):
        resolve_writable("second", "0xE0E1")


@pytest.mark.parametrize("text", ["third", "THIRD ", "0xE0F2", "e0e2", 0xE0E2, SLOTS[2], ObjectRef(SLOTS[2])])
def test_a_slot_answers_to_its_name_and_both_identifiers(text: str | int) -> None:
    assert resolve_slot(text) is SLOTS[2]


def test_the_certificate_of_a_key_may_lie_elsewhere() -> None:
    five = SLOTS[4]
    target = resolve_certificate(five, "third")
    assert (target.oid, target.slot) == (0xE0E2, five)
    assert resolve_certificate(SLOTS[1], None).oid == 0xE0E1
    with pytest.raises(ConfigurationError) as caught:
        resolve_certificate(five, None)
    assert caught.value.hint == "Give an object by its OID: 0xE0E1, 0xE0E2 or 0xE0E3"
    assert caught.value.parameter == "oid"


def test_reasons_are_of_kinds_that_are_not_taken() -> None:
    for wanted in WANTED.values():
        assert not set(wanted.reasons) & set(wanted.kinds)
        assert not set(wanted.hints) & set(wanted.kinds)
    assert set(WRITABLE.kinds) | set(WRITABLE.reasons) == set(ObjectKind)


@pytest.mark.long
def test_there_is_one_resolver() -> None:
    """What reads identifiers on its own reads a form that has nothing but identifiers: conditions, saved chips."""
    of = {name: imports_of(path) for name, path in module_names("optiga").items()}
    assert {name for name, wanted in of.items() if "optiga.protocol.objects.parse_oid" in wanted} <= {
        "optiga.emulator.state",
        "optiga.objects.addressing",
        "optiga.protocol.metadata_words",
        "optiga.provision.job_json",  # an object as a job in JSON has it, in one form alone
    }
    referring = {name for name, wanted in of.items() if "optiga.protocol.objects.ObjectRef" in wanted}
    assert referring - {"optiga", "optiga.objects.addressing"} == {
        "optiga.crypto.signatures",  # a reference comes before a file of that name
        "optiga.identity.configuration",  # slots alone, with the line of the file
        "optiga.identity.csr_config",  # which slots those are
        "optiga.provision.chip_slot",  # the slot of an object
        "optiga.transfer.form",  # whether a file's member is meant for an object at all, which is resolved elsewhere
    }
