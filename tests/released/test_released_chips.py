"""Chips' files: a chip is what it was, and its keys, secrets, counters and locks do what they did."""

from __future__ import annotations

import base64
import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key

from optiga import ChipError, KeyAlgorithm
from optiga.chip import Chip
from optiga.transport import open_transport
from tests.support.released_files import Optiga, cases, is_the_same, read_json

CONFIGURATION, CHIP_REFUSES, CERTIFICATE = 2, 4, 5
IV = "000102030405060708090a0b0c0d0e0f"
IDENTITIES = {"second.pem": "second", "third.pem": "third"}
PERSONALIZED_V3 = cases("chips/personalized-trust-m-v3")


def state_of(left: Path) -> Any:
    """The state of a chip as its release wrote it down."""
    return read_json(left.parents[1] / "states" / f"{left.name}.json")


def check_signature(public: Any, signature: bytes, message: bytes, hash_name: str) -> None:
    """Verify a signature without any code of ours."""
    chosen = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}[hash_name]()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, message, ec.ECDSA(chosen))
    else:
        public.verify(signature, message, padding.PKCS1v15(), chosen)


@pytest.mark.parametrize("left", cases("chips/*/"))
class TestEveryChip:
    def test_it_is_what_it_was(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left)
        assert is_the_same(optiga.json("emulator", "dump", "chip"), state_of(left))
        assert not Path("chip.owner").exists()

    def test_what_it_says_of_itself(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left)
        objects = state_of(left)["objects"]
        info = optiga.chip_json("info")
        assert info["uid"] == objects["0xE0C2"]["data"]
        for slot in info["slots"].values():
            words = objects.get(slot["key_oid"], {}).get("metadata_in_words", {})
            assert (slot["key"] or {}).get("algorithm") == words.get("algorithm")
        listed = {one["oid"]: one["life_cycle"] for one in optiga.chip_json("object", "list")["objects"]}
        for oid, held in objects.items():
            assert listed[oid] == held["metadata_in_words"].get("lcso"), oid

    def test_its_own_identity(self, optiga: Optiga, left: Path) -> None:
        """Key and certificate of the first slot, which every chip came with."""
        optiga.go_on_with(left)
        public = x509.load_pem_x509_certificate(optiga.on_chip("--read", "first").encode()).public_key()
        Path("message").write_bytes(b"What is to be signed.")
        optiga.on_chip("key", "sign", "first", "message", "--out", "signature")
        check_signature(public, Path("signature").read_bytes(), b"What is to be signed.", "sha256")

    def test_it_can_still_be_reset(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left)
        before = optiga.chip_json("info")
        optiga("emulator", "reset", "--yes", "chip")
        after = optiga.chip_json("info")
        assert (after["uid"], after["slots"]["first"]) == (before["uid"], before["slots"]["first"])
        assert [name for name, slot in after["slots"].items() if slot["key"]] == ["first"]


@pytest.mark.parametrize("left", cases("chips/*/second.pem", "chips/*/third.pem"))
class TestCertificates:
    def test_they_are_the_keys(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left.parent)
        slot = IDENTITIES[left.name]
        assert optiga.on_chip("--read", slot) == left.read_text()
        written = ("--write", left.name, "--slot", slot, "--strict", "--output", "json")
        result = json.loads(optiga.on_chip(*written))
        assert (result["key_match"], result["written"]) == (True, False)

    def test_the_key_signs_and_is_certified_anew(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left.parent)
        slot = IDENTITIES[left.name]
        held = x509.load_pem_x509_certificate(left.read_bytes()).public_key()
        public = load_pem_public_key(optiga.on_chip("key", "public", slot).encode())
        assert public == held
        Path("message").write_bytes(b"What is to be signed.")
        result = optiga.chip_json("key", "sign", slot, "message", "--format", "der")
        check_signature(held, bytes.fromhex(result["signature"]), b"What is to be signed.", result["hash"])


@pytest.mark.parametrize("left", cases("chips/*/[!p]*.pub"))
class TestPublicKeys:
    """Files of public keys that ``key generate`` has left; ``peer.pub`` is of a key outside of the chip."""

    def test_the_key_still_signs(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left.parent)
        Path("message").write_bytes(b"What is to be signed.")
        result = optiga.chip_json("key", "sign", left.stem, "message", "--format", "der")
        signature = bytes.fromhex(result["signature"])
        check_signature(load_pem_public_key(left.read_bytes()), signature, b"What is to be signed.", result["hash"])
        Path("signature").write_bytes(signature)
        if "trust-x" not in left.parent.name:
            optiga.on_chip("key", "verify", left.name, "signature", "message")


