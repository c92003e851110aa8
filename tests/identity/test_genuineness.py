"""Proof that a chip is genuine: its own identity, and that it has the certificate's key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

import optiga.emulator
from optiga.chip import Chip
from optiga.chip.sessions.objects import Objects
from optiga.emulator.identity import root_key
from optiga.errors import CertificateError, ConfigurationError
from optiga.identity.attestation import load_trust, prove_genuine, prove_unchanged
from optiga.objects.stored import decode_stored
from optiga.protocol import tls_identity
from optiga.protocol.codes import CommandCode, KeyUsage
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import SLOTS, Reference
from tests.support.identity.authorities import SECOND, Authority, Chain, constraints, write_trust
from tests.support.identity.csr_helpers import NOW, CountingTransport

EMULATOR_ROOT = Path(optiga.emulator.__file__).with_name("root.pem")


@pytest.fixture
def chain(tmp_path: Path) -> Chain:
    return Chain(tmp_path)


@pytest.fixture
def chip(chain: Chain) -> Chip:
    return chain.chip


class TestEmulatedChip:
    def test_its_published_root(self, chip: Chip) -> None:
        genuine = prove_genuine(chip, load_trust(EMULATOR_ROOT))
        assert genuine.key_oid == 0xE0F0
        assert chip.uid.hex[22:42] in genuine.certificate.subject
        assert genuine.root.endswith("CN=OPTIGA emulator root CA")
        assert r"OU=EMULATED\, NOT A REAL DEVICE" in genuine.root
        assert genuine.is_emulated
        assert len(genuine.chain) == 2

    def test_another_root(self, chip: Chip, tmp_path: Path) -> None:
        with pytest.raises(CertificateError) as caught:
            prove_genuine(chip, load_trust(write_trust(tmp_path, Authority())), now=NOW)
        assert (caught.value.port, caught.value.oid) == ("board 1", 0xE0E0)
        assert "CN=OPTIGA emulator root CA is not in" in caught.value.message
        assert "Infineon publishes the certificates of its CAs" in caught.value.hint

    def test_a_root_of_the_same_name(self, chip: Chip, tmp_path: Path) -> None:
        real = x509.load_pem_x509_certificate(EMULATOR_ROOT.read_bytes())
        forged = Authority()
        forged.name = real.subject
        builder = x509.CertificateBuilder(
            issuer_name=real.subject,
            subject_name=real.subject,
            public_key=forged.key.public_key(),
            serial_number=1,
            not_valid_before=real.not_valid_before_utc.replace(tzinfo=None),
            not_valid_after=real.not_valid_after_utc.replace(tzinfo=None),
        ).add_extension(constraints(), critical=True)
        der = builder.sign(forged.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        with pytest.raises(CertificateError, match="another CA of the same name"):
            prove_genuine(chip, load_trust(write_trust(tmp_path, der)))

    def test_a_fresh_challenge_each_time(self) -> None:
        transport = CountingTransport()
        chip, trust = Chip(transport), load_trust(EMULATOR_ROOT)
        for _ in range(2):
            prove_genuine(chip, trust)
        signed = [command for command in transport.sent if command[0] & 0x7F == CommandCode.CALC_SIGN]
        assert len(set(signed)) == 2

    def test_the_key_is_asked_only_for_a_chain_that_holds(self, tmp_path: Path) -> None:
        transport = CountingTransport()
        with pytest.raises(CertificateError):
            prove_genuine(Chip(transport), load_trust(write_trust(tmp_path, Authority())))
        assert transport.count(CommandCode.CALC_SIGN) == 0


class TestKey:
    def test_another_key(self, chip: Chip, chain: Chain) -> None:
        chip.generate_key("second")
        root = Authority()
        leaf = root.certify(ec.generate_private_key(ec.SECP256R1()).public_key())
        with pytest.raises(CertificateError, match="does not belong to the key in 0xE0F1") as caught:
            chain.prove([leaf], root)
        assert (caught.value.port, caught.value.oid) == ("board 1", 0xE0F1)
        assert caught.value.hint == "This is not the chip that was certified: the certificate was copied"

    def test_the_certificate_of_another_chip(self, chip: Chip) -> None:
        """A copy of a genuine chip's certificate proves nothing."""
        other = Chip(CountingTransport())
        chip.generate_key("second")
        chip.write(0xE0E1, other.read(0xE0E0))
        with pytest.raises(CertificateError, match="does not belong to the key in 0xE0F1"):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    def test_no_key(self, chain: Chain) -> None:
        root = Authority()
        leaf = root.certify(ec.generate_private_key(ec.SECP256R1()).public_key())
        with pytest.raises(CertificateError, match="there is no key in 0xE0F1 yet"):
            chain.prove([leaf], root)

    def test_a_key_that_may_not_sign(self, chip: Chip, chain: Chain) -> None:
        root = Authority()
        key = chip.generate_key("second", usage=KeyUsage.KEY_AGREEMENT)
        leaf = root.certify(serialization.load_der_public_key(key.public_key_info))
        with pytest.raises(CertificateError, match="may not sign, so it cannot prove") as caught:
            chain.prove([leaf], root)
        assert caught.value.hint == ""


