"""Each mistake in a configuration has its line and path, and all are told at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optiga.errors import ConfigurationError
from optiga.identity.configuration import load_configuration
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


def mistakes(folder: Path, config: object, monkeypatch: pytest.MonkeyPatch, **options: str) -> list[str]:
    """What is said about a configuration, with its path as it would be typed in its folder."""
    write_config(folder, config)
    monkeypatch.chdir(folder)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(Path("config.jsn"), **options)
    return [caught.value.message, *caught.value.problems]


CURVES = "secp256r1, secp384r1, secp521r1, brainpoolp256r1, brainpoolp384r1, brainpoolp512r1"
EC_SLOTS = "(for EC keys: second (0xE0F1), third (0xE0F2), fourth (0xE0F3))"
RSA_SLOTS = "(for RSA keys: five (0xE0FC), six (0xE0FD))"

MISTAKES = [
    # what is changed in the seed's configuration, and the line that says so
    ({"csr_config": MISSING}, "1: configuration: csr_config is missing"),
    ({"csr_config": []}, "2: csr_config: must be an object in braces, not a list"),
    ({NAME: MISSING}, "2: csr_config: certificate_info is missing"),
    ({"csr_config.key_info": MISSING}, "2: csr_config: key_info is missing"),
    ({"csr_config.signature_info": MISSING}, "2: csr_config: signature_info is missing"),
    ({"csr-config": 1}, "27: csr-config: is unknown, did you mean 'csr_config'? It is there already"),
    (
        {"aws_iot_confg": {}, "aws_iot_config": MISSING},
        "23: aws_iot_confg: is unknown, did you mean 'aws_iot_config'?",
    ),
    ({"aws_iot_config.thing": 5}, "24: aws_iot_config.thing: must be a text in double quotes, not a number"),
    ({"aws_iot_config.policy": " "}, "25: aws_iot_config.policy: is empty"),
    (
        {"aws_iot_config.things": "x"},
        "26: aws_iot_config.things: is unknown, did you mean 'thing'? It is there already",
    ),
    ({NAME: {}}, "3: csr_config.certificate_info: is empty: the certificate would have no subject"),
    ({f"{NAME}.emailAddress": "x"}, "8: {N}.emailAddress: 'x' is not an e-mail address"),
    (
        {f"{NAME}.serialNumber": "1", f"{NAME}.serial_number": "1"},
        "8: {N}.serialNumber: is 'serial_number', which is also given",
    ),
    ({f"{NAME}.comon_name": "x"}, f"8: {NAME}.comon_name: is unknown, did you mean 'common_name'? It is there already"),
    ({f"{NAME}.country": "DE"}, f"8: {NAME}.country: is unknown, did you mean 'country_name'? It is there already"),
    ({f"{NAME}.xyz": "DE"}, f"8: {NAME}.xyz: is unknown (known: "),
    (
        {f"{NAME}.comon_name": "x", f"{NAME}.common_name": MISSING},
        "7: {N}.comon_name: is unknown, did you mean 'common_name'?",
    ),
    ({f"{NAME}.email_adress": "a@b.de"}, "8: {N}.email_adress: is unknown, did you mean 'email_address'?"),
    (
        {"csr_config.sig": {}},
        "22: csr_config.sig: is unknown (known: certificate_info, key_info, signature_info, extensions)",
    ),
    (
        {"csr_config.signature_info.parameters.hash_alg": "sha1"},
        "19: {H}: 'sha1' is not a digest for secp256r1 (one of sha256)",
    ),
    ({f"{NAME}.OU": "x"}, "8: {N}.OU: is unknown, did you mean 'organizational_unit_name'?"),
    (
        {f"{NAME}.country_name": "DEU"},
        "4: {N}.country_name: 'DEU' is not a country's two letters, such as DE",
    ),
    (
        {f"{NAME}.country_name": "{uid}"},
        "4: {N}.country_name: '{uid}' is not a country's two letters, such as DE",
    ),
    ({f"{NAME}.common_name": "x" * 65}, "7: {N}.common_name: has 65 characters, but at most 64 are allowed"),
    (
        {f"{NAME}.common_name": "my device: {uid}"},
        "7: {N}.common_name: has 65 characters including the 54 of the UID, but at most 64 are allowed",
    ),
    (
        {f"{NAME}.organization_name": "ü" * 65},
        "6: {N}.organization_name: has 65 characters, but at most 64 are allowed",
    ),
    ({f"{NAME}.locality_name": "x" * 129}, "8: {N}.locality_name: has 129 characters, but at most 128 are allowed"),
    ({f"{NAME}.common_name": ""}, "7: {N}.common_name: is empty"),
    ({f"{NAME}.common_name": []}, "7: {N}.common_name: is empty"),
    ({f"{NAME}.common_name": ["a", 1]}, "9: {N}.common_name[1]: must be a text in double quotes, not a number"),
    ({f"{NAME}.common_name": None}, "7: {N}.common_name: must be a text in double quotes, not null"),
    ({f"{NAME}.common_name": "a\u0007b"}, "7: {N}.common_name: contains the control character U+0007"),
    ({f"{NAME}.common_name": "a\ud800"}, "7: {N}.common_name: contains the surrogate U+D800"),
    (
        {f"{NAME}.serial_number": "a_b"},
        "8: {N}.serial_number: 'a_b' is not made of letters, digits, spaces and ' ( ) + , - . / : = ?",
    ),
    ({f"{NAME}.email_address": "nobody"}, "8: {N}.email_address: 'nobody' is not an e-mail address"),
    (
        {"csr_config.key_info.algorithm_id": "ed25519"},
        "10: csr_config.key_info.algorithm_id: 'ed25519' is not a key algorithm (one of ec, rsa)",
    ),
    (
        {"csr_config.key_info.algorithm_id": True},
        "10: csr_config.key_info.algorithm_id: must be a text in double quotes, not true or false",
    ),
    ({"csr_config.key_info.parameters": MISSING}, "9: csr_config.key_info: parameters is missing"),
    ({f"{PARAMETERS}.curve": MISSING}, "11: {P}: curve is missing"),
    ({f"{PARAMETERS}.slot": MISSING}, "11: {P}: slot is missing"),
    (
        {f"{PARAMETERS}.curve": "secp256k1"},
        "12: {P}.curve: 'secp256k1' is not a curve of the chip, did you mean 'secp256r1'? (one of {C})",
    ),
    (
        {f"{PARAMETERS}.curve": "secp512r1"},
        "12: {P}.curve: 'secp512r1' is not a curve of the chip, did you mean 'secp521r1'? (one of {C})",
    ),
    (
        {f"{PARAMETERS}.curve": "secp384k1"},
        "12: {P}.curve: 'secp384k1' is not a curve of the chip, did you mean 'secp384r1'? (one of {C})",
    ),
    ({f"{PARAMETERS}.curve": "x25519"}, "12: {P}.curve: 'x25519' is not a curve of the chip (one of {C})"),
    ({f"{PARAMETERS}.key_size": 2048}, "14: {P}.key_size: is for RSA keys: for an EC key, use curve"),
    ({f"{PARAMETERS}.slot": "seven"}, "13: {P}.slot: 'seven' is not a slot of the chip {E}"),
    ({f"{PARAMETERS}.slot": 0xE0F1}, '13: {P}.slot: write the OID in hex and in double quotes: "0xE0F1"'),
    ({f"{PARAMETERS}.slot": 22}, "13: {P}.slot: 22 is not a slot of the chip (slots by number: 1 to 6)"),
    (
        {f"{PARAMETERS}.slot": "0xE0F0"},
        "13: {P}.slot: '0xE0F0' holds Infineon's own key, which is locked; use another slot {E}",
    ),
    ({f"{PARAMETERS}.slot": "six"}, "13: {P}.slot: 'six' does not take EC keys {E}"),
    ({**RSA, f"{PARAMETERS}.slot": "0xE0F1"}, "13: {P}.slot: '0xE0F1' does not take RSA keys {R}"),
    (
        {**RSA, f"{PARAMETERS}.key_size": 4096},
        "12: {P}.key_size: 4096 is not an RSA key size of the chip (one of 1024, 2048)",
    ),
    ({**RSA, f"{PARAMETERS}.key_size": True}, "12: {P}.key_size: must be a number, not true or false"),
    ({**RSA, f"{PARAMETERS}.curve": "secp256r1"}, "14: {P}.curve: is for EC keys: for an RSA key, use key_size"),
    ({f"{PARAMETERS}.key_usage": "signature"}, "14: {P}.key_usage: must be a list in brackets, not a text"),
    (
        {f"{PARAMETERS}.key_usage": ["key_agreement"]},
        "14: {P}.key_usage: without 'authentication' or 'signature' the key cannot sign its own CSR",
    ),
    (
        {f"{PARAMETERS}.key_usage": []},
        "14: {P}.key_usage: without 'authentication' or 'signature' the key cannot sign its own CSR",
    ),
    (
        {f"{PARAMETERS}.key_usage": ["signature", "encryption"]},
        "16: {P}.key_usage[1]: 'encryption' is for RSA keys only",
    ),
    (
        {f"{PARAMETERS}.key_usage": ["sign"]},
        "15: {P}.key_usage[0]: 'sign' is not a usage of keys of the chip, did you mean 'signature'? "
        "(one of authentication, encryption, signature, key_agreement)",
    ),
    (
        {"csr_config.signature_info.algorithm_id": "rsassa"},
        "17: csr_config.signature_info.algorithm_id: 'rsassa' does not fit an EC key, which needs 'ecdsa'",
    ),
    (
        {"csr_config.signature_info.algorithm_id": "ecda"},
        "17: {A}: 'ecda' is not a signature algorithm, did you mean 'ecdsa'? (one of ecdsa, rsassa)",
    ),
    ({"csr_config.signature_info.parameters": {}}, "18: csr_config.signature_info.parameters: hash_alg is missing"),
    (
        {"csr_config.signature_info.parameters.hash_alg": "sha384"},
        "19: {H}: 'sha384' does not fit secp256r1: use 'sha256'",
    ),
    ({f"{PARAMETERS}.curve": "secp521r1"}, "19: {H}: 'sha256' does not fit secp521r1: use 'sha512'"),
    (
        {"csr_config.signature_info.parameters.hash_alg": "SHA-256"},
        "19: {H}: 'SHA-256' is not a digest for secp256r1, did you mean 'sha256'? (one of sha256)",
    ),
    (
        {"csr_config.signature_info.parameters.hash_alg": "md5"},
        "19: {H}: 'md5' is not a digest for secp256r1 (one of sha256)",
    ),
    (
        {"csr_config.extensions": {"san": []}},
        "23: {X}.san: is unknown (known: subject_alt_names, key_usage, extended_key_usage)",
    ),
    (
        {"csr_config.extensions": {"key_usage": ["key_cert_sign"]}},
        "24: {X}.key_usage[0]: 'key_cert_sign' is only for CAs, not for devices",
    ),
    (
        {"csr_config.extensions": {"key_usage": ["digitalSignature"]}},
        "24: {X}.key_usage[0]: 'digitalSignature' is not a key usage of a certificate, "
        "did you mean 'digital_signature'? (one of ",
    ),
    (
        {"csr_config.extensions": {"extended_key_usage": ["1.2"]}},
        "24: {X}.extended_key_usage[0]: '1.2' is not an extended key usage, nor a dotted object identifier (one of ",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": ["a.com"]}},
        "24: {X}.subject_alt_names[0]: must be an object in braces, not a text",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{}]}},
        "24: {X}.subject_alt_names[0]: has no name (use one of dns, ip, uri, email)",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{"url": "a:b"}]}},
        "25: {X}.subject_alt_names[0].url: is unknown, did you mean 'uri'?",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{"dns": "a..b"}]}},
        "25: {X}.subject_alt_names[0].dns: 'a..b' is not a domain name",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{"dns": "device-no-{uid}.com"}]}},
        "25: {X}.subject_alt_names[0].dns: 'device-no-{uid}.com' is not a domain name",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{"ip": "300.1.1.1"}]}},
        "25: {X}.subject_alt_names[0].ip: '300.1.1.1' is not an IP address",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{"uri": "nothing"}]}},
        "25: {X}.subject_alt_names[0].uri: 'nothing' is not a URI (scheme:rest, in ASCII)",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{"email": "a"}]}},
        "25: {X}.subject_alt_names[0].email: 'a' is not an e-mail address",
    ),
    (
        {"csr_config.extensions": {"subject_alt_names": [{"dns": "a." * 130 + "a"}]}},
        "25: {X}.subject_alt_names[0].dns: has 261 characters, but at most 253 are allowed",
    ),
]
ABBREVIATIONS = {
    "{N}": NAME,
    "{P}": PARAMETERS,
    "{C}": CURVES,
    "{E}": EC_SLOTS,
    "{R}": RSA_SLOTS,
    "{A}": "csr_config.signature_info.algorithm_id",
    "{H}": "csr_config.signature_info.parameters.hash_alg",
    "{X}": "csr_config.extensions",
}


@pytest.mark.parametrize(("changes", "line"), MISTAKES)
def test_each_mistake_has_its_line(tmp_path, monkeypatch, changes, line):
    for short, long in ABBREVIATIONS.items():
        line = line.replace(short, long)
    said = mistakes(tmp_path, change_config(changes), monkeypatch)
    if line.endswith(("(known: ", "(one of ")):
        said = [text[: len(line) + len("config.jsn:")] for text in said]
    assert f"config.jsn:{line}" in said
    if not any(value is MISSING for value in changes.values()):
        assert len(said) == 1


def test_all_mistakes_are_reported_at_once(tmp_path, monkeypatch):
    config = change_config(
        {
            f"{NAME}.country_name": "Germany",
            f"{PARAMETERS}.curve": "p257",
            f"{PARAMETERS}.slot": "nine",
            "csr_config.signature_info.algorithm_id": "dsa",
            "aws_iot_config.thing": "",
        }
    )
    said = mistakes(tmp_path, config, monkeypatch)
    assert sorted(int(text.split(":")[1]) for text in said) == [4, 12, 13, 17, 24]
    assert all("\n" not in text for text in said)


def test_a_member_that_stands_twice(tmp_path, monkeypatch):
    text = SEED_CONFIG.read_text().replace('"slot"', '"curve": "secp384r1",\n"slot"')
    assert mistakes(tmp_path, text, monkeypatch)[0] == (
        "config.jsn:13: csr_config.key_info.parameters.curve: is given twice"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[1, 2]", "config.jsn:1: configuration: must be an object in braces, not a list"),
        (b"{\n}", "config.jsn:1: configuration: csr_config is missing"),
        (b"{\n\xff}", "config.jsn:2: not UTF-8"),
        (b"", "config.jsn:1: not JSON: the file is empty (column 1)"),
        (b"-----BEGIN CERTIFICATE-----", "config.jsn is PEM"),
        (b"-----BEGIN CERTIFICATE REQUEST-----", "config.jsn is PEM with a CSR"),
        (b"-----BEGIN PRIVATE KEY-----", "config.jsn is PEM with a private key"),
        (b"SQLite format 3\0" + bytes(52) + b"OPTG\xff", "config.jsn is an emulated chip"),
        (b"SQLite format 3\0" + bytes(52) + b"OPJN\xff", "config.jsn is a journal"),
        (b"SQLite format 3\0" + bytes(52) + b"OPCA\xff", "config.jsn is the record file of a CA"),
        (b"SQLite format 3\0" + bytes(52) + b"\0\0\0\0\xff", "config.jsn is an SQLite file"),
        (b"# of OpenSSL\n[ req ]\nprompt = no\n", "config.jsn is a file with sections"),
        (b"prompt=no\r\n[my dn]\r\ncommonName = x\r\n", "config.jsn is a file with sections"),
        (b'\xef\xbb\xbf<?xml version="1.0"?>\n<a/>', "config.jsn is XML"),
        (b"<!--Configurator-->\n<OPTIGA>\n", "config.jsn is a project of Infineon's"),
        (b'{"CN": "device", "O": "Example", "C": "DE"}', "config.jsn is the subject"),
        (b'{"Version": "2012-10-17", "Statement": []}', "config.jsn is an AWS policy"),
        (b'{"Parameters": {}, "Resources": {}}', "config.jsn is an AWS provisioning template"),
        (b'{"e0f1": {"metadata": "2003d101ff"}}', "config.jsn is an export"),
        (b'{"format": "optiga-update"}', "config.jsn is an update set"),
        (b'{"name": "module", "version": "1"}', "config.jsn is not a configuration: it has no csr_config"),
        (b'{"csr_confg": {}}', "config.jsn:1: csr_confg: is unknown, did you mean 'csr_config'?"),
        (b"[true]\n", "config.jsn:1: configuration: must be an object in braces, not a list"),
        (b"{\n[a]\nb = 1", "config.jsn is a file with sections"),
        (b"{\n// a comment\n}", "config.jsn:2: not JSON: comments are not allowed"),
        (b" " * ((1 << 20) + 1), "the configuration config.jsn is larger than 1048576 bytes"),
    ],
)
def test_files_that_are_no_configuration(tmp_path, monkeypatch, content, message):
    (tmp_path / "config.jsn").write_bytes(content)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(Path("config.jsn"))
    assert caught.value.message.startswith(message)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(ConfigurationError, match=r"no such file.*'python -m optiga config new'"):
        load_configuration(tmp_path / "missing.jsn")
    with pytest.raises(ConfigurationError, match=r"it is a folder|permission denied"):
        load_configuration(tmp_path)
    with pytest.raises(ConfigurationError, match="is not the name of a file"):
        load_configuration(Path("a\0b"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="the superuser may read every file")
def test_file_without_permission(tmp_path):
    path = write_config(tmp_path, seed_config())
    path.chmod(0)
    with pytest.raises(ConfigurationError, match="permission denied"):
        load_configuration(path)


def test_slot_from_the_command_line_counts_among_all_mistakes(tmp_path, monkeypatch):
    config = change_config({f"{NAME}.country_name": "Germany"})
    assert mistakes(tmp_path, config, monkeypatch, slot="five") == [
        "config.jsn:4: csr_config.certificate_info.country_name: 'Germany' is not a country's two letters, such as DE",
        f"'slot' 'five' does not take EC keys {EC_SLOTS}",
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
PLACES = [
    "csr_config",
    NAME,
    f"{NAME}.common_name",
    "csr_config.key_info",
    "csr_config.key_info.algorithm_id",
    PARAMETERS,
    f"{PARAMETERS}.curve",
    f"{PARAMETERS}.slot",
    f"{PARAMETERS}.key_size",
    f"{PARAMETERS}.key_usage",
    "csr_config.signature_info",
    "csr_config.signature_info.algorithm_id",
    "csr_config.signature_info.parameters",
    "csr_config.signature_info.parameters.hash_alg",
    "csr_config.extensions",
    "aws_iot_config",
    "aws_iot_config.thing",
]


@given(st.sampled_from(PLACES), JSON)
def test_any_value_in_any_place_is_a_configuration_or_a_mistake(tmp_path_factory, place, value):
    folder = tmp_path_factory.getbasetemp() / "any_value"
    folder.mkdir(exist_ok=True)
    try:
        said = (load_configuration(write_config(folder, change_config({place: value}))).source,)
    except ConfigurationError as error:
        said = (error.message, *error.problems)
    assert all(str(folder) in line for line in said)
