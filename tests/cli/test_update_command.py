"""``update``: made, shown and applied, for each kind of payload; what cannot be undone, and what is interrupted."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

import optiga
from optiga.errors import BoardError
from optiga.protocol import tls_identity
from optiga.protocol.codes import CommandCode
from optiga.protocol.metadata import Metadata
from optiga.protocol.request import Request
from optiga.protocol.symmetric import SymmetricMode
from optiga.transport.emulated import EmulatedTransport
from tests.support import infineon_updates as infineon
from tests.support.cli.runner import Cli
from tests.support.cli.update_bench import PASSPHRASE, key_pem, prepare, save_files
from tests.support.emulator.updating import signer
from tests.support.makers import make_certificate

USAGE, BOARD, CHIP, INTERRUPTED = 2, 3, 4, 130
SIGNED = "--version 1 --anchor 0xE0E8 --signer signer.pem"
ENCRYPTED = f"{SIGNED} --secret secret --secret-oid 0xF1DB"


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("prepared") / "chip"
    prepare(path)
    return path


@pytest.fixture
def port(prepared: Path, tmp_path: Path) -> str:
    shutil.copy(prepared, tmp_path / "chip")
    return f"emulator:{tmp_path / 'chip'}"


@pytest.fixture(autouse=True)
def _files(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the folder that commands work in, and nobody at the terminal."""
    save_files(Path())
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def made(cli: Cli, typed: str, *more: str) -> None:
    result = cli("update", "make", *typed.split(), *more)
    assert (result.code, result.errors, result.out) == (0, [], "")


def applied(cli: Cli, port: str, path: str, *options: str) -> str:
    result = cli("--port", port, "update", "apply", path, *options)
    assert (result.code, result.errors) == (0, []), result.err
    return result.out


class TestData:
    def test_made_shown_checked_and_applied(self, cli: Cli, port: str) -> None:
        made(cli, f"data 0xF1E0 data {SIGNED} --out set.json")
        assert cli("update", "show", "set.json").out.splitlines() == [
            "target: 0xF1E0",
            "updates: data",
            "offset: 0",
            "write: erase_and_write",
            "size: 8",
            "fragments: 1",
            "payload_version: 1",
            "trust_anchor: 0xE0E8",
            "signature: ecdsa_sha256",
            "chip: any",
            "secret: -",
        ]
        checked = applied(cli, port, "set.json", "--check")
        assert checked == "0xF1E0 would accept this update of its data to version 1\n"
        assert cli("--port", port, "object", "read", "0xF1E0", "--query", "data").out == "00" * 1500 + "\n"
        lines = applied(cli, port, "set.json").splitlines()
        assert {"used_size: 1500 -> 8", "version: absent -> 1"} <= set(lines)
        assert cli("--port", port, "object", "read", "0xF1E0", "--query", "data").out == b"new data".hex() + "\n"

    def test_with_a_secret_that_is_known(self, cli: Cli, port: str) -> None:
        words = ("type: authorization_reference", "execute: always")
        cli("--port", port, "object", "write", "0xF1D9", "data")
        assert cli("--port", port, "object", "metadata", "0xF1D9", *words).code == 0
        assert cli("--port", port, "object", "metadata", "0xF1E0", "change: int 0xE0E8 && auto 0xF1D9").code == 0
        made(cli, f"data 0xF1E0 data {SIGNED} --out set.json")
        assert cli("--port", port, "update", "apply", "set.json").code == CHIP
        assert "version: absent -> 1" in applied(cli, port, "set.json", "--authorize", "0xF1D9=data")

    def test_encrypted_in_c(self, cli: Cli, port: str) -> None:
        Path("data").write_bytes(b"secret" * 200)
        made(cli, f"data 0xF1E1 data {ENCRYPTED} --label mine --out set.h")
        text = Path("set.h").read_text()
        assert "uint8_t fragment_02[]" in text
        assert "0x73, 0x65, 0x63" not in text
        applied(cli, port, "set.h")
        assert cli("--port", port, "object", "read", "0xF1E1", "--query", "data").out == (b"secret" * 200).hex() + "\n"

    def test_a_part_from_hex_on_standard_input(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        made(cli, f"data 0xF1E0 data {SIGNED} --out set.json")
        applied(cli, port, "set.json")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"41:42\n")))
        second = SIGNED.replace("--version 1", "--version 7")
        made(cli, f"data 0xF1E0 - --hex --offset 1 --no-erase {second} --out set.json")
        applied(cli, port, "set.json")
        assert cli("--port", port, "object", "read", "0xF1E0", "--query", "data").out == b"nAB data".hex() + "\n"

    def test_a_certificate_lies_as_write_would_lay_it(self, cli: Cli, port: str) -> None:
        pem = make_certificate(ca=True)
        Path("root.pem").write_bytes(pem)
        made(cli, f"data 0xE0E9 root.pem {SIGNED} --out anchor.json")
        applied(cli, port, "anchor.json")
        assert cli("--port", port, "object", "read", "0xE0E9").out.encode() == pem
        device = make_certificate()
        Path("device.pem").write_bytes(device)
        made(cli, f"data 0xE0E1 device.pem {SIGNED} --out device.json")
        (fragment,) = json.loads(Path("device.json").read_text())["fragments"]
        (der,) = tls_identity.decode(bytes.fromhex(fragment))
        assert load_pem_x509_certificate(device).public_bytes(Encoding.DER) == der

    def test_for_one_chip(self, cli: Cli, port: str) -> None:
        uid = cli("--port", port, "info", "--query", "uid").out.strip()
        made(cli, f"data 0xF1E0 data {SIGNED} --uid {uid} --out set.json")
        assert cli("update", "show", "set.json", "--query", "chip").out.strip() == uid[:50]
        applied(cli, port, "set.json")

    def test_results(self, cli: Cli, port: str) -> None:
        words = f"data 0xF1E0 data {SIGNED} --out set.json".split()
        assert json.loads(cli("update", "make", *words, "--output", "json").out) == {
            "target": "0xF1E0",
            "updates": "data",
            "offset": 0,
            "write": "erase_and_write",
            "size": 8,
            "fragments": 1,
            "payload_version": 1,
            "trust_anchor": "0xE0E8",
            "signature": "ecdsa_sha256",
            "chip": "any",
            "secret": None,
            "file": "set.json",
        }
        assert cli("update", "show", "set.json", "--query", "secret", "--output", "json").out == "null\n"
        checked = json.loads(applied(cli, port, "set.json", "--check", "--output", "json"))
        after = json.loads(applied(cli, port, "set.json", "--output", "json"))
        assert (checked["applied"], checked["after"], checked["version"]) == (False, None, 1)
        assert checked["before"] == after["before"]
        assert {name: after[name] for name in ("oid", "updates", "version", "applied", "resumed", "irreversible")} == {
            "oid": "0xF1E0",
            "updates": "data",
            "version": 1,
            "applied": True,
            "resumed": False,
            "irreversible": [],
        }
        assert after["after"]["words"]["version"] == "1"


