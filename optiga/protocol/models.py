"""The models of the family: which objects, commands and algorithms each has, so that both ends know what one lacks.

Sources: for Trust M the SRM, its tables and the notes to them on what V1 does not support; for Trust X Infineon's host
library and command-line tools for it (commands, parameters, identifiers) and the tables of ``python-optiga-trust``
(objects and their sizes, build numbers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from optiga.protocol import objects as oids
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import (
    HASH_SHA256,
    AsymmetricCipher,
    CodeEnum,
    CommandCode,
    KeyAgreement,
    KeyDerivation,
    ObjectType,
    SignatureScheme,
    SymmetricMode,
)
from optiga.protocol.conditions import Condition
from optiga.protocol.metadata import Tag
from optiga.protocol.objects import OBJECTS, ObjectInfo, ObjectKind, format_oid
from optiga.protocol.symmetric import CIPHERS, HMACS

Parameters = Mapping[int, frozenset[int]]
"""The commands that a model has, each with the values that its Param field can have."""

_PARAM_NAMES: dict[CommandCode, tuple[str, type[CodeEnum]]] = {
    CommandCode.GEN_KEY_PAIR: ("{} keys", KeyAlgorithm),
    CommandCode.GEN_SYM_KEY: ("{} keys", KeyAlgorithm),
    CommandCode.CALC_SIGN: ("signatures by {}", SignatureScheme),
    CommandCode.VERIFY_SIGN: ("signatures by {}", SignatureScheme),
    CommandCode.DERIVE_KEY: ("derivation by {}", KeyDerivation),
    CommandCode.ENCRYPT_SYM: ("operation by {}", SymmetricMode),
    CommandCode.DECRYPT_SYM: ("operation by {}", SymmetricMode),
}
_SINGLE_PARAMS: dict[tuple[CommandCode, int], str] = {
    (CommandCode.SET_DATA_OBJECT, 0x02): "counters",
    (CommandCode.GET_RANDOM, 0x04): "pre-master secrets",
}


class Lack:
    """What a model does not have, and a command asks for.

    :param what: what it lacks, for example ``rsa2048 keys``.
    :param instead: what it has in that place, for example ``secp256r1, secp384r1``; empty if nothing.
    """

    __slots__ = ("instead", "what")

    def __init__(self, what: str, instead: str = "") -> None:
        self.what = what
        self.instead = instead


@dataclass(frozen=True, eq=False)
class Model:
    """A model of the family.

    :param name: how a user names it.
    :param builds: build numbers of its firmwares, as they stand at the end of the UID in hex.
    :param objects: every object by its identifier.
    :param commands: its commands with the values of their Param fields.
    :param max_session_secret: most bytes of a secret in a session.
    :param stores_random: whether a session can take random bytes that are no pre-master secret.
    :param metadata_tags: tags that the metadata of its objects can have.
    :param conditions: simple access conditions that it knows.
    :param object_types: types that a data object can have.
    :param updates_data_only: whether a protected update brings only data, in plain and for every chip: no keys, no
        metadata, and no UID in a manifest (``OPTIGA_Trust_M_V1_manifest.cddl``).
    """

    name: str
    title: str
    builds: frozenset[str]
    objects: Mapping[int, ObjectInfo]
    commands: Parameters
    max_session_secret: int
    stores_random: bool = True
    metadata_tags: frozenset[int] = frozenset(Tag)
    conditions: frozenset[Condition] = frozenset(Condition)
    object_types: frozenset[int] = frozenset(ObjectType)
    updates_data_only: bool = False

    @property
    def algorithms(self) -> frozenset[KeyAlgorithm]:
        """Of the key pairs that it makes."""
        return frozenset(map(KeyAlgorithm, self.commands[CommandCode.GEN_KEY_PAIR]))

    def lack(self, code: CommandCode, param: int | None = None, oid: int | None = None) -> Lack | None:
        """What it does not have of a command, a value of its Param field, and an object; None if it has them.

        An object that no model has, and a value that has no name, are left for the chip to judge.
        """
        if code not in self.commands:
            return Lack(f"command {code.title}")
        if param is not None and param not in self.commands[code]:
            if (code, param) in _SINGLE_PARAMS:
                return Lack(_SINGLE_PARAMS[code, param])
            what, kind = _PARAM_NAMES.get(code, ("", None))
            wanted = None if kind is None else kind.of(param)
            if kind is not None and wanted is not None:
                has = ", ".join(_word(kind(value)) for value in sorted(self.commands[code]))
                return Lack(what.format(_word(wanted)), has)
        if oid is not None and oid not in self.objects and oid in ALL_OBJECTS:
            missing = ALL_OBJECTS[oid]
            same = [info.label for info in self.objects.values() if info.kind is missing.kind]
            return Lack(f"object {format_oid(oid)}, {missing.name}", ", ".join(same))
        return None


def find_model(build: str) -> Model | None:
    """The model whose firmware has a build number, four hex digits; None if none is known to."""
    return next((model for model in MODELS if build.lower() in model.builds), None)


def _word(value: CodeEnum) -> str:
    return value.title if isinstance(value, KeyAlgorithm) else value.name.lower().replace("_", "-")


def _params(*values: int | Iterable[int]) -> frozenset[int]:
    return frozenset(number for value in values for number in ([value] if isinstance(value, int) else value))


def _of_kind(*, ec: Iterable[KeyAlgorithm], rsa: bool) -> frozenset[int]:
    return _params(ec, (algorithm for algorithm in KeyAlgorithm if rsa and algorithm.is_rsa))


_NIST_SMALL = (KeyAlgorithm.SECP256R1, KeyAlgorithm.SECP384R1)
_V3_COMMANDS: Parameters = {
    CommandCode.GET_DATA_OBJECT: _params(0x00, 0x01),
    CommandCode.SET_DATA_OBJECT: _params(0x00, 0x01, 0x02, 0x40),
    CommandCode.SET_OBJECT_PROTECTED: _params(0x01),
    CommandCode.GET_RANDOM: _params(0x00, 0x01, 0x04),
    CommandCode.ENCRYPT_SYM: _params(SymmetricMode),
    CommandCode.DECRYPT_SYM: _params(CIPHERS, HMACS),
    CommandCode.ENCRYPT_ASYM: _params(AsymmetricCipher),
    CommandCode.DECRYPT_ASYM: _params(AsymmetricCipher),
    CommandCode.CALC_HASH: _params(HASH_SHA256),
    CommandCode.CALC_SIGN: _params(SignatureScheme),
    CommandCode.VERIFY_SIGN: _params(SignatureScheme),
    CommandCode.CALC_SSEC: _params(KeyAgreement),
    CommandCode.DERIVE_KEY: _params(KeyDerivation),
    CommandCode.GEN_KEY_PAIR: _of_kind(ec=(known for known in KeyAlgorithm if known.is_ec), rsa=True),
    CommandCode.GEN_SYM_KEY: _params(KeyAlgorithm.AES128, KeyAlgorithm.AES192, KeyAlgorithm.AES256),
    CommandCode.OPEN_APPLICATION: _params(0x00, 0x01),
    CommandCode.CLOSE_APPLICATION: _params(0x00, 0x01),
}
_V1_SIGNATURES = _params(set(SignatureScheme) - {SignatureScheme.RSASSA_PKCS1_V15_SHA512})
_NOT_ON_V1 = (CommandCode.ENCRYPT_SYM, CommandCode.DECRYPT_SYM, CommandCode.GEN_SYM_KEY)
_V1_COMMANDS: Parameters = {
    **{code: params for code, params in _V3_COMMANDS.items() if code not in _NOT_ON_V1},
    CommandCode.CALC_SIGN: _V1_SIGNATURES,
    CommandCode.VERIFY_SIGN: _V1_SIGNATURES,
    CommandCode.DERIVE_KEY: _params(KeyDerivation.TLS_PRF_SHA256),
    CommandCode.GEN_KEY_PAIR: _of_kind(ec=_NIST_SMALL, rsa=True),
}
_TRUST_X_COMMANDS: Parameters = {
    CommandCode.GET_DATA_OBJECT: _params(0x00, 0x01),
    CommandCode.SET_DATA_OBJECT: _params(0x00, 0x01, 0x40),
    CommandCode.GET_RANDOM: _params(0x00, 0x01),
    CommandCode.CALC_HASH: _params(HASH_SHA256),
    CommandCode.CALC_SIGN: _params(SignatureScheme.ECDSA),
    CommandCode.VERIFY_SIGN: _params(SignatureScheme.ECDSA),
    CommandCode.CALC_SSEC: _params(KeyAgreement.ECDH),
    CommandCode.DERIVE_KEY: _params(KeyDerivation.TLS_PRF_SHA256),
    CommandCode.GEN_KEY_PAIR: _of_kind(ec=_NIST_SMALL, rsa=False),
    CommandCode.OPEN_APPLICATION: _params(0x00),
}
"""Its commands for DTLS (0x10, 0x18 to 0x1B) stand in no manual that is public, and are not here."""
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


TRUST_M_V3 = Model("trust-m-v3", "OPTIGA Trust M V3", frozenset(("2440", "2564")), OBJECTS, _V3_COMMANDS, 66)
TRUST_M_V1 = Model(
    "trust-m-v1",
    "OPTIGA Trust M V1",
    frozenset(("0501", "0624", "0751", "0802", "0809")),
    {oid: info for oid, info in OBJECTS.items() if oid not in (oids.SECURITY_MONITOR, oids.SYMMETRIC_KEY)},
    _V1_COMMANDS,
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
    _TRUST_X_COMMANDS,
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
MODELS = (TRUST_M_V3, TRUST_M_V1, TRUST_X)
ALL_OBJECTS: Mapping[int, ObjectInfo] = {**TRUST_X.objects, **TRUST_M_V1.objects, **TRUST_M_V3.objects}
"""Every object that any model has, by its identifier; where they differ in size, that of Trust M V3."""
