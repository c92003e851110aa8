"""Protected updates for tests: a chip that takes them, and sets that are made for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from optiga.protocol import tlv
from optiga.protocol.codes import CLEAR_LAST_ERROR, CommandCode, ErrorCode
from optiga.protocol.manifest import Manifest
from optiga.protocol.metadata import Tag
from optiga.update.make import UpdateSecret, _sign, make_update
from optiga.update.payloads import Payload, data_payload
from optiga.update.update_set import UpdateSet
from tests.support.emulator.emulated import ALWAYS, ERASE, METADATA, Probe, command
from tests.support.makers import key_usage

CODE = CommandCode.SET_OBJECT_PROTECTED
START, FINAL, CONTINUE = 0x30, 0x31, 0x32
LONG = bytes(range(256)) * 5
"""1280 bytes of data, in fragments of 608, 608 and 64."""
ANCHOR_OID, SECRET_OID, TARGET = 0xE0E8, 0xF1DB, 0xF1E0
BY_ANCHOR = bytes.fromhex("21e0e8")
BY_ANCHOR_AND_SECRET = bytes.fromhex("21e0e8fd20f1db")
SECRET = UpdateSecret(SECRET_OID, bytes(range(32)))
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@cache
def signer() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def certificate_of(key: PrivateKey, *, signs: bool = True) -> bytes:
    """A certificate in DER that may verify signatures, or none."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "updates")])
    now = datetime.now(timezone.utc)
    usage = key_usage("digital_signature" if signs else "content_commitment")
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
    return builder.add_extension(usage, True).sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def updatable(key: PrivateKey | None = None, **keywords: Any) -> Probe:
    """A chip with a trust anchor, an update secret, and an object that the anchor may update."""
    probe = Probe(**keywords)
    probe.write(ANCHOR_OID, certificate_of(key or signer()), how=ERASE)
    probe.set_tags(SECRET_OID, {Tag.TYPE: b"\x23", Tag.EXECUTE: ALWAYS})
    probe.write(SECRET_OID, SECRET.value, how=ERASE)
    probe.set_tags(TARGET, {Tag.CHANGE: BY_ANCHOR})
    return probe


def made(payload: Payload | bytes, version: int = 1, **changes: Any) -> UpdateSet:
    """An update set for :func:`updatable`."""
    arguments: dict[str, Any] = {"target_oid": TARGET, "anchor_oid": ANCHOR_OID, "signer": signer(), **changes}
    payload = data_payload(payload) if isinstance(payload, bytes) else payload
    return make_update(payload, payload_version=version, **arguments)


def resigned(update: UpdateSet, **changes: Any) -> UpdateSet:
    """An update set with a manifest that no maker would make, rightly signed."""
    manifest: Manifest = replace(update.signed.manifest, **changes)
    return UpdateSet(_sign(manifest, update.signed.anchor_oid, signer()), update.fragments)


def send(probe: Probe, tag: int, content: bytes) -> None:
    assert probe.ok(CODE, 1, tlv.encode(tag, content)) == b""


def send_refused(probe: Probe, tag: int, content: bytes) -> ErrorCode:
    """Why a step is refused that must be; nothing is asked before, since any other command ends the update."""
    step = command(CODE | CLEAR_LAST_ERROR, 1, tlv.encode(tag, content))
    assert probe.chip.execute(step) == bytes.fromhex("ff000000")
    return ErrorCode(probe.last_error())


def start_refused(probe: Probe, update: UpdateSet) -> ErrorCode:
    """Why an update does not begin."""
    return send_refused(probe, START, update.manifest)


def begin(probe: Probe, update: UpdateSet, fragments: int = 0) -> None:
    """Send the manifest and some fragments, none of them the last."""
    send(probe, START, update.manifest)
    for fragment in update.fragments[:fragments]:
        send(probe, CONTINUE, fragment)


def apply(probe: Probe, update: UpdateSet) -> None:
    begin(probe, update, len(update.fragments) - 1)
    send(probe, FINAL, update.fragments[-1])


def final_refused(probe: Probe, update: UpdateSet) -> ErrorCode:
    """Why an update that begins does not end."""
    begin(probe, update, len(update.fragments) - 1)
    return send_refused(probe, FINAL, update.fragments[-1])


def write_metadata(probe: Probe, oid: int, metadata: str) -> None:
    probe.write(oid, bytes.fromhex(metadata), how=METADATA)


def version(probe: Probe, oid: int = TARGET) -> str | None:
    """The version of an object, hexadecimal, with its invalid flag."""
    value = probe.metadata(oid).get(Tag.VERSION)
    return None if value is None else value.hex()
