"""The host's symmetric commands, byte for byte as Infineon's host sends them, and against the emulated chip."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

import optiga
from optiga.chip import Chip
from optiga.chip.commands.base import Command
from optiga.chip.commands.decrypt_sym import ClearAuthorization, DecryptSym, VerifyHmac, decrypt_in_parts
from optiga.chip.commands.encrypt_sym import EncryptSym, encrypt_in_parts
from optiga.chip.commands.gen_sym_key import GenSymKey
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.sessions import Origin, SessionSecret
from optiga.protocol.codes import KeyUsage
from optiga.protocol.commands.encrypt_sym import SymStep
from optiga.protocol.metadata import Metadata
from optiga.protocol.symmetric import SymmetricMode
from optiga.transport.emulated import EmulatedTransport
from tests.support.scripted import OK, REFUSED, ScriptedTransport, answer

ECB, CBC, CBC_MAC, CMAC_MODE = SymmetricMode.ECB, SymmetricMode.CBC, SymmetricMode.CBC_MAC, SymmetricMode.CMAC
HMAC256, HMAC512 = SymmetricMode.HMAC_SHA256, SymmetricMode.HMAC_SHA512
BLOCK, IV = bytes(range(16)), bytes(range(100, 116))
KEY_OID, SECRET_OID, GUARDED, SESSION = 0xE200, 0xF1D0, 0xF1E0, 0xE101
SECRET = bytes(range(32))
FACTORY = MemoryStore()
EmulatedChip(FACTORY)
"""A chip is made once; each test works on its own copy of it."""


def open_with(*answers: bytes) -> tuple[Chip, ScriptedTransport]:
    transport = ScriptedTransport(*answers)
    return Chip(transport, port="board"), transport


def run(chip: Chip, commands: Iterable[Command[bytes]]) -> bytes:
    return b"".join(map(chip.execute, commands))


def given_out(content: bytes) -> bytes:
    return answer(b"\x61" + len(content).to_bytes(2, "big") + content)


def test_commands_as_infineons_host_sends_them() -> None:
    block, iv, mac = BLOCK.hex(), IV.hex(), "aa" * 32
    expected = {
        EncryptSym(KEY_OID, ECB, BLOCK): f"94080015e200010010{block}",
        EncryptSym(KEY_OID, CBC, BLOCK, SymStep.START, IV): f"94090028e200000010{block}410010{iv}",
        EncryptSym(KEY_OID, CBC, BLOCK, SymStep.CONTINUE): f"94090015e200020010{block}",
        EncryptSym(KEY_OID, CBC_MAC, BLOCK, SymStep.FINAL): f"940a0015e200030010{block}",
        EncryptSym(KEY_OID, CMAC_MODE, b"abc"): "940b0008e200010003616263",
        EncryptSym(SECRET_OID, HMAC256, b"abc"): "94200008f1d0010003616263",
        EncryptSym(SESSION, SymmetricMode.HMAC_SHA384, b"abc"): "94210008e101010003616263",
        DecryptSym(KEY_OID, CBC, BLOCK, iv=IV): f"95090028e200010010{block}410010{iv}",
        DecryptSym(KEY_OID, ECB, BLOCK, SymStep.FINAL): f"95080015e200030010{block}",
        VerifyHmac(SECRET_OID, HMAC256, SESSION, b"random", bytes.fromhex(mac), b"more"): (
            f"95200034f1d001000ce10172616e646f6d6d6f7265430020{mac}"
        ),
        ClearAuthorization(SECRET_OID, SESSION): "95200007f1d0010002e101",
        GenSymKey(optiga.KeyAlgorithm.AES128): "b9810009010002e20002000102",
        GenSymKey(optiga.KeyAlgorithm.AES256, None): "b9830003070000",
    }
    for command, apdu in expected.items():
        assert command.apdu().hex() == apdu


@pytest.mark.parametrize(
    ("mode", "iv", "sizes"),
    [
        (ECB, b"", [624, 624, 624]),
        (CBC, IV, [608, 624, 624]),
        (CBC, b"", [624, 624, 624]),
        (CMAC_MODE, b"", [624, 624, 624]),
        (HMAC512, b"", [635, 635, 635]),
    ],
)
def test_a_long_message_is_cut_as_infineons_host_cuts_it(mode: SymmetricMode, iv: bytes, sizes: list[int]) -> None:
    message = bytes(sum(sizes))
    commands = list(encrypt_in_parts(KEY_OID, mode, message, iv))
    assert [len(command.part) for command in commands] == sizes
    assert [command.step for command in commands] == [SymStep.START, SymStep.CONTINUE, SymStep.FINAL]
    assert [command.iv for command in commands] == [iv, b"", b""]
    assert b"".join(command.part for command in commands) == message
    assert all(len(command.data) <= 640 for command in commands)
    for size, steps in ((16, [1]), (sizes[0], [1]), (sizes[0] + 16, [0, 3]), (sizes[0] + sizes[1], [0, 3])):
        assert [command.step for command in encrypt_in_parts(KEY_OID, mode, bytes(size), iv)] == steps


@pytest.mark.parametrize(
    ("mode", "message", "iv"),
    [
        (ECB, b"", b""),
        (HMAC256, b"", b""),
        (ECB, BLOCK[1:], b""),
        (CBC, BLOCK + b"x", IV),
        (CBC_MAC, b"x", b""),
        (CBC, BLOCK, IV[1:]),
        (ECB, BLOCK, IV),
        (CMAC_MODE, BLOCK, IV),
    ],
)
def test_what_fits_no_command_never_reaches_the_chip(mode: SymmetricMode, message: bytes, iv: bytes) -> None:
    chip, transport = open_with()
    with pytest.raises(optiga.ConfigurationError):
        run(chip, encrypt_in_parts(KEY_OID, mode, message, iv))
    with pytest.raises(optiga.ConfigurationError):
        run(chip, decrypt_in_parts(KEY_OID, mode, message, iv))
    assert len(transport.sent) == 1


def test_other_arguments_that_fit_no_command() -> None:
    chip, transport = open_with()
    with pytest.raises(optiga.ConfigurationError, match="makes MACs"):
        run(chip, decrypt_in_parts(KEY_OID, CMAC_MODE, BLOCK))
    too_much: list[Command[bytes] | Command[None]] = [
        EncryptSym(KEY_OID, HMAC256, bytes(636)),
        DecryptSym(KEY_OID, ECB, bytes(640)),
        VerifyHmac(SECRET_OID, HMAC256, SESSION, bytes(599), bytes(32)),
        GenSymKey(optiga.KeyAlgorithm.SECP256R1),
        GenSymKey(optiga.KeyAlgorithm.AES128, 0x10000),
    ]
    for command in too_much:
        with pytest.raises(optiga.ConfigurationError):
            chip.execute(command)
    assert len(VerifyHmac(SECRET_OID, HMAC256, SESSION, bytes(598), bytes(32)).data) == 640
    assert len(transport.sent) == 1


def test_answers() -> None:
    chip, _ = open_with(
        given_out(BLOCK), OK, given_out(BLOCK), given_out(bytes(64)), OK, OK, answer("010010" + "11" * 16)
    )
    assert chip.execute(EncryptSym(KEY_OID, ECB, BLOCK, SymStep.START)) == BLOCK
    assert chip.execute(EncryptSym(KEY_OID, CMAC_MODE, BLOCK, SymStep.START)) == b""
    assert chip.execute(EncryptSym(KEY_OID, CMAC_MODE, BLOCK, SymStep.FINAL)) == BLOCK
    assert chip.execute(EncryptSym(SECRET_OID, HMAC512, b"x")) == bytes(64)
    assert chip.execute(VerifyHmac(SECRET_OID, HMAC256, SESSION, b"r", bytes(32))) is None
    assert chip.execute(GenSymKey(optiga.KeyAlgorithm.AES128)) == b""
    assert chip.execute(GenSymKey(optiga.KeyAlgorithm.AES128, None)) == b"\x11" * 16


@pytest.mark.parametrize(
    ("command", "wrong"),
    [
        (EncryptSym(KEY_OID, ECB, BLOCK), OK),
        (EncryptSym(KEY_OID, ECB, BLOCK), given_out(bytes(15))),
        (EncryptSym(KEY_OID, ECB, BLOCK), given_out(bytes(32))),
        (EncryptSym(KEY_OID, ECB, BLOCK), answer(b"\x01\x00\x10" + BLOCK)),
        (EncryptSym(KEY_OID, ECB, BLOCK), answer(BLOCK)),
        (EncryptSym(KEY_OID, ECB, BLOCK), answer(b"\x61\x00\x10" + BLOCK + b"\x61\x00\x00")),
        (EncryptSym(KEY_OID, CMAC_MODE, BLOCK, SymStep.START), given_out(BLOCK)),
        (EncryptSym(KEY_OID, CMAC_MODE, BLOCK), OK),
        (EncryptSym(SECRET_OID, HMAC256, BLOCK), given_out(bytes(48))),
        (DecryptSym(KEY_OID, CBC, BLOCK, SymStep.CONTINUE), OK),
        (VerifyHmac(SECRET_OID, HMAC256, SESSION, b"r", bytes(32)), given_out(BLOCK)),
        (ClearAuthorization(SECRET_OID, SESSION), OK),
        (GenSymKey(optiga.KeyAlgorithm.AES128), answer("010010" + "11" * 16)),
        (GenSymKey(optiga.KeyAlgorithm.AES128, None), OK),
        (GenSymKey(optiga.KeyAlgorithm.AES256, None), answer("010010" + "11" * 16)),
    ],
)
def test_answers_against_the_manual_are_errors(command: Command[bytes], wrong: bytes) -> None:
    chip, _ = open_with(wrong)
    with pytest.raises(optiga.ChipError, match="does not follow the manual"):
        chip.execute(command)


@pytest.mark.parametrize(
    ("command", "code", "hint"),
    [
        (EncryptSym(KEY_OID, ECB, BLOCK), "07", "execute access condition"),
        (EncryptSym(KEY_OID, ECB, BLOCK, SymStep.FINAL), "0b", "nother command"),
        (EncryptSym(0xE0F1, ECB, BLOCK), "01", "0xE200"),
        (EncryptSym(0xE0F1, HMAC256, BLOCK), "01", "pre_shared_secret"),
        (EncryptSym(KEY_OID, ECB, BLOCK), "24", "key usage"),
        (EncryptSym(SECRET_OID, HMAC256, BLOCK), "24", "has no secret"),
        (VerifyHmac(SECRET_OID, HMAC256, SESSION, b"r", bytes(32)), "2f", "get a new one"),
        (VerifyHmac(SECRET_OID, HMAC256, SESSION, b"r", bytes(32)), "01", "authorization reference"),
        (VerifyHmac(SECRET_OID, HMAC256, SESSION, b"r", bytes(32)), "0d", "four"),
        (GenSymKey(optiga.KeyAlgorithm.AES128), "07", "0xE200"),
        (GenSymKey(optiga.KeyAlgorithm.AES128, 0xE0F1), "01", "only in 0xE200"),
        (GenSymKey(optiga.KeyAlgorithm.AES128), "03", "aes128"),
        (GenSymKey(optiga.KeyAlgorithm.AES128), "0a", "does not support the command"),
    ],
)
def test_a_refusal_says_what_to_do(command: Command[bytes], code: str, hint: str) -> None:
    chip, _ = open_with(REFUSED, answer(code))
    with pytest.raises(optiga.ChipError, match=hint) as caught:
        chip.execute(command)
    assert caught.value.code == int(code, 16)


def test_what_a_line_must_know_of_them() -> None:
    whole, start = EncryptSym(KEY_OID, ECB, BLOCK), EncryptSym(KEY_OID, ECB, BLOCK, SymStep.START)
    mac = EncryptSym(SECRET_OID, HMAC256, b"x")
    mac_start = EncryptSym(SESSION, HMAC256, b"x", SymStep.START)
    mac_final = EncryptSym(SECRET_OID, CMAC_MODE, b"x", SymStep.FINAL)
    plain = DecryptSym(KEY_OID, CBC, BLOCK, iv=IV)
    plain_final = DecryptSym(0xE101, CBC, BLOCK, SymStep.FINAL)
    verify = VerifyHmac(SECRET_OID, HMAC256, SESSION, b"r", bytes(32))
    keep, export = GenSymKey(optiga.KeyAlgorithm.AES128), GenSymKey(optiga.KeyAlgorithm.AES128, None)
    assert all(command.traits.is_repeatable for command in (whole, mac, plain, keep, export))
    assert not any(command.traits.is_repeatable for command in (start, mac_start, mac_final, plain_final, verify))
    something, nothing = given_out(BLOCK), OK
    for command in (whole, start, mac, mac_final, plain, plain_final, export):
        assert command.request().is_answered_by(something)
        assert not command.request().is_answered_by(nothing)
    for command in (mac_start, verify, keep):
        assert command.request().is_answered_by(nothing)
        assert not command.request().is_answered_by(something)
    assert all(command.traits.hides_command for command in (whole, start, verify))
    assert not any(command.traits.hides_command for command in (mac, mac_final, plain, keep, export))
    assert all(command.traits.hides_answer for command in (plain, plain_final, mac, mac_final, export))
    assert not any(command.traits.hides_answer for command in (whole, start, keep))


class Bench:
    """An emulated chip, and the host that has it open."""

    def __init__(self) -> None:
        self.emulated = EmulatedChip(MemoryStore(FACTORY.load()))
        self.chip = Chip(EmulatedTransport(self.emulated))

    def put(self, session: int, secret: bytes, origin: Origin) -> None:
        self.emulated._machine.sessions[session] = SessionSecret(secret, origin)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.mark.parametrize("size", [16, 608, 624, 640, 5008])
def test_cipher_and_macs_end_to_end(bench: Bench, size: int) -> None:
    chip, message = bench.chip, bytes(i % 251 for i in range(size))
    with pytest.raises(optiga.ChipError, match="change access condition"):
        chip.execute(GenSymKey(optiga.KeyAlgorithm.AES256))
    chip.write_metadata(KEY_OID, Metadata({0xD0: b"\x00"}))
    chip.execute(GenSymKey(optiga.KeyAlgorithm.AES256, usage=KeyUsage.ENCRYPTION | KeyUsage.SIGNATURE))
    key = bench.emulated._machine.object(KEY_OID).data
    for mode, iv, known in ((ECB, b"", modes.ECB()), (CBC, IV, modes.CBC(IV)), (CBC, b"", modes.CBC(bytes(16)))):
        protected = run(chip, encrypt_in_parts(KEY_OID, mode, message, iv))
        assert protected == Cipher(algorithms.AES(key), known).encryptor().update(message)
        assert run(chip, decrypt_in_parts(KEY_OID, mode, protected, iv)) == message
    cbc = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor().update(message)
    assert run(chip, encrypt_in_parts(KEY_OID, CBC_MAC, message)) == cbc[-16:]
    cmac = CMAC(algorithms.AES(key))
    cmac.update(message[:-3])
    assert run(chip, encrypt_in_parts(KEY_OID, CMAC_MODE, message[:-3])) == cmac.finalize()


def test_a_key_that_is_given_out(bench: Bench) -> None:
    assert len(bench.chip.execute(GenSymKey(optiga.KeyAlgorithm.AES192, None))) == 24


@pytest.mark.parametrize("size", [1, 635, 636, 4000])
def test_hmac_end_to_end(bench: Bench, size: int) -> None:
    message = bytes(i % 253 for i in range(size))
    bench.chip.write(SECRET_OID, SECRET)
    bench.chip.write_metadata(SECRET_OID, Metadata({0xE8: b"\x21", 0xD3: b"\x00"}))
    bench.put(SESSION, SECRET, Origin.AGREED)
    for mode, name in ((HMAC256, "sha256"), (SymmetricMode.HMAC_SHA384, "sha384"), (HMAC512, "sha512")):
        for oid in (SECRET_OID, SESSION):
            assert run(bench.chip, encrypt_in_parts(oid, mode, message)) == hmac.new(SECRET, message, name).digest()


def test_authorization_end_to_end(bench: Bench) -> None:
    chip = bench.chip
    chip.write(SECRET_OID, SECRET)
    chip.write_metadata(SECRET_OID, Metadata({0xE8: b"\x31", 0xD3: b"\x00"}))
    chip.write(GUARDED, b"for the authorized")
    chip.write_metadata(GUARDED, Metadata({0xD1: b"\x23\xf1\xd0"}))
    challenge = b"optional" + bytes(range(32))
    message = challenge + b"arbitrary"
    proof = VerifyHmac(
        SECRET_OID, HMAC256, SESSION, challenge, hmac.new(SECRET, message, "sha256").digest(), b"arbitrary"
    )
    assert proof.message == message
    with pytest.raises(optiga.ChipError, match="read access condition"):
        chip.read(GUARDED)
    bench.put(SESSION, challenge, Origin.RANDOM)
    chip.execute(proof)
    assert chip.read(GUARDED) == b"for the authorized"
    with pytest.raises(optiga.ChipError, match="0x2F"):
        chip.execute(proof)
    with pytest.raises(optiga.ChipError, match="read access condition"):
        chip.read(GUARDED)
    bench.put(SESSION, challenge, Origin.RANDOM)
    chip.execute(proof)
    with pytest.raises(optiga.ChipError):
        chip.execute(ClearAuthorization(SECRET_OID, SESSION))
    with pytest.raises(optiga.ChipError, match="read access condition"):
        chip.read(GUARDED)
