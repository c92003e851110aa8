"""What people get wrong with ``update``: what is typed, the one line shown, the exit code; and nothing is changed."""

from __future__ import annotations

import io
import json
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

import optiga
from optiga.protocol.codes import KeyUsage
from optiga.protocol.metadata import Metadata, Tag
from optiga.update.make import UpdateSecret
from optiga.update.payloads import key_payload, metadata_payload
from optiga.update.update_file import encode_json, write_update
from tests.support.cli.mistakes import CERTIFICATE, CHIP, USAGE, Mistake, assert_mistake, fails
from tests.support.cli.runner import Cli
from tests.support.cli.update_bench import key_pem, prepare, save_files
from tests.support.emulator.updating import made, signer
from tests.support.sampling import sampled

DONE = "--version 1 --anchor 0xE0E8 --signer signer.pem --out set.json"


def but(option: str) -> str:
    """What is done with one option of another value."""
    name, _ = option.split()
    return re.sub(rf"{name} \S+", option, DONE)


MADE = [
    Mistake(f"data 0xBEEF data {DONE}", "'0xBEEF' is not an OID"),
    Mistake(f"data 0xE100 data {DONE}", "0xE100 .session context 1. is not an object with data"),
    Mistake(f"data 0xE0C2 data {DONE}", r"0xE0C2 \(coprocessor UID\) does not accept protected updates"),
    Mistake(f"data 0xE0F1 data {DONE}", "0xE0F1 is for a key, not data"),
    Mistake(f"data 0xE0E8 data {DONE}", "no certificate in data", CERTIFICATE),
    Mistake(f"data 0xE0E8 data --hex {DONE}", "data is not hex"),
    Mistake(f"data 0xE0E8 data --offset 0 {DONE}", "0xE0E8 cannot be the trust anchor of its own update"),
    Mistake(f"data 0xE120 few {DONE}", "0xE120 is a counter, which has 8 bytes, not 3 at 0"),
    Mistake(f"data 0xF1E0 none {DONE}", "cannot read the file none: no such file"),
    Mistake(f"data 0xF1E0 empty {DONE}", "empty is empty"),
    Mistake(f"data 0xF1D0 large {DONE}", "141 bytes at 0 do not fit in 0xF1D0, which has room for 140"),
    Mistake(f"data 0xF1D0 data --offset 139 {DONE}", "8 bytes at 139 do not fit"),
    Mistake(f"data 0xF1E0 data {but('--version 0')}", "'--version': 0 is not in the range"),
    Mistake(f"data 0xF1E0 data {but('--version 32768')}", "'--version': 32768 is not in the range"),
    Mistake(f"data 0xF1E0 data {but('--anchor 0xBEEF')}", "'0xBEEF' is not an OID"),
    Mistake(f"data 0xF1E0 data {but('--anchor 0xE0F1')}", "0xE0F1 .* does not hold a trust anchor"),
    Mistake(f"data 0xF1E0 data {but('--signer none')}", "cannot read the private key none"),
    Mistake(f"data 0xF1E0 data {but('--signer data')}", "data has no readable private key"),
    Mistake(f"data 0xF1E0 data {but('--signer public.pem')}", "public.pem holds a public key, not a private key"),
    Mistake(f"data 0xF1E0 data {but('--signer large.pem')}", "no chip can verify signatures of RSA-3072 keys"),
    Mistake(f"data 0xF1E0 data {DONE} --secret secret", "--secret requires --secret-oid"),
    Mistake(f"data 0xF1E0 data {DONE} --secret-oid 0xF1DB", "--secret-oid requires --secret"),
    Mistake(f"data 0xF1E0 data {DONE} --label x", "require --secret"),
    Mistake(f"data 0xF1E0 data {DONE} --secret none --secret-oid 0xF1DB", "cannot read the secret none"),
    Mistake(
        f"data 0xF1E0 data {DONE} --secret empty --secret-oid 0xF1DB", "a secret of 0 bytes. Use a secret of 1 to 64"
    ),
    Mistake(
        f"data 0xF1E0 data {DONE} --secret large --secret-oid 0xF1DB", "a secret of 141 bytes. Use a secret of 1 to 64"
    ),
    Mistake(
        f"data 0xF1E0 data {DONE} --secret huge --secret-oid 0xF1DB", "a secret of 5000 bytes. Use a secret of 1 to"
    ),
    Mistake(f"data 0xF1E0 data {DONE} --secret data --secret-oid 0xE0F1", "0xE0F1 .* does not hold a secret"),
    Mistake(f"data 0xF1E0 data {DONE} --secret data --secret-oid 0xF1DB --secret-hex", "data is not hex"),
    Mistake(f"data 0xF1E0 data {DONE} --secret data --secret-oid 0xF1DB --label {'x' * 33}", "a label of 33 bytes"),
    Mistake(f"data 0xF1E0 data {DONE} --uid 00", "a UID of 1 byte. Give the 27 bytes"),
    Mistake(f"data 0xF1E0 data {DONE} --uid xx", "'--uid': not bytes in hex"),
    Mistake(f"data 0xF1E0 data {but('--out none/set.json')}", "the folder does not exist"),
    Mistake(f"data 0xF1E0 data {but('--out .')}", "names no file"),
    Mistake(f"data 0xF1E0 data {DONE} --query colour", "'colour' finds nothing"),
    Mistake("data 0xF1E0 data --version 1 --anchor 0xE0E8 --signer signer.pem", "Missing option '--out'"),
    Mistake(f"key 0xF1E0 signer.pem {DONE}", "0xF1E0 .* holds no key. Use one of first"),
    Mistake(f"key ninth signer.pem {DONE}", "'ninth' is neither a slot nor an OID.*Use one of first"),
    Mistake(f"key five signer.pem {DONE}", "0xE0FC .* cannot hold secp256r1 keys"),
    Mistake(f"key third data {DONE}", "data has no readable private key"),
    Mistake(f"key third odd.pem {DONE}", "the chip does not support secp256k1 keys"),
    Mistake(f"key third signer.pem --usage sing {DONE}", "'sing' is not a key usage"),
    Mistake(f"key third signer.pem --hex {DONE}", "--hex is for the AES key"),
    Mistake(f"key aes data {DONE}", "an AES key of 8 bytes. Use 16, 24 or 32 bytes"),
    Mistake(f"key aes none {DONE}", "cannot read the AES key none"),
    Mistake(f"metadata 0xF1D3 {DONE}", "Give the metadata to set"),
    Mistake(f"metadata 0xF1D3 read:sometimes {DONE}", "expected one of .*, not 'sometimes'"),
    Mistake(
        f"metadata 0xF1D3 version:5 {DONE}",
        r"cannot change the metadata tag 0xC1 \(version\). The version comes from the update",
    ),
    Mistake(f"metadata 0xF1D3 used_size:5 {DONE}", "only the chip sets it"),
    Mistake(f"metadata 0xF1D3 key_usage:signature {DONE}", "0xF1D3 is not a key"),
    Mistake(f"metadata 0xF1D3 --reset nines {DONE}", "'nines' is not one of"),
]


