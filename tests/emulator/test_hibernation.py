"""An application context that is saved and restored (SRM, tables 18 and 19, footnote 6)."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from optiga.emulator import MemoryStore, SqliteStore
from optiga.emulator.keys import public_bit_string, verifies
from optiga.emulator.objects import StoredObject
from optiga.emulator.sessions import Origin, SessionSecret, UsableKey
from optiga.emulator.store import reset_chip_file
from optiga.errors import BoardError
from optiga.protocol import tlv
from optiga.protocol.codes import APPLICATION_ID, CommandCode, ErrorCode, SignatureScheme
from optiga.protocol.public_key import PublicKey
from tests.support.emulator.emulated import Clock, Probe, key_target, two

OPEN, CLOSE, RANDOM = CommandCode.OPEN_APPLICATION, CommandCode.CLOSE_APPLICATION, CommandCode.GET_RANDOM
SAVE = RESTORE = 0x01
DIGEST = hashlib.sha256(b"message").digest()


def hibernate(probe: Probe) -> bytes:
    handle = probe.ok(CLOSE, SAVE)
    assert len(handle) == 8
    return handle


def wake(probe: Probe, handle: bytes) -> None:
    assert probe.ok(OPEN, RESTORE, APPLICATION_ID + handle) == b""


def wake_refused(probe: Probe, handle: bytes) -> ErrorCode:
    return probe.refused(OPEN, RESTORE, APPLICATION_ID + handle)


def fill(probe: Probe) -> dict[int, object]:
    """Put something of every kind into the application context; keys by their public halves."""
    for oid, algorithm in ((0xE100, 0x03), (0xE101, 0x41)):
        probe.ok(CommandCode.GEN_KEY_PAIR, algorithm, key_target(oid, 0x11))
    held = probe.machine
    held.keep_secret(0xE102, bytes(range(48)), Origin.PRE_MASTER)
    held.keep_secret(0xE103, b"derived", Origin.DERIVED)
    held.authorized.update((0xF1D0, 0xF1D3))
    probe.write(0xF1C1, b"\x00")
    return described(probe)


def described(probe: Probe) -> dict[int, object]:
    content: dict[int, object] = {}
    for oid, held in probe.machine.sessions.items():
        content[oid] = held
        if isinstance(held, UsableKey):
            content[oid] = held.private.public_key().public_numbers(), held.algorithm, held.usage
    return {**content, 1: frozenset(probe.machine.authorized), 2: probe.read(0xF1C1)}


def test_everything_comes_back(probe: Probe) -> None:
    before = fill(probe)
    handle = hibernate(probe)
    assert probe.refused(RANDOM, 0, two(8)) is ErrorCode.COMMAND_NOT_AVAILABLE
    assert not probe.machine.sessions
    assert not probe.machine.authorized
    wake(probe, handle)
    assert described(probe) == before
    assert before[2] == b"\x00"
    assert before[0xE102] == SessionSecret(bytes(range(48)), Origin.PRE_MASTER)
    key = probe.machine.sessions[0xE100]
    assert isinstance(key, UsableKey)
    signature = probe.sign(0xE100, DIGEST)
    assert verifies(
        PublicKey.of_chip(key.algorithm, public_bit_string(key.private)), SignatureScheme.ECDSA, DIGEST, signature
    )


def test_what_is_sent_in_parts_does_not_survive(probe: Probe) -> None:
    probe.ok(CommandCode.CALC_HASH, 0xE2, tlv.encode(0x00, b"a"))
    wake(probe, hibernate(probe))
    final = probe.refused(CommandCode.CALC_HASH, 0xE2, tlv.encode(0x03, b"b"))
    assert final is ErrorCode.COMMAND_OUT_OF_SEQUENCE


def test_a_saved_context_survives_the_loss_of_power(path: Path) -> None:
    probe = Probe(SqliteStore(path))
    before = fill(probe)
    handle = hibernate(probe)
    probe.chip.close()
    again = Probe(SqliteStore(path), opened=False)
    wake(again, handle)
    assert described(again) == before
    again.chip.close()
    third = Probe(SqliteStore(path), opened=False)
    assert wake_refused(third, handle) is ErrorCode.INVALID_DATA
    third.chip.close()


def test_it_is_in_the_store_when_the_handle_is_out(path: Path) -> None:
    probe = Probe(SqliteStore(path))
    handle = hibernate(probe)
    copy = path.with_name("copy.chip")
    copy.write_bytes(path.read_bytes())  # as if the power had failed now
    probe.chip.close()
    again = Probe(SqliteStore(copy), opened=False)
    wake(again, handle)
    again.chip.close()


def test_it_comes_back_once(probe: Probe) -> None:
    handle = hibernate(probe)
    wake(probe, handle)
    probe.ok(CLOSE, 0)
    assert wake_refused(probe, handle) is ErrorCode.INVALID_DATA


def test_opening_afresh_drops_what_was_saved(probe: Probe) -> None:
    fill(probe)
    handle = hibernate(probe)
    probe.ok(OPEN, 0, APPLICATION_ID)
    assert not probe.machine.sessions
    assert probe.read(0xF1C1) == b"\x20"
    assert wake_refused(probe, handle) is ErrorCode.INVALID_DATA


def test_a_wrong_handle_drops_what_was_saved(path: Path) -> None:
    probe = Probe(SqliteStore(path))
    handle = hibernate(probe)
    assert wake_refused(probe, bytes(8)) is ErrorCode.INVALID_DATA
    assert probe.refused(RANDOM, 0, two(8)) is ErrorCode.COMMAND_NOT_AVAILABLE
    probe.chip.close()
    again = Probe(SqliteStore(path), opened=False)
    assert wake_refused(again, handle) is ErrorCode.INVALID_DATA
    again.chip.close()


def test_a_wrong_handle_drops_what_is_open(probe: Probe) -> None:
    fill(probe)
    assert wake_refused(probe, bytes(8)) is ErrorCode.INVALID_DATA
    assert probe.refused(RANDOM, 0, two(8)) is ErrorCode.COMMAND_NOT_AVAILABLE
    assert not probe.machine.sessions


@pytest.mark.parametrize("data", [APPLICATION_ID, APPLICATION_ID + bytes(7), APPLICATION_ID + bytes(9)])
def test_what_is_no_handle_drops_nothing(probe: Probe, data: bytes) -> None:
    handle = hibernate(probe)
    assert probe.refused(OPEN, RESTORE, data) is ErrorCode.INVALID_LENGTH
    assert probe.refused(OPEN, RESTORE, bytes(16) + handle) is ErrorCode.INVALID_DATA
    wake(probe, handle)


def test_each_handle_is_new(probe: Probe) -> None:
    first = hibernate(probe)
    wake(probe, first)
    second = hibernate(probe)
    assert first != second
    assert wake_refused(probe, first) is ErrorCode.INVALID_DATA


def test_closing_without_saving_leaves_nothing(probe: Probe) -> None:
    assert probe.ok(CLOSE, 0) == b""
    assert probe.machine.table.saved_context == b""


def test_nothing_is_saved_while_security_events_count() -> None:
    clock = Clock()
    probe = Probe(clock=clock)
    probe.sign(0xE0F0, DIGEST)
    assert probe.read(0xE0C5) == b"\x01"
    assert probe.refused(CLOSE, SAVE) is ErrorCode.COMMAND_OUT_OF_SEQUENCE
    assert len(probe.ok(RANDOM, 0, two(8))) == 8
    clock.time += 5
    hibernate(probe)


class FailingStore(MemoryStore):
    full = False

    def save(self, changed: dict[int, StoredObject], context: bytes | None = None) -> None:  # type: ignore[override]
        if self.full:
            raise BoardError("the disk is full")
        super().save(changed, context)


def test_a_store_that_fails_leaves_the_application_open() -> None:
    store = FailingStore()
    probe = Probe(store)
    before = fill(probe)
    store.full = True
    with pytest.raises(BoardError, match="disk is full"):
        probe.ok(CLOSE, SAVE)
    assert described(probe) == before
    store.full = False
    handle = hibernate(probe)
    store.full = True
    with pytest.raises(BoardError, match="disk is full"):
        wake(probe, handle)
    store.full = False
    wake(probe, handle)
    assert described(probe) == before


def test_a_file_without_a_saved_context_opens(path: Path) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    assert (names, version) == ({"chip", "objects"}, 1)
    probe = Probe(SqliteStore(path))
    hibernate(probe)
    probe.chip.close()
    store = SqliteStore(path)
    assert store.load_context()
    store.close()


def test_a_damaged_table_is_said(path: Path) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE saved_context (other)")
    connection.commit()
    connection.close()
    with pytest.raises(BoardError, match="is damaged"):
        SqliteStore(path)


def test_a_reset_drops_what_was_saved(path: Path) -> None:
    probe = Probe(SqliteStore(path))
    handle = hibernate(probe)
    probe.chip.close()
    reset_chip_file(path)
    again = Probe(SqliteStore(path), opened=False)
    assert wake_refused(again, handle) is ErrorCode.INVALID_DATA
    again.chip.close()