class TestKeys:
    @pytest.fixture
    def key(self) -> ec.EllipticCurvePrivateKey:
        return ec.generate_private_key(ec.SECP256R1())

    def test_an_ec_key(self, cli: Cli, port: str, key: ec.EllipticCurvePrivateKey) -> None:
        Path("key.pem").write_bytes(key_pem(key, PASSPHRASE))
        Path("word").write_text(PASSPHRASE)
        made(cli, f"key third key.pem --key-passphrase-file word --usage signature {ENCRYPTED} --out set.json")
        assert json.loads(cli("update", "show", "set.json", "--query", "usage").out) == ["signature"]
        applied(cli, port, "set.json")
        cli("--port", port, "key", "sign", "third", "data", "--out", "data.sig")
        key.public_key().verify(Path("data.sig").read_bytes(), b"new data", ec.ECDSA(hashes.SHA256()))

    def test_a_key_that_is_there_is_lost(self, cli: Cli, port: str, key: ec.EllipticCurvePrivateKey) -> None:
        with optiga.open_chip(port) as chip:
            chip.write_metadata(0xE0F3, Metadata({0xD0: bytes.fromhex("e1fc07")}))
            chip.generate_key("fourth")
            chip.write_metadata(0xE0F3, Metadata({0xD0: bytes.fromhex("21e0e8")}))
        Path("key.pem").write_bytes(key_pem(key))
        plain = cli("update", "make", "key", "0xE0F3", "key.pem", *SIGNED.split(), "--out", "set.json")
        assert plain.code == 0
        assert "Warning: set.json holds the key unencrypted" in plain.err
        assert sys.platform == "win32" or Path("set.json").stat().st_mode & 0o077 == 0
        refused = cli("--port", port, "update", "apply", "set.json")
        assert (refused.code, refused.out) == (USAGE, "")
        assert "the current secp256r1 key will be lost), and cannot be confirmed" in refused.errors[0]
        assert "used_size" not in applied(cli, port, "set.json", "--yes")

    def test_an_aes_key(self, cli: Cli, port: str) -> None:
        key = bytes(range(32))
        Path("key.hex").write_text(key.hex())
        made(cli, f"key aes key.hex --hex {ENCRYPTED} --out set.json")
        assert key.hex() not in Path("set.json").read_text()
        lines = applied(cli, port, "set.json").splitlines()
        assert {"algorithm: absent -> aes256", "key_usage: absent -> encryption"} <= set(lines)
        encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
        with optiga.open_chip(port) as chip:
            assert chip.crypto.encrypt_aes(bytes(16), SymmetricMode.ECB) == encryptor.update(bytes(16))


