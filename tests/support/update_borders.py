"""Update files as a border: JSON and C, shown, and checked against a chip and applied to it."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import cbor2

from optiga.chip import Chip
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.protocol.manifest import Manifest, SignedManifest
from optiga.protocol.metadata import Metadata, Tag
from optiga.results import to_json
from optiga.update.apply import send_update
from optiga.update.check import check_update
from optiga.update.payloads import metadata_payload
from optiga.update.update_file import encode_c, encode_json, read_update
from optiga.update.update_set import UpdateSet
from tests.support.borders import check_line
from tests.support.emulator.updating import LONG, SECRET, TARGET, made, resigned, updatable
from tests.support.file_borders import Border, EmulatedTransport, check_texts
from tests.support.file_mutations import encode_tree, mutate_bytes, mutate_json, mutate_text, read_tree

_ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        0,
        1,
        -1,
        -2,
        -3,
        255,
        256,
        65535,
        65536,
        1 << 32,
        -(1 << 31),
        1 << 64,
        -(1 << 64),
        1 << 200,
        1.5,
        "x",
    ),
    *(
        float("nan"),
        b"",
        b"\x00",
        bytes(64),
        bytes(640),
        bytes(70_000),
        [],
        [[]],
        {},
        {1: 1},
        {4: b""},
        cbor2.undefined,
    ),
    *(
        cbor2.CBORTag(18, []),
        cbor2.CBORTag(0, "x"),
        cbor2.CBORTag(1, 1e300),
        cbor2.CBORTag(28, []),
        cbor2.CBORTag(29, 0),
    ),
    *(
        cbor2.CBORTag(35, "("),
        cbor2.CBORTag(4, [10**6, 3]),
        cbor2.CBORTag(30, [1, 0]),
        b"\x9f" * 900,
        b"\x81" * 2000 + b"\x00",
    ),
)


def _mutate_cbor(data: bytes, chance: random.Random) -> bytes:
    """A manifest with a change in its tree, or in the tree within one of its byte strings."""
    if chance.random() < 0.2:
        return mutate_bytes(data, chance)
    tree = [cbor2.loads(data)]
    places: list[tuple[Any, Any]] = []
    stack: list[Any] = [tree]
    while stack:
        holder = stack.pop()
        for key in range(len(holder)) if isinstance(holder, list) else list(holder):
            places.append((holder, key))
            if isinstance(holder[key], (list, dict)):
                stack.append(holder[key])
    holder, key = chance.choice(places)
    value = holder[key]
    if isinstance(value, bytes) and chance.random() < 0.6:
        try:
            is_tree = isinstance(cbor2.loads(value), (list, dict)) and len(value) > 4
        except Exception:
            is_tree = False
        holder[key] = _mutate_cbor(value, chance) if is_tree else mutate_bytes(value, chance)
    elif type(value) is int and chance.random() < 0.5:
        holder[key] = value + chance.choice((1, -1, 100, 1 << 14))
    elif isinstance(holder, list) and chance.random() < 0.2:
        del holder[key]
    else:
        holder[key] = chance.choice(_ODD)
    return cbor2.dumps(tree[0]) if tree else b""


class UpdateBorder(Border):
    """``update show``: a file in JSON or C."""

    name = "update"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        metadata = Metadata({Tag.LCSO: b"\x03", Tag.CHANGE: b"\xff", Tag.TYPE: b"\x11"})
        self._updates = [made(b"abc"), made(LONG), made(LONG, secret=SECRET), made(metadata_payload(metadata))]
        self._trees = [read_tree(encode_json(update)) for update in self._updates]
        self._texts = [encode_c(update) for update in self._updates]

    def make(self, chance: random.Random) -> bytes:
        kind, number = chance.randrange(4), chance.randrange(len(self._updates))
        if kind == 0:
            return mutate_json(self._trees[number], chance)
        if kind == 1:
            text = mutate_text(self._texts[number], chance).encode("utf-8", "surrogatepass")
            return mutate_bytes(text, chance) if chance.random() < 0.2 else text
        update = self._updates[number]
        manifest = _mutate_cbor(update.manifest, chance)
        tree = {"format": "optiga-update", "version": 1, "manifest": manifest.hex()}
        return encode_tree(
            read_tree(json.dumps({**tree, "fragments": [one.hex() for one in update.fragments]}))
        ).encode()

    def take(self, given: bytes, chance: random.Random) -> None:
        self._read(given)

    def _read(self, given: bytes) -> UpdateSet:
        is_c = not given.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{")
        path = self.file.with_suffix(".h" if is_c else ".json")
        path.write_bytes(given)
        update = read_update(path)
        check_texts(to_json(update.describe()))
        path.write_text(encode_c(update) if is_c else encode_json(update))
        assert read_update(path) == update
        return update


class AppliedBorder(UpdateBorder):
    """``update apply``: what a file holds, rightly signed, goes to a chip."""

    name = "update applied"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        store = MemoryStore()
        probe = updatable(store=store)
        probe.set_tags(TARGET, {Tag.METADATA_UPDATE: bytes.fromhex("21e0e8"), Tag.RESET_TYPE: b"\x01"})
        self._content = store.load()

    def make(self, chance: random.Random) -> bytes:
        if chance.random() < 0.2:
            return super().make(chance)
        update = self._updates[chance.randrange(len(self._updates))]
        payload = update.signed.manifest.encode()
        for _ in range(20):
            try:
                manifest = Manifest.decode(_mutate_cbor(payload, chance))
            except ValueError:
                continue
            changes = {
                name: getattr(manifest, name) for name in ("target_oid", "kind", "payload_version", "uid", "encryption")
            }
            update = resigned(update, **changes)
            break
        anchor = chance.choice((update.signed.anchor_oid, update.signed.anchor_oid, 0xE0E9, 0xF1D0, 0x0000))
        signed = SignedManifest(update.signed.manifest, anchor, update.signed.algorithm, update.signed.signature)
        return encode_json(replace(update, signed=signed)).encode()

    def take(self, given: bytes, chance: random.Random) -> None:
        update = self._read(given)
        chip = Chip(EmulatedTransport(EmulatedChip(MemoryStore(self._content))))
        plan = check_update(chip, update)
        for line in (*plan.stays, *plan.warnings):
            check_line(line)
        send_update(chip, update)
        check_texts(chip.metadata(update.oid).in_words())


UPDATES: tuple[type[Border], ...] = (UpdateBorder, AppliedBorder)
