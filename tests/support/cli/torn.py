"""Emulated chips with objects that they neither read nor use: torn by a protected update, or in termination."""

from __future__ import annotations

import optiga
from optiga.chip.commands.set_object_protected import SetObjectProtected
from optiga.protocol.commands.set_object_protected import UpdateStep
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.emulator.updating import ANCHOR_OID, certificate_of, made, signer

DATA = bytes(range(256)) * 3
"""What the interrupted updates bring: 768 bytes, in fragments of 608 and 160."""
OPEN = "change: lcso < operational || int 0xE0E8"
AGAIN = "the same update again"


def tear(port: str, *oids: int, version: int = 1) -> None:
    """Begin a protected update of objects, and stop behind its first fragment."""
    with optiga.open_chip(port) as chip:
        chip.write(ANCHOR_OID, certificate_of(signer()))
        for oid in oids:
            chip.write_metadata(oid, parse_metadata_words([OPEN]))
            update = made(DATA, version, target_oid=oid)
            chip.execute(SetObjectProtected(UpdateStep.START, update.manifest, oid))
            chip.execute(SetObjectProtected(UpdateStep.CONTINUE, update.fragments[0], oid))


def mark_torn(port: str, oid: int, version: int = 1) -> None:
    """Set the flag that an interrupted update leaves, of objects whose update is whole on an emulated chip: keys."""
    with optiga.open_chip(port) as chip:
        chip.write_metadata(oid, Metadata({Tag.VERSION: (0x8000 | version).to_bytes(2, "big")}))


def terminate(port: str, *oids: int) -> None:
    with optiga.open_chip(port) as chip:
        for oid in oids:
            chip.write_metadata(oid, parse_metadata_words(["lcso: termination"]))


def way_back(oid: int, version: int = 0) -> str:
    """The command that has an object taken as it is."""
    return f'object metadata 0x{oid:04X} "version: {version}"'
