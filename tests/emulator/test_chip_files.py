"""Chips in files: what survives, who may open them, what is no chip."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from optiga.emulator import EmulatedChip, MemoryStore, SqliteStore, default_chip_path
from optiga.emulator.models import TRUST_M_V1, TRUST_M_V3
from optiga.emulator.objects import StoredObject
from optiga.emulator.store import create_chip, open_chip_file, reset_chip_file
from optiga.errors import BoardError, ConfigurationError
from optiga.protocol import tls_identity
from optiga.protocol.codes import CommandCode
from optiga.protocol.metadata import Tag
from tests.support.emulator.emulated import Probe, command, in_der, key_target, two
from tests.support.permissions import permissions_count

posix = pytest.mark.skipif(os.name != "posix", reason="file modes and permissions are POSIX's")


def content(path: Path) -> dict[int, StoredObject]:
    store = SqliteStore(path, wait_s=0)
    try:
        return store.load()
    finally:
        store.close()


def test_a_chip_in_a_file_keeps_everything(path: Path) -> None:
    store = SqliteStore(path)
    probe = Probe(store)
    uid, identity = probe.read(0xE0C2), probe.read(0xE0E0)
    probe.write(0xF1E0, b"x" * 1500)
    probe.set_tags(0xF1D0, {Tag.LCSO: b"\x03", Tag.READ: b"\xff"})
    for oid, algorithm in ((0xE0F1, 0x03), (0xE0F2, 0x05), (0xE0F3, 0x16), (0xE0FC, 0x41)):
        probe.generate(algorithm, oid)
    probe.write(0xF1C1, b"\x00")
    kept = store.load()
    probe.chip.close()
    store = SqliteStore(path)
    assert store.load() == kept
    again = Probe(store)
    assert (again.read(0xE0C2), again.read(0xE0E0), again.read(0xF1E0)) == (uid, identity, b"x" * 1500)
    assert again.metadata(0xF1D0).get(Tag.LCSO) == b"\x03"
    assert again.read(0xF1C1) == b"\x20"
    for oid, digest, scheme in ((0xE0F1, 32, 0x11), (0xE0F2, 64, 0x11), (0xE0F3, 64, 0x11), (0xE0FC, 32, 0x01)):
        assert again.sign(oid, bytes(digest), scheme)
    again.chip.close()


def test_each_answer_means_that_it_is_in_the_file(path: Path) -> None:
    probe = Probe(SqliteStore(path))
    probe.write(0xF1D0, b"written")
    copy = path.with_name("copy.chip")
    copy.write_bytes(path.read_bytes())  # as if the power had failed now
    assert content(copy)[0xF1D0].data == b"written"
    probe.chip.close()


def test_at_rest_a_chip_is_one_file(path: Path) -> None:
    probe = Probe(SqliteStore(path))
    probe.write(0xF1D0, b"x")
    probe.chip.close()
    assert [file.name for file in path.parent.iterdir()] == ["my.chip"]


@posix
def test_nobody_else_may_read_any_of_its_files(path: Path) -> None:
    before = os.umask(0)
    try:
        probe = Probe(SqliteStore(path))
        probe.generate(0x03, 0xE0F1)
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
        probe.chip.close()
    finally:
        os.umask(before)
    assert set(modes) >= {"my.chip", "my.chip.owner"}
    assert set(modes.values()) == {0o600}


@pytest.mark.parametrize(
    "bad", [b"", b"hello", b"-----BEGIN CERTIFICATE-----\n" * 100, b"SQLite format 3\0" + bytes(200)]
)
def test_files_that_are_no_chip(path: Path, bad: bytes) -> None:
    path.write_bytes(bad)
    with pytest.raises(BoardError, match="not an emulated chip"):
        SqliteStore(path, wait_s=0)
    assert path.read_bytes() == bad


def test_another_sqlite_file_is_no_chip(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE objects (oid INTEGER PRIMARY KEY, data BLOB, metadata BLOB)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(BoardError, match="not an emulated chip"):
        SqliteStore(path, wait_s=0)
    assert path.read_bytes() == before


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_newer_format_is_left_alone(path: Path) -> None:
    create_chip(path, TRUST_M_V3)
    change(path, "PRAGMA user_version = 99")
    with pytest.raises(BoardError, match="format 99"):
        SqliteStore(path, wait_s=0)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM objects",
        "DROP TABLE objects",
        "DELETE FROM chip",
        "UPDATE chip SET model = 'unheard-of'",
        "UPDATE objects SET metadata = x'2003c001' WHERE oid = 0xF1D0",
        "UPDATE objects SET data = 'text' WHERE oid = 0xF1D0",
        "DELETE FROM objects WHERE oid = 0xE0C2",
    ],
)
def test_damage_is_said_and_nothing_is_made_anew(path: Path, statement: str) -> None:
    create_chip(path, TRUST_M_V3)
    change(path, statement)
    before = path.read_bytes()
    with pytest.raises(BoardError, match="damaged"):
        EmulatedChip(SqliteStore(path, wait_s=0))
    assert path.read_bytes() == before


def test_a_file_that_is_cut_off(path: Path) -> None:
    create_chip(path, TRUST_M_V3)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BoardError):
        content(path)


@pytest.mark.parametrize(
    ("mode", "said"), [(0o000, "read it"), (0o200, "read it"), (0o400, "write it"), (0o444, "write it")]
)
def test_a_file_that_may_not_be_used(path: Path, mode: int, said: str) -> None:
    create_chip(path, TRUST_M_V3)
    path.chmod(mode)
    with permissions_count(), pytest.raises(BoardError, match=f"you have no permission to {said}") as caught:
        probe_of(path)
    assert "permissions" in caught.value.hint


@pytest.mark.parametrize("is_there", [False, True])
def test_a_folder_that_may_not_be_written(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "shelf" / "chip"
    path.parent.mkdir()
    if is_there:
        create_chip(path, TRUST_M_V3)
    path.parent.chmod(0o500)
    with permissions_count(), pytest.raises(BoardError) as caught:
        probe_of(path)
    path.parent.chmod(0o700)
    assert f"no permission to write in the folder {path.parent}" in caught.value.message


def test_a_folder_that_may_not_be_looked_into(tmp_path: Path) -> None:
    (tmp_path / "shelf").mkdir(mode=0o600)
    with permissions_count(), pytest.raises(BoardError, match=r"no permission to look into its folder .*shelf"):
        SqliteStore(tmp_path / "shelf" / "chip")
    (tmp_path / "shelf").chmod(0o700)


def probe_of(path: Path) -> None:
    """Open a chip and change it."""
    store = SqliteStore(path, wait_s=0)
    try:
        store.save(store.load())
    finally:
        store.close()


def test_a_folder_is_no_chip(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="folder"):
        SqliteStore(tmp_path)


@posix
@pytest.mark.parametrize("bad", ["loop", "a\0b"])
@pytest.mark.parametrize("use", [SqliteStore, open_chip_file, partial(create_chip, model=TRUST_M_V3)])
def test_what_is_not_the_name_of_a_file(tmp_path: Path, bad: str, use: Callable[[Path], object]) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(BoardError, match="not a valid file name: "):
        use(tmp_path / bad)
    assert [path.name for path in tmp_path.iterdir()] == ["loop"]


def test_the_folder_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(BoardError, match="the folder does not exist"):
        SqliteStore(tmp_path / "nowhere" / "my.chip")
    assert list(tmp_path.iterdir()) == []


def test_the_users_own_chip_gets_its_folder() -> None:
    path = default_chip_path()
    assert not path.parent.exists()
    content(path)
    assert path.is_file()


def test_of_another_model(path: Path) -> None:
    create_chip(path, TRUST_M_V3)
    with pytest.raises(ConfigurationError, match="trust-m-v3, not trust-m-v1"):
        SqliteStore(path, model=TRUST_M_V1, wait_s=0)
    content(path)


def test_creating_never_replaces(path: Path) -> None:
    create_chip(path, TRUST_M_V3)
    before = path.read_bytes()
    with pytest.raises(BoardError, match="already"):
        create_chip(path, TRUST_M_V3)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["my.chip"]


def test_a_reset_chip_is_the_same_chip_with_nothing_in_it(path: Path) -> None:
    store = SqliteStore(path)
    fresh = store.load()
    probe = Probe(store)
    probe.generate(0x03, 0xE0F1)
    probe.write(0xF1D0, b"x")
    probe.set_tags(0xF1D1, {Tag.LCSO: b"\x0f"})
    probe.write(0xE0C3, b"\xff")
    probe.chip.close()
    assert content(path) != fresh
    reset_chip_file(path)
    assert content(path) == fresh


@pytest.mark.parametrize("replaced", [False, True])
def test_what_was_done_to_its_identity_is_undone(path: Path, replaced: bool) -> None:
    probe = Probe(SqliteStore(path))
    before = {oid: probe.metadata(oid) for oid in (0xE0F0, 0xE0E0)}
    uid, identity = probe.read(0xE0C2), probe.read(0xE0E0)
    for oid in before:
        probe.set_tags(oid, {Tag.CHANGE: b"\x00", Tag.VERSION: b"\x00\x07"})
    if replaced:
        probe.generate(0x04, 0xE0F0)
        probe.write(0xE0E0, b"\x00", how=0x40)
    for oid in before:
        probe.set_tags(oid, {Tag.READ: b"\xff", Tag.EXECUTE: b"\xff", Tag.LCSO: b"\x0f"})
    probe.chip.close()
    reset_chip_file(path)
    probe = Probe(SqliteStore(path))
    now = probe.read(0xE0E0)
    assert (probe.read(0xE0C2), now == identity) == (uid, not replaced)
    assert probe.metadata(0xE0F0) == before[0xE0F0]
    assert probe.metadata(0xE0E0) == before[0xE0E0].with_tags({Tag.USED_SIZE: two(len(now))})
    leaf = x509.load_der_x509_certificate(tls_identity.decode(now)[0])
    assert leaf.subject.rfc4514_string().startswith(f"CN=OPTIGA Trust M V3 {uid.hex()[22:42]},")
    signature = in_der(probe.sign(0xE0F0, bytes(32)))
    public = leaf.public_key()
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, bytes(32), ec.ECDSA(Prehashed(hashes.SHA256())))
    probe.chip.close()


def test_there_is_nothing_to_reset(path: Path) -> None:
    with pytest.raises(BoardError, match="does not exist"):
        reset_chip_file(path)
    assert not path.exists()


class FailingStore(MemoryStore):
    """A store whose disk is full while told so."""

    full = False

    def save(self, changed: dict[int, StoredObject]) -> None:  # type: ignore[override]
        if self.full:
            raise BoardError("the disk is full")
        super().save(changed)


def test_a_write_that_the_store_fails_has_not_happened() -> None:
    store = FailingStore()
    probe = Probe(store)
    probe.write(0xF1D0, b"before")
    store.full = True
    with pytest.raises(BoardError, match="disk is full"):
        probe.write(0xF1D0, b"lost!!")
    with pytest.raises(BoardError, match="disk is full"):
        probe.chip.execute(command(CommandCode.GEN_KEY_PAIR, 0x03, key_target(0xE0F1)))
    assert probe.read(0xF1D0) == b"before"
    store.full = False
    probe.write(0xF1D1, b"next")
    assert (probe.read(0xF1D0), store.load()[0xF1D0].data) == (b"before", b"before")
    assert store.load()[0xE0F1].data == b""


def test_a_full_disk_is_said_and_the_file_stays_whole(path: Path) -> None:
    store = SqliteStore(path)
    probe = Probe(store)
    large = (0xF1E0, 0xF1E1, 0xE0E1, 0xE0E2, 0xE0E3)
    for oid in large:
        probe.write(oid, b"x")
    store._connection.execute("VACUUM")
    (pages,) = store._connection.execute("PRAGMA page_count").fetchone()
    store._connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for oid in large:
            probe.write(oid, b"x" * 1500)

    with pytest.raises(BoardError, match="cannot be written"):
        fill()
    assert probe.ok(CommandCode.GET_RANDOM, 0, two(8))
    memory = {oid: probe.stored(oid) for oid in store.load()}
    probe.chip.close()
    assert content(path) == memory


def test_importing_the_emulator_costs_nothing() -> None:
    """Commands that need no emulator must not pay for it."""
    code = "import sys, optiga.emulator; print({'cryptography', 'sqlite3'} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert ran.stdout.strip() == "set()"
