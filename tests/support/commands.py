"""Every command of the host, drawn: each of its classes with all that its fields can hold.

A new command is here by itself, drawn from the types of its fields; only what a type does not say stands below.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields
from typing import Any, get_args, get_type_hints

from hypothesis import strategies as st

from optiga.chip import commands as host
from optiga.chip.commands.base import Command
from optiga.chip.commands.calc_hash import ObjectPart
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.models import ALL_OBJECTS
from optiga.protocol.public_key import PublicKey
from optiga.protocol.symmetric import CIPHERS, HMACS

for _module in pkgutil.iter_modules(host.__path__):
    importlib.import_module(f"{host.__name__}.{_module.name}")


def _leaves(kind: type[Any]) -> list[type[Any]]:
    below = [leaf for child in kind.__subclasses__() for leaf in _leaves(child)]
    return below or [kind]


COMMANDS = sorted({kind for kind in _leaves(Command) if "__slots__" in vars(kind)}, key=lambda kind: kind.__name__)
"""Classes of commands, in the order of their names."""

SESSIONS = st.sampled_from([0xE100, 0xE101])
OIDS = st.sampled_from([*ALL_OBJECTS, 0xE0EA, 0xF1FF])
"""Objects of each model, and some of none."""
_SHORT = st.binary(max_size=40)
_PAIRS = [known for known in KeyAlgorithm if known.is_ec or known.is_rsa]
_GIVEN = st.builds(PublicKey.of_chip, st.sampled_from(_PAIRS), _SHORT)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "oid": OIDS,
    "session": st.none() | SESSIONS,
    "algorithm": st.sampled_from([known for known in KeyAlgorithm if known.is_ec or known.is_rsa]),
    "key": _GIVEN | OIDS,
    "peer": _GIVEN,
    "size": st.integers(0, 300),
    "offset": st.integers(0, 2000),
    "length": st.integers(0, 1553),
    "changes": st.dictionaries(st.sampled_from(Tag), st.binary(max_size=9), max_size=4).map(Metadata),
    "handle": st.sampled_from([b"", bytes(8), b"\xff" * 8]),
    "message": st.binary(max_size=245) | SESSIONS,
    "content": st.binary(max_size=700) | st.sampled_from([bytes(1549)]),
    "part": st.binary(min_size=1, max_size=600),
    "iv": st.sampled_from([b"", bytes(16)]),
}
_OF_CLASS: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("CalcHash", "content"): st.binary(max_size=1200) | st.builds(ObjectPart, OIDS, st.just(0), st.integers(0, 1500)),
    ("CalcSSec", "oid"): OIDS | SESSIONS,
    ("Count", "step"): st.integers(1, 255),
    ("DecryptAsym", "oid"): OIDS | SESSIONS,
    ("DecryptSym", "mode"): st.sampled_from(CIPHERS),
    ("DeriveKey", "oid"): OIDS | SESSIONS,
    ("GenSymKey", "algorithm"): st.sampled_from([KeyAlgorithm.AES128, KeyAlgorithm.AES192, KeyAlgorithm.AES256]),
    ("GenSymKey", "oid"): st.none() | OIDS,
    ("VerifyHmac", "mode"): st.sampled_from(HMACS),
    ("VerifyHmac", "session"): SESSIONS,
    ("ClearAuthorization", "session"): SESSIONS,
}


def drawn(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any command of a class."""
    types = get_type_hints(kind)
    chosen: dict[str, Any] = {field.name: _OF_CLASS.get((kind.__name__, field.name)) for field in fields(kind)}
    for name, strategy in chosen.items():
        if strategy is None:
            chosen[name] = _FIELDS[name] if name in _FIELDS else _of_type(types[name])
    return st.builds(kind, **chosen)


def _of_type(wanted: Any) -> st.SearchStrategy[Any]:
    if wanted is int:
        return st.integers(0, 255)
    if wanted is bytes:
        return _SHORT
    kinds = get_args(wanted)
    return st.one_of([_of_type(kind) for kind in kinds]) if kinds else st.from_type(wanted)
