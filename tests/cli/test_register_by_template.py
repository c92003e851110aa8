"""``register --template``: the template is held against the chip's own certificate before AWS is told of that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.provision.journal import open_journal
from optiga.testing import CloudFault
from tests.support.cli.cloud_helpers import changes
from tests.support.cli.provisioned import CLOUD_EXIT, CONFIGURATION_EXIT, Bench, result_of
from tests.support.cli.runner import Cli

STATE, NAME = "AWS::IoT::Certificate::StateName", "AWS::IoT::Certificate::CommonName"
LIMIT = CloudFault.error("LimitExceededException", 410, "The limit has been reached")


def template(*parameters: str, thing: object = "lamp", default: str | None = None) -> str:
    """A template in the current folder that wants parameters."""
    declared = {"Type": "String", **({} if default is None else {"Default": default})}
    certificate = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}
    value = {
        "Parameters": dict.fromkeys(parameters, declared),
        "Resources": {
            "thing": {"Type": "AWS::IoT::Thing", "Properties": {"ThingName": thing}},
            "certificate": {"Type": "AWS::IoT::Certificate", "Properties": certificate},
        },
    }
    Path("fleet.json").write_text(json.dumps(value))
    return "fleet.json"


@pytest.fixture
def register(cli: Cli, bench: Bench) -> Cli:
    return lambda *options: cli("--port", bench.port, "register", "--template", "fleet.json", *options)


def journal_of(bench: Bench) -> list[str]:
    with open_journal(bench.folder / "personalization.db", make=True) as journal:
        return [entry.uid for entry in journal.all()]


def test_before_the_chip_is_opened(register: Cli, bench: Bench) -> None:
    template("Room")
    for more in ((), ("--parameter", "Room=1", "--parameter", "Floor=2")):
        result = register(*more)
        assert (result.code, result.out, len(result.errors)) == (CONFIGURATION_EXIT, "", 1)
        assert not bench.chip.exists()
    assert changes(bench.cloud) == []


@pytest.mark.long
def test_a_component_that_its_certificate_lacks(register: Cli, bench: Bench) -> None:
    """Only the chip's own certificate says it; AWS hears nothing of that before."""
    template(STATE)
    result = register()
    assert (result.code, result.out, len(result.errors)) == (CONFIGURATION_EXIT, "", 1)
    assert STATE in result.errors[0]
    assert changes(bench.cloud) == []
    assert bench.certificates() == []
    assert journal_of(bench) == []
    result_of(register("--parameter", f"{STATE}=Bayern", "--output", "json"))
    assert len(bench.active()) == 1


@pytest.mark.long
def test_one_with_a_default(register: Cli, bench: Bench) -> None:
    template(STATE, default="none")
    result_of(register("--output", "json"))
    assert len(bench.active()) == 1


def test_a_name_that_no_thing_can_have(register: Cli, bench: Bench) -> None:
    """The emulated chip's own common name has spaces."""
    template(NAME, thing={"Ref": NAME})
    result = register()
    assert (result.code, len(result.errors)) == (CONFIGURATION_EXIT, 1)
    assert "thing" in result.errors[0]
    assert changes(bench.cloud) == []
    assert not (bench.folder / "personalization.db").exists()


@pytest.mark.parametrize("name", ["a lamp", "lamp-{uid} 7"])
def test_the_same_for_a_new_identity(cli: Cli, bench: Bench, config: Path, name: str) -> None:
    template(NAME, thing={"Fn::Join": ["-", ["my", {"Ref": NAME}]]})
    value = json.loads(config.read_text())
    value["csr_config"]["certificate_info"]["common_name"] = name
    Path("named.jsn").write_text(json.dumps(value))
    for more in ((), ("--dry-run",)):
        result = cli("--port", bench.port, "provision", "named.jsn", "--template", "fleet.json", *more)
        assert (result.code, result.out, len(result.errors)) == (CONFIGURATION_EXIT, "", 1)
        assert "fleet.json" in result.errors[0]
    assert not bench.chip.exists()


def certified(cli: Cli, port: str, config: Path) -> None:
    """Have a chip hold a certificate of another CA in its second slot, of the common name ``lamp``."""
    value = json.loads(config.read_text())
    value["csr_config"]["certificate_info"]["common_name"] = "lamp"
    Path("lamp.jsn").write_text(json.dumps(value))
    csr = cli("--port", port, "--csr", "lamp.jsn", "-q", "--query", "filename").out.strip()
    if not Path("ca").exists():
        assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    assert cli("ca", "sign", csr, "--ca", "ca", "--out", "lamp.pem", "--force").code == 0
    assert cli("--port", port, "--write", "lamp.pem", "-q").code == 0


@pytest.mark.long
def test_a_run_that_goes_on(register: Cli, bench: Bench) -> None:
    """With another template than the run that was interrupted."""
    template()
    bench.cloud.fail("RegisterCertificateWithoutCA", LIMIT, times=1)
    assert register().code == CLOUD_EXIT
    template(STATE)
    before = len(bench.cloud.calls)
    result = register()
    assert (result.code, len(result.errors)) == (CONFIGURATION_EXIT, 1)
    assert changes(bench.cloud, before) == []
    template()
    result_of(register("--output", "json"))


def test_a_thing_that_is_named_after_the_subject(cli: Cli, register: Cli, bench: Bench, config: Path) -> None:
    """It is another device's: known only once the certificate has been read, and before AWS is told of that."""
    template(NAME, thing={"Fn::Join": ["-", ["my", {"Ref": NAME}]]})
    certified(cli, bench.port, config)
    assert result_of(register("--slot", "second", "--output", "json"))["thing"] == "my-lamp"
    before = len(bench.cloud.calls)
    other = f"emulator:{bench.chip.with_name('other')}"
    certified(cli, other, config)
    words = ("--port", other, "register", "--slot", "second", "--template", "fleet.json", "--journal", "other.db")
    result = cli(*words)
    assert (result.code, len(result.errors)) == (CLOUD_EXIT, 1)
    assert "--join" in result.errors[0]
    assert changes(bench.cloud, before) == []
    assert cli(*words, "--join").code == 0
    assert len(bench.active()) == 2
