"""``deprovision`` with a journal whose certificate is not the one on the chip: that one may still be accepted."""

from __future__ import annotations

import pytest

from tests.support.cli.provisioned import CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli, Result
from tests.support.sampling import sampled_rows

NO_LONGER = "AWS IoT no longer accepts"


def warnings_of(result: Result) -> list[str]:
    """What is warned of the chip's certificate."""
    return [one for one in result_of(result)["warnings"] if "another certificate" in one]


@pytest.mark.long
def test_another_one_that_is_active(cli: Cli, run: Cli, bench: Bench) -> None:
    """The run, its dry run and their results say so, before anything is asked."""
    result_of(run("--journal", "a.db"))
    other = result_of(run("--journal", "b.db", "--yes"))["certificate_id"]
    command = ("--port", bench.port, "deprovision", "--journal", "a.db", "--output", "json")
    for options in (("--dry-run",), ("--yes",), ("--yes",)):
        result = cli(*command, *options)
        (warning,) = warnings_of(result)
        assert str(other) in warning
        assert "0xE0E1" in warning
        assert "still accepts it: it is ACTIVE" in warning
        assert "'deprovision' with the journal that has it (--journal)" in warning
        assert NO_LONGER not in result.err
        assert "keeps its key and certificate" not in result.err + result.out
    asked = cli(*command[:-2]).err
    assert asked.count(str(other)) == 1
    assert [one["certificateId"] for one in bench.active()] == [other]
    done = cli("--port", bench.port, "deprovision", "--journal", "b.db", "--yes")
    assert (done.code, bench.certificates()) == (0, [])
    assert "warnings" not in done.out
    assert "it keeps its key and certificate, but AWS IoT no longer accepts them" in done.err


@pytest.mark.long
def test_what_is_asked_comes_after_the_warning(cli: Cli, run: Cli, bench: Bench) -> None:
    result_of(run("--journal", "a.db"))
    result_of(run("--journal", "b.db", "--yes"))
    refused = cli("--port", bench.port, "deprovision", "--journal", "a.db")
    assert refused.code == CONFIGURATION_EXIT
    assert refused.err.index("still accepts it") < refused.err.index("can never be undone")


@pytest.mark.parametrize(
    ("change", "said"), sampled_rows([("INACTIVE", "it is INACTIVE"), (None, "does not have it")], keep=1)
)
def test_another_one_that_is_not_active(cli: Cli, run: Cli, bench: Bench, change: str | None, said: str) -> None:
    result_of(run("--journal", "a.db"))
    if change is None:
        assert cli("ca", "init", "factory", "--no-passphrase").code == 0
        result_of(run("--journal", "b.db", "--yes", "--ca", "factory", "--no-cloud"))
    else:
        other = result_of(run("--journal", "b.db", "--yes"))["certificate_id"]
        bench.cloud.iot.update_certificate(certificateId=str(other), newStatus=change)
    (warning,) = warnings_of(
        cli("--port", bench.port, "deprovision", "--journal", "a.db", "--dry-run", "--output", "json")
    )
    assert said in warning


def test_one_in_the_object_of_another_slot(cli: Cli, run: Cli, bench: Bench) -> None:
    command = ("--port", bench.port, "deprovision", "--journal", "a.db", "--dry-run", "--output", "json")
    result_of(run("--journal", "a.db", "--id", "0xE0E2"))
    result = cli(*command)
    assert warnings_of(result) == []
    assert "keeps its key and certificate" in result.out
    result_of(run("--journal", "b.db", "--yes", "--id", "0xE0E2"))
    (warning,) = warnings_of(cli(*command))
    assert "0xE0E2" in warning


def test_without_a_cloud(cli: Cli, run: Cli, bench: Bench) -> None:
    assert cli("ca", "init", "factory", "--no-passphrase").code == 0
    for journal in ("a.db", "b.db"):
        result_of(run("--journal", journal, "--yes", "--ca", "factory", "--no-cloud"))
    result = cli("--port", bench.port, "deprovision", "--journal", "a.db", "--yes", "--output", "json")
    assert "another certificate" in warnings_of(result)[0]
    assert "AWS" not in result.err


@pytest.mark.long
def test_no_more_is_said_than_is_known_without_the_chip(cli: Cli, run: Cli, bench: Bench) -> None:
    uid = result_of(run())["uid"]
    result = cli("deprovision", "--uid", str(uid), "--yes")
    assert "no longer accepts the certificate in this journal" in result.err
    assert "whether the chip has another certificate was not checked" in result.err
    assert "keeps its key" not in result.err
