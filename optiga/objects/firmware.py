"""The chip and firmware of a build number in the UID.

Source: Infineon's ``python-optiga-trust``, the tables of its ``chip_info`` example and of its chip detection.
"""

from __future__ import annotations

from dataclasses import dataclass

from optiga.protocol.models import find_model


@dataclass(frozen=True)
class Firmware:
    """A firmware in words.

    :param version: as Infineon publishes it, for example ``3.00.2440``; ``build NNNN`` where it does not.
    """

    model: str
    version: str


_VERSIONS = {
    "0510": "1.0.510",
    "0715": "1.1.715",
    "1048": "1.2.1048",
    "1112": "1.30.1112",
    "1118": "1.40.1118",
    "0809": "1.30.809",
    "2440": "3.00.2440",
    "2564": "3.02.2564",
}
"""Those that Infineon publishes, by build number."""


def identify_firmware(build: str) -> Firmware:
    """The firmware of a build number.

    :param build: the UID's four digits, for example ``2440``.
    """
    model = find_model(build)
    if model is None:
        return Firmware("unknown chip", f"unknown build {build}")
    return Firmware(model.title, _VERSIONS.get(build, f"build {build}"))
