"""Encryption, agreement, derivation, random into sessions: as Infineon's host sends them, and on an emulated chip."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key

from optiga.chip import Chip
from optiga.chip.commands.base import Command
from optiga.chip.commands.calc_ssec import CalcSSec
from optiga.chip.commands.decrypt_asym import DecryptAsym
from optiga.chip.commands.derive_key import DeriveKey
from optiga.chip.commands.encrypt_asym import EncryptAsym
from optiga.chip.commands.gen_key_pair import GenKeyPair
from optiga.chip.commands.get_random import DrawPreMasterSecret, GetRandom
from optiga.chip.commands.set_data_object import SetMetadata
from optiga.emulator import EmulatedChip
from optiga.errors import ChipError, ConfigurationError
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.commands.derive_key import KeyDerivation
from optiga.protocol.metadata import Metadata
from optiga.protocol.public_key import PublicKey
from optiga.protocol.request import Request
from tests.support.scripted import REFUSED, ScriptedTransport, answer

SESSION = 0xE100
P256 = PublicKey.of_chip(KeyAlgorithm.SECP256R1, b"\x03\x42\x00\x04" + bytes(64))
P521 = PublicKey.of_chip(KeyAlgorithm.SECP521R1, b"\x03\x81\x86\x00\x04" + bytes(132))
RSA = PublicKey.of_chip(KeyAlgorithm.RSA1024, b"\x03\x02\x00\x00")
PRF = KeyDerivation.TLS_PRF_SHA256
HKDF = KeyDerivation.HKDF_SHA512


class InProcess:
    """A transport to a chip in this process."""

    def __init__(self) -> None:
        self.chip = EmulatedChip()

    def exchange(self, request: Request) -> bytes:
        return self.chip.execute(request.apdu)

    def close(self) -> None:
        self.chip.close()


def run(command: Command[bytes] | Command[None], *answers: bytes) -> bytes | None:
    return Chip(ScriptedTransport(*answers)).execute(command)


@pytest.mark.parametrize(
    ("command", "sent"),
    [
        (EncryptAsym(b"hi", RSA), "9e110010 610002 6869 05000141 06000403020000"),
        (EncryptAsym(b"hi", 0xE0EF), "9e11000a 610002 6869 040002e0ef"),
        (EncryptAsym(SESSION, RSA), "9e110010 020002e100 05000141 06000403020000"),
        (DecryptAsym(0xE0FC, b"abc"), "9f11000b 610003 616263 030002e0fc"),
        (DecryptAsym(0xE0FC, b"abc", 0xE103), "9f110010 610003 616263 030002e0fc 020002e103"),
        (CalcSSec(0xE0F1, P256), "b3010053 010002e0f1 05000103 060044 03420004" + "00" * 64 + "070000"),
        (CalcSSec(SESSION, P256, SESSION), "b3010055 010002e100 05000103 060044 03420004" + "00" * 64 + "080002e100"),
        (DeriveKey(0xF1D0, PRF, 16, b"labelseed"), "b4010019 010002f1d0 0300020010 020009 6c6162656c73656564 070000"),
        (DeriveKey(SESSION, HKDF, 32, session=0xE101), "b40a0012 010002e100 0300020020 020000 080002e101"),
        (DeriveKey(SESSION, HKDF, 32, b"s", b"in"), "b40a0016 010002e100 0300020020 040002 696e 020001 73 070000"),
        (GetRandom(32), "8c0000020020"),
        (GetRandom(32, deterministic=True), "8c0100020020"),
        (GetRandom(32, session=0xE102, prepended=b"\x01"), "8c000008 0020 e102 410001 01"),
        (DrawPreMasterSecret(SESSION, 46, b"\x03\x03"), "8c040009 002e e100 410002 0303"),
        (DrawPreMasterSecret(SESSION, 48), "8c040007 0030 e100 410000"),
    ],
)
def test_commands_as_infineons_host_sends_them(command: Command[bytes], sent: str) -> None:
    """The order of the tags is its order, too; a salt that is not there is sent empty."""
    assert command.apdu() == bytes.fromhex(sent)


def test_answers() -> None:
    assert run(EncryptAsym(b"hi", RSA), answer("610080" + "11" * 128)) == b"\x11" * 128
    assert run(EncryptAsym(b"hi", 0xE0EF), answer("610100" + "11" * 256)) == b"\x11" * 256
    assert run(DecryptAsym(0xE0FC, bytes(128)), answer("6100026869")) == b"hi"
    assert run(DecryptAsym(0xE0FC, bytes(128)), answer("610000")) == b""
    assert run(DecryptAsym(0xE0FC, bytes(128), SESSION), answer("")) == b""
    assert run(CalcSSec(0xE0F1, P256), answer(bytes(32))) == bytes(32)
    assert run(CalcSSec(0xE0F1, P521), answer(bytes(66))) == bytes(66)
    assert run(CalcSSec(0xE0F1, P521, SESSION), answer("")) == b""
    assert run(DeriveKey(SESSION, PRF, 40, bytes(8)), answer(bytes(40))) == bytes(40)
    assert run(DeriveKey(SESSION, PRF, 40, bytes(8), session=SESSION), answer("")) == b""
    assert run(GetRandom(8, session=SESSION), answer(bytes(8))) == bytes(8)
    assert run(DrawPreMasterSecret(SESSION, 48), answer("")) is None


@pytest.mark.parametrize(
    ("command", "data"),
    [
        (EncryptAsym(b"hi", RSA), b""),
        (EncryptAsym(b"hi", RSA), b"\x61\x00\x80" + bytes(127)),
        (EncryptAsym(b"hi", RSA), b"\x60\x00\x80" + bytes(128)),
        (EncryptAsym(b"hi", RSA), b"\x61\x01\x00" + bytes(256)),
        (EncryptAsym(b"hi", 0xE0EF), b"\x61\x00\x20" + bytes(32)),
        (DecryptAsym(0xE0FC, bytes(128)), b""),
        (DecryptAsym(0xE0FC, bytes(128)), b"\x61\x00\x01a\x61\x00\x01b"),
        (DecryptAsym(0xE0FC, bytes(128), SESSION), b"\x61\x00\x01a"),
        (CalcSSec(0xE0F1, P256), bytes(31)),
        (CalcSSec(0xE0F1, P256), b"\x04\x20" + bytes(32)),
        (CalcSSec(0xE0F1, RSA), bytes(32)),
        (CalcSSec(0xE0F1, P256, SESSION), bytes(32)),
        (DeriveKey(SESSION, PRF, 40, bytes(8)), bytes(39)),
        (DeriveKey(SESSION, PRF, 40, bytes(8), session=SESSION), bytes(40)),
        (GetRandom(8, session=SESSION), b""),
        (DrawPreMasterSecret(SESSION, 48), bytes(48)),
    ],
)
def test_answers_against_the_manual(command: Command[bytes], data: bytes) -> None:
    with pytest.raises(ChipError, match="does not follow the manual"):
        run(command, answer(data))


@pytest.mark.parametrize(
    ("command", "code", "hint"),
    [
        (EncryptAsym(SESSION, RSA), ErrorCode.COMMAND_OUT_OF_SEQUENCE, "no pre-master secret"),
        (EncryptAsym(b"hi", 0xE0E8), ErrorCode.UNSUPPORTED_CERTIFICATE, "key usage"),
        (DecryptAsym(0xE0FC, bytes(128)), ErrorCode.DECRYPTION_FAILURE, "not encrypted with this key"),
        (DecryptAsym(0xE0FC, bytes(128)), ErrorCode.UNSUPPORTED_EXTENSION, "key usage"),
        (CalcSSec(0xE0F1, P256), ErrorCode.UNSUPPORTED_EXTENSION, "key usage"),
        (CalcSSec(0xE0F1, P256), ErrorCode.INVALID_DATA, "curve"),
        (DeriveKey(0xF1D0, PRF, 16), ErrorCode.INVALID_OID, "pre_shared_secret"),
        (DeriveKey(SESSION, PRF, 16), ErrorCode.COMMAND_OUT_OF_SEQUENCE, "no secret"),
        (GetRandom(66, session=SESSION, prepended=b"x"), ErrorCode.INVALID_DATA, "66 bytes"),
        (DrawPreMasterSecret(SESSION, 67), ErrorCode.INVALID_DATA, "66 bytes"),
    ],
)
def test_hints_say_what_to_do(command: Command[bytes], code: ErrorCode, hint: str) -> None:
    with pytest.raises(ChipError) as caught:
        run(command, REFUSED, answer(bytes([code])))
    assert (caught.value.code, caught.value.oid) == (code, command.target)
    assert hint in caught.value.hint


def test_what_fits_no_command_is_not_sent() -> None:
    for command in (DeriveKey(SESSION, PRF, 1 << 16), GetRandom(-1), EncryptAsym(bytes(1600), RSA)):
        transport = ScriptedTransport()
        with pytest.raises(ConfigurationError):
            Chip(transport).execute(command)
        assert len(transport.sent) == 1


def test_a_tls_client_of_the_host_on_an_emulated_chip() -> None:
    chip = Chip(InProcess())
    server = ec.generate_private_key(ec.SECP256R1())
    numbers = server.public_key().public_numbers()
    peer = PublicKey.of_chip(
        KeyAlgorithm.SECP256R1,
        b"\x03\x42\x00\x04" + numbers.x.to_bytes(32, "big") + numbers.y.to_bytes(32, "big"),
    )
    public_key = chip.execute(GenKeyPair(SESSION, KeyAlgorithm.SECP256R1, KeyUsage.KEY_AGREEMENT))
    secret = chip.execute(CalcSSec(SESSION, peer))
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public_key[3:])
    assert secret == server.exchange(ec.ECDH(), point)
    assert chip.execute(CalcSSec(SESSION, peer, SESSION)) == b""
    derived = chip.execute(DeriveKey(SESSION, PRF, 32, b"label and seed"))
    chained = hmac.digest(secret, b"label and seed", "sha256")
    assert derived == hmac.digest(secret, chained + b"label and seed", "sha256")


def test_a_stored_secret_on_an_emulated_chip() -> None:
    chip = Chip(InProcess())
    chip.write(0xF1D0, b"secret of this device")
    with pytest.raises(ChipError, match="invalid OID"):
        chip.execute(DeriveKey(0xF1D0, HKDF, 32))
    chip.execute(SetMetadata(0xF1D0, Metadata({0xE8: b"\x21", 0xD3: b"\x00"})))
    derived = chip.execute(DeriveKey(0xF1D0, HKDF, 32, b"salt", b"info"))
    key = hmac.digest(b"salt", b"secret of this device", "sha512")
    assert derived == hmac.digest(key, b"info\x01", "sha512")[:32]


def test_rsa_on_an_emulated_chip() -> None:
    chip = Chip(InProcess())
    key = chip.generate_key("five", "rsa1024")
    assert key.public_key is not None
    public_key = PublicKey.of_chip(KeyAlgorithm.RSA1024, key.public_key)
    encrypted = chip.execute(EncryptAsym(b"hello", public_key))
    assert chip.execute(DecryptAsym(key.oid, encrypted)) == b"hello"
    outside = load_der_public_key(key.public_key_info)
    assert chip.execute(DecryptAsym(key.oid, outside.encrypt(b"there", padding.PKCS1v15()))) == b"there"
    with pytest.raises(ChipError, match="decryption failure"):
        chip.execute(DecryptAsym(key.oid, b"\x01" * 128))
    chip.execute(DrawPreMasterSecret(SESSION, 46, b"\x03\x03"))
    for_chip = chip.execute(EncryptAsym(SESSION, public_key))
    assert chip.execute(DecryptAsym(key.oid, for_chip))[:2] == b"\x03\x03"
    chip.execute(DecryptAsym(key.oid, for_chip, 0xE101))
    both = [chip.execute(DeriveKey(session, PRF, 48, bytes(64))) for session in (SESSION, 0xE101)]
    assert both[0] == both[1]


def test_random_into_a_session_of_an_emulated_chip() -> None:
    chip = Chip(InProcess())
    assert len(chip.execute(GetRandom(32, session=0xE103, prepended=b"optional"))) == 32
    with pytest.raises(ChipError) as caught:
        chip.execute(GetRandom(59, session=0xE103, prepended=b"optional"))
    assert caught.value.code == ErrorCode.INVALID_DATA


def test_what_may_be_repeated() -> None:
    repeatable = (
        EncryptAsym(b"hi", RSA),
        DecryptAsym(0xE0FC, bytes(128)),
        DecryptAsym(0xE0FC, bytes(128), SESSION),
        CalcSSec(0xE0F1, P256, SESSION),
        CalcSSec(SESSION, P256),
        DeriveKey(0xF1D0, PRF, 16, bytes(8), session=SESSION),
        DeriveKey(SESSION, PRF, 16, bytes(8), session=0xE101),
        DrawPreMasterSecret(SESSION, 48),
    )
    assert all(command.traits.is_repeatable for command in repeatable)
    once = (
        CalcSSec(SESSION, P256, SESSION),
        DeriveKey(SESSION, PRF, 16, bytes(8), session=SESSION),
        DecryptAsym(SESSION, bytes(128), SESSION),
    )
    assert not any(command.traits.is_repeatable for command in once)


def test_answers_are_known_by_their_shape() -> None:
    empty, full = answer(""), answer(b"data")
    speaking = (
        EncryptAsym(b"hi", RSA),
        DecryptAsym(0xE0FC, bytes(128)),
        CalcSSec(0xE0F1, P256),
        DeriveKey(SESSION, PRF, 16, bytes(8)),
        GetRandom(8),
        GetRandom(8, session=SESSION),
    )
    silent = (
        DecryptAsym(0xE0FC, bytes(128), SESSION),
        CalcSSec(0xE0F1, P256, SESSION),
        DeriveKey(SESSION, PRF, 16, bytes(8), session=SESSION),
        DrawPreMasterSecret(SESSION, 48),
    )
    for command in speaking:
        request = command.request()
        assert (request.is_answered_by(empty), request.is_surely_answered_by(full)) == (False, True)
    for command in silent:
        request = command.request()
        assert (request.is_answered_by(full), request.is_surely_answered_by(empty)) == (False, True)


def test_secrets_are_not_shown() -> None:
    assert EncryptAsym(b"hi", RSA).traits.hides_command
    assert not EncryptAsym(SESSION, RSA).traits.hides_command
    shown = (EncryptAsym(b"hi", RSA), CalcSSec(0xE0F1, P256, SESSION))
    hidden = (
        DecryptAsym(0xE0FC, bytes(128)),
        CalcSSec(0xE0F1, P256),
        DeriveKey(SESSION, PRF, 16, bytes(8)),
        GetRandom(32),
    )
    assert not any(command.traits.hides_answer for command in shown)
    assert all(command.traits.hides_answer for command in hidden)
