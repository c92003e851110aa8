"""Records of an earlier version get their chain: never without its signature beside them, wherever a run is killed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.integrity import check_records, read_head
from optiga.ca.records import open_records
from tests.support.ca_helpers import make_older, make_request
from tests.support.events import Action, Job, Runner

SIGN = ("ca", "sign", "device.csr", "--ca", "root", "-q")
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="SIGKILL and fork are POSIX's")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A folder with a CA as the first version left it, one certificate of it revoked, and a CSR."""
    place = tmp_path / "old"
    place.mkdir()
    create_root(place / "root", CaName("Test root"))
    authority = CertificateAuthority.open(place / "root")
    authority.revoke(authority.issue(make_request()).serial, "keyCompromise")
    make_older(place / "root")
    (place / "device.csr").write_bytes(make_request())
    return place


@pytest.mark.long
def test_killed_while_the_chain_begins(old: Path, runner: Runner, tmp_path: Path) -> None:
    """Before each event from the signature on to that behind the first commit."""

    def copy(name: str) -> Path:
        return Path(shutil.copytree(old, tmp_path / name))

    events = runner.record(Job(copy("whole"), SIGN))
    first = next(event for event in events if event.target.startswith("root/.records.sig"))
    commit = next(event for event in events if event.kind == "sql COMMIT")
    chained = set()
    for number in range(first.number, commit.number + 2):
        place = copy(str(number))
        outcome = runner.strike(Job(place, SIGN), number, Action.KILL)
        assert outcome.is_killed, str(outcome)
        authority = CertificateAuthority.open(place / "root")
        with open_records(authority.folder.records_path) as records, records.snapshot():
            check_records(authority.folder, records)
            chained.add(records.is_chained)
            assert read_head(authority.folder) or not records.is_chained, str(outcome)
        authority.issue(make_request())
        shutil.rmtree(place)
    assert chained == {False, True}
