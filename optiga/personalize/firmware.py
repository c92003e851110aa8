"""Which chip and which firmware a build number in the UID stands for.

Source: Infineon's ``python-optiga-trust``, the tables of its ``chip_info`` example and of its chip detection.
"""

from __future__ import annotations

from dataclasses import dataclass

from optiga.protocol import models

TRUST_X, TRUST_M_V1, TRUST_M_V3 = models.TRUST_X.title, models.TRUST_M_V1.title, models.TRUST_M_V3.title


@dataclass(frozen=True)
class Firmware:
    """A firmware in words.

    :param version: as Infineon publishes it, for example ``3.00.2440``; ``build NNNN`` where it does not.
    """

    model: str
    version: str


_BUILDS = {
    "0510": Firmware(TRUST_X, "1.0.510"),
    "0715": Firmware(TRUST_X, "1.1.715"),
    "1048": Firmware(TRUST_X, "1.2.1048"),
    "1112": Firmware(TRUST_X, "1.30.1112"),
    "1118": Firmware(TRUST_X, "1.40.1118"),
    "0501": Firmware(TRUST_M_V1, "build 0501"),
    "0624": Firmware(TRUST_M_V1, "build 0624"),
    "0751": Firmware(TRUST_M_V1, "build 0751"),
    "0802": Firmware(TRUST_M_V1, "build 0802"),
    "0809": Firmware(TRUST_M_V1, "1.30.809"),
    "2440": Firmware(TRUST_M_V3, "3.00.2440"),
    "2564": Firmware(TRUST_M_V3, "3.02.2564"),
}


def identify_firmware(build: str) -> Firmware:
    """The firmware of a build number.

    :param build: the UID's four digits, for example ``2440``.
    """
    return _BUILDS.get(build.lower()) or Firmware("unknown chip", f"unknown build {build}")
