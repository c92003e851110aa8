"""What is said of a slot whose certificate may not be read, is of another key, or lies there in another form."""

from __future__ import annotations

from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from optiga.chip import Chip
from optiga.cli.render.info import format_information
from optiga.identity.read import read_object
from optiga.identity.slot_match import find_match
from optiga.objects.addressing import READABLE, resolve
from optiga.objects.info import SlotInformation, UnreadCertificate, chip_information
from optiga.objects.stored import decode_stored
from optiga.protocol import type_c_identity
from optiga.protocol.codes import CommandCode
from optiga.protocol.metadata import Metadata
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.identity.csr_helpers import NOW, Ca, CountingTransport

CA = Ca("issuer")
OTHER = ec.derive_private_key(7, ec.SECP256R1()).public_key()
SECOND, SECOND_KEY = 0xE0E1, 0xE0F1


@pytest.fixture
def transport() -> CountingTransport:
    return CountingTransport()


@pytest.fixture
def chip(transport: CountingTransport) -> Chip:
    return Chip(transport)


def slot_of(chip: Chip, name: str = "second") -> SlotInformation:
    return chip_information(chip, now=NOW, prove=partial(find_match, chip)).slots[name]


def certify_second(chip: Chip, *words: str) -> bytes:
    """A key and its certificate in the second slot, with metadata of the key; the certificate."""
    key = chip.generate_key("second", "secp256r1")
    der = CA.certify(load_der_public_key(key.public_key_info))
    chip.write(SECOND, der)
    if words:
        chip.write_metadata(SECOND_KEY, parse_metadata_words(words))
    return der


def in_type_c(*certificates: bytes, order: str = "little", size: int = 0) -> bytes:
    """A USB Type-C identity, root first, as the manual and section 3.2 of the USB specification have it."""
    chain = bytes(2) + bytes(range(32)) + b"".join(certificates)
    chain = (size or len(chain) + 2).to_bytes(2, order) + chain
    return b"\xc2" + len(chain).to_bytes(2, "big") + chain


class TestUnread:
    @pytest.mark.parametrize("words", ["conf 0xE140", "never", "auto 0xF1D0"])
    def test_why_and_how_much(self, chip: Chip, words: str) -> None:
        der = certify_second(chip)
        chip.write_metadata(SECOND, parse_metadata_words([f"read: {words}"]))
        slot = slot_of(chip)
        assert isinstance(slot.certificate, UnreadCertificate)
        assert (slot.certificate.size, slot.key_match) == (len(der), None)
        assert f"read access condition is {words}" in slot.certificate.error
        assert f"certificate 0xE0E1 {len(der)} bytes: not readable" in format_information(chip_information(chip))

    def test_a_reading_that_is_counted_is_spared(self, chip: Chip) -> None:
        chip.write(0xE120, bytes([0, 0, 0, 0, 0, 0, 0, 5]))
        der = certify_second(chip)
        chip.write_metadata(SECOND, parse_metadata_words(["read: luc 0xE120"]))
        certificate = slot_of(chip).certificate
        assert isinstance(certificate, UnreadCertificate)
        assert certificate.size == len(der)
        assert "luc 0xE120" in certificate.error
        assert chip.read(0xE120)[:4] == bytes(4)


