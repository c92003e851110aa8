"""Update sets: checked against a chip, and applied."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from optiga.chip import Chip, Key
from optiga.emulator.models import MODELS
from optiga.errors import CertificateError, ConfigurationError, OptigaError
from optiga.pki.public_keys import public_key_of, verifies
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from optiga.protocol.manifest import ContentReset, MetadataUpdate, WriteType
from optiga.protocol.metadata import MAX_SIZE, Metadata, Tag
from optiga.protocol.symmetric import SymmetricMode
from optiga.transport.emulated import EmulatedTransport
from optiga.update.apply import send_update
from optiga.update.check import UpdatePlan, check_update
from optiga.update.effects import metadata_after
from optiga.update.make import UpdateSecret
from optiga.update.payloads import (
    Payload,
    aes_payload,
    data_payload,
    key_payload,
    metadata_payload,
)
from optiga.update.update_set import UpdateSet
from tests.support.emulator.emulated import Probe
from tests.support.emulator.updating import (
    ANCHOR_OID,
    BY_ANCHOR,
    BY_ANCHOR_AND_SECRET,
    SECRET,
    TARGET,
    begin,
    certificate_of,
    made,
    signer,
    updatable,
)

LONG = bytes(range(256)) * 5


@pytest.fixture
def chip() -> Iterator[Chip]:
    """One that takes updates of data from the anchor."""
    with Chip(EmulatedTransport(updatable().chip)) as opened:
        yield opened


def allow(chip: Chip, oid: int, **tags: bytes) -> None:
    chip.write_metadata(oid, Metadata({Tag[name.upper()]: value for name, value in tags.items()}))


def apply_update(chip: Chip, update: UpdateSet) -> UpdatePlan:
    """As ``update apply`` does it."""
    plan = check_update(chip, update)
    send_update(chip, update)
    return plan


class TestApplied:
    @pytest.mark.parametrize("data", [b"x", LONG, bytes(640), bytes(1500)])
    def test_data(self, chip: Chip, data: bytes) -> None:
        result = apply_update(chip, made(data, 7))
        assert chip.read(TARGET) == data
        assert (result.resumed, result.warnings) == (False, ())
        assert chip.metadata(TARGET).get(Tag.VERSION) == b"\x00\x07"

    def test_a_part_of_data(self, chip: Chip) -> None:
        apply_update(chip, made(b"the whole"))
        apply_update(chip, made(data_payload(b"one", offset=4, write_type=WriteType.WRITE), 2))
        assert chip.read(TARGET) == b"the onele"

    def test_a_part_of_a_counter_is_there_with_zeros_behind_it(self, chip: Chip) -> None:
        allow(chip, 0xF1D3, change=BY_ANCHOR, type=b"\x01")
        update = made(b"\0\0\0\1", target_oid=0xF1D3)
        apply_update(chip, update)
        assert chip.read(0xF1D3) == b"\0\0\0\1\0\0\0\0"
        assert check_update(chip, update).there_already

    @pytest.mark.parametrize("data", [b"secret", LONG])
    def test_encrypted(self, chip: Chip, data: bytes) -> None:
        allow(chip, TARGET, change=BY_ANCHOR_AND_SECRET)
        update = made(data, secret=SECRET)
        assert data[:16] not in b"".join(update.fragments)
        apply_update(chip, update)
        assert chip.read(TARGET) == data

    def test_an_ec_key(self, chip: Chip) -> None:
        private = ec.generate_private_key(ec.SECP256R1())
        allow(chip, 0xE0F2, change=BY_ANCHOR)
        apply_update(chip, made(key_payload(private, KeyUsage.SIGNATURE), target_oid=0xE0F2))
        signature = Key(chip, 0xE0F2, KeyAlgorithm.SECP256R1).sign(b"hello")
        assert verifies(public_key_of(private.public_key()), signature, b"hello", "sha256")

    def test_an_rsa_key(self, chip: Chip) -> None:
        private = rsa.generate_private_key(65537, 1024)
        allow(chip, 0xE0FC, change=BY_ANCHOR)
        apply_update(chip, made(key_payload(private, KeyUsage.SIGNATURE), target_oid=0xE0FC))
        signature = Key(chip, 0xE0FC, KeyAlgorithm.RSA1024).sign(b"hello")
        assert verifies(public_key_of(private.public_key()), signature, b"hello", "sha256")

    def test_an_aes_key(self, chip: Chip) -> None:
        key = bytes(range(32))
        allow(chip, 0xE200, change=BY_ANCHOR)
        apply_update(chip, made(aes_payload(key), target_oid=0xE200))
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        assert chip.crypto.encrypt_aes(bytes(16), SymmetricMode.ECB) == encryptor.update(bytes(16))

    def test_metadata(self, chip: Chip) -> None:
        allow(chip, 0xF1D3, metadata_update=BY_ANCHOR, reset_type=b"\x01")
        chip.write(0xF1D3, b"kept")
        allow(chip, 0xF1D3, lcso=b"\x07")
        changed = Metadata({Tag.READ: b"\xff"})
        apply_update(chip, made(metadata_payload(changed), target_oid=0xF1D3))
        metadata = chip.metadata(0xF1D3)
        assert metadata.get(Tag.READ) == b"\xff"
        assert metadata.get(Tag.LCSO) == b"\x01", "the reset type takes it back to creation"

    def test_metadata_with_the_content_overwritten(self, chip: Chip) -> None:
        allow(chip, 0xF1D3, metadata_update=BY_ANCHOR, reset_type=b"\x01")
        chip.write(0xF1D3, b"gone")
        payload = metadata_payload(Metadata({}), reset=ContentReset.ZEROS)
        apply_update(chip, made(payload, target_oid=0xF1D3))
        assert chip.metadata(0xF1D3).used_size == 0

    def test_an_interrupted_one_is_ended(self) -> None:
        probe = updatable()
        update = made(LONG, 3)
        begin(probe, update, 1)
        with Chip(EmulatedTransport(probe.chip)) as chip:
            with pytest.raises(ConfigurationError, match="accepts only updates with version 3 until then"):
                apply_update(chip, made(LONG, 4))
            assert apply_update(chip, update).resumed
            assert chip.read(TARGET) == LONG


class TestRefusedBeforehand:
    """By what the chip itself would say, too."""

    def refused(self, chip: Chip, update: UpdateSet, kind: type[OptigaError] = ConfigurationError) -> str:
        before = (chip.read(TARGET), chip.metadata(TARGET))
        with pytest.raises(kind) as caught:
            apply_update(chip, update)
        with pytest.raises(OptigaError):
            send_update(chip, update)
        assert (chip.read(TARGET), chip.metadata(TARGET)) == before
        assert "\n" not in str(caught.value)
        return str(caught.value)

    def test_an_old_version(self, chip: Chip) -> None:
        apply_update(chip, made(b"new", 5))
        assert "has version 5, and so has the update" in self.refused(chip, made(b"old", 5))

    def test_more_than_a_counter(self, chip: Chip) -> None:
        allow(chip, 0xF1D3, change=BY_ANCHOR, type=b"\x01")
        assert "room for 8" in self.refused(chip, made(bytes(9), target_oid=0xF1D3))
        apply_update(chip, made(bytes(8), target_oid=0xF1D3))

    def test_another_chip(self, chip: Chip) -> None:
        assert "for another chip" in self.refused(chip, made(b"x", uid=bytes(27)))
        apply_update(chip, made(b"x", uid=bytes.fromhex(chip.uid.hex)))

    def test_another_signer(self, chip: Chip) -> None:
        stranger = ec.generate_private_key(ec.SECP256R1())
        assert "not signed with the key" in self.refused(chip, made(b"x", signer=stranger), CertificateError)

    def test_an_object_that_is_not_for_it(self, chip: Chip) -> None:
        assert "does not accept this update" in self.refused(chip, made(b"x", target_oid=0xF1E1))

    def test_metadata_without_a_reset_type(self, chip: Chip) -> None:
        update = made(metadata_payload(Metadata({Tag.READ: b"\x00"})), target_oid=0xF1D4)
        allow(chip, 0xF1D4, metadata_update=BY_ANCHOR)
        assert "no reset type" in self.refused(chip, update)

    def test_no_trust_anchor(self, chip: Chip) -> None:
        allow(chip, TARGET, change=bytes.fromhex("21f1d5"))
        assert "0xF1D5 is not a trust anchor" in self.refused(chip, made(b"x", anchor_oid=0xF1D5))

    def test_a_trust_anchor_that_may_not_be_used(self, chip: Chip) -> None:
        allow(chip, ANCHOR_OID, execute=b"\xff")
        assert "its execute access condition is never" in self.refused(chip, made(b"x"))

    def test_a_certificate_that_is_not_for_signatures(self, chip: Chip) -> None:
        chip.write(ANCHOR_OID, certificate_of(signer(), signs=False))
        assert "is not for signatures" in self.refused(chip, made(b"x"), CertificateError)

    def test_not_a_condition_that_names_the_anchor_twice(self, chip: Chip) -> None:
        allow(chip, 0xF1D3, change=b"\xfd".join([BY_ANCHOR, BY_ANCHOR]))
        apply_update(chip, made(b"x", target_oid=0xF1D3))

    def test_a_condition_that_no_longer_holds(self, chip: Chip) -> None:
        allow(chip, 0xF1D3, change=bytes.fromhex("e1fc03fd21e0e8"), lcso=b"\x03")
        assert "does not accept this update" in self.refused(chip, made(b"x", target_oid=0xF1D3))

    @pytest.mark.parametrize(
        ("content", "message"), [("20", "has no metadata"), ("2003c40110", "cannot change the metadata tag 0xC4")]
    )
    def test_what_no_update_can_set(self, chip: Chip, content: str, message: str) -> None:
        allow(chip, 0xF1D3, metadata_update=BY_ANCHOR, reset_type=b"\x01")
        update = made(Payload(MetadataUpdate(), bytes.fromhex(content)), target_oid=0xF1D3)
        assert message in self.refused(chip, update)

    def test_metadata_that_do_not_fit(self, chip: Chip) -> None:
        allow(chip, 0xE0F3, change=BY_ANCHOR, read=3 * bytes.fromhex("23f1d0fd") + b"\x23\xf1\xd1")
        allow(chip, 0xE0F3, execute=bytes.fromhex("23f1d0fd23f1d1"))
        update = made(key_payload(ec.generate_private_key(ec.SECP256R1()), KeyUsage.SIGNATURE), target_oid=0xE0F3)
        assert "there is room for 44" in self.refused(chip, update)

    @pytest.mark.parametrize("secret", [None, SECRET])
    def test_a_model_that_takes_data_in_plain_alone(self, secret: UpdateSecret | None) -> None:
        payload = data_payload(b"x") if secret else metadata_payload(Metadata({Tag.READ: b"\x00"}))
        with Chip(EmulatedTransport(Probe(model=MODELS["trust-m-v1"]).chip)) as chip:
            self.refused(chip, made(payload, secret=secret))

    def test_a_model_whose_updates_are_for_every_chip(self) -> None:
        with Chip(EmulatedTransport(Probe(model=MODELS["trust-m-v1"]).chip)) as chip:
            update = made(data_payload(b"x"), uid=bytes.fromhex(chip.uid.hex)[:25])
            assert "no updates for a single chip" in self.refused(chip, update)


class TestEffects:
    """What is said beforehand of an update is what becomes of the object."""

    @pytest.mark.parametrize(
        ("tags", "changes", "reset", "stays"),
        [
            ({"lcso": b"\x01"}, {Tag.READ: b"\xff"}, ContentReset.AS_METADATA, []),
            ({"lcso": b"\x07"}, {Tag.READ: b"\xff"}, ContentReset.AS_METADATA, []),
            (
                {"lcso": b"\x07"},
                {Tag.METADATA_UPDATE: b"\xff", Tag.LCSO: b"\x07"},
                ContentReset.AS_METADATA,
                ["none of its metadata can ever be changed again"],
            ),
            ({"lcso": b"\x07"}, {Tag.METADATA_UPDATE: b"\xff"}, ContentReset.AS_METADATA, []),
            (
                {"lcso": b"\x07"},
                {Tag.LCSO: b"\x0f"},
                ContentReset.AS_METADATA,
                [
                    "its life cycle state goes from operational to termination and never comes back: from then on, "
                    "the chip neither reads nor uses the object"
                ],
            ),
            (
                {"lcso": b"\x01"},
                {Tag.LCSO: b"\x07"},
                ContentReset.AS_METADATA,
                [
                    "its life cycle state goes from creation to operational and never comes back",
                    "change will stay lcso < operational, which means never from then on",
                    "read will stay always",
                    "execute will stay absent, which means never from then on",
                    "metadata_update will stay int 0xE0E8",
                    "version will stay 1, and reset_type will stay creation",
                    "only a protected update (int 0xE0E8) can change its metadata",
                ],
            ),
            (
                {"lcso": b"\x01"},
                {Tag.CHANGE: b"\xff"},
                ContentReset.AS_METADATA,
                ["its data can then not be changed; until the object is operational, its metadata can allow it again"],
            ),
            ({"lcso": b"\x07"}, {}, ContentReset.ZEROS, ["its data (4 bytes) will be overwritten with zeros"]),
            (
                {"lcso": b"\x01", "reset_type": b"\x20"},
                {},
                ContentReset.ZEROS,
                ["its data (4 bytes) will be overwritten with random bytes"],
            ),
        ],
    )
    def test_metadata(
        self, chip: Chip, tags: dict[str, bytes], changes: dict[int, bytes], reset: ContentReset, stays: list[str]
    ) -> None:
        chip.write(0xF1D3, b"data")
        allow(chip, 0xF1D3, metadata_update=BY_ANCHOR, **{"reset_type": b"\x01", **tags})
        self.check(chip, made(metadata_payload(Metadata(changes), reset=reset), target_oid=0xF1D3), stays)

    def test_a_key_in_the_place_of_another(self, chip: Chip) -> None:
        chip.generate_key("third")
        allow(chip, 0xE0F2, change=BY_ANCHOR)
        private = ec.generate_private_key(ec.SECP384R1())
        update = made(key_payload(private, KeyUsage.SIGNATURE), target_oid=0xE0F2)
        self.check(chip, update, ["the current secp256r1 key will be lost"])

    def test_a_key_that_is_flushed(self, chip: Chip) -> None:
        chip.generate_key("third")
        allow(chip, 0xE0F2, metadata_update=BY_ANCHOR, reset_type=b"\x10")
        update = made(metadata_payload(Metadata({})), target_oid=0xE0F2)
        assert check_update(chip, update).stays == ("the current secp256r1 key will be lost",)

    def test_metadata_that_have_room_once_the_key_is_gone(self, chip: Chip) -> None:
        chip.generate_key("third")
        allow(chip, 0xE0F2, metadata_update=BY_ANCHOR, reset_type=b"\x10")
        five = b"\xfd".join([bytes.fromhex("9020")] * 5)
        before = chip.metadata(0xE0F2)
        assert len(before.with_tags({Tag.VERSION: b"\0\1", Tag.READ: five}).encode()) == MAX_SIZE + 3
        update = made(metadata_payload(Metadata({Tag.READ: five})), target_oid=0xE0F2)
        self.check(chip, update, ["the current secp256r1 key will be lost"])
        assert len(chip.metadata(0xE0F2).encode()) == MAX_SIZE

    def test_the_last_version(self, chip: Chip) -> None:
        allow(chip, TARGET, lcso=b"\x07")
        last = "its version becomes 32767, the last one: it can never be updated again"
        self.check(chip, made(b"x", 0x7FFF), [last])

    def check(self, chip: Chip, update: UpdateSet, stays: list[str]) -> None:
        plan = check_update(chip, update)
        assert list(plan.stays) == stays
        expected = metadata_after(plan.before, update)
        assert expected is not None
        send_update(chip, update)
        found = dict(chip.metadata(update.oid).items())
        assert {**dict(expected.items()), Tag.USED_SIZE: b""} == {**found, Tag.USED_SIZE: b""}
