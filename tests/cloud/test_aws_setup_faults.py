"""What is wrong on this computer before AWS is asked: one line that names the source, the profile or the setting."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES
from botocore.exceptions import EndpointConnectionError, SSLError
from botocore.httpsession import URLLib3Session

from optiga.cloud.aws import role_credentials
from optiga.cloud.aws.connection import AwsOptions, connect
from optiga.cloud.aws.errors import AwsError, asking
from optiga.errors import Reason

KEYS = '"Version": 1, "AccessKeyId": "A", "SecretAccessKey": "S", "SessionToken": "T"'
ROLE = "role_arn = arn:aws:iam::123456789012:role/maker\n"
SSO = "sso_account_id = 1\nsso_role_name = maker\nsso_region = eu-central-1\nsso_start_url = https://sso.example\n"
STATIC = "aws_access_key_id = A\naws_secret_access_key = S\n"
FROM_PROCESS = "credentials from credential_process"
WANTED = "it must print JSON with Version 1"


@pytest.fixture(autouse=True)
def computer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home folder without credentials, and a network on which no host is found."""

    def send(session: URLLib3Session, request: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://sts.example", error="no such host")

    monkeypatch.setattr(URLLib3Session, "send", send)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.chdir(tmp_path)


def failing(profile: str | None = "maker") -> AwsError:
    with pytest.raises(AwsError) as raised:
        connect(AwsOptions("eu-central-1", profile))
    assert "\n" not in str(raised.value)
    assert "endpoint" not in str(raised.value), "it is not the network's fault, nor AWS's"
    return raised.value


def process(printed: str, program: str = "show.py") -> None:
    """A profile whose credentials a program prints."""
    Path("printed").write_text(printed)
    Path("show.py").write_text("import sys\nsys.stdout.write(open('printed').read())\n")
    command = f'"{Path(sys.executable).as_posix()}" -S {program}'
    Path("config").write_text(f"[profile maker]\ncredential_process = {command}\n")


def assert_line(error: AwsError, *patterns: str) -> None:
    for pattern in patterns:
        assert re.search(pattern, str(error)), str(error)


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        (f'{{{KEYS}, "Expiration": "2020-01-01T00:00:00Z"}}', f"{FROM_PROCESS} have expired.*Log in again"),
        (f'{{{KEYS}, "Expiration": "2090-01-01T00:00:00"}}', f"{FROM_PROCESS}: .*wrong form.*{WANTED}"),
        (f'{{{KEYS}, "Expiration": 12}}', f"{FROM_PROCESS} of the profile maker: .*wrong form.*{WANTED}"),
        (f'{{{KEYS}, "Expiration": "soon"}}', f"{FROM_PROCESS} of the profile maker: .*soon.*{WANTED}"),
        (f'{{{KEYS}, "Expiration": "99999999999999999999"}}', f"{FROM_PROCESS} of the profile maker: .*{WANTED}"),
        ("[]", f"{FROM_PROCESS} of the profile maker: .*wrong form.*{WANTED}"),
        ("hello", f"{FROM_PROCESS} of the profile maker: the output is not valid JSON.*{WANTED}"),
        ("", f"{FROM_PROCESS} of the profile maker: the output is not valid JSON.*{WANTED}"),
        ('{"Version": 2}', f"{FROM_PROCESS} of the profile maker: Unsupported version '2'.*{WANTED}"),
        ('{"Version": 1, "AccessKeyId": "A"}', f"{FROM_PROCESS} of the profile maker: .*'SecretAccessKey'.*{WANTED}"),
        ('{"Version": 1, "AccessKeyId": null, "SecretAccessKey": "S"}', "credentials: they are incomplete"),
        ("[" * 100_000, f"{FROM_PROCESS} of the profile maker: "),
    ],
)
def test_what_a_program_prints(printed: str, line: str) -> None:
    process(printed)
    assert_line(failing(), line)


@pytest.mark.parametrize(
    ("command", "line"),
    [
        ("/nonexistent/program --all", "/nonexistent/program.*Correct credential_process"),
        (f'"{Path(sys.executable).as_posix()}" -S -c "raise SystemExit(1)"', "the program has failed and says nothing"),
        (f'"{Path(sys.executable).as_posix()}" -S -c "raise SystemExit(chr(106))"', "of the profile maker: j[.] Get"),
    ],
)
def test_a_program_that_does_not_run(command: str, line: str) -> None:
    Path("config").write_text(f"[profile maker]\ncredential_process = {command}\n")
    error = failing()
    assert_line(error, f"{FROM_PROCESS} of the profile maker: ", line)


