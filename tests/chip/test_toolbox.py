"""The toolbox of a chip, against the cryptography library and the emulated chip."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from optiga.chip import Chip
from optiga.chip.commands.calc_hash import ObjectPart
from optiga.emulator import EmulatedChip
from optiga.emulator.factory import factory_objects
from optiga.emulator.models import TRUST_M_V3
from optiga.emulator.objects import StoredObject
from optiga.emulator.store import MemoryStore
from optiga.errors import ChipError, ConfigurationError, Reason
from optiga.pki.certificate import Certificate
from optiga.pki.pem import encode_pem
from optiga.protocol import der, tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage, SignatureScheme
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.prf import tls_prf
from optiga.protocol.public_key import PublicKey
from optiga.protocol.symmetric import SymmetricMode
from optiga.transport.emulated import EmulatedTransport
from tests.support.makers import make_certificate

SESSION, OTHER_SESSION = 0xE101, 0xE102
MESSAGE = bytes(range(256)) * 7


@pytest.fixture
def emulated() -> EmulatedChip:
    """A chip whose symmetric key may be changed."""
    held = factory_objects(TRUST_M_V3)
    key = held[0xE200]
    held[0xE200] = StoredObject(b"", key.metadata.with_tags({Tag.CHANGE: b"\x00"}))
    return EmulatedChip(MemoryStore(held))


@pytest.fixture
def chip(emulated: EmulatedChip) -> Iterator[Chip]:
    with Chip(EmulatedTransport(emulated)) as opened:
        yield opened


def spki(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


class TestHashes:
    def test_of_any_length(self, chip: Chip) -> None:
        for message in (b"", b"abc", MESSAGE):
            assert chip.crypto.sha256(message) == hashlib.sha256(message).digest()

    def test_of_objects(self, chip: Chip) -> None:
        chip.write(0xF1D0, b"on the chip")
        digest = chip.crypto.sha256(b"before ", ObjectPart(0xF1D0, 3, 3), b" behind")
        assert digest == hashlib.sha256(b"before the behind").digest()

    def test_two_at_a_time(self, chip: Chip) -> None:
        box = chip.crypto
        one, other = box.begin_hash(), box.begin_hash()
        one, other = box.continue_hash(one, b"a"), box.continue_hash(other, MESSAGE)
        one = box.continue_hash(one, b"bc")
        assert box.finish_hash(one) == hashlib.sha256(b"abc").digest()
        assert box.finish_hash(other) == hashlib.sha256(MESSAGE).digest()


class TestAes:
    @pytest.mark.parametrize("bits", [128, 192, 256])
    def test_there_and_back(self, chip: Chip, emulated: EmulatedChip, bits: int) -> None:
        chip.crypto.generate_aes_key(bits)
        iv = bytes(range(16))
        protected = chip.crypto.encrypt_aes(MESSAGE, SymmetricMode.CBC, iv)
        stored = emulated._table.get(0xE200)
        assert stored is not None
        assert len(stored.data) == bits // 8
        encryptor = Cipher(algorithms.AES(stored.data), modes.CBC(iv)).encryptor()
        assert protected == encryptor.update(MESSAGE) + encryptor.finalize()
        assert chip.crypto.decrypt_aes(protected, SymmetricMode.CBC, iv) == MESSAGE
        mac = CMAC(algorithms.AES(stored.data))
        mac.update(MESSAGE[:-1])
        assert chip.crypto.mac(MESSAGE[:-1]) == mac.finalize()

    def test_a_key_for_the_host(self, chip: Chip) -> None:
        drawn = {chip.crypto.draw_aes_key(256) for _ in range(2)}
        assert [len(key) for key in drawn] == [32, 32]

    def test_mistakes(self, chip: Chip) -> None:
        with pytest.raises(ConfigurationError, match="an AES key cannot have 512 bits"):
            chip.crypto.generate_aes_key(512)
        with pytest.raises(ConfigurationError, match="CMAC makes MACs"):
            chip.crypto.encrypt_aes(bytes(16), SymmetricMode.CMAC)
        with pytest.raises(ConfigurationError, match="multiple of the block size"):
            chip.crypto.encrypt_aes(b"short", SymmetricMode.ECB)
        for missing in (chip.crypto.encrypt_aes, chip.crypto.decrypt_aes):
            with pytest.raises(ConfigurationError, match="CBC needs an initialization vector of 16 bytes"):
                missing(bytes(16))
        with pytest.raises(ChipError, match="has no key"):
            chip.crypto.encrypt_aes(bytes(16), iv=bytes(16))


class TestSecrets:
    def test_agreement_derivation_and_hmac(self, chip: Chip) -> None:
        """A secret that neither side ever sends: agreed, derived from, used for a MAC."""
        peer = ec.generate_private_key(ec.SECP256R1())
        key = chip.generate_key("second", usage=KeyUsage.KEY_AGREEMENT)
        assert key.agree(spki(peer), session=SESSION) == b""
        ours = load_der_public_key(key.public_key_info)
        assert isinstance(ours, ec.EllipticCurvePublicKey)
        secret = peer.exchange(ec.ECDH(), ours)
        assert key.agree(spki(peer)) == secret
        derived = chip.crypto.hkdf(SESSION, 32, salt=b"salt", info=b"info")
        assert derived == HKDF(hashes.SHA256(), 32, b"salt", b"info").derive(secret)
        mac = chip.crypto.hmac(SESSION, MESSAGE, "sha384")
        assert mac == hmac.digest(secret, MESSAGE, "sha384")
        assert len(chip.crypto.tls_prf(SESSION, b"key expansion", bytes(64), 40, hash_name="sha512")) == 40

    def test_derivation_into_sessions(self, chip: Chip) -> None:
        """As in a TLS handshake: the master secret stays in the chip, the keys of the connection come out."""
        server = rsa.generate_private_key(65537, 2048)
        chip.crypto.draw_pre_master_secret(SESSION, size=30, prepended=b"\xfe\xfd")
        protected = chip.crypto.encrypt_rsa(SESSION, PublicKey.from_info(spki(server)))
        secret = server.decrypt(protected, padding.PKCS1v15())
        assert (secret[:2], len(secret)) == (b"\xfe\xfd", 32)
        assert chip.crypto.tls_prf(SESSION, b"master secret", bytes(64), 48, session=OTHER_SESSION) == b""
        master = tls_prf("sha256", secret, b"master secret" + bytes(64), 48)
        assert chip.crypto.hkdf(OTHER_SESSION, 32, session=SESSION) == b""
        derived = HKDF(hashes.SHA256(), 32, None, b"").derive(master)
        assert chip.crypto.hmac(SESSION, MESSAGE) == hmac.digest(derived, MESSAGE, "sha256")

    def test_rsa(self, chip: Chip) -> None:
        key = chip.generate_key("five", "rsa1024", KeyUsage.ENCRYPTION)
        protected = chip.crypto.encrypt_rsa(b"secret", PublicKey.from_info(key.public_key_info))
        assert key.decrypt(protected) == b"secret"
        ours = load_der_public_key(key.public_key_info)
        assert isinstance(ours, rsa.RSAPublicKey)
        assert key.decrypt(ours.encrypt(b"theirs", padding.PKCS1v15())) == b"theirs"

    def test_a_pre_master_secret_never_leaves(self, chip: Chip) -> None:
        server = rsa.generate_private_key(65537, 2048)
        chip.crypto.draw_pre_master_secret(SESSION)
        protected = chip.crypto.encrypt_rsa(SESSION, PublicKey.from_info(spki(server)))
        secret = server.decrypt(protected, padding.PKCS1v15())
        assert len(secret) == 48
        assert chip.crypto.hkdf(SESSION, 32) == HKDF(hashes.SHA256(), 32, None, b"").derive(secret)

    def test_whatever_form_a_public_key_has(self, chip: Chip) -> None:
        key, peer = chip.generate_key("second"), ec.generate_private_key(ec.SECP256R1())
        secret = peer.exchange(ec.ECDH(), load_der_public_key(key.public_key_info))  # type: ignore[arg-type]
        pem = encode_pem("PUBLIC KEY", spki(peer))
        certificate = Certificate.parse(make_certificate(public_key=peer.public_key()))
        digest = hashlib.sha256(MESSAGE).digest()
        signature = der.content_of(der.SEQUENCE, peer.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
        for form in (PublicKey.from_info(spki(peer)), spki(peer), pem, pem.encode(), certificate):
            assert key.agree(form) == secret
            chip.crypto.verify_digest(digest, signature, form, SignatureScheme.ECDSA)
        for other in (certificate.pem, certificate.der, b"nonsense"):
            with pytest.raises(ConfigurationError, match="SubjectPublicKeyInfo in DER or PEM"):
                key.agree(other)
            with pytest.raises(ConfigurationError, match="SubjectPublicKeyInfo in DER or PEM"):
                chip.crypto.encrypt_rsa(b"x", other)
        for wrong in (None, certificate.parsed):
            with pytest.raises(TypeError, match="a PublicKey, a Certificate, PEM or DER"):
                key.agree(wrong)  # type: ignore[arg-type]
            with pytest.raises(TypeError, match=r"a PublicKey, a Certificate, PEM or DER.*An object"):
                chip.crypto.encrypt_rsa(b"x", wrong)  # type: ignore[arg-type]

    @pytest.mark.parametrize("algorithm", ["secp256r1", "secp521r1", "rsa2048"])
    def test_what_a_key_signs_is_verified(self, chip: Chip, algorithm: str) -> None:
        """In the form that sign has, and for ECDSA in the chip's own; another's is still none."""
        key = chip.generate_key("fourth" if algorithm != "rsa2048" else "five", algorithm)
        digest = hashlib.new(key.default_hash, MESSAGE).digest()
        scheme, signature = key.algorithm.scheme(key.default_hash), key.sign_digest(digest)
        forms = [signature] if key.algorithm.is_rsa else [signature, der.content_of(der.SEQUENCE, signature)]
        for form in forms:
            for given in (key, key.public_key_info):
                chip.crypto.verify_digest(digest, form, given, scheme)
            with pytest.raises(ChipError) as caught:
                chip.crypto.verify_digest(bytes(len(digest)), form, key, scheme)
            assert caught.value.reason is Reason.BAD_SIGNATURE

    def test_keys_are_public_keys(self, chip: Chip) -> None:
        key, drawn = chip.generate_key("fourth"), chip.crypto.draw_key_pair("secp256r1")
        numbers = ec.derive_private_key(int.from_bytes(drawn.private_key, "big"), ec.SECP256R1())
        assert spki(numbers) == drawn.public_key_info
        assert key.agree(drawn) == numbers.exchange(ec.ECDH(), load_der_public_key(key.public_key_info))  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match="public key of 0xE0F3 is not known"):
            key.agree(chip.key("fourth"))

    def test_authorization(self, chip: Chip) -> None:
        chip.write_metadata(0xF1D0, Metadata({Tag.TYPE: b"\x31", Tag.EXECUTE: b"\x00"}))
        chip.write(0xF1D0, b"a secret of sixteen or more")
        chip.write(0xF1D1, b"for those who know")
        chip.write_metadata(0xF1D1, Metadata({Tag.READ: b"\x23\xf1\xd0"}))
        with pytest.raises(ChipError) as caught:
            chip.read(0xF1D1)
        assert caught.value.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED
        with pytest.raises(ChipError) as caught:
            chip.crypto.authorize(0xF1D0, b"a guess")
        assert caught.value.code == ErrorCode.AUTHORIZATION_FAILURE
        chip.crypto.authorize(0xF1D0, b"a secret of sixteen or more")
        assert chip.read(0xF1D1) == b"for those who know"
        chip.crypto.clear_authorization(0xF1D0)
        with pytest.raises(ChipError):
            chip.read(0xF1D1)
        challenge = b"who? " + chip.random(32, session=SESSION, prepended=b"who? ")
        mac = hmac.digest(b"a secret of sixteen or more", challenge + b"me", "sha512")
        chip.crypto.verify_hmac(0xF1D0, SESSION, challenge, mac, arbitrary=b"me", hash_name="sha512")
        assert chip.read(0xF1D1) == b"for those who know"

    def test_an_authorization_is_given_up_in_any_session(self, chip: Chip) -> None:
        chip.write_metadata(0xF1D0, Metadata({Tag.TYPE: b"\x31", Tag.EXECUTE: b"\x00"}))
        chip.write(0xF1D0, b"a secret of sixteen or more")
        chip.write_metadata(0xF1D1, Metadata({Tag.READ: b"\x23\xf1\xd0"}))
        chip.crypto.authorize(0xF1D0, b"a secret of sixteen or more")
        chip.random(32, session=OTHER_SESSION)
        chip.crypto.clear_authorization(0xF1D0, session=OTHER_SESSION)
        with pytest.raises(ChipError, match="0x07"):
            chip.read(0xF1D1)
        with pytest.raises(ChipError):
            chip.crypto.hkdf(OTHER_SESSION, 32)

    def test_only_an_authorization_is_given_up(self, chip: Chip) -> None:
        with pytest.raises(ChipError) as caught:
            chip.crypto.clear_authorization(0xBEEF)
        assert caught.value.code == ErrorCode.INVALID_OID
        for oid in (0xE0F1, 0xF1D1):
            with pytest.raises(ConfigurationError, match=f"0x{oid:X} is not an authorization reference"):
                chip.crypto.clear_authorization(oid)
        chip.close_application()
        with pytest.raises(ChipError):
            chip.crypto.clear_authorization(0xF1D0)

    def test_mistakes(self, chip: Chip) -> None:
        key = chip.generate_key("second")
        with pytest.raises(ConfigurationError, match="the peer's public key"):
            key.agree(b"nonsense")
        with pytest.raises(ConfigurationError, match="'md5' is not a digest that the chip supports"):
            chip.crypto.hkdf(SESSION, 32, hash_name="md5")


def test_counting(chip: Chip) -> None:
    chip.write(0xE120, bytes.fromhex("0000000000000005"))
    assert chip.objects.count(0xE120) == 1
    assert chip.objects.count(0xE120, 3) == 3
    assert chip.read(0xE120)[:4] == b"\0\0\0\x04"
    assert chip.objects.count(0xE120, 200) == 1
    with pytest.raises(ChipError, match=r"reached its threshold.* greater threshold"):
        chip.objects.count(0xE120)
    with pytest.raises(ConfigurationError, match="1 to 255"):
        chip.objects.count(0xE120, 0)


def test_counting_what_cannot_be_read(chip: Chip) -> None:
    """A counter whose reading counts another is not read; one that may not be read counts all the same."""
    chip.write(0xE120, bytes.fromhex("0000000000000005"))
    chip.write(0xF1D0, bytes.fromhex("0000000000000009"))
    chip.write_metadata(0xF1D0, Metadata({Tag.TYPE: b"\x01", Tag.EXECUTE: b"\x00", Tag.READ: b"\x40\xe1\x20"}))
    assert chip.objects.count(0xF1D0, 2) is None
    assert chip.read(0xE120)[:4] == bytes(4)
    assert chip.objects.count(0xF1D0) == 1
    assert chip.read(0xF1D0)[:4] == b"\0\0\0\x03"
    chip.write_metadata(0xF1D0, Metadata({Tag.READ: b"\xff"}))
    assert chip.objects.count(0xF1D0, 2) is None


def test_hibernation(emulated: EmulatedChip) -> None:
    """A session's secret survives the loss of power, and only once."""
    with Chip(EmulatedTransport(emulated)) as chip:
        chip.crypto.draw_pre_master_secret(SESSION)
        before = chip.crypto.hkdf(SESSION, 32)
        handle = chip.hibernate()
    chip = Chip(EmulatedTransport(emulated), handle=handle)
    assert chip.crypto.hkdf(SESSION, 32) == before
    with pytest.raises(ChipError, match="no context with this handle"):
        Chip(EmulatedTransport(emulated), handle=handle)


