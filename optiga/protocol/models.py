"""The models of the family: which objects, commands and algorithms each has, so that both ends know what one lacks.

Sources: for Trust M the SRM, its tables and the notes to them on what V1 does not support; for Trust X Infineon's host
library and command-line tools for it (commands, parameters, identifiers) and the tables of ``python-optiga-trust``
(objects and their sizes, build numbers).

Trust M Express and Trust M MTR are Trust M V3 that Infineon has configured ("OPTIGA Trust M configurations", rev. 2.2,
chapter 1: "identical to the OPTIGA Trust M V3 chip"). No UID tells them from one: both published dumps have build 2440.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from typing import Any

from optiga.arguments import takes
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode, LifeCycleState, ObjectType
from optiga.protocol.commands import params
from optiga.protocol.conditions import Condition
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.objects import OBJECTS, ObjectInfo, ObjectKind, format_oid
from optiga.values import Value, frozen


class Lack:
    """What a model does not have, and a command asks for.

    :param what: what it lacks, for example ``rsa2048 keys``.
    :param instead: what it has in that place, for example ``secp256r1, secp384r1``; empty if nothing.
    """

    __slots__ = ("instead", "what")

    def __init__(self, what: str, instead: str = "") -> None:
        self.what: str = what
        self.instead: str = instead


@frozen
class Model(Value):
    """A chip model of the OPTIGA Trust family.

    :param name: name for users, for example ``trust-m-v3``.
    :param builds: build numbers of the firmware, in hex as at the end of the UID; empty for Trust M Express and MTR,
        which have the firmware of another model.
    :param objects: every object by its OID.
    :param commands: the commands with the values of their Param fields.
    :param max_session_secret: maximum size of a secret in a session, in bytes.
    :param stores_random: whether a session can store random bytes other than a pre-master secret.
    :param metadata_tags: metadata tags that the model supports.
    :param conditions: simple access conditions that the model supports.
    :param object_types: types that a data object can have.
    :param updates_data_only: whether protected updates are limited to unencrypted data for every chip: no keys, no
        metadata, and no UID in the manifest (``OPTIGA_Trust_M_V1_manifest.cddl``).
    :param mark: for Trust M Express and MTR: metadata tags of 0xE0E1 that distinguish it from the model with the same
        firmware.
    """

    name: str
    title: str
    builds: frozenset[str]
    objects: Mapping[int, ObjectInfo]
    commands: params.Parameters
    max_session_secret: int
    stores_random: bool = True
    metadata_tags: frozenset[int] = frozenset(Tag)
    conditions: frozenset[Condition] = frozenset(Condition)
    object_types: frozenset[int] = frozenset(ObjectType)
    updates_data_only: bool = False
    mark: Mapping[int, bytes] = field(default_factory=dict)

    def __eq__(self, other: object) -> bool:
        return self is other

    def __hash__(self) -> int:
        return id(self)

    def __reduce__(self) -> tuple[Callable[..., Model], tuple[Any, ...]]:
        """One of :data:`MODELS` is itself again in another process."""
        return (_model_named, (self.name,)) if self in MODELS else super().__reduce__()

    def __repr__(self) -> str:
        return f"<Model {self.name}>"

    @property
    def algorithms(self) -> frozenset[KeyAlgorithm]:
        """Algorithms of the key pairs that the model generates."""
        return frozenset(map(KeyAlgorithm, self.commands[CommandCode.GEN_KEY_PAIR]))

    @takes
    def lack(self, code: CommandCode, param: int | None = None, oid: int | None = None) -> Lack | None:
        """What the model lacks of a command, a value of its Param field, and an object; None if it has all of them.

        Objects that no model has, and values without a name, are left to the chip.
        """
        if code not in self.commands:
            return Lack(f"command {code.title}")
        if param is not None and param not in self.commands[code]:
            from optiga.protocol.commands import param_names

            what = param_names.describe(code, param)
            if what:
                return Lack(what, param_names.listed(code, self.commands[code]))
        if oid is not None and oid not in self.objects and oid in ALL_OBJECTS:
            missing = ALL_OBJECTS[oid]
            same = [info.label for info in self.objects.values() if info.kind is missing.kind]
            return Lack(f"object {format_oid(oid)}, {missing.name}", ", ".join(same))
        return None


def _model_named(name: str) -> Model:
    return next(model for model in MODELS if model.name == name)


def find_model(build: str) -> Model | None:
    """The model whose firmware has a build number, four hex digits; None if none is known to."""
    return next((model for model in MODELS if build.lower() in model.builds), None)


def find_configuration(marked: Metadata) -> Model | None:
    """The configuration of Trust M V3 that a chip has; None if it has none.

    Source: "OPTIGA Trust M configurations", rev. 2.2, table 1, access conditions of 0xE0E1.

    :param marked: metadata of :data:`MARKED_OBJECT`.
    """
    configured = (model for model in MODELS if model.mark)
    return next((one for one in configured if all(marked.get(tag) == value for tag, value in one.mark.items())), None)


_V1_TAGS = frozenset(Tag) - {Tag.METADATA_UPDATE, Tag.RESET_TYPE}
_V1_CONDITIONS = frozenset(Condition) - {
    Condition.SECURITY_STATUS_GLOBAL,
    Condition.SECURITY_STATUS_APPLICATION,
    Condition.AUTHORIZATION,
}
_V1_TYPES = frozenset(ObjectType) - {ObjectType.UPDATE_SECRET, ObjectType.AUTHORIZATION_REFERENCE}
_LIFE_CYCLE_CONDITIONS = frozenset(
    (Condition.ALWAYS, Condition.NEVER, Condition.LCS_GLOBAL, Condition.LCS_APPLICATION, Condition.LCS_OBJECT)
)


def _trust_x_objects() -> dict[int, ObjectInfo]:
    kinds = (ObjectKind.SYSTEM, ObjectKind.CERTIFICATE, ObjectKind.TRUST_ANCHOR, ObjectKind.EC_KEY, ObjectKind.SESSION)
    shared = {oid: info for oid, info in OBJECTS.items() if info.kind in kinds}
    del shared[oids.SECURITY_MONITOR], shared[0xE0E9]
    small = (ObjectInfo(0xF1D0 + i, f"arbitrary data type 3, {i + 1}", ObjectKind.DATA, 100) for i in range(16))
    return {**shared, **{info.oid: info for info in small}, **{oid: OBJECTS[oid] for oid in (0xF1E0, 0xF1E1)}}


TRUST_M_V3 = Model("trust-m-v3", "OPTIGA Trust M V3", frozenset(("2440", "2564")), OBJECTS, params.TRUST_M_V3, 66)
TRUST_M_V1 = Model(
    "trust-m-v1",
    "OPTIGA Trust M V1",
    frozenset(("0501", "0624", "0751", "0802", "0809")),
    {oid: info for oid, info in OBJECTS.items() if oid not in (oids.SECURITY_MONITOR, oids.SYMMETRIC_KEY)},
    params.TRUST_M_V1,
    48,
    stores_random=False,
    metadata_tags=_V1_TAGS,
    conditions=_V1_CONDITIONS,
    object_types=_V1_TYPES,
    updates_data_only=True,
)
TRUST_X = Model(
    "trust-x",
    "OPTIGA Trust X",
    frozenset(("0510", "0715", "1048", "1112", "1118")),
    _trust_x_objects(),
    params.TRUST_X,
    48,
    stores_random=False,
    metadata_tags=_V1_TAGS - {Tag.VERSION},
    conditions=_LIFE_CYCLE_CONDITIONS,
    object_types=frozenset(
        (
            ObjectType.BYTE_STRING,
            ObjectType.TRUST_ANCHOR,
            ObjectType.DEVICE_CERTIFICATE,
            ObjectType.PRE_SHARED_SECRET,
        )
    ),
)
MARKED_OBJECT = 0xE0E1
"""Object whose metadata tell a configuration of Trust M V3. They are locked: no command changes them any more."""
_MARK: dict[int, bytes] = {Tag.LCSO: bytes([LifeCycleState.OPERATIONAL]), Tag.CHANGE: bytes.fromhex("20e140fd23f1d0")}
TRUST_M_EXPRESS = replace(
    TRUST_M_V3,
    name="trust-m-express",
    title="OPTIGA Trust M Express",
    builds=frozenset(),
    mark={**_MARK, Tag.READ: bytes.fromhex("20e140")},
)
TRUST_M_MTR = replace(
    TRUST_M_V3, name="trust-m-mtr", title="OPTIGA Trust M MTR", builds=frozenset(), mark={**_MARK, Tag.READ: b"\x00"}
)
MODELS = (TRUST_M_V3, TRUST_M_V1, TRUST_X, TRUST_M_EXPRESS, TRUST_M_MTR)
ALL_OBJECTS: Mapping[int, ObjectInfo] = {**TRUST_X.objects, **TRUST_M_V1.objects, **TRUST_M_V3.objects}
"""Every object that any model has, by its identifier; where they differ in size, that of Trust M V3."""
