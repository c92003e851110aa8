"""The complete state of a chip as one readable document, for tests that start from any state.

The document is what JSON can hold::

    {
      "format": "optiga emulated chip", "version": 1, "model": "trust-m-v3",
      "objects": {
        "0xE0F1": {"name": "device private EC key 2", "secret": "5fc0…",
                   "metadata": "2014c00101…", "metadata_in_words": {"lcso": "creation", …}},
        "0xF1D0": {"name": "arbitrary data type 3, 1", "data": "00", …}
      },
      "saved_context": {…}
    }

Bytes are in hex. What must stay secret stands under ``secret`` in place of ``data``: keys, as
:mod:`optiga.emulator.keys` stores them, and the data of secret types. The words are for people: they may be left out,
and must agree with the hex if they are there. Objects left out, and the data or the metadata of an object that are left
out, are those of a new chip. A secret may be left out only together with its metadata.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple, TypedDict

from optiga.emulator import keys
from optiga.emulator.identity import factory_chip
from optiga.emulator.models import DEFAULT_MODEL, ChipModel, find_model
from optiga.emulator.objects import Store, StoredObject
from optiga.emulator.saved_context import decode
from optiga.emulator.validation import check_object
from optiga.errors import ConfigurationError, Reason
from optiga.files.known_documents import STATE_FORMAT as FORMAT
from optiga.files.known_documents import name_document
from optiga.protocol.algorithms import AES_KEY_SIZES, RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.codes import SECRET_TYPES
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import LAST_ERROR_CODE, SECURITY_EVENT_COUNTER, ObjectInfo, format_oid, parse_oid

VERSION = 1

_MEMBERS = {"format", "version", "model", "objects", "saved_context"}
_VOLATILE = (LAST_ERROR_CODE, SECURITY_EVENT_COUNTER)
"""Objects that change by themselves."""
_LISTED = 12
"""Most objects that a sentence names."""
_OBJECT_MEMBERS = {"name", "data", "secret", "metadata", "metadata_in_words"}


class State(NamedTuple):
    """A whole chip: ``EmulatedChip(MemoryStore(state.objects, state.context), model=state.model)`` brings it to life.

    :param context: the application context that it has saved; empty if it has none.
    """

    model: ChipModel
    objects: dict[int, StoredObject]
    context: bytes


def dump(store: Store, *, model: ChipModel = DEFAULT_MODEL) -> dict[str, Any]:
    """The state of the chip in a store, as a document.

    :param model: of the chip; that of one in a file stands there.
    :raises BoardError: if the store is damaged.
    """
    return dict(document_of(State(store.model or model, store.load(), store.load_context())))


def document_of(state: State) -> Mapping[str, Any]:
    """A state as a document."""
    model, content, context = state
    document: dict[str, Any] = {"format": FORMAT, "version": VERSION, "model": model.name}
    document["objects"] = {format_oid(oid): _describe(model.kind.objects[oid], content[oid]) for oid in sorted(content)}
    if context:
        document["saved_context"] = json.loads(context)
    return document


def load(document: Mapping[str, Any]) -> State:
    """The chip that a document describes.

    :raises ConfigurationError: if it is no such document, or describes what no chip can be. The message is one line
        that names the first object and the first thing wrong with it.
    """
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        known = name_document(document)
        raise ConfigurationError(
            f"this is {known.what + ', ' if known else ''}not the state of an emulated chip",
            hint=known.taker if known else f'The "format" must be {FORMAT!r}',
            reason=Reason.WRONG_TYPE,
        )
    if document.get("version") != VERSION:
        raise _wrong(f"version {document.get('version')!r} is unknown", hint=f"This program supports version {VERSION}")
    unknown = _unknown_member(document, _MEMBERS)
    if unknown:
        raise _wrong(unknown)
    name, described = document.get("model"), document.get("objects", {})
    if not isinstance(name, str):
        raise _wrong(f"the model is {'not a text' if name else 'missing'}", hint=f"For example {DEFAULT_MODEL.name!r}")
    model = find_model(name)
    if not isinstance(described, Mapping):
        raise _wrong("objects must be a JSON object of objects")
    return State(model, _load_objects(model, described), _load_context(document.get("saved_context")))


def told_by(document: Mapping[str, Any]) -> dict[int, frozenset[str]]:
    """What a document that can be loaded says of each object: ``data``, ``metadata`` or both."""
    told: dict[int, frozenset[str]] = {}
    for label, description in document.get("objects", {}).items():
        names = {"data" if name == "secret" else name for name in description}
        told[parse_oid(label) or 0] = frozenset(names & {"data", "metadata"})
    return told


def lost_by(held: State, new: State, told: Mapping[int, Collection[str]]) -> tuple[int, ...]:
    """The objects that lose something if a chip gets another state, although that state comes from a source without it.

    :param held: what the chip holds, of the same model.
    :param new: what it is going to hold, in which the rest is as in a new chip.
    :param told: what the source says of each object, as :func:`told_by` gives it.
    """
    return tuple(
        oid
        for oid, stored in sorted(held.objects.items())
        if oid not in _VOLATILE
        if ("data" not in told.get(oid, ()) and stored.data and stored.data != new.objects[oid].data)
        or ("metadata" not in told.get(oid, ()) and _rules(stored) != _rules(new.objects[oid]))
    )


def _rules(stored: StoredObject) -> dict[int, bytes]:
    """The metadata that do not follow from the data."""
    return {tag: value for tag, value in stored.metadata.items() if tag != Tag.USED_SIZE}


def listed(oids: Iterable[int]) -> str:
    """Objects for a sentence: their OIDs, or, of many, how many there are."""
    names = [format_oid(oid) for oid in sorted(oids)]
    return ", ".join(names) if len(names) <= _LISTED else f"{len(names)} objects, {names[0]} to {names[-1]}"


def encode(document: Mapping[str, Any]) -> bytes:
    """A document as JSON, UTF-8, with a line break at its end."""
    return json.dumps(document, indent=4).encode("utf-8") + b"\n"


class _Described(TypedDict, total=False):
    """An object in the document; one of ``data`` and ``secret`` is there."""

    name: str
    data: str
    secret: str
    metadata: str
    metadata_in_words: dict[str, str]


def _describe(info: ObjectInfo, stored: StoredObject) -> _Described:
    described: _Described = {"name": info.name}
    described["secret" if _is_secret(info, stored.metadata) else "data"] = stored.data.hex()
    described["metadata"] = stored.metadata.encode().hex()
    described["metadata_in_words"] = stored.metadata.in_words()
    return described


def _is_secret(info: ObjectInfo, metadata: Metadata) -> bool:
    return info.kind.is_key or metadata.object_type in SECRET_TYPES


def _load_objects(model: ChipModel, described: Mapping[str, Any]) -> dict[int, StoredObject]:
    loaded = factory_chip(model)
    seen: set[int] = set()
    for label, description in described.items():
        oid = parse_oid(label) if isinstance(label, str) else None
        if oid is None or oid not in loaded:
            raise _wrong(f"{label!r} is not an object of an {model.title}", hint='Write OIDs as "0xE0F1"')
        if oid in seen:
            raise _wrong(f"{format_oid(oid)} is given twice")
        seen.add(oid)
        try:
            loaded[oid] = _load_object(model, oid, description, loaded[oid])
        except (ValueError, TypeError) as error:
            raise _wrong(f"{format_oid(oid)}: {error}", oid=oid) from None
    return loaded


def _load_object(model: ChipModel, oid: int, description: Any, new: StoredObject) -> StoredObject:
    """One object from its description.

    :param new: that of a new chip, of which is what the description leaves out.
    :raises ValueError: if the chip could not hold it.
    """
    if not isinstance(description, Mapping):
        raise TypeError("it must be an object with data and metadata")
    unknown = _unknown_member(description, _OBJECT_MEMBERS)
    if unknown:
        raise ValueError(unknown)
    if "data" in description and "secret" in description:
        raise ValueError("it must have either data or secret, not both")
    words = description.get("metadata_in_words")
    data, metadata = new
    if given := description.keys() & {"data", "secret"}:
        data = _hex(description, *given)
        if metadata.get(Tag.USED_SIZE) is not None:
            metadata = new.with_data(data).metadata
    if "metadata" in description or words is not None:
        metadata = Metadata.parse(_hex(description, "metadata"))
    if words is not None and words != metadata.in_words():
        raise ValueError("metadata and metadata_in_words differ: change the hex and omit the words")
    stored = StoredObject(data, metadata)
    if data and not given and "metadata" in description and _is_secret(model.kind.objects[oid], metadata):
        raise ValueError("its secret is missing (write it in hex)")  # it was taken out: a new one would surprise
    check_object(model.kind, oid, stored)
    algorithm = metadata.algorithm
    if algorithm is not None and algorithm not in AES_KEY_SIZES and not _is_private_key(algorithm, data):
        raise ValueError(f"its secret is not a key for {algorithm.title}")
    return stored


def _is_private_key(algorithm: KeyAlgorithm, data: bytes) -> bool:
    """Whether bytes are a whole and sound private key of an algorithm, as the store has it."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    try:
        key = keys.from_stored(algorithm, data)
        if not isinstance(key, rsa.RSAPrivateKey):
            return keys.to_stored(key) == data
        numbers, bits = key.private_numbers(), RSA_KEY_BITS[algorithm]
        parts = (numbers.p, numbers.q, numbers.d, numbers.dmp1, numbers.dmq1, numbers.iqmp)
        if key.key_size != bits or not all(0 < part < 1 << bits for part in parts):
            return False
        numbers.private_key()  # which looks for mistakes
    except (ValueError, OverflowError):
        return False
    return True


def _load_context(described: Any) -> bytes:
    if described is None:
        return b""
    context = json.dumps(described).encode()
    try:
        decode(context)
    except ValueError as error:
        raise _wrong(f"saved_context: {error}") from None
    return context


def _hex(description: Mapping[str, Any], member: str) -> bytes:
    value = description.get(member)
    if not isinstance(value, str):
        raise TypeError(f"its {member} is missing (write it in hex)")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise ValueError(f"its {member} is not in hex") from None


def _unknown_member(given: Mapping[str, Any], known: set[str]) -> str:
    """What is wrong with the first member that is not known; nothing if all are."""
    unknown = sorted(str(member) for member in given if member not in known)
    return f"{unknown[0]!r} is unknown (known: {', '.join(sorted(known))})" if unknown else ""


def _wrong(what: str, *, hint: str = "", oid: int | None = None) -> ConfigurationError:
    return ConfigurationError(f"the state of an emulated chip: {what}", hint=hint, oid=oid)
