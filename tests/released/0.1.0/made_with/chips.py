"""Emulated chips: fresh ones, ones that are full of everything, ones whose process was killed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from running import Release, check_hot

PORT = ("--port", "emulator:chip", "-q")
MODELS = ("trust-m-v3", "trust-m-v1", "trust-x")
LONG = ("--days", "36000")
IV = "000102030405060708090a0b0c0d0e0f"
EVERYTHING = {
    "csr_config": {
        "certificate_info": {
            "country_name": "DE",
            "state_or_province_name": "Bayern",
            "organization_name": "Example GmbH",
            "organizational_unit_name": ["Sensors", "Line 2"],
            "common_name": "sensor {uid}",
        },
        "key_info": {
            "algorithm_id": "ec",
            "parameters": {"curve": "secp256r1", "slot": "second", "key_usage": ["authentication", "signature"]},
        },
        "signature_info": {"algorithm_id": "ecdsa", "parameters": {"hash_alg": "sha256"}},
        "extensions": {
            "key_usage": ["digital_signature"],
            "extended_key_usage": ["client_auth", "1.3.6.1.4.1.311.20.2.2"],
            "subject_alt_names": [
                {"dns": "{uid}.devices.example.com"},
                {"uri": "urn:dev:{uid}"},
                {"ip": "192.0.2.7"},
                {"email": "sensors@example.com"},
            ],
        },
    },
    "aws_iot_config": {"thing": "sensor_{uid}", "policy": "sensors"},
}
"""The configuration in the release's docs/configuration.md, which uses everything there is."""


def make_chips(release: Release) -> None:
    for model in MODELS:
        release(release.folder(f"chips/fresh-{model}"), "emulator", "new", "chip", "--model", model, "-q")
    _personalize_v3(release)
    _personalize_v1(release)
    _personalize_x(release)
    _operational(release)
    _killed(release)
    _hibernated(release)
    for folder in sorted((release.out / "chips").iterdir()):
        _write_down(release, folder)


def _write_down(release: Release, folder: Path) -> None:
    """A chip's state and its export, made of copies: what was left stays as it was left."""
    documents = {f"states/{folder.name}.json": ("emulator", "dump", "chip", "--out", "made.json")}
    if folder.name.startswith(("fresh", "personalized")):
        documents[f"exports/{folder.name}.json"] = (*PORT, "export", "made.json")
    if (folder / "door.secret").exists() and folder.name.startswith("personalized"):
        authorized = (*PORT, "export", "made.json", "--authorize", "0xF1D6=door.secret")
        documents[f"exports/{folder.name}-authorized.json"] = authorized

    def work(copy: Path) -> None:
        for name, words in documents.items():
            release(copy, *words)
            target = release.out / name
            target.parent.mkdir(exist_ok=True)
            (copy / "made.json").rename(target)

    release.on_copy(folder, work)


def _certify(release: Release, folder: Path, config: str, authority: str, out: str, *options: str) -> None:
    """A CSR by a chip, a certificate for it, and that into its slot."""
    csr = release(folder, *PORT, "--csr", config, "--query", "filename", *options).strip()
    release(folder, "ca", "sign", csr, "--ca", authority, "--out", out, *LONG, "-q")
    release(folder, *PORT, "--write", out, "--strict", *options)


