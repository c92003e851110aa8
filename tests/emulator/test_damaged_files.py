"""Files of chips in which something stands that no chip can hold: one line says what, and nothing is changed."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from optiga.emulator import EmulatedChip, SqliteStore
from optiga.emulator.models import TRUST_M_V1, TRUST_M_V3
from optiga.emulator.state import dump
from optiga.emulator.store import create_chip
from optiga.errors import BoardError, OptigaError
from optiga.protocol.codes import CommandCode, ErrorCode
from tests.support.emulator.emulated import Probe, command, to_sign

DATA = "UPDATE objects SET data = ? WHERE oid = ?"
METADATA = "UPDATE objects SET metadata = ? WHERE oid = ?"
CONTEXT = {"handle": "00" * 8, "security_status": 0x20, "authorized": [0xF1D0], "sessions": {}}
KEY = {"algorithm": 3, "usage": 0x10, "private": "00" * 31 + "01"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "my.chip"
    create_chip(path, TRUST_M_V3)
    return path


def change(path: Path, statement: str, *values: object) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


def why_not(path: Path, use: Callable[[SqliteStore], object] = EmulatedChip) -> str:
    """Why a file is not opened, in one line; it stays as it is."""
    before = path.read_bytes()
    with pytest.raises(BoardError) as raised, closing(SqliteStore(path, wait_s=0)) as store:
        use(store)
    assert path.read_bytes() == before
    assert "\n" not in str(raised.value)
    return raised.value.message


def metadata(content: str) -> bytes:
    inner = bytes.fromhex(content)
    return bytes([0x20, len(inner)]) + inner


@pytest.mark.parametrize(
    ("statement", "values", "message"),
    [
        (METADATA, (metadata("c00155c4018cc50101"), 0xF1D0), "object 0xF1D0: its metadata say lcso 0x55"),
        (METADATA, (metadata("c100c4018cc50101"), 0xF1D0), "object 0xF1D0: its metadata say version 0x,"),
        (METADATA, (metadata("c4018cc50101d10177"), 0xF1D0), "object 0xF1D0: access condition: unknown"),
        (METADATA, (metadata("c50101"), 0xF1D0), "object 0xF1D0: its metadata give a maximum size of None bytes"),
        (METADATA, (metadata("c4018cc50101990100"), 0xF1D0), "object 0xF1D0: its metadata have a tag 0x99"),
        (METADATA, (b"c0", 0xF1D0), "object 0xF1D0: metadata: not one constructed TLV"),
        (METADATA, ("text", 0xF1D0), "object 0xF1D0: 'text' is not bytes"),
        (DATA, (10**15, 0xF1D0), "object 0xF1D0: 1000000000000000 is not bytes"),
        (DATA, (b"two", 0xF1D0), "object 0xF1D0: 3 bytes of data, but the used size is 1"),
        (DATA, (bytes(141), 0xF1D0), "object 0xF1D0: 141 bytes of data, but there is room for 140"),
        (DATA, (b"", 0xE0C5), "object 0xE0C5: 0 bytes of data instead of 1"),
        (DATA, (b"\x02", 0xE0C0), "object 0xE0C0: 0x02 is not a life cycle state"),
        (DATA, (b"short", 0xE0F0), "object 0xE0F0: a key of 5 bytes does not fit"),
        (DATA, (b"", 0xE0F0), "object 0xE0F0: a key needs its algorithm in the metadata, and an algorithm needs a key"),
        (
            "INSERT INTO objects VALUES (?, ?, ?)",
            (0x9999, b"", b" \0"),
            "object 0x9999: an OPTIGA Trust M V3 does not have this object",
        ),
        (
            "INSERT INTO objects VALUES (?, ?, ?)",
            (0xE100, b"", b" \0"),
            "object 0xE100: an OPTIGA Trust M V3 does not have this object",
        ),
        ("INSERT INTO objects VALUES (?, ?, ?)", (-1, b"", b" \0"), "an OPTIGA Trust M V3 does not have this object"),
        ("DELETE FROM objects WHERE oid = ?", (0xF1D0,), "object 0xF1D0 is missing"),
        ("UPDATE chip SET model = ?", ("trust-y",), "unknown model 'trust-y'"),
        ("UPDATE chip SET model = ?", (TRUST_M_V1.name,), "an OPTIGA Trust M V1 does not have this object"),
        ("DELETE FROM chip WHERE ?", (1,), "the model is missing"),
    ],
)
def test_what_no_chip_can_hold(path: Path, statement: str, values: tuple[Any, ...], message: str) -> None:
    change(path, statement, *values)
    assert why_not(path).startswith("the emulated chip's file is damaged: ")
    assert message in why_not(path)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xfe",
        b"[" * 100_000,
        b"[]",
        b"{}",
        {**CONTEXT, "handle": "00"},
        {**CONTEXT, "security_status": "20"},
        {**CONTEXT, "security_status": 0x100},
        {**CONTEXT, "authorized": "12"},
        {**CONTEXT, "more": 1},
        {**CONTEXT, "sessions": {"0xF1D0": {"origin": "AGREED", "secret": "00"}}},
        {**CONTEXT, "sessions": {"0xE100": {"origin": "NOWHERE", "secret": "00"}}},
        {**CONTEXT, "sessions": {"0xE100": {**KEY, "usage": 0xFF}}},
        {**CONTEXT, "sessions": {"0xE100": {**KEY, "private": "00"}}},
        {**CONTEXT, "sessions": {"0xE100": {**KEY, "algorithm": 0x42}}},
        {**CONTEXT, "sessions": {"0xE100": {**KEY, "algorithm": 0x81}}},
    ],
)
def test_a_saved_context_that_is_none(path: Path, content: Any) -> None:
    change(path, "CREATE TABLE saved_context (content BLOB NOT NULL)")
    saved = content if isinstance(content, bytes) else json.dumps(content).encode()
    change(path, "INSERT INTO saved_context VALUES (?)", saved)
    message = "the emulated chip's file is damaged: not a saved application context"
    assert why_not(path).startswith(message)
    assert why_not(path, dump).startswith(message)


def test_a_saved_context_that_is_one(path: Path) -> None:
    change(path, "CREATE TABLE saved_context (content BLOB NOT NULL)")
    saved = json.dumps({**CONTEXT, "sessions": {"0xE100": KEY}}).encode()
    change(path, "INSERT INTO saved_context VALUES (?)", saved)
    store = SqliteStore(path, wait_s=0)
    assert dump(store)["saved_context"] == json.loads(saved)
    store.close()


@pytest.mark.parametrize("key", [bytes(32), b"\xff" * 32])
def test_a_key_that_is_none_is_a_fault_inside_the_chip(
    path: Path, key: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    change(path, DATA, key, 0xE0F0)
    probe = Probe(SqliteStore(path, wait_s=0))
    assert probe.refused(CommandCode.CALC_SIGN, 0x11, to_sign(0xE0F0, bytes(32))) is ErrorCode.INTERNAL_PROCESS_ERROR
    assert not caplog.records
    probe.chip.close()


@pytest.mark.parametrize("seed", range(60))
def test_bytes_that_have_changed(path: Path, seed: int) -> None:
    """What is not noticed are data, and pages that are free."""
    chance = random.Random(seed)
    content = bytearray(path.read_bytes())
    for _ in range(chance.choice([1, 30, 200])):
        content[chance.randrange(chance.choice([16, 100, 2000]), len(content))] = chance.randrange(256)
    path.write_bytes(content)
    with suppress(OptigaError):
        store = SqliteStore(path, wait_s=0)
        chip = EmulatedChip(store)
        with suppress(OptigaError):
            dump(store, model=store.model)
            chip.execute(command(CommandCode.OPEN_APPLICATION, 0, b"\xd2\x76\0\0\4GenAuthAppl"))
        chip.close()
