"""``journal``: what 'provision' has written down, as a table, JSON or CSV."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import sqlite3
from contextlib import closing
from dataclasses import fields
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from cryptography import x509

from optiga.files.database import open_database
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import (
    AttachedExclusively,
    Begun,
    Deprovisioned,
    Emulated,
    Issued,
    KeyMade,
    Replaced,
)
from optiga.provision.journal import FILE_NAME, open_journal
from optiga.provision.results import SlotResult
from optiga.provision.seal_file import seal_path
from optiga.provision.store import KIND
from optiga.results import to_json
from optiga.testing import CloudFault
from tests.support.cli.provisioned import Bench, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.journals import make_entry, make_version_1
from tests.support.makers import make_certificate

UID = "cd16338201001c000500000a0b0c0d0e0f1011121314151617181a"
LEAF = make_certificate()
CHAIN = (LEAF + make_certificate()).decode()
_DIGITS = f"{x509.load_pem_x509_certificate(LEAF).serial_number:x}"
SERIAL = _DIGITS.zfill(len(_DIGITS) + len(_DIGITS) % 2)
BEGUN = make_entry(UID, "third", "ca:0123456789abcdef", "f00d")
FINISHED = make_entry(
    uid=UID,
    slot="second",
    issuer="aws",
    settings="f00d",
    step=Step.FINISHED,
    account="123456789012",
    region="eu-central-1",
    key_info=b"\x30\x00",
    public_key="0342",
    csr=b"\x30\x03\x02\x01\x07",
    filename="ab.csr",
    certificate=CHAIN,
    certificate_file="ab.pem",
    certificate_id="c" * 64,
    certificate_arn="arn:aws:iot:eu-central-1:123456789012:cert/" + "c" * 64,
    thing="lamp",
    thing_arn="arn:aws:iot:eu-central-1:123456789012:thing/lamp",
    policy='lamps,"all"',
    endpoint="a1-ats.iot.eu-central-1.amazonaws.com",
    replaces=f"{'d' * 64} {'e' * 64}",
)
SHOWN = [
    *(field.name for field in fields(SlotResult)),
    "step",
    "issuer",
    "issuer_name",
    "account",
    "region",
    "replaces",
    "started_at",
    "updated_at",
    "attested",
    "emulated",
    "serial",
]


@pytest.fixture
def saved(cli: Cli) -> list[Entry]:
    """A journal in the current folder with two slots."""
    with open_journal(Path(FILE_NAME), make=True) as journal:
        return [journal.save(FINISHED), journal.save(BEGUN)]


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def as_text(slots: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Slots as CSV has them: nothing is empty, and so is what is not so."""
    said: dict[Any, str] = {None: "", False: "", True: "yes"}

    def text_of(value: Any) -> str:
        return " ".join(value) if isinstance(value, list) else said[value] if value in said else str(value)

    return [{name: text_of(value) for name, value in slot.items()} for slot in slots]


