"""What the tests of ``update`` share: a chip that takes updates, and the files that they are made from."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)

import optiga
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.protocol.objects import parse_oid
from tests.support.emulator.updating import SECRET, certificate_of, signer

PASSPHRASE = "open sesame"
BOTH = "change: int 0xE0E8 && conf 0xF1DB"
METADATA = {
    "0xF1DB": ("type: update_secret", "execute: always", "read: never"),
    "0xF1E0": ("change: int 0xE0E8",),
    "0xF1E1": (BOTH,),
    "0xE0E9": ("change: int 0xE0E8",),
    "0xE0F2": (BOTH,),
    "0xE0F3": ("change: int 0xE0E8",),
    "0xE200": (BOTH,),
    "0xF1D3": ("metadata_update: int 0xE0E8", "reset_type: creation"),
    "0xF1D4": ("metadata_update: int 0xE0E8", "reset_type: flush", "lcso: operational"),
    "0xF1D5": ("metadata_update: int 0xE0E8 && conf 0xF1DB", "reset_type: creation"),
    "0xF1D6": ("change: lcso < initialization && int 0xE0E8", "lcso: initialization"),
}
"""What takes updates, and what must be with them."""


def prepare(path: Path) -> None:
    """Make an emulated chip that takes them."""
    with optiga.open_chip(f"emulator:{path}") as chip:
        chip.write(0xE0E8, certificate_of(signer()))
        chip.write(0xF1DB, SECRET.value)
        chip.write(0xF1D4, b"data")
        for oid, words in METADATA.items():
            chip.write_metadata(parse_oid(oid) or 0, parse_metadata_words(words))


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: str = "") -> bytes:
    encryption: KeySerializationEncryption = NoEncryption()
    if passphrase:
        encryption = BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)


def save_files(folder: Path) -> None:
    """The signer's key, in plain and encrypted, the secret, and data."""
    (folder / "signer.pem").write_bytes(key_pem(signer()))
    (folder / "signer.pem").chmod(0o600)
    (folder / "secret").write_bytes(SECRET.value)
    (folder / "data").write_bytes(b"new data")
