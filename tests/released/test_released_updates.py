"""Files of protected updates are applied, and the keys that ``key draw`` has left go on into chips and updates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import cmac, hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.released_files import Optiga, cases, is_the_same, read_json
from tests.support.sampling import sampled

CONFIGURATION = 2
VOLATILE = ("0xE0C5", "0xF1C2")
"""The security event counter, which falls with the time, and the last error."""
SIGNED = ("--anchor", "0xE0E8", "--signer", "signer/ca.key", "--passphrase-file", "signer.passphrase")
ENCRYPTED = (*SIGNED, "--secret", "update.secret", "--secret-oid", "0xF1DB")
MESSAGE = b"What is to be signed."
DRAWN = [
    *("secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1"),
    *("rsa1024", "rsa2048", "aes128", "aes192", "aes256"),
]


@pytest.mark.parametrize("left", cases("updates/"))
class TestUpdates:
    @pytest.fixture(autouse=True)
    def _copied(self, optiga: Optiga, left: Path) -> None:
        optiga.go_on_with(left)

    def test_they_say_the_same(self, optiga: Optiga) -> None:
        for name, shown in read_json(Path("shown.json")).items():
            today = optiga.json("update", "show", name)
            if isinstance(today.get("usage"), list):  # a text in 0.1.0
                today["usage"] = ", ".join(today["usage"])
            assert today == shown

    @pytest.mark.long
    def test_they_are_applied_one_after_the_other(self, optiga: Optiga) -> None:
        """What comes of them all is what the release made of them. Again, those in plain are there already."""
        shown = read_json(Path("shown.json"))
        for name in read_json(Path("applied.json")):
            assert optiga.chip_json("update", "apply", name, "--check")["applied"] is False
            assert optiga.chip_json("update", "apply", name, "--yes")["applied"] is True
            is_plain = shown[name]["secret"] is None
            optiga.on_chip("update", "apply", name, "--yes", code=0 if is_plain else CONFIGURATION)
        after, expected = optiga.json("emulator", "dump", "chip"), read_json(Path("state-after.json"))
        assert is_the_same(steady(after), steady(expected))
        check_signature(optiga, "second", "secp256r1.key")
        check_signature(optiga, "third", "secp521r1.key")
        check_signature(optiga, "five", "rsa2048.key")
        check_mac(optiga, "aes192.key")

    def test_the_one_for_a_chip_is_for_no_other(self, optiga: Optiga) -> None:
        Path("chip").unlink()
        optiga.on_chip("update", "apply", "one-chip.json", "--yes", code=CONFIGURATION)

    @pytest.mark.parametrize("algorithm", sampled(DRAWN, keep=3))
    def test_a_key_that_was_drawn(self, optiga: Optiga, algorithm: str) -> None:
        """It goes into the chip, by an update that is signed with the key of the CA that the release has left."""
        key = f"{algorithm}.key"
        kind = algorithm[:3]
        slot, signed = {"rsa": ("five", ENCRYPTED), "aes": ("aes", ENCRYPTED)}.get(kind, ("second", SIGNED))
        usage = ("--usage", "encryption" if kind == "aes" else "signature")
        words = ("update", "make", "key", slot, key, *usage, "--version", "9", *signed, "--out", "new.update")
        optiga(*words, "-q")
        optiga.on_chip("update", "apply", "new.update", "--yes")
        if kind == "aes":
            check_mac(optiga, key)
        else:
            check_signature(optiga, slot, key)


def steady(state: dict[str, Any]) -> dict[str, Any]:
    """A state without what goes on by itself."""
    return {**state, "objects": {oid: held for oid, held in state["objects"].items() if oid not in VOLATILE}}


def check_signature(optiga: Optiga, slot: str, key_path: str) -> None:
    """The chip signs with a key that is in a file."""
    public: Any = load_pem_private_key(Path(key_path).read_bytes(), None).public_key()
    Path("message").write_bytes(MESSAGE)
    result = optiga.chip_json("key", "sign", slot, "message", "--format", "der")
    signature = bytes.fromhex(result["signature"])
    chosen = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}[result["hash"]]()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, MESSAGE, ec.ECDSA(chosen))
    else:
        public.verify(signature, MESSAGE, padding.PKCS1v15(), chosen)


def check_mac(optiga: Optiga, key_path: str) -> None:
    """The chip authenticates with an AES key that is in a file."""
    Path("message").write_bytes(MESSAGE)
    expected = cmac.CMAC(AES(Path(key_path).read_bytes()))
    expected.update(MESSAGE)
    assert optiga.on_chip("aes", "mac", "message").strip() == expected.finalize().hex()
