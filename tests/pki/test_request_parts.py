"""What a request asks for, in DER, beside what asn1crypto makes of the same: byte for byte."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest
from asn1crypto import core, csr, x509

from optiga.files.json_lines import parse_json
from optiga.files.problems import Problem, Section
from optiga.pki.extensions import EXTENDED_KEY_USAGES, KEY_USAGES, Extensions, read_extensions
from optiga.pki.names import COMPONENTS, ValueForm, find_mistake
from optiga.pki.request_parts import encode_attributes, encode_subject
from optiga.protocol import der

UID = "cd16338201001c000500000a01000d001400" + "0123456789abcdef01"
SPECIAL = (
    "telephone_number",
    "unique_identifier",
    *(name for name in COMPONENTS if name.startswith(("tpm_", "platf"))),
)
VALUES = {
    ValueForm.TEXT: ["a", "x" * 40, "Größe \U0001f511", "{uid}"],
    ValueForm.PRINTABLE: ["a", "+49 (89) 234-0"],
    ValueForm.COUNTRY: ["DE", "us"],
    ValueForm.EMAIL: ["a@b", "first.last+tag@Example.COM"],
    ValueForm.DNS: ["a", "Example-9"],
    ValueForm.HEX: ["00", "FFee" * 30],
}
ALT_NAMES = (
    ("dns", "{uid}.Devices.example.com"),
    ("dns", "*.example.com"),
    ("dns", "_x"),
    ("ip", "192.0.2.7"),
    ("ip", "2001:db8::1"),
    ("ip", "::ffff:192.0.2.7"),
    ("uri", "urn:dev:{uid}"),
    ("uri", "HTTPS://User@Example.com:443/a b?c=%7e#d".replace(" ", "%20")),
    ("email", "device@example.com"),
)
PURPOSES = (*EXTENDED_KEY_USAGES, "1.3.6.1.4.1.311.20.2.2", "2.999.1", "0.9.2342.19200300", f"2.25.{(1 << 126) - 1}")


def theirs_of_subject(components: list[tuple[str, str]]) -> bytes:
    """The subject as asn1crypto builds it, component by component, in its order."""
    parts = []
    for name, value in sorted(components, key=lambda one: x509.NameType.preferred_ordinal(one[0])):
        text, typed = value.replace("{uid}", UID), None
        if name == "unique_identifier":
            typed = core.OctetBitString(bytes.fromhex(text))
        elif name in SPECIAL:
            typed = (core.PrintableString if name == "telephone_number" else core.UTF8String)(text)
        if typed is None:
            parts.append(x509.Name.build({name: text}).chosen[0])
        else:
            parts.append(x509.RelativeDistinguishedName([x509.NameTypeAndValue({"type": name, "value": typed})]))
    return bytes(x509.Name(name="", value=x509.RDNSequence(parts)).dump())


def theirs_of_attributes(settings: Extensions) -> bytes:
    """The attributes as they stand in a CertificationRequestInfo of asn1crypto."""
    kinds = {"dns": "dns_name", "ip": "ip_address", "uri": "uniform_resource_identifier", "email": "rfc822_name"}

    def extension(name: str, value: Any, *, critical: bool = False) -> x509.Extension:
        return x509.Extension({"extn_id": name, "critical": critical, "extn_value": value})

    made = [extension("basic_constraints", x509.BasicConstraints({"ca": False}))]
    if settings.extended_key_usage:
        purposes = x509.ExtKeyUsageSyntax(list(settings.extended_key_usage))
        made.append(extension("extended_key_usage", purposes))
    if settings.key_usage:
        made.append(extension("key_usage", x509.KeyUsage(set(settings.key_usage)), critical=True))
    if settings.subject_alt_names:
        names = [x509.GeneralName(kinds[kind], text.replace("{uid}", UID)) for kind, text in settings.subject_alt_names]
        made.append(extension("subject_alt_name", x509.GeneralNames(names)))
    attributes = csr.CRIAttributes([{"type": "extension_request", "values": [made]}])
    return der.encode(0xA0, bytes(attributes.contents or attributes.dump()[2:]))


@pytest.mark.parametrize("name", COMPONENTS)
def test_each_component_alone(name: str) -> None:
    for value in VALUES[COMPONENTS[name].form]:
        assert encode_subject([(name, value)], UID) == theirs_of_subject([(name, value)])


def test_the_order_of_components_is_asn1cryptos() -> None:
    everything = [(name, VALUES[component.form][0]) for name, component in COMPONENTS.items()]
    everything += [("organizational_unit_name", "second"), ("domain_component", "second")]
    for seed in range(10):
        random.Random(seed).shuffle(everything)
        assert encode_subject(everything, UID) == theirs_of_subject(everything)


def test_names_of_every_length() -> None:
    for size in (0x7F, 0x80, 0xFF, 0x100, 0x4000):
        given = [("name", "x" * size), ("surname", "y" * (size - 12))]
        assert encode_subject(given, UID) == theirs_of_subject(given)


@pytest.mark.parametrize("name", ALT_NAMES, ids=lambda name: name[1])
def test_each_alternative_name(name: tuple[str, str]) -> None:
    settings = Extensions(subject_alt_names=(name,))
    assert encode_attributes(settings, UID) == theirs_of_attributes(settings)


def test_extensions_drawn_together() -> None:
    for seed in range(40):
        chance = random.Random(seed)
        settings = Extensions(
            *(
                tuple(chance.sample(choices, chance.randint(0, len(choices))))
                for choices in (PURPOSES, KEY_USAGES, ALT_NAMES)
            )
        )
        assert encode_attributes(settings, UID) == theirs_of_attributes(settings)


def test_an_email_address_with_a_label_that_no_domain_has_is_refused() -> None:
    for size, is_taken in ((63, True), (64, False)):
        assert (find_mistake("email_address", f"a@{'a' * size}.example") == "") is is_taken


@pytest.mark.parametrize(
    "name",
    [
        {"ip": "fe80::1%eth0"},
        {"uri": "http://[::1"},
        {"uri": "http://example.com:99999/"},
        {"uri": f"http://{'a' * 64}.example/"},
        {"uri": "http://a..b/"},
    ],
    ids=lambda name: next(iter(name.values())),
)
def test_names_that_no_request_can_have_are_refused_with_the_configuration(name: dict[str, str]) -> None:
    problems: list[Problem] = []
    read_extensions(Section(parse_json(json.dumps({"subject_alt_names": [name]}), "it"), "it", problems))
    assert [next(iter(name.values())) in problem.text for problem in problems] == [True]
