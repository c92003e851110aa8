"""What the library offers for protected updates, with Infineon's published update sets and with this tool's.

They leave access conditions behind under which nothing else can be done with their objects: they come last.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import optigatrust
from optigatrust import crypto, objects

from tests.support import infineon_updates as infineon
from tests.support.interop.optigatrust_chip_operations import command, made_certificate
from tests.support.interop.optigatrust_native_operations import BLOCKS, MODES, symmetric


def prepared_for_update(name: str) -> infineon.Sample:
    """Anchor, secret and target as Infineon's example sets them up."""
    for oid, metadata, data in (
        (infineon.ANCHOR_OID, infineon.ANCHOR_METADATA, infineon.ANCHOR),
        (infineon.SECRET_OID, infineon.SECRET_METADATA, infineon.SECRET),
    ):
        # The object of the secret is that of the metadata above, which end with the type of another use.
        optigatrust.Object(oid).meta = {"change": ["lcso", "<", "operational"]}
        optigatrust.Object(oid).write_raw_meta(bytes.fromhex(metadata))
        optigatrust.Object(oid).write(bytes.fromhex(data))
    sample = next(sample for sample in infineon.SAMPLES if sample.name == name)
    target = optigatrust.Object(sample.target_oid)
    if "version" in target.meta:
        target.write_raw_meta(bytes.fromhex("2004c1020000"))
    target.write_raw_meta(bytes.fromhex(sample.target_metadata))
    return sample


def updated(name: str) -> dict[str, Any]:
    sample = prepared_for_update(name)
    optigatrust.Chip().protected_update(bytes.fromhex(sample.manifest), [bytes.fromhex(f) for f in sample.fragments])
    target = optigatrust.Object(sample.target_oid)
    data = b"" if sample.target_oid in target._optiga.key_id_values else bytes(target.read())
    return {"data": data, "meta": target.meta}


def spoilt_update() -> None:
    sample = prepared_for_update("integrity")
    manifest = bytearray.fromhex(sample.manifest)
    manifest[-1] ^= 1
    optigatrust.Chip().protected_update(manifest, [bytes.fromhex(f) for f in sample.fragments])


def update_command() -> dict[str, Any]:
    sample = prepared_for_update("integrity")
    named = {"manifest_data[]": sample.manifest}
    named |= {f"fragment_0{number}[]": text for number, text in enumerate(sample.fragments, 1)}
    text = "".join(
        f"const uint8_t {name} = {{ {' '.join(f'0x{byte:02X},' for byte in bytes.fromhex(data))} }};\n"
        for name, data in named.items()
    )
    return command("update --id 0xe0e1 --file e0e1.txt", {"e0e1.txt": text.replace("};", "\n};")})


def wizard() -> dict[str, Any]:
    from asn1crypto import pem as asn1_pem

    files = {"anchor.pem": asn1_pem.armor("CERTIFICATE", made_certificate()).decode()}
    line = "update-wizard --target-id 0xf1db --int-id 0xe0e9 --int-file anchor.pem"
    return command(line, files, "n\nn\n2\ny\n") | {"meta": optigatrust.Object(0xF1DB).meta}


def encrypted_with_known_key() -> dict[str, bytes]:
    """What the key that an update has brought makes of the same blocks in each mode."""
    updated("aes key")
    return {mode: symmetric("encrypt", mode, BLOCKS) for mode in MODES}


def operations() -> dict[str, Callable[[], Any]]:
    wizards = {"update-wizard": wizard, "Chip.protected_update spoilt manifest": spoilt_update}
    updates = {f"Chip.protected_update {sample.name}": partial(updated, sample.name) for sample in infineon.SAMPLES}
    updates["symmetric_encrypt with the key of the update"] = encrypted_with_known_key
    return wizards | updates | {"update": update_command}


def updated_by_own(folder: Path, oid: int, metadata: str) -> dict[str, Any]:
    """What the library's command makes of a set of this tool, encrypted with the secret of Infineon's example."""
    prepared_for_update("integrity")
    optigatrust.Object(0xE0E8).write((folder / "anchor.der").read_bytes())
    target = optigatrust.Object(oid)
    if "version" in target.meta:
        target.write_raw_meta(bytes.fromhex("2004c1020000"))
    target.write_raw_meta(bytes.fromhex(metadata))
    name = f"{oid:04x}.txt"
    ran = command(f"update --id 0x{oid:04x} --file {name}", {name: (folder / name).read_text()})
    return {"output": ran["output"], "meta": target.meta}


def updated_key(folder: Path) -> dict[str, Any]:
    result = updated_by_own(folder, 0xE0F3, "2009d00721e0e8fd20f1d1")
    signature = crypto.ecdsa_sign(objects.ECCKey(0xE0F3), b"Hello World").signature
    return result | {"signature": signature, "public": (folder / "public.der").read_bytes()}


def updated_data(folder: Path) -> dict[str, Any]:
    result = updated_by_own(folder, 0xF1E1, "2009d00721e0e8fd20f1d1")
    return result | {"data": bytes(optigatrust.Object(0xF1E1).read())}


def own_operations(folder: Path) -> dict[str, Callable[[], Any]]:
    """:param folder: what :func:`own_updates.make_own_updates` has left."""
    metadata = "200cd80721e0e8fd20f1d1f00101"
    return {
        "update with own data": partial(updated_data, folder),
        "update with own key": partial(updated_key, folder),
        "update with own metadata": partial(updated_by_own, folder, 0xF1D3, metadata),
    }