class TestMetadata:
    def test_of_an_operational_object(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            chip.write_metadata(0xF1D3, Metadata({0xC0: b"\x07"}))
        words = ["read: auto 0xF1D1", "execute: always"]
        result = cli("update", "make", "metadata", "0xF1D3", *words, *SIGNED.split(), "--out", "set.json")
        assert result.errors == []
        assert cli("update", "show", "set.json", "--query", "metadata").out == "read: auto 0xF1D1; execute: always\n"
        lines = applied(cli, port, "set.json").splitlines()
        changes = {"lcso: operational -> creation", "read: always -> auto 0xF1D1", "execute: absent -> always"}
        assert changes <= set(lines)

    def test_what_is_fixed_is_asked_for(self, cli: Cli, port: str) -> None:
        words = ["lcso: operational", "metadata_update: never"]
        cli("update", "make", "metadata", "0xF1D3", *words, *SIGNED.split(), "--out", "set.json")
        assert "  none of its metadata can ever be changed again" in applied(cli, port, "set.json", "--check")
        refused = cli("--port", port, "update", "apply", "set.json")
        assert refused.code == USAGE
        assert "its life cycle state goes from creation to operational and never comes back" in refused.errors[0]
        result = cli("--port", port, "update", "apply", "set.json", "--yes")
        assert "  none of its metadata can ever be changed again" in result.err.splitlines()
        assert cli("--port", port, "object", "metadata", "0xF1D3", "--query", "words.metadata_update").out == "never\n"

    def test_content_that_is_overwritten_is_asked_for(self, cli: Cli, port: str) -> None:
        made(cli, f"metadata 0xF1D4 --reset zeros {SIGNED} --out set.json")
        refused = cli("--port", port, "update", "apply", "set.json")
        assert "its data (4 bytes) will be overwritten with zeros" in refused.errors[0]
        assert "used_size: 4 -> 0" in applied(cli, port, "set.json", "--yes").splitlines()

    def test_what_cannot_be_seen_is_asked_for(self, cli: Cli, port: str) -> None:
        cli("update", "make", "metadata", "0xF1D5", "read: never", *ENCRYPTED.split(), "--out", "set.json")
        assert cli("update", "show", "set.json", "--query", "metadata", "--output", "json").out == "null\n"
        refused = cli("--port", port, "update", "apply", "set.json")
        assert "it may fix any metadata" in refused.errors[0]
        assert "read: always -> never" in applied(cli, port, "set.json", "--yes").splitlines()


class TestSignature:
    def test_by_hand(self, cli: Cli) -> None:
        """The manifest taken apart with CBOR alone, and its signature verified as COSE has it (RFC 9052, 4.4)."""
        made(cli, f"data 0xF1E0 data {SIGNED} --out set.json")
        manifest = bytes.fromhex(json.loads(Path("set.json").read_text())["manifest"])
        protected, header, payload, signature = cbor2.loads(manifest)
        assert (cbor2.loads(protected), header) == ({1: -7}, {4: b"\xe0\xe8"})
        signed = cbor2.dumps([b"Signature1", protected, b"", payload])
        der = encode_dss_signature(*(int.from_bytes(part, "big") for part in (signature[:32], signature[32:])))
        signer().public_key().verify(der, signed, ec.ECDSA(hashes.SHA256()))
        if shutil.which("openssl"):
            public = signer().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
            for name, content in (("public.pem", public), ("signed", signed), ("signature", der)):
                Path(name).write_bytes(content)
            words = "openssl dgst -sha256 -verify public.pem -signature signature signed"
            done = subprocess.run(words.split(), capture_output=True, text=True, check=False)
            assert done.stdout == "Verified OK\n"

    def test_an_encrypted_key(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("signer.pem").write_bytes(key_pem(signer(), PASSPHRASE))
        words = f"update make data 0xF1E0 data {SIGNED} --out set.json".split()
        missing = cli(*words)
        assert (missing.code, len(missing.errors)) == (USAGE, 1)
        assert "signer.pem is encrypted. Give its passphrase: --passphrase-file FILE" in missing.errors[0]
        Path("word").write_text("another")
        wrong = cli(*words, "--passphrase-file", "word")
        assert (wrong.code, len(wrong.errors)) == (USAGE, 1)
        assert "Check the passphrase" in wrong.errors[0]
        assert "cannot ask for the passphrase" in cli(*words, "--ask-passphrase").errors[0]
        assert not Path("set.json").exists()
        Path("word").write_text(f"{PASSPHRASE}\n")
        assert cli(*words, "--passphrase-file", "word").code == 0
        monkeypatch.setenv("OPTIGA_SIGNER_PASSPHRASE", PASSPHRASE)
        assert cli(*words).code == 0

    @pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
    def test_files_of_secrets_that_others_may_use(self, cli: Cli) -> None:
        Path("signer.pem").write_bytes(key_pem(signer(), PASSPHRASE))
        Path("signer.pem").chmod(0o600)
        Path("word").write_bytes(f"\ufeff{PASSPHRASE}\r\n".encode("utf-16-le"))
        files = [Path("word"), Path("secret")]
        make = f"update make data 0xF1E0 data {ENCRYPTED} --passphrase-file word --out set.json".split()
        for file, what in zip(files, ("passphrase word", "secret secret"), strict=True):
            for other in files:
                other.chmod(0o600)
            assert "Warning" not in cli(*make).err
            file.chmod(0o604)
            assert f"Warning: other users can read the {what}" in cli(*make).err
            Path("set.json").unlink()
            file.chmod(0o602)
            result = cli(*make)
            assert result.code == USAGE
            assert f"other users can write the {what}" in result.errors[0]
            assert not Path("set.json").exists()

    @pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
    @pytest.mark.parametrize("kind", ["signer", "key", "aes"])
    def test_keys_that_others_may_use(self, cli: Cli, kind: str) -> None:
        """Whoever can write the signer's key has the next update signed with one of his own."""
        Path("new.pem").write_bytes(key_pem(ec.generate_private_key(ec.SECP256R1())))
        Path("new.aes").write_bytes(bytes(range(16)))
        for name in ("signer.pem", "new.pem", "new.aes", "secret"):
            Path(name).chmod(0o600)
        words = {"signer": "data 0xF1E0 data", "key": "key third new.pem", "aes": "key aes new.aes"}[kind]
        path = Path({"signer": "signer.pem", "key": "new.pem", "aes": "new.aes"}[kind])
        make = f"update make {words} {ENCRYPTED} --out set.json".split()
        assert "other users" not in cli(*make).err
        path.chmod(0o644)
        assert f"other users can read the {'AES' if kind == 'aes' else 'private'} key {path}" in cli(*make).err
        Path("set.json").unlink()
        path.chmod(0o602)
        result = cli(*make)
        assert (result.code, len(result.errors)) == (USAGE, 1)
        assert "can write the " in result.errors[0]
        assert str(path) in result.errors[0]
        assert not Path("set.json").exists()

    def test_nothing_is_written_over_what_it_is_made_from(self, cli: Cli) -> None:
        for name in ("signer.pem", "data", "secret"):
            before = Path(name).read_bytes()
            result = cli("update", "make", "data", "0xF1E0", "data", *ENCRYPTED.split(), "--out", name)
            assert (result.code, len(result.errors)) == (USAGE, 1)
            assert f"the update is made from {name}" in result.errors[0]
            assert Path(name).read_bytes() == before


class TestPublishedSets:
    """Those of Infineon, as C files, on a chip set up as its example sets it up."""

    @pytest.mark.parametrize("sample", infineon.SAMPLES, ids=[sample.name for sample in infineon.SAMPLES])
    def test_applied(self, cli: Cli, tmp_path: Path, sample: infineon.Sample) -> None:
        port = f"emulator:{tmp_path / 'fresh'}"
        with optiga.open_chip(port) as chip:
            for oid, metadata, data in (
                (infineon.ANCHOR_OID, infineon.ANCHOR_METADATA, infineon.ANCHOR),
                (infineon.SECRET_OID, infineon.SECRET_METADATA, infineon.SECRET),
            ):
                chip.write_metadata(oid, Metadata.parse(bytes.fromhex(metadata)))
                chip.write(oid, bytes.fromhex(data))
            chip.write_metadata(sample.target_oid, Metadata.parse(bytes.fromhex(sample.target_metadata)))
        arrays = {"manifest_data": sample.manifest}
        arrays |= {f"fragment_{number:02}": text for number, text in enumerate(sample.fragments, 1)}
        Path("set.c").write_text(
            "".join(
                f"const uint8_t {name}[] = {{ /* {name} */\n{', '.join(f'0x{byte:02X}' for byte in data)},\n}};\n"
                for name, data in ((name, bytes.fromhex(text)) for name, text in arrays.items())
            )
        )
        before = "0" if "c1020000" in sample.target_metadata else "absent"
        assert f"version: {before} -> 3" in applied(cli, port, "set.c", "--yes").splitlines()


class TestInterrupted:
    """Between the first and the last fragment."""

    @pytest.fixture
    def broken(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> type[list[BaseException]]:
        """Have the line fail at the third command of an update, once, with the error that is put in."""
        Path("data").write_bytes(bytes(1300))
        made(cli, f"data 0xF1E0 data {SIGNED} --out set.json")
        errors: list[BaseException] = []
        exchange, counted = EmulatedTransport.exchange, [0]

        def fail(self: EmulatedTransport, request: Request) -> bytes:
            counted[0] += request.apdu[0] & 0x7F == CommandCode.SET_OBJECT_PROTECTED
            if counted[0] == 3 and errors:
                raise errors.pop()
            return exchange(self, request)

        monkeypatch.setattr(EmulatedTransport, "exchange", fail)
        return errors  # type: ignore[return-value]

    def test_by_the_line(self, cli: Cli, port: str, broken: list[BaseException]) -> None:
        broken.append(BoardError("the board no longer answers", hint="Look at the plug", port="/dev/ttyX"))
        result = cli("--port", port, "update", "apply", "set.json")
        assert (result.code, result.out) == (BOARD, "")
        assert result.errors == [
            "Error: /dev/ttyX: the board no longer answers. Look at the plug. The update may be incomplete. "
            "Apply the same update again to finish it"
        ]
        assert "version: 1 (invalid)" in cli("--port", port, "object", "metadata", "0xF1E0").out
        other = SIGNED.replace("--version 1", "--version 2")
        made(cli, f"data 0xF1E0 data {other} --out other.json")
        refused = cli("--port", port, "update", "apply", "other.json")
        assert "an update of 0xF1E0 to version 1 was started but not finished" in refused.errors[0]
        assert "It finishes an interrupted update" in applied(cli, port, "set.json", "--check").splitlines()
        ended = cli("--port", port, "update", "apply", "set.json")
        assert "version: 1 (invalid) -> 1" in ended.out.splitlines()
        assert "This update finishes an interrupted update of 0xF1E0" in ended.err

    def test_by_the_user(self, cli: Cli, port: str, broken: list[BaseException]) -> None:
        broken.append(KeyboardInterrupt())
        result = cli("--port", port, "update", "apply", "set.json", "-q")
        assert result.code == INTERRUPTED
        assert "Warning: 0xF1E0 was being updated. The update may be incomplete" in result.err


@pytest.mark.parametrize(
    ("model", "kind", "message"),
    [
        ("trust-x", "data 0xF1E0 data", "an OPTIGA Trust X, which does not support command SetObjectProtected"),
        (
            "trust-m-v1",
            "metadata 0xF1E0 --reset zeros",
            "an OPTIGA Trust M V1, which supports no updates of keys or meta",
        ),
    ],
)
def test_models_without(cli: Cli, tmp_path: Path, model: str, kind: str, message: str) -> None:
    made(cli, f"{kind} {SIGNED} --out set.json")
    result = cli("--port", f"emulator:{tmp_path / 'other'}?model={model}", "update", "apply", "set.json")
    assert (result.code, len(result.errors)) == (USAGE, 1)
    assert message in result.errors[0]


@pytest.mark.parametrize("words", ["update", "update make", "update make key", "update show", "update apply"])
def test_help(cli: Cli, words: str) -> None:
    result = cli(*words.split(), "--help")
    assert (result.code, result.err) == (0, "")
    assert f" {words} [OPTIONS]" in result.out.splitlines()[0]
    if words in ("update", "update make"):
        assert cli(*words.split()).out == result.out