class TestObject:
    def test_nothing_in_it(self, chip: Chip) -> None:
        with pytest.raises(CertificateError, match="board 1: 0xE0E1 holds no certificate, so its origin"):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    @pytest.mark.parametrize("data", [b"hello", b"\xc0\x00\x03\x00\x00\x00", tls_identity.encode([b"\x30\x00"])])
    def test_something_else(self, chip: Chip, data: bytes) -> None:
        chip.write(0xE0E1, data)
        with pytest.raises(CertificateError, match="0xE0E1 holds no readable certificate: "):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    def test_a_slot_without_one(self, chip: Chip) -> None:
        with pytest.raises(ConfigurationError, match="slot five has no object for a certificate"):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SLOTS[4])

    def test_an_object_that_must_not_be_read(self, chip: Chip) -> None:
        chip.write_metadata(0xE0E1, Metadata({Tag.READ: b"\xff"}))
        with pytest.raises(optiga.ChipError):
            prove_genuine(chip, load_trust(EMULATOR_ROOT), SECOND)

    @pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
    @given(position=st.integers(0, 1000), change=st.integers(1, 255))
    def test_any_damage(self, position: int, change: int) -> None:
        """A byte that is another is a refusal, whichever it is.

        But for the count of unused bits in front of the signature: it is not signed, and may be 1 before a zero.
        """

        class Damaged(Objects):
            def read(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes:
                data = bytearray(super().read(oid, offset, length))
                data[position % len(data)] ^= change
                return bytes(data)

        class DamagedChip(Chip):
            objects = property(Damaged)

        chip = DamagedChip(CountingTransport())
        (whole,) = decode_stored(Objects(chip).read(0xE0E0))
        message = ""
        try:
            proven = prove_genuine(chip, load_trust(EMULATOR_ROOT))
        except CertificateError as error:
            message = str(error)
        assert "\n" not in message
        if not message:
            assert proven.certificate.parsed.tbs_certificate_bytes == whole.parsed.tbs_certificate_bytes
            assert proven.certificate.parsed.signature == whole.parsed.signature


class TestBound:
    """One proof binds chip, UID and certificate."""

    def test_what_it_holds(self, chip: Chip) -> None:
        genuine = prove_genuine(chip, load_trust(EMULATOR_ROOT))
        assert genuine.uid == chip.uid.hex
        assert genuine.stored == tuple(decode_stored(chip.read(0xE0E0)))
        assert (genuine.oid, genuine.key_oid) == (0xE0E0, 0xE0F0)
        assert genuine.is_emulated
        prove_unchanged(chip, genuine)

    def test_own_roots_are_not_the_emulators(self, chip: Chip, chain: Chain) -> None:
        key = chip.generate_key("second")
        root = Authority()
        leaf = root.certify(serialization.load_der_public_key(key.public_key_info))
        assert not chain.prove([leaf], root).is_emulated

    def test_another_uid_behind_the_challenge(self) -> None:
        class Changing(Objects):
            reads = 0

            def read(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes:
                data = super().read(oid, offset, length)
                if oid != 0xE0C2:
                    return data
                Changing.reads += 1
                return data if Changing.reads == 1 else data[:-1] + bytes([data[-1] ^ 1])

        class Swapped(Chip):
            objects = property(Changing)

        with pytest.raises(CertificateError, match="UID has changed"):
            prove_genuine(Swapped(CountingTransport()), load_trust(EMULATOR_ROOT))

    @pytest.mark.parametrize("replays", [(), (0xE0C2,), (0xE0C2, 0xE0E0)])
    def test_another_chip(self, chip: Chip, replays: tuple[int, ...]) -> None:
        """Also one that repeats what the first has said; it has not its key."""
        genuine = prove_genuine(chip, load_trust(EMULATOR_ROOT))

        class Replayed(Objects):
            def read(self, oid: Reference, offset: int = 0, length: int | None = None) -> bytes:
                return chip.read(oid, offset, length) if oid in replays else super().read(oid, offset, length)

        class Other(Chip):
            objects = property(Replayed)

        with pytest.raises(CertificateError, match="not the chip that proved"):
            prove_unchanged(Other(CountingTransport(), port="board 1"), genuine)


class TestEmulatorsRoot:
    """Its key is public: where no emulated chip was asked for, nothing leads to it."""

    def test_its_chips(self, chip: Chip) -> None:
        with pytest.raises(CertificateError, match="this chip is emulated") as caught:
            prove_genuine(chip, replace(load_trust(EMULATOR_ROOT), emulated=False))
        assert (caught.value.port, caught.value.oid) == ("board 1", 0xE0E0)

    def test_under_another_name(self, chip: Chip, chain: Chain, tmp_path: Path) -> None:
        """A root with its key and a name of somebody's choice, which has certified a key of his."""
        key = chip.generate_key("second")
        root = Authority("Infineon OPTIGA(TM) Root CA", key=root_key())
        leaf = root.certify(serialization.load_der_public_key(key.public_key_info))
        chip.write(0xE0E1, tls_identity.encode([leaf]))
        trust = load_trust(write_trust(tmp_path, root))
        assert prove_genuine(chip, trust, SECOND, now=NOW).is_emulated
        with pytest.raises(CertificateError, match="this chip is emulated"):
            prove_genuine(chip, replace(trust, emulated=False), SECOND, now=NOW)

    def test_other_chips_do_not_mind(self, chip: Chip, chain: Chain, tmp_path: Path) -> None:
        key = chip.generate_key("second")
        root = Authority()
        leaf = root.certify(serialization.load_der_public_key(key.public_key_info))
        chip.write(0xE0E1, tls_identity.encode([leaf]))
        trust = replace(load_trust(write_trust(tmp_path, root)), emulated=False)
        assert prove_genuine(chip, trust, SECOND, now=NOW).chain[0].der == leaf
