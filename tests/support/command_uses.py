"""Every command of the manual, with each value of its Param field and each form of its data, used from the host.

What the chip makes of it is checked with the cryptography library or the standard one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, NamedTuple

from cryptography.hazmat.primitives import cmac, hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from optiga.chip import Chip
from optiga.chip.commands.calc_hash import CalcHash, ObjectPart
from optiga.chip.commands.decrypt_sym import decrypt_in_parts
from optiga.chip.commands.encrypt_sym import encrypt_in_parts
from optiga.chip.commands.gen_key_pair import GenKeyPair
from optiga.emulator import EmulatedChip
from optiga.emulator.factory import factory_objects
from optiga.emulator.models import TRUST_M_V3
from optiga.emulator.objects import StoredObject
from optiga.emulator.store import MemoryStore
from optiga.protocol import apdu, der, tlv
from optiga.protocol.algorithms import IDENTIFIERS, KeyAlgorithm
from optiga.protocol.codes import APPLICATION_ID, CommandCode, KeyUsage, SignatureScheme
from optiga.protocol.commands.calc_hash import HASH_SHA256, HashStep
from optiga.protocol.commands.derive_key import KeyDerivation
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.public_key import PublicKey
from optiga.protocol.request import Request
from optiga.protocol.symmetric import SymmetricMode
from optiga.transport.emulated import EmulatedTransport
from tests.support.emulator import updating
from tests.support.emulator.certificates import certify

SMALL, LARGE, COUNTER, CERTIFICATE = 0xF1D0, 0xF1E0, 0xE120, 0xE0E8
SHARED, AUTHORIZATION = 0xF1D2, 0xF1D3
SESSION, OTHER_SESSION = 0xE100, 0xE101
AES_KEY = bytes(range(16))
SECRET = bytes(range(48))
SHORT, LONG = bytes(range(32)), bytes(range(256)) * 8
"""Messages for one command, and for a chain of at least three."""
DIGEST = hashlib.sha256(SHORT).digest()
ALL_USAGES = KeyUsage.AUTHENTICATION | KeyUsage.ENCRYPTION | KeyUsage.SIGNATURE | KeyUsage.KEY_AGREEMENT


class Hearing(EmulatedTransport):
    """A transport that keeps all that it carries."""

    def __init__(self, chip: EmulatedChip, execute: Callable[[bytes], bytes], heard: list[Request]) -> None:
        super().__init__(chip, execute)
        self._heard = heard

    def exchange(self, request: Request) -> bytes:
        self._heard.append(request)
        return super().exchange(request)


class Bench:
    """An emulated chip with an AES key and shared secrets that are known, and a host that it is connected to.

    :param sent: every command APDU that has succeeded, in its order.
    :param requests: all that the host has sent.
    """

    def __init__(self) -> None:
        held = factory_objects(TRUST_M_V3)
        tags = {Tag.ALGORITHM: b"\x81", Tag.KEY_USAGE: b"\x02", Tag.CHANGE: b"\x00"}
        held[0xE200] = StoredObject(AES_KEY, held[0xE200].metadata.with_tags(tags))
        self.emulated = EmulatedChip(MemoryStore(held))
        self.sent: list[bytes] = []
        self.requests: list[Request] = []
        self.open()
        self.write(SHARED, SECRET, b"\x21")
        self.write(AUTHORIZATION, SECRET, b"\x31")
        self.sent.clear()

    def open(self, handle: bytes = b"") -> Chip:
        self.chip = Chip(Hearing(self.emulated, self._execute, self.requests), handle=handle)
        return self.chip

    def _execute(self, command: bytes) -> bytes:
        answer = self.emulated.execute(command)
        if answer[0] == 0:
            self.sent.append(command)
        return answer

    def write(self, oid: int, data: bytes, kind: bytes) -> None:
        self.chip.write(oid, data)
        self.chip.write_metadata(oid, Metadata({Tag.TYPE: kind, Tag.EXECUTE: b"\x00"}))

    def agree(self, session: int) -> bytes:
        """Have a session hold a shared secret, which is given."""
        peer = ec.generate_private_key(ec.SECP256R1())
        key = self.chip.generate_key("second", usage=KeyUsage.KEY_AGREEMENT)
        key.agree(spki(peer), session=session)
        return peer.exchange(ec.ECDH(), ec_key(key.public_key_info))


def spki(key: Any) -> bytes:
    encoded: bytes = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return encoded


def ec_key(info: bytes) -> ec.EllipticCurvePublicKey:
    key = serialization.load_der_public_key(info)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def rsa_key(info: bytes) -> rsa.RSAPublicKey:
    key = serialization.load_der_public_key(info)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


# The application, and its objects


def open_application(bench: Bench, _: int) -> None:
    bench.chip.random(32, session=SESSION)
    assert bench.open().read(SMALL) == bytes(100)


def restore_application(bench: Bench, _: int) -> None:
    bench.chip.crypto.draw_pre_master_secret(SESSION)
    before = bench.chip.crypto.hkdf(SESSION, 32)
    assert bench.open(bench.chip.hibernate()).crypto.hkdf(SESSION, 32) == before


def close_application(bench: Bench, _: int) -> None:
    bench.chip.close_application()
    assert bench.emulated.execute(bytes.fromhex("01010002f1d0")) == bytes.fromhex("ff000000")


def hibernate(bench: Bench, _: int) -> None:
    assert len(bench.chip.hibernate()) == 8


def read(bench: Bench, _: int) -> None:
    bench.chip.write(LARGE, LONG[:1500])
    assert bench.chip.read(LARGE) == LONG[:1500]
    assert bench.chip.read(LARGE, 700, 20) == LONG[700:720]


def metadata(bench: Bench, _: int) -> None:
    assert bench.chip.metadata(SMALL).max_size == 140


def write(bench: Bench, _: int) -> None:
    bench.chip.write(SMALL, b"0123456789")
    bench.chip.write(SMALL, b"ab", offset=4, erase=False)
    assert bench.chip.read(SMALL) == b"0123ab6789"


def erase_and_write(bench: Bench, _: int) -> None:
    bench.chip.write(SMALL, b"0123456789")
    bench.chip.write(SMALL, b"ab")
    assert bench.chip.read(SMALL) == b"ab"


def write_metadata(bench: Bench, _: int) -> None:
    bench.chip.write_metadata(SMALL, Metadata({Tag.READ: b"\xff"}))
    assert bench.chip.metadata(SMALL).get(Tag.READ) == b"\xff"


def count(bench: Bench, _: int) -> None:
    bench.chip.write(COUNTER, (7).to_bytes(4, "big") + (100).to_bytes(4, "big"))
    bench.chip.objects.count(COUNTER, 5)
    assert bench.chip.read(COUNTER)[:4] == (12).to_bytes(4, "big")


def protected_update(bench: Bench, _: int) -> None:
    """An update in three fragments; tests/emulator has Infineon's published ones."""
    data = LONG[:1500]
    bench.write(updating.ANCHOR_OID, updating.certificate_of(updating.signer()), b"\x11")
    bench.chip.write_metadata(updating.TARGET, Metadata({Tag.CHANGE: updating.BY_ANCHOR}))
    update = updating.made(data)
    bench.chip.updates.apply(updating.TARGET, update.manifest, update.fragments)
    assert bench.chip.read(updating.TARGET) == data


