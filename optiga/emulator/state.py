"""A chip's whole state as one readable document, for tests that start from any state.

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
and must agree with the hex if they are there. Objects left out are those of a new chip.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from optiga.emulator import keys
from optiga.emulator.models import DEFAULT_MODEL, ChipModel, find_model
from optiga.emulator.objects import Store, StoredObject
from optiga.errors import ConfigurationError
from optiga.protocol import metadata as md
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import RSA_KEY_BITS, KeyAlgorithm
from optiga.protocol.codes import SECRET_TYPES, LifeCycleState
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import ObjectInfo, ObjectKind, format_oid, parse_oid
from optiga.protocol.symmetric import AES_KEY_SIZES

FORMAT = "optiga emulated chip"
VERSION = 1

_MEMBERS = {"format", "version", "model", "objects", "saved_context"}
_OBJECT_MEMBERS = {"name", "data", "secret", "metadata", "metadata_in_words"}
_LIFE_CYCLES = (oids.LCS_GLOBAL, oids.LCS_APPLICATION)


class State(NamedTuple):
    """A whole chip: ``EmulatedChip(MemoryStore(state.objects, state.context), model=state.model)`` brings it to life.

    :param context: the application context that it has saved; empty if it has none.
    """

    model: ChipModel
    objects: dict[int, StoredObject]
    context: bytes


def dump(store: Store, *, model: ChipModel = DEFAULT_MODEL) -> dict[str, Any]:
    """The state of the chip in a store, as a document.

    :param model: of the chip; a :class:`~optiga.emulator.store.SqliteStore` knows it.
    :raises BoardError: if the store is damaged.
    """
    content, context = store.load(), store.load_context()
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
        raise ConfigurationError("this is not the state of an emulated chip", hint=f'Its "format" is {FORMAT!r}')
    if document.get("version") != VERSION:
        raise _wrong(f"version {document.get('version')!r} is unknown", hint=f"This program knows version {VERSION}")
    unknown = _unknown_member(document, _MEMBERS)
    if unknown:
        raise _wrong(unknown)
    name, described = document.get("model"), document.get("objects")
    if not isinstance(name, str):
        raise _wrong("the model is missing", hint=f"For example {DEFAULT_MODEL.name!r}")
    if not isinstance(described, Mapping):
        raise _wrong("objects must be an object of objects")
    model = find_model(name)
    return State(model, _load_objects(model, described), _load_context(document.get("saved_context")))


def encode(document: Mapping[str, Any]) -> bytes:
    """A document as JSON, UTF-8, with a line break at its end."""
    return json.dumps(document, indent=4).encode("utf-8") + b"\n"


def _describe(info: ObjectInfo, stored: StoredObject) -> dict[str, Any]:
    where = "secret" if _is_secret(info, stored.metadata) else "data"
    return {
        "name": info.name,
        where: stored.data.hex(),
        "metadata": stored.metadata.encode().hex(),
        "metadata_in_words": stored.metadata.in_words(),
    }


def _is_secret(info: ObjectInfo, metadata: Metadata) -> bool:
    return info.kind.is_key or metadata.object_type in SECRET_TYPES


def _load_objects(model: ChipModel, described: Mapping[str, Any]) -> dict[int, StoredObject]:
    from optiga.emulator.identity import factory_chip

    loaded = factory_chip(model)
    seen: set[int] = set()
    for label, description in described.items():
        oid = parse_oid(label) if isinstance(label, str) else None
        if oid is None or oid not in loaded:
            raise _wrong(f"{label!r} is no object of an {model.title}", hint='Objects are named as "0xE0F1"')
        if oid in seen:
            raise _wrong(f"{format_oid(oid)} stands twice")
        seen.add(oid)
        try:
            loaded[oid] = _load_object(model.kind.objects[oid], description, loaded[oid])
        except (ValueError, TypeError) as error:
            raise _wrong(f"{format_oid(oid)}: {error}", oid=oid) from None
    return loaded


def _load_object(info: ObjectInfo, description: Any, new: StoredObject) -> StoredObject:
    """One object from its description.

    :param new: the same object of a new chip.
    :raises ValueError: if the chip could not hold it.
    """
    if not isinstance(description, Mapping):
        raise TypeError("it must be an object with data and metadata")
    unknown = _unknown_member(description, _OBJECT_MEMBERS)
    if unknown:
        raise ValueError(unknown)
    if ("data" in description) == ("secret" in description):
        raise ValueError("it must have either data or secret")
    data = _hex(description, "secret" if "secret" in description else "data")
    metadata = Metadata.parse(_hex(description, "metadata"))
    words = description.get("metadata_in_words")
    if words is not None and words != metadata.in_words():
        raise ValueError("metadata and metadata_in_words say different things: change the hex, and leave the words out")
    _check_metadata(metadata, new.metadata)
    if info.kind.is_key:
        _check_key(info, data, metadata)
    else:
        _check_data(info, data, metadata)
    return StoredObject(data, metadata)


def _check_metadata(metadata: Metadata, new: Metadata) -> None:
    """Refuse metadata that a chip would not have taken.

    :param new: those of the same object on a new chip.
    """
    if len(metadata.encode()) > md.MAX_SIZE:
        raise ValueError(f"its metadata have {len(metadata.encode())} bytes, more than {md.MAX_SIZE}")
    unknown = [tag for tag, _ in metadata.items() if tag not in tuple(Tag)]
    if unknown:
        raise ValueError(f"its metadata have a tag 0x{unknown[0]:02x}, which no chip knows")
    if metadata.max_size != new.max_size:
        raise ValueError(f"its metadata give a size of {metadata.max_size} bytes, the chip {new.max_size}")
    for tag in md.ACCESS_TAGS:
        metadata.access(tag)
    _ = metadata.life_cycle_state, metadata.object_type


def _check_key(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    algorithm = metadata.algorithm
    if (metadata.get(Tag.ALGORITHM) is None) != (not data):
        raise ValueError("a key and the algorithm in its metadata belong together")
    if not data:
        return
    fits = {
        ObjectKind.EC_KEY: algorithm is not None and algorithm.is_ec,
        ObjectKind.RSA_KEY: algorithm is not None and algorithm.is_rsa,
        ObjectKind.SYMMETRIC_KEY: algorithm is not None and not algorithm.is_ec and not algorithm.is_rsa,
    }
    if algorithm is None or not fits[info.kind]:
        raise ValueError(f"the algorithm in its metadata is not that of a {info.kind.value}")
    if info.kind is ObjectKind.SYMMETRIC_KEY:
        if len(data) != AES_KEY_SIZES.get(algorithm):
            raise ValueError(f"a key of {len(data)} bytes does not fit the algorithm in its metadata")
        return
    if not _is_private_key(algorithm, data):
        raise ValueError(f"its secret is no {algorithm.title} key")


def _is_private_key(algorithm: KeyAlgorithm, data: bytes) -> bool:
    """Whether bytes are a whole and sound private key of an algorithm, as the store has it."""
    try:
        if algorithm.is_rsa:
            from cryptography.hazmat.primitives import serialization
            from cryptography.hazmat.primitives.asymmetric import rsa

            key = serialization.load_der_private_key(data, None)
            return isinstance(key, rsa.RSAPrivateKey) and key.key_size == RSA_KEY_BITS[algorithm]
        return keys.to_stored(keys.from_stored(algorithm, data)) == data
    except ValueError:
        return False


def _check_data(info: ObjectInfo, data: bytes, metadata: Metadata) -> None:
    if len(data) > info.size:
        raise ValueError(f"{len(data)} bytes of data, and room for {info.size}")
    if metadata.get(Tag.USED_SIZE) is not None and metadata.used_size != len(data):
        raise ValueError(f"{len(data)} bytes of data, and a used size of {metadata.used_size}")
    if info.kind is ObjectKind.SYSTEM and info.oid != oids.SECURITY_MONITOR and len(data) != info.size:
        raise ValueError(f"{len(data)} bytes of data where {info.size} belong")
    if info.oid in _LIFE_CYCLES:
        LifeCycleState(data[0])


def _load_context(described: Any) -> bytes:
    from optiga.emulator.saved_context import decode

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
        raise TypeError(f"its {member} must be there, in hex")
    try:
        return bytes.fromhex(value)
    except ValueError:
        raise ValueError(f"its {member} is not in hex") from None


def _unknown_member(given: Mapping[str, Any], known: set[str]) -> str:
    """What is wrong with the first member that is not known; nothing if all are."""
    unknown = sorted(str(member) for member in given if member not in known)
    return f"{unknown[0]!r} is unknown; there is {', '.join(sorted(known))}" if unknown else ""


def _wrong(what: str, *, hint: str = "", oid: int | None = None) -> ConfigurationError:
    return ConfigurationError(f"the state of an emulated chip: {what}", hint=hint, oid=oid)
