"""What is said of things, policies and options: created or found, changed, not applied."""

from __future__ import annotations

import json

import pytest

from optiga.testing import Cloud
from tests.support.cli.cloud_helpers import CHIP, CONFIG, changes
from tests.support.cli.runner import Cli

RUN = ("--port", CHIP, "provision", CONFIG)


def notes(cli: Cli, *words: object) -> list[str]:
    result = cli(*RUN, *words)
    assert result.code == 0, result.err
    return result.err.splitlines()


def test_created_or_found(cli: Cli, cloud: Cloud) -> None:
    first, second = notes(cli), notes(cli, "--renew")
    for name in ("Thing my_thing", "Policy my_policy"):
        assert f"{name} created" in first
        assert f"{name} already exists" in second


@pytest.mark.long
def test_an_attribute_that_changes(cli: Cli, cloud: Cloud) -> None:
    first = notes(cli, "--attribute", "room=7", "--attribute", "floor=1")
    assert not any("attribute" in line for line in first)
    second = notes(cli, "--renew", "--attribute", "room=8", "--attribute", "floor=1", "--attribute", "hall=a")
    told = [line for line in second if "attribute" in line]
    assert len(told) == 2
    assert "room" in told[0]
    assert "8" in told[0]
    assert "7" in told[0]
    assert "hall" in told[1]


@pytest.mark.long
def test_options_that_a_finished_chip_ignores(cli: Cli, cloud: Cloud) -> None:
    cloud.iot.create_thing_group(thingGroupName="hall")
    assert not any("Not applied" in line for line in notes(cli))
    assert not any("Not applied" in line for line in notes(cli))
    calls = len(cloud.calls)
    (told,) = [
        line
        for line in notes(cli, "-q", "--attribute", "room=7", "--thing-group", "hall")
        if line.startswith("Warning: Not applied")
    ]
    assert "--attribute" in told
    assert "--thing-group" in told
    assert "--exclusive" not in told
    assert changes(cloud, calls) == []


def test_warnings_are_in_the_result(cli: Cli, cloud: Cloud) -> None:
    notes(cli)
    result = cli(*RUN, "-q", "--attribute", "room=7", "--output", "json", "--query", "warnings")
    endpoint, ignored = json.loads(result.out)
    assert cloud.url in endpoint
    assert "--attribute" in ignored
    assert [line.removeprefix("Warning: ") for line in result.err.splitlines() if line.startswith("Warning")] == [
        endpoint,
        ignored,
    ]


@pytest.mark.long
def test_an_option_that_was_applied_is_not_told(cli: Cli, cloud: Cloud) -> None:
    assert not any("Not applied" in line for _ in range(2) for line in notes(cli, "--exclusive"))