# Random numbers


def random(bench: Bench, param: int) -> None:
    drawn = {bench.chip.random(32, deterministic=param == 1) for _ in range(4)}
    assert len(drawn) == 4


def random_in_session(bench: Bench, param: int) -> None:
    """What the session holds is what an authorization is then made of."""
    drawn = b"who? " + bench.chip.random(32, deterministic=param == 1, session=SESSION, prepended=b"who? ")
    bench.chip.crypto.verify_hmac(AUTHORIZATION, SESSION, drawn, hmac.digest(SECRET, drawn, "sha256"))


def pre_master_secret(bench: Bench, _: int) -> None:
    bench.chip.crypto.draw_pre_master_secret(SESSION)
    server = rsa.generate_private_key(65537, 2048)
    secret = server.decrypt(
        bench.chip.crypto.encrypt_rsa(SESSION, PublicKey.from_info(spki(server))), padding.PKCS1v15()
    )
    assert (len(secret), secret[:2]) == (48, b"\x03\x03")


# AES and HMAC


def _aes(mode: int, iv: bytes = bytes(16)) -> Cipher[Any]:
    return Cipher(algorithms.AES(AES_KEY), modes.ECB() if mode == SymmetricMode.ECB else modes.CBC(iv))


def _encrypted(mode: int, message: bytes, iv: bytes = bytes(16)) -> bytes:
    encryptor = _aes(mode, iv).encryptor()
    return encryptor.update(message) + encryptor.finalize()


