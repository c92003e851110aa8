"""Every command of the host, drawn: each of its classes with all that its fields can hold."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import fields
from typing import Any

from hypothesis import strategies as st

from optiga.chip import commands as host
from optiga.chip.commands.base import Command
from optiga.chip.commands.calc_hash import ObjectPart
from optiga.chip.given_key import GivenKey
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage, SignatureScheme
from optiga.protocol.commands.calc_hash import HashStep
from optiga.protocol.commands.derive_key import KeyDerivation
from optiga.protocol.commands.encrypt_sym import SymStep
from optiga.protocol.commands.set_object_protected import UpdateStep
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.models import ALL_OBJECTS
from optiga.protocol.symmetric import CIPHERS, HMACS, SymmetricMode

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
_GIVEN = st.builds(GivenKey, st.sampled_from([known for known in KeyAlgorithm if known.is_ec or known.is_rsa]), _SHORT)
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "oid": OIDS,
    "session": st.none() | SESSIONS,
    "algorithm": st.sampled_from([known for known in KeyAlgorithm if known.is_ec or known.is_rsa]),
    "usage": st.sampled_from(list(KeyUsage)),
    "scheme": st.sampled_from(SignatureScheme),
    "method": st.sampled_from(KeyDerivation),
    "mode": st.sampled_from(SymmetricMode),
    "key": _GIVEN | OIDS,
    "peer": _GIVEN,
    "size": st.integers(0, 300),
    "offset": st.integers(0, 2000),
    "length": st.integers(0, 1553),
    "erase": st.booleans(),
    "export": st.booleans(),
    "deterministic": st.booleans(),
    "changes": st.dictionaries(st.sampled_from(Tag), st.binary(max_size=9), max_size=4).map(Metadata),
    "handle": st.sampled_from([b"", bytes(8), b"\xff" * 8]),
    "message": st.binary(max_size=245) | SESSIONS,
    "content": st.binary(max_size=700) | st.sampled_from([bytes(1549)]),
    "part": st.binary(min_size=1, max_size=600),
    "iv": st.sampled_from([b"", bytes(16)]),
}
_OF_CLASS: dict[tuple[str, str], st.SearchStrategy[Any]] = {
    ("CalcHash", "content"): st.binary(max_size=1200) | st.builds(ObjectPart, OIDS, st.just(0), st.integers(0, 1500)),
    ("CalcHash", "step"): st.sampled_from(HashStep),
    ("CalcSSec", "oid"): OIDS | SESSIONS,
    ("Count", "step"): st.integers(1, 255),
    ("DecryptAsym", "oid"): OIDS | SESSIONS,
    ("DecryptSym", "mode"): st.sampled_from(CIPHERS),
    ("DecryptSym", "step"): st.sampled_from(SymStep),
    ("DeriveKey", "oid"): OIDS | SESSIONS,
    ("EncryptSym", "step"): st.sampled_from(SymStep),
    ("GenSymKey", "algorithm"): st.sampled_from([KeyAlgorithm.AES128, KeyAlgorithm.AES192, KeyAlgorithm.AES256]),
    ("GenSymKey", "oid"): st.none() | OIDS,
    ("SetObjectProtected", "step"): st.sampled_from(UpdateStep),
    ("VerifyHmac", "mode"): st.sampled_from(HMACS),
    ("VerifyHmac", "session"): SESSIONS,
    ("ClearAuthorization", "session"): SESSIONS,
}


def drawn(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Any command of a class."""
    chosen = {
        field.name: _OF_CLASS.get((kind.__name__, field.name), _FIELDS.get(field.name, _SHORT))
        for field in fields(kind)
    }
    return st.builds(kind, **chosen)
