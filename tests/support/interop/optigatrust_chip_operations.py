"""What the library offers with the chip as a whole, its objects, certificates, requests, dumps and command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import optigatrust
from asn1crypto import x509 as asn1_x509
from click.testing import CliRunner
from cryptography.hazmat.primitives.serialization import Encoding
from optigatrust import clidriver, crypto, csr, objects, port, util

from tests.support.interop.optigatrust_checks import METADATA

DATA_OID, LARGE_OID, META_OID, LOCKED_OID, SETTINGS_OID = 0xF1D0, 0xF1E0, 0xF1D1, 0xF1D2, 0xF1D3
SUBJECT = {"country_name": "DE", "organization_name": "Infineon Technologies AG", "common_name": "OPTIGA(TM) Trust IoT"}


def changed(new: dict[str, Any], oid: int = META_OID) -> dict[str, Any]:
    """Metadata as they read after a change; the object begins and ends with what a later change needs."""
    data = optigatrust.Object(oid)
    data.meta = new
    return {"wanted": new, "got": {name: data.meta[name] for name in new}, "raw": bytes(data.read_raw_meta())}


def set_property(name: str, value: Any) -> Any:
    setattr(optigatrust.Chip(), name, value)
    return getattr(optigatrust.Chip(), name)


def locked() -> None:
    data = optigatrust.Object(LOCKED_OID)
    data.meta = {"change": ["lcso", "<", "operational"], "lcso": "operational"}
    data.write(b"late")


def written(oid: int, data: bytes, offset: int, read_offset: int) -> bytes:
    target = optigatrust.Object(oid)
    target.write(data, offset)
    return bytes(target.read(read_offset))


def made_certificate() -> bytes:
    public_key, _ = crypto.generate_pair(objects.ECCKey(0xE0F2), curve="secp256r1")
    return util.generate_ephemeral_certificate(public_key).public_bytes(Encoding.DER)


def certificate(oid: int, *, pem: bool) -> dict[str, Any]:
    slot = objects.X509(oid)
    der = made_certificate()
    if pem:
        from asn1crypto import pem as asn1_pem

        slot.pem = asn1_pem.armor("CERTIFICATE", der).decode()
    else:
        slot.der = der
    slot = objects.X509(oid)
    return {"der": der, "read": slot.der, "pem": slot.pem, "key": slot.pkey, "signature": slot.signature}


def request(key: Any, hash_name: str | None, **properties: Any) -> bytes:
    arguments = {"curve": key.curve} if isinstance(key, objects.ECCKey) else {"key_size": 1024}
    public_key, _ = crypto.generate_pair(key, **arguments)
    builder = csr.CSRBuilder(SUBJECT, public_key)
    if hash_name is not None:
        builder.hash_algo = hash_name
    for name, value in properties.items():
        setattr(builder, name, value)
        assert getattr(builder, name) == value, name
    return builder.build(key).dump()


def ec_request(curve: str, hash_name: str | None = None, **properties: Any) -> bytes:
    key = objects.ECCKey(0xE0F1)
    key.curve = curve
    return request(key, hash_name, **properties)


def extended_request() -> bytes:
    public_key, _ = crypto.generate_pair(objects.ECCKey(0xE0F1), curve="secp256r1")
    builder = csr.CSRBuilder(SUBJECT, public_key)
    builder.set_extension("tls_feature", asn1_x509.Features([5]))
    return builder.build(objects.ECCKey(0xE0F1)).dump()


def restored(*, by_path: bool) -> dict[str, Any]:
    """A dump of one object loaded again after the object has been changed."""
    data = optigatrust.Object(SETTINGS_OID)
    data.write(b"as it was")
    dump = {"f1d3": port.to_json()["f1d3"]}
    data.write(b"something else")
    data.meta = {"read": "never"}
    if by_path:
        with TemporaryDirectory() as folder:
            path = Path(folder, "dump.json")
            path.write_text(json.dumps(dump))
            port.from_json_path(path)
    else:
        port.from_json(dump)
    return {"data": bytes(data.read()), "read": data.meta["read"], "dump": dump}


def exported() -> dict[str, str]:
    with TemporaryDirectory() as folder:
        port.to_otc(folder)
        return {path.name: path.read_text(encoding="utf-8") for path in Path(folder).iterdir()}


def command(line: str, files: dict[str, str] | None = None, answers: str = "") -> dict[str, Any]:
    """The library's command line, in an empty folder with these files; what it says and the files it leaves."""
    runner = CliRunner()
    with runner.isolated_filesystem():
        for name, text in (files or {}).items():
            Path(name).write_text(text)
        ran = runner.invoke(clidriver.main, line.split(), input=answers)
        left = {path.name: path.read_text(errors="replace") for path in Path().iterdir() if path.is_file()}
    return {"code": ran.exit_code, "output": ran.output, "files": left, "error": repr(ran.exception)}