def encrypt(bench: Bench, param: int) -> None:
    for message in (SHORT, LONG):
        assert bench.chip.crypto.encrypt_aes(message, SymmetricMode(param)) == _encrypted(param, message)


def encrypt_without_iv(bench: Bench, _: int) -> None:
    """Only by the command: for the chip, a vector that is missing is zeros."""
    for message in (SHORT, LONG):
        parts = encrypt_in_parts(0xE200, SymmetricMode.CBC, message)
        assert b"".join(map(bench.chip.perform, parts)) == _encrypted(SymmetricMode.CBC, message)


def decrypt_without_iv(bench: Bench, _: int) -> None:
    for message in (SHORT, LONG):
        parts = decrypt_in_parts(0xE200, SymmetricMode.CBC, _encrypted(SymmetricMode.CBC, message))
        assert b"".join(map(bench.chip.perform, parts)) == message


def encrypt_with_iv(bench: Bench, param: int) -> None:
    for message in (SHORT, LONG):
        protected = bench.chip.crypto.encrypt_aes(message, SymmetricMode(param), AES_KEY)
        assert protected == _encrypted(param, message, AES_KEY)


def decrypt(bench: Bench, param: int) -> None:
    for message in (SHORT, LONG):
        assert bench.chip.crypto.decrypt_aes(_encrypted(param, message), SymmetricMode(param)) == message


def decrypt_with_iv(bench: Bench, param: int) -> None:
    for message in (SHORT, LONG):
        protected = _encrypted(param, message, AES_KEY)
        assert bench.chip.crypto.decrypt_aes(protected, SymmetricMode(param), AES_KEY) == message


def mac(bench: Bench, param: int) -> None:
    for message in (SHORT, LONG):
        if param == SymmetricMode.CMAC:
            running = cmac.CMAC(algorithms.AES(AES_KEY))
            running.update(message)
            expected = running.finalize()
        else:
            expected = _encrypted(SymmetricMode.CBC, message)[-16:]
        assert bench.chip.crypto.mac(message, SymmetricMode(param)) == expected


def hmac_of(bench: Bench, param: int) -> None:
    name = SymmetricMode(param).name.removeprefix("HMAC_").lower()
    agreed = bench.agree(SESSION)
    for message in (SHORT, LONG):
        assert bench.chip.crypto.hmac(SHARED, message, name) == hmac.digest(SECRET, message, name)
        assert bench.chip.crypto.hmac(SESSION, message, name) == hmac.digest(agreed, message, name)


def authorize(bench: Bench, param: int) -> None:
    bench.chip.write(SMALL, b"for those who know")
    bench.chip.write_metadata(SMALL, Metadata({Tag.READ: b"\x23" + AUTHORIZATION.to_bytes(2, "big")}))
    name = SymmetricMode(param).name.removeprefix("HMAC_").lower()
    bench.chip.crypto.authorize(AUTHORIZATION, SECRET, hash_name=name)
    assert bench.chip.read(SMALL) == b"for those who know"


# RSA


def encrypt_rsa(bench: Bench, _: int) -> None:
    for bits in (1024, 2048):
        peer = rsa.generate_private_key(65537, bits)
        protected = bench.chip.crypto.encrypt_rsa(SHORT, PublicKey.from_info(spki(peer)))
        assert peer.decrypt(protected, padding.PKCS1v15()) == SHORT


def encrypt_rsa_for_certificate(bench: Bench, _: int) -> None:
    peer = rsa.generate_private_key(65537, 2048)
    bench.write(CERTIFICATE, certify(peer, usages={"key_encipherment"}), b"\x11")
    assert peer.decrypt(bench.chip.crypto.encrypt_rsa(SHORT, CERTIFICATE), padding.PKCS1v15()) == SHORT


def encrypt_rsa_session_for_certificate(bench: Bench, _: int) -> None:
    peer = rsa.generate_private_key(65537, 2048)
    bench.write(CERTIFICATE, certify(peer, usages={"key_encipherment"}), b"\x11")
    bench.chip.crypto.draw_pre_master_secret(SESSION)
    assert len(peer.decrypt(bench.chip.crypto.encrypt_rsa(SESSION, CERTIFICATE), padding.PKCS1v15())) == 48


