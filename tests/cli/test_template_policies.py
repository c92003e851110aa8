"""A provisioning template that names a policy without its document: AWS must have it before a chip makes a key."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CONFIGURATION_EXIT, Bench
from tests.support.cli.runner import Cli

DOCUMENT = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iot:Connect", "Resource": "*"}]}
)
REF = {"Fn::Join": ["-", ["lamps", {"Ref": "Site"}]]}


@pytest.fixture
def by_template(run: Cli) -> Cli:
    def provision(name: object, *options: object) -> object:
        certificate = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}
        value = {
            "Parameters": {"Site": {"Type": "String", "Default": "Munich"}},
            "Resources": {
                "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
                "policy": {"Type": "AWS::IoT::Policy", "Properties": {"PolicyName": name}},
            },
        }
        Path("fleet.json").write_text(json.dumps(value))
        return run("--template", "fleet.json", *options)

    return provision  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("name", "options", "policy"),
    [
        ("lamps", (), "lamps"),
        (REF, (), "lamps-Munich"),
        (REF, ("--parameter", "Site=Graz"), "lamps-Graz"),
        ("lamps", ("--dry-run",), "lamps"),
    ],
)
def test_there_is_none(by_template: Cli, bench: Bench, name: object, options: tuple[str, ...], policy: str) -> None:
    result = by_template(name, *options)
    assert (result.code, result.out) == (CONFIGURATION_EXIT, "")
    assert f"no policy {policy} in" in result.errors[0]
    assert changes(bench.cloud) == []
    assert not bench.chip.exists()


@pytest.mark.long
def test_there_is_one(by_template: Cli, bench: Bench) -> None:
    bench.cloud.iot.create_policy(policyName="lamps-Munich", policyDocument=DOCUMENT)
    assert by_template(REF).code == 0


def test_it_may_not_be_asked(by_template: Cli, bench: Bench) -> None:
    bench.cloud.iot.create_policy(policyName="lamps", policyDocument=DOCUMENT)
    bench.cloud.fail("GetPolicy", CloudFault.error("AccessDeniedException", 403, "no"), times=1)
    result = by_template("lamps", "--dry-run")
    assert result.code == 0
    assert "Warning: cannot check whether there is a policy lamps" in result.err


def test_a_name_that_the_chip_gives(by_template: Cli, bench: Bench) -> None:
    """It is not known before the chip is opened."""
    assert by_template({"Ref": "Site"}, "--parameter", "Site=lamps-{uid}", "--dry-run").code == 0
    assert "GetPolicy" not in bench.cloud.calls
