"""Objects by the names of slots: which of a slot's two objects a command takes, and what is said where none is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga import ChipError, ConfigurationError, KeyAlgorithm, ObjectRef, open_chip
from optiga.protocol.codes import SignatureScheme
from optiga.protocol.objects import SLOTS, Slot
from tests.support.cli.mistakes import Mistake, assert_mistake, fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate


@pytest.fixture(autouse=True)
def _files(cli: Cli) -> None:
    Path("digits").write_text("0102 0304")
    Path("secret").write_bytes(b"a secret")
    Path("m").write_bytes(b"message")
    Path("cert.pem").write_bytes(make_certificate())


@pytest.mark.parametrize("name", ["fourth", "FOURTH", " fourth ", "0xE0E3", "e0e3"])
def test_a_slot_is_its_certificate(cli: Cli, port: str, name: str) -> None:
    at = ("--port", port)
    assert cli(*at, "object", "write", name, "digits", "--hex", "--query", "oid").out == "0xE0E3\n"
    for reading in (("object", "read", name), ("--read", name)):
        assert json.loads(cli(*at, *reading, "--output", "json").out) == {
            "oid": "0xE0E3",
            "size": 4,
            "data": "01020304",
            "certificates": [],
        }
    assert cli(*at, "object", "metadata", name, "--query", "oid").out == "0xE0E3\n"
    digest = cli(*at, "hash", "--object", name).out
    assert digest == cli(*at, "hash", "--object", "0xE0E3").out != ""
    cli(*at, "export", "chip.json", "--object", name, "--object", "0xE0E3")
    assert list(json.loads(Path("chip.json").read_text())) == ["e0e3"]


def test_locking_a_slots_certificate_leaves_its_key(cli: Cli, port: str) -> None:
    assert cli("--port", port, "info").code == 0
    result = cli("--port", port, "object", "lock", "third", "--yes", "--query", "oid")
    assert (result.code, result.out) == (0, "0xE0E2\n")
    with open_chip(port) as chip:
        assert chip.metadata(0xE0E2).is_locked
        assert not chip.metadata(0xE0F2).is_locked


@pytest.mark.parametrize(
    "arguments", [("object", "write", "third", "cert.pem"), ("--write", "cert.pem", "--id", "third")]
)
def test_a_certificate_for_a_slot(cli: Cli, port: str, arguments: tuple[str, ...]) -> None:
    result = cli("--port", port, *arguments, "--output", "json")
    written = json.loads(result.out)
    assert (written["oid"], written["slot"], written["written"]) == ("0xE0E2", "third", True)


def test_a_slot_for_a_key_is_its_key(cli: Cli, port: str) -> None:
    for name, oid in (("fourth", "0xE0F3"), ("0xe0e2", "0xE0F2")):
        result = cli("--port", port, "key", "generate", name, "--yes", "--out", "x.pem", "--query", "oid")
        assert (result.code, result.out) == (0, f"{oid}\n")
    for name in ("AES", "0xE200"):  # which a new chip keeps locked
        assert "0xE200" in fails(cli, 4, "--port", port, "key", "generate", name, "--yes")


def test_the_library_takes_names_and_references_too(port: str) -> None:
    with open_chip(port) as chip:
        third = ObjectRef.parse("third")
        key = chip.generate_key(third)
        named = ("third", "0xE0E2", 0xE0E2, 0xE0F2, third, SLOTS[2])
        assert {chip.key(name).oid for name in named} == {key.oid} == {0xE0F2}
        assert chip.key("0xE200", KeyAlgorithm.AES128).oid == 0xE200
        chip.write("third", b"held")
        assert (
            chip.read(third)
            == chip.read("0xE0E2")
            == chip.read(0xE0E2)
            == chip.objects.read_if_allowed("third")
            == b"held"
        )
        assert chip.metadata("third").used_size == chip.metadata("0xE0E2").used_size == 4
        assert chip.metadata("0xE0F2").algorithm is KeyAlgorithm.SECP256R1
        assert chip.objects.find_unusable("third") is None


def test_the_toolbox_takes_names_too(port: str) -> None:
    with open_chip(port) as chip:
        with pytest.raises(ConfigurationError, match="0xE0E1 is not an authorization reference"):
            chip.crypto.clear_authorization("second")
        with pytest.raises(ConfigurationError, match="an update without fragments"):
            chip.updates.apply("second", b"manifest", [])
        with pytest.raises(ChipError, match="VerifySign"):
            chip.crypto.verify_digest(bytes(32), b"", "second", SignatureScheme.ECDSA)


def test_the_library_takes_nothing_else(port: str) -> None:
    unknown = Slot("seventh", 0xE0F9, 0xE0E9)
    with open_chip(port) as chip:
        for use in (chip.read, chip.metadata, chip.key, chip.generate_key):
            for wrong in (True, 1.5, b"second", None):
                with pytest.raises(TypeError, match=rf"{use.__name__}: an object must be given as"):
                    use(wrong)  # type: ignore[operator]
            with pytest.raises(ConfigurationError, match="seventh"):
                use(unknown)  # type: ignore[operator]


@pytest.mark.parametrize("name", ["seventh", "", "0xE0E1 1"])
def test_the_library_says_what_it_does_not_know(port: str, name: str) -> None:
    with open_chip(port) as chip:
        for use in (chip.read, chip.metadata, chip.key, chip.generate_key):
            with pytest.raises(ConfigurationError, match=repr(name)):
                use(name)  # type: ignore[operator]
        with pytest.raises(ConfigurationError, match="slot five has a key"):
            chip.read("five")
        with pytest.raises(ConfigurationError, match="'0xE0E8' is not a slot"):
            chip.generate_key("0xE0E8")


MISTAKES = (
    Mistake("object metadata five", "slot five has a key.*Give the key by its OID: 0xE0FC"),
    Mistake("object read six", "slot six has a key .0xE0FD. but no object.*Give an object by its OID: 0xE0E1"),
    Mistake("object read aes", "0xE200 cannot be read: a symmetric key never leaves the chip"),
    Mistake("object lock tenth", "'tenth' is neither a slot nor an OID.*first, second"),
    Mistake("counter show second", "0xE0E1 .certificate of slot second. is not a counter.*0xE120"),
    Mistake("hmac m --key second", "--key: 0xE0E1 .certificate of slot second. holds no shared secret.*0xF1D0"),
    Mistake("key derive hkdf --secret tenth --size 16", "--secret: 'tenth' is neither"),
    Mistake("key public third", "there is no emulated chip.*no certificate in 0xE0E2"),
    Mistake("key public second --certificate 0xE0F2", "--certificate: 0xE0F2 cannot be read.*0xE0E2 .slot third"),
    Mistake("key sign aes m", "0xE200 .* is neither a key nor a certificate object of a slot.*first, second"),
    Mistake("key sign 0xE0E8 m", "0xE0E8 .trust anchor 1. is neither a key nor a certificate object of a slot"),
    Mistake("key generate 0xF1D0", "0xF1D0 .* holds no key. Use one of first.* six and aes"),
    Mistake("key verify aes m m", "aes"),
    Mistake("hash m --authorize second=secret", "--authorize: 0xE0E1 .certificate of slot second. holds no auth"),
    Mistake("export chip.json --object tenth", "--object: 'tenth' is neither"),
    Mistake("--write cert.pem --slot five", "slot five has a key.*0xF1E0 .--id."),
    Mistake("--write cert.pem --id 0xE0F1", "private key.*The key's certificate is in 0xE0E1"),
    Mistake("--read beef", "'beef' is not an OID of the chip"),
)


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.typed)
def test_mistakes(cli: Cli, port: str, mistake: Mistake) -> None:
    assert_mistake(cli, mistake, "--port", port)
    assert not Path("chip.json").exists()


def test_a_file_that_is_called_as_the_aes_key(cli: Cli, port: str) -> None:
    Path("aes").write_bytes(b"no key")
    assert "aes" in fails(cli, 5, "--port", port, "key", "verify", "aes", "m", "m")