class TestShow:
    def test_table(self, cli: Cli, saved: list[Entry]) -> None:
        result = cli("journal", "show")
        assert (result.code, result.err) == (0, "")
        head, first, second = result.out.splitlines()
        assert head.split() == ["uid", "slot", "step", "thing", "certificate_id", "serial", "updated_at"]
        updated = [entry.updated_at.isoformat() for entry in saved if entry.updated_at]
        assert first.split() == [UID, "second", "finished", "lamp", "c" * 64, SERIAL, updated[0]]
        assert second.split() == [UID, "third", "begun", "-", "-", "-", updated[1]]
        places = {line.index(word) for line, word in ((head, "step"), (first, "finished"), (second, "begun"))}
        assert len(places) == 1

    @pytest.mark.parametrize("columns", [80, 100])
    def test_at_a_terminal(self, cli: Cli, saved: list[Entry], monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
        """Nothing that somebody may copy is broken; what has no room is left out, and it is said how to see it."""
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        result = cli("journal", "show")
        assert all(len(line) <= columns for line in result.out.splitlines())
        assert {UID, "second", "third", "lamp", "finished"} <= set(result.out.split())
        assert "certificate_id" not in result.out
        assert "--wide" in result.err
        wide = cli("journal", "show", "--wide")
        assert {UID, "c" * 64, SERIAL} <= set(wide.out.split())
        assert wide.err == ""

    @pytest.mark.parametrize("columns", [60, 80])
    @pytest.mark.parametrize("options", [(), ("--history",), ("--history", "--uid", UID)])
    def test_a_time_is_never_broken(
        self, cli: Cli, saved: list[Entry], monkeypatch: pytest.MonkeyPatch, columns: int, options: tuple[str, ...]
    ) -> None:
        assert saved[0].updated_at
        full = [entry.updated_at.isoformat() for entry in saved if entry.updated_at]
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        shown = cli("journal", "show", *options).out
        assert all(len(line) <= columns for line in shown.splitlines())
        assert f"{saved[0].updated_at:%Y-%m-%d %H:%M}" in shown
        assert "(UTC)" in shown
        assert set(full) <= set(cli("journal", "show", *options, "--wide").out.split())

    def test_an_empty_file(self, cli: Cli) -> None:
        """'provision' makes a journal of it; until then there is nothing in it."""
        Path(FILE_NAME).touch()
        result = cli("journal", "show")
        assert (result.code, result.out) == (0, "The journal has no entries yet\n")
        checked = cli("journal", "check", "--query", "facts")
        assert (checked.code, checked.out) == (0, "0\n")
        assert f"Warning: the journal {FILE_NAME} is an empty file" in checked.err
        assert "no entry" in cli("deprovision", "--uid", UID).errors[0]
        assert Path(FILE_NAME).read_bytes() == b""

    def test_one_chip(self, cli: Cli, saved: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
        with open_journal(Path(FILE_NAME)) as journal:
            journal.save(make_entry("00" * 27, "fourth", "aws", "f00d"))
        slots = json.loads(cli("journal", "show", "--uid", UID.upper(), "--output", "json").out)["slots"]
        assert [one["slot"] for one in slots] == ["second", "third"]
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        told = cli("journal", "show", "--uid", UID).out
        assert {UID, "c" * 64, SERIAL, "lamp", "aws"} <= set(told.split())
        assert "fourth" not in told
        for uid, words in (("11" * 27, "no entry"), ("1234", "54 hex digits")):
            result = cli("journal", "show", "--uid", uid)
            assert (result.code, result.out) == (2, "")
            assert words in result.err

    def test_a_part_of_several_uids(self, cli: Cli) -> None:
        """The error tells for each chip the part that only its UID has: neither beginning nor end."""
        begin, end = "cd16339501001c00050000", "801010712564"
        uids = [f"{begin}{middle}{end}" for middle in ("0a0bba44c5001f000a00", "0a0bba44c5001f000b00")]
        with open_journal(Path(FILE_NAME), make=True) as journal:
            for uid in uids:
                journal.save(make_entry(uid, "second", "aws", "f00d"))
        said = cli("journal", "show", "--uid", end).errors[0]
        for uid in uids:
            part = said.partition(f"{uid} (")[2].partition(")")[0]
            shown = json.loads(cli("journal", "show", "--uid", part, "--output", "json").out)["slots"]
            assert [one["uid"] for one in shown] == [uid], said
        assert "digits 23 to 42" in said

    def test_json(self, cli: Cli, saved: list[Entry]) -> None:
        slots = json.loads(cli("journal", "show", "--output", "json").out)["slots"]
        assert slots == [to_json(entry.summary()) for entry in saved]
        assert list(slots[0]) == SHOWN
        assert (slots[0]["step"], slots[1]["thing"]) == ("finished", None)
        assert [slot["replaces"] for slot in slots] == [["d" * 64, "e" * 64], []]
        issuer = x509.load_pem_x509_certificate(LEAF).issuer.rfc4514_string()
        assert [slot["issuer_name"] for slot in slots] == [issuer, None]
        assert [slot["emulated"] for slot in slots] == [False, False]
        assert all(datetime.fromisoformat(slots[0][name]).tzinfo for name in ("started_at", "updated_at"))

    def test_marks_are_truth_values(self, cli: Cli) -> None:
        """And in CSV, as ever, a word or nothing."""
        with open_journal(Path(FILE_NAME), make=True) as journal:
            journal.save(BEGUN.after(Emulated(), AttachedExclusively()))
        (shown,) = json.loads(cli("journal", "show", "--output", "json").out)["slots"]
        (out,) = json.loads(cli("journal", "export").out)["slots"]
        assert (shown["emulated"], out["emulated"], out["exclusive"]) == (True, True, True)
        (row,) = read_csv(cli("journal", "export", "--output", "csv").out)
        assert (row["emulated"], row["exclusive"]) == ("yes", "yes")

    def test_json_by_the_name_of_a_spreadsheet(self, cli: Cli, saved: list[Entry]) -> None:
        result = cli("journal", "export", "--out", "slots.xlsx")
        assert result.code == 0
        assert "slots.xlsx is JSON" in result.err
        assert "Warning" not in cli("journal", "export", "--out", "slots.ods", "--output", "csv").err
        assert "Warning" not in cli("journal", "export", "--out", "slots").err

    def test_csv(self, cli: Cli, saved: list[Entry]) -> None:
        result = cli("journal", "show", "--output", "csv")
        assert result.out.splitlines()[0] == ",".join(SHOWN)
        assert read_csv(result.out) == as_text([to_json(entry.summary()) for entry in saved])

    def test_query(self, cli: Cli, saved: list[Entry]) -> None:
        assert cli("journal", "show", "--query", "slots[?step=='finished'].thing | [0]").out == "lamp\n"
        assert cli("journal", "show", "--query", "slots[].slot", "--output", "json").out.split() == [
            "[",
            '"second",',
            '"third"',
            "]",
        ]

    def test_a_query_that_finds_nothing(self, cli: Cli, saved: list[Entry]) -> None:
        result = cli("journal", "show", "--query", "chips")
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert "'chips' finds nothing in the result. It has slots" in result.errors[0]

    def test_nothing_yet(self, cli: Cli) -> None:
        with open_database(Path(FILE_NAME), KIND, make=True):
            pass
        assert cli("journal", "show").out == "The journal has no entries yet\n"
        assert json.loads(cli("journal", "show", "--output", "json").out) == {"slots": []}
        assert read_csv(cli("journal", "show", "--output", "csv").out) == []

    def test_another_journal(self, cli: Cli, saved: list[Entry]) -> None:
        with open_journal(Path("other.db"), make=True) as journal:
            journal.save(make_entry(UID, "fourth", "aws", "f00d"))
        assert json.loads(cli("journal", "show", "--journal", "other.db", "--query", "slots[].slot").out) == ["fourth"]

    def test_it_changes_nothing(self, cli: Cli, saved: list[Entry]) -> None:
        before = Path(FILE_NAME).read_bytes()
        for words in (("show",), ("export",), ("show", "--output", "csv")):
            assert cli("journal", *words).code == 0
        assert Path(FILE_NAME).read_bytes() == before
        assert list(Path().iterdir()) == [Path(FILE_NAME)]


class TestHistory:
    """Every step of every life of a slot, the oldest first."""

    def history(self, cli: Cli, *words: object) -> list[dict[str, Any]]:
        result = cli("journal", "show", "--history", "--output", "json", *words)
        assert (result.code, result.err) == (0, "")
        found: list[dict[str, Any]] = json.loads(result.out)["history"]
        return found

    def test_renewed_and_taken_back(self, cli: Cli, saved: list[Entry]) -> None:
        info = b"\x30\x01\x00"
        with open_journal(Path(FILE_NAME)) as journal:
            begun = Begun("ca:11", "", (Replaced("c" * 64),))
            journal.append(UID, "second", begun, KeyMade(info), Issued(CHAIN, "cd.pem"), Deprovisioned())
            journal.append("00" * 27, "second", Begun("ca:11", ""))
        before = Path(FILE_NAME).read_bytes()
        found = self.history(cli)
        assert Path(FILE_NAME).read_bytes() == before
        lives = [one for one in found if (one["uid"], one["slot"]) == (UID, "second")]
        first, new = [], []
        for one in lives:
            (new if one["issuer"] == "ca:11" else first).append(one)
        assert lives == first + new
        assert (first[-1]["event"], first[-1]["certificate_id"], first[-1]["serial"]) == ("finished", "c" * 64, SERIAL)
        assert first[-1]["key"] == hashlib.sha256(b"\x30\x00").hexdigest()
        assert [one["event"] for one in new] == ["begun", "key", "certified", "deprovisioned"]
        assert [one["key"] for one in new] == [None, *[hashlib.sha256(info).hexdigest()] * 3]
        assert [one["serial"] for one in new] == [None, None, *[SERIAL.zfill(40)] * 2]
        assert "c" * 64 in new[0]["detail"]
        assert new[2]["detail"] == "cd.pem"
        # The name of a CA is known from any certificate of this CA.
        issuer = x509.load_pem_x509_certificate(LEAF).issuer.rfc4514_string()
        assert {one["issuer_name"] for one in found if one["issuer"] == "ca:11"} == {issuer}
        times = [datetime.fromisoformat(one["time"]) for one in found]
        assert times == sorted(times)
        assert self.history(cli, "--uid", UID) == [one for one in found if one["uid"] == UID]
        assert len(found) == json.loads(cli("journal", "check", "--output", "json").out)["facts"]

    def test_a_clock_that_went_back(self, cli: Cli) -> None:
        """The order in which things were done stays."""
        moments = iter(datetime(2026, 1, day, tzinfo=timezone.utc) for day in (3, 1, 2))
        with open_journal(Path(FILE_NAME), make=True) as journal, pytest.MonkeyPatch.context() as patched:
            patched.setattr("optiga.provision.journal.datetime", Mock(now=lambda _: next(moments)))
            journal.append(UID, "second", Begun("aws", ""))
            journal.append(UID, "second", KeyMade(b""))
            journal.append("00" * 27, "second", Begun("aws", ""))
        found = self.history(cli)
        assert [(one["uid"], one["event"]) for one in found] == [
            ("00" * 27, "begun"),
            (UID, "begun"),
            (UID, "key"),
        ]

    @pytest.mark.parametrize("is_taken_over", [False, True])
    def test_a_journal_of_version_1(self, cli: Cli, saved: list[Entry], *, is_taken_over: bool) -> None:
        """Times that it did not keep are not made up."""
        make_version_1(Path(FILE_NAME))
        if is_taken_over:
            with open_journal(Path(FILE_NAME)) as journal:
                journal.append(UID, "second", Begun("aws", ""))
        found = [one for one in self.history(cli, "--uid", UID) if one["slot"] == "second"]
        times = {one["event"]: one["time"] for one in found}
        assert times["key"] is times["certified"] is times["finished"] is None
        started = saved[0].started_at
        assert started
        assert found[0]["time"] == started.isoformat()
        last = {one["event"]: one["time"] is None for one in found[-2:]}
        assert last == ({"imported": False, "begun": False} if is_taken_over else dict.fromkeys(list(times)[-2:], True))

    def test_for_people(self, cli: Cli, saved: list[Entry], monkeypatch: pytest.MonkeyPatch) -> None:
        wide = cli("journal", "show", "--history")
        assert {UID, "c" * 64, SERIAL, "finished", "lamp"} <= set(wide.out.split())
        rows = read_csv(cli("journal", "show", "--history", "--output", "csv").out)
        assert [row["event"] for row in rows] == [one["event"] for one in self.history(cli)]
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        narrow = cli("journal", "show", "--history", "--uid", UID)
        assert all(len(line) <= 80 for line in narrow.out.splitlines())
        assert {"finished", "lamp"} <= set(narrow.out.split())
        assert UID not in narrow.out
        assert "--wide" in narrow.err

    def test_nothing_of_a_chip_and_nothing_at_all(self, cli: Cli, saved: list[Entry]) -> None:
        result = cli("journal", "show", "--history", "--uid", "11" * 27)
        assert (result.code, result.out) == (2, "")
        assert "no entry" in result.err
        with open_database(Path("empty.db"), KIND, make=True):
            pass
        assert self.history(cli, "--journal", "empty.db") == []
        assert "no entries" in cli("journal", "show", "--history", "--journal", "empty.db").out

    def test_a_fact_that_somebody_changed(self, cli: Cli, saved: list[Entry]) -> None:
        with closing(sqlite3.connect(FILE_NAME)) as connection, connection:
            connection.execute("UPDATE facts SET made_at = '2020-01-01T00:00:00+00:00' WHERE sequence = 2")
        for words in ((), ("--uid", UID)):
            result = cli("journal", "show", "--history", *words)
            assert (result.code, result.out, len(result.errors)) == (2, "", 1)
            assert UID in result.errors[0]


class TestExport:
    def test_json(self, cli: Cli, saved: list[Entry]) -> None:
        result = cli("journal", "export")
        assert (result.code, result.err) == (0, "")
        slots = json.loads(result.out)["slots"]
        assert slots == [to_json(entry.export()) for entry in saved]
        assert list(slots[0]) == [*SHOWN, "template", "csr", "certificate", "exclusive", "billing_group"]
        assert slots[0]["csr"] == ("-----BEGIN CERTIFICATE REQUEST-----\nMAMCAQc=\n-----END CERTIFICATE REQUEST-----\n")
        assert len(x509.load_pem_x509_certificates(slots[0]["certificate"].encode())) == 2
        assert (slots[1]["csr"], slots[1]["certificate"]) == (None, None)

    def test_csv(self, cli: Cli, saved: list[Entry]) -> None:
        result = cli("journal", "export", "--output", "csv")
        assert read_csv(result.out) == as_text([to_json(entry.export()) for entry in saved])
        assert read_csv(result.out)[0]["policy"] == FINISHED.policy
        assert read_csv(result.out)[0]["certificate"] == CHAIN

    @pytest.mark.parametrize("form", ["json", "csv"])
    def test_into_a_file(self, cli: Cli, saved: list[Entry], form: str) -> None:
        printed = cli("journal", "export", "--output", form).out
        result = cli("journal", "export", "--output", form, "--out", "slots")
        assert (result.code, result.err) == (0, "2 slots have been written to slots\n")
        told = json.loads(result.out) if form == "json" else result.out
        assert told == {"json": {"file": "slots", "slots": 2, "format": "json"}, "csv": ""}[form]
        assert Path("slots").read_bytes().decode() == printed
        assert "--query requires --out" in cli("journal", "export", "--query", "slots").err
        assert cli("journal", "export", "--output", form, "--out", "slots", "--query", "[slots, format]").out
        assert cli("journal", "export", "--output", form, "--out", "slots", "-q").err == ""

    @pytest.mark.parametrize("out", ["chips.csv", "CHIPS.CSV"])
    def test_the_name_says_the_form(self, cli: Cli, saved: list[Entry], out: str) -> None:
        assert cli("journal", "export", "--out", out).code == 0
        assert read_csv(Path(out).read_text()) == as_text([to_json(entry.export()) for entry in saved])
        assert cli("journal", "export", "--out", "chips.json").code == 0
        assert len(json.loads(Path("chips.json").read_text())["slots"]) == 2

    @pytest.mark.parametrize(("form", "out"), [("json", "chips.csv"), ("csv", "chips.json")])
    def test_the_name_and_the_form_contradict_each_other(
        self, cli: Cli, saved: list[Entry], form: str, out: str
    ) -> None:
        result = cli("journal", "export", "--output", form, "--out", out)
        assert (result.code, result.out) == (2, "")
        assert out in result.err
        assert not Path(out).exists()

    @pytest.mark.parametrize(
        ("out", "line"),
        [("none/slots", "the folder does not exist"), (".", "names no file")],
    )
    def test_where_it_cannot_be_written(self, cli: Cli, saved: list[Entry], out: str, line: str) -> None:
        result = cli("journal", "export", "--out", out)
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert line in result.errors[0]

    def test_nothing_yet(self, cli: Cli) -> None:
        with open_database(Path(FILE_NAME), KIND, make=True):
            pass
        assert json.loads(cli("journal", "export").out) == {"slots": []}


class TestCheck:
    FIELDS = ("version", "chips", "facts", "seals", "unsealed", "journal_seal", "sealed_at", "warnings")

    def check(self, cli: Cli, *words: object) -> dict[str, Any]:
        result = cli("journal", "check", "--output", "json", *words)
        assert (result.code, result.err) == (0, "")
        found: dict[str, Any] = json.loads(result.out)
        assert tuple(found) == self.FIELDS
        return found

    @pytest.mark.long
    def test_runs_and_their_seals(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """What a run tells is what the journal has; each run adds one, and one that changes nothing adds none."""
        first = result_of(run())["journal_seal"]
        found = self.check(cli)
        assert (found["chips"], found["seals"], found["unsealed"], found["journal_seal"]) == (1, 1, 0, first)
        before = Path(FILE_NAME).read_bytes()
        assert result_of(run())["journal_seal"] == first
        assert Path(FILE_NAME).read_bytes() == before
        result = cli("--port", bench.port, "deprovision", "--yes", "--output", "json")
        last = json.loads(result.out)["journal_seal"]
        found = self.check(cli, "--seal", first)
        assert (found["seals"], found["journal_seal"]) == (2, last)
        assert last != first
        result = cli("journal", "check", "--seal", "5ea1" * 16)
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert "has no seal 5ea1" in result.errors[0]

    @pytest.mark.long
    def test_a_run_that_fails_is_sealed(self, cli: Cli, run: Cli, bench: Bench) -> None:
        bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
        assert run().code == 6
        found = self.check(cli)
        assert (found["seals"], found["unsealed"]) == (1, 0)

    @pytest.mark.long
    def test_an_older_copy_that_is_worked_on(self, cli: Cli, run: Cli, bench: Bench) -> None:
        """Nothing works on it, and nothing is changed: not on the chip, and not in AWS."""
        assert run().code == 0
        older = Path(FILE_NAME).read_bytes()
        assert run("--renew").code == 0
        Path(FILE_NAME).write_bytes(older)
        before = bench.objects(), bench.certificates()
        for words in ((), ("--renew",), ("--dry-run",)):
            self.is_refused(run(*words), "is an older copy")
        for name in ("show", "export", "check"):
            self.is_refused(cli("journal", name), "is an older copy")
        self.is_refused(cli("--port", bench.port, "deprovision", "--yes"), "is an older copy")
        assert (bench.objects(), bench.certificates(), Path(FILE_NAME).read_bytes()) == (*before, older)

    def test_an_older_copy(self, cli: Cli, saved: list[Entry]) -> None:
        older = Path(FILE_NAME).read_bytes()
        with open_journal(Path(FILE_NAME)) as journal:
            journal.seal()
        Path(FILE_NAME).write_bytes(older)
        for name in ("show", "export", "check"):
            self.is_refused(cli("journal", name), "is an older copy")

    @pytest.mark.parametrize("change", ["body = replace(body, 'lamp', 'lamb')", "slot = 'third'", "hash = ''"])
    def test_a_changed_fact(self, cli: Cli, saved: list[Entry], change: str) -> None:
        with closing(sqlite3.connect(FILE_NAME, isolation_level=None)) as connection:
            connection.execute(f"UPDATE facts SET {change} WHERE sequence = 2")
        for name in ("show", "export", "check"):
            self.is_refused(cli("journal", name), f"chip {UID}")

    def test_without_its_seal(self, cli: Cli, saved: list[Entry]) -> None:
        with open_journal(Path(FILE_NAME)) as journal:
            journal.seal()
        seal_path(Path(FILE_NAME)).unlink()
        for name in ("show", "export", "check"):
            result = cli("journal", name)
            assert result.code == 0
            assert "Warning: the seal file of the journal is missing" in result.err

    def test_nothing_yet(self, cli: Cli) -> None:
        with open_database(Path(FILE_NAME), KIND, make=True):
            pass
        assert self.check(cli) == dict(zip(self.FIELDS, (2, 0, 0, 0, 0, None, None, []), strict=True))

    def test_version_1(self, cli: Cli, saved: list[Entry]) -> None:
        make_version_1(Path(FILE_NAME))
        before = Path(FILE_NAME).read_bytes()
        result = cli("journal", "check")
        assert result.code == 0
        assert "has no hash chains" in result.err
        assert "chips: 1\n" in result.out
        self.is_refused(cli("journal", "check", "--seal", "5ea1" * 16), "has no seal")
        assert Path(FILE_NAME).read_bytes() == before

    @staticmethod
    def is_refused(result: Result, words: str) -> None:
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert words in result.errors[0]
        assert "Traceback" not in result.err


class TestQueriesThatDoNotFit:
    """A query counts, or it is refused; it is not passed over."""

    WORDS = pytest.mark.parametrize("words", ["show --output csv", "export", "export --output csv"])

    @WORDS
    def test_one_that_finds_something(self, cli: Cli, saved: list[Entry], words: str) -> None:
        result = cli("journal", *words.split(), "--query", "slots[0].thing")
        assert result.code == 2 or result.out == "lamp\n"

    @WORDS
    def test_one_that_finds_nothing(self, cli: Cli, saved: list[Entry], words: str) -> None:
        result = cli("journal", *words.split(), "--query", "nonsense")
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)


def test_without_a_command_it_helps(cli: Cli) -> None:
    result = cli("journal")
    assert (result.code, result.err) == (0, "")
    assert "show" in result.out
    assert "export" in result.out


def test_the_folder_of_a_journal_is_missing(cli: Cli, config: Path, port: str) -> None:
    assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    words = ("provision", config, "--ca", "ca", "--no-cloud", "--journal", "nope/line.db")
    (error,) = cli("--port", port, *words).errors
    assert error.count("another") == 1
    assert "Create it first" in error


def test_steps_without_a_seal(cli: Cli, saved: list[Entry]) -> None:
    said = cli("journal", "check", "-q")
    assert said.code == 0
    assert "unsealed: 1" in said.out
    assert "the next run seals" in said.err
    (warning,) = json.loads(cli("journal", "check", "--output", "json").out)["warnings"]
    assert "the next run seals" in warning
    with open_journal(Path(FILE_NAME)) as journal, journal.sealed():
        pass
    assert "the next run seals" not in cli("journal", "check").err
    Path(f"{FILE_NAME}.seal").unlink()
    (warning,) = json.loads(cli("journal", "check", "--output", "json").out)["warnings"]
    assert "seal file of the journal is missing" in warning


def test_only_who_named_no_journal_is_told_of_the_option(cli: Cli) -> None:
    assert "--journal" in cli("journal", "show").errors[0]
    for command in ("show", "check"):
        named = cli("journal", command, "--journal", "other.db").errors[0]
        assert "other.db" in named
        assert "--journal" not in named
