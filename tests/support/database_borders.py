"""SQLite files as borders: journals, files of emulated chips, records of a CA, with other bytes, rows and schemas."""

from __future__ import annotations

import random
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.finding import find_record
from optiga.ca.folder import CRL, HEAD, CaFolder
from optiga.ca.integrity import check_records
from optiga.ca.records import open_records, utc_now
from optiga.chip import Chip
from optiga.cli.commands.identity.journal import _COLUMNS
from optiga.cli.render.tables import table
from optiga.emulator import EmulatedChip
from optiga.emulator.models import DEFAULT_MODEL
from optiga.emulator.state import dump
from optiga.emulator.store import create_chip, open_chip_file
from optiga.errors import ConfigurationError
from optiga.files.shown import shown_lines
from optiga.identity.configuration import load_configuration
from optiga.identity.csr import create_csr
from optiga.provision.believed import check_entry, check_names
from optiga.provision.entry import Step
from optiga.provision.facts import Written
from optiga.provision.journal import open_journal
from optiga.provision.report import as_csv
from tests.support.borders import check_line
from tests.support.file_borders import Border, EmulatedTransport, check_texts
from tests.support.file_mutations import TEXTS, mutate_bytes
from tests.support.journals import make_entry, make_version_1
from tests.support.places import CONFIG

_HEADER = (16, 18, 19, 20, 21, 22, 23, 24, 27, 28, 31, 35, 36, 40, 44, 47, 48, 52, 56, 59, 60, 64, 68, 71, 92, 96)
"""Where the fields of a SQLite file's header lie: sizes, versions, the freelist, the encoding, our own numbers."""
_LARGEST = 1 << 21
"""Bytes of a file; what is much larger takes its time, and is no riddle."""
_ENDLESS = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
_VALUES = (
    *("NULL", "0", "-1", "9223372036854775807", "1e999", "0.5", "''", "x''", "x'00'", "x'ff'", "CAST(x'ff' AS TEXT)"),
    *(
        "CAST(x'eda080' AS TEXT)",
        "CAST(x'61001b5b324a' AS TEXT)",
        "zeroblob(70000)",
        "hex(zeroblob(40000))",
        "char(8238, 27, 10)",
    ),
    *("'finished'", "'begun'", "'2026-01-01T00:00:00'", "'2026-01-01T00:00:00+00:00'", "'0001-01-01T00:00:00+23:59'"),
    *(
        "'9999-12-31T23:59:59-23:59'",
        "'-----BEGIN CERTIFICATE-----'",
        "'../x'",
        "'{\"a\": ' || hex(zeroblob(9)) || '}'",
    ),
    *("'" + "[" * 3000 + "'", "'1' || hex(zeroblob(4000))"),
)


def _change_value(connection: sqlite3.Connection, chance: random.Random) -> str:
    """A value of a row, of another type, or a little different."""
    name, columns = _table(connection, chance)
    column = chance.choice(columns)
    value = chance.choice(_VALUES)
    row = connection.execute(f"SELECT {column} FROM {name} LIMIT 1 OFFSET {chance.randrange(3)}").fetchone()
    if row and isinstance(row[0], bytes) and chance.random() < 0.5:
        value = f"x'{mutate_bytes(row[0], chance).hex()}'"
    elif chance.random() < 0.3:
        value = chance.choice(
            (
                f"{column} || {value}",
                f"CAST({column} AS BLOB)",
                f"CAST({column} AS TEXT)",
                f"substr({column}, 2)",
                f"replace({column}, '0', '1')",
                f"upper({column})",
                f"CAST({column} AS INTEGER) + 1",
                _quote(chance.choice(TEXTS)),
                f"(SELECT {chance.choice(columns)} FROM {name} LIMIT 1)",
            )
        )
    return f"UPDATE OR IGNORE {name} SET {column} = {value}" + chance.choice(
        ("", "", f" WHERE rowid % 2 = {chance.randrange(2)}")
    )


