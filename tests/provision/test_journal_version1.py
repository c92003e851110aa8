"""Journals of version 1 stay usable: they are read as they are, and taken over with the first entry."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from optiga.errors import ConfigurationError
from optiga.provision.entry import Step
from optiga.provision.facts import Begun, CsrSigned, Written
from optiga.provision.journal import FILE_NAME, open_journal
from optiga.provision.version1 import OldEntry
from tests.support.journals import (
    OTHER,
    PAST,
    UID,
    edit_version_1,
    full_entry,
    make_entry,
    old_of,
    save,
    write_version_1,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / FILE_NAME


class TestVersion1:
    """One row for each slot, without chains: read as it is, and taken over with the first fact that is added."""

    @pytest.fixture(params=[(), ("replaced_keys",), ("attested", "emulated", "replaced_keys")], ids=len)
    def without(self, request: pytest.FixtureRequest) -> tuple[str, ...]:
        """Columns that the first journals of version 1 did not have."""
        found: tuple[str, ...] = request.param
        return found

    def make(self, path: Path, without: tuple[str, ...] = ()) -> list[OldEntry]:
        olds = [old_of(full_entry(step, slot=step.title)) for step in Step]
        olds = [replace(one, started_at=PAST.replace(day=1 + int(one.step)), updated_at=PAST) for one in olds]
        olds = [OldEntry(**{**asdict(one), **dict.fromkeys(without)}) for one in olds]
        write_version_1(path, olds, without=without)
        return olds

    def test_reading_leaves_it_as_it_is(self, path: Path, without: tuple[str, ...]) -> None:
        olds = self.make(path, without)
        before = path.read_bytes()
        with open_journal(path) as journal:
            found = journal.all()
            assert [old_of(one) for one in found] == [with_keys(one) for one in olds]
            assert [one.step for one in found] == list(Step)
            assert sorted(found, key=lambda one: one.slot) == journal.of_chip(UID)
            assert journal.find(UID, "csr") == found[Step.CSR]
            assert (journal.find(UID, "none"), journal.newest_seal) == (None, None)
            assert (journal.owners("c" * 64), journal.may_have_finished("finished")) == ({UID}, {UID})
            assert (journal.check().version, journal.check().chips) == (1, 1)
        assert path.read_bytes() == before
        assert [one.name for one in path.parent.iterdir()] == [path.name]

    def test_the_first_fact_takes_it_over(self, path: Path, without: tuple[str, ...]) -> None:
        """What was said of each slot is said of it still, and its own table stays."""
        self.make(path, without)
        with open_journal(path) as journal:
            before, table = journal.all(), slots(path)
            journal.append(OTHER, "third", Begun("aws", ""))
        with open_journal(path) as journal:
            assert [one for one in journal.all() if one.uid == UID] == before
            assert journal.find(UID, "csr") == before[Step.CSR]
            assert journal.owners("c" * 64) == {UID}
            journal.seal()
            found = journal.check()
            assert (found.version, found.chips, found.seals, found.unsealed) == (2, 2, 1, 0)
        assert slots(path) == table

    def test_one_that_goes_on(self, path: Path) -> None:
        self.make(path)
        with open_journal(path) as journal:
            entry = journal.find(UID, "certified")
            assert entry is not None
            journal.save(entry.after(Written()))
        with open_journal(path) as journal:
            found = journal.find(UID, "certified")
            assert found is not None
            assert (found.step, found.started_at, found.certificate) == (Step.WRITTEN, entry.started_at, "PEM")

    def test_it_is_not_read_any_more(self, path: Path) -> None:
        self.make(path)
        save(path, make_entry(OTHER, "third", "aws", ""))
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("UPDATE slots SET thing = 'another', step = 'flying'")
        with open_journal(path) as journal:
            assert {one.thing for one in journal.of_chip(UID)} == {"lamp"}

    def test_two_that_take_it_over(self, path: Path) -> None:
        self.make(path)
        with open_journal(path) as one, open_journal(path) as other:
            one.append(OTHER, "third", Begun("aws", ""))
            other.append(OTHER, "fourth", Begun("aws", ""))
            assert [entry.slot for entry in one.of_chip(OTHER)] == ["fourth", "third"]
            assert other.check().facts == one.check().facts

    @pytest.mark.parametrize(
        ("column", "value"),
        [
            ("step", "flying"),
            ("step", ""),
            ("step", None),
            ("step", b"\xff"),
            ("step", "9"),
            ("started_at", "yesterday"),
            ("updated_at", b"\x00\x01"),
            ("requested_at", "2020-13-01T00:00:00+00:00"),
            ("requested_at", "2020-02-29T12:00:00"),
            ("certificate", b"\x30"),
            ("key_info", "text"),
            ("csr", 7),
            ("issuer", None),
            ("region", None),
            ("csr", None),
            ("certificate_arn", None),
            ("certificate_file", None),
            ("emulated", "perhaps"),
        ],
    )
    def test_a_damaged_slot(self, path: Path, column: str, value: object) -> None:
        """It is refused; others are found, and can be gone on with."""
        write_version_1(
            path, [old_of(full_entry(Step.CERTIFIED)), old_of(full_entry(Step.KEY, uid=OTHER, slot="third"))]
        )
        edit_version_1(path, {column: value}, UID)
        for _ in range(2):  # as it is, and taken over
            with open_journal(path) as journal:
                for call in (lambda: journal.find(UID, "second"), journal.all, journal.check):
                    with pytest.raises(ConfigurationError, match=f"entry of chip {UID}, slot second, is damaged"):
                        call()
                assert journal.owners("c" * 64) <= {UID}
                assert journal.may_have_finished("third") == set()
                entry = journal.find(OTHER, "third")
                assert entry is not None
                journal.save(entry.after(CsrSigned(b"csr", "a.csr", "03")))


def with_keys(old: OldEntry) -> OldEntry:
    """A row with a word for each key that is not known, as a run writes it."""
    return replace(old, replaced_keys="- -") if old.replaces else old


def slots(path: Path) -> list[tuple[object, ...]]:
    """The table of a journal of version 1."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT * FROM slots").fetchall()
