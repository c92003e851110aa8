"""Infineon's repositories on GitHub, and what is kept of a kind of file in them."""

from __future__ import annotations

from typing import NamedTuple

LINUX, PYTHON, OVERVIEW = "linux-optiga-trust-m", "python-optiga-trust", "optiga-trust-m-overview"
CLI, CLI_X, EXPLORER, OPENSSL = (
    *("cli-optiga-trust-m", "cli-optiga-trust-x"),
    *("optiga-trust-m-explorer", "optiga-trust-m-openssl"),
)
TRUST_M, TRUST_X, CHARGE, ID2 = "optiga-trust-m", "optiga-trust-x", "optiga-trust-charge", "optiga-trust-m2-id2"
MANAGEMENT, CRYPTO, MQTT = (f"mtb-example-optiga-{name}" for name in ("data-management", "crypto", "mqtt-client"))
PREDECESSOR, PREDECESSOR_X = "personalize-optiga-trust", "personalize-optiga-trust-x"
MBEDTLS, MBEDTLS_X, ESP32 = "mbedtls-optiga-trust-m", "mbedtls-optiga-trust-x", "azure-esp32-optiga-trust"
FREERTOS, FREERTOS_X, ZEPHYR = "amazon-freertos-optiga-trust", "amazon-freertos-optiga-trust-x", "zephyr-optiga"
ARDUINO, SHELL, QI, TRUST_E = (
    *("arduino-optiga-trust-m", "cce-mtb-psoc6-optiga-shell"),
    *("wpcqi-optiga-trust-charge", "OPTIGA-Trust-E-Security-Controller"),
)
PKCS11, FWUPD = "pkcs11-optiga-trust-m", "fwupd-secboot-optiga-trust"
SAMPLES = (TRUST_M, LINUX, MANAGEMENT, ESP32, CHARGE, FREERTOS, ID2)
"""Repositories with the samples of Infineon's generator of updates."""


class Row(NamedTuple):
    """A kind of file.

    :param kind: what is special about it.
    :param repositories: those of Infineon's on GitHub that have such files.
    :param files: how many there are; of metadata how many different texts.
    :param command: what the user hands them to.
    :param outcome: what becomes of them.
    :param tests: with a file of the same kind that they make.
    """

    kind: str
    repositories: tuple[str, ...]
    files: int
    command: str
    outcome: str
    tests: tuple[str, ...]