def _change_rows(connection: sqlite3.Connection, chance: random.Random) -> str:
    name, columns = _table(connection, chance)
    odd = ", ".join(chance.choice((column, chance.choice(_VALUES))) for column in columns)
    return chance.choice(
        (
            f"DELETE FROM {name}",
            f"DELETE FROM {name} WHERE rowid = (SELECT max(rowid) FROM {name})",
            f"INSERT OR IGNORE INTO {name} SELECT {odd} FROM {name}",
            f"INSERT OR REPLACE INTO {name} VALUES ({', '.join(chance.choice(_VALUES) for _ in columns)})",
            f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) "
            f"INSERT OR IGNORE INTO {name} SELECT {', '.join([f'{columns[0]} || i', *columns[1:]])} FROM {name}, n",
        )
    )


def _change_schema(connection: sqlite3.Connection, chance: random.Random) -> str:
    name, columns = _table(connection, chance)
    listed = ", ".join(columns)
    odd = chance.choice(TEXTS).replace("\0", "").replace('"', "")[:2000].encode("utf-8", "replace").decode()
    return chance.choice(
        (
            f"CREATE VIEW v AS {_ENDLESS} SELECT x FROM c",
            f"ALTER TABLE {name} RENAME TO old; CREATE VIEW {name} AS {_ENDLESS} SELECT {listed} FROM c, old",
            f"ALTER TABLE {name} RENAME TO old; CREATE VIEW {name} AS SELECT {listed} FROM old, old b, old c",
            f"CREATE TRIGGER t AFTER INSERT ON {name} BEGIN DELETE FROM {name}; END",
            f"CREATE TRIGGER t BEFORE DELETE ON {name} BEGIN {_insert(name, columns)}; END",
            f'CREATE TABLE "{odd}x" (a)',
            f'ALTER TABLE {name} ADD COLUMN "{odd}y" TEXT',
            f"ALTER TABLE {name} ADD COLUMN z AS ({_slow()}) VIRTUAL",
            f"CREATE INDEX i ON {name} ({columns[-1]}) WHERE {columns[0]} > ''",
            f"CREATE UNIQUE INDEX i ON {name} (abs({columns[0]}))",
            f"DROP TABLE {name}",
            f"PRAGMA user_version = {chance.choice((0, 1, 2, 3, -1))}",
            f"PRAGMA application_id = {chance.choice((0, -1, 0x4F504A4E))}",
            "PRAGMA journal_mode = WAL",
            f"PRAGMA writable_schema = ON; UPDATE sqlite_master SET {_in_schema(chance)}",
            f"PRAGMA writable_schema = ON; INSERT INTO sqlite_master SELECT {_schema_row(chance)} FROM sqlite_master",
        )
    )


def _insert(name: str, columns: list[str]) -> str:
    return f"INSERT INTO {name} SELECT {', '.join(columns)} FROM {name}"


def _slow() -> str:
    return "hex(zeroblob(100000)) LIKE '%a%a%a%a%'"


def _in_schema(chance: random.Random) -> str:
    """What is set in the schema itself."""
    column = chance.choice(("type", "name", "tbl_name", "rootpage", "sql"))
    value = chance.choice(
        (*_VALUES, "replace(sql, 'TEXT', 'BLOB')", "replace(sql, 'CREATE', 'CREATE  ')", "sql || ' STRICT'")
    )
    if column == "rootpage":
        value = chance.choice(("0", "1", "2", "3", "4", "-1", "99", "NULL"))
    return f"{column} = {value}" + chance.choice(("", f" WHERE rowid = {chance.randrange(1, 4)}"))


def _schema_row(chance: random.Random) -> str:
    kind, name = (
        chance.choice(("'view'", "'trigger'", "'table'", "'index'", "x'ff'")),
        chance.choice(("'v'", "name", "x'ff'", "''")),
    )
    sql = chance.choice(
        (
            f"'CREATE VIEW v AS {_ENDLESS} SELECT x FROM c'",
            "sql",
            "NULL",
            "x'ff'",
            "'CREATE VIRTUAL TABLE v USING fts5(a)'",
        )
    )
    return f"{kind}, {name}, tbl_name, {chance.randrange(5)}, {sql}"


