"""Distinguished names: as people write them, by component, and whether two of them are one (RFC 5280, 7.1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from optiga.pki.names import COMPONENTS

if TYPE_CHECKING:
    from cryptography import x509

_SPECIAL = re.compile(r'[\\",+;<>]')
_NAMES = {one.oid: one.short for one in COMPONENTS.values() if one.short}
_NAMES["1.2.840.113549.1.9.2"] = "unstructuredName"  # of certificates of others: no request of ours has it
"""Components by name, as OpenSSL and RFC 4519 call them."""


def is_same_name(one: x509.Name, other: x509.Name) -> bool:
    """Whether two names are the same to a verifier: upper and lower case and the number of spaces do not count.

    Two empty names are not: nobody is named by them.
    """
    if not list(one) or len(list(one)) != len(list(other)):
        return False
    return one == other or is_same_encoded_name(one.public_bytes(), other.public_bytes())


def is_same_encoded_name(one: bytes, other: bytes) -> bool:
    """As :func:`is_same_name`, of names in DER, which may break rules."""
    from asn1crypto.x509 import Name

    if one == other:
        return True
    try:
        return bool(Name.load(one, strict=True) == Name.load(other, strict=True))
    except (ValueError, TypeError, AttributeError, KeyError):  # values that are no texts are compared as they are
        return False


def name_text(name: x509.Name) -> str:
    """A name as people write it, for example ``C=DE, CN=device``, safe to show on a terminal.

    What could be taken for the next component, or is lost on the way, has a backslash before it (RFC 4514, 2.4).
    """
    parts = []
    for attribute in name:
        value = escape(attribute.value) if isinstance(attribute.value, str) else attribute.value.hex()
        parts.append(f"{component_name(attribute.oid.dotted_string)}={value}")
    return printable(", ".join(parts)) or "nobody"


def component_name(oid: str) -> str:
    """What people call a component of a name; its dotted object identifier where it has no name."""
    return _NAMES.get(oid, oid)


def escape(value: str) -> str:
    """The value of a component, with a backslash before what would be taken for something else."""
    text = _SPECIAL.sub(r"\\\g<0>", value)
    if text.startswith(("#", " ")):
        text = f"\\{text}"
    if len(value) > 1 and value.endswith(" "):
        text = f"{text[:-1]}\\ "
    return text


def printable(text: str) -> str:
    """A text with a mark in place of what no terminal shows, or what moves it."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


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
