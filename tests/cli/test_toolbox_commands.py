"""``random``, ``hash``, ``hmac``, ``aes``, ``rsa`` and ``key derive``, checked with the cryptography library."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import stat
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import optiga
from optiga.emulator.store import SqliteStore
from optiga.protocol.metadata import Metadata, Tag
from tests.support.cli.mistakes import CERTIFICATE, Mistake, assert_mistake, error_of, fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate, make_key
from tests.support.processes import OPTIGA, run_process

MESSAGE = bytes(range(256)) * 9 + b"end"
SECRET = b"a secret of the chip and a host"
IV = bytes(range(16))


@pytest.fixture
def message(cli: Cli) -> str:
    Path("message").write_bytes(MESSAGE)
    return "message"


@pytest.fixture
def secret(port: str) -> str:
    """An object with a shared secret that nobody reads."""
    with optiga.open_chip(port) as chip:
        chip.write(0xF1D0, SECRET)
        tags = {Tag.TYPE: b"\x21", Tag.READ: b"\xff", Tag.EXECUTE: b"\x00"}
        chip.write_metadata(0xF1D0, Metadata(tags))
    return "0xF1D0"


@pytest.fixture
def aes(cli: Cli, port: str) -> bytes:
    """The AES key that the chip has made."""
    with optiga.open_chip(port) as chip:
        chip.write_metadata(0xE200, Metadata({Tag.CHANGE: b"\x00"}))
    assert cli("--port", port, "key", "generate", "aes", "--bits", "256").code == 0
    store = SqliteStore(Path(port.removeprefix("emulator:")))
    try:
        return store.load()[0xE200].data
    finally:
        store.close()


def is_private(path: str) -> bool:
    return sys.platform == "win32" or stat.S_IMODE(Path(path).stat().st_mode) == 0o600


class TestRandom:
    @pytest.mark.parametrize("size", [1, 7, 8, 256, 257, 1000])
    def test_any_size(self, cli: Cli, port: str, size: int) -> None:
        drawn = [cli("--port", port, "random", size).out for _ in range(2)]
        assert [len(bytes.fromhex(one)) for one in drawn] == [size, size]
        assert drawn[0] != drawn[1] or size == 1

    def test_files(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "random", "300", "--out", "random").out == ""
        assert len(Path("random").read_bytes()) == 300
        assert is_private("random")
        cli("--port", port, "random", "20", "--hex", "--out", "random", "--force")
        assert len(bytes.fromhex(Path("random").read_text())) == 20
        assert len(cli("--port", port, "random", "8", "--query", "random").out) == 17

    @pytest.mark.parametrize("words", ["--output json random 5 --raw", "random 5 --raw --output json"])
    def test_bytes_are_no_json(self, cli: Cli, port: str, words: str) -> None:
        error = error_of(cli, "--port", port, *words.split())
        assert error["exit_code"] == 2
        assert "--raw prints bytes alone" in error["message"]

    def test_bytes(self, port: str, tmp_path: Path) -> None:
        command = [*OPTIGA, "--port", port, "-q", "random", "5", "--raw"]
        program = "import subprocess, sys; print(len(subprocess.run(sys.argv[1:], stdout=-1).stdout))"
        assert run_process([sys.executable, "-c", program, *command], tmp_path).stdout == "5\n"


class TestHash:
    def test_of_a_file(self, cli: Cli, port: str, message: str) -> None:
        assert cli("--port", port, "hash", message).out == hashlib.sha256(MESSAGE).hexdigest() + "\n"
        Path("empty").touch()
        assert cli("--port", port, "hash", "empty").out == hashlib.sha256().hexdigest() + "\n"

    def test_of_an_object(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            digest = hashlib.sha256(chip.read(0xE0E0)).hexdigest()
        shown = json.loads(cli("--port", port, "hash", "--object", "first", "--output", "json").out)
        assert shown == {"hash": "sha256", "digest": digest}

    def test_of_a_secret(self, cli: Cli, port: str, secret: str) -> None:
        assert "The chip can hash only objects" in fails(cli, 4, "--port", port, "hash", "--object", secret)


class TestHmac:
    @pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
    def test_with_a_secret(
        self, cli: Cli, port: str, message: str, secret: str, name: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.clear()
        result = cli("--port", port, "-vv", "hmac", "--key", secret, message, "--hash", name)
        assert result.out == hmac.digest(SECRET, MESSAGE, name).hex() + "\n"
        assert "f1d0" in caplog.text  # frames are shown
        assert SECRET.hex() not in caplog.text + result.err

    def test_object_of_another_type(self, cli: Cli, port: str, message: str) -> None:
        assert cli("--port", port, "info").code == 0
        assert "type pre_shared_secret" in fails(cli, 4, "--port", port, "hmac", "--key", "0xF1D1", message)


class TestAes:
    def test_cbc(self, cli: Cli, port: str, message: str, aes: bytes) -> None:
        words = ("--iv", IV.hex(), "--mode", "cbc")
        assert cli("--port", port, "aes", "encrypt", message, "--out", "protected", *words).out == ""
        padder, encryptor = PKCS7(128).padder(), Cipher(algorithms.AES(aes), modes.CBC(IV)).encryptor()
        padded = padder.update(MESSAGE) + padder.finalize()
        assert Path("protected").read_bytes() == encryptor.update(padded) + encryptor.finalize()
        result = cli("--port", port, "aes", "decrypt", "protected", "--out", "plain", *words)
        assert (result.out, Path("plain").read_bytes()) == ("", MESSAGE)
        assert is_private("plain")
        cli("--port", port, "aes", "decrypt", "protected", "--out", "plain", "--pad", "none", "--force", *words)
        assert Path("plain").read_bytes() == padded

    def test_ecb_in_hex(self, cli: Cli, port: str, aes: bytes) -> None:
        Path("block").write_bytes(IV)
        words = ("--mode", "ecb", "--pad", "none", "--hex")
        encryptor = Cipher(algorithms.AES(aes), modes.ECB()).encryptor()
        assert bytes.fromhex(cli("--port", port, "aes", "encrypt", "block", *words).out) == encryptor.update(IV)
        shown = json.loads(cli("--port", port, "aes", "encrypt", "block", *words, "--output", "json").out)
        assert (shown["mode"], shown["size"], len(shown["data"])) == ("ecb", 16, 32)

    def test_text_comes_out_as_it_is(self, cli: Cli, port: str, aes: bytes) -> None:
        Path("text").write_bytes(b"plain words")
        words = ("--iv", IV.hex())
        cli("--port", port, "aes", "encrypt", "text", "--out", "protected", *words)
        assert cli("--port", port, "aes", "decrypt", "protected", *words).out == "plain words"

    def test_wrong_vector(self, cli: Cli, port: str, aes: bytes) -> None:
        Path("text").write_bytes(b"plain words")
        cli("--port", port, "aes", "encrypt", "text", "--out", "protected", "--iv", IV.hex())
        error = fails(cli, 2, "--port", port, "aes", "decrypt", "protected", "--iv", "ff" * 16, "--out", "plain")
        assert "do not have PKCS #7 padding" in error
        assert not Path("plain").exists()

    def test_macs(self, cli: Cli, port: str, message: str, aes: bytes) -> None:
        expected = CMAC(algorithms.AES(aes))
        expected.update(MESSAGE)
        assert cli("--port", port, "aes", "mac", message).out == expected.finalize().hex() + "\n"
        Path("blocks").write_bytes(MESSAGE[:-3])
        encryptor = Cipher(algorithms.AES(aes), modes.CBC(bytes(16))).encryptor()
        last = encryptor.update(MESSAGE[:-3])[-16:]
        assert cli("--port", port, "aes", "mac", "blocks", "--mode", "cbc-mac").out == last.hex() + "\n"

    def test_no_key(self, cli: Cli, port: str, message: str) -> None:
        assert cli("--port", port, "info").code == 0
        assert "has no key" in fails(cli, 4, "--port", port, "aes", "mac", message)


class TestRsa:
    def test_there_and_back(self, cli: Cli, port: str) -> None:
        cli("--port", port, "key", "generate", "six", "--algorithm", "rsa1024", "--out", "six.pem")
        Path("text").write_bytes(b"for six")
        assert cli("--port", port, "rsa", "encrypt", "--key", "six.pem", "text", "--out", "protected").code == 0
        assert cli("--port", port, "rsa", "decrypt", "six", "protected").out == "for six"

    def test_for_the_host(self, cli: Cli, port: str) -> None:
        key = rsa.generate_private_key(65537, 2048)
        Path("cert.pem").write_bytes(make_certificate(public_key=key.public_key()))
        Path("text").write_bytes(b"x" * 245)
        shown = cli("--port", port, "rsa", "encrypt", "--key", "cert.pem", "text", "--hex").out
        assert key.decrypt(bytes.fromhex(shown), padding.PKCS1v15()) == b"x" * 245
        for size in (246, 257, 5000):
            Path("text").write_bytes(b"x" * size)
            error = fails(cli, 2, "--port", port, "rsa", "encrypt", "--key", "cert.pem", "text")
            assert f"{size} bytes are too long for RSA-2048, which encrypts at most 245 bytes" in error
            error = fails(cli, 2, "--port", port, "rsa", "encrypt", "--certificate", "0xE0E8", "text")
            assert re.search(f"{size} bytes are too long.* 117 .* 245 ", error)

    @pytest.mark.parametrize("size", [0, 127, 129, 5000])
    def test_another_size(self, cli: Cli, port: str, size: int) -> None:
        cli("--port", port, "key", "generate", "six", "--algorithm", "rsa1024", "--out", "six.pem")
        Path("protected").write_bytes(bytes(size))
        assert "the size must be 128" in fails(cli, 2, "--port", port, "rsa", "decrypt", "six", "protected")

    def test_for_a_certificate_on_the_chip(self, cli: Cli, port: str) -> None:
        Path("text").write_bytes(b"x")
        error = fails(cli, 4, "--port", port, "rsa", "encrypt", "--certificate", "0xE0E0", "text")
        assert "EncryptAsym 0xE0E0" in error


class TestDerive:
    @pytest.mark.parametrize("name", ["sha256", "sha512"])
    def test_hkdf(self, cli: Cli, port: str, secret: str, name: str, caplog: pytest.LogCaptureFixture) -> None:
        words = ("--secret", secret, "--size", "40", "--salt", "00:01", "--info", "02ff", "--hash", name)
        result = cli("--port", port, "key", "derive", "hkdf", *words)
        digest = hashes.SHA256() if name == "sha256" else hashes.SHA512()
        key = HKDF(digest, 40, b"\x00\x01", b"\x02\xff").derive(SECRET)
        assert result.out == key.hex() + "\n"
        assert "Warning: this is a secret key" in result.err
        caplog.clear()
        result = cli("--port", port, "-v", "key", "derive", "hkdf", *words, "--out", "key")
        assert (result.out, Path("key").read_bytes()) == ("", key)
        assert key.hex() not in caplog.text + result.err
        assert is_private("key")

    def test_tls_prf(self, cli: Cli, port: str, secret: str) -> None:
        seed = bytes(32)
        words = ("--secret", secret, "--size", "32", "--label", "key expansion", "--seed", seed.hex())
        shown = json.loads(cli("--port", port, "key", "derive", "tls-prf", *words, "--output", "json").out)
        start = b"key expansion" + seed
        first = hmac.digest(SECRET, start, "sha256")
        assert bytes.fromhex(shown["key"]) == hmac.digest(SECRET, first + start, "sha256")
        assert (shown["method"], shown["size"]) == ("tls-prf-sha256", 32)


MISTAKES = [
    Mistake("random 0", "0 is not in the range 1 to"),
    Mistake("random 8 --hex --raw", "do not go together"),
    Mistake("random 8 --raw --output text", "--raw prints bytes alone.*--output"),
    Mistake("--output repr random 8 --raw", "--raw prints bytes alone.*--output"),
    Mistake("random 8 --raw --query size", "--raw prints bytes alone.*--query"),
    Mistake("random 8 --out .", "names no file"),
    Mistake("random 8 --query colour", "finds nothing"),
    Mistake("hash", "Name a FILE, or an object"),
    Mistake("hash m --object 0xF1D0", "Name a FILE, or an object"),
    Mistake("hash none", "cannot read the file none"),
    Mistake("hash --object 0xE0F1", "never leaves the chip"),
    Mistake("hash --object 0xBEEF", "--object: .*not an OID of the chip"),
    Mistake("hmac m", "--key"),
    Mistake("hmac m --key 0xE100", "is a session"),
    Mistake("hmac m --key 0xE0F1", "holds no shared secret"),
    Mistake("hmac m --key nine", "--key: 'nine' is neither a slot nor an OID.*0xF1D0"),
    Mistake("hmac empty --key 0xF1D0", "empty is empty"),
    Mistake("aes encrypt m", "CBC needs.*there is none"),
    Mistake("aes encrypt m --iv 00", "16 bytes, not 1"),
    Mistake("aes encrypt m --iv zz", "not bytes in hex"),
    Mistake("aes encrypt m --mode ecb --iv 00", "ECB does not use --iv"),
    Mistake("aes encrypt m --mode ecb --pad none", "5 bytes are not a multiple"),
    Mistake("aes encrypt m --mode ecb --pad none", "pad it, use --pad pkcs7"),
    Mistake("aes decrypt m --mode ecb", "5 bytes are not a multiple.*whole blocks: check"),
    Mistake("aes decrypt block", "CBC needs.*there is none. Give the one .* [(]--iv[)]"),
    Mistake("aes encrypt m --mode ecb --out none/x", "the folder does not exist"),
    Mistake("aes encrypt m --mode ecb --out x", "there is no emulated chip.*no key in 0xE200"),
    Mistake("aes mac m --mode cbc-mac", "Use CMAC"),
    Mistake("aes mac empty", "empty is empty"),
    Mistake("rsa encrypt m", "either with --key or with --certificate"),
    Mistake("rsa encrypt m --key ec.pem", "has a key of type secp256r1"),
    Mistake("rsa encrypt m --key m", "no public key, certificate or CSR", CERTIFICATE),
    Mistake("rsa encrypt m --certificate 0xE0F1", "never leaves the chip"),
    Mistake("rsa decrypt second m", "there is no emulated chip.*no key in 0xE0F1"),
    Mistake("key derive hkdf --secret 0xF1D0 --size 15", "16 to 256"),
    Mistake("key derive hkdf --secret 0xE101 --size 16", "is a session"),
    Mistake("key derive hkdf --secret 0xF1D0 --size 16", "there is no emulated chip.*no secret in 0xF1D0"),
    Mistake("key derive hkdf --secret 0xF1D0 --size 16 --query x", "finds nothing"),
    Mistake(f"key derive hkdf --secret 0xF1D0 --size 16 --info {257 * '00'}", "--info has 257 bytes"),
    Mistake("key derive tls-prf --secret 0xF1D0 --size 16 --label short", "have 5 bytes together"),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.typed)
def test_mistakes(cli: Cli, port: str, mistake: Mistake) -> None:
    """One line, the exit code, and no file is left."""
    Path("m").write_bytes(b"short")
    Path("block").write_bytes(bytes(16))
    Path("empty").touch()
    pem = make_key().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path("ec.pem").write_bytes(pem)
    files = set(Path().iterdir())
    assert_mistake(cli, mistake, "--port", port)
    assert set(Path().iterdir()) == files
    assert not Path(port.removeprefix("emulator:")).exists()


def test_a_terminal_gets_no_bytes(cli: Cli, port: str, aes: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("m").write_bytes(b"words")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    error = fails(cli, 2, "--port", port, "random", "8", "--raw")
    assert "random bytes cannot be written to a terminal" in error
    assert "omit --raw" in error
    result = cli("--port", port, "aes", "encrypt", "m", "--iv", IV.hex())
    Path("protected").write_bytes(bytes.fromhex(result.out))
    assert "is not text: printed in hex" in result.err
    assert cli("--port", port, "aes", "decrypt", "protected", "--iv", IV.hex()).out == "words\n"
