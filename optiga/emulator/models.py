"""Which chips can be emulated.

The UIDs of V1 and Trust X are those of real chips that Infineon's tools print; those of Express and MTR begin and end
as in the dumps that Infineon publishes of them (see :mod:`optiga.emulator.configurations`).
"""

from __future__ import annotations

import os

from optiga.errors import ConfigurationError, Reason
from optiga.protocol import models
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.models import Model
from optiga.protocol.objects import ObjectKind
from optiga.suggestions import suggest
from optiga.values import Value, frozen


@frozen
class ChipModel(Value):
    """A kind of chip that can be emulated.

    :param kind: what the model has.
    :param uid_prefix: first 11 bytes of its UID.
    :param firmware: last 6 bytes of its UID: firmware identifier and build.
    :param boot_flag: security status after a reset and after OpenApplication. SRM, table "Security Status"; only V3
        knows the boot phase (note to "Security Policy"), and the published dump of a V1 has 0.
    """

    kind: Model
    uid_prefix: bytes
    firmware: bytes
    boot_flag: int = 0x20

    @property
    def name(self) -> str:
        """How a user names it."""
        return self.kind.name

    @property
    def title(self) -> str:
        return self.kind.title

    @property
    def algorithms(self) -> frozenset[KeyAlgorithm]:
        """Of the key pairs that it can make."""
        return self.kind.algorithms

    @property
    def persistent_oids(self) -> frozenset[int]:
        """Objects that survive power-off: all but sessions."""
        return frozenset(oid for oid, info in self.kind.objects.items() if info.kind is not ObjectKind.SESSION)

    def new_uid(self) -> bytes:
        """A UID that no other chip has: batch and place on the wafer are drawn at random. 27 bytes."""
        return self.uid_prefix + os.urandom(10) + self.firmware


TRUST_M_V3 = ChipModel(
    models.TRUST_M_V3,
    uid_prefix=bytes.fromhex("cd16338201001c00050000"),
    firmware=bytes.fromhex("801010712564"),
)
TRUST_M_V1 = ChipModel(
    models.TRUST_M_V1,
    uid_prefix=bytes.fromhex("cd16338201001c00050000"),
    firmware=bytes.fromhex("801010710809"),
    boot_flag=0x00,
)
TRUST_X = ChipModel(
    models.TRUST_X,
    uid_prefix=bytes.fromhex("cd16336b01001c00010000"),
    firmware=bytes.fromhex("801010711118"),
    boot_flag=0x00,
)
_CONFIGURED_UID, _CONFIGURED_FIRMWARE = bytes.fromhex("cd16334d01001c00050000"), bytes.fromhex("801010702440")
TRUST_M_EXPRESS = ChipModel(models.TRUST_M_EXPRESS, _CONFIGURED_UID, _CONFIGURED_FIRMWARE)
TRUST_M_MTR = ChipModel(models.TRUST_M_MTR, _CONFIGURED_UID, _CONFIGURED_FIRMWARE)
DEFAULT_MODEL = TRUST_M_V3
MODELS = {model.name: model for model in (TRUST_M_V3, TRUST_M_V1, TRUST_X, TRUST_M_EXPRESS, TRUST_M_MTR)}


def find_model(name: str | None) -> ChipModel:
    """The model of a name; the default for None.

    :param name: in any case, such as ``trust-m-v3``, ``v3``, and the title that ``info`` prints, ``OPTIGA Trust M V3``.
    :raises ConfigurationError: if there is none of that name.
    """
    if name is None:
        return DEFAULT_MODEL
    wanted = "".join(filter(str.isalnum, name.lower())).removeprefix("infineon").removeprefix("optiga")
    for known, model in MODELS.items():
        whole = known.replace("-", "")
        if wanted in (whole, whole.removeprefix("trust"), whole.removeprefix("trustm")):
            return model
    raise ConfigurationError(
        f"unknown model of an emulated chip: {name!r}{suggest(name, MODELS, {})}",
        hint=f"Models: {', '.join(MODELS)}",
        reason=Reason.UNSUPPORTED,
    )