@pytest.mark.parametrize("left", cases("chips/*/*.sig"))
def test_signatures_are_still_good(optiga: Optiga, left: Path) -> None:
    """Each in its own form, verified by the chip, and outside of it where the form is not one that only we know."""
    optiga.go_on_with(left.parent)
    key = f"{left.stem}.pub" if Path(f"{left.stem}.pub").exists() else f"{left.stem}.pem"
    hashing = ("--hash", "sha512") if left.stem == "five" and "m-v3" in left.parent.name else ()
    optiga.on_chip("key", "verify", key, left.name, "message.txt", *hashing)
    Path("other.txt").write_text("What was not signed.\n")
    optiga.on_chip("key", "verify", key, left.name, "other.txt", *hashing, code=CERTIFICATE)
    if left.stem == "fourth" and "m-v3" in left.parent.name:
        der = base64.b64decode(left.read_bytes())
        public = load_pem_public_key((left.parent / "fourth.pub").read_bytes())
        check_signature(public, der, (left.parent / "message.txt").read_bytes(), "sha512")


@pytest.mark.parametrize("left", PERSONALIZED_V3)
class TestPersonalized:
    @pytest.fixture(autouse=True)
    def _copied(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left)

    def test_counters(self, optiga: Optiga) -> None:
        counters = {one["oid"]: one for one in optiga.chip_json("counter", "list")["counters"]}
        values = {oid: (one["value"], one["threshold"]) for oid, one in counters.items()}
        expected = {"0xE120": (5, 100), "0xE121": (9, 9), "0xE123": (0, 0), "0xF1D0": (203, 255)}
        assert {oid: values.get(oid) for oid in expected} == expected
        assert optiga.on_chip("counter", "count", "0xE120", "3", "--query", "value") == "8\n"
        assert optiga.on_chip("counter", "count", "0xF1D0", "1", "--query", "value") == "204\n"
        optiga.on_chip("counter", "count", "0xE121", code=CHIP_REFUSES)

    def test_a_key_whose_uses_are_counted(self, optiga: Optiga) -> None:
        before = int(optiga.on_chip("counter", "show", "0xE122", "--query", "value"))
        assert before > 0
        optiga.on_chip("key", "sign", "five", "message.txt", "--out", "new.sig")
        assert int(optiga.on_chip("counter", "show", "0xE122", "--query", "value")) == before + 1

    def test_what_was_encrypted_and_derived(self, optiga: Optiga) -> None:
        message = Path("message.txt").read_text()
        assert optiga.on_chip("aes", "decrypt", "message.aes", "--iv", IV) == message
        assert optiga.on_chip("aes", "mac", "message.txt") == Path("message.mac").read_text()
        assert optiga.on_chip("rsa", "decrypt", "five", "message.rsa") == message
        hmac = optiga.on_chip("hmac", "--key", "0xF1D2", "message.txt", "--hash", "sha384")
        assert hmac == Path("message.hmac").read_text()
        hkdf = ("hkdf", "--secret", "0xF1D2", "--size", "32", "--salt", "0001", "--out", "new.key")
        prf = ("tls-prf", "--secret", "0xF1D2", "--size", "48", "--label", "key expansion", "--seed", "0203")
        for words, kept in ((hkdf, "hkdf.key"), ((*prf, "--out", "new.key", "--force"), "prf.key")):
            optiga.on_chip("key", "derive", *words)
            assert Path("new.key").read_bytes() == Path(kept).read_bytes()
        optiga.on_chip("key", "ecdh", "fourth", "peer.pub", "--out", "new.secret")
        assert Path("new.secret").read_bytes() == Path("ecdh.secret").read_bytes()

    def test_what_only_those_may_who_know_a_secret(self, optiga: Optiga) -> None:
        optiga.on_chip("object", "read", "0xF1D7", code=CHIP_REFUSES)
        opened = ("--authorize", "0xF1D6=door.secret")
        optiga.on_chip("object", "read", "0xF1D7", "--out", "read.bin", *opened)
        assert Path("read.bin").read_bytes() == Path("door.secret").read_bytes()
        optiga.on_chip("object", "write", "0xF1D7", "message.txt", code=CHIP_REFUSES)
        optiga.on_chip("object", "write", "0xF1D7", "message.txt", *opened)

    def test_what_is_locked_stays_so(self, optiga: Optiga) -> None:
        before = optiga.on_chip("object", "read", "0xF1D3")
        optiga.on_chip("object", "write", "0xF1D3", "message.txt", code=CHIP_REFUSES)
        optiga.on_chip("object", "metadata", "0xF1D3", "change: always", code=CONFIGURATION)
        assert optiga.on_chip("object", "read", "0xF1D3") == before

    def test_data_and_files_of_what_was_read(self, optiga: Optiga) -> None:
        optiga.on_chip("object", "read", "0xF1E0", "--out", "new.bin")
        assert Path("new.bin").read_bytes() == Path("large.bin").read_bytes()
        assert optiga.on_chip("--read", "third") == Path("read.pem").read_text()
        assert optiga.on_chip("--read", "0xE0E8") == Path("root/ca.pem").read_text()
        optiga.on_chip("--write", "read.pem", "--slot", "third", "--strict")

    def test_its_configuration_makes_the_next_identity(self, optiga: Optiga) -> None:
        """Its CSR is certified by the CA that certified the one before; a CA of then allows no names."""
        filename = optiga.on_chip("--csr", "everything.jsn", "--query", "filename").strip()
        old, new = (x509.load_pem_x509_csr(path.read_bytes()) for path in (_old_request(), Path(filename)))
        assert new.subject == old.subject
        assert [extension.oid for extension in new.extensions] == [extension.oid for extension in old.extensions]
        assert new.public_key() != old.public_key()
        optiga("ca", "sign", filename, "--ca", "root", "--ignore-names", "--out", "next.pem")
        assert optiga.on_chip("--write", "next.pem", "--strict", "--query", "key_match") == "True\n"