def _table(connection: sqlite3.Connection, chance: random.Random) -> tuple[str, list[str]]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    name = chance.choice(names or ["sqlite_master"])
    return name, [row[1] for row in connection.execute(f"PRAGMA table_info({name})")] or ["rowid"]


def _quote(text: str) -> str:
    return "'" + text.encode("utf-8", "replace").decode().replace("'", "''").replace("\0", "") + "'"


class DatabaseBorder(Border):
    """A SQLite file with mutations.

    :ivar file: where it lies.
    :ivar sound: what it holds before.
    """

    sound: bytes

    def make(self, chance: random.Random) -> bytes:
        if chance.random() < 0.4:
            return self._mutate_pages(chance)
        for _ in range(20):
            self.put(self.sound)
            with suppress(sqlite3.Error), closing(sqlite3.connect(self.file, isolation_level=None)) as connection:
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute("PRAGMA journal_mode = MEMORY")
                for _ in range(chance.choice((1, 1, 2))):
                    draw = chance.choice(
                        (_change_value, _change_value, _change_value, _change_rows, _change_schema, _change_schema)
                    )
                    connection.executescript(draw(connection, chance))
                connection.close()
                if self.file.stat().st_size <= _LARGEST:
                    return self.file.read_bytes()
        return self.sound

    def put(self, data: bytes) -> None:
        """The file, with nothing of one before beside it."""
        for suffix in ("-journal", "-wal", "-shm", ".owner", ".seal"):
            self.file.with_name(self.file.name + suffix).unlink(missing_ok=True)
        self.file.write_bytes(data)

    def _mutate_pages(self, chance: random.Random) -> bytes:
        data = bytearray(self.sound)
        for _ in range(chance.choice((1, 1, 2, 8))):
            kind, place = chance.randrange(7), chance.randrange(len(data))
            if kind == 0:
                data[min(chance.choice(_HEADER), len(data) - 1)] = chance.choice((0, 1, 2, 3, 4, 16, 64, 127, 255))
            elif kind == 1:
                data[place] ^= 1 << chance.randrange(8)
            elif kind == 2:  # heads of pages and the first of their cells
                page = chance.randrange(0, len(data), 4096)
                data[min(page + chance.randrange(120), len(data) - 1)] = chance.randrange(256)
            elif kind == 3:
                data[place : place + 40] = chance.randbytes(len(data[place : place + 40]))
            elif kind == 4:
                page, other = (chance.randrange(0, len(data), 4096) for _ in range(2))
                data[page : page + 4096] = data[other : other + 4096]
            elif kind == 5 and len(data) > 600:
                del data[chance.choice((place, len(data) - 4096, 511, 512)) :]
                if not data:
                    data += self.sound
            else:
                where = chance.choice([at for at in range(len(data)) if data[at : at + 1].isalpha()] or [0])
                data[where] = chance.choice(b"\xff\x00\x1b\x80az'\"(")
        return bytes(data)


