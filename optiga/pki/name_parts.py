"""Distinguished names: their components by name, and whether two of them are one (RFC 5280, 7.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509


def is_same_name(one: x509.Name, other: x509.Name) -> bool:
    """Whether two names are the same to a verifier: upper and lower case and the number of spaces do not count.

    Two empty names are not: nobody is named by them.
    """
    from asn1crypto.x509 import Name

    if not list(one) or len(list(one)) != len(list(other)):
        return False
    if one == other:
        return True
    try:
        return bool(Name.load(one.public_bytes()) == Name.load(other.public_bytes()))
    except (ValueError, TypeError, AttributeError):  # of values that are no texts, which are compared as they are
        return False


def subject_components(name: x509.Name) -> dict[str, str]:
    """The components of a name by asn1crypto's names; of one that stands there several times, the first.

    Components that are no text are left out.
    """
    from asn1crypto.x509 import Name

    found: dict[str, str] = {}
    for relative in Name.load(name.public_bytes()).chosen:
        for pair in relative:
            try:
                value = pair["value"].native
            except (ValueError, TypeError):
                continue
            if isinstance(value, str):
                found.setdefault(pair["type"].native, value)
    return found