def _old_request() -> Path:
    """The CSR that the certificate in the second slot was issued for."""
    public = x509.load_pem_x509_certificate(Path("second.pem").read_bytes()).public_key()
    (found,) = (path for path in Path().glob("*.csr") if _certifies(path, public))
    return found


def _certifies(path: Path, public: Any) -> bool:
    return bool(x509.load_pem_x509_csr(path.read_bytes()).public_key() == public)


@pytest.mark.parametrize("left", cases("chips/operational-*/"))
def test_life_cycles_never_go_back(optiga: Optiga, left: Path) -> None:
    optiga.go_on_with(left)
    assert (
        optiga.on_chip("object", "read", "0xF1E1", "--query", "data").strip() == Path("settings.txt").read_bytes().hex()
    )
    Path("creation.hex").write_text("01")
    for oid in ("0xE0C0", "0xF1C0"):
        optiga.on_chip("object", "write", oid, "creation.hex", "--hex", "--yes", code=CHIP_REFUSES)
    optiga.on_chip("object", "write", "0xF1E1", "state.hex", code=CHIP_REFUSES)
    optiga.on_chip("key", "generate", "second", "--yes", code=CHIP_REFUSES)


@pytest.mark.parametrize("left", cases("chips/killed-writing/"))
def test_a_key_that_was_half_written_is_the_one_before(optiga: Optiga, left: Path) -> None:
    """SQLite rolls it back; the copy's database alone, without its journal, would be neither."""
    optiga.go_on_with(left)
    assert not Path("another.pub").exists()
    Path("alone").mkdir()
    shutil.copyfile("chip", "alone/chip")
    alone = optiga("emulator", "dump", "alone/chip")
    whole = optiga.json("emulator", "dump", "chip")
    assert is_the_same(whole, state_of(left))
    assert json.loads(alone)["objects"] != whole["objects"]


@pytest.mark.parametrize("left", cases("chips/hibernated/"))
class TestHibernated:
    def test_a_program_goes_on_in_its_context(self, optiga: Optiga, left: Path) -> None:
        """With the key in its session, and what it was authorized for; once."""
        optiga.go_on_with(left)
        handle = Path("handle").read_bytes()
        with Chip(open_transport("emulator:chip"), handle=handle) as chip:
            signature = chip.key(0xE100, KeyAlgorithm.SECP256R1).sign(b"What is to be signed.")
            assert chip.read(0xF1D7) == b"behind the door"
        public = load_der_public_key(Path("session.spki").read_bytes())
        check_signature(public, signature, b"What is to be signed.", "sha256")
        with closing(open_transport("emulator:chip")) as transport, pytest.raises(ChipError):
            Chip(transport, handle=handle)

    def test_the_command_line_begins_afresh(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left)
        optiga.on_chip("object", "read", "0xF1D7", code=CHIP_REFUSES)
        assert "saved_context" not in optiga.json("emulator", "dump", "chip")


@pytest.mark.parametrize("left", cases("chips/update-interrupted/"))
class TestInterruptedUpdate:
    @pytest.fixture(autouse=True)
    def _copied(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left)

    def test_the_same_one_ends_it(self, optiga: Optiga) -> None:
        assert "version: 1 (invalid)" in optiga.on_chip("object", "metadata", "0xF1E0")
        assert optiga.chip_json("update", "apply", "large.update", "--check")["resumed"] is True
        result = optiga.chip_json("update", "apply", "large.update")
        assert (result["applied"], result["resumed"]) == (True, True)
        optiga.on_chip("object", "read", "0xF1E0", "--out", "new.bin")
        assert Path("new.bin").read_bytes() == Path("large.bin").read_bytes()

    def test_it_takes_no_other(self, optiga: Optiga, left: Path) -> None:
        other = left.parents[1] / "updates" / "part.json"
        before = optiga.json("emulator", "dump", "chip")["objects"]["0xF1E0"]
        optiga.on_chip("update", "apply", other, code=CONFIGURATION)
        assert optiga.json("emulator", "dump", "chip")["objects"]["0xF1E0"] == before
