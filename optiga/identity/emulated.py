"""Emulated chips, known by who has certified them, wherever they are served."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from optiga.emulator.identity import root_certificate_pem
from optiga.pki.certificate import parse_certificates

if TYPE_CHECKING:
    from cryptography import x509

    from optiga.pki.certificate import Certificate


_MARK = "EMULATED, NOT A REAL DEVICE"
"""In the name of the CA whose key everybody has (:mod:`optiga.emulator.identity`)."""


def is_emulated(certificate: Certificate) -> bool:
    """Whether a certificate is of an emulated chip, or of the CA of all of them: by the issuer's name, or by its key.

    The emulator's CA has no secret: whoever has this program can have anything certified by it.
    """
    return _names_emulator(certificate.parsed.issuer) or certificate.public_key.info == _root().public_key.info


def _names_emulator(issuer: x509.Name) -> bool:
    """Whether a value in the name of an issuer is the mark; its printed form has a backslash in it."""
    return any(isinstance(attribute.value, str) and _MARK in attribute.value for attribute in issuer)


def warning_of(port: str) -> str:
    """What to say of an emulated chip behind a port that looks like a board's."""
    return (
        f"the chip at {port or 'this port'} is emulated: its certificate in 0xE0E0 says {_MARK}. "
        "Its keys lie in a file and protect nothing"
    )


@cache
def _root() -> Certificate:
    return parse_certificates(root_certificate_pem().encode(), "the emulator's root")[0]
