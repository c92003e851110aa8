"""The way to AWS is barred: one line that says why and what to do, before anything is touched."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from optiga.testing import Cloud, CloudFault
from tests.support.cli.cloud_helpers import CHIP, CLOUD, CONFIG, changes, refused
from tests.support.cli.runner import Cli
from tests.support.places import ROOT
from tests.support.processes import OPTIGA, run_process
from tests.support.sampling import sampled

OPERATORS = str(ROOT / "templates" / "operator_iam_policy.json")
ROLE = "arn:aws:iam::123456789012:role/factory"


class Barred(NamedTuple):
    """What bars the way.

    :param typed: options of ``provision``; ``{closed}`` is a port of this machine that nobody serves.
    :param set: environment variables, those with None are taken away; ``{folder}`` is the current folder.
    :param profile: settings of a profile ``factory``.
    """

    line: str
    typed: str = ""
    set: Mapping[str, str | None] = {}
    profile: str = ""


NO_KEYS: dict[str, str | None] = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
BARRED = {
    "no credentials": Barred(
        "there are no AWS credentials.*aws configure, aws sso login, --profile NAME, .*AWS_ACCESS_KEY_ID.*"
        r"'python -m optiga\.testing\.aws'.*use your own CA \(--ca\) and --no-cloud",
        set=NO_KEYS,
    ),
    "no credentials and no such region": Barred(
        "there are no AWS credentials.*does not know an AWS region eucentral1.*did you mean 'eu-central-1'",
        "--region eucentral1",
        NO_KEYS,
    ),
    "half credentials": Barred(
        "there are no AWS credentials: .*missing: AWS_SECRET_ACCESS_KEY", set={"AWS_SECRET_ACCESS_KEY": None}
    ),
    "the other half": Barred("there are no AWS credentials", set={"AWS_ACCESS_KEY_ID": None}),
    "half a profile": Barred(
        "there are no AWS credentials: .*missing: aws_secret_access_key",
        "--profile factory",
        NO_KEYS,
        "aws_access_key_id = A",
    ),
    "no such profile": Barred(
        r"the AWS profile \(nope\) could not be found.*aws configure list-profiles", "--profile nope"
    ),
    "no such profile in the environment": Barred(r"profile \(nope\) could not be found", set={"AWS_PROFILE": "nope"}),
    "empty profile": Barred(r"profile \(\) could not be found", "--profile="),
    "no region": Barred(
        "no AWS region is set.*--region eu-central-1.*AWS_REGION.*optiga\\.testing\\.aws",
        set={"AWS_DEFAULT_REGION": None},
    ),
    "empty region": Barred("no AWS region is set.*--region", "--region="),
    "nonsense region in the environment": Barred(
        "^(?!.*--endpoint-url).*'e u'.*--region eu-central-1", set={"AWS_DEFAULT_REGION": "e u"}
    ),
    "endpoint is no URL": Barred("Invalid endpoint: nonsense.*Give --endpoint-url a URL", "--endpoint-url nonsense"),
    "endpoint without a scheme": Barred("Give --endpoint-url a URL", "--endpoint-url 127.0.0.1:{closed}"),
    "endpoint without a host": Barred("Give --endpoint-url a URL", "--endpoint-url http://"),
    "empty endpoint": Barred("Give --endpoint-url a URL", "--endpoint-url="),
    "endpoint's port": Barred("Give --endpoint-url a URL", "--endpoint-url http://127.0.0.1:99999"),
    "endpoint's address": Barred("Give --endpoint-url a URL", "--endpoint-url http://[::1"),
    "endpoint's scheme": Barred("Give --endpoint-url a URL", "--endpoint-url ftp://127.0.0.1"),
    "nobody at the endpoint": Barred(
        r"^(?!.*(network|HTTPS_PROXY))AWS cannot be reached at sts:GetCallerIdentity: .*127\.0\.0\.1:\d+.*"
        r"--endpoint-url.*AWS_ENDPOINT_URL",
        "--endpoint-url http://127.0.0.1:{closed}",
    ),
    "nobody at the proxy": Barred(
        r"AWS cannot be reached .*proxy.*127\.0\.0\.1",
        "--endpoint-url https://iot.example",
        {"HTTPS_PROXY": "http://user:HIDDEN@127.0.0.1:{closed}", "https_proxy": None},
    ),
    "token that fits no header": Barred("credentials", set={"AWS_SESSION_TOKEN": "HIDDEN\nHIDDEN"}),
    "attempts that are no number": Barred("^(?!.*--endpoint-url).*'many'", set={"AWS_MAX_ATTEMPTS": "many"}),
    "no such mode": Barred("'?mode'?.*many", set={"AWS_RETRY_MODE": "many"}),
    "no token of a web identity": Barred(
        "{folder}/token", set={**NO_KEYS, "AWS_WEB_IDENTITY_TOKEN_FILE": "{folder}/token", "AWS_ROLE_ARN": ROLE}
    ),
    "no process for credentials": Barred(
        "{folder}/none", "--profile factory", NO_KEYS, "credential_process = {folder}/none"
    ),
    "process without an answer": Barred(
        "^(?!.*--endpoint-url).*credentials",
        "--profile factory",
        NO_KEYS,
        f"credential_process = {sys.executable} -c ''",
    ),
    "no token of SSO": Barred(
        "cannot get the AWS credentials: .*aws sso login",
        "--profile factory",
        NO_KEYS,
        "sso_start_url = https://sso.example\nsso_region = eu-central-1\nsso_account_id = 1\nsso_role_name = r",
    ),
    "no source of a role": Barred(
        'source_profile "nope".*does not exist',
        "--profile factory",
        NO_KEYS,
        f"role_arn = {ROLE}\nsource_profile = nope",
    ),
    "broken configuration file": Barred("configuration file cannot be read: .*config", "--profile factory", {}, "[["),
}

STS_REFUSES = {
    "expired": (CloudFault.error("ExpiredToken", 403, "expired"), "the AWS credentials have expired .*aws sso login"),
    "clock": (
        CloudFault.error("SignatureDoesNotMatch", 403, "Signature expired: 20300101T000000Z is now earlier than 2030"),
        "does not accept this computer's clock .*Signature expired: 20300101.*Set the clock",
    ),
    "signature": (
        CloudFault.error("SignatureDoesNotMatch", 403, "The request signature we calculated does not match HIDDEN"),
        "does not accept the signature .*Check that the secret access key belongs to the access key",
    ),
    "unknown key": (
        CloudFault.error("InvalidClientTokenId", 403, "The security token included in the request is invalid"),
        "AWS does not know these credentials .*aws sts get-caller-identity",
    ),
    "throttled": (CloudFault.THROTTLE, "too many requests.*Try again later"),
    "down": (CloudFault.error("ServiceUnavailable", 503, "down"), "AWS failed at sts:GetCallerIdentity: down.*again"),
    "broken": (CloudFault.BREAK_BEFORE, "AWS cannot be reached at sts:GetCallerIdentity"),
    "a proxy's page": (
        CloudFault.page(403),
        r"http://127\.0\.0\.1:\d+ answered sts:GetCallerIdentity with a web page \(HTTP 403\)",
    ),
    "a gateway's page": (
        CloudFault.page(502),
        r"answered sts:GetCallerIdentity with a web page \(HTTP 502\).*Try again\.",
    ),
    "garbage": (CloudFault.GARBAGE, r"answered sts:GetCallerIdentity with a web page \(HTTP 200\).*--endpoint-url"),
}

ASKED_FIRST = {
    "GetCallerIdentity": "",
    "DescribeEndpoint": "",
    "DescribeThingType": "--thing-type lamps",
    "DescribeThingGroup": "--thing-group hall",
    "DescribeProvisioningTemplate": "--template lamps",
    "ListCACertificates": "--ca ca",
    "DescribeCACertificate": "--ca ca",
}
"""What is asked before the chip is touched, and the options that have it asked."""
MUST_ANSWER = {"GetCallerIdentity", "DescribeProvisioningTemplate"}
"""Those without whose answer there is nothing to go on with."""


@pytest.fixture
def prepared(cli: Cli, cloud: Cloud) -> None:
    """All that :data:`ASKED_FIRST` asks for is there."""
    assert cli("ca", "init", "--no-passphrase", "ca").code == 0
    ca = Path("ca", "ca.pem").read_text()
    cloud.iot.register_ca_certificate(caCertificate=ca, certificateMode="SNI_ONLY", setAsActive=True)
    cloud.iot.create_thing_type(thingTypeName="lamps")
    cloud.iot.create_thing_group(thingGroupName="hall")
    properties = {"CertificateId": {"Ref": "AWS::IoT::Certificate::Id"}}
    body = json.dumps({"Resources": {"certificate": {"Type": "AWS::IoT::Certificate", "Properties": properties}}})
    cloud.iot.create_provisioning_template(templateName="lamps", templateBody=body, provisioningRoleArn=ROLE)


@pytest.mark.parametrize("name", sampled(BARRED, keep=12))
def test_barred(name: str, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    barred, folder = BARRED[name], Path.cwd()
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        closed = reserved.getsockname()[1]
        for variable, value in barred.set.items():
            if value is None:
                monkeypatch.delenv(variable, raising=False)
            else:
                monkeypatch.setenv(variable, value.format(folder=folder, closed=closed))
        if barred.profile:
            Path("config").write_text(f"[profile factory]\n{barred.profile.format(folder=folder)}\n")
            monkeypatch.setenv("AWS_CONFIG_FILE", "config")
        said = refused(cli, cloud, CLOUD, "provision", CONFIG, *barred.typed.format(closed=closed).split())
    assert re.search(barred.line.replace("{folder}", re.escape(str(folder))), said), said
    assert "HIDDEN" not in said
    assert cloud.variables["AWS_SECRET_ACCESS_KEY"] not in said
    assert cloud.calls == []


@pytest.mark.long
@pytest.mark.parametrize("name", STS_REFUSES)
def test_refused_by_sts(name: str, cli: Cli, cloud: Cloud) -> None:
    fault, line = STS_REFUSES[name]
    cloud.fail("GetCallerIdentity", fault)
    said = refused(cli, cloud, CLOUD, "provision", CONFIG)
    assert re.search(line, said), said
    assert "HIDDEN" not in said
    assert cloud.calls == ["GetCallerIdentity"]


def test_a_region_that_there_is_not_is_named(cli: Cli, cloud: Cloud) -> None:
    cloud.fail("GetCallerIdentity", CloudFault.error("UnrecognizedClientException", 403, "no"))
    said = refused(cli, cloud, CLOUD, "provision", CONFIG, "--region", "mars")
    assert "AWS does not know these credentials" in said
    assert "does not know an AWS region mars" in said
    said = refused(cli, cloud, CLOUD, "provision", CONFIG, "--region", "eu-centrl-1")
    assert "did you mean 'eu-central-1'?" in said
    assert "mars" not in refused(cli, cloud, CLOUD, "provision", CONFIG, "--region", "eu-west-1")


@pytest.mark.usefixtures("prepared")
class TestAskedFirst:
    @pytest.mark.long
    def test_what_is_prepared_is_good(self, cli: Cli, cloud: Cloud) -> None:
        for options in dict.fromkeys(ASKED_FIRST.values()):
            assert cli("--port", CHIP, "provision", CONFIG, *options.split(), "--dry-run").code == 0, options
        assert set(cloud.calls) == set(ASKED_FIRST)

    @pytest.mark.long
    @pytest.mark.parametrize("operation", sampled(sorted(ASKED_FIRST.keys() - MUST_ANSWER), keep=1))
    def test_a_question_that_may_not_be_asked(self, cli: Cli, cloud: Cloud, operation: str) -> None:
        """It is a warning with the action's name, and the run goes on to its end."""
        cloud.fail(operation, CloudFault.error("AccessDeniedException", 403, "User is not authorized to perform this"))
        for options in (["--dry-run"], []):
            result = cli("--port", CHIP, "-q", "provision", CONFIG, *ASKED_FIRST[operation].split(), *options)
            assert result.code == 0, result.err
            (warning,) = [line for line in result.err.splitlines() if f"iot:{operation}" in line]
            assert warning.startswith("Warning: ")
            assert f"these credentials do not allow iot:{operation}. Allow iot:{operation}: {OPERATORS}" in warning
        assert [one["status"] for one in cloud.iot.list_certificates()["certificates"]] == ["ACTIVE"]

    @pytest.mark.parametrize("operation", sorted(MUST_ANSWER))
    def test_denied(self, cli: Cli, cloud: Cloud, operation: str) -> None:
        cloud.fail(operation, CloudFault.error("AccessDeniedException", 403, "User is not authorized to perform this"))
        said = refused(cli, cloud, CLOUD, "provision", CONFIG, *ASKED_FIRST[operation].split())
        action = f"{'sts' if operation == 'GetCallerIdentity' else 'iot'}:{operation}"
        assert f"AWS denies these credentials {action}" in said
        words = "AWS needs no permission" if action.startswith("sts:") else f"Allow {action}: {OPERATORS}"
        assert words in said

    @pytest.mark.parametrize("operation", sampled(ASKED_FIRST, keep=2))
    def test_answered_with_garbage(self, cli: Cli, cloud: Cloud, operation: str) -> None:
        """As a network answers that wants its user to log in first."""
        cloud.fail(operation, CloudFault.GARBAGE)
        said = refused(cli, cloud, CLOUD, "provision", CONFIG, *ASKED_FIRST[operation].split())
        assert f":{operation} with a web page (HTTP 200)" in said
        assert "<" not in said


