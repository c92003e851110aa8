"""What the commands for AWS say, and to whom: results, notes, the line on emulated chips, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.testing import Cloud, CloudFault
from tests.support.cli.cloud_helpers import CHIP, CONFIG, IDENTITY_LINE, changes, journal_entries
from tests.support.cli.provisioned import RESULT
from tests.support.cli.runner import NOT_AWS, Cli
from tests.support.places import ROOT
from tests.support.processes import OPTIGA, run_process

TOKEN = "IQoJb3JpZ2luX2VjEXAMPLETOKEN"
STRONG = ROOT / "templates" / "thing_policy.template"
OPEN = STRONG.with_name("my_policy.template")

COPIES = "anyone who copies the file has the key"


def provision(cli: Cli, *words: object) -> str:
    """A chip that is taken to its end; standard error."""
    result = cli("--port", CHIP, "provision", CONFIG, *words)
    assert result.code == 0, result
    return result.err


class TestNotes:
    @pytest.mark.long
    def test_where_the_new_key_is(self, cli: Cli, cloud: Cloud) -> None:
        """It is said where a key is made, and only there."""
        lines = provision(cli).splitlines()
        assert IDENTITY_LINE in lines
        assert [COPIES in line for line in lines].index(True) > 0
        for words in ((), ("--dry-run",), ("--dry-run", "--renew")):
            assert COPIES not in provision(cli, *words)
        failed = cli("--port", CHIP, "provision", CONFIG, "--renew", "--thing-type", "unknown")
        assert failed.code != 0
        assert COPIES not in failed.err

    def test_and_so_it_is_for_register(self, cli: Cli, cloud: Cloud) -> None:
        for is_new in (True, False):
            result = cli("--port", CHIP, "register")
            assert result.code == 0
            assert IDENTITY_LINE in result.err.splitlines()
            assert (COPIES in result.err) is is_new

    @pytest.mark.long
    def test_the_emulated_chip_is_announced_once(self, cli: Cli, cloud: Cloud) -> None:
        assert provision(cli).count("Emulated chip") == 1

    @pytest.mark.long
    def test_quiet_keeps_what_is_not_real(self, cli: Cli, cloud: Cloud) -> None:
        for made in ([f"A new chip was created in {CHIP.removeprefix('emulator:')}"], []):
            others = provision(cli, "-q").splitlines()
            others.remove(IDENTITY_LINE)
            (endpoint,) = [one for one in others if one.startswith(NOT_AWS)]
            assert cloud.url in endpoint
            assert [one for one in others if one != endpoint] == made

    @pytest.mark.long
    def test_quiet_keeps_warnings(self, cli: Cli, cloud: Cloud) -> None:
        document = STRONG.read_text().replace("<aws-partition>", "aws-cn")
        cloud.iot.create_policy(policyName="my_policy", policyDocument=document)
        lines = provision(cli, "-q").splitlines()
        first, second, *others = [line for line in lines if not line.startswith(NOT_AWS)]
        assert first.startswith(IDENTITY_LINE)
        assert second.startswith("A new chip was created")
        assert others[0].startswith("Warning: the policy my_policy in AWS is used")
        assert all(line.startswith("    ") for line in others[1:])

    @pytest.mark.long
    def test_loud_says_every_step(self, cli: Cli, cloud: Cloud) -> None:
        said = provision(cli)
        for word in ("secp256r1 key pair in 0xE0F1", "CSR ", "Certificate from AWS IoT", "written to 0xE0E1"):
            assert word in said
        for word in ("Thing my_thing created", "Policy my_policy created", "Certificate active"):
            assert word in said.splitlines()

    def test_a_policy_for_every_resource(self, cli: Cli, cloud: Cloud) -> None:
        """What it allows there is named, and called everything only where it is."""
        words = f"on every resource. To limit a device to its thing, use {STRONG}"
        assert words not in provision(cli, "--dry-run")
        said = provision(cli, "--dry-run", "-q", "--policy-template", OPEN)
        assert f"Warning: the policy of {OPEN} allows a device iot:Connect" in said
        assert words in said
        for action, allowed in (("iot:Connect", "iot:Connect"), ("iot:*", "everything")):
            statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
            Path("own").write_text(json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
            assert f"the policy of own allows a device {allowed} {words}" in provision(
                cli, "--dry-run", "--policy-template", "own"
            )

    @pytest.mark.long
    def test_what_was_begun_can_be_gone_on_with(self, cli: Cli, cloud: Cloud) -> None:
        cloud.fail("CreateThing", CloudFault.error("InternalFailureException", 500, "down"), times=1)
        result = cli("--port", CHIP, "provision", CONFIG)
        assert (result.code, result.out) == (6, "")
        assert "Try again to continue" in result.errors[0]
        assert "after the step 'written'" in provision(cli)


class TestResults:
    def test_json_by_itself(self, cli: Cli, cloud: Cloud) -> None:
        result = json.loads(cli("--port", CHIP, "provision", CONFIG).out)
        assert list(result) == RESULT
        assert None not in result.values()
        assert json.loads(cli("--port", CHIP, "provision", CONFIG).out) == result

    @pytest.mark.long
    def test_forms(self, cli: Cli, cloud: Cloud) -> None:
        bare = cli("--port", CHIP, "provision", CONFIG, "--query", "certificate_arn").out
        assert bare.startswith(f"arn:aws:iot:eu-central-1:{cloud.account}:cert/")
        assert bare.count("\n") == 1
        text, warnings = cli("--port", CHIP, "provision", CONFIG, "--output", "text").out.splitlines()
        assert warnings.startswith("WARNINGS\tNot AWS")
        assert {bare.strip(), "my_thing"} <= set(text.split("\t"))


class TestDryRun:
    def test_it_touches_nothing(self, cli: Cli, cloud: Cloud) -> None:
        cloud.iot.create_thing_group(thingGroupName="hall")
        provision(cli, "--dry-run", "--thing-group", "hall")
        assert list(Path().iterdir()) == []
        assert cloud.calls == ["GetCallerIdentity", "DescribeThingGroup", "DescribeEndpoint"]

    def test_its_steps(self, cli: Cli, cloud: Cloud) -> None:
        result = cli("--port", CHIP, "provision", CONFIG, "--dry-run", "--output", "json")
        assert list(json.loads(result.out)) == ["steps"]
        steps = json.loads(result.out)["steps"]
        told = " ".join(steps)
        for word in ("secp256r1", "0xE0F1", "CSR", "inactive", "0xE0E1", "my_thing", "my_policy", "becomes active"):
            assert word in told
        text = cli("--port", CHIP, "provision", CONFIG, "--dry-run").out.splitlines()
        assert text == [f"{number}. {step}" for number, step in enumerate(steps, 1)]
        assert cli("--port", CHIP, "provision", CONFIG, "--dry-run", "--query", "steps[0]").out == steps[0] + "\n"

    def test_every_wish_is_a_step(self, cli: Cli, cloud: Cloud) -> None:
        cloud.iot.create_thing_type(thingTypeName="lamps")
        words = ("--thing-type", "lamps", "--attribute", "room=7", "--attribute", "chip={uid}", "--renew")
        result = cli("--port", CHIP, "provision", CONFIG, "--dry-run", *words)
        steps = [line.partition(" ")[2] for line in result.out.splitlines()]
        assert (
            "It is attached to the thing my_thing, which is created with the type lamps if it does not exist" in steps
        )
        assert "The thing gets the attributes room=7, chip={uid}" in steps
        assert steps[-1] == "The previous certificate becomes inactive"

    @pytest.mark.long
    def test_a_journal_that_is_there(self, cli: Cli, cloud: Cloud) -> None:
        """Without a port it is not known which chip it is going to be, so its steps are those of a blank one."""
        words = "If the journal knows the chip, only the missing steps are done"
        assert words not in cli("provision", CONFIG, "--dry-run").err
        provision(cli)
        assert words in cli("provision", CONFIG, "--dry-run").err
        assert words not in provision(cli, "--dry-run")

    def test_it_needs_no_chip(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("serial.tools.list_ports.comports", list)
        result = cli("provision", CONFIG, "--dry-run")
        assert result.code == 0
        assert "Emulated chip" not in result.err

    @pytest.mark.long
    def test_it_changes_nothing_of_a_finished_chip(self, cli: Cli, cloud: Cloud) -> None:
        provision(cli)
        before = {path: path.read_bytes() for path in Path().iterdir()}
        done, entries = len(cloud.calls), journal_entries()
        provision(cli, "--dry-run", "--renew")
        assert changes(cloud, done) == []
        assert {path: path.read_bytes() for path in Path().iterdir()} == before
        assert journal_entries() == entries

    def test_a_ca_of_ones_own(self, cli: Cli, cloud: Cloud) -> None:
        assert cli("ca", "init", "--no-passphrase", "ca").code == 0
        before = {path: path.read_bytes() for path in Path("ca").iterdir()}
        result = cli("--port", CHIP, "provision", CONFIG, "--dry-run", "--ca", "ca", "--no-cloud", "--output", "json")
        assert "The CA CN=ca issues a certificate," in json.loads(result.out)["steps"][2]
        assert "AWS" not in result.out
        assert cloud.calls == []
        result = cli("--port", CHIP, "provision", CONFIG, "--dry-run", "--ca", "ca")
        assert "registered without a CA (inactive)" in result.out
        assert changes(cloud) == []
        assert {path: path.read_bytes() for path in Path("ca").iterdir()} == before
        assert list(Path().iterdir()) == [Path("ca")]


class TestSecrets:
    @pytest.mark.long
    def test_in_no_output_of_a_run_that_says_all(
        self, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a process of its own, where nothing but the tool takes its log."""
        monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
        done = run_process([*OPTIGA, "-vv", "--port", CHIP, "provision", str(CONFIG)], tmp_path)
        assert done.returncode == 0, done.stderr
        assert "optiga.cloud.aws.connection: AWS account" in done.stderr
        assert_no_secrets(cloud, done.stdout + done.stderr)
        for path in tmp_path.iterdir():
            assert_no_secrets(cloud, path.read_bytes().decode("latin-1"))

    @pytest.mark.long
    @pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidClientTokenId", "AccessDenied", "ExpiredToken"])
    def test_in_no_error(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
        """AWS repeats the request where it does not take the signature."""
        monkeypatch.setenv("AWS_SESSION_TOKEN", TOKEN)
        repeated = f" The Canonical String should have been 'POST\nx-amz-security-token:{TOKEN}'"
        message = "The request signature we calculated does not match." + repeated * (code == "SignatureDoesNotMatch")
        cloud.fail("GetCallerIdentity", CloudFault.error(code, 403, message))
        result = cli("--port", CHIP, "-vv", "provision", CONFIG)
        assert result.code == 6
        assert_no_secrets(cloud, result.out + result.err)

    @pytest.mark.long
    def test_in_no_log_record(self, cli: Cli, cloud: Cloud, caplog: pytest.LogCaptureFixture) -> None:
        assert cli("--port", CHIP, "-vv", "provision", CONFIG).code == 0
        assert "optiga" in {record.name.partition(".")[0] for record in caplog.records}
        assert_no_secrets(cloud, "\n".join(record.getMessage() for record in caplog.records))


def assert_no_secrets(cloud: Cloud, text: str) -> None:
    assert cloud.variables["AWS_SECRET_ACCESS_KEY"] not in text
    assert TOKEN not in text
