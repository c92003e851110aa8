"""What ``deprovision`` and ``provision --renew`` leave behind is named: certificates of a CA, things and policies."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from optiga.provision.issuers import CaIssuer, Request
from tests.support.cli.provisioned import Bench, config_with, result_of
from tests.support.cli.runner import Cli, Result

_REVOKE = re.compile(r"To revoke it: '(ca revoke [0-9a-f]+ --ca (\S+))'")


def warnings_of(result: Result) -> list[str]:
    warnings: list[str] = result_of(result)["warnings"]
    return warnings


@pytest.mark.long
def test_every_certificate_of_a_ca_can_be_revoked_as_told(cli: Cli, run: Cli, bench: Bench) -> None:
    assert cli("ca", "init", "--no-passphrase", "root").code == 0
    first = result_of(run("--ca", "root", "--no-cloud"))
    renewed = run("-q", "--ca", "root", "--no-cloud", "--renew")
    (told,) = _REVOKE.findall(renewed.err)
    assert told[1] == "root"
    assert any(str(first["serial"]) in one for one in warnings_of(renewed))
    result = cli("--port", bench.port, "-q", "deprovision", "--yes", "--output", "json")
    told = _REVOKE.findall(result.err)
    assert len(told) == sum("stays valid" in one for one in warnings_of(result))
    assert [folder for _, folder in told] == ["FOLDER", "FOLDER"]
    for command, _ in told:
        revoked = cli(*command.replace("FOLDER", "root").split(), "--yes")
        assert revoked.code == 0, revoked.err
    assert cli("ca", "list", "--ca", "root", "--output", "json").out.count('"state": "revoked"') == 2


def test_a_continued_renewal_names_the_certificate_too(
    cli: Cli, run: Cli, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(issuer: CaIssuer, request: Request) -> None:
        raise KeyboardInterrupt

    assert cli("ca", "init", "--no-passphrase", "root").code == 0
    first = result_of(run("--ca", "root", "--no-cloud"))
    with monkeypatch.context() as patched:
        patched.setattr(CaIssuer, "certify", interrupted)
        assert run("--ca", "root", "--no-cloud", "--renew").code == 130
    assert f"The certificate {first['serial']} " in run("--ca", "root", "--no-cloud", "--dry-run").err
    assert any(str(first["serial"]) in one for one in warnings_of(run("--ca", "root", "--no-cloud")))
    assert warnings_of(run("--ca", "root", "--no-cloud")) == []


def test_a_dry_run_of_a_renewal_names_the_certificate_too(cli: Cli, run: Cli, bench: Bench) -> None:
    assert cli("ca", "init", "--no-passphrase", "root").code == 0
    first = result_of(run("--ca", "root", "--no-cloud"))
    runs = ("--ca", "root", "--no-cloud", "--dry-run")
    assert str(first["serial"]) not in run(*runs).err
    (told,) = _REVOKE.findall(run(*runs, "--renew").err)
    assert (str(first["serial"]) in told[0], told[1]) == (True, "root")


def test_names_of_earlier_runs(cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
    other = config_with(bench.folder, config, thing="other", policy="others")
    result_of(run())
    result_of(cli("--port", bench.port, "provision", other, "--renew"))
    result = cli("--port", bench.port, "deprovision", "--yes", "--delete-thing", "--delete-policy")
    assert "The thing my_thing of an earlier run" in result.err
    assert "The policy my_policy of an earlier run" in result.err
    assert [one["thingName"] for one in bench.cloud.iot.list_things()["things"]] == ["my_thing"]


@pytest.mark.long
def test_names_that_are_gone_are_not_told(cli: Cli, run: Cli, bench: Bench, config: Path) -> None:
    other = config_with(bench.folder, config, thing="other", policy="my_policy")
    arn = result_of(run())["certificate_arn"]
    bench.cloud.iot.detach_thing_principal(thingName="my_thing", principal=arn)
    bench.cloud.iot.delete_thing(thingName="my_thing")
    result_of(cli("--port", bench.port, "provision", other, "--renew"))
    assert "of an earlier run" not in cli("--port", bench.port, "deprovision", "--yes").err