@pytest.mark.parametrize(("status", "passes"), [(302, False), (404, False), (501, False), (502, True)])
def test_pages(cli: Cli, cloud: Cloud, status: int, *, passes: bool) -> None:
    """A proxy's own, which is to be mended, and a gateway's, which passes by itself."""
    cloud.fail("DescribeEndpoint", CloudFault.page(status))
    said = refused(cli, cloud, CLOUD, "provision", CONFIG)
    assert f"{cloud.url} answered iot:DescribeEndpoint with a web page (HTTP {status})" in said
    assert ("Try again" in said) is passes
    assert "<" not in said


def test_what_the_endpoint_does_not_implement(cli: Cli, cloud: Cloud) -> None:
    """As stand-ins for AWS answer: asking again will not change it."""
    cloud.fail("DescribeEndpoint", CloudFault.error("NotImplemented", 501, "no such operation"))
    said = refused(cli, cloud, CLOUD, "provision", CONFIG)
    assert "does not implement iot:DescribeEndpoint" in said
    assert "again" not in said


@pytest.mark.long
@pytest.mark.parametrize("operation", sampled(["AttachThingPrincipal", "AttachPolicy", "UpdateCertificate"], keep=1))
def test_garbage_is_no_consent(cli: Cli, cloud: Cloud, operation: str) -> None:
    """AWS answers these with nothing, so that a network's own page must not be taken for it."""
    cloud.fail(operation, CloudFault.GARBAGE, times=1)
    result = cli("--port", CHIP, "provision", CONFIG)
    assert (result.code, result.out) == (CLOUD, ""), result
    assert f"iot:{operation}" in result.errors[0]
    assert [one["status"] for one in cloud.iot.list_certificates()["certificates"]] == ["INACTIVE"]
    assert cli("--port", CHIP, "provision", CONFIG).code == 0
    (certificate,) = cloud.iot.list_certificates()["certificates"]
    assert certificate["status"] == "ACTIVE"
    assert cloud.iot.list_attached_policies(target=certificate["certificateArn"])["policies"] != []
    assert cloud.iot.list_principal_things(principal=certificate["certificateArn"])["things"] == ["my_thing"]


