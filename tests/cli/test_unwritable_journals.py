"""Journals that cannot be written: they are refused before anything is said to be replaced, made or deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import optiga
from tests.support.cli.provisioned import CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.journals import make_entry
from tests.support.permissions import permissions_count

JOURNAL = ("--journal", "shelf/journal.db")


@pytest.fixture
def seal() -> Callable[[str], None]:
    """Take the permission to write the journal away, which a run of ours has made."""
    Path("shelf").mkdir()
    with optiga.open_journal(JOURNAL[1], make=True) as journal:
        journal.save(make_entry("ab" * 27, "second", "aws", "f00d"))

    def take(what: str) -> None:
        Path("shelf" if what == "folder" else JOURNAL[1]).chmod(0o500 if what == "folder" else 0o400)

    return take


def sealed_run(run: Callable[..., Result], *words: object) -> Result:
    before = Path(JOURNAL[1]).read_bytes()
    with permissions_count():
        result = run(*words)
    assert Path(JOURNAL[1]).read_bytes() == before
    return result


@pytest.mark.parametrize("what", ["file", "folder"])
class TestRefused:
    @pytest.mark.long
    def test_before_a_key_is_said_to_be_replaced(
        self, run: Cli, bench: Bench, seal: Callable[[str], None], what: str
    ) -> None:
        result_of(run())
        seal(what)
        before = bench.objects(), bench.certificates()
        result = sealed_run(run, *JOURNAL, "--yes")
        assert result.code == CONFIGURATION_EXIT
        assert "no permission to write" in result.errors[0]
        assert "replaced now" not in result.err
        assert (bench.objects(), bench.certificates()) == before

    def test_before_a_chip_is_made(
        self, cli: Cli, config: Path, seal: Callable[[str], None], bench: Bench, what: str
    ) -> None:
        seal(what)
        result = sealed_run(cli, "--port", "emulator:new.chip", "provision", config, *JOURNAL)
        assert result.code == CONFIGURATION_EXIT
        assert "no permission to write" in result.errors[0]
        assert not Path("new.chip").exists()
        assert bench.certificates() == []

    def test_before_aws_deletes_anything(
        self, cli: Cli, run: Cli, bench: Bench, seal: Callable[[str], None], what: str
    ) -> None:
        result_of(run(*JOURNAL))
        seal(what)
        words = ("--port", bench.port, "deprovision", *JOURNAL, "--delete-thing", "--yes")
        result = sealed_run(cli, *words)
        assert result.code == CONFIGURATION_EXIT
        assert "no permission to write" in result.errors[0]
        assert len(bench.active()) == 1
        assert len(bench.cloud.iot.list_things()["things"]) == 1


@pytest.mark.long
def test_a_finished_chip_is_checked_with_a_journal_that_may_only_be_read(
    run: Cli, bench: Bench, seal: Callable[[str], None]
) -> None:
    first = run(*JOURNAL)
    result_of(first)
    seal("file")
    before = bench.objects()
    assert sealed_run(run, *JOURNAL).out == first.out
    assert bench.objects() == before


@pytest.mark.parametrize("what", ["issued.db", "."])
@pytest.mark.parametrize("words", [(), ("--dry-run",)])
def test_before_a_key_is_lost_for_a_ca_that_cannot_write(
    cli: Cli, run: Cli, bench: Bench, what: str, words: tuple[str, ...]
) -> None:
    """A CA that could not record the certificate is refused before the chip generates a key."""
    assert cli("ca", "init", "factory", "--no-passphrase").code == 0
    command = ("--ca", "factory", "--no-cloud", "--renew", *words)
    result_of(run("--ca", "factory", "--no-cloud"))
    before = bench.objects()
    Path("factory", what).chmod(0o500 if what == "." else 0o400)
    with permissions_count():
        result = run(*command)
    assert result.code == CONFIGURATION_EXIT
    assert "permission" in result.errors[0]
    assert "factory" in result.errors[0]
    assert bench.objects() == before
    Path("factory", what).chmod(0o700 if what == "." else 0o600)
    assert run(*command).code == 0
