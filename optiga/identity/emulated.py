"""Emulated chips, known by who has certified them, wherever they are served."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from optiga.emulator.identity import root_certificate_pem
from optiga.pki.certificate import parse_certificates
from optiga.pki.lenient import name_values

if TYPE_CHECKING:
    from optiga.pki.certificate import Certificate


_MARK = "EMULATED, NOT A REAL DEVICE"
"""In the name of the CA whose key everybody has (:mod:`optiga.emulator.identity`)."""


def is_emulated(certificate: Certificate) -> bool:
    """Whether a certificate is of an emulated chip, or of the CA of all of them: by the issuer's name, or by its key.

    The emulator's CA has no secret: whoever has this program can have anything certified by it.
    """
    return _names_emulator(certificate) or certificate.public_key.info == _root().public_key.info


def _names_emulator(certificate: Certificate) -> bool:
    """Whether a value in the name of the issuer is the mark; its printed form has a backslash in it."""
    if certificate.strict is None:
        return any(_MARK in value for value in name_values(certificate.fields.issuer))
    return any(isinstance(one.value, str) and _MARK in one.value for one in certificate.strict.issuer)


def warning_of(port: str) -> str:
    """What to say of an emulated chip behind a port that looks like a board's."""
    return (
        f"the chip at {port or 'this port'} is emulated: its certificate in 0xE0E0 says {_MARK}. "
        "Its keys are in a file and protect nothing"
    )


@cache
def _root() -> Certificate:
    return parse_certificates(root_certificate_pem().encode(), "the emulator's root")[0]
