"""Every command that has a result, run so that each field of the result is there at least once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import optiga
from optiga.objects.pairing import FACTORY_SECRET
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli import torn, update_bench
from tests.support.places import CONFIG

Take = Callable[..., None]
"""Takes the name of a result's type and the words of a command, and runs it."""
SIGNED = ("--version", "1", "--anchor", "0xE0E8", "--signer", "signer.pem")
ENCRYPTED = (*SIGNED, "--secret", "secret", "--secret-oid", "0xF1DB")
PLAIN = "--no-passphrase"


def play(take: Take) -> None:
    """Run them all in the current folder, which is empty."""
    Path("message").write_bytes(b"sixteen bytes ok")
    update_bench.save_files(Path())
    at = ("--port", "emulator:chip")
    take("CsrResult", *at, "--csr", CONFIG)
    take("CheckedConfigurations", "config", "check", CONFIG)
    take("CheckedConfiguration", "config", "new", "new.jsn", "--yes")
    take("SampleList", "config", "sample")
    take("DefaultsShown", *at, "config", "show")
    (csr,) = Path().glob("*.csr")
    take("CsrRehearsal", *at, "--csr", CONFIG, "--dry-run")
    take("KeptKeyRehearsal", *at, "--csr", CONFIG, "--keep-key", "--public-key", csr, "--dry-run")
    _authorities(take, csr)
    take("WriteRehearsal", *at, "--write", "device.pem", "--slot", "second", "--dry-run")
    take("WriteResult", *at, "--write", "device.pem", "--slot", "second")
    take("ReadResult", *at, "--read", "second")
    take("ReadResult", *at, "object", "read", "0xE0E1")
    take("ObjectWriteResult", *at, "object", "write", "0xF1D0", "message")
    take("ObjectList", *at, "object", "list")
    take("ObjectMetadata", *at, "object", "metadata", "0xF1D0")
    take("MetadataChangeResult", *at, "object", "metadata", "0xF1D0", "read: always", "type: byte_string")
    take("MetadataChangeResult", *at, "object", "lock", "0xF1D1", "--yes")
    take("ChipInformation", *at, "info")
    _keys(take, at)
    _toolbox(take, at)
    _counters(take, at)
    _updates(take)
    _torn_chip(take)
    _transfer(take, at)
    take("PortList", "boards")
    _identities(take)
    _emulated(take)
    Path("known").write_bytes(FACTORY_SECRET)
    Path("known").chmod(0o600)
    take("Pairing", *at, "pair", "check", "known")
    take("Pairing", *at, "pair", "--out", "my.secret")


def _identities(take: Take) -> None:
    run = ("--port", "emulator:device.chip", "provision", CONFIG, "--ca", "root", "--no-cloud")
    take("DryRun", *run, "--dry-run")
    take("RunResult", *run)
    take("JournalSlots", "journal", "show")
    take("JournalHistory", "journal", "show", "--history")
    take("JournalCheck", "journal", "check")


def _emulated(take: Take) -> None:
    """Chips as files, and documents that are written into files."""
    secrets = ("--secret-out", "{}.secret", "--authorization-out", "{}.reference")
    take("NewChip", "emulator", "new", "made.chip", "--model", "trust-m-express", *(s.format("a") for s in secrets))
    take("ChipFileResult", "emulator", "reset", "made.chip", "--yes")
    take("DeliveredSecrets", "emulator", "secrets", "made.chip", *(one.format("b") for one in secrets))
    take("DumpedChip", "emulator", "dump", "made.chip", "--out", "state.json")
    take("LoadedChip", "emulator", "load", "all.json", "loaded.chip")
    take("RootCertificate", "emulator", "root")
    take("JournalExport", "journal", "export", "--out", "slots.json")


def documents(take: Take) -> None:
    """Commands that print a document, which has no type, behind :func:`play`."""
    take("dict", "emulator", "dump", "made.chip")
    take("dict", "config", "schema")
    take("dict", "config", "schema", "--out", "schema.json")
    take("dict", "config", "sample", "nistp256_ecdsa_secondslot", "--out", "sample.jsn")
    take("dict", "--port", "emulator:chip", "export", "-")


def _authorities(take: Take, csr: Path) -> None:
    take("CaResult", "ca", "init", "root", PLAIN)
    take("CaResult", "ca", "intermediate", "factory", "--ca", "root", PLAIN, "--allow-dns", "lamp.example")
    take("CaResult", "ca", "renew", "root", "--days", "9000")
    for name in ("ca.pem", "ca.key"):
        shutil.copy(f"root/{name}", name.replace("ca", "old"))
    take("CaResult", "ca", "import", "imported", "--certificate", "old.pem", "--key", "old.key", PLAIN)
    take("CaPassphraseResult", "ca", "passphrase", "factory", PLAIN)
    take("IssueResult", "ca", "sign", csr, "--ca", "root", "--out", "device.pem")
    take("CertificateShown", "ca", "show", "device.pem", "--ca", "root", "--file")
    take("CrlResult", "ca", "crl", "--ca", "root")
    take("IssuedList", "ca", "list", "--ca", "root")
    take("RevocationResult", "ca", "revoke", "device.pem", "--file", "--ca", "root", "--yes")
    take("IssuedList", "ca", "list", "--ca", "root")


def _keys(take: Take, at: tuple[str, ...]) -> None:
    take("KeyList", *at, "key", "list")
    take("GeneratedKey", *at, "key", "generate", "third", "--yes", "--out", "third.pem", "--usage", "key_agreement")
    take("GeneratedKey", *at, "key", "generate", "six", "--yes", "--usage", "encryption", "--out", "six.pem")
    take("PublicKeyResult", *at, "key", "public", "second")
    take("AgreedSecret", *at, "key", "ecdh", "third", "third.pem")
    take("AgreedSecret", *at, "key", "ecdh", "third", "third.pem", "--session", "1")
    take("AgreedSecret", *at, "key", "ecdh", "third", "third.pem", "--out", "agreed")
    take("DrawnKeyResult", *at, "key", "draw", "secp256r1")
    take("DrawnKeyResult", *at, "key", "draw", "aes128", "--out", "drawn")
    take("SignatureResult", *at, "key", "sign", "second", "message", "--out", "signature", "--format", "base64")
    take("Verification", *at, "key", "verify", "second", "signature", "message")
    with optiga.open_chip(at[1]) as chip:
        chip.write(0xF1D2, bytes(range(48)))
        chip.write_metadata(0xF1D2, parse_metadata_words(["type: pre_shared_secret", "execute: always"]))
        chip.write_metadata(0xE200, parse_metadata_words(["change: always"]))
    take("DerivedKey", *at, "key", "derive", "hkdf", "--secret", "0xF1D2", "--size", "16")
    prf = ("--label", "key expansion", "--out", "derived")
    take("DerivedKey", *at, "key", "derive", "tls-prf", "--secret", "0xF1D2", "--size", "16", *prf)
    take("GeneratedKey", *at, "key", "generate", "aes", "--yes")


def _toolbox(take: Take, at: tuple[str, ...]) -> None:
    take("RandomResult", *at, "random", "16")
    take("RandomResult", *at, "random", "16", "--out", "drawn.bin")
    take("DigestResult", *at, "hash", "message")
    take("MacResult", *at, "hmac", "message", "--key", "0xF1D2")
    take("CipherResult", *at, "aes", "encrypt", "message", "--iv", "00" * 16, "--out", "sealed")
    take("CipherResult", *at, "aes", "decrypt", "sealed", "--iv", "00" * 16)
    take("AesMacResult", *at, "aes", "mac", "message")
    take("BytesResult", *at, "rsa", "encrypt", "message", "--key", "six.pem", "--out", "for-rsa")
    for group in ("key", "rsa"):
        take("BytesResult", *at, group, "decrypt", "six", "for-rsa")


def _counters(take: Take, at: tuple[str, ...]) -> None:
    take("CounterState", *at, "counter", "set", "0xE120", "--value", "1", "--threshold", "9")
    take("CounterStep", *at, "counter", "count", "0xE120", "8")
    take("CounterState", *at, "counter", "show", "0xE120")
    take("CounterList", *at, "counter", "list")


def _updates(take: Take) -> None:
    update_bench.prepare(Path("bench"))
    at = ("--port", "emulator:bench")
    make = ("update", "make")
    take("UpdateMade", *make, "data", "0xF1E0", "data", *SIGNED, "--out", "data.json")
    take("UpdateMade", *make, "key", "0xE0F2", "signer.pem", *ENCRYPTED, "--out", "key.json")
    take("UpdateMade", *make, "metadata", "0xF1D3", "read: always", *SIGNED, "--out", "metadata.json")
    for name in ("data.json", "key.json", "metadata.json"):
        take("UpdateDescription", "update", "show", name)
    take("UpdateResult", *at, "update", "apply", "data.json", "--check")
    take("UpdateResult", *at, "update", "apply", "data.json", "--yes")
    take("UpdateResult", *at, "update", "apply", "data.json", "--yes")


def _torn_chip(take: Take) -> None:
    """What is there only where a chip neither reads nor uses an object."""
    at = ("--port", "emulator:torn")
    torn.tear(at[1], 0xE0E1, 0xF1E0)
    torn.mark_torn(at[1], 0xE0F2)
    take("ChipInformation", *at, "info")
    take("ObjectList", *at, "object", "list")
    take("KeyList", *at, "key", "list")
    take("ExportResult", *at, "export", "torn.json")


def _transfer(take: Take, at: tuple[str, ...]) -> None:
    take("ExportResult", *at, "export", "all.json")
    shutil.copy("chip", "copy")
    optiga.open_chip("emulator:new").close()
    take("ImportResult", "--port", "emulator:new", "import", "all.json", "--dry-run", "--keep-going")
    take("ImportResult", "--port", "emulator:copy", "import", "all.json", "--yes", "--keep-going")
    take("ImportResult", "--port", "emulator:new", "import", "all.json", "--yes", "--keep-going")
