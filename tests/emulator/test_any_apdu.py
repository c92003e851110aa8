"""Whatever bytes come, the chip answers, and what is in its store stays whole."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optiga.emulator import EmulatedChip, MemoryStore
from optiga.protocol import tlv
from optiga.protocol.apdu import MAX_DATA, command_code, decode_answer
from optiga.protocol.codes import CommandCode, ErrorCode
from optiga.protocol.metadata import MAX_SIZE, Metadata, Tag
from optiga.protocol.objects import OBJECTS
from tests.support.emulator.emulated import Probe, command, two

FACTORY = MemoryStore()
EmulatedChip(FACTORY)
"""A chip is made once; each example works on its own copy of it."""

identifiers = st.sampled_from([*OBJECTS, 0x0000, 0xBEEF, 0xFFFF]).map(two)
numbers = st.one_of(st.integers(0, 0xFFFF), st.sampled_from([0, 1, 6, 139, 140, 1500, 1553, 1728, 0xFFFF])).map(two)
conditions = st.sampled_from(["00", "ff", "e1fc07", "e1fb03", "20e140", "9020fd1020", "70fa07fee0fc07", "e1fc", "fdfe"])
tags = st.dictionaries(
    st.sampled_from([*map(int, Tag), 0x99]),
    st.one_of(conditions.map(bytes.fromhex), st.binary(max_size=20)),
    max_size=4,
).map(lambda items: Metadata(items).encode())
blobs = st.one_of(st.binary(max_size=200), tags, numbers, st.sampled_from([b"x" * 1549, b"\x30" * 70]))
fields = st.lists(
    st.tuples(st.integers(0, 0x17), st.one_of(identifiers, blobs)).map(lambda item: tlv.encode(*item)), max_size=4
).map(b"".join)
datas = st.one_of(
    st.tuples(identifiers, numbers, st.one_of(numbers, blobs)).map(b"".join),
    st.tuples(identifiers, st.just(b"\0\0"), tags).map(b"".join),
    identifiers,
    fields,
    st.binary(max_size=40),
).map(lambda data: data[:MAX_DATA])
codes = st.one_of(st.sampled_from([*map(int, CommandCode)]), st.integers(0, 0x7F))
params = st.one_of(st.sampled_from([0x00, 0x01, 0x02, 0x03, 0x05, 0x11, 0x13, 0x16, 0x40, 0xE2]), st.integers(0, 0x40))
sound = st.builds(
    lambda code, clear, param, data: command(code | clear, param, data),
    codes,
    st.sampled_from([0, 0x80]),
    params,
    datas,
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A sound command with some bytes changed, cut off or added."""
    apdu = bytearray(draw(sound))
    for _ in range(draw(st.integers(1, 3))):
        apdu[draw(st.integers(0, len(apdu) - 1))] = draw(st.integers(0, 255))
    return bytes(apdu[: draw(st.integers(0, len(apdu)))]) + draw(st.binary(max_size=3))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(sound, sound, damaged(), st.binary(max_size=30)), min_size=10, max_size=25))
def test_any_commands_are_answered(apdus: list[bytes]) -> None:
    store = MemoryStore(FACTORY.load())
    probe, is_open = Probe(store), True
    for apdu in apdus:
        if apdu[:1] in (b"\x38", b"\xb8") and apdu[1:2] in (b"\x41", b"\x42"):
            continue  # RSA key pairs take too long for many examples
        before = store.load()
        answer = decode_answer(probe.chip.execute(apdu))
        if not answer.ok:
            assert store.load() == before, "a command that failed has changed something"
            told = decode_answer(probe.chip.execute(command(CommandCode.GET_DATA_OBJECT, 0, two(0xF1C2))))
            assert told.ok is is_open, apdu.hex()
            if told.ok:  # while the application is closed, nobody is told
                error = ErrorCode(told.data[0])
                assert error not in (ErrorCode.NO_ERROR, ErrorCode.INTERNAL_PROCESS_ERROR), apdu.hex()
        elif command_code(apdu) in (CommandCode.OPEN_APPLICATION, CommandCode.CLOSE_APPLICATION):
            is_open = command_code(apdu) == CommandCode.OPEN_APPLICATION
        assert len(answer.data) <= MAX_DATA
    check_whole(store)


def check_whole(store: MemoryStore) -> None:
    """What lies in the store is a chip by its own rules."""
    content = store.load()
    assert content.keys() == FACTORY.load().keys()
    for oid, stored in content.items():
        metadata = Metadata.parse(stored.metadata.encode())
        assert len(metadata.encode()) <= MAX_SIZE
        if not OBJECTS[oid].kind.is_key:
            assert len(stored.data) <= (metadata.max_size or 0)
            if metadata.get(Tag.USED_SIZE) is not None:
                assert metadata.used_size == len(stored.data)
        for tag in (Tag.CHANGE, Tag.READ, Tag.EXECUTE, Tag.METADATA_UPDATE):
            assert metadata.access(tag)
    again = Probe(store)
    assert again.read(0xE0C2) == FACTORY.load()[0xE0C2].data