class TestMatch:
    def test_its_key(self, chip: Chip) -> None:
        certify_second(chip)
        slot = slot_of(chip)
        assert (slot.key_match, slot.certificate.size if slot.certificate else 0) == (True, len(chip.read(SECOND)))
        text = format_information(chip_information(chip, now=NOW, prove=partial(find_match, chip)))
        assert "  key     the key in 0xE0F1 belongs to the certificate" in text

    def test_the_factorys_slot_is_asked(self, chip: Chip, transport: CountingTransport) -> None:
        assert slot_of(chip, "first").key_match is True
        assert transport.count(CommandCode.CALC_SIGN) == 1

    def test_another_key(self, chip: Chip) -> None:
        chip.generate_key("second", "secp256r1")
        chip.write(SECOND, CA.certify(OTHER))
        assert slot_of(chip).key_match is False
        assert "MISMATCH: " in format_information(chip_information(chip, now=NOW, prove=partial(find_match, chip)))

    def test_a_key_of_another_algorithm_needs_no_signature(self, chip: Chip, transport: CountingTransport) -> None:
        chip.generate_key("second", "secp384r1")
        chip.write(SECOND, CA.certify(rsa.generate_private_key(65537, 1024).public_key()))
        before = transport.count(CommandCode.CALC_SIGN)
        assert slot_of(chip).key_match is False
        assert transport.count(CommandCode.CALC_SIGN) == before + 1, "the first slot's alone"

    def test_the_key_of_another_slot(self, chip: Chip) -> None:
        key = chip.generate_key("third", "secp256r1")
        chip.generate_key("second", "secp256r1")
        chip.write(SECOND, CA.certify(load_der_public_key(key.public_key_info)))
        slot = slot_of(chip)
        assert slot.key_match is False
        assert "0xE0F2, slot third" in (slot.key_note or "")

    def test_no_key(self, chip: Chip) -> None:
        chip.write(SECOND, CA.certify(OTHER))
        slot = slot_of(chip)
        assert (slot.key, slot.key_match) == (None, None)
        assert "there is no key in 0xE0F1" in (slot.key_note or "")

    def test_counted_uses_are_not_spent(self, chip: Chip) -> None:
        chip.write(0xE120, bytes([0, 0, 0, 0, 0, 0, 0, 5]))
        certify_second(chip, "execute: luc 0xE120")
        slot = slot_of(chip)
        assert slot.key_match is None
        assert "counted" in (slot.key_note or "")
        assert chip.read(0xE120)[:4] == bytes(4)

    @pytest.mark.parametrize("words", ["execute: auto 0xF1D0", "execute: never", "key_usage: key_agreement"])
    def test_a_key_that_cannot_be_asked(self, chip: Chip, words: str) -> None:
        certify_second(chip, words)
        slot = slot_of(chip)
        assert slot.key_match is None
        assert "cannot prove" in (slot.key_note or "")


class TestTypeC:
    def test_it_is_shown_leaf_first(self, chip: Chip) -> None:
        key = chip.generate_key("second", "secp256r1")
        leaf = CA.certify(load_der_public_key(key.public_key_info))
        chip.write(SECOND, in_type_c(CA.certificate, leaf))
        slot = slot_of(chip)
        assert slot.certificate is not None
        assert not isinstance(slot.certificate, UnreadCertificate)
        assert (slot.certificate.chain, slot.certificate.subject) == (2, "CN=device")
        assert slot.key_match is True
        read = read_object(chip, resolve("second", READABLE))
        assert [one.der for one in read.certificates] == [leaf, CA.certificate]
        assert read.text.count("BEGIN CERTIFICATE") == 2

    def test_in_a_data_object_of_that_type(self, chip: Chip) -> None:
        chip.write_metadata(0xF1E0, Metadata({0xE8: b"\x12"}))
        chip.write(0xF1E0, in_type_c(CA.certificate, CA.certify(OTHER)))
        assert len(read_object(chip, resolve("0xF1E0", READABLE)).certificates) == 2

    @pytest.mark.parametrize("order", ["little", "big"])
    def test_what_lies_behind_it_is_ignored(self, order: str) -> None:
        data = in_type_c(CA.certificate, order=order) + bytes(100)
        assert type_c_identity.decode(data) == [CA.certificate]

    @pytest.mark.parametrize(
        "data",
        [
            b"\xc2",
            b"\xc2" + bytes(60),
            in_type_c(CA.certificate)[:-1],
            in_type_c(CA.certificate, size=30),
            in_type_c(CA.certificate[:-1]),
            in_type_c(CA.certificate, b"\x02\x01\x00"),
            in_type_c(),
        ],
    )
    def test_what_is_none(self, data: bytes) -> None:
        with pytest.raises(ValueError, match="USB Type-C identity"):
            decode_stored(data)
