"""What each model has, and what it says to what it lacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from optiga.emulator import EmulatedChip, MemoryStore
from optiga.emulator.factory import factory_objects
from optiga.emulator.models import MODELS, TRUST_M_V1, TRUST_M_V3, TRUST_X, ChipModel, find_model
from optiga.emulator.state import dump, load
from optiga.emulator.store import SqliteStore, create_chip
from optiga.errors import ConfigurationError
from optiga.protocol import models, tlv
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode as Code
from optiga.protocol.codes import ErrorCode, KeyUsage
from optiga.protocol.metadata import Tag
from optiga.protocol.rules.values import Problem, check_model
from tests.support.emulator.emulated import ECDSA, Probe, key_target, to_sign, two

SESSION = 0xE100
AGREE = KeyUsage.KEY_AGREEMENT
FIRMWARES = [model for model in MODELS.values() if model.kind.builds]
"""Models that differ in what they have; the others are configurations of one of them, in test_configurations."""
EACH = pytest.mark.parametrize("model", FIRMWARES, ids=[model.name for model in FIRMWARES])
OLDER = pytest.mark.parametrize("model", [TRUST_M_V1, TRUST_X], ids=["v1", "x"])


@EACH
def test_every_object_of_a_model_is_there(model: ChipModel) -> None:
    probe = Probe(model=model)
    for oid in models.TRUST_M_V3.objects.keys() | models.TRUST_X.objects.keys():
        if oid in model.persistent_oids:
            assert probe.metadata(oid).max_size in (model.kind.objects[oid].size, None)
        else:
            assert probe.refused(Code.GET_DATA_OBJECT, 1, two(oid)) == ErrorCode.INVALID_OID


@pytest.mark.parametrize(
    ("model", "prefix", "firmware"),
    [
        (TRUST_M_V3, "cd16338201001c00050000", "801010712564"),
        (TRUST_M_V1, "cd16338201001c00050000", "801010710809"),
        (TRUST_X, "cd16336b01001c00010000", "801010711118"),
    ],
)
def test_uid(model: ChipModel, prefix: str, firmware: str) -> None:
    uid = Probe(model=model).read(0xE0C2).hex()
    assert (len(uid), uid[:22], uid[42:]) == (54, prefix, firmware)
    assert models.find_model(uid[50:]) is model.kind


def test_no_two_models_share_a_build_number() -> None:
    builds = [build for model in models.MODELS for build in model.builds]
    assert len(builds) == len(set(builds))
    assert models.find_model("9999") is None


@EACH
def test_every_command_that_a_model_lacks(model: ChipModel) -> None:
    probe = Probe(model=model)
    for code in range(0x80):
        if code not in model.kind.commands:
            assert probe.refused(code, 0) == ErrorCode.INVALID_COMMAND


@EACH
def test_every_value_of_the_param_field_that_a_model_lacks(model: ChipModel) -> None:
    probe = Probe(model=model)
    for code, params in model.kind.commands.items():
        for param in set(range(0x100)) - params:
            assert probe.refused(code, param, bytes(8)) == ErrorCode.INVALID_PARAM


@EACH
def test_every_key_that_a_model_makes_signs(model: ChipModel) -> None:
    probe = Probe(model=model)
    for algorithm in sorted(model.algorithms):
        if algorithm.is_ec:
            probe.generate(algorithm, 0xE0F1)
            assert probe.sign(0xE0F1, bytes(32))


@OLDER
def test_curves_that_older_models_lack(model: ChipModel) -> None:
    assert {algorithm.title for algorithm in model.algorithms if algorithm.is_ec} == {"secp256r1", "secp384r1"}
    probe = Probe(model=model)
    data = b"".join(
        tlv.encode(tag, value) for tag, value in ((1, bytes(32)), (2, b"\2\1\1\2\1\1"), (5, b"\x05"), (6, b"\3\1\0"))
    )
    assert probe.refused(Code.VERIFY_SIGN, ECDSA, data) == ErrorCode.UNSUPPORTED_PARAMETERS


def test_sizes_of_trust_x() -> None:
    probe = Probe(model=TRUST_X)
    assert probe.write_refused(0xF1DF, bytes(101)) == ErrorCode.DATA_OBJECT_BOUNDARY_EXCEEDED
    probe.write(0xF1DF, bytes(100))
    assert probe.read(0xF1DF) == bytes(100)


@OLDER
def test_older_models_know_no_boot_phase(model: ChipModel) -> None:
    """As in the published dump of a V1."""
    probe = Probe(model=model)
    assert probe.read(0xE0C1) == probe.read(0xF1C1) == b"\x00"


@pytest.mark.parametrize(("model", "most"), [(TRUST_M_V3, 66), (TRUST_M_V1, 48), (TRUST_X, 48)])
def test_most_bytes_of_a_secret_in_a_session(model: ChipModel, most: int) -> None:
    probe = Probe(model=model)
    public_key = probe.generate(KeyAlgorithm.SECP256R1, 0xE0F1, AGREE)
    agreed = ((0x01, two(0xE0F1)), (0x05, b"\x03"), (0x06, public_key), (0x08, two(SESSION)))
    probe.ok(Code.CALC_SSEC, 0x01, b"".join(tlv.encode(*item) for item in agreed))

    def derive(size: int) -> bytes:
        fields = ((0x01, two(SESSION)), (0x02, b"seed of 8"), (0x03, two(size)), (0x08, two(0xE101)))
        return b"".join(tlv.encode(*item) for item in fields)

    assert probe.refused(Code.DERIVE_KEY, 0x01, derive(most + 1)) == ErrorCode.INVALID_DATA
    assert probe.ok(Code.DERIVE_KEY, 0x01, derive(most)) == b""


@OLDER
def test_random_bytes_do_not_stay_in_sessions_of_older_models(model: ChipModel) -> None:
    probe = Probe(model=model)
    data = two(32) + two(SESSION) + tlv.encode(0x41, b"")
    assert probe.refused(Code.GET_RANDOM, 0x00, data) == ErrorCode.INVALID_LENGTH
    assert len(probe.ok(Code.GET_RANDOM, 0x00, two(32))) == 32


def test_the_pre_master_secret_of_v1() -> None:
    probe = Probe(model=TRUST_M_V1)
    data = two(46) + two(SESSION) + tlv.encode(0x41, b"\3\3")
    assert probe.ok(Code.GET_RANDOM, 0x04, data) == b""
    data = two(47) + two(SESSION) + tlv.encode(0x41, b"\3\3")
    assert probe.refused(Code.GET_RANDOM, 0x04, data) == ErrorCode.INVALID_DATA


@OLDER
@pytest.mark.parametrize(
    "tags",
    [
        {Tag.METADATA_UPDATE: bytes.fromhex("21e0e8")},
        {Tag.RESET_TYPE: b"\x11"},
        {Tag.READ: bytes.fromhex("23f1d0")},
        {Tag.READ: bytes.fromhex("1020")},
        {Tag.READ: bytes.fromhex("9020")},
        {Tag.TYPE: b"\x23"},
        {Tag.TYPE: b"\x31"},
    ],
)
def test_metadata_that_older_models_lack(model: ChipModel, tags: dict[int, bytes]) -> None:
    assert Probe(model=model).tags_refused(0xF1D0, tags) == ErrorCode.INVALID_DATA
    Probe(model=TRUST_M_V3).set_tags(0xF1D0, tags)


@EACH
def test_a_model_in_a_file(model: ChipModel, tmp_path: Path) -> None:
    path = tmp_path / "chip"
    create_chip(path, model)
    store = SqliteStore(path)
    assert store.model is model
    assert store.load().keys() == model.persistent_oids == factory_objects(model).keys()
    state = load(dump(store))
    assert (state.model, state.objects) == (model, store.load())
    chip = EmulatedChip(store)
    assert chip.execute(bytes.fromhex("39810003070000")) == bytes.fromhex("ff000000")  # the application is closed
    told = {TRUST_M_V3: ErrorCode.COMMAND_NOT_AVAILABLE}.get(model, ErrorCode.INVALID_COMMAND)
    assert chip.execute(bytes.fromhex("70000010d27600000447656e417574684170706c"))[0] == 0
    assert chip.execute(bytes.fromhex("01000002f1c2"))[4] == told
    chip.close()
    probe = Probe(MemoryStore(state.objects), model=model)
    assert probe.read(0xE0C2) == state.objects[0xE0C2].data


def test_the_state_of_a_chip_with_an_object_its_model_lacks() -> None:
    document = {"format": "optiga emulated chip", "version": 1, "model": "trust-x", "objects": {"0xE120": {}}}
    with pytest.raises(ConfigurationError, match="'0xE120' is not an object of an OPTIGA Trust X"):
        load(document)


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_each_name_of_a_model(model: ChipModel) -> None:
    """Short ones, and those that ``info`` prints, in any case."""
    short = model.name.removeprefix("trust-").removeprefix("m-")
    spaced = model.name.replace("-", " ")
    for name in (model.name, short, spaced, model.title, f"Infineon {model.title}", f"OPTIGA™ {spaced}"):
        assert find_model(name) is model
        assert find_model(name.upper()) is model
        assert find_model(name.replace(" ", "_").replace("-", "")) is model


@pytest.mark.parametrize("name", ["", "trust", "trust-m", "m", "trust-m-x", "optiga", "v2", "-", "v33"])
def test_what_names_no_model(name: str) -> None:
    with pytest.raises(ConfigurationError, match="unknown model"):
        find_model(name)


def test_names() -> None:
    assert find_model("Trust-X") is TRUST_X
    with pytest.raises(ConfigurationError) as caught:
        find_model("trust-y")
    assert caught.value.hint == "Models: trust-m-v3, trust-m-v1, trust-x, trust-m-express, trust-m-mtr"


@pytest.mark.parametrize(
    ("model", "code", "param", "oid", "what", "instead"),
    [
        (models.TRUST_X, Code.GEN_KEY_PAIR, KeyAlgorithm.RSA2048, None, "rsa2048 keys", "secp256r1, secp384r1"),
        (models.TRUST_M_V1, Code.CALC_SIGN, 0x03, None, "signatures by rsassa-pkcs1-v15-sha512", None),
        (models.TRUST_M_V1, Code.GEN_SYM_KEY, None, None, "command GenSymKey", ""),
        (models.TRUST_M_V1, Code.DERIVE_KEY, 0x08, None, "derivation by hkdf-sha256", "tls-prf-sha256"),
        (models.TRUST_X, Code.SET_DATA_OBJECT, 0x02, None, "counters", ""),
        (models.TRUST_X, Code.GET_RANDOM, 0x04, None, "pre-master secrets", ""),
        (models.TRUST_X, Code.CLOSE_APPLICATION, 0x01, None, "command CloseApplication", ""),
        (models.TRUST_X, Code.SET_DATA_OBJECT, 0x00, 0xE0E9, "object 0xE0E9, trust anchor 2", "0xE0E8, 0xE0EF"),
    ],
)
def test_lacks_have_names(
    model: models.Model, code: Code, param: int | None, oid: int | None, what: str, instead: str | None
) -> None:
    lack = model.lack(code, param, oid)
    assert lack is not None
    assert lack.what == what
    assert instead is None or lack.instead == instead
    assert models.TRUST_M_V3.lack(code, param, oid) is None


def test_what_no_model_has_is_left_to_the_chip() -> None:
    for model in models.MODELS:
        assert check_model(model, 0xEE, b"\x01") is Problem.NO_TAG
        assert check_model(model, Tag.TYPE, b"\x77") is None
        assert check_model(model, Tag.READ, b"\x01") is None
        assert model.lack(Code.GET_DATA_OBJECT, 0, 0xBEEF) is None
        assert model.lack(Code.GEN_KEY_PAIR, 0x77) is None


@EACH
def test_a_key_in_a_session(model: ChipModel) -> None:
    probe = Probe(model=model)
    probe.ok(Code.GEN_KEY_PAIR, 0x03, key_target(SESSION))
    assert probe.ok(Code.CALC_SIGN, ECDSA, to_sign(SESSION, bytes(32)))
