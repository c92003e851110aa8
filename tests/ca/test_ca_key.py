"""The key of a CA: how it is encrypted, with what, and how its passphrase changes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from asn1crypto.keys import EncryptedPrivateKeyInfo
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from optiga.ca import keys
from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.keys import encode_key, generate_key
from optiga.ca.passphrase_rules import check_passphrase
from optiga.errors import ConfigurationError
from optiga.files.passphrases import Passphrase
from optiga.pki.pem_blocks import iterate_blocks
from tests.support.ca_helpers import NEEDS_OPENSSL, openssl
from tests.support.places import ROOT
from tests.support.sampling import sampled

OLD, NEW = b"violet anchor tundra", b"another anchor in the bay"
NAME = CaName("Test root")


@pytest.mark.long
@pytest.mark.parametrize("curve", sampled(["p256", "p384"], keep=1))
@pytest.mark.parametrize("passphrase", sampled([OLD, "blå färg på ön".encode(), b"\xff\xfe not a text \x80"], keep=2))
def test_how_it_is_encrypted(curve: str, passphrase: bytes) -> None:
    key = generate_key(curve)
    pem = encode_key(key, passphrase)
    (block,) = iterate_blocks(pem, "key")
    assert block.label == "ENCRYPTED PRIVATE KEY"
    algorithm = EncryptedPrivateKeyInfo.load(block.data, strict=True)["encryption_algorithm"]
    assert (algorithm.kdf, algorithm.kdf_hmac, algorithm.kdf_iterations) == ("pbkdf2", "sha256", 600_000)
    assert (algorithm.encryption_cipher, algorithm.key_length, len(algorithm.kdf_salt)) == ("aes", 32, 16)
    assert load_pem_private_key(pem, passphrase).private_numbers() == key.private_numbers()
    with pytest.raises(ValueError, match="password"):
        load_pem_private_key(pem, passphrase + b"x")
    assert encode_key(key, passphrase) != pem  # another salt


def test_an_open_one() -> None:
    key = generate_key("p256")
    pem = encode_key(key, None)
    assert pem == key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.long
@NEEDS_OPENSSL
def test_openssl_reads_it(tmp_path: Path) -> None:
    (tmp_path / "ca.key").write_bytes(encode_key(generate_key("p384"), OLD))
    done = openssl("pkey", "-in", tmp_path / "ca.key", "-passin", f"pass:{OLD.decode()}", "-noout", "-text")
    assert "P-384" in done.stdout
    listed = openssl("asn1parse", "-in", tmp_path / "ca.key").stdout
    assert f":{600_000:06X}" in listed
    assert "hmacWithSHA256" in listed
    assert "aes-256-cbc" in listed


@pytest.mark.parametrize("passphrase", [b"correct horse", b"short 8!", b"a" * 12])
def test_an_older_key_opens(tmp_path: Path, passphrase: bytes) -> None:
    """Of cryptography's own builder, with a passphrase that nothing new may have."""
    folder = create_root(tmp_path / "root", NAME)
    key = load_pem_private_key(folder.key_pem, None)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    (folder.path / "ca.key").write_bytes(pem)
    CertificateAuthority.open(folder.path, passphrase).renew_crl()
    assert (folder.path / "ca.key").read_bytes() == pem


@pytest.mark.long
def test_an_older_reading_of_a_file_opens(tmp_path: Path) -> None:
    """What earlier versions took the mark of UTF-8 for: a part of the passphrase."""
    create_root(tmp_path / "root", NAME, passphrase=b"\xef\xbb\xbf" + OLD)
    CertificateAuthority.open(tmp_path / "root", Passphrase(OLD, (b"\xef\xbb\xbf" + OLD,)))
    with pytest.raises(ConfigurationError, match="does not open"):
        CertificateAuthority.open(tmp_path / "root", Passphrase(OLD))


