"""The certificate of a slot as its journal has it, for what there is to tell of it."""

from __future__ import annotations

from functools import lru_cache

from optiga.errors import CertificateError, ConfigurationError
from optiga.pki.certificate import Certificate, format_serial, parse_certificates


@lru_cache(maxsize=64)
def leaf_of(certificates: str) -> Certificate | None:
    """The first certificate of a chain; None if it does not parse.

    :param certificates: PEM, leaf first.
    """
    try:
        return parse_certificates(certificates.encode(), "the journal")[0]
    except (CertificateError, ConfigurationError, ValueError, LookupError):
        return None


def serial_of(certificates: str, issuer: str) -> str | None:
    """The serial number of the first certificate of a chain, in hex; None if it does not parse.

    A certificate of a CA of one's own has it as the records of the CA do, with all zeros in front: so it can be
    compared with them, and looked for among them.

    :param certificates: PEM, leaf first.
    :param issuer: as :class:`.facts.Begun` has it.
    """
    leaf = leaf_of(certificates)
    if leaf is None:
        return None
    return format_serial(leaf.serial) if issuer.startswith("ca:") else leaf.serial_text