def decrypt_rsa(bench: Bench, _: int) -> None:
    for slot, algorithm in (("five", "rsa1024"), ("six", "rsa2048")):
        key = bench.chip.generate_key(slot, algorithm, KeyUsage.ENCRYPTION)
        protected = rsa_key(key.public_key_info).encrypt(SHORT, padding.PKCS1v15())
        assert key.decrypt(protected) == SHORT


def decrypt_rsa_into_session(bench: Bench, _: int) -> None:
    key = bench.chip.generate_key("five", "rsa1024", KeyUsage.ENCRYPTION)
    protected = rsa_key(key.public_key_info).encrypt(SECRET, padding.PKCS1v15())
    assert key.decrypt(protected, session=SESSION) == b""
    assert bench.chip.crypto.hkdf(SESSION, 32) == HKDF(hashes.SHA256(), 32, None, b"").derive(SECRET)


# Hashes


def sha256(bench: Bench, _: int) -> None:
    assert bench.chip.crypto.sha256(SHORT) == hashlib.sha256(SHORT).digest()
    assert bench.chip.crypto.sha256(LONG * 3) == hashlib.sha256(LONG * 3).digest()


def sha256_of_objects(bench: Bench, _: int) -> None:
    bench.chip.write(LARGE, LONG[:1500])
    whole, part = ObjectPart(LARGE, 0, 1500), ObjectPart(LARGE, 10, 20)
    expected = hashlib.sha256(LONG[:1500] + LONG[10:30] + LONG[:1500]).digest()
    assert bench.chip.crypto.sha256(part) == hashlib.sha256(LONG[10:30]).digest()
    assert bench.chip.crypto.sha256(whole, part, whole) == expected


def run_hash(bench: Bench, _: int) -> None:
    bench.chip.write(SMALL, b"on the chip")
    with bench.chip.crypto.run_hash() as running:
        running.update(SHORT)
        running.update(ObjectPart(SMALL, 0, 11))
        assert running.digest() == hashlib.sha256(SHORT + b"on the chip").digest()


def hash_with_contexts(bench: Bench, _: int) -> None:
    box = bench.chip.crypto
    bench.chip.write(SMALL, b"on the chip")
    one, other = box.begin_hash(), box.begin_hash()
    one = box.continue_hash(one, SHORT)
    other = box.continue_hash(other, ObjectPart(SMALL, 0, 11))
    assert box.finish_hash(one) == hashlib.sha256(SHORT).digest()
    assert box.finish_hash(other) == hashlib.sha256(b"on the chip").digest()


def hash_step_by_step(bench: Bench, _: int) -> None:
    """The steps that no method of the toolbox needs."""
    bench.chip.write(SMALL, b"on the chip")
    part = ObjectPart(SMALL, 0, 11)
    context = bench.chip.perform(CalcHash(part, HashStep.START, export=True))
    twice, thrice = (hashlib.sha256(b"on the chip" * times).digest() for times in (2, 3))
    assert bench.chip.perform(CalcHash(part, HashStep.FINAL_AND_KEEP, context)) == twice
    assert bench.chip.perform(CalcHash(part, HashStep.FINAL)) == thrice
    assert bench.chip.perform(CalcHash(part, HashStep.FINAL, context)) == twice
    assert bench.chip.perform(CalcHash(SHORT, HashStep.FINAL_AND_KEEP, context))
    assert bench.chip.perform(CalcHash(SHORT, HashStep.CONTINUE, context)) == b""


# Signatures


def sign(bench: Bench, param: int) -> None:
    if param == SignatureScheme.ECDSA:
        for slot, algorithm in (("second", KeyAlgorithm.SECP256R1), (SESSION, KeyAlgorithm.SECP384R1)):
            key = bench.chip.generate_key(slot, algorithm, KeyUsage.SIGNATURE)
            ec_key(key.public_key_info).verify(key.sign(SHORT, "sha256"), SHORT, ec.ECDSA(hashes.SHA256()))
        return
    name = SignatureScheme(param).name.rpartition("_")[2]
    key = bench.chip.generate_key("six", "rsa2048", KeyUsage.SIGNATURE)
    signature = key.sign(SHORT, name.lower())
    rsa_key(key.public_key_info).verify(signature, SHORT, padding.PKCS1v15(), getattr(hashes, name)())