@pytest.mark.parametrize(
    ("variables", "line"),
    [
        ({"AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}, "environment variables have expired. Set AWS_ACCESS"),
        ({"AWS_CREDENTIAL_EXPIRATION": "soon"}, "environment variables: .*soon.*AWS_CREDENTIAL_EXPIRATION"),
        ({"AWS_CREDENTIAL_EXPIRATION": "2090-01-01T00:00:00"}, "environment variables: .*AWS_CREDENTIAL_EXPIRATION"),
        ({"AWS_MAX_ATTEMPTS": "abc"}, "environment variable AWS_MAX_ATTEMPTS must be an integer, not 'abc'"),
        ({"AWS_MAX_ATTEMPTS": "0"}, "environment variable AWS_MAX_ATTEMPTS is not valid"),
        ({"AWS_METADATA_SERVICE_TIMEOUT": "1s"}, "AWS_METADATA_SERVICE_TIMEOUT must be an integer, not '1s'"),
        ({"AWS_RETRY_MODE": "hard"}, "environment variable AWS_RETRY_MODE is not valid: .*'standard'"),
        ({"AWS_DEFAULTS_MODE": "hard"}, "environment variable AWS_DEFAULTS_MODE is not valid: .*standard"),
        ({"AWS_REQUEST_CHECKSUM_CALCULATION": "no"}, "variable AWS_REQUEST_CHECKSUM_CALCULATION is not valid"),
    ],
)
def test_environment_variables(variables: dict[str, str], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    is_known = "request_checksum_calculation" in BOTOCORE_DEFAUT_SESSION_VARIABLES
    if "AWS_REQUEST_CHECKSUM_CALCULATION" in variables and not is_known:
        pytest.skip("this botocore does not know the setting")
    for name, value in {"AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "S", **variables}.items():
        monkeypatch.setenv(name, value)
    assert_line(failing(None), line)


def test_a_container(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:1/")
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "none")
    assert_line(failing(None), "from the container: none: No such file.*AWS_CONTAINER_")


@pytest.mark.parametrize(
    ("profile", "line"),
    [
        ("max_attempts = abc\n", "max_attempts in ~/.aws/config must be an integer, not 'abc'"),
        ("max_attempts =\n  x = 1\n", "max_attempts in ~/.aws/config must be an integer"),
        ("retry_mode = hard\n", "retry_mode in ~/.aws/config is not valid"),
        (f"{ROLE}source_profile = other\n", "profiles of AWS form a loop: maker → other → maker.*source_profile"),
        (f"{ROLE}source_profile = nobody\n", "AWS's configuration is not valid: .*nobody.*maker.* Correct"),
        (f"{ROLE}source_profile = maker\ncredential_source = Environment\n", "configuration is not valid: .*maker"),
        ("role_arn = x\nsource_profile = static\n", "credentials of the role: .*RoleArn.* Correct role_arn"),
        (f"{ROLE}source_profile = static\nduration_seconds = 1\n", "minimum|min value: 900.* Correct duration_seconds"),
        (f"{ROLE}web_identity_token_file = none\n", "web identity.*: none: No such file.*web_identity_token_file"),
        ("sso_account_id = 1\n", "AWS's configuration is not valid: .*missing.*sso_role_name"),
        (SSO, "Log in again"),
    ],
)
def test_a_profile(profile: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_MAX_ATTEMPTS")
    others = f"[profile other]\n{ROLE}source_profile = maker\n[profile static]\n{STATIC}"
    Path("config").write_text(f"[profile maker]\n{STATIC if 'role' not in profile else ''}{profile}{others}")
    assert_line(failing(), line)


@pytest.mark.parametrize("why", ["[Errno 2] No such file or directory", "[X509: NO_CERTIFICATE_OR_CRL_FOUND] none (x)"])
@pytest.mark.parametrize(
    ("variables", "place"),
    [
        ({"AWS_CA_BUNDLE": "none.pem"}, "variable AWS_CA_BUNDLE (none.pem)"),
        ({"REQUESTS_CA_BUNDLE": "none.pem"}, "variable REQUESTS_CA_BUNDLE (none.pem)"),
        ({}, "ca_bundle in ~/.aws/config"),
    ],
)
def test_trusted_certificates_that_cannot_be_loaded(
    why: str, variables: dict[str, str], place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AwsError) as raised, asking("sts:GetCallerIdentity"):
        raise SSLError(endpoint_url="https://sts.example", error=why)
    assert place in raised.value.message
    assert "proxy" not in str(raised.value)


def test_a_program_that_is_missing_is_found_out_by_programs() -> None:
    Path("config").write_text("[profile maker]\ncredential_process = /nonexistent/program\n")
    assert failing().reason is Reason.NOT_FOUND


@pytest.mark.parametrize("typed", ["", "123", "1234567", "12345a", "１２３４５６"])
def test_a_code_of_an_mfa_device_is_asked_again(typed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS counts wrong codes, so only what can be one is sent."""
    prompts: list[str] = []
    answers = iter([typed, " 123 456\n"])

    def ask(prompt: str) -> str:
        prompts.append(prompt)
        return next(answers)

    monkeypatch.setattr(role_credentials.getpass, "getpass", ask)
    monkeypatch.setattr(role_credentials.sys.stdin, "isatty", lambda: True)
    assert role_credentials._ask_at_terminal("Enter MFA code for device: ") == "123456"
    assert prompts[0] == "Enter MFA code for device: "
    assert "6 digits" in prompts[1]
