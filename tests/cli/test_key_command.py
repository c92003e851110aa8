"""``key``: keys of the chip from the command line, checked with the cryptography library."""

from __future__ import annotations

import json
import re
import shlex
import stat
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

import optiga
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.makers import TestKey, key_usage, make_certificate, make_key

MESSAGE = b"what is signed\n"
HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}
CURVES = ["secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1"]


@pytest.fixture
def message(cli: Cli) -> str:
    Path("message").write_bytes(MESSAGE)
    return "message"


@pytest.fixture
def third(cli: Cli, port: str) -> ec.EllipticCurvePublicKey:
    """The public key of a key in the third slot, which is in ``third.pem``, too."""
    assert cli("--port", port, "key", "generate", "third", "--out", "third.pem").code == 0
    return load_public("third.pem")


def load_public(path: str) -> ec.EllipticCurvePublicKey:
    key = load_pem_public_key(Path(path).read_bytes())
    assert isinstance(key, ec.EllipticCurvePublicKey)
    return key


def save_public(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, path: str) -> str:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path(path).write_bytes(pem)
    return path


class TestList:
    def test_text(self, cli: Cli, port: str, third: object) -> None:
        lines = cli("--port", port, "key", "list").out.splitlines()
        assert lines[0].split() == ["oid", "slot", "algorithm", "usage", "life_cycle", "change", "execute"]
        assert lines[3].split() == (
            [
                "0xE0F2",
                "third",
                "secp256r1",
                "authentication,",
                "key_agreement",
                "creation",
                "lcso",
                "<",
                "operational",
                "always",
            ]
        )
        assert lines[4].split()[:3] == ["0xE0F3", "fourth", "-"]

    def test_json(self, cli: Cli, port: str) -> None:
        keys = json.loads(cli("--port", port, "key", "list", "--output", "json").out)["keys"]
        assert [key["slot"] for key in keys] == ["first", "second", "third", "fourth", "five", "six", "aes"]
        assert keys[0] == {
            "oid": "0xE0F0",
            "slot": "first",
            "algorithm": "secp256r1",
            "usage": ["authentication"],
            "life_cycle": "creation",
            "change": "never",
            "execute": "always",
        }
        assert keys[1]["algorithm"] is None
        assert cli("--port", port, "key", "list", "--query", "keys[0].algorithm").out == "secp256r1\n"

    def test_fewer_keys(self, cli: Cli, port: str) -> None:
        keys = json.loads(cli("--port", f"{port}?model=trust-x", "key", "list", "--output", "json").out)["keys"]
        assert [key["oid"] for key in keys] == ["0xE0F0", "0xE0F1", "0xE0F2", "0xE0F3"]


