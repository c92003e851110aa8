"""Configurations: what is read from them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from asn1crypto.x509 import KeyPurposeId, KeyUsage, NameType
from hypothesis import given
from hypothesis import strategies as st

from optiga.errors import ConfigurationError
from optiga.identity.configuration import Configuration, load_configuration
from optiga.pki.extensions import EXTENDED_KEY_USAGES, KEY_USAGES
from optiga.pki.names import COMPONENTS, UID_DIGITS, find_mistake
from optiga.protocol import codes, uid
from optiga.protocol.algorithms import KeyAlgorithm
from tests.support.identity.csr_helpers import (
    MISSING,
    NAME,
    PARAMETERS,
    RSA,
    SEED_CONFIG,
    change_config,
    seed_config,
    write_config,
)
from tests.support.places import CONFIGS, ROOT


def load(folder: Path, changes: dict[str, object], **options: str) -> Configuration:
    return load_configuration(write_config(folder, change_config(changes)), **options)


def test_the_seed_configuration():
    configuration = load_configuration(SEED_CONFIG)
    assert configuration.source == str(SEED_CONFIG)
    assert configuration.csr_config == seed_config()["csr_config"]
    assert configuration.subject == (
        ("country_name", "DE"),
        ("state_or_province_name", "Bayern"),
        ("organization_name", "Infineon Technologies AG"),
        ("common_name", "OPTIGA(TM) Trust IoT"),
    )
    assert configuration.algorithm is KeyAlgorithm.SECP256R1
    assert configuration.slot.name == "second"
    assert configuration.key_usage is None
    assert configuration.hash_name == "sha256"
    assert configuration.aws_iot is not None
    assert (configuration.aws_iot.thing, configuration.aws_iot.policy) == ("my_thing", "my_policy")
    assert not configuration.needs_uid


@pytest.mark.parametrize(
    ("name", "algorithm", "slot", "hash_name"),
    [
        ("nistp256_ecdsa_secondslot", "secp256r1", "second", "sha256"),
        ("nistp256_ecdsa_thirdslot", "secp256r1", "third", "sha256"),
        ("nistp384_ecdsa_secondslot", "secp384r1", "second", "sha384"),
        ("2k_rsa_secondslot", "rsa2048", "five", "sha256"),
    ],
)
def test_the_shipped_configurations(name, algorithm, slot, hash_name):
    configuration = load_configuration(CONFIGS / f"config_{name}.jsn")
    assert (configuration.algorithm.title, configuration.slot.name) == (algorithm, slot)
    assert configuration.hash_name == hash_name


def test_the_policy_template_is_json_once_filled_in():
    text = (ROOT / "templates" / "my_policy.template").read_text()
    policy = json.loads(text.replace("<aws-region>", "eu-central-1").replace("<aws-account-id>", "123456789012"))
    assert {statement["Resource"] for statement in policy["Statement"]} == {"arn:aws:iot:eu-central-1:123456789012:*"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_byte_order_mark_and_crlf(tmp_path, encoding):
    path = tmp_path / "config.jsn"
    path.write_bytes(SEED_CONFIG.read_text().replace("\n", "\r\n").encode(encoding))
    assert load_configuration(path).slot.name == "second"


@pytest.mark.parametrize("text", ["third", "THIRD", "0xE0F2", "0xe0e2", "E0F2"])
def test_slot_from_the_command_line(tmp_path, text):
    assert load(tmp_path, {}, slot=text).slot.name == "third"
    assert load(tmp_path, {f"{PARAMETERS}.slot": MISSING}, slot=text).slot.name == "third"


@pytest.mark.parametrize("text", ["five", "first", "seventh", "0xE0E8", ""])
def test_slot_from_the_command_line_that_does_not_fit(tmp_path, text):
    with pytest.raises(ConfigurationError, match=r"second \(0xE0F1\)"):
        load(tmp_path, {}, slot=text)


@pytest.mark.parametrize("size", ["1024", 1024, " 2048 ", 2048])
def test_rsa_sizes(tmp_path, size):
    configuration = load(tmp_path, {**RSA, f"{PARAMETERS}.key_size": size})
    assert configuration.algorithm.title == f"rsa{str(size).strip()}"


def test_names_of_algorithms_in_any_letter_case(tmp_path):
    configuration = load(
        tmp_path,
        {
            "csr_config.key_info.algorithm_id": "EC",
            f"{PARAMETERS}.curve": "brainpoolP384r1",
            "csr_config.signature_info.algorithm_id": "ECDSA",
            "csr_config.signature_info.parameters.hash_alg": "SHA384",
        },
    )
    assert configuration.algorithm is KeyAlgorithm.BRAINPOOLP384R1
    assert configuration.hash_name == "sha384"


def test_key_usage(tmp_path):
    usage = load(tmp_path, {f"{PARAMETERS}.key_usage": ["signature", "Key_Agreement"]}).key_usage
    assert usage == codes.KeyUsage.SIGNATURE | codes.KeyUsage.KEY_AGREEMENT


def test_several_values_of_a_component_in_the_order_of_the_file(tmp_path):
    subject = load(tmp_path, {f"{NAME}": {"domain_component": ["example", "com"], "common_name": "x"}}).subject
    assert subject == (("domain_component", "example"), ("domain_component", "com"), ("common_name", "x"))


@pytest.mark.parametrize(
    "changes",
    [
        {f"{NAME}.common_name": "device {uid}"},
        {f"{NAME}.serial_number": ["{uid}"]},
        {"csr_config.extensions": {"subject_alt_names": [{"dns": "{uid}.example.com"}]}},
    ],
)
def test_configurations_that_need_the_uid(tmp_path, changes):
    assert load(tmp_path, changes).needs_uid


def test_other_braces_stay(tmp_path):
    assert not load(tmp_path, {f"{NAME}.common_name": "{} {1} {x} {, } {a"}).needs_uid


def test_extensions(tmp_path):
    names = [{"dns": "*.a-b.example.com"}, {"ip": "2001:db8::1"}, {"uri": "urn:dev:{uid}", "email": "a@b.com"}]
    extensions = load(
        tmp_path,
        {
            "csr_config.extensions": {
                "subject_alt_names": [*names, names[0]],
                "key_usage": ["digital_signature", "Key_Agreement"],
                "extended_key_usage": ["client_auth", "1.3.6.1.4.1.311.20.2.2"],
            }
        },
    ).extensions
    assert extensions.subject_alt_names == (
        ("dns", "*.a-b.example.com"),
        ("ip", "2001:db8::1"),
        ("uri", "urn:dev:{uid}"),
        ("email", "a@b.com"),
    )
    assert extensions.key_usage == ("digital_signature", "key_agreement")
    assert extensions.extended_key_usage == ("client_auth", "1.3.6.1.4.1.311.20.2.2")


def test_tables_agree_with_asn1crypto():
    assert set(COMPONENTS) == set(NameType._map.values())
    assert set(EXTENDED_KEY_USAGES) <= set(KeyPurposeId._map.values())
    assert set(KEY_USAGES) | {"key_cert_sign", "crl_sign"} == set(KeyUsage._map.values())
    assert UID_DIGITS == 2 * uid.SIZE


def test_openssls_names(tmp_path):
    names = {"emailAddress": "a@b.example", "common_name": "x", "serialNumber": "{uid}"}
    subject = load(tmp_path, {NAME: names}).subject
    assert subject == (("email_address", "a@b.example"), ("common_name", "x"), ("serial_number", "{uid}"))


@given(st.sampled_from(sorted(COMPONENTS)), st.text(max_size=80))
def test_values_that_pass_have_no_control_characters_and_fit(name, value):
    if not find_mistake(name, value):
        assert value.strip()
        assert len(value) <= COMPONENTS[name].bound
        value.encode("utf-8")