class TestRoles:
    @pytest.mark.long
    def test_one_that_may_not_be_taken(self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
        Path("config").write_text(f"[profile factory]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", "config")
        cloud.fail(
            "AssumeRole", CloudFault.error("AccessDenied", 403, f"not authorized to perform: sts:AssumeRole on {ROLE}")
        )
        said = refused(cli, cloud, CLOUD, "provision", CONFIG, "--profile", "factory")
        assert cloud.calls == ["AssumeRole"]
        assert "sts:AssumeRole" in said
        assert "Allow sts:GetCallerIdentity" not in said

    @pytest.mark.long
    def test_botocores_own_log_is_not_for_users(
        self, cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """In a process of its own, where Python prints the warnings that nobody takes; botocore's is a traceback."""
        (tmp_path / "config").write_text(f"[profile factory]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", "config")
        cloud.fail("AssumeRole", CloudFault.error("AccessDenied", 403, "not authorized"))
        done = run_process([*OPTIGA, "--port", CHIP, "provision", str(CONFIG), "--profile", "factory"], tmp_path)
        assert (done.returncode, done.stdout) == (CLOUD, "")
        template, last = done.stderr.splitlines()  # the chip's file is not there yet
        assert template.startswith("The policy template is ")
        assert last.startswith("Error: AWS ")


class TestOtherCommands:
    def test_register_without_the_endpoint(self, cli: Cli, cloud: Cloud) -> None:
        cloud.fail("DescribeEndpoint", CloudFault.error("AccessDeniedException", 403, "no"))
        result = cli("--port", CHIP, "-q", "register", "--query", "[endpoint, certificate_arn != null]")
        assert (result.code, json.loads(result.out)) == (0, [None, True]), result
        assert f"Allow iot:DescribeEndpoint: {OPERATORS}" in result.err

    def test_ca_register(self, cli: Cli, cloud: Cloud) -> None:
        assert cli("ca", "init", "--no-passphrase", "ca").code == 0
        for operation in ("GetRegistrationCode", "ListCACertificates", "GetCallerIdentity"):
            cloud.fail(operation, CloudFault.error("AccessDeniedException", 403, "no"))
            said = refused(cli, cloud, CLOUD, "ca", "register", "ca")
            assert (f"Allow iot:{operation}: {OPERATORS}" in said) is (operation != "GetCallerIdentity"), said

    @pytest.mark.long
    def test_deprovision_with_another_accounts_credentials(
        self, cli: Cli, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert cli("--port", CHIP, "provision", CONFIG).code == 0
        said = refused(cli, cloud, CLOUD, "deprovision", "--yes", "--region", "eu-west-1")
        assert (
            f"in account {cloud.account}, eu-central-1, but the connection is to account {cloud.account}, eu-west-1"
            in said
        )
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        assert cli("--port", CHIP, "deprovision", "--yes").code == 0
        assert "DeleteCertificate" in changes(cloud)