class TestRules:
    @pytest.mark.parametrize(
        "text",
        [
            "violet anchor tundra",
            "correct horse",
            "the long words that open the root",
            "xK9#vQ2$mL7!",
            "Passwort fuer die Fabrik in Ulm",
            "the stone river bus castle the",
            "zvbn-98wq-ghty-33kl",
            "日本語の長い合言葉を使う人",
        ],
    )
    def test_good_ones(self, text: str) -> None:
        check_passphrase(text.encode())

    @pytest.mark.parametrize("text", ["", "short", "elevenchars", "äöüäöüäöüäö", "another one"])
    def test_short_ones(self, text: str) -> None:
        with pytest.raises(ConfigurationError, match=f"has {len(text)} characters, but needs at least 12"):
            check_passphrase(text.encode())

    @pytest.mark.parametrize(
        "text",
        [
            "aaaaaaaaaaaa",
            "abababababababab",
            "            ",
            "123456789012",
            "1234567890123456",
            "0987654321098765",
            "111222333444555",
            "passwordpassword",
            "PasswordPassword",
            "Password123456",
            "P@ssw0rd123456",
            "password!2024!",
            "passwort1234567",
            "qwertyuiop[]",
            "qwertzuiopasdf",
            "qwertyuiopasdfghjkl",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "abcdefghijkl",
            "abc123abc123abc123",
            "letmeinletmein1",
            "correct horse battery staple",
            "correcthorsebatterystaple",
            "iloveyou123456",
            "changeme-changeme",
            "administrator1",
            "welcome-2024-welcome",
            "secret secret secret",
            "optiga_trustm_2024",
        ],
    )
    def test_known_ones(self, text: str) -> None:
        with pytest.raises(ConfigurationError, match="easy to guess"):
            check_passphrase(text.encode())

    @pytest.mark.parametrize(
        "text", ["root root root root the factory", "factory factory factory lamp", "secretsecretsecret is"]
    )
    def test_a_word_that_is_said_again(self, text: str) -> None:
        """It makes a passphrase longer, and no harder to guess."""
        with pytest.raises(ConfigurationError, match="easy to guess"):
            check_passphrase(text.encode(), ("factory",))
        check_passphrase(f"{text} violet anchor".encode(), ("factory",))

    def test_they_are_refused_when_made_only(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError, match="easy to guess"):
            create_root(tmp_path / "root", NAME, passphrase=b"passwordpassword")
        assert list(tmp_path.iterdir()) == []


class TestChange:
    @pytest.fixture(autouse=True)
    def _quick(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(keys, "ROUNDS", 1000)

    def test_there_and_back(self, tmp_path: Path) -> None:
        create_root(tmp_path / "root", NAME)
        for old, new in ((None, OLD), (OLD, NEW), (NEW, None)):
            authority = CertificateAuthority.open(tmp_path / "root", old)
            folder = authority.change_passphrase(new)
            assert folder.key_is_encrypted is (new is not None)
            assert CertificateAuthority.open(tmp_path / "root", new).warnings == ()
        if os.name == "posix":
            assert (tmp_path / "root" / "ca.key").stat().st_mode & 0o777 == 0o600

    def test_a_weak_one_changes_nothing(self, tmp_path: Path) -> None:
        create_root(tmp_path / "root", NAME, passphrase=OLD)
        before = (tmp_path / "root" / "ca.key").read_bytes()
        with pytest.raises(ConfigurationError, match="at least 12"):
            CertificateAuthority.open(tmp_path / "root", OLD).change_passphrase(b"short")
        assert (tmp_path / "root" / "ca.key").read_bytes() == before

    def test_a_full_disk_changes_nothing(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        create_root(tmp_path / "root", NAME, passphrase=OLD)
        authority = CertificateAuthority.open(tmp_path / "root", OLD)
        names = {path.name for path in authority.folder.path.iterdir()}

        def fail(*arguments: object) -> None:
            raise OSError(28, "no space")

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fail)
            with pytest.raises(ConfigurationError, match="the disk is full"):
                authority.change_passphrase(NEW)
        CertificateAuthority.open(tmp_path / "root", OLD)
        assert {path.name for path in authority.folder.path.iterdir()} == names

    @pytest.mark.long
    def test_killed_at_each_event(self, tmp_path: Path) -> None:
        """Whatever the process was about to do, one of the two passphrases opens the key."""
        create_root(tmp_path / "root", NAME, passphrase=OLD)
        program = (
            "import os, sys\n"
            "from pathlib import Path\n"
            "from optiga.ca import keys\n"
            "from optiga.ca.authority import CertificateAuthority\n"
            "keys.ROUNDS = 1000\n"
            "folder, last = sys.argv[1], int(sys.argv[2])\n"
            f"authority = CertificateAuthority.open(Path(folder), {OLD!r})\n"
            "seen = 0\n"
            "def hook(event, arguments):\n"
            "    global seen\n"
            "    if event in ('open', 'os.rename', 'os.remove', 'os.link') and folder in str(arguments):\n"
            "        seen += 1\n"
            "        if seen == last:\n"
            "            os._exit(9)\n"
            "sys.addaudithook(hook)\n"
            f"authority.change_passphrase({NEW!r})\n"
        )
        states = []
        for last in range(1, 50):
            words = [sys.executable, "-c", program, str(tmp_path / "root"), str(last)]
            code = subprocess.run(words, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False).returncode
            opened = []
            for passphrase in (OLD, NEW):
                try:
                    CertificateAuthority.open(tmp_path / "root", passphrase)
                except ConfigurationError:
                    continue
                opened.append(passphrase)
            assert len(opened) == 1
            states.append(opened[0])
            if code == 0 or opened == [NEW]:
                break
            assert code == 9
        assert states[0] == OLD
        assert states[-1] == NEW
        assert len(states) >= 3