def operations() -> dict[str, Callable[[], Any]]:
    chip = optigatrust.Chip()
    data = partial(optigatrust.Object, DATA_OID)
    found: dict[str, Callable[[], Any]] = {f"Object.meta {json.dumps(new)}": partial(changed, new) for new in METADATA}
    for name in ("name", "uid", "global_lifecycle_state", "security_status", "security_event_counter"):
        found[f"Chip.{name}"] = partial(getattr, chip, name)
    for oid in (0xE0E1, 0xE0E2, 0xE0E3, 0xE0E8, 0xE0E9, 0xF1E0, 0xF1E1):
        found[f"X509 {oid:#x} der"] = partial(certificate, oid, pem=False)
    return found | {
        "Chip.security_monitor": lambda: [chip.security_monitor, optigatrust.Object(0xE0C9).read()],
        "Chip.config_security_monitor": chip.config_security_monitor,
        "Chip.current_limit 6": partial(set_property, "current_limit", 6),
        "Chip.current_limit 15": partial(set_property, "current_limit", 15),
        "Chip.current_limit 5": partial(set_property, "current_limit", 5),
        "Chip.sleep_activation_delay 255": partial(set_property, "sleep_activation_delay", 255),
        "Chip.sleep_activation_delay 19": partial(set_property, "sleep_activation_delay", 19),
        "Chip.sleep_activation_delay 0": partial(set_property, "sleep_activation_delay", 0),
        "Chip.global_lifecycle_state set": partial(set_property, "global_lifecycle_state", "operational"),
        "Chip as text": lambda: str(chip),
        "Object.write, Object.read": partial(written, DATA_OID, b"hello", 0, 0),
        "Object.write offset": partial(written, DATA_OID, b"there", 10, 12),
        "Object.write 1500 bytes": partial(written, LARGE_OID, bytes(range(250)) * 6, 0, 0),
        "Object.write too long": lambda: data().write(bytes(141)),
        "Object.write to the locked": lambda: optigatrust.Object(0xE0E0).write(b"x"),
        "Object.read beyond": lambda: data().read(1000),
        "Object.read a key": lambda: optigatrust.Object(0xE0F1).read(force=True),
        "Object.read unknown": lambda: optigatrust.Object(0xBEEF).read(force=True),
        "Object.read unknown to the library": lambda: optigatrust.Object(0xBEEF).read(),
        "Object.read offset of 1701": lambda: data().read(1701),
        "Object.used_size, Object.max_size": lambda: [
            written(DATA_OID, b"four", 0, 0),
            data().used_size,
            data().max_size,
        ],
        "Object.read_raw_meta": lambda: optigatrust.Object(0xE0C2).read_raw_meta(),
        "Object.write_raw_meta": lambda: [data().write_raw_meta(bytes.fromhex("2003d30100")), data().meta["execute"]],
        "Object.meta max_size": lambda: setattr(data(), "meta", {"max_size": 100}),
        "Object.meta version": lambda: setattr(data(), "meta", {"version": [False, 3]}),
        "Object.meta lcso": locked,
        "Object.meta unlocked": lambda: setattr(optigatrust.Object(LOCKED_OID), "meta", {"lcso": "creation"}),
        "Object.meta of the locked": lambda: setattr(optigatrust.Object(LOCKED_OID), "meta", {"change": "always"}),
        "Object.meta key_usage": partial(changed, {"key_usage": ["authentication", "signature"]}, 0xE0F3),
        "AESKey.meta": lambda: objects.AESKey().meta,
        "X509 0xe0e1 pem": partial(certificate, 0xE0E1, pem=True),
        "X509 0xe0e0": lambda: objects.X509(0xE0E0).der,
        "X509 as text": lambda: [certificate(0xE0E2, pem=False)["der"], str(objects.X509(0xE0E2))],
        "X509 0xe0ef": lambda: objects.X509(0xE0EF),
        "CSRBuilder secp256r1": partial(ec_request, "secp256r1"),
        "CSRBuilder secp256r1 properties": partial(
            ec_request,
            "secp256r1",
            ca=True,
            subject_alt_domains=["a.example", "b.example"],
            subject_alt_ips=["192.0.2.1"],
            key_usage={"digital_signature", "key_agreement"},
            extended_key_usage={"client_auth"},
        ),
        "CSRBuilder.set_extension": extended_request,
        "CSRBuilder secp384r1 sha384": partial(ec_request, "secp384r1", "sha384"),
        "CSRBuilder secp384r1": partial(ec_request, "secp384r1"),
        "CSRBuilder secp256r1 sha384": partial(ec_request, "secp256r1", "sha384"),
        "CSRBuilder secp521r1 sha512": partial(ec_request, "secp521r1", "sha512"),
        "CSRBuilder rsa": lambda: request(objects.RSAKey(0xE0FC), None),
        "CSRBuilder rsa sha384": lambda: request(objects.RSAKey(0xE0FC), "sha384"),
        "port.to_json": port.to_json,
        "port.from_json": partial(restored, by_path=False),
        "port.from_json_path": partial(restored, by_path=True),
        "port.to_otc": exported,
        "chipinfo": partial(command, "chipinfo"),
        "object --meta": partial(command, "object --id 0xe0c2 --meta"),
        "object --outform C": partial(command, "object --id 0xe0c2 --outform C"),
        "object --out": partial(command, "object --id 0xe0c2 --out uid.dat"),
        "object --outform PEM": partial(command, "object --id 0xe0e0 --outform PEM"),
        "object --outform DER": partial(command, "object --id 0xe0e0 --outform DER --out own.der"),
        "object --in dat": lambda: [
            command("object --id 0xf1d0 --in data.dat", {"data.dat": "01 02 ff"}),
            bytes(data().read()),
        ],
        "object --lock": lambda: [
            command("object --id 0xf1d5 --lock", answers="n\ny\n"),
            optigatrust.Object(0xF1D5).meta,
        ],
        "object --export-json": partial(command, "object --export-json"),
        "object --unlock": lambda: command("object --id 0xe0e1 --unlock --in 0xe0e1.txt", {"0xe0e1.txt": ""}, "y\n"),
        "create-keys": partial(command, "create-keys --id 0xe0f1 --curve secp384r1 --pubout public.pem"),
        "create-keys --privout": partial(
            command, "create-keys --id 0xe0f2 --pubout public.pem --privout private.pem --key_usage signature"
        ),
        "create-keys --rsa": partial(command, "create-keys --id 0xe0fc --rsa --key_size 2048 --pubout public.pem"),
        "create-keys 0xe0ff": partial(command, "create-keys --id 0xe0ff"),
    }
