"""A file of each kind that people have, and the commands that take one of each."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs7, pkcs12

from optiga.cli import main
from tests.support.cli import update_bench
from tests.support.places import CONFIG, ROOT

PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER

KINDS: Mapping[str, str] = {
    "bench.chip": "an emulated chip",
    "personalization.db": "a journal of provisioning",
    "my-ca/issued.db": "the record file of a CA|Name its folder, my-ca",
    "device.jsn": "a configuration",
    "device.pem": "PEM|a certificate",
    "device.der": "a certificate",
    "device.csr": "a certificate signing request|PEM with a CSR",
    "csr.der": "a certificate signing request",
    "key.pem": "private key",
    "key.der": "private key",
    "public.pem": "public key",
    "crl.pem": "a certificate revocation list",
    "crl.der": "a certificate revocation list",
    "bundle.p12": "PKCS #12",
    "chain.p7b": "PKCS #7|PEM",
    "my-ca": "folder",
    "export.json": "an export of a chip's objects",
    "state.json": "the state of an emulated chip",
    "update.json": "an update set",
    "policy.template": "an AWS policy",
    "provisioning.json": "an AWS provisioning template",
    "optiga.toml": "a file of default values",
    "notes.md": "",
}
"""Names of the files, and a pattern of what messages call each; empty where that cannot be told."""
TAKERS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "chip": (("--port", "emulator:{}", "info"), ("bench.chip",)),
    "chip reset": (("emulator", "reset", "{}", "--yes"), ("bench.chip",)),
    "journal": (("journal", "show", "--journal", "{}"), ("personalization.db",)),
    "configuration": (("--port", "emulator:new", "--csr", "{}"), ("device.jsn",)),
    "configuration check": (("config", "check", "{}"), ("device.jsn",)),
    "certificate": (
        ("--port", "emulator:bench.chip", "--write", "{}", "--slot", "third"),
        ("device.pem", "device.der", "chain.p7b", "bundle.p12"),
    ),
    "certificate shown": (("ca", "show", "{}", "--file", "--ca", "my-ca"), ("device.pem", "device.der", "chain.p7b")),
    "CSR": (("ca", "sign", "{}", "--ca", "my-ca", "--out", "out.pem"), ("device.csr", "csr.der")),
    "signer": (
        (
            *[
                "update",
                "make",
                "data",
                "0xF1E0",
                "notes.md",
                "--anchor",
                "0xE0E8",
                "--version",
                "1",
                "--out",
                "made.json",
                "--signer",
            ],
            "{}",
        ),
        ("key.pem", "key.der", "bundle.p12"),
    ),
    "CRL": (("ca", "sign", "device.csr", "--ca", "my-ca", "--out", "out.pem", "--crl", "{}"), ("crl.pem", "crl.der")),
    "CA": (("ca", "list", "--ca", "{}"), ("my-ca",)),
    "export": (("--port", "emulator:bench.chip", "import", "{}", "--dry-run", "--keep-going"), ("export.json",)),
    "state": (("emulator", "load", "{}", "new.chip"), ("state.json", "export.json")),
    "update set": (("update", "show", "{}"), ("update.json",)),
    "policy": (
        ("--port", "emulator:new", "provision", "device.jsn", "--dry-run", "--policy-template", "{}"),
        ("policy.template",),
    ),
    "trust": (
        ("--port", "emulator:bench.chip", "register", "--trust", "{}"),
        ("device.pem", "device.der", "chain.p7b", "bundle.p12"),
    ),
}
"""What a command needs, the command, and the kinds that are right for it."""


def make_files() -> None:
    """Make them all in the current folder, which is empty."""
    Path("notes.md").write_text("# My device\n\nThis is how it is made: see [the page](https://example.com).\n")
    update_bench.save_files(Path())
    shutil.move("signer.pem", "key.pem")
    Path("run").mkdir()
    shutil.copy(CONFIG, "device.jsn")
    Path("optiga.toml").write_text("# defaults\ncrl-days = 30\n")
    Path("provisioning.json").write_text(json.dumps({"Parameters": {}, "Resources": {}}))
    shutil.copy(ROOT / "templates" / "my_policy.template", "policy.template")
    for words in (
        "ca init my-ca --no-passphrase",
        "ca crl --ca my-ca --yes",
        "--port emulator:bench.chip --csr device.jsn",
    ):
        assert main(["-q", *words.split()]) == 0
    (made,) = Path().glob("*.csr")
    made.rename("device.csr")
    shutil.copy("my-ca/crl.pem", "crl.pem")
    for words in (
        "ca sign device.csr --ca my-ca --out device.pem",
        "--port emulator:bench.chip export export.json",
        "emulator dump bench.chip --out state.json",
        "update make data 0xF1E0 notes.md --anchor 0xE0E8 --version 1 --signer key.pem --out update.json",
        "--port emulator:bench.chip provision device.jsn --ca my-ca --no-cloud --out-dir run",
    ):
        assert main(["-q", *words.split()]) == 0
    shutil.move("run/personalization.db", "personalization.db")
    certificate = x509.load_pem_x509_certificate(Path("device.pem").read_bytes())
    key = serialization.load_pem_private_key(Path("key.pem").read_bytes(), None)
    request = x509.load_pem_x509_csr(Path("device.csr").read_bytes())
    public = key.public_key()
    for name, content in {
        "device.der": certificate.public_bytes(DER),
        "csr.der": request.public_bytes(DER),
        "key.der": key.private_bytes(DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        "public.pem": public.public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
        "crl.der": x509.load_pem_x509_crl(Path("crl.pem").read_bytes()).public_bytes(DER),
        "bundle.p12": pkcs12.serialize_key_and_certificates(b"", key, None, None, serialization.NoEncryption()),
        "chain.p7b": pkcs7.serialize_certificates([certificate], PEM),
    }.items():
        Path(name).write_bytes(content)