@pytest.fixture(scope="session")
def large() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.mark.parametrize("mistake", sampled(MADE, keep=15), ids=lambda mistake: mistake.typed)
def test_made(cli: Cli, mistake: Mistake, large: rsa.RSAPrivateKey) -> None:
    """One line, the exit code, and no file."""
    save_files(Path())
    Path("empty").touch()
    Path("few").write_bytes(b"few")
    Path("large").write_bytes(bytes(141))
    Path("huge").write_bytes(bytes(5000))
    Path("large.pem").write_bytes(key_pem(large))
    Path("odd.pem").write_bytes(key_pem(ec.generate_private_key(ec.SECP256K1())))
    public = signer().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    Path("public.pem").write_bytes(public)
    files = set(Path().iterdir())
    assert_mistake(cli, mistake, "update", "make")
    assert set(Path().iterdir()) == files


def spoilt(**members: Any) -> str:
    return json.dumps({**json.loads(encode_json(made(b"x"))), **members})


STRANGER = ec.generate_private_key(ec.SECP256R1())
READ_NEVER = metadata_payload(Metadata({Tag.READ: b"\xff"}))
KEY = key_payload(STRANGER, KeyUsage.SIGNATURE)
OTHER_SECRET = UpdateSecret(0xF1DB, b"not the one in the chip")
FILES: dict[str, tuple[Callable[[], object], int, str]] = {
    "no JSON": (lambda: '{"format": ', USAGE, "set:1: "),
    "empty": (lambda: "", USAGE, "is not an update set: it holds no manifest"),
    "other JSON": (lambda: "{}", USAGE, "is not an update set. A JSON update set has a member"),
    "C without a manifest": (lambda: "int x[] = {1};", USAGE, "holds more than bytes|no manifest"),
    "spoilt manifest": (lambda: spoilt(manifest="00"), USAGE, "Check that it is an update set"),
    "spoilt fragment": (lambda: spoilt(fragments=["00"]), USAGE, "fragments do not belong to its manifest"),
    "missing fragment": (lambda: spoilt(fragments=[]), USAGE, "fragments do not belong to its manifest"),
    "old version": (lambda: made(b"x", 4, target_oid=0xF1D7), USAGE, "0xF1D7 has version 5, but the update has 4"),
    "same version": (
        lambda: made(b"x", 5, target_oid=0xF1D7),
        USAGE,
        "a greater version: this update may already",
    ),
    "another chip": (lambda: made(b"x", uid=bytes(27)), USAGE, "for another chip: 0000.*This chip is cd"),
    "another signer": (lambda: made(b"x", signer=STRANGER), CERTIFICATE, "not signed with the key of the certificate"),
    "not open for updates": (
        lambda: made(b"x", target_oid=0xF1D8),
        USAGE,
        "change condition is lcso < operational.*Use 'object",
    ),
    "another anchor": (
        lambda: made(b"x", anchor_oid=0xE0E9),
        USAGE,
        r"but the update is for the trust anchor 0xE0E9, and not encrypted\. Make the update for .* 0xE0E8$",
    ),
    "in plain": (
        lambda: made(b"x", target_oid=0xF1E1),
        USAGE,
        "0xE0E8 && conf 0xF1DB, but .*encrypted with the secret in 0xF1DB$",
    ),
    "life cycle": (lambda: made(b"x", target_oid=0xF1D6), USAGE, "does not accept this update.*Use another object"),
    "no anchor": (lambda: made(b"x", target_oid=0xF1D9, anchor_oid=0xF1DA), USAGE, "0xF1DA is not a trust anchor"),
    "anchor in use by none": (
        lambda: made(b"x", target_oid=0xF1D2, anchor_oid=0xE0EF),
        USAGE,
        "0xE0EF cannot be used as trust anchor: its execute access condition is never",
    ),
    "anchor without certificate": (
        lambda: made(b"x", target_oid=0xF1D1, anchor_oid=0xE0E9),
        CERTIFICATE,
        "0xE0E9 has no certificate in plain DER",
    ),
    "no reset type": (lambda: made(READ_NEVER, 9, target_oid=0xF1D7), USAGE, "they have no reset type"),
    "no room for metadata": (
        lambda: made(KEY, target_oid=0xE0F3),
        USAGE,
        "would take 46 bytes, but there is room for 44",
    ),
    "another secret": (
        lambda: made(b"x", target_oid=0xF1E1, secret=OTHER_SECRET),
        CHIP,
        "0x2D.*encrypted with another secret than the chip's",
    ),
}


