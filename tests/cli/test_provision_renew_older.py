"""``provision --renew`` of some certificates only: a campaign can be repeated, and a nightly job be let run."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any, TypeAlias

import pytest

from optiga.cli.support.settings import Settings
from optiga.provision.journal_file import JournalFile
from optiga.provision.renewal import format_moment
from optiga.provision.services import Services
from tests.support.cli.provisioned import CONFIGURATION_EXIT, Bench, device_of, result_of
from tests.support.cli.runner import Cli
from tests.support.sampling import sampled_rows

INTERRUPTED_EXIT = 130
Run: TypeAlias = Callable[..., "dict[str, Any]"]


def now() -> str:
    return format_moment(datetime.now(timezone.utc).replace(microsecond=0))


@pytest.fixture
def first(run: Cli, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Has a chip provisioned, an hour ago."""

    def provision(*options: str) -> dict[str, Any]:
        then = datetime.now(timezone.utc) - timedelta(hours=1)
        with monkeypatch.context() as patched:
            patched.setattr("optiga.cli.commands.identity.provision.Services", partial(Services, clock=lambda: then))
            return result_of(run(*options))

    return provision


def test_only_what_is_older(run: Cli, bench: Bench, first: Run) -> None:
    old = first()
    assert old["renewed"] is False
    kept = run("--renew", "--issued-before", "2020-01-01")
    assert device_of(kept) == {name: old[name] for name in device_of(kept)}
    assert "Nothing to do" in kept.err
    renewed = result_of(run("--renew", "--issued-before", now()))
    assert renewed["renewed"] is True
    assert renewed["certificate_id"] != old["certificate_id"]
    bench.check_finished(certificates=2)


@pytest.mark.long
def test_a_dry_run_says_it(run: Cli, first: Run) -> None:
    first()
    kept = run("--dry-run", "--renew", "--expires-within", "30", "--output", "json")
    assert json.loads(kept.out) == {"steps": []}
    wanted = run("--dry-run", "--renew", "--issued-before", now(), "--output", "json")
    assert "becomes inactive" in json.loads(wanted.out)["steps"][-1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--issued-before", "2026-01-01"), "--issued-before requires --renew"),
        (("--expires-within", "30"), "--expires-within requires --renew"),
        (("--renew", "--issued-before", "2020-01-01", "--expires-within", "30"), "do not go together"),
        (("--renew", "--issued-before", "yesterday"), "--issued-before: 'yesterday' is not a date"),
        (("--renew", "--issued-before", "2999-01-01"), "--issued-before: 2999-01-01T00:00:00Z is in the future"),
        (("--renew", "--expires-within", "0"), "1 to 36500"),
    ],
)
def test_refused(run: Cli, bench: Bench, options: tuple[str, ...], words: str) -> None:
    refused = run(*options)
    assert refused.code == CONFIGURATION_EXIT
    assert words in refused.err
    assert not bench.chip.exists()


@pytest.mark.parametrize("options", [("--expires-within", "30"), ("--renew", "--issued-before", "2999-01-01")])
def test_refused_before_the_chip_is_looked_for(cli: Cli, run: Cli, bench: Bench, options: tuple[str, ...]) -> None:
    assert cli("emulator", "new", bench.chip).code == 0
    assert run(*options).err.startswith("Error: --")


@pytest.mark.long
@pytest.mark.parametrize("options", [(), ("--ca", "root", "--no-cloud")], ids=["AWS", "own CA"])
def test_ended_after_the_last_step(
    cli: Cli, run: Cli, bench: Bench, first: Run, options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is done, and nobody has heard of it: the same campaign once more renews nothing."""
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    first(*options)
    campaign = (*options, "--renew", "--issued-before", now())
    with monkeypatch.context() as patched:
        patched.setattr(Settings, "print_result", interrupt)
        ended = run(*campaign)
    assert ended.code == INTERRUPTED_EXIT
    assert "The chip is finished. To see the result, run the same command again\n" in ended.err
    renewed, objects = sorted(bench.folder.glob("*.pem")), bench.objects()
    assert len(renewed) == 2
    assert result_of(run(*campaign))["renewed"] is False
    assert (sorted(bench.folder.glob("*.pem")), bench.objects()) == (renewed, objects)


@pytest.mark.long
@pytest.mark.parametrize(
    ("place", "words"),
    sampled_rows(
        [
            ("optiga.cli.support.settings.Settings.print_result", "The chip is finished"),
            ("optiga.provision.steps.cloud.AttachPolicy.run", "To continue after the step 'thing'"),
        ],
        keep=1,
    ),
    ids=["at its end", "before it"],
)
def test_a_renewal_goes_on_without_being_asked_for_again(
    place: str, words: str, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it might be done once more."""
    result_of(run())
    with monkeypatch.context() as patched:
        patched.setattr(place, interrupt)
        ended = run("--renew")
    (line,) = [line for line in ended.err.splitlines() if words in line]
    assert line.endswith("run the same command again without --renew")
    result_of(run())
    bench.check_finished(certificates=2)


@pytest.mark.long
def test_ended_while_the_journal_is_closed(run: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    result_of(run())
    close = JournalFile.__exit__

    def interrupted(*of: Any) -> None:
        close(*of)
        interrupt()

    with monkeypatch.context() as patched:
        patched.setattr(JournalFile, "__exit__", interrupted)
        ended = run("--renew")
    assert "The chip is finished. To see the result, run the same command again without --renew" in ended.err
    assert "start again" not in ended.err


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt
