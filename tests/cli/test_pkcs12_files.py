"""PKCS #12 containers with a passphrase, wherever a file of certificates or a private key is read."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, NoEncryption, pkcs12

import optiga
from tests.support.cli.provisioned import Bench
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down
from tests.support.makers import make_certificate, make_key
from tests.support.sampling import sampled

WORDS, VARIABLE = "violet anchor tundra", "OPTIGA_FILE_PASSPHRASE"
OPTION = "--pkcs12-passphrase-file"


@pytest.fixture(autouse=True)
def _files(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A container in ``device.p12``, what opens it in ``words``, what does not in ``wrong``."""
    monkeypatch.delenv(VARIABLE, raising=False)
    key = make_key()
    certificate = x509.load_pem_x509_certificate(make_certificate(key))
    Path("device.pem").write_bytes(make_certificate(key))
    for name, encryption in (("device.p12", BestAvailableEncryption(WORDS.encode())), ("open.p12", NoEncryption())):
        Path(name).write_bytes(
            pkcs12.serialize_key_and_certificates(b"device", key.private, certificate, None, encryption)
        )
    for name, text in (("words", WORDS), ("wrong", "another anchor")):
        Path(name).write_text(text)
        Path(name).chmod(0o600)


WAYS = {
    "--write": ("--write", "device.p12", "--slot", "second"),
    "--dry-run": ("--write", "device.p12", "--dry-run"),
    "object write": ("object", "write", "0xE0E1", "device.p12"),
    "object write as its type": ("object", "write", "0xE0E8", "device.p12"),
}


@pytest.mark.parametrize("way", sampled(WAYS, 2))
def test_it_is_opened(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    words = ("--port", port, *WAYS[way])
    refused = cli(*words)
    assert (refused.code, refused.out, len(refused.errors)) == (2, "", 1)
    assert OPTION in refused.errors[0]
    assert VARIABLE in refused.errors[0]
    wrong = cli(*words, OPTION, "wrong")
    assert (wrong.code, len(wrong.errors)) == (2, 1)
    assert "does not open" in wrong.errors[0]
    assert cli(*words, OPTION, "words").code == 0
    monkeypatch.setenv(VARIABLE, WORDS)
    assert cli(*words).code == 0


@pytest.mark.parametrize("way", sampled(WAYS, 2))
def test_whoever_is_there_is_asked(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    asked = sit_down(monkeypatch, WORDS, *["another anchor"] * 3, "another anchor", WORDS)
    words = ("--port", port, *WAYS[way])
    assert cli(*words).code == 0
    assert len(asked) == 1
    assert cli(*words, OPTION, "words").code == 0
    wrong = cli(*words)
    assert (wrong.code, len(asked)) == (2, 4)
    assert wrong.err.count("does not open") == 3
    mended = cli(*words)
    assert (mended.code, len(asked)) == (0, 6)
    assert "does not open" in mended.err  # behind the prompt, whose line older releases of click leave open


def test_nobody_is_asked_for_what_is_open(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sit_down(monkeypatch)
    for name in ("open.p12", "device.pem"):
        assert cli("--port", port, "--write", name).code == 0


def test_signer(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = sit_down(monkeypatch, WORDS, "another anchor", WORDS)
    data = ("update", "make", "data", "0xE0E8", "device.p12", "--version", "1", "--anchor", "0xE0E9")
    assert cli(*data, "--signer", "device.p12", "--out", "update.json").code == 0
    assert len(asked) == 3


class TestTrust:
    @pytest.fixture(autouse=True)
    def _root(self, cli: Cli) -> None:
        """The emulator's root in a container, ``root.p12``."""
        root = x509.load_pem_x509_certificate(cli("emulator", "root").out.encode())
        locked = BestAvailableEncryption(WORDS.encode())
        Path("root.p12").write_bytes(pkcs12.serialize_key_and_certificates(None, None, None, [root], locked))

    @pytest.mark.parametrize("command", ["register", "provision"])
    def test_it_is_opened(
        self, cli: Cli, bench: Bench, config: Path, monkeypatch: pytest.MonkeyPatch, command: str
    ) -> None:
        job = ("register", "--thing", "lamp") if command == "register" else ("provision", config)
        words = ("--port", bench.port, *job, "--trust", "root.p12")
        refused = cli(*words)
        assert (refused.code, len(refused.errors)) == (2, 1)
        assert OPTION in refused.errors[0]
        assert VARIABLE in refused.errors[0]
        assert cli(*words, OPTION, "wrong").code == 2
        asked = sit_down(monkeypatch, WORDS)
        opened = cli(*words)
        assert (opened.code, len(asked)) == (0, 1)
        assert "has not proven" not in opened.err
        assert cli(*words, OPTION, "words").code == 0

    def test_it_goes_with_trust(self, cli: Cli, bench: Bench) -> None:
        assert cli("--port", bench.port, "register", "--thing", "lamp", OPTION, "words").code == 2


def test_standard_input(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(Path("device.p12").read_bytes())
        isatty = staticmethod(lambda: False)

    monkeypatch.setattr("sys.stdin", Stdin)
    assert cli("--port", port, "--write", "-", OPTION, "words").code == 0


def test_what_needs_no_passphrase(cli: Cli, port: str) -> None:
    for name in ("open.p12", "device.pem"):
        assert cli("--port", port, "--write", name, OPTION, "words").code == 0
    assert cli("--port", port, "--csr", "config.jsn", OPTION, "words").code == 2
    assert cli("--port", port, "--write", "device.p12", OPTION, "missing").code == 2


def test_updates(cli: Cli) -> None:
    data = ("update", "make", "data", "0xE0E8", "device.p12", "--version", "1", "--anchor", "0xE0E9")
    out = ("--out", "update.json")
    assert cli(*data, "--signer", "open.p12", *out).code == 2
    assert cli(*data, "--signer", "open.p12", OPTION, "words", *out).code == 0
    signed = (*data, OPTION, "words", "--signer", "device.p12", "--out", "other.json")
    assert cli(*signed).code == 2
    assert cli(*signed, "--passphrase-file", "wrong").code == 2
    assert cli(*signed, "--passphrase-file", "words").code == 0


def test_in_a_program(port: str) -> None:
    with optiga.open_chip(port) as chip:
        with pytest.raises(optiga.ConfigurationError):
            optiga.write_certificate(chip, "device.p12")
        with pytest.raises(optiga.ConfigurationError):
            optiga.write_certificate(chip, "device.p12", passphrase="another anchor")
        assert optiga.write_certificate(chip, "device.p12", passphrase=WORDS).written
        assert not optiga.write_certificate(chip, Path("device.p12").read_bytes(), passphrase=WORDS).written


def _aws_answer() -> None:
    """What ``aws iot create-keys-and-certificate`` prints."""
    key = make_key()
    answer = {"certificatePem": make_certificate(key).decode(), "keyPair": {"PrivateKey": key.pem.decode()}}
    Path("aws.json").write_text(json.dumps(answer))


KEYS_BESIDE = {
    "a container": ("open.p12",),
    "a container with a passphrase": ("device.p12", OPTION, "words"),
    "what aws prints": ("aws.json",),
}
KEY_WAYS = {
    "--write": ("--write",),
    "--dry-run": ("--dry-run", "--write"),
    "object write": ("object", "write", "second"),
    "of a type": ("object", "write", "0xF1E0"),
}


@pytest.mark.parametrize("kind", KEYS_BESIDE)
@pytest.mark.parametrize("way", KEY_WAYS)
def test_a_private_key_beside_the_certificate(cli: Cli, port: str, kind: str, way: str) -> None:
    _aws_answer()
    if way == "of a type":
        assert cli("--port", port, "object", "metadata", "0xF1E0", "type: trust_anchor").code == 0
    for mode, read in ((0o600, 0), (0o644, 1)):
        Path(KEYS_BESIDE[kind][0]).chmod(mode)
        result = cli("--port", port, *KEY_WAYS[way], *KEYS_BESIDE[kind])
        assert result.code == 0, result.err
        assert result.err.count("is not used: the chip has its own") == 1
        assert result.err.count(f"other users can read the private key in {KEYS_BESIDE[kind][0]}") == read


def test_a_private_key_beside_it_in_pem_is_refused(cli: Cli, port: str) -> None:
    Path("both.pem").write_bytes(make_key().pem + Path("device.pem").read_bytes())
    result = cli("--port", port, "--write", "both.pem")
    assert (result.code, len(result.errors)) == (5, 1)
    assert "both.pem holds a private key" in result.errors[0]


def test_a_certificate_that_stands_twice(cli: Cli, port: str) -> None:
    Path("twice.pem").write_bytes(Path("device.pem").read_bytes() * 2)
    result = cli("--port", port, "--write", "twice.pem")
    assert result.code == 0
    assert "twice.pem has the same certificate several times: it is used once" in result.err
    assert "does not hold" not in result.err
    assert cli("--port", port, "--read", "second").out == Path("device.pem").read_text()
