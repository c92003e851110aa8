"""Protected updates of every kind, the keys that they are made from, and chips that take them or were taking one."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from chips import PORT
from running import Release

CURVES = ("secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1")
DRAWN = (*CURVES, "rsa1024", "rsa2048", "aes128", "aes192", "aes256")
BOTH = "int 0xE0E8 && conf 0xF1DB"
PREPARED = {
    "0xF1DB": ("type: update_secret", "execute: always", "read: never"),
    "0xF1E0": ("change: int 0xE0E8",),
    "0xF1E1": (f"change: {BOTH}",),
    "0xF1D1": ("change: int 0xE0E9",),
    "0xE0E1": ("change: int 0xE0E8",),
    "0xE0EF": ("change: int 0xE0E8",),
    "0xE0F1": ("change: int 0xE0E8",),
    "0xE0F2": (f"change: {BOTH}",),
    "0xE0FC": (f"change: {BOTH}",),
    "0xE200": (f"change: {BOTH}",),
    "0xF1D4": ("metadata_update: int 0xE0E8", "reset_type: creation"),
    "0xF1D5": (f"metadata_update: {BOTH}", "reset_type: creation"),
    "0xF1D6": ("metadata_update: int 0xE0E8", "reset_type: flush"),
}
"""What takes updates on the chip, and by whom."""
LOCKED = ("0xF1D4", "0xF1D5", "0xF1D6")
SIGNED = ("--anchor", "0xE0E8", "--signer", "signer/ca.key", "--passphrase-file", "signer.passphrase")
ENCRYPTED = (*SIGNED, "--secret", "update.secret", "--secret-oid", "0xF1DB")


def make_updates(release: Release) -> None:
    folder = release.folder("updates")
    _prepare(release, folder)
    applied = _make(release, folder)
    (folder / "applied.json").write_text(json.dumps(applied, indent=4) + "\n")
    shown = {name: json.loads(release(folder, "update", "show", name, "--output", "json")) for name in applied}
    (folder / "shown.json").write_text(json.dumps(shown, indent=4) + "\n")
    _interrupt(release, folder)

    def apply(copy: Path) -> None:
        for name in applied:
            release(copy, *PORT, "update", "apply", name, "--yes")
        release(copy, "emulator", "dump", "chip", "--out", "state.json")
        shutil.copy(copy / "state.json", folder / "state-after.json")

    release.on_copy(folder, apply)


def _prepare(release: Release, folder: Path) -> None:
    """A chip that takes updates by two signers, one of them with an RSA key; keys drawn by it."""

    def optiga(*arguments: object) -> str:
        return release(folder, *PORT, *arguments)

    (folder / "signer.passphrase").write_text("the words that open the signer\n")
    (folder / "update.secret").write_text("known to the chip and to the maker of updates")
    (folder / "settings.txt").write_text("server = update.example.com\n")
    (folder / "large.bin").write_bytes(bytes(index * 11 % 256 for index in range(1400)))
    named = ("--name", "Example updates", "--days", "36500")
    release(folder, "ca", "init", "signer", *named, "--passphrase-file", "signer.passphrase", "-q")
    for algorithm in DRAWN:
        optiga("key", "draw", algorithm, "--out", f"{algorithm}.key")
    words = "-x509 -days 36500 -addext keyUsage=digitalSignature -subj /CN=RSA-updates -key rsa2048.key -out rsa.pem"
    subprocess.run(["openssl", "req", *words.split()], cwd=folder, env=release.everything, check=True)
    optiga("object", "write", "0xE0E8", "signer/ca.pem")
    optiga("object", "write", "0xE0E9", "rsa.pem")
    optiga("object", "write", "0xF1DB", "update.secret")
    for oid in (*LOCKED, "0xF1D1"):
        optiga("object", "write", oid, "settings.txt")
    for oid, metadata in PREPARED.items():
        optiga("object", "metadata", oid, *metadata, "--yes")
    for oid in LOCKED:
        optiga("object", "lock", oid, "--yes")


def _make(release: Release, folder: Path) -> list[str]:
    """The files, in the order in which they are applied."""

    def make(out: str, kind: str, *words: str) -> str:
        version = () if "--version" in words else ("--version", "1")
        release(folder, "update", "make", kind, *words, *version, "--out", out, "-q")
        return out

    uid = release(folder, *PORT, "info", "--query", "uid").strip()
    by_rsa = ("--anchor", "0xE0E9", "--signer", "rsa2048.key")
    return [
        make("data.update", "data", "0xF1E0", "settings.txt", *SIGNED),
        make("part.json", "data", "0xF1E0", "settings.txt", "--offset", "9", "--no-erase", "--version", "2", *SIGNED),
        make("large.h", "data", "0xF1E1", "large.bin", *ENCRYPTED, "--label", "mine"),
        make("by-rsa.json", "data", "0xF1D1", "settings.txt", *by_rsa),
        make("certificate.json", "data", "0xE0E1", "signer/ca.pem", *SIGNED),
        make("anchor.c", "data", "0xE0EF", "signer/ca.pem", *SIGNED),
        make("key-plain.json", "key", "second", "secp256r1.key", *SIGNED),
        make("key.json", "key", "third", "secp521r1.key", "--usage", "signature", *ENCRYPTED),
        make("rsa-key.txt", "key", "five", "rsa2048.key", *ENCRYPTED),
        make("aes.json", "key", "aes", "aes192.key", *ENCRYPTED),
        make("metadata.json", "metadata", "0xF1D4", "read: never", *SIGNED),
        make("metadata-encrypted.json", "metadata", "0xF1D5", "change: never", *ENCRYPTED),
        make("reset.json", "metadata", "0xF1D6", "--reset", "zeros", *SIGNED),
        make("one-chip.json", "data", "0xF1E0", "settings.txt", "--version", "32767", "--uid", uid, *SIGNED),
    ]


def _interrupt(release: Release, updates: Path) -> None:
    """A chip whose process was killed behind the first of three fragments."""
    folder = release.folder("chips/update-interrupted")
    for name in ("chip", "large.bin"):
        shutil.copy(updates / name, folder)
    signer = [str(updates / word) if "signer" in word and not word.startswith("-") else word for word in SIGNED]
    made = ("update", "make", "data", "0xF1E0", "large.bin", "--version", "1", *signer, "--out", "large.update")
    release(folder, *made, "-q")
    apply = (*PORT, "update", "apply", "large.update")
    release.killed(folder, "optiga/emulator/protected_update.py:take#2", *apply)
