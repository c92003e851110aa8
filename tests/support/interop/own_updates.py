"""Update sets of this tool, in C files for Infineon's library, which knows neither this tool nor its own tool's sets.

Nothing here needs the library, and nothing in the library's process needs this.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.protocol.codes import KeyUsage
from optiga.protocol.metadata import Metadata, Tag
from optiga.update.make import UpdateSecret, make_update
from optiga.update.payloads import data_payload, key_payload, metadata_payload
from optiga.update.update_file import write_update
from tests.support import infineon_updates as infineon
from tests.support.emulator.updating import certificate_of
from tests.support.interop.optigatrust_checks import OWN_DATA

ANCHOR_OID = 0xE0E8


def make_own_updates(folder: Path) -> None:
    """Sets named by their targets, the signer's certificate, and the public key of the key that one set brings."""
    signer, key = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    secret = UpdateSecret(infineon.SECRET_OID, bytes.fromhex(infineon.SECRET))
    for oid, payload in (
        (0xF1E1, data_payload(OWN_DATA)),
        (0xE0F3, key_payload(key, KeyUsage.SIGNATURE)),
        (0xF1D3, metadata_payload(Metadata({Tag.READ: b"\xff"}))),
    ):
        update = make_update(
            payload, target_oid=oid, payload_version=5, anchor_oid=ANCHOR_OID, signer=signer, secret=secret
        )
        write_update(folder / f"{oid:04x}.txt", update)
    (folder / "anchor.der").write_bytes(certificate_of(signer))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    (folder / "public.der").write_bytes(public)