class TestRunningHash:
    def test_it_tells_its_digest_and_goes_on(self, chip: Chip) -> None:
        chip.write(0xF1D0, b"on the chip")
        with chip.crypto.run_hash() as running:
            assert running.digest() == hashlib.sha256(b"").digest()
            running.update(MESSAGE)
            assert running.digest() == hashlib.sha256(MESSAGE).digest()
            running.update(ObjectPart(0xF1D0, 3, 8))
            assert running.digest() == hashlib.sha256(MESSAGE + b"the chip").digest()

    def test_the_chip_drops_it_in_the_end(self, chip: Chip) -> None:
        with chip.crypto.run_hash() as running:
            running.update(b"abc")
        with pytest.raises(ChipError) as refusal:
            running.digest()
        assert refusal.value.code == ErrorCode.COMMAND_OUT_OF_SEQUENCE

    def test_another_hash_ends_it(self, chip: Chip) -> None:
        """Its own end then fails, which says nothing beside the error before."""

        def hash_two() -> None:
            with chip.crypto.run_hash() as running:
                running.update(b"abc")
                chip.crypto.sha256(MESSAGE)
                running.update(b"def")

        with pytest.raises(ChipError) as refusal:
            hash_two()
        assert refusal.value.code == ErrorCode.COMMAND_OUT_OF_SEQUENCE
        assert refusal.value.__context__ is None


class TestDrawnKeyPairs:
    def test_a_pair_whose_halves_do_not_belong_together(self) -> None:
        from optiga.identity.drawn_keys import draw_key
        from tests.support.scripted import ScriptedTransport, answer

        with Chip(EmulatedTransport(EmulatedChip())) as chip:
            one, other = (chip.crypto.draw_key_pair(KeyAlgorithm.SECP256R1) for _ in range(2))
        mixed = tlv.encode(1, der.encode(der.OCTET_STRING, one.private_key)) + tlv.encode(2, other.public_key)
        with (
            Chip(ScriptedTransport(answer(mixed))) as chip,
            pytest.raises(ChipError, match="the public key does not belong to the private key"),
        ):
            draw_key(chip, KeyAlgorithm.SECP256R1)

    @pytest.mark.parametrize("data", ["", "0100020403020100", "010003040102", "02020301" + "010404020102"])
    def test_an_answer_that_is_none(self, data: str) -> None:
        from tests.support.scripted import ScriptedTransport, answer

        with (
            Chip(ScriptedTransport(answer(data))) as chip,
            pytest.raises(ChipError, match="does not follow the manual"),
        ):
            chip.crypto.draw_key_pair(KeyAlgorithm.SECP256R1)
