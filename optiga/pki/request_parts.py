"""The requested content of a CSR, in DER: its subject, and the extensions for the certificate (PKCS #10, RFC 2986).

Written here and not by a library, because a chip waits for it before it makes a key; whoever has the finished request
reads it anew with a library.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from optiga.pki.extensions import Extensions
from optiga.pki.names import COMPONENTS, ValueForm, fill_uid
from optiga.protocol import der

_ORDER = (
    "incorporation_country",
    "incorporation_state_or_province",
    "incorporation_locality",
    "business_category",
    "serial_number",
    "country_name",
    "postal_code",
    "state_or_province_name",
    "locality_name",
    "street_address",
    "organization_name",
    "organizational_unit_name",
    "title",
    "common_name",
    "user_id",
    "initials",
    "generation_qualifier",
    "surname",
    "given_name",
    "name",
    "pseudonym",
    "dn_qualifier",
    "telephone_number",
    "email_address",
    "domain_component",
    "name_distinguisher",
    "organization_identifier",
    "tpm_manufacturer",
    "tpm_model",
    "tpm_version",
    "platform_manufacturer",
    "platform_model",
    "platform_version",
    "unique_identifier",
)
"""Components of a name in the order in which a request has them, the predecessor's, which is asn1crypto's."""
_PLACES = {name: place for place, name in enumerate(_ORDER)}
_KEY_USAGES = (
    "digital_signature",
    "non_repudiation",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)
"""Bits of keyUsage, from the first on (RFC 5280, 4.2.1.3)."""
_PURPOSES = {
    "any_extended_key_usage": "2.5.29.37.0",
    "server_auth": "1.3.6.1.5.5.7.3.1",
    "client_auth": "1.3.6.1.5.5.7.3.2",
    "code_signing": "1.3.6.1.5.5.7.3.3",
    "email_protection": "1.3.6.1.5.5.7.3.4",
    "ipsec_end_system": "1.3.6.1.5.5.7.3.5",
    "ipsec_tunnel": "1.3.6.1.5.5.7.3.6",
    "ipsec_user": "1.3.6.1.5.5.7.3.7",
    "time_stamping": "1.3.6.1.5.5.7.3.8",
    "ocsp_signing": "1.3.6.1.5.5.7.3.9",
}
"""Purposes of a key that have a name (RFC 5280, 4.2.1.12)."""
_BASIC_CONSTRAINTS, _KEY_USAGE, _SUBJECT_ALT_NAME = "2.5.29.19", "2.5.29.15", "2.5.29.17"
_EXTENDED_KEY_USAGE = "2.5.29.37"
_EXTENSION_REQUEST = "1.2.840.113549.1.9.14"
_RFC822_NAME, _DNS_NAME, _URI, _IP_ADDRESS = 0x81, 0x82, 0x86, 0x87
"""Tags of a GeneralName (RFC 5280, 4.2.1.6)."""
_ATTRIBUTES = 0xA0
_TRUE = b"\x01\x01\xff"


def encode_subject(components: Iterable[tuple[str, str]], uid: str) -> bytes:
    """A Name, each component in a RelativeDistinguishedName of its own.

    :param components: pairs of a component of :data:`~optiga.pki.names.COMPONENTS` and its value; of the same name
        several stay in their order.
    :param uid: what stands for ``{uid}``.
    """
    ordered = sorted(components, key=lambda component: _PLACES[component[0]])
    return der.encode(der.SEQUENCE, b"".join(_relative_name(name, fill_uid(value, uid)) for name, value in ordered))


def encode_attributes(settings: Extensions, uid: str) -> bytes:
    """The attributes of a request, which are one: the extensions that it asks for (RFC 2985, 5.4.2).

    They have the order of the predecessor's requests, subject alternative names behind them.

    :param uid: what stands for ``{uid}``.
    :raises ValueError: if a URI is none.
    """
    extensions = [_extension(_BASIC_CONSTRAINTS, der.encode(der.SEQUENCE, b""))]
    if settings.extended_key_usage:
        purposes = (der.encode_oid(_PURPOSES.get(one, one)) for one in settings.extended_key_usage)
        extensions.append(_extension(_EXTENDED_KEY_USAGE, der.encode(der.SEQUENCE, b"".join(purposes))))
    if settings.key_usage:
        extensions.append(_extension(_KEY_USAGE, _key_usage(settings.key_usage), is_critical=True))
    if settings.subject_alt_names:
        names = (_general_name(kind, fill_uid(value, uid)) for kind, value in settings.subject_alt_names)
        extensions.append(_extension(_SUBJECT_ALT_NAME, der.encode(der.SEQUENCE, b"".join(names))))
    values = der.encode(der.SET, der.encode(der.SEQUENCE, b"".join(extensions)))
    return der.encode(_ATTRIBUTES, der.encode(der.SEQUENCE, der.encode_oid(_EXTENSION_REQUEST) + values))


def _relative_name(name: str, value: str) -> bytes:
    pair = der.encode(der.SEQUENCE, der.encode_oid(COMPONENTS[name].oid) + _component(name, value))
    return der.encode(der.SET, pair)


def _component(name: str, value: str) -> bytes:
    """A component's value, as the type that RFC 5280, appendix A.1, has for it, or UTF8String."""
    form = COMPONENTS[name].form
    if form is ValueForm.HEX:
        return der.encode(der.BIT_STRING, b"\x00" + bytes.fromhex(value))
    if form in (ValueForm.EMAIL, ValueForm.DNS):
        return der.encode(der.IA5_STRING, value.encode("ascii"))
    if form is ValueForm.PRINTABLE or name == "country_name":
        return der.encode(der.PRINTABLE_STRING, value.encode("ascii"))
    return der.encode(der.UTF8_STRING, value.encode())


def _extension(identifier: str, value: bytes, *, is_critical: bool = False) -> bytes:
    critical = _TRUE if is_critical else b""
    return der.encode(der.SEQUENCE, der.encode_oid(identifier) + critical + der.encode(der.OCTET_STRING, value))


def _key_usage(usages: Iterable[str]) -> bytes:
    """A BIT STRING that ends with its last one, as DER has bits with names (X.690, 11.2.2)."""
    places = [_KEY_USAGES.index(usage) for usage in usages]
    count = max(places) + 1
    size = (count + 7) // 8
    bits = sum(1 << (8 * size - 1 - place) for place in set(places))
    return der.encode(der.BIT_STRING, bytes([8 * size - count]) + bits.to_bytes(size, "big"))


def _general_name(kind: str, value: str) -> bytes:
    if kind == "ip":
        return der.encode(_IP_ADDRESS, ipaddress.ip_address(value).packed)
    if kind == "uri":
        from asn1crypto.x509 import URI  # which brings one into its usual form

        return der.encode(_URI, URI(value).contents)
    return der.encode(_DNS_NAME if kind == "dns" else _RFC822_NAME, value.encode("ascii"))
