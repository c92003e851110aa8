"""The ``extensions`` of a configuration: what the CSR asks the issuer to put into the certificate.

::

    "extensions": {
        "key_usage": ["digital_signature"],
        "extended_key_usage": ["client_auth", "1.3.6.1.4.1.311.20.2.2"],
        "subject_alt_names": [{"dns": "{uid}.devices.example.com"}, {"uri": "urn:dev:{uid}"}, {"ip": "192.0.2.7"}]
    }

What is left out is as the predecessor had it; an empty list leaves the extension out of the CSR. basicConstraints is
always CA:FALSE.
"""

from __future__ import annotations

import re

from optiga.files.placeholders import UID_FIELD, find_wrong_field
from optiga.files.problems import Section
from optiga.pki.names import find_mistake_in_text, with_sample_uid
from optiga.values import Value, frozen

KEY_USAGES = (
    "digital_signature",
    "non_repudiation",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "encipher_only",
    "decipher_only",
)
"""Bits of keyUsage a device can ask for (RFC 5280, 4.2.1.3), by asn1crypto's names."""
_CA_KEY_USAGES = ("key_cert_sign", "crl_sign")

EXTENDED_KEY_USAGES = (
    "server_auth",
    "client_auth",
    "code_signing",
    "email_protection",
    "time_stamping",
    "ocsp_signing",
    "ipsec_end_system",
    "ipsec_tunnel",
    "ipsec_user",
    "any_extended_key_usage",
)
"""Purposes that have a name here (RFC 5280, 4.2.1.12), by asn1crypto's names; others are dotted object identifiers."""

_USAGE_OTHER_NAMES = {
    "digitalsignature": "digital_signature",
    "keyencipherment": "key_encipherment",
    "dataencipherment": "data_encipherment",
    "keyagreement": "key_agreement",
    "nonrepudiation": "non_repudiation",
    "content_commitment": "non_repudiation",
    "serverauth": "server_auth",
    "clientauth": "client_auth",
    "codesigning": "code_signing",
}
ALT_NAME_KINDS = ("dns", "ip", "uri", "email")
_ALT_NAME_OTHER_NAMES = {
    "dns_name": "dns",
    "ip_address": "ip",
    "ip_addr": "ip",
    "url": "uri",
    "mail": "email",
    "email_address": "email",
    "rfc822": "email",
}
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_\-]{0,61}[A-Za-z0-9_])?"
_DOMAIN = rf"(\*\.)?{_LABEL}(\.{_LABEL})*"
_URI = r"[A-Za-z][A-Za-z0-9+.\-]*:[!-~]+"
_MAILBOX = rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~\-]+@{_LABEL}(\.{_LABEL})*"
DOTTED_OID = r"([01]\.[1-3]?[0-9]|2\.(0|[1-9][0-9]{0,9}))(\.(0|[1-9][0-9]{0,38}))+"
"""What an object identifier with dots matches, whole."""
MAX_ALT_NAME = 253
"""Most characters of a subject alternative name, those of the UID among them."""
ALT_NAME_PATTERNS: dict[str, tuple[str, str]] = {
    "dns": (_DOMAIN, "a domain name"),
    "uri": (_URI, "a URI (scheme:rest, in ASCII)"),
    "email": (_MAILBOX, "an e-mail address"),
}
"""What a whole name matches once the UID is in it, by its kind, and what that is called."""


@frozen
class Extensions(Value):
    """What the CSR asks for beside basicConstraints CA:FALSE. An empty tuple leaves the extension out.

    :param subject_alt_names: pairs of kind (dns, ip, uri, email) and value, in which ``{uid}`` may stand.
    """

    extended_key_usage: tuple[str, ...] = ("server_auth", "client_auth")
    key_usage: tuple[str, ...] = ("digital_signature", "key_encipherment")
    subject_alt_names: tuple[tuple[str, str], ...] = ()

    @property
    def needs_uid(self) -> bool:
        return any(UID_FIELD in value for _, value in self.subject_alt_names)


def read_extensions(section: Section) -> Extensions:
    """The extensions of a configuration; mistakes are noted in the section."""
    members = section.members((), ("subject_alt_names", "key_usage", "extended_key_usage"))
    settings = Extensions()
    return Extensions(
        _read_extended_usages(members["extended_key_usage"])
        if "extended_key_usage" in members
        else settings.extended_key_usage,
        _read_usages(members["key_usage"]) if "key_usage" in members else settings.key_usage,
        _read_alt_names(members["subject_alt_names"]) if "subject_alt_names" in members else (),
    )


def _read_usages(section: Section) -> tuple[str, ...]:
    usages = []
    for element in section.elements():
        if element.value in _CA_KEY_USAGES:
            element.problem(f"{element.value!r} is only for CAs, not for devices")
            continue
        usage = element.choice(KEY_USAGES, "a key usage of a certificate", _USAGE_OTHER_NAMES)
        usages += [usage] if usage else []
    return tuple(dict.fromkeys(usages))


def _read_extended_usages(section: Section) -> tuple[str, ...]:
    usages = []
    for element in section.elements():
        if isinstance(element.value, str) and re.fullmatch(DOTTED_OID, element.value):
            usages.append(element.value)
            continue
        what = "an extended key usage, nor a dotted object identifier"
        usage = element.choice(EXTENDED_KEY_USAGES, what, _USAGE_OTHER_NAMES)
        usages += [usage] if usage else []
    return tuple(dict.fromkeys(usages))


def _read_alt_names(section: Section) -> tuple[tuple[str, str], ...]:
    names = []
    for element in section.elements():
        members = element.members((), ALT_NAME_KINDS, _ALT_NAME_OTHER_NAMES)
        if isinstance(element.value, dict) and not element.value:
            element.problem(f"has no name (use one of {', '.join(ALT_NAME_KINDS)})")
        for kind, member in members.items():
            text = member.text()
            mistake = "" if text is None else _find_alt_name_mistake(kind, text)
            if mistake:
                member.problem(mistake)
            elif text is not None:
                names.append((kind, text))
    return tuple(dict.fromkeys(names))


def _find_alt_name_mistake(kind: str, text: str) -> str:
    """What is wrong with a subject alternative name, empty if nothing."""
    mistake = find_mistake_in_text(text) or find_wrong_field(text)
    if mistake:
        return mistake
    filled = with_sample_uid(text)
    if kind == "ip":
        import ipaddress

        try:
            has_zone = "%" in str(
                ipaddress.ip_address(filled)
            )  # of the machine it is written on; no certificate has one
        except ValueError:
            has_zone = True
        return f"{text!r} is not an IP address" if has_zone else ""
    if len(filled) > MAX_ALT_NAME:
        return f"has {len(filled)} characters, but at most {MAX_ALT_NAME} are allowed"
    pattern, what = ALT_NAME_PATTERNS[kind]
    is_one = re.fullmatch(pattern, filled) and (kind != "uri" or _has_parts(filled))
    return "" if is_one else f"{text!r} is not {what}"


def _has_parts(uri: str) -> bool:
    """Whether a URI can be taken apart into host, port and the rest, as it is for a certificate."""
    from asn1crypto.x509 import URI

    try:
        URI(uri)
    except ValueError:
        return False
    return True
