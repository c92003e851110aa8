"""Update sets: made, and kept in files."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from optiga import update
from optiga.chip import Chip
from optiga.chip.sessions.objects import Objects
from optiga.errors import ConfigurationError
from optiga.protocol.codes import KeyUsage
from optiga.protocol.metadata import Metadata, Tag
from optiga.transport.emulated import EmulatedTransport
from optiga.update.apply import send_update
from optiga.update.check import check_update
from optiga.update.payloads import (
    aes_payload,
    data_payload,
    key_payload,
    metadata_payload,
)
from optiga.update.private_keys import KeyFile
from optiga.update.update_file import encode_c, encode_json, read_update, write_update
from optiga.update.update_set import UpdateSet
from tests.support import infineon_updates as infineon
from tests.support.emulator.updating import (
    ANCHOR_OID,
    SECRET,
    TARGET,
    PrivateKey,
    made,
    updatable,
)

LONG = bytes(range(256)) * 5


class TestMade:
    @pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.BrainpoolP256R1()])
    def test_signers_on_curves(self, curve: ec.EllipticCurve) -> None:
        self.check_signer(ec.generate_private_key(curve))

    @pytest.mark.parametrize("bits", [1024, 2048])
    def test_rsa_signers(self, bits: int) -> None:
        self.check_signer(rsa.generate_private_key(65537, bits))

    def check_signer(self, key: PrivateKey) -> None:
        with Chip(EmulatedTransport(updatable(key).chip)) as chip:
            update = made(b"signed", signer=key)
            check_update(chip, update)
            send_update(chip, update)
            assert chip.read(TARGET) == b"signed"

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"version": 0}, "version 0.*from 1 to 32767"),
            ({"version": 0x8000}, "version 32768.*from 1 to 32767"),
            ({"target_oid": ANCHOR_OID}, "of its own update"),
            ({"target_oid": 0xBEEF}, "no object 0xBEEF"),
            ({"target_oid": 0xE0C2}, "does not accept protected updates"),
            ({"target_oid": 0xE0F1}, "is for a key, not data"),
            ({"target_oid": 0xF1D0, "payload": bytes(141)}, "which has room for 140"),
            ({"uid": b"short"}, "a UID of 5 bytes"),
        ],
    )
    def test_what_no_chip_would_take(self, changes: dict[str, object], message: str) -> None:
        changes = {"payload": b"x", **changes}
        with pytest.raises(ConfigurationError, match=message):
            made(**changes)  # type: ignore[arg-type]

    def test_payloads_that_are_none(self) -> None:
        with pytest.raises(ConfigurationError, match="an update without data"):
            data_payload(b"")
        with pytest.raises(ConfigurationError, match="an AES key of 5 bytes"):
            aes_payload(b"short")
        with pytest.raises(ConfigurationError, match="cannot change the metadata tag 0xC4"):
            metadata_payload(Metadata({Tag.MAX_SIZE: b"\x05"}))
        with pytest.raises(ConfigurationError, match="secp256k1"):
            key_payload(ec.generate_private_key(ec.SECP256K1()), KeyUsage.SIGNATURE)


class TestFiles:
    @pytest.mark.parametrize("name", ["set.json", "set.h"])
    @pytest.mark.parametrize("data", [b"x", LONG])
    def test_there_and_back(self, tmp_path: Path, name: str, data: bytes) -> None:
        update = made(data, secret=SECRET)
        path = tmp_path / name
        write_update(path, update)
        assert read_update(path) == update

    def test_a_key_in_plain_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "key.json"
        write_update(path, made(aes_payload(bytes(16)), target_oid=0xE200))
        assert sys.platform == "win32" or path.stat().st_mode & 0o077 == 0

    @pytest.mark.parametrize("sample", infineon.SAMPLES, ids=[sample.name for sample in infineon.SAMPLES])
    def test_infineons_sets(self, tmp_path: Path, sample: infineon.Sample) -> None:
        fragments = tuple(bytes.fromhex(fragment) for fragment in sample.fragments)
        update = UpdateSet.parse(bytes.fromhex(sample.manifest), fragments, sample.name)
        assert update.manifest.hex() == sample.manifest.replace(" ", "").lower()
        for text in (encode_json(update), encode_c(update)):
            path = tmp_path / "set.txt"
            path.write_text(text)
            assert read_update(path) == update

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"format": "other"}, "is not an update set"),
            ({"version": 2}, "of version 2, not 1"),
            ({"fragments": []}, "do not belong to its manifest"),
            ({"fragments": "00"}, "no list"),
            ({"fragments": ["xx"]}, "fragment 1 is not hexadecimal"),
            ({"manifest": "00"}, "manifest"),
            ({"more": 1}, "members"),
        ],
    )
    def test_what_is_none(self, tmp_path: Path, change: dict[str, object], message: str) -> None:
        path = tmp_path / "set.json"
        path.write_text(json.dumps({**json.loads(encode_json(made(b"x"))), **change}))
        with pytest.raises(ConfigurationError, match=message):
            read_update(path)

    @given(st.binary(max_size=300))
    def test_anything(self, tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
        path = tmp_path_factory.getbasetemp() / "anything"
        path.write_bytes(content)
        with pytest.raises(ConfigurationError) as caught:
            read_update(path)
        assert "\n" not in str(caught.value)


class TestSignersKey:
    def test_from_a_file(self, tmp_path: Path) -> None:
        key = ec.generate_private_key(ec.SECP256R1())
        path = tmp_path / "key.pem"
        for encryption in (NoEncryption(), BestAvailableEncryption(b"open")):
            path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
            assert KeyFile.read(path).open(b"open").public_key() == key.public_key()
        with pytest.raises(ConfigurationError, match="is encrypted"):
            KeyFile.read(path).open()
        with pytest.raises(ConfigurationError, match="Check the passphrase"):
            KeyFile.read(path).open(b"wrong")

    def test_what_is_none(self, tmp_path: Path) -> None:
        path = tmp_path / "key.pem"
        key = ec.generate_private_key(ec.SECP256R1())
        path.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        with pytest.raises(ConfigurationError):
            KeyFile.read(path).open()


def test_a_condition_that_no_manual_has(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the chip says of itself is nothing that this program has checked."""
    chip = Chip(EmulatedTransport(updatable().chip))
    odd = chip.metadata(TARGET).with_tags({Tag.CHANGE: b"\x5f"})
    monkeypatch.setattr(Objects, "metadata", lambda *_: odd)
    with pytest.raises(ConfigurationError, match=r"0xF1E0 is unknown: .*0x5f"):
        check_update(chip, made(b"abc"))


@pytest.mark.parametrize("path", sorted(Path(update.__file__).parent.glob("*.py")), ids=lambda path: path.stem)
def test_every_refusal_says_what_to_do(path: Path) -> None:
    """A file or a folder that cannot be read has the system's reason, which says it."""
    without = [
        ast.unparse(call)
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) in ("ConfigurationError", "CertificateError", "ChipError")
        and not any(keyword.arg == "hint" for keyword in call.keywords)
    ]
    assert not [call for call in without if "cause_of(error)" not in call]
