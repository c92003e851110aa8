"""Trust M Express and Trust M MTR: what is in a new chip, and what each secret opens.

Sources: ``Infineon/optiga-trust-m-overview`` at a45b86b, ``data/object_dumps/trust_m_express_json.txt`` and
``trust_m_mtr_json.txt`` for metadata, ``docs/pdf/OPTIGA_Trust_M_ConfigGuide_v2.2.pdf``, table 1, for what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import pytest
from cryptography import x509

from optiga.chip import Chip
from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.factory import factory_objects
from optiga.emulator.identity import factory_chip, reset_chip
from optiga.emulator.models import TRUST_M_EXPRESS, TRUST_M_MTR, TRUST_M_V3, ChipModel
from optiga.emulator.objects import StoredObject
from optiga.emulator.state import dump, load
from optiga.errors import ChipError
from optiga.protocol import tls_identity
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import ErrorCode
from optiga.protocol.metadata import Metadata
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.protocol.models import find_configuration, find_model
from optiga.transport.emulated import EmulatedTransport
from tests.support.sampling import sampled

SETTING = "200cc40101c50101d00100d10100"
LOCKED_KEY = "2015c00107d00720e140fd23f1d0d30100e00103e10111"
ON_BOTH = {
    **dict.fromkeys((0xE0C0, 0xE0C3, 0xE0C4, 0xF1C0), SETTING),
    0xE0E2: "201dc00107c40206c0c502%04xd00720e140fd23f1d0d10100d30100e80112",
    0xE0F0: LOCKED_KEY,
    **dict.fromkeys((0xE0F2, 0xE0F3), "200ec00101d003e1fc07d30100e00103"),
    0xE0FC: "2015c00107d00720e140fd23f1d0d30100e00142e10111",
    0xE140: "201bc00107c40140c50140d00720e140fd23f1d0d101ffd30100e80122",
    0xF1D0: "201dc00107c4018cc50140d00720e140fd23f1d0d101ffd30320e140e80131",
}
ON_ONE = {
    TRUST_M_EXPRESS: {
        0xE0C9: "2018c00107c40108c50108d00720e140fd23f1d0d10100d301ff",
        0xE0E0: "201dc00107c40206c0c502%04xd00720e140fd23f1d0d10100d30100e80112",
        0xE0E1: "2021c00107c40206c0c502%04xd00720e140fd23f1d0d10320e140d30320e140e80112",
        0xE0F1: "2017c00107d00720e140fd23f1d0d30320e140e00103e10111",
    },
    TRUST_M_MTR: {
        0xE0C9: "2015c00107c40108d00720e140fd23f1d0d10100d301ff",
        0xE0E0: "2021c00103c40206c0c502%04xd00be1fc07fe20e140fd23f1d0d10100d30100e80112",
        0xE0E1: "201dc00107c40206c0c502%04xd00720e140fd23f1d0d10100d30100e80112",
        0xE0F1: LOCKED_KEY,
    },
}
CERTIFIED = {0xE0E0: 0xE0F0, 0xE0E1: 0xE0F1, 0xE0E2: 0xE0FC}
EACH = pytest.mark.parametrize("model", ON_ONE, ids=["express", "mtr"])


@cache
def content(model: ChipModel) -> dict[int, StoredObject]:
    """Of one new chip, which no test changes: an RSA key takes long to make."""
    return factory_chip(model)


def opened(model: ChipModel, *, shielded: bool = False, authorized: bool = False) -> Chip:
    """A new chip, reached with one secret, or with both."""
    emulated = EmulatedChip(MemoryStore(content(model)), model=model)
    emulated.is_shielded = shielded
    chip = Chip(EmulatedTransport(emulated))
    if authorized:
        chip.crypto.authorize(0xF1D0, content(model)[0xF1D0].data)
    return chip


@EACH
def test_metadata_are_those_of_the_dumps(model: ChipModel) -> None:
    table = {**ON_BOTH, **ON_ONE[model]}
    new = content(model)
    for oid, text in table.items():
        expected = text % len(new[oid].data) if "%" in text else text
        assert (f"{oid:04X}", new[oid].metadata.encode().hex()) == (f"{oid:04X}", expected)
    of_v3 = factory_objects(TRUST_M_V3)
    assert of_v3.keys() == new.keys()
    assert {oid for oid in new if new[oid].metadata != of_v3[oid].metadata} == table.keys()
    own = {*table, 0xE0C2} - {0xE0C0, 0xE0C3, 0xE0C4, 0xE0C9, 0xF1C0}
    assert {oid for oid in new if new[oid].data != of_v3[oid].data} == own
    assert new[0xE0C2].data.hex()[:22] + new[0xE0C2].data.hex()[42:] == "cd16334d01001c00050000801010702440"


@EACH
def test_three_keys_have_certificates_of_the_emulator_root(model: ChipModel) -> None:
    names = set()
    with opened(model, shielded=True) as chip:
        for certificate_oid, key_oid in CERTIFIED.items():
            (der,) = tls_identity.decode(chip.read(certificate_oid))
            certificate = x509.load_der_x509_certificate(der)
            names.add(certificate.subject.rfc4514_string())
            assert "emulator root" in certificate.issuer.rfc4514_string()
            assert chip.objects.metadata(key_oid).key_usage.words == ["authentication", "signature"]
    assert len(names) == 3


@EACH
def test_a_configuration_is_told_by_its_metadata_alone(model: ChipModel) -> None:
    new = content(model)
    assert find_model(new[0xE0C2].data.hex()[50:]) is TRUST_M_V3.kind
    assert find_configuration(new[0xE0E1].metadata) is model.kind
    assert find_configuration(factory_objects(TRUST_M_V3)[0xE0E1].metadata) is None


@EACH
def test_secrets_are_each_chips_own_and_not_told(model: ChipModel) -> None:
    other, new = factory_objects(model), content(model)
    for oid in (0xE140, 0xF1D0):
        assert len(new[oid].data) == len(other[oid].data) == 64
        assert new[oid].data != other[oid].data
        with opened(model, shielded=True, authorized=True) as chip, pytest.raises(ChipError) as caught:
            chip.read(oid)
        assert caught.value.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


P256 = KeyAlgorithm.SECP256R1
DOES: dict[str, Callable[[Chip], object]] = {
    "read 0xE0E1": lambda chip: chip.read(0xE0E1),
    "read 0xE0E2": lambda chip: chip.read(0xE0E2),
    "sign with 0xE0F1": lambda chip: chip.key("second", P256).sign(b"data"),
    "sign with 0xE0F0": lambda chip: chip.key("first", P256).sign(b"data"),
    "write 0xE0E0": lambda chip: chip.write(0xE0E0, b"new"),
    "write 0xE0E1": lambda chip: chip.write(0xE0E1, b"new"),
    "write 0xE0E2": lambda chip: chip.write(0xE0E2, b"new"),
    "write 0xE0E3": lambda chip: chip.write(0xE0E3, b"new"),
    "write 0xE0C9": lambda chip: chip.write(0xE0C9, bytes.fromhex("3200050100000000")),
    "write 0xE140": lambda chip: chip.write(0xE140, bytes(64)),
    "write 0xF1D0": lambda chip: chip.write(0xF1D0, bytes(64)),
    "generate 0xE0F0": lambda chip: chip.generate_key("first"),
    "generate 0xE0F1": lambda chip: chip.generate_key("second"),
    "generate 0xE0F2": lambda chip: chip.generate_key("third"),
    "generate 0xE0F3": lambda chip: chip.generate_key("fourth"),
    "metadata of 0xE0E1": lambda chip: chip.objects.write_metadata(0xE0E1, parse_metadata_words(["read: always"])),
    "authorize": lambda chip: chip.crypto.authorize(0xF1D0, content(TRUST_M_MTR)[0xF1D0].data),
}
FREE = {"read 0xE0E2", "sign with 0xE0F0", "write 0xE0E3", "generate 0xE0F2", "generate 0xE0F3"}
CONF = {TRUST_M_EXPRESS: {"read 0xE0E1", "sign with 0xE0F1"}, TRUST_M_MTR: {"authorize"}}
OPEN = {TRUST_M_EXPRESS: FREE, TRUST_M_MTR: {*FREE, "read 0xE0E1", "sign with 0xE0F1", "write 0xE0E0"}}
NEVER = {"metadata of 0xE0E1"}
HAS = {"nothing": (False, False), "the connection": (True, False), "both": (True, True)}
CASES = [
    pytest.param(model, what, has, id=f"{model.name}, {what}, {has}")
    for model in ON_ONE
    for what in DOES
    for has in HAS
    if what != "authorize" or (model is TRUST_M_MTR and has != "both")
]


@pytest.mark.parametrize(("model", "what", "has"), sampled(CASES, 34))
def test_what_each_secret_opens(model: ChipModel, what: str, has: str) -> None:
    shielded, authorized = HAS[has]
    allowed = what in OPEN[model] or (shielded and (what in CONF[model] or (authorized and what not in NEVER)))
    with opened(model, shielded=shielded, authorized=authorized) as chip:
        if allowed:
            DOES[what](chip)
        else:
            with pytest.raises(ChipError) as caught:
                DOES[what](chip)
            assert caught.value.code == ErrorCode.ACCESS_CONDITIONS_NOT_SATISFIED


@EACH
def test_a_reset_keeps_secrets_and_identities(model: ChipModel) -> None:
    new = content(model)
    secrets = {0xE140: new[0xE140].with_data(bytes(64)), 0xF1D0: new[0xF1D0].with_data(b"another reference")}
    after = reset_chip(model, {**new, **secrets, 0xE0E3: new[0xE0E3].with_data(b"mine")})
    kept = {0xE0C2, *CERTIFIED, *CERTIFIED.values()}
    assert {oid: after[oid] for oid in kept} == {oid: new[oid] for oid in kept}
    assert {oid: after[oid] for oid in secrets} == secrets
    assert after[0xE0E3] == new[0xE0E3]


def test_an_identity_that_was_overwritten_is_made_anew() -> None:
    new = content(TRUST_M_EXPRESS)
    after = reset_chip(TRUST_M_EXPRESS, {**new, 0xE0F1: new[0xE0F0]})
    assert after[0xE0F1].data not in (new[0xE0F1].data, new[0xE0F0].data)
    assert after[0xE0E1].data != new[0xE0E1].data
    assert after[0xE0F1].metadata == new[0xE0F1].metadata


def test_a_state_that_is_written_down() -> None:
    new = content(TRUST_M_EXPRESS)
    loaded = load(dump(MemoryStore(new), model=TRUST_M_EXPRESS))
    assert (loaded.model, loaded.objects) == (TRUST_M_EXPRESS, new)


def test_a_v3_with_the_same_change_condition_is_no_configuration() -> None:
    marked = Metadata.parse(bytes.fromhex(ON_ONE[TRUST_M_MTR][0xE0E1] % 1))
    assert find_configuration(marked.with_tags({0xC0: b"\x01"})) is None