def _signed(param: int) -> tuple[Any, bytes, bytes]:
    """A key of the host, a digest, and its signature as the chip takes it."""
    if param == SignatureScheme.ECDSA:
        key = ec.generate_private_key(ec.SECP256R1())
        return key, DIGEST, der.content_of(der.SEQUENCE, key.sign(DIGEST, ec.ECDSA(Prehashed(hashes.SHA256()))))
    name = SignatureScheme(param).name.rpartition("_")[2]
    digest = hashlib.new(name, SHORT).digest()
    private = rsa.generate_private_key(65537, 2048)
    return private, digest, private.sign(digest, padding.PKCS1v15(), Prehashed(getattr(hashes, name)()))


def verify(bench: Bench, param: int) -> None:
    key, digest, signature = _signed(param)
    bench.chip.crypto.verify_digest(digest, signature, PublicKey.from_info(spki(key)), SignatureScheme(param))


def verify_with_certificate(bench: Bench, param: int) -> None:
    key, digest, signature = _signed(param)
    bench.write(CERTIFICATE, certify(key, usages={"digital_signature"}), b"\x11")
    bench.chip.crypto.verify_digest(digest, signature, CERTIFICATE, SignatureScheme(param))


# Keys


def generate_key(bench: Bench, param: int) -> None:
    algorithm = KeyAlgorithm(param)
    key = bench.chip.generate_key("six" if algorithm.is_rsa else "fourth", algorithm, ALL_USAGES)
    load = rsa_key if algorithm.is_rsa else ec_key
    assert load(key.public_key_info)
    assert bench.chip.metadata(key.oid).algorithm is algorithm


def generate_key_in_session(bench: Bench, param: int) -> None:
    public = bench.chip.perform(GenKeyPair(SESSION, KeyAlgorithm(param), ALL_USAGES))
    serialization.load_der_public_key(der.encode(der.SEQUENCE, IDENTIFIERS[KeyAlgorithm(param)] + public))


def draw_key_pair(bench: Bench, param: int) -> None:
    pair = bench.chip.crypto.draw_key_pair(KeyAlgorithm(param))
    info = der.encode(der.SEQUENCE, IDENTIFIERS[KeyAlgorithm(param)] + pair.public_key)
    number = int.from_bytes(pair.private_key, "big")
    if KeyAlgorithm(param).is_rsa:
        numbers = rsa_key(info).public_numbers()
        assert pow(pow(2, numbers.e, numbers.n), number, numbers.n) == 2
    else:
        assert ec.derive_private_key(number, ec_key(info).curve).public_key() == ec_key(info)


def generate_aes_key(bench: Bench, param: int) -> None:
    before = bench.chip.crypto.mac(SHORT)
    bench.chip.crypto.generate_aes_key(int(KeyAlgorithm(param).title[3:]))
    assert bench.chip.metadata(0xE200).algorithm is KeyAlgorithm(param)
    assert bench.chip.crypto.mac(SHORT) != before


def draw_aes_key(bench: Bench, param: int) -> None:
    bits = int(KeyAlgorithm(param).title[3:])
    assert len({bench.chip.crypto.draw_aes_key(bits) for _ in range(3)}) == 3
    assert len(bench.chip.crypto.draw_aes_key(bits)) == bits // 8


# Secrets


def agree(bench: Bench, _: int) -> None:
    for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP512R1()):
        peer = ec.generate_private_key(curve)
        key = bench.chip.generate_key("second", curve.name.lower(), KeyUsage.KEY_AGREEMENT)
        assert key.agree(spki(peer)) == peer.exchange(ec.ECDH(), ec_key(key.public_key_info))


def agree_into_session(bench: Bench, _: int) -> None:
    secret = bench.agree(SESSION)
    assert bench.chip.crypto.hkdf(SESSION, 32) == HKDF(hashes.SHA256(), 32, None, b"").derive(secret)