class JournalBorder(DatabaseBorder):
    """``journal show``, ``journal export``, and what ``provision`` reads and writes."""

    name = "journal"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = folder / "journal.db"
        authority = _make_ca(folder / "ca")
        chip = Chip(EmulatedTransport(EmulatedChip()))
        self._uid = chip.uid.hex
        csr = create_csr(chip, load_configuration(CONFIG))
        issued = authority.issue(csr.der)
        info = issued.certificate.public_key.info
        name = issued.certificate.fingerprint
        arn = f"arn:aws:iot:eu-central-1:123456789012:cert/{name}"
        moment = datetime(2026, 1, 1, tzinfo=timezone.utc)
        entry = make_entry(
            *(
                self._uid,
                "second",
                "aws",
                "00ff",
                Step.FINISHED,
                moment,
                moment,
                moment,
                "123456789012",
                "eu-central-1",
            ),
            *(
                info,
                csr.public_key,
                csr.der,
                csr.filename,
                issued.certificate.pem,
                csr.filename.replace(".csr", ".pem"),
            ),
            *(name, arn, "thing", "arn:x", "policy", None, "a.example", "0" * 64, None, "yes", "-"),
        )
        with open_journal(self.file, make=True) as journal:
            journal.save(entry)
            journal.save(make_entry(self._uid, "third", "ca 00", "x", Step.KEY, key_info=info))
            journal.seal()
        self.sound = self.file.read_bytes()

    def take(self, given: bytes, chance: random.Random) -> None:
        self.put(given)
        with open_journal(self.file) as journal:
            entries = journal.all()
            check_texts([asdict(entry.summary()) for entry in entries])
            for line in shown_lines(table(_COLUMNS, [asdict(entry.summary()) for entry in entries])).split("\n"):
                check_line(line)
            as_csv([asdict(entry.export()) for entry in entries]).encode()
            check_texts([asdict(entry.export()) for entry in entries])
            if chance.random() < 0.5:
                return
            for entry in journal.of_chip(self._uid):
                checked = check_entry(entry)
                check_names(checked, journal)
                journal.save(checked.after(Written()))
                journal.seal()


class OldJournalBorder(JournalBorder):
    """The same of one of version 1, which is taken over where something is added to it."""

    name = "journal of version 1"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        make_version_1(self.file)
        self.sound = self.file.read_bytes()


class ChipFileBorder(DatabaseBorder):
    """A file of an emulated chip: opened, powered, written, written down."""

    name = "chip file"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.file = folder / "emulator.chip"
        create_chip(self.file, DEFAULT_MODEL)
        store = open_chip_file(self.file)
        chip = Chip(EmulatedTransport(EmulatedChip(store)))
        chip.generate_key("second")
        chip.random(8, session=0xE100)
        chip.hibernate()
        store.close()
        self.sound = self.file.read_bytes()

    def take(self, given: bytes, chance: random.Random) -> None:
        self.put(given)
        store = open_chip_file(self.file)
        try:
            check_texts(dump(store))
            emulated = EmulatedChip(store)
            chip = Chip(EmulatedTransport(emulated))
            check_line(chip.uid.hex)
            chip.write(0xF1D1, b"x")
        finally:
            store.close()


class RecordsBorder(DatabaseBorder):
    """``issued.db`` of a CA: listed, checked, found in, revoked in."""

    name = "CA records"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._authority = _make_ca(folder / "ca")
        chip = Chip(EmulatedTransport(EmulatedChip()))
        issued = [self._authority.issue(create_csr(chip, load_configuration(CONFIG)).der) for _ in range(2)]
        self._serials = [one.serial for one in issued]
        self._authority.revoke(self._serials[0])
        self.file = folder / "ca" / "issued.db"
        self.sound = self.file.read_bytes()
        self._beside = {name: self.file.with_name(name).read_bytes() for name in (CRL, HEAD)}

    def put(self, data: bytes) -> None:
        super().put(data)
        for name, content in self._beside.items():
            self.file.with_name(name).write_bytes(content)

    def take(self, given: bytes, chance: random.Random) -> None:
        self.put(given)
        folder = CaFolder.open(self.folder / "ca")
        with open_records(folder.records_path) as records, records.snapshot():
            with suppress(ConfigurationError):  # which 'ca list' warns of, and goes on
                check_records(folder, records)
            for record in records.all():
                certificate = record.certificate
                row = (record.serial, record.state(utc_now()), f"{record.not_after:%Y-%m-%d}", record.subject)
                check_texts([*row, record.reason, record.request_sha256, *certificate.alt_names])
            find_record(records, chance.choice(self._serials), folder.certificate)
        if chance.random() < 0.3:
            self._authority.revoke(chance.choice(self._serials))
        if chance.random() < 0.3:
            self._authority.renew_crl(trust_records=chance.random() < 0.5)


def _make_ca(path: Path) -> CertificateAuthority:
    create_root(path, CaName("records"))
    return CertificateAuthority.open(path)


DATABASES: tuple[type[Border], ...] = (JournalBorder, OldJournalBorder, ChipFileBorder, RecordsBorder)
