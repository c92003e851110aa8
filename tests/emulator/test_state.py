"""A whole chip as one document, and back."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from optiga.emulator import EmulatedChip, MemoryStore, SqliteStore
from optiga.emulator.state import dump, load
from optiga.errors import ConfigurationError
from optiga.protocol import der
from optiga.protocol.codes import APPLICATION_ID, CommandCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import Probe, key_target
from tests.support.mutations import Value


@pytest.fixture
def store() -> MemoryStore:
    """A chip with something of every kind."""
    store = MemoryStore()
    probe = Probe(store)
    for oid, algorithm in ((0xE0F1, 0x03), (0xE0F2, 0x05), (0xE0FC, 0x41)):
        probe.generate(algorithm, oid)
    probe.write(0xF1D0, bytes(range(32)))
    probe.set_tags(0xF1D0, {Tag.TYPE: b"\x21", Tag.EXECUTE: bytes.fromhex("40e120"), Tag.READ: b"\xff"})
    probe.write(0xE120, bytes.fromhex("0000000300000009"))
    probe.set_tags(0xF1D1, {Tag.LCSO: b"\x07"})
    return store


def through_text(document: dict[str, Any]) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(json.dumps(document))
    return parsed


def test_there_and_back(store: MemoryStore) -> None:
    state = load(through_text(dump(store)))
    assert state.objects == store.load()
    assert (state.model.name, state.context) == ("trust-m-v3", b"")
    probe = Probe(MemoryStore(state.objects, state.context))
    assert probe.read(0xE0C2) == store.load()[0xE0C2].data
    assert probe.sign(0xE0F1, bytes(32))


def test_a_chip_from_a_file(tmp_path: Path) -> None:
    chip_file = SqliteStore(tmp_path / "my.chip")
    state = load(through_text(dump(chip_file, model=chip_file.model)))
    assert state.objects == chip_file.load()
    chip_file.close()


def test_it_can_be_read(store: MemoryStore) -> None:
    objects = dump(store)["objects"]
    assert objects["0xE120"] == {
        "name": "monotonic counter 1",
        "data": "0000000300000009",
        "metadata": objects["0xE120"]["metadata"],
        "metadata_in_words": {
            "lcso": "creation",
            "max_size": "8",
            "used_size": "8",
            "change": "lcso < operational",
            "read": "always",
            "execute": "always",
            "type": "up_counter",
        },
    }
    assert objects["0xF1D0"]["metadata_in_words"]["execute"] == "luc 0xE120"


def test_what_is_secret_is_marked(store: MemoryStore) -> None:
    objects = dump(store)["objects"]
    marked = {oid for oid, described in objects.items() if "secret" in described}
    assert marked == {"0xE0F0", "0xE0F1", "0xE0F2", "0xE0F3", "0xE0FC", "0xE0FD", "0xE140", "0xE200", "0xF1D0"}
    assert all(("data" in described) != ("secret" in described) for described in objects.values())


def test_a_saved_context_comes_along() -> None:
    store = MemoryStore()
    probe = Probe(store)
    probe.ok(CommandCode.GEN_KEY_PAIR, 0x03, key_target(0xE100))
    handle = probe.ok(CommandCode.CLOSE_APPLICATION, 1)
    state = load(through_text(dump(store)))
    again = Probe(MemoryStore(state.objects, state.context), opened=False)
    again.ok(CommandCode.OPEN_APPLICATION, 1, APPLICATION_ID + handle)
    assert again.sign(0xE100, bytes(32))


def test_what_is_left_out_is_that_of_a_new_chip() -> None:
    state = load(
        {
            "format": "optiga emulated chip",
            "version": 1,
            "model": "trust-m-v3",
            "objects": {
                "0xe120": {"data": "0000000000000005", "metadata": "2014c00103c40108c50108d003e1fc07d10100e80101"}
            },
        }
    )
    probe = Probe(MemoryStore(state.objects))
    assert probe.read(0xE120) == bytes.fromhex("0000000000000005")
    assert probe.sign(0xE0F0, bytes(32))
    assert state.objects.keys() == _new().keys()


NEW = {"format": "optiga emulated chip", "version": 1, "model": "v3"}


def test_what_is_left_out_is_as_on_a_new_chip() -> None:
    new = load(NEW)
    assert new.model.name == "trust-m-v3"
    assert new.objects.keys() == _new().keys()
    same = load({**NEW, "objects": {"0xF1D0": {}, "0xE0F1": {}}}).objects
    assert (same[0xF1D0], same[0xE0F1]) == (new.objects[0xF1D0], new.objects[0xE0F1])


def test_an_object_without_metadata_or_without_data() -> None:
    described = {
        "0xF1D0": {"data": "c0ffee"},
        "0xE0C0": {"data": "07"},
        "0xF1D1": {"metadata": "2009c4018cc50164d00100"},
    }
    loaded, new = load({**NEW, "objects": described}).objects, load(NEW).objects
    assert loaded[0xF1D0] == new[0xF1D0].with_data(bytes.fromhex("c0ffee"))
    assert loaded[0xE0C0] == (b"\x07", new[0xE0C0].metadata)
    assert loaded[0xF1D1].data == new[0xF1D1].data
    assert Probe(MemoryStore(loaded)).read(0xF1D0) == bytes.fromhex("c0ffee")


def test_a_wrong_model_is_told_before_what_is_missing() -> None:
    with pytest.raises(ConfigurationError, match="unknown model of an emulated chip: 'x2'"):
        load({**NEW, "model": "x2", "objects": []})


def _new() -> dict[int, object]:
    store = MemoryStore()
    EmulatedChip(store)
    return dict(store.load())


def _set(*path: str, value: object) -> Any:
    def change(document: dict[str, Any]) -> None:
        for member in path[:-1]:
            document = document[member]
        document[path[-1]] = value

    return change


def _drop(*path: str) -> Any:
    def change(document: dict[str, Any]) -> None:
        for member in path[:-1]:
            document = document[member]
        del document[path[-1]]

    return change


def _call_it_rsa_2048(document: dict[str, Any]) -> None:
    """Give the key of 1024 bits the algorithm of one of 2048."""
    described = document["objects"]["0xE0FC"]
    described["metadata"] = described["metadata"].replace("e00141", "e00142")
    del described["metadata_in_words"]


MISTAKES = [
    (_set("format", value="other"), "not the state of an emulated chip"),
    (_set("version", value=2), "version 2 is unknown"),
    (_drop("model"), "the model is missing"),
    (_set("model", value="trust-q"), "unknown model of an emulated chip: 'trust-q'"),
    (_set("objcts", value={}), "'objcts' is unknown"),
    (_set("objects", value=[]), "objects must be"),
    (_set("objects", "E0F9", value={}), "'E0F9' is not an object of an OPTIGA Trust M V3"),
    (_set("objects", "0xE100", value={}), "'0xE100' is not an object"),
    (_set("objects", "0xe0f1", value={}), "0xE0F1"),
    (_set("objects", "0xF1D2", value=7), "0xF1D2: it must be an object"),
    (_set("objects", "0xF1D2", "extra", value=7), "0xF1D2: 'extra' is unknown"),
    (_set("objects", "0xF1D2", "secret", value=""), "0xF1D2: it must have either data or secret"),
    (_drop("objects", "0xE0F1", "secret"), "0xE0F1: a key needs its algorithm"),
    (_drop("objects", "0xE0F0", "secret"), "0xE0F0: its secret is missing"),
    (_set("model", value=7), "the model is not a text"),
    (_set("objects", "0xF1D2", "data", value="xyz"), "0xF1D2: its data is not in hex"),
    (_set("objects", "0xF1D2", "data", value=None), "0xF1D2: its data is missing"),
    (_set("objects", "0xF1D2", "data", value="00" * 141), "0xF1D2: 141 bytes of data, but there is room for 140"),
    (_set("objects", "0xF1D2", "data", value="0000"), "0xF1D2: 2 bytes of data, but the used size is 1"),
    (_set("objects", "0xF1D2", value={"data": "00" * 300}), "0xF1D2: 300 bytes of data are too many"),
    (_drop("objects", "0xF1D2", "metadata"), "0xF1D2: its metadata is missing"),
    (_set("objects", "0xF1D2", "metadata", value="2003c001"), "0xF1D2: metadata: not one constructed TLV"),
    (_set("objects", "0xF1D2", "metadata_in_words", value={"read": "never"}), "0xF1D2: metadata and metadata_in_words"),
    (_set("objects", "0xE0C0", "data", value=""), "0xE0C0: 0 bytes of data instead of 1"),
    (_set("objects", "0xE0C0", "data", value="02"), "0xE0C0: 0x02 is not a life cycle state"),
    (_set("objects", "0xE0F1", "secret", value="00" * 32), "0xE0F1: its secret is no"),
    (_set("objects", "0xE0F1", "secret", value="11" * 31), "0xE0F1: a key of 31 bytes does not fit"),
    (_set("objects", "0xE0F1", "secret", value=""), "0xE0F1: a key needs its algorithm"),
    (_set("objects", "0xE0FC", "secret", value="3082"), "0xE0FC: its secret is no"),
    (
        _set("objects", "0xE200", value={"secret": "11" * 24, "metadata": "200fc00101d001ffd30100e00181e10102"}),
        "0xE200: a key of 24 bytes",
    ),
    (
        _set("objects", "0xE200", value={"secret": "11" * 32, "metadata": "200cc00101d001ffd30100e00103"}),
        "0xE200: the algorithm in its metadata is not an algorithm for a symmetric key",
    ),
    (_call_it_rsa_2048, "0xE0FC: its secret is no"),
    (_set("objects", "0xE0F3", "secret", value="11" * 32), "0xE0F3: a key needs its algorithm"),
    (_set("saved_context", value={"handle": "00"}), "saved_context: not a saved application context"),
    (_set("saved_context", value=[1]), "saved_context: not a saved application context"),
    (_set("saved_context", value="x"), "saved_context: not a saved application context"),
]


@pytest.mark.parametrize(("change", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_mistakes_are_said_in_one_line(store: MemoryStore, change: Any, message: str) -> None:
    document = copy.deepcopy(dump(store))
    change(document)
    with pytest.raises(ConfigurationError) as raised:
        load(document)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("2007c00102c4018cd1", "is cut off"),
        ("2006c00102c4018c", "lcso 0x02, which is not allowed for this object"),
        ("2003c4018d", "a maximum size of 141 bytes, but on the chip it is 140"),
        ("2006c4018cd10142", "unknown identifier 0x42"),
        ("2006c4018ce80199", "type 0x99, which is not allowed for this object"),
        ("2006c4018c990100", "a tag 0x99, which an OPTIGA Trust M V3 does not support"),
        ("2005c000c4018c", "lcso 0x, which is not allowed for this object"),
        ("2007c0020101c4018c", "lcso 0x0101, which is not allowed for this object"),
        ("2005c100c4018c", "version 0x, which is not allowed for this object"),
        ("2007c4018cc5020001", "used_size 0x0001, which is not allowed for this object"),
        ("2006c4018ce00103", "algorithm 0x03, which is not allowed for this object"),
        ("2006c4018ce10101", "key_usage 0x01, which is not allowed for this object"),
        ("2006c4018cf00131", "reset_type 0x31, which is not allowed for this object"),
        ("2003c4018c", "1 byte of data instead of 140"),
        ("2030c4018cd12b" + "40e120fd" * 6 + "40e120fe" + "40e120fd" * 3 + "40e120", "have 50 bytes, more than 44"),
    ],
)
def test_metadata_that_no_chip_would_take(metadata: str, message: str) -> None:
    described = {"0xF1D2": {"data": "00", "metadata": metadata}}
    document = {"format": "optiga emulated chip", "version": 1, "model": "trust-m-v3", "objects": described}
    with pytest.raises(ConfigurationError, match="0xF1D2: ") as raised:
        load(document)
    assert message in str(raised.value)


@pytest.mark.parametrize(
    ("oid", "description", "message"),
    [
        ("0xE0F1", {"secret": "", "metadata": "2003e10140"}, "key_usage 0x40"),
        ("0xE0F1", {"secret": "", "metadata": "2003e80100"}, "type 0x00"),
        ("0xE0F1", {"secret": "", "metadata": "2003c50100"}, "used_size 0x00"),
        ("0xE0F1", {"secret": "11" * 32, "metadata": "2004e0020003"}, "algorithm 0x0003"),
        ("0xE0C9", {"data": "00" * 8, "metadata": "2006c40108e80100"}, "type 0x00"),
    ],
)
def test_tags_of_other_objects(oid: str, description: dict[str, str], message: str) -> None:
    document = {"format": "optiga emulated chip", "version": 1, "model": "trust-m-v3", "objects": {oid: description}}
    with pytest.raises(
        ConfigurationError, match=f"{oid}: its metadata say {message}, which is not allowed for this object"
    ):
        load(document)


@pytest.mark.parametrize("tag", ["d801ff", "d10323f1d0", "e80131", "f00111"])
def test_tags_and_values_that_a_v1_lacks(tag: str) -> None:
    content = bytes.fromhex("c4018cc50101" + tag)
    described = {"data": "00", "metadata": (bytes([0x20, len(content)]) + content).hex()}
    document = {"format": "optiga emulated chip", "version": 1, "objects": {"0xF1D2": described}}
    load({**document, "model": "trust-m-v3"})
    with pytest.raises(ConfigurationError, match="0xF1D2: its metadata "):
        load({**document, "model": "trust-m-v1"})


def in_pkcs8(algorithm: str, key: bytes) -> str:
    identifier = der.encode(der.SEQUENCE, der.encode(0x06, bytes.fromhex(algorithm)))
    parts = der.encode(der.INTEGER, b"\0") + identifier + der.encode(der.OCTET_STRING, key)
    return der.encode(der.SEQUENCE, parts).hex()


@pytest.mark.parametrize(
    "secret",
    [
        in_pkcs8("2a0304", b"\0"),  # of an algorithm that the library does not know
        in_pkcs8("2a864886f70d010101", bytes.fromhex("3000")),
        in_pkcs8("2a864886f70d010101", b"\x7f" * 30_000),  # longer than any
        "",
    ],
)
def test_rsa_keys_that_are_none(store: MemoryStore, secret: str) -> None:
    document = through_text(dump(store))
    document["objects"]["0xE0FC"]["secret"] = secret
    with pytest.raises(ConfigurationError, match="0xE0FC"):
        load(document)


def test_an_rsa_key_with_a_huge_number(store: MemoryStore) -> None:
    """Its numbers are looked at only if they are of the key's size: that would take hours."""
    document = through_text(dump(store))
    whole = Value.read(bytes.fromhex(document["objects"]["0xE0FC"]["secret"]))
    assert whole.parts is not None
    assert whole.parts[2].parts is not None
    (numbers,) = whole.parts[2].parts
    assert numbers.parts is not None
    for part in numbers.parts[3:6]:
        part.content = b"\x7f" + bytes(len(part.content) + 60) + b"\x01"
    document["objects"]["0xE0FC"]["secret"] = whole.encode().hex()
    with pytest.raises(ConfigurationError, match="0xE0FC"):
        load(document)