def _derived(method: KeyDerivation, secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    name = method.name.rpartition("_")[2]
    if method.name.startswith("HKDF"):
        return HKDF(getattr(hashes, name)(), size, salt or None, info).derive(secret)
    derived, block = b"", salt
    while len(derived) < size:
        block = hmac.digest(secret, block, name)
        derived += hmac.digest(secret, block + salt, name)
    return derived[:size]


def derive(bench: Bench, param: int) -> None:
    method = KeyDerivation(param)
    agreed = bench.agree(SESSION)
    for oid, secret in ((SHARED, SECRET), (SESSION, agreed)):
        derived = bench.chip.crypto.derive(oid, method, 40, salt=SHORT)
        assert derived == _derived(method, secret, SHORT, b"", 40)


def derive_with_info(bench: Bench, param: int) -> None:
    method = KeyDerivation(param)
    derived = bench.chip.crypto.derive(SHARED, method, 40, salt=SHORT, info=b"info")
    assert derived == _derived(method, SECRET, SHORT, b"info", 40)


def derive_into_session(bench: Bench, param: int) -> None:
    method = KeyDerivation(param)
    assert bench.chip.crypto.derive(SHARED, method, 48, salt=SHORT, session=OTHER_SESSION) == b""
    derived = _derived(method, SECRET, SHORT, b"", 48)
    assert bench.chip.crypto.hmac(OTHER_SESSION, SHORT) == hmac.digest(derived, SHORT, "sha256")


def derive_into_session_with_info(bench: Bench, param: int) -> None:
    method = KeyDerivation(param)
    bench.chip.crypto.derive(SHARED, method, 48, salt=SHORT, info=b"info", session=OTHER_SESSION)
    derived = _derived(method, SECRET, SHORT, b"info", 48)
    assert bench.chip.crypto.hmac(OTHER_SESSION, SHORT) == hmac.digest(derived, SHORT, "sha256")


def form_of(command: bytes) -> str:
    """The form of a command's InData: fields without a tag by their names, and the tags, in hex."""
    code, data = command[0] & 0x7F, command[apdu.HEADER_SIZE :]
    if code == CommandCode.OPEN_APPLICATION:
        return "AID" if len(data) == len(APPLICATION_ID) else "AID handle"
    if code == CommandCode.CLOSE_APPLICATION:
        return "none"
    if code == CommandCode.GET_DATA_OBJECT:
        return "OID" if len(data) == 2 else "OID offset length"
    if code == CommandCode.SET_DATA_OBJECT:
        return "OID offset data"
    if code == CommandCode.SET_OBJECT_PROTECTED:
        return f"{data[0]:02X}"
    if code == CommandCode.GET_RANDOM:
        return "length" if len(data) == 2 else " ".join(["length OID", *_tags(data[4:])])
    if code in (CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM):
        return " ".join(["OID", *_tags(data[2:])])
    return " ".join(_tags(data))


def _tags(data: bytes) -> list[str]:
    return [f"{tag:02X}" for tag, _ in tlv.decode(data)]


class Use(NamedTuple):
    """A use of a command, with several values of its Param field.

    :param forms: the forms of InData that it sends, each of them.
    """

    params: tuple[int, ...]
    forms: tuple[str, ...]
    use: Callable[[Bench, int], None]


_EC = tuple(known for known in KeyAlgorithm if known.is_ec)
_PAIRS = (*_EC, KeyAlgorithm.RSA1024, KeyAlgorithm.RSA2048)
_AES = (KeyAlgorithm.AES128, KeyAlgorithm.AES192, KeyAlgorithm.AES256)
_HMACS = (SymmetricMode.HMAC_SHA256, SymmetricMode.HMAC_SHA384, SymmetricMode.HMAC_SHA512)
_PRFS = (KeyDerivation.TLS_PRF_SHA256, KeyDerivation.TLS_PRF_SHA384, KeyDerivation.TLS_PRF_SHA512)
_HKDFS = (KeyDerivation.HKDF_SHA256, KeyDerivation.HKDF_SHA384, KeyDerivation.HKDF_SHA512)
_SHA256 = (HASH_SHA256,)
_CHAIN = ("OID 01", "OID 00", "OID 02", "OID 03")
_CBC_CHAIN = ("OID 01 41", "OID 00 41", "OID 02", "OID 03")

ROWS: dict[CommandCode, tuple[Use, ...]] = {
    CommandCode.OPEN_APPLICATION: (
        Use((0x00,), ("AID",), open_application),
        Use((0x01,), ("AID handle",), restore_application),
    ),
    CommandCode.CLOSE_APPLICATION: (
        Use((0x00,), ("none",), close_application),
        Use((0x01,), ("none",), hibernate),
    ),
    CommandCode.GET_DATA_OBJECT: (
        Use((0x00,), ("OID offset length",), read),
        Use((0x01,), ("OID",), metadata),
    ),
    CommandCode.SET_DATA_OBJECT: (
        Use((0x00,), ("OID offset data",), write),
        Use((0x40,), ("OID offset data",), erase_and_write),
        Use((0x01,), ("OID offset data",), write_metadata),
        Use((0x02,), ("OID offset data",), count),
    ),
    CommandCode.SET_OBJECT_PROTECTED: (Use((0x01,), ("30", "32", "31"), protected_update),),
    CommandCode.GET_RANDOM: (
        Use((0x00, 0x01), ("length",), random),
        Use((0x00, 0x01), ("length OID 41",), random_in_session),
        Use((0x04,), ("length OID 41",), pre_master_secret),
    ),
    CommandCode.ENCRYPT_SYM: (
        Use((SymmetricMode.ECB,), _CHAIN, encrypt),
        Use((SymmetricMode.CBC,), _CHAIN, encrypt_without_iv),
        Use((SymmetricMode.CBC,), _CBC_CHAIN, encrypt_with_iv),
        Use((SymmetricMode.CBC_MAC, SymmetricMode.CMAC), _CHAIN, mac),
        Use(_HMACS, _CHAIN, hmac_of),
    ),
    CommandCode.DECRYPT_SYM: (
        Use((SymmetricMode.ECB,), _CHAIN, decrypt),
        Use((SymmetricMode.CBC,), _CHAIN, decrypt_without_iv),
        Use((SymmetricMode.CBC,), _CBC_CHAIN, decrypt_with_iv),
        Use(_HMACS, ("OID 01 43",), authorize),
    ),
    CommandCode.ENCRYPT_ASYM: (
        Use((0x11,), ("61 05 06",), encrypt_rsa),
        Use((0x11,), ("61 04",), encrypt_rsa_for_certificate),
        Use((0x11,), ("02 05 06",), pre_master_secret),
        Use((0x11,), ("02 04",), encrypt_rsa_session_for_certificate),
    ),
    CommandCode.DECRYPT_ASYM: (
        Use((0x11,), ("61 03",), decrypt_rsa),
        Use((0x11,), ("61 03 02",), decrypt_rsa_into_session),
    ),
    CommandCode.CALC_HASH: (
        Use(_SHA256, ("01", "00", "02", "03"), sha256),
        Use(_SHA256, ("11", "10", "12", "13"), sha256_of_objects),
        Use(_SHA256, ("00", "02", "12", "05", "04"), run_hash),
        Use(_SHA256, ("00 07", "02 06 07", "12 06 07", "03 06"), hash_with_contexts),
        Use(_SHA256, ("10 07", "15 06", "13", "13 06", "05 06", "02 06"), hash_step_by_step),
    ),
    CommandCode.CALC_SIGN: (Use(tuple(SignatureScheme), ("01 03",), sign),),
    CommandCode.VERIFY_SIGN: (
        Use(tuple(SignatureScheme), ("01 02 05 06",), verify),
        Use(tuple(SignatureScheme), ("01 02 04",), verify_with_certificate),
    ),
    CommandCode.GEN_KEY_PAIR: (
        Use(_PAIRS, ("01 02",), generate_key),
        Use(_PAIRS, ("01 02",), generate_key_in_session),
        Use(_PAIRS, ("07",), draw_key_pair),
    ),
    CommandCode.GEN_SYM_KEY: (
        Use(_AES, ("01 02",), generate_aes_key),
        Use(_AES, ("07",), draw_aes_key),
    ),
    CommandCode.CALC_SSEC: (
        Use((0x01,), ("01 05 06 07",), agree),
        Use((0x01,), ("01 05 06 08",), agree_into_session),
    ),
    CommandCode.DERIVE_KEY: (
        Use((*_PRFS, *_HKDFS), ("01 03 02 07",), derive),
        Use((*_PRFS, *_HKDFS), ("01 03 02 08",), derive_into_session),
        Use(_HKDFS, ("01 03 04 02 07",), derive_with_info),
        Use(_HKDFS, ("01 03 04 02 08",), derive_into_session_with_info),
    ),
}
"""A row for each command: its uses."""
USES = tuple((code, use) for code, uses in ROWS.items() for use in uses)
