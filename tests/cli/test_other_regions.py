"""A chip whose certificates are in several regions of AWS IoT: none is forgotten, each can be removed."""

from __future__ import annotations

import boto3
import pytest

from optiga.testing import Cloud
from tests.support.cli.provisioned import CLOUD_EXIT, Bench, result_of
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG

OTHER = "us-east-1"
OF_EACH = CONFIG.with_name("config_nistp256_ecdsa_thing_per_chip.jsn")


def certificates(cloud: Cloud, region: str) -> dict[str, str]:
    """The certificates in a region, by their identifiers, each with its status."""
    iot = boto3.client("iot", region_name=region, endpoint_url=cloud.url)
    return {one["certificateId"]: one["status"] for one in iot.list_certificates()["certificates"]}


@pytest.fixture
def device(cli: Cli, bench: Bench) -> tuple[str, str]:
    """A chip with an active certificate in two regions; returns the identifiers, the older one first."""
    ids = []
    for options in (("--region", OTHER), ("--renew",)):
        ids.append(str(result_of(cli("--port", bench.port, "provision", OF_EACH, *options))["certificate_id"]))
    return ids[0], ids[1]


@pytest.mark.long
def test_deprovision_tells_of_the_other_region_and_removes_there(
    cli: Cli, bench: Bench, device: tuple[str, str]
) -> None:
    old, new = device
    command = ("--port", bench.port, "deprovision", "--yes")
    result = cli(*command)
    assert result.code == 0
    assert f"{new} will be deleted" in result.err
    assert "eu-central-1" in result.err
    (warning,) = result.warnings
    assert f"certificate {old} of this chip stays in account" in warning
    assert f"'deprovision --slot second --region {OTHER}'" in warning
    assert (certificates(bench.cloud, OTHER), certificates(bench.cloud, "eu-central-1")) == ({old: "ACTIVE"}, {})
    removed = cli(*command, "--region", OTHER, "--output", "json")
    assert result_of(removed)["certificate_id"] == old
    assert f"{OTHER} can never be undone" in removed.err
    assert certificates(bench.cloud, OTHER) == {}
    assert not cli(*command).warnings


def test_the_former_region_first(cli: Cli, bench: Bench, device: tuple[str, str]) -> None:
    """What the chip has now stays as it is, and finished."""
    command = ("--port", bench.port, "deprovision", "--yes")
    result = cli(*command, "--region", OTHER)
    assert result.code == 0
    assert f"{device[1]} of this chip stays in account" in result.err
    assert certificates(bench.cloud, OTHER) == {}
    assert certificates(bench.cloud, "eu-central-1") == {device[1]: "ACTIVE"}
    assert "already finished" in cli("--port", bench.port, "provision", OF_EACH).err
    again = cli(*command, "--region", OTHER)
    assert again.code == CLOUD_EXIT
    assert "Use --region eu-central-1" in again.errors[0]


@pytest.mark.long
def test_a_renewal_says_what_stays(cli: Cli, bench: Bench) -> None:
    old = result_of(cli("--port", bench.port, "provision", OF_EACH))["certificate_id"]
    result = cli("--port", bench.port, "provision", OF_EACH, "--renew", "--region", OTHER)
    assert f"does not change in account {bench.cloud.account}, eu-central-1: {old}" in result.err
    assert "'deprovision --slot second --region eu-central-1'" in result.err


@pytest.mark.long
def test_back_in_the_former_region(cli: Cli, bench: Bench, device: tuple[str, str]) -> None:
    """Its certificate there is the chip's own: the thing may be joined, and the certificate becomes inactive."""
    third = result_of(cli("--port", bench.port, "provision", OF_EACH, "--renew", "--region", OTHER))["certificate_id"]
    assert certificates(bench.cloud, OTHER) == {device[0]: "INACTIVE", third: "ACTIVE"}
    assert cli("--port", bench.port, "deprovision", "--yes").code == 0
    assert certificates(bench.cloud, OTHER) == {}


@pytest.mark.long
def test_another_slot_knows_the_certificates_of_all_slots(cli: Cli, bench: Bench, device: tuple[str, str]) -> None:
    for slot in ("third", "second"):
        options = ("--slot", slot) + (("--renew",) if slot == "second" else ())
        result = cli("--port", bench.port, "provision", OF_EACH, *options, "--region", OTHER)
        assert result.code == 0, result.err
