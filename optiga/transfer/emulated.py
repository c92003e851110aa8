"""An emulated chip that is like the one which a file was exported from, as far as a chip tells of itself."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass

from optiga.emulator import keys
from optiga.emulator.identity import factory_chip
from optiga.emulator.models import DEFAULT_MODEL, MODELS, ChipModel
from optiga.emulator.objects import StoredObject
from optiga.emulator.state import State, listed
from optiga.emulator.validation import check_object
from optiga.errors import ConfigurationError, Reason
from optiga.objects.stored import is_empty
from optiga.protocol.algorithms import AES_KEY_SIZES, KeyAlgorithm
from optiga.protocol.metadata import Tag
from optiga.protocol.models import MARKED_OBJECT, TRUST_M_V3, find_configuration, find_model
from optiga.protocol.objects import LAST_ERROR_CODE, SLOTS, UID, ObjectInfo, ObjectKind
from optiga.protocol.uid import Uid
from optiga.transfer.cut_off import is_cut_off
from optiga.transfer.form import Entry


@dataclass(frozen=True, slots=True)
class LoadedExport:
    """A chip made from an export, and what the export could not tell of it.

    :param fresh_keys: objects with keys that are others than the exported chip's, for those never leave it.
    :param strangers: objects with certificates of the keys that the exported chip has.
    :param unknown: objects whose data the exported chip did not let be read; here as in a new chip, or zeros.
    :param cut_off: objects of which the file has the first bytes only; the others are zeros here.
    :param missing: objects that the file does not name; here as in a new chip.
    """

    state: State
    fresh_keys: tuple[int, ...]
    strangers: tuple[int, ...]
    unknown: tuple[int, ...]
    cut_off: tuple[int, ...]
    missing: tuple[int, ...]

    @property
    def remarks(self) -> list[str]:
        """What is otherwise than in the exported chip, one sentence each."""
        said = (
            (self.fresh_keys, "New keys, because keys never leave a chip"),
            (self.strangers, "Certificates of the exported chip's keys, which do not belong to the new keys"),
            (self.unknown, "Data that the export does not contain, set as in a new chip or to zeros"),
            (self.cut_off, "Truncated data, filled with zeros after the first 1700 bytes"),
            (self.missing, "Set as in a new chip, because the file does not contain them"),
        )
        return [f"{what}: {listed(oids)}" for oids, what in said if oids]


def load_export(
    entries: Iterable[Entry], model: ChipModel | None = None, *, otherwise: ChipModel = DEFAULT_MODEL
) -> LoadedExport:
    """Make a chip that is like the one of an export.

    :param entries: from :func:`optiga.transfer.form.parse_entries`.
    :param model: the chip's; None for the one that its UID tells.
    :param otherwise: the model of a chip whose UID is not told.
    :raises ConfigurationError: if no chip of the model can be so.
    """
    told = {entry.info.oid: entry for entry in entries}
    chosen = model or _model_of(told, otherwise)
    objects = factory_chip(chosen)
    new = set(objects)
    fresh, unknown, cut = [], [], []
    for oid, entry in told.items():
        before = objects.get(oid)
        if before is None:
            raise ConfigurationError(
                f"{entry.info.label}: an {chosen.title} does not have this object", oid=oid, reason=Reason.UNSUPPORTED
            )
        try:
            objects[oid] = _key(entry, before) if entry.info.kind.is_key else _data(entry, before)
            check_object(chosen.kind, oid, objects[oid])
        except ValueError as error:
            raise ConfigurationError(f"{entry.info.label}: {error}", oid=oid) from None
        if entry.info.kind.is_key and objects[oid].data:
            fresh.append(oid)
        if not entry.info.kind.is_key and entry.data is None and objects[oid].data:
            unknown.append(oid)
        if is_cut_off(entry):
            cut.append(oid)
    strangers = [
        slot.certificate_oid
        for slot in SLOTS
        if slot.key_oid in fresh
        and slot.certificate_oid in told
        and not is_empty(told[slot.certificate_oid].data or b"")
    ]
    named = (fresh, strangers, unknown, cut, new - set(told) - {LAST_ERROR_CODE})
    return LoadedExport(State(chosen, objects, b""), *(tuple(sorted(some)) for some in named))


def tells_model(entries: Iterable[Entry]) -> bool:
    """Whether an export has the UID, which tells the chip's model."""
    return any(entry.info.oid == UID and entry.data is not None for entry in entries)


def _model_of(told: dict[int, Entry], otherwise: ChipModel) -> ChipModel:
    """The model that the UID in an export tells; another where it has none.

    :raises ConfigurationError: if it is of none that can be emulated.
    """
    entry = told.get(UID)
    if entry is None or entry.data is None:
        return otherwise
    try:
        build = Uid.parse(entry.data).firmware_build
    except ValueError as error:
        raise ConfigurationError(f"{entry.info.label}: {error}", oid=UID) from None
    kind = find_model(build)
    marked = told.get(MARKED_OBJECT)
    if kind is TRUST_M_V3 and marked is not None and marked.metadata is not None:
        kind = find_configuration(marked.metadata) or kind
    if kind is None:
        raise ConfigurationError(
            f"no emulated chip has the firmware build {build} of this UID",
            hint=f"Name a model: {', '.join(MODELS)}",
            oid=UID,
            reason=Reason.UNSUPPORTED,
        )
    return MODELS[kind.name]


def _key(entry: Entry, before: StoredObject) -> StoredObject:
    """The object of a key: a new one where the exported chip had one.

    :raises ValueError: if the file has data for it.
    """
    if entry.data is not None:
        raise ValueError("the file has data for it, but keys never leave a chip")
    if entry.metadata is None or not entry.is_whole:
        return StoredObject(
            before.data, before.metadata.with_tags(dict(entry.metadata.items() if entry.metadata else ()))
        )
    algorithm = entry.metadata.algorithm
    if algorithm is None:
        return StoredObject(b"", entry.metadata)
    return StoredObject(_new_key(algorithm, entry.info, before), entry.metadata)


def _new_key(algorithm: KeyAlgorithm, info: ObjectInfo, before: StoredObject) -> bytes:
    """A key as it is stored; the one of the new chip's factory where that has such a one."""
    if before.data and before.metadata.algorithm is algorithm:
        return before.data
    if algorithm in AES_KEY_SIZES:
        return os.urandom(AES_KEY_SIZES[algorithm])
    if algorithm.is_rsa != (info.kind is ObjectKind.RSA_KEY):
        return b""  # which is then refused, with the reason
    return keys.to_stored(keys.generate(algorithm))


def _data(entry: Entry, before: StoredObject) -> StoredObject:
    """The object of anything but a key."""
    if entry.metadata is None:
        metadata = before.metadata
    elif entry.is_whole:
        metadata = entry.metadata
    else:
        metadata = before.metadata.with_tags(dict(entry.metadata.items()))
    used = metadata.used_size if metadata.get(Tag.USED_SIZE) is not None else entry.info.size
    data = entry.data
    if data is None:
        data = before.data[:used].ljust(used or 0, b"\x00")
    elif is_cut_off(entry):
        data = data.ljust(used or 0, b"\x00")
    stored = StoredObject(data, metadata)
    return stored if len(data) == used else stored.with_data(data)
