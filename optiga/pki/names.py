"""Components of a distinguished name: which there are, and what their values may be.

Names are asn1crypto's. Bounds are those of RFC 5280, appendix A.1, and of X.520 where the RFC has none.
"""

from __future__ import annotations

import re
import unicodedata
from enum import Enum
from typing import NamedTuple

from optiga.files.placeholders import UID_FIELD

UID_DIGITS = 54
"""Characters that the UID takes."""
LEAST_UID_DIGITS = 6
"""Fewest hex digits that stand for a UID which begins with them."""


class ValueForm(Enum):
    """What characters a component takes, as a message says it, and with them its ASN.1 type."""

    TEXT = "text"
    PRINTABLE = "made of letters, digits, spaces and ' ( ) + , - . / : = ?"
    COUNTRY = "a country's two letters, such as DE"
    EMAIL = "an e-mail address"
    DNS = "one label of a domain name"
    HEX = "hex digits, two for each byte"


PATTERNS = {
    ValueForm.PRINTABLE: r"[A-Za-z0-9 '()+,\-./:=?]+",
    ValueForm.COUNTRY: r"[A-Za-z]{2}",
    ValueForm.EMAIL: r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]+@[A-Za-z0-9\-]{1,63}(\.[A-Za-z0-9\-]{1,63})*",
    ValueForm.DNS: r"[A-Za-z0-9]([A-Za-z0-9\-]*[A-Za-z0-9])?",
    ValueForm.HEX: r"([0-9A-Fa-f]{2})+",
}
"""What a whole value matches, by its form; text has none."""


class Component(NamedTuple):
    """A component of a name.

    :param oid: its object identifier.
    :param bound: most characters of its value.
    :param short: what OpenSSL and RFC 4519 call it; empty if they have no name for it.
    """

    oid: str
    bound: int
    form: ValueForm = ValueForm.TEXT
    short: str = ""


COMPONENTS = {
    "common_name": Component("2.5.4.3", 64, short="CN"),
    "surname": Component("2.5.4.4", 32768, short="SN"),
    "serial_number": Component("2.5.4.5", 64, ValueForm.PRINTABLE, short="serialNumber"),
    "country_name": Component("2.5.4.6", 2, ValueForm.COUNTRY, short="C"),
    "locality_name": Component("2.5.4.7", 128, short="L"),
    "state_or_province_name": Component("2.5.4.8", 128, short="ST"),
    "street_address": Component("2.5.4.9", 128, short="STREET"),
    "organization_name": Component("2.5.4.10", 64, short="O"),
    "organizational_unit_name": Component("2.5.4.11", 64, short="OU"),
    "title": Component("2.5.4.12", 64, short="title"),
    "business_category": Component("2.5.4.15", 128, short="businessCategory"),
    "postal_code": Component("2.5.4.17", 40, short="postalCode"),
    "telephone_number": Component("2.5.4.20", 32, ValueForm.PRINTABLE, short="telephoneNumber"),
    "name": Component("2.5.4.41", 32768, short="name"),
    "given_name": Component("2.5.4.42", 32768, short="GN"),
    "initials": Component("2.5.4.43", 32768, short="initials"),
    "generation_qualifier": Component("2.5.4.44", 32768, short="generationQualifier"),
    "unique_identifier": Component("2.5.4.45", 128, ValueForm.HEX, short="x500UniqueIdentifier"),
    "dn_qualifier": Component("2.5.4.46", 64, ValueForm.PRINTABLE, short="dnQualifier"),
    "pseudonym": Component("2.5.4.65", 128, short="pseudonym"),
    "organization_identifier": Component("2.5.4.97", 256, short="organizationIdentifier"),
    "tpm_manufacturer": Component("2.23.133.2.1", 256),
    "tpm_model": Component("2.23.133.2.2", 256),
    "tpm_version": Component("2.23.133.2.3", 256),
    "platform_manufacturer": Component("2.23.133.2.4", 256),
    "platform_model": Component("2.23.133.2.5", 256),
    "platform_version": Component("2.23.133.2.6", 256),
    "email_address": Component("1.2.840.113549.1.9.1", 255, ValueForm.EMAIL, short="emailAddress"),
    "incorporation_locality": Component("1.3.6.1.4.1.311.60.2.1.1", 128),
    "incorporation_state_or_province": Component("1.3.6.1.4.1.311.60.2.1.2", 128),
    "incorporation_country": Component("1.3.6.1.4.1.311.60.2.1.3", 2, ValueForm.COUNTRY),
    "user_id": Component("0.9.2342.19200300.100.1.1", 256, short="UID"),
    "domain_component": Component("0.9.2342.19200300.100.1.25", 63, ValueForm.DNS, short="DC"),
    "name_distinguisher": Component("0.2.262.1.10.7.20", 64),
}
"""Every component that asn1crypto names."""

SAME_NAMES = {"emailAddress": "email_address", "serialNumber": "serial_number"}
"""What OpenSSL calls a component that people know by that name alone; taken in its place."""

OTHER_NAMES = {
    "c": "country_name",
    "country": "country_name",
    "st": "state_or_province_name",
    "state": "state_or_province_name",
    "province": "state_or_province_name",
    "l": "locality_name",
    "locality": "locality_name",
    "city": "locality_name",
    "o": "organization_name",
    "organization": "organization_name",
    "company": "organization_name",
    "ou": "organizational_unit_name",
    "organizational_unit": "organizational_unit_name",
    "department": "organizational_unit_name",
    "cn": "common_name",
    "email": "email_address",
    "uid": "user_id",
    "dc": "domain_component",
    "serial": "serial_number",
}
"""What else people call a component, for the hint; not accepted in its place."""


def fill_uid(text: str, uid: str) -> str:
    """The text with the chip's UID (54 hex digits) where it holds ``{uid}``; other braces stay as they are."""
    return text.replace(UID_FIELD, uid)


def with_sample_uid(text: str) -> str:
    """The text as long as it will be once the UID is in it."""
    return fill_uid(text, "0" * UID_DIGITS)


_NOT_IN_NAMES = {
    "Cc": "control character",
    "Cs": "surrogate",  # half of a character, as JSON may have it
    "Zl": "line separator",
    "Zp": "paragraph separator",
}


def find_mistake_in_text(text: str) -> str:
    """What is wrong with a text as such, empty if nothing: nothing in it, or characters that no name has."""
    if not text.strip():
        return "is empty"
    for character in text:
        if kind := _NOT_IN_NAMES.get(unicodedata.category(character)):
            return f"contains the {kind} U+{ord(character):04X}"
    return ""


def find_mistake(name: str, value: str) -> str:
    """What is wrong with a component's value, empty if nothing.

    :param name: one of :data:`COMPONENTS`.
    :param value: as configured; ``{uid}`` counts with the 54 characters it will take.
    """
    mistake = find_mistake_in_text(value)
    if mistake:
        return mistake
    component, filled = COMPONENTS[name], with_sample_uid(value)
    pattern = PATTERNS.get(component.form)
    if component.form is not ValueForm.COUNTRY and len(filled) > component.bound:
        with_uid = f" including the {UID_DIGITS} of the UID" if UID_FIELD in value else ""
        return f"has {len(filled)} characters{with_uid}, but at most {component.bound} are allowed"
    if pattern and not re.fullmatch(pattern, filled):
        return f"{value!r} is not {component.form.value}"
    return ""