def _personalize_v3(release: Release) -> None:
    folder = release.folder("chips/personalized-trust-m-v3")

    def optiga(*arguments: object) -> str:
        return release(folder, *PORT, *arguments)

    def keep(name: str, *arguments: object) -> None:
        (folder / name).write_text(optiga(*arguments))

    (folder / "everything.jsn").write_text(json.dumps(EVERYTHING, indent=4) + "\n")
    shutil.copy(release.checkout / "configs" / "config_nistp384_ecdsa_secondslot.jsn", folder / "p384.jsn")
    release(folder, "ca", "init", "root", "--days", "36500", "-q")
    release(folder, "ca", "intermediate", "factory", "--ca", "root", "--days", "36400", "-q")
    _certify(release, folder, "everything.jsn", "root", "second.pem")
    _certify(release, folder, "p384.jsn", "factory", "third.pem", "--slot", "third")
    optiga("object", "write", "0xE0E8", "root/ca.pem")
    optiga("--read", "third", "--out", "read.pem")

    optiga("key", "generate", "fourth", "--algorithm", "secp521r1", "--out", "fourth.pub")
    optiga("key", "generate", "five", "--algorithm", "rsa2048", "--out", "five.pub")
    optiga("key", "generate", "six", "--algorithm", "rsa1024", "--usage", "signature,encryption", "--out", "six.pub")
    optiga("object", "metadata", "0xE200", "change: always", "--yes")
    optiga("key", "generate", "aes", "--bits", "192")

    optiga("counter", "set", "0xE120", "--value", "0", "--threshold", "100")
    optiga("counter", "count", "0xE120", "5")
    optiga("counter", "set", "0xE121", "--value", "7", "--threshold", "9")
    optiga("counter", "count", "0xE121", "2")
    optiga("counter", "set", "0xE122", "--value", "0", "--threshold", "1000")
    optiga("object", "metadata", "0xE0FC", "execute: luc 0xE122")

    (folder / "door.secret").write_text("the words at the door")
    (folder / "shared.secret").write_text("a secret that a server knows, too")
    (folder / "update.secret").write_text("known to the chip and to the maker of updates")
    (folder / "count.hex").write_text("00000003 000000ff\n")
    (folder / "large.bin").write_bytes(bytes(index * 7 % 256 for index in range(1400)))
    (folder / "delay.hex").write_text("32\n")
    optiga("object", "write", "0xF1D0", "count.hex", "--hex")
    optiga("object", "metadata", "0xF1D0", "type: up_counter", "execute: always")
    optiga("counter", "count", "0xF1D0", "200")
    optiga("object", "write", "0xF1D2", "shared.secret")
    optiga("object", "metadata", "0xF1D2", "type: pre_shared_secret", "execute: always", "read: never")
    optiga("object", "write", "0xF1D6", "door.secret")
    optiga("object", "metadata", "0xF1D6", "type: authorization_reference", "execute: always", "read: never")
    optiga("object", "write", "0xF1D7", "door.secret")
    optiga("object", "metadata", "0xF1D7", "read: auto 0xF1D6", "change: auto 0xF1D6 && lcso < operational")
    optiga("object", "write", "0xF1D3", "count.hex")
    optiga("object", "lock", "0xF1D3", "--yes")
    optiga("object", "write", "0xF1D4", "door.secret")
    optiga("object", "metadata", "0xF1D4", "version: 3", "metadata_update: int 0xE0E8", "reset_type: creation, flush")
    optiga("object", "write", "0xF1DB", "update.secret")
    optiga("object", "metadata", "0xF1DB", "type: update_secret", "execute: always", "read: never")
    optiga("object", "write", "0xF1E0", "large.bin")
    optiga("object", "write", "0xE0C3", "delay.hex", "--hex")

    (folder / "message.txt").write_text("What is to be signed.\n")
    optiga("key", "sign", "second", "message.txt", "--out", "second.sig")
    optiga("key", "sign", "third", "message.txt", "--format", "raw", "--out", "third.sig")
    optiga("key", "sign", "fourth", "message.txt", "--format", "base64", "--out", "fourth.sig")
    optiga("key", "sign", "five", "message.txt", "--hash", "sha512", "--out", "five.sig")
    keep("six.sig", "key", "sign", "six", "message.txt")
    optiga("key", "draw", "secp521r1", "--out", "peer.key")
    _write_public(folder / "peer.key", folder / "peer.pub")
    optiga("key", "ecdh", "fourth", "peer.pub", "--out", "ecdh.secret")
    optiga("rsa", "encrypt", "--key", "five.pub", "message.txt", "--out", "message.rsa")
    optiga("aes", "encrypt", "message.txt", "--iv", IV, "--out", "message.aes")
    keep("message.mac", "aes", "mac", "message.txt")
    keep("message.hmac", "hmac", "--key", "0xF1D2", "message.txt", "--hash", "sha384")
    optiga("key", "derive", "hkdf", "--secret", "0xF1D2", "--size", "32", "--salt", "0001", "--out", "hkdf.key")
    prf = ("--secret", "0xF1D2", "--size", "48", "--label", "key expansion", "--seed", "0203", "--out", "prf.key")
    optiga("key", "derive", "tls-prf", *prf)


