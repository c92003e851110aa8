"""The objects that Infineon's provisioning configurations Express and MTR add to a Trust M V3.

Sources, all of ``Infineon/optiga-trust-m-overview`` at a45b86b:

- ``data/object_dumps/trust_m_express_json.txt`` and ``trust_m_mtr_json.txt``, dumps of one chip each: every line of
  metadata here, the start of the UIDs, and that objects that are not here are as on a V3;
- ``docs/pdf/OPTIGA_Trust_M_ConfigGuide_v2.2.pdf``, table 1: key pairs and certificates, the access conditions again,
  and that 0xE140 and 0xF1D0 hold values of each chip's own; ``README.md``, "Comparison table": they have 64 bytes each.

Where the sources are silent:

- 0xE0F2 and 0xE0F3 have an algorithm and no key usage in both dumps, and are in no table of the guide. A key pair that
  nobody can use is taken to be there.
- Infineon's certificates are issued by its CAs 306 (ECC) and 309 (RSA), and valid for 20 years. Those of emulated chips
  are issued by the emulator root.
- 0xE200 is not in the dump of Express. It is as on a V3, as the dump of MTR has it.
"""

from __future__ import annotations

from typing import NamedTuple

from optiga.emulator.models import TRUST_M_EXPRESS, TRUST_M_MTR, ChipModel
from optiga.protocol import objects as oids
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from optiga.protocol.metadata import Metadata


class FactoryKey(NamedTuple):
    """A key pair that a chip has from its factory.

    :param usage: None for a key without any in its metadata.
    :param certificate_oid: object of its certificate; None for a key without one.
    """

    oid: int
    algorithm: KeyAlgorithm
    usage: KeyUsage | None
    certificate_oid: int | None


class Provisioning(NamedTuple):
    """What the factory puts into the chips of a model.

    :param keys: key pairs, and certificates of them.
    :param secrets: objects that hold random bytes of each chip's own.
    :param metadata_in_hex: of objects, as it lies on the chip; taken apart where such a chip is made.
    """

    keys: tuple[FactoryKey, ...]
    secrets: tuple[int, ...] = ()
    metadata_in_hex: tuple[tuple[int, str], ...] = ()

    @property
    def metadata(self) -> dict[int, Metadata]:
        """Of objects, in place of what every chip of its firmware has; used sizes of certificates are not in it."""
        return {oid: Metadata.parse(bytes.fromhex(text)) for oid, text in self.metadata_in_hex}


SECRET_SIZE = 64
"""Bytes of a binding secret and of an authorization reference. ``README.md``, below "Comparison table"."""

_STANDARD = Provisioning(
    (FactoryKey(oids.INFINEON_KEY, KeyAlgorithm.SECP256R1, KeyUsage.AUTHENTICATION, oids.INFINEON_CERTIFICATE),)
)
"""Of a chip without a configuration."""

_SIGNING = KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE
_KEYS = (
    FactoryKey(0xE0F0, KeyAlgorithm.SECP256R1, _SIGNING, 0xE0E0),
    FactoryKey(0xE0F1, KeyAlgorithm.SECP256R1, _SIGNING, 0xE0E1),
    FactoryKey(0xE0FC, KeyAlgorithm.RSA2048, _SIGNING, 0xE0E2),
    FactoryKey(0xE0F2, KeyAlgorithm.SECP256R1, None, None),
    FactoryKey(0xE0F3, KeyAlgorithm.SECP256R1, None, None),
)
_SECRETS = (oids.PLATFORM_BINDING_SECRET, oids.AUTHORIZATION_REFERENCE)
_SETTING = "200cc40101c50101d00100d10100"
_LOCKED_KEY = "2015c00107d00720e140fd23f1d0d30100e00103e10111"
_UNUSED_KEY = "200ec00101d003e1fc07d30100e00103"
_LOCKED_CERTIFICATE = "2019c00107c40206c0d00720e140fd23f1d0d10100d30100e80112"
_SHARED = {
    0xE0C0: _SETTING,
    0xE0C3: _SETTING,
    0xE0C4: _SETTING,
    0xE0E2: _LOCKED_CERTIFICATE,
    0xE0F0: _LOCKED_KEY,
    0xE0F2: _UNUSED_KEY,
    0xE0F3: _UNUSED_KEY,
    0xE0FC: "2015c00107d00720e140fd23f1d0d30100e00142e10111",
    0xE140: "201bc00107c40140c50140d00720e140fd23f1d0d101ffd30100e80122",
    0xF1C0: _SETTING,
    0xF1D0: "201dc00107c4018cc50140d00720e140fd23f1d0d101ffd30320e140e80131",
}
_EXPRESS = {
    0xE0C9: "2018c00107c40108c50108d00720e140fd23f1d0d10100d301ff",
    0xE0E0: _LOCKED_CERTIFICATE,
    0xE0E1: "201dc00107c40206c0d00720e140fd23f1d0d10320e140d30320e140e80112",
    0xE0F1: "2017c00107d00720e140fd23f1d0d30320e140e00103e10111",
}
_MTR = {
    0xE0C9: "2015c00107c40108d00720e140fd23f1d0d10100d301ff",
    0xE0E0: "201dc00103c40206c0d00be1fc07fe20e140fd23f1d0d10100d30100e80112",
    0xE0E1: _LOCKED_CERTIFICATE,
    0xE0F1: _LOCKED_KEY,
}
_OF_MODELS = {
    TRUST_M_EXPRESS.name: Provisioning(_KEYS, _SECRETS, tuple({**_SHARED, **_EXPRESS}.items())),
    TRUST_M_MTR.name: Provisioning(_KEYS, _SECRETS, tuple({**_SHARED, **_MTR}.items())),
}


def provisioning_of(model: ChipModel) -> Provisioning:
    """What the factory puts into the chips of a model."""
    return _OF_MODELS.get(model.name, _STANDARD)
