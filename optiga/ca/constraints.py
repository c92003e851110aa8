"""The names that an intermediate CA may certify, as nameConstraints in its certificate."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from optiga.errors import ConfigurationError

if TYPE_CHECKING:
    from cryptography import x509


def build_name_constraints(allowed_dns: Iterable[str]) -> x509.NameConstraints | None:
    """The nameConstraints for a CA that certifies some DNS names only (RFC 5280, 4.2.1.10).

    A name there stands for itself and everything below it: a little more than a pattern with one ``*`` allows.

    :param allowed_dns: DNS names, and patterns such as ``*.dev.example``.
    :returns: None where nothing is allowed: names are the CA's own business then.
    :raises ConfigurationError: if a pattern has no name behind its ``*``.
    """
    from cryptography import x509

    bases = list(dict.fromkeys(pattern.removeprefix("*.").rstrip(".").lower() for pattern in allowed_dns))
    for base in bases:
        if not base or "*" in base:
            raise ConfigurationError(
                "a pattern of DNS names must be a name, or '*.' and a name", hint="As *.dev.example"
            )
    widest = [base for base in bases if not any(base.endswith(f".{other}") for other in bases)]
    if not widest:
        return None
    return x509.NameConstraints([x509.DNSName(base) for base in widest], None)