def test_no_file(cli: Cli) -> None:
    for command in ("show", "apply"):
        assert "cannot read the update set none: no such file" in fails(cli, USAGE, "update", command, "none")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A chip with still more that is wrong for an update."""
    from optiga.protocol.metadata_words import parse_metadata_words

    path = tmp_path_factory.mktemp("prepared") / "chip"
    prepare(path)
    with optiga.open_chip(f"emulator:{path}") as chip:
        for oid, words in {
            0xF1D7: ("version: 5", "change: int 0xE0E8", "metadata_update: int 0xE0E8"),
            0xF1D9: ("change: int 0xF1DA",),
            0xE0EF: ("execute: never",),
            0xF1D2: ("change: int 0xE0EF",),
            0xF1D1: ("change: int 0xE0E9",),
            0xE0F3: (
                "read: auto 0xF1D0 && auto 0xF1D1 && auto 0xF1D2",
                "execute: auto 0xF1D0 && auto 0xF1D1 && auto 0xF1D2",
            ),
        }.items():
            chip.write_metadata(oid, parse_metadata_words(words))
    return path


@pytest.mark.parametrize("name", FILES)
def test_applied(cli: Cli, prepared: Path, tmp_path: Path, name: str) -> None:
    """One line, the exit code, and nothing changed; ``--check`` says the same unless only the chip can know it."""
    shutil.copy(prepared, tmp_path / "chip")
    port = f"emulator:{tmp_path / 'chip'}"
    make, code, line = FILES[name]
    content = make()
    if isinstance(content, str):
        Path("set").write_text(content)
    else:
        write_update(Path("set"), content)  # type: ignore[arg-type]
    before = dump(port)
    error = fails(cli, code, "--port", port, "update", "apply", "set", "--yes")
    assert re.search(line, error), error
    assert dump(port) == before
    checked = cli("--port", port, "update", "apply", "set", "--check")
    assert (checked.code, checked.errors) == ((0, []) if code == CHIP else (code, [error]))


def dump(port: str) -> list[tuple[bytes, bytes]]:
    with optiga.open_chip(port) as chip:
        data = [chip.read(oid) for oid in (0xF1D1, 0xF1D2, 0xF1D7, 0xF1E0, 0xF1E1)]
        return [*((value, b"") for value in data), *((b"", chip.metadata(oid).encode()) for oid in (0xF1D7, 0xE0F3))]


@pytest.mark.parametrize("size", [16, 32])
def test_digits_that_are_taken_as_they_are(cli: Cli, size: int) -> None:
    """An AES key and a secret in hex, as Infineon's samples have them, without the options that say so."""
    save_files(Path())
    Path("key.hex").write_text("5f" * (size // 2))
    Path("plain.hex").write_text("5f" * 32)
    Path("plain.hex").chmod(0o600)
    said = "holds hex digits, which are taken as they are: "
    signed = "--version 1 --anchor 0xE0E8 --signer signer.pem --out set.json"
    result = cli(*f"update make key aes key.hex {signed}".split())
    assert (result.code, f"Warning: key.hex {said}--hex" in result.err) == (0, True)
    result = cli(*f"update make data 0xF1D0 data {signed} --secret plain.hex --secret-oid 0xF1D1".split())
    assert (result.code, f"Warning: plain.hex {said}--secret-hex" in result.err) == (0, True)
