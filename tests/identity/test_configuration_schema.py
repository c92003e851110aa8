"""The schema for editors refuses no good configuration, and nearly every bad one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError
from optiga.files.json_lines import parse_json
from optiga.identity.configuration import parse_configuration
from optiga.identity.configuration_schema import configuration_schema
from optiga.pki.extensions import ALT_NAME_KINDS, EXTENDED_KEY_USAGES, KEY_USAGES
from optiga.pki.names import COMPONENTS, SAME_NAMES, ValueForm
from optiga.protocol.algorithms import CURVES, RSA_KEY_BITS
from optiga.protocol.objects import SLOTS
from tests.identity.test_configuration_mistakes import MISTAKES
from tests.support.identity.csr_helpers import NAME, PARAMETERS, RSA, change_config
from tests.support.identity.json_schema import is_valid
from tests.support.places import CONFIGS, ROOT

SCHEMA = json.loads(json.dumps(configuration_schema()))
HASH = "csr_config.signature_info.parameters.hash_alg"
EXTENSIONS = "csr_config.extensions"
BEYOND = [
    {f"{NAME}.common_name": "a\ud800"},
    {f"{EXTENSIONS}": {"subject_alt_names": [{"dns": "device-no-{uid}.com"}]}},
    {f"{PARAMETERS}.slot": "0xE0F0"},
]
"""Mistakes that a schema cannot know; the last is one for a job that the chip is not asked about."""
SAMPLE_OF = {
    ValueForm.COUNTRY: "de",
    ValueForm.EMAIL: "a.b+c@example.com",
    ValueForm.DNS: "example",
    ValueForm.HEX: "00fF",
}
GOOD = [
    {},
    {"aws_iot_config": {"thing": "{uid}"}},
    {**RSA, "aws_iot_config": {}},
    {**RSA, f"{PARAMETERS}.key_size": " 1024 ", HASH: "SHA512"},
    {**RSA, f"{PARAMETERS}.key_usage": ["Encryption", "signature"]},
    {**RSA, f"{PARAMETERS}.key_usage": ["authentication", "encryption", "key_agreement"]},
    {f"{PARAMETERS}.curve": "SecP256r1", "csr_config.key_info.algorithm_id": "EC"},
    {f"{PARAMETERS}.key_usage": ["key_agreement", "Authentication"]},
    {f"{NAME}.common_name": ["a", "ü 😀"], f"{NAME}.emailAddress": "a@b"},
    {f"{NAME}.common_name": "my dev {uid}"},
    {f"{NAME}.name": "x" * 32768},
    {EXTENSIONS: {"key_usage": [], "extended_key_usage": [*EXTENDED_KEY_USAGES, "1.3.6.1.4.1.311.20.2.2"]}},
    {EXTENSIONS: {"key_usage": [*KEY_USAGES, "DIGITAL_SIGNATURE"], "subject_alt_names": []}},
    *({EXTENSIONS: {"subject_alt_names": [{"ip": ip}]}} for ip in ("0.0.0.0", "::", "fe80::1", "::ffff:1.2.3.4")),
    {EXTENSIONS: {"subject_alt_names": [{"dns": "*.a-b.c", "uri": "urn:x:{uid}", "email": "a@{uid}.b"}]}},
    *({f"{NAME}.{name}": SAMPLE_OF.get(one.form, "A 1")} for name, one in COMPONENTS.items()),
    *({f"{NAME}.{name}": "1" if name == "serialNumber" else "a@b"} for name in SAME_NAMES),
    *(
        {f"{PARAMETERS}.slot": spelled}
        for spelled in ("SECOND", " third", "0xE0F3", "0Xe0f3", "e0f1", "E0E2", "0xe0e3 ")
    ),
    *({**RSA, f"{PARAMETERS}.slot": spelled} for spelled in ("five", "Sixth", "0xE0FC", "e0fd")),
]


def fits(config: object) -> bool:
    return is_valid(SCHEMA, config)


def is_taken(config: object, *, first: bool = True) -> bool:
    try:
        parse_configuration(json.dumps(config), "config.jsn", first=first)
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize("path", sorted(CONFIGS.iterdir()), ids=lambda path: path.stem)
def test_samples(path: Path) -> None:
    assert fits(parse_json(path.read_text(encoding="utf-8"), path.name).value)


def test_the_documents_configuration() -> None:
    text = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")
    assert fits(json.loads(text.partition("```json device.jsn\n")[2].partition("```")[0]))


@pytest.mark.parametrize("changes", GOOD)
def test_what_the_reader_takes(changes) -> None:
    config = change_config(changes)
    assert is_taken(config)
    assert fits(config)


def test_each_curve_with_its_hash_alone() -> None:
    for curve in CURVES.values():
        for name in ("sha256", "sha384", "sha512"):
            config = change_config({f"{PARAMETERS}.curve": curve.name.upper(), HASH: name})
            assert fits(config) == is_taken(config) == (name == curve.hash_name)


def test_each_slot_with_each_kind_of_key() -> None:
    for slot in SLOTS:
        for text in (slot.name, f"{slot.key_oid:04x}", *slot.other_names):
            for changes in ({}, RSA):
                config = change_config({**changes, f"{PARAMETERS}.slot": text})
                assert fits(config) == is_taken(config)


@pytest.mark.parametrize("changes", [changes for changes, _ in MISTAKES])
def test_mistakes(changes) -> None:
    config = change_config(changes)
    assert not is_taken(config, first=False)
    assert fits(config) == (changes in BEYOND)


@pytest.mark.parametrize("value", [None, True, 5, "x", [], ["x"], {}, {"x": 1}], ids=repr)
@pytest.mark.parametrize(
    "place",
    [
        NAME,
        f"{NAME}.title",
        PARAMETERS,
        f"{PARAMETERS}.slot",
        f"{PARAMETERS}.key_usage",
        "csr_config.key_info",
        EXTENSIONS,
    ]
    + [f"{EXTENSIONS}.{name}" for name in ("key_usage", "extended_key_usage", "subject_alt_names")]
    + ["csr_config.signature_info", HASH, "csr_config", "aws_iot_config", "aws_iot_config.policy"],
)
def test_any_value_in_any_place(place: str, value: object) -> None:
    config = change_config({place: value})
    assert fits(config) == is_taken(config)


def test_what_an_editor_offers() -> None:
    """Every word of the tables is an enumerated one, so that it is completed."""
    text = json.dumps(configuration_schema())
    words = [
        *COMPONENTS,
        *KEY_USAGES,
        *EXTENDED_KEY_USAGES,
        *ALT_NAME_KINDS,
        *(curve.name for curve in CURVES.values()),
    ]
    words += ["ec", "rsa", "ecdsa", "rsassa", "second", "0xE0F1", "five", "key_agreement", "encryption"]
    assert not [word for word in words if f'"{word}"' not in text]
    assert all(str(bits) in text for bits in RSA_KEY_BITS.values())


@pytest.mark.long
def test_a_validator_of_others_agrees() -> None:
    kind = pytest.importorskip("jsonschema", reason="the developers' packages have it").Draft202012Validator
    kind.check_schema(SCHEMA)
    validator = kind(SCHEMA)
    for changes in (*GOOD, *(changes for changes, _ in MISTAKES)):
        config = change_config(changes)
        assert validator.is_valid(config) == fits(config), changes