def _write_public(private: Path, public: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    key = load_pem_private_key(private.read_bytes(), None).public_key()
    public.write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _personalize_v1(release: Release) -> None:
    folder = release.folder("chips/personalized-trust-m-v1")

    def optiga(*arguments: object) -> str:
        return release(folder, *PORT, *arguments)

    shutil.copy(release.checkout / "configs" / "config_nistp256_ecdsa_thirdslot.jsn", folder / "p256.jsn")
    release(folder, "emulator", "new", "chip", "--model", "trust-m-v1", "-q")
    _certify(release, folder, "p256.jsn", "../personalized-trust-m-v3/root", "third.pem", "--slot", "third")
    optiga("key", "generate", "fourth", "--algorithm", "secp384r1", "--out", "fourth.pub")
    optiga("key", "generate", "five", "--algorithm", "rsa1024", "--out", "five.pub")
    optiga("counter", "set", "0xE123", "--value", "1", "--threshold", "300")
    optiga("counter", "count", "0xE123", "255")
    (folder / "message.txt").write_text("What is to be signed.\n")
    optiga("object", "write", "0xF1D5", "message.txt")
    optiga("object", "metadata", "0xF1D5", "change: luc 0xE123", "read: lcsa < operational")
    optiga("object", "lock", "0xF1D5", "--yes")
    optiga("key", "sign", "fourth", "message.txt", "--out", "fourth.sig")
    optiga("key", "sign", "five", "message.txt", "--out", "five.sig")


def _personalize_x(release: Release) -> None:
    folder = release.folder("chips/personalized-trust-x")

    def optiga(*arguments: object) -> str:
        return release(folder, *PORT, *arguments)

    shutil.copy(release.checkout / "configs" / "config_nistp256_ecdsa_secondslot.jsn", folder / "p256.jsn")
    release(folder, "emulator", "new", "chip", "--model", "trust-x", "-q")
    _certify(release, folder, "p256.jsn", "../personalized-trust-m-v3/root", "second.pem")
    optiga("key", "generate", "third", "--algorithm", "secp384r1", "--out", "third.pub")
    (folder / "message.txt").write_text("What is to be signed.\n")
    optiga("object", "write", "0xF1D4", "message.txt")
    optiga("object", "lock", "0xF1D4", "--yes")
    optiga("key", "sign", "third", "message.txt", "--out", "third.sig")


def _operational(release: Release) -> None:
    """A chip whose own life cycle states, and every object that was filled, have gone on for ever."""
    folder = release.folder("chips/operational-trust-m-v3")

    def optiga(*arguments: object) -> str:
        return release(folder, *PORT, *arguments)

    (folder / "state.hex").write_text("07\n")
    (folder / "settings.txt").write_text("server = device.example.com\n")
    optiga("key", "generate", "second", "--out", "second.pub")
    optiga("object", "write", "0xF1E1", "settings.txt")
    for oid in ("0xE0F1", "0xF1E1"):
        optiga("object", "lock", oid, "--yes")
    for oid in ("0xE0C0", "0xF1C0"):
        optiga("object", "write", oid, "state.hex", "--hex", "--yes")


def _killed(release: Release) -> None:
    """Behind a key that was made: with the file open, and in the middle of the transaction that holds the key."""
    generate = (*PORT, "key", "generate", "second", "--out", "second.pub")
    again = (*PORT, "key", "generate", "second", "--yes", "--out", "another.pub")
    folder = release.folder("chips/killed-open")
    release(folder, *PORT, "key", "generate", "third", "--out", "third.pub")
    release.killed(folder, "optiga/personalize/keys_on_chip.py:make_key", *generate)
    assert (folder / "chip.owner").exists()
    assert (folder / "chip-journal").exists()
    assert not (folder / "second.pub").exists()

    folder = release.folder("chips/killed-writing")
    release(folder, "emulator", "new", "chip", "-q")
    release(folder, *generate)
    number = release.count(folder, "fdatasync", "/chip", 1, *again)
    release.killed_instead(folder, "fdatasync", number, *again)
    check_hot(folder / "chip")
    assert not (folder / "another.pub").exists()


def _hibernated(release: Release) -> None:
    """A context that a program has saved, with a key in a session; the command line saves none."""
    folder = release.folder("chips/hibernated")
    program = folder / "hibernate.py"
    program.write_text(HIBERNATE)
    release.run_program(folder, program.name)


HIBERNATE = '''"""Keep a key pair in a session of the chip, over a loss of power."""

import time
from pathlib import Path

import optiga
from optiga.protocol.metadata_words import parse_metadata_words

secret = b"the words at the door"
Path("door.secret").write_bytes(secret)
with optiga.open_chip("emulator:chip") as chip:
    chip.write(0xF1D6, secret)
    chip.write(0xF1D7, b"behind the door")
    words = ("type: authorization_reference", "execute: always", "read: never")
    chip.write_metadata(0xF1D6, parse_metadata_words(words))
    chip.write_metadata(0xF1D7, parse_metadata_words(("read: auto 0xF1D6",)))
    chip.toolbox.authorize(0xF1D6, secret)
    key = chip.generate_key(0xE100, "secp256r1")
    Path("session.spki").write_bytes(key.public_key_info)
    while chip.read(0xE0C5) != b"\\x00":
        time.sleep(1)
    Path("handle").write_bytes(chip.hibernate())
'''