class TestGenerate:
    @pytest.mark.parametrize("algorithm", [*CURVES, "rsa1024"])
    def test_every_algorithm_signs(self, cli: Cli, port: str, message: str, algorithm: str) -> None:
        slot = "six" if algorithm.startswith("rsa") else "fourth"
        made = cli("--port", port, "key", "generate", slot, "--algorithm", algorithm)
        key = load_pem_public_key(made.out.encode())
        cli("--port", port, "key", "sign", slot, message, "--out", "sig")
        signature = Path("sig").read_bytes()
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())
        else:
            assert isinstance(key, ec.EllipticCurvePublicKey)
            bits = key.curve.key_size
            key.verify(signature, MESSAGE, ec.ECDSA(HASHES[f"sha{512 if bits > 500 else bits}"]))
        Path("key.pem").write_text(made.out)
        assert cli("--port", port, "key", "verify", "key.pem", "sig", message).code == 0

    def test_result(self, cli: Cli, port: str) -> None:
        words = ("--usage", "signature,key-agreement", "--out", "k.pem", "--output", "json")
        result = cli("--port", port, "key", "generate", "0xE0E1", *words)
        fields = json.loads(result.out)
        assert fields.pop("public_key") == Path("k.pem").read_text()
        assert fields == {
            "oid": "0xE0F1",
            "slot": "second",
            "algorithm": "secp256r1",
            "usage": ["signature", "key_agreement"],
            "file": "k.pem",
        }
        usage = cli("--port", port, "key", "list", "--query", "keys[1].usage", "--output", "json").out
        assert json.loads(usage) == ["signature", "key_agreement"]

    def test_a_key_that_is_lost(self, cli: Cli, port: str, third: ec.EllipticCurvePublicKey) -> None:
        before = Path("third.pem").read_bytes()
        error = fails(cli, 2, "--port", port, "key", "generate", "third", "--out", "third.pem")
        assert (
            "Generating a new key in slot third (0xE0F2) can never be undone (the current secp256r1 key will be lost)"
            in error
        )
        assert "--yes" in error
        assert Path("third.pem").read_bytes() == before
        result = cli("--port", port, "key", "generate", "third", "--yes", "--out", "third.pem")
        assert (result.code, result.out) == (0, "")
        assert "the current secp256r1 key will be lost" in result.err
        assert Path("third.pem").read_bytes() != before

    def test_a_certificate_that_is_another_keys(self, cli: Cli, port: str, third: ec.EllipticCurvePublicKey) -> None:
        Path("cert.pem").write_bytes(make_certificate(public_key=third))
        assert cli("--port", port, "--write", "cert.pem", "--slot", "third", "--strict").code == 0
        result = cli("--port", port, "key", "generate", "third", "--yes", "-q")
        (warning,) = [line for line in result.err.splitlines() if line.startswith("Warning")]
        assert "0xE0E2 holds the certificate of CN=test device, which does not belong to the new key" in warning
        result = cli("--port", port, "key", "public", "third")
        assert "0xE0E2 does not belong to the key in 0xE0F2" in result.err

    def test_a_full_disk_does_not_lose_the_public_key(
        self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise optiga.ConfigurationError("the disk is full")

        monkeypatch.setattr("optiga.cli.support.replacing.write_new", full)
        result = cli("--port", port, "key", "generate", "third", "--out", "third.pem")
        assert result.code == 2
        assert load_pem_public_key(result.out.encode())

    def test_aes(self, cli: Cli, port: str) -> None:
        said = fails(cli, 4, "--port", port, "key", "generate", "aes")
        assert "0xE200 accepts no key on a new chip" in said
        (words,) = re.findall(r"'(object metadata 0xE200 [^']+)'", said)
        assert cli(*shlex.split(words)).code == 0
        result = cli("--port", port, "key", "generate", "aes", "--bits", "192")
        assert (result.code, result.out) == (0, "")
        assert cli("--port", port, "key", "list", "--query", "keys[6].algorithm").out == "aes192\n"
        assert "0xE200" in fails(cli, 2, "--port", port, "key", "generate", "0xE200")


def make_anchor(key: TestKey) -> bytes:
    """A root's certificate in PEM, with the key usage that the chip asks for."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "anchor")])
    usage = key_usage("digital_signature", "key_cert_sign")
    now = datetime.now(timezone.utc)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.private.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    certificate = builder.add_extension(usage, critical=True).sign(key.private, hashes.SHA256())
    return certificate.public_bytes(Encoding.PEM)


class TestSignAndVerify:
    def test_forms(self, cli: Cli, port: str, message: str, third: ec.EllipticCurvePublicKey) -> None:
        """Every form is a signature, and every form is understood."""
        for form in ("der", "raw", "hex", "base64"):
            sign = ("key", "sign", "third", message, "--format", form, "--out", form)
            assert cli("--port", port, *sign).out == ""
            assert cli("--port", port, "key", "verify", "third.pem", form, message).code == 0
        third.verify(Path("der").read_bytes(), MESSAGE, ec.ECDSA(hashes.SHA256()))
        raw = Path("raw").read_bytes()
        assert len(raw) == 64
        numbers = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
        third.verify(encode_dss_signature(*numbers), MESSAGE, ec.ECDSA(hashes.SHA256()))
        shown = cli("--port", port, "key", "sign", "third", message).out
        third.verify(bytes.fromhex(shown), MESSAGE, ec.ECDSA(hashes.SHA256()))

    @pytest.mark.parametrize("name", list(HASHES))
    def test_hashes(self, cli: Cli, port: str, message: str, third: ec.EllipticCurvePublicKey, name: str) -> None:
        cli("--port", port, "key", "sign", "third", message, "--hash", name, "--out", "sig")
        third.verify(Path("sig").read_bytes(), MESSAGE, ec.ECDSA(HASHES[name]))
        verified = cli("--port", port, "key", "verify", "third.pem", "sig", message, "--hash", name, "--output", "json")
        assert json.loads(verified.out) == {
            "verified": True,
            "key": "third.pem",
            "algorithm": "secp256r1",
            "hash": name,
        }

    @pytest.mark.long
    def test_the_hosts_signature(self, cli: Cli, port: str, message: str) -> None:
        key = rsa.generate_private_key(65537, 2048)
        Path("sig").write_bytes(key.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512()))
        save_public(key, "rsa.pem")
        result = cli("--port", port, "key", "verify", "rsa.pem", "sig", message, "--hash", "sha512")
        assert (result.code, result.out) == (0, "The chip has verified the signature: rsa2048, sha512\n")
        assert "is not valid for" in fails(cli, 5, "--port", port, "key", "verify", "rsa.pem", "sig", message)

    def test_with_the_slots_certificate(self, cli: Cli, port: str, message: str) -> None:
        cli("--port", port, "key", "sign", "first", message, "--out", "sig")
        assert cli("--port", port, "key", "verify", "first", "sig", message).code == 0
        Path("message").write_bytes(MESSAGE + b"more")
        error = fails(cli, 5, "--port", port, "key", "verify", "first", "sig", message)
        assert "is not valid for the key of first (secp256r1, sha256)" in error
        assert "0xE0E1 holds no certificate" in fails(cli, 5, "--port", port, "key", "verify", "second", "sig", message)

    def test_with_a_trust_anchor(self, cli: Cli, port: str, message: str) -> None:
        """The chip parses the certificate itself; without key usage it refuses it."""
        key = make_key()
        Path("anchor.pem").write_bytes(make_certificate(key, ca=True))
        cli("--port", port, "--write", "anchor.pem", "--id", "0xE0E8")
        Path("sig").write_bytes(key.private.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
        assert cli("--port", port, "key", "verify", "anchor.pem", "sig", message).code == 0
        error = fails(cli, 4, "--port", port, "key", "verify", "0xE0E8", "sig", message)
        assert "VerifySign" in error
        assert "key usage digital signature or cert sign" in error

    def test_the_chip_parses_a_trust_anchor(
        self, cli: Cli, port: str, message: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        key = make_key()
        Path("anchor.pem").write_bytes(make_anchor(key))
        assert cli("--port", port, "--write", "anchor.pem", "--id", "0xE0E8").code == 0
        Path("sig").write_bytes(key.private.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
        result = cli("--port", port, "-vv", "key", "verify", "0xE0E8", "sig", message)
        assert result.code == 0, result.err
        assert "040002e0e8" in caplog.text  # the object is named, no key is sent
        Path("sig").write_bytes(make_key().private.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
        assert "key of 0xE0E8" in fails(cli, 5, "--port", port, "key", "verify", "0xE0E8", "sig", message)

    def test_with_a_certificate_among_other_data(self, cli: Cli, port: str, message: str) -> None:
        key = make_key()
        Path("certificate").write_bytes(x509.load_pem_x509_certificate(make_anchor(key)).public_bytes(Encoding.DER))
        assert cli("--port", port, "object", "write", "0xF1E0", "certificate").code == 0
        Path("sig").write_bytes(key.private.sign(MESSAGE, ec.ECDSA(hashes.SHA256())))
        assert cli("--port", port, "key", "verify", "0xF1E0", "sig", message).code == 0

    def test_wrong_signatures(self, cli: Cli, port: str, message: str, third: ec.EllipticCurvePublicKey) -> None:
        other = make_key().private.sign(MESSAGE, ec.ECDSA(hashes.SHA256()))
        with pytest.raises(InvalidSignature):
            third.verify(other, MESSAGE, ec.ECDSA(hashes.SHA256()))
        for content, why in (
            (other, "is not valid for"),
            (b"", "not a signature by"),
            (b"\x30\x01", "not a signature by"),
        ):
            Path("sig").write_bytes(content)
            assert why in fails(cli, 5, "--port", port, "key", "verify", "third.pem", "sig", message)

    def test_standard_input(
        self, cli: Cli, port: str, third: ec.EllipticCurvePublicKey, monkeypatch: pytest.MonkeyPatch, message: str
    ) -> None:
        with Path(message).open() as stream:
            monkeypatch.setattr(sys, "stdin", stream)
            shown = cli("--port", port, "key", "sign", "third", "-").out
        third.verify(bytes.fromhex(shown), MESSAGE, ec.ECDSA(hashes.SHA256()))


class TestPublic:
    def test_of_the_certificate(self, cli: Cli, port: str, third: ec.EllipticCurvePublicKey) -> None:
        Path("cert.pem").write_bytes(make_certificate(public_key=third))
        cli("--port", port, "--write", "cert.pem", "--slot", "third")
        result = cli("--port", port, "key", "public", "third")
        assert result.out == Path("third.pem").read_text()
        assert "From the certificate of CN=test device in 0xE0E2" in result.err
        assert "Warning" not in result.err
        assert cli("--port", port, "key", "public", "0xE0F2", "--query", "key_match").out == "True\n"

    def test_no_certificate(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "info").code == 0
        assert "outputs a public key only when it generates the key" in fails(
            cli, 5, "--port", port, "key", "public", "third"
        )
        assert "no object for its certificate" in fails(cli, 2, "--port", port, "key", "public", "five")


class TestEcdh:
    @pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP521R1()])
    def test_both_sides_have_the_same(self, cli: Cli, port: str, curve: ec.EllipticCurve) -> None:
        cli("--port", port, "key", "generate", "third", "--algorithm", curve.name, "--out", "third.pem")
        peer = ec.generate_private_key(curve)
        save_public(peer, "peer.pem")
        secret = peer.exchange(ec.ECDH(), load_public("third.pem"))
        result = cli("--port", port, "key", "ecdh", "third", "peer.pem", "-q")
        assert result.out == secret.hex() + "\n"
        assert "Warning: this is the shared secret" in result.err
        assert secret.hex() not in result.err
        result = cli("--port", port, "-v", "key", "ecdh", "third", "peer.pem", "--out", "secret")
        assert (result.out, Path("secret").read_bytes()) == ("", secret)
        assert secret.hex() not in result.err
        if sys.platform != "win32":
            assert stat.S_IMODE(Path("secret").stat().st_mode) == 0o600

    def test_a_session_tells_nothing(
        self, cli: Cli, port: str, third: ec.EllipticCurvePublicKey, caplog: pytest.LogCaptureFixture
    ) -> None:
        peer = ec.generate_private_key(ec.SECP256R1())
        save_public(peer, "peer.pem")
        result = cli("--port", port, "-vv", "key", "ecdh", "third", "peer.pem", "--session", "2", "--output", "json")
        fields = json.loads(result.out)
        assert (fields["session"], fields["secret"]) == (2, None)
        secret = peer.exchange(ec.ECDH(), third).hex()
        assert "080002e101" in caplog.text  # frames are shown, and the session is in them
        assert secret not in caplog.text + result.err

    def test_other_curve(self, cli: Cli, port: str, third: object) -> None:
        save_public(ec.generate_private_key(ec.SECP384R1()), "peer.pem")
        error = fails(cli, 2, "--port", port, "key", "ecdh", "third", "peer.pem")
        assert "is secp384r1, but the key in 0xE0F2 is secp256r1" in error


class TestDecrypt:
    def test_what_the_host_encrypts(self, cli: Cli, port: str) -> None:
        made = cli("--port", port, "key", "generate", "five", "--algorithm", "rsa1024")
        key = load_pem_public_key(made.out.encode())
        assert isinstance(key, rsa.RSAPublicKey)
        Path("protected").write_bytes(key.encrypt(b"a secret", padding.PKCS1v15()))
        assert cli("--port", port, "key", "decrypt", "five", "protected").out == "a secret"
        assert cli("--port", port, "key", "decrypt", "five", "protected", "--hex").out == b"a secret".hex() + "\n"
        cli("--port", port, "key", "decrypt", "five", "protected", "--out", "message")
        assert Path("message").read_bytes() == b"a secret"
        Path("protected").write_bytes(bytes(127) + b"\x01")
        assert "DecryptAsym" in fails(cli, 4, "--port", port, "key", "decrypt", "five", "protected")
        Path("protected").write_bytes(bytes(100))
        assert "must be 128" in fails(cli, 2, "--port", port, "key", "decrypt", "five", "protected")


def test_bytes_do_not_go_to_a_terminal(cli: Cli, port: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    error = fails(cli, 2, "--port", port, "key", "sign", "first", message, "--format", "raw")
    assert "a signature in the form raw cannot be written to a terminal" in error
    assert "--format hex" in error
