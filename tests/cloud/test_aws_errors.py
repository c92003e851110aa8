"""Whatever AWS or botocore says becomes one error of ours: one line, with what to do, and nothing secret in it."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Callable
from string import Formatter
from types import SimpleNamespace
from typing import Any

import pytest
from botocore import exceptions as botocore_exceptions
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, WaiterError
from botocore.parsers import ResponseParserError

from optiga.cloud.aws import errors
from optiga.cloud.aws.errors import NOT_FOUND, THROTTLED, AwsError, ask_again, asking, ignoring
from optiga.errors import CertificateError, CloudError, OptigaError, Reason

ACTION = "iot:CreateThing"
SAID = "It is so."
LIMIT = 1000
"""Most characters of a line that people are asked to read."""


def refusal(
    code: str, status: int = 400, message: str = SAID, operation: str = "CreateThing", **members: object
) -> ClientError:
    """An error that AWS answers with."""
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    response.update(members)
    return ClientError(response, operation)


def translate(error: BaseException, about: str = "thing lamp") -> AwsError:
    """What becomes of an error where AWS is asked."""
    with pytest.raises(AwsError) as raised, asking(ACTION, about):
        raise error
    line = str(raised.value)
    assert "\n" not in line
    assert len(line) < LIMIT
    assert raised.value.__cause__ is error
    return raised.value


def assert_line(error: OptigaError, pattern: str) -> None:
    assert re.search(pattern, str(error)), str(error)


def make(kind: type[Exception]) -> Exception:
    """An exception of botocore's, with some value for whatever it tells."""
    if issubclass(kind, ClientError):
        return refusal("Failure")
    wanted = [name for _, name, _, _ in Formatter().parse(getattr(kind, "fmt", "")) if name]
    more: dict[str, Any] = {"last_response": {}} if kind is WaiterError else {}
    return kind(**dict.fromkeys(wanted, "value"), **more)


KINDS = sorted(
    (
        kind
        for _, kind in inspect.getmembers(botocore_exceptions, inspect.isclass)
        if issubclass(kind, Exception)
        and not issubclass(kind, Warning)
        and kind.__module__ == botocore_exceptions.__name__
    ),
    key=lambda kind: str(kind.__name__),
)

DENIED = "denies these credentials .*It is so. Allow iot:CreateThing: .*operator_iam_policy.json"
EXPIRED = "the AWS credentials have expired .*aws sso login"
UNKNOWN = "AWS does not know these credentials .*aws sts get-caller-identity"
SIGNATURE = "does not accept the signature .*secret access key"
CLOCK = "does not accept this computer's clock .*Set the clock"
BUSY = "too many requests.* Try again later"
LIMITED = "AWS refused .*It is so. The account's limit is reached"
FAILED = "AWS failed at .*It is so. Try again"
OTHER = r"AWS refused iot:CreateThing \(thing lamp\): It is so$"

REFUSALS = [
    ("AccessDenied", 403, DENIED),
    ("AccessDeniedException", 403, DENIED),
    ("UnauthorizedException", 401, DENIED),
    ("NotAuthorized", 400, DENIED),
    ("", 403, DENIED),
    ("", 401, DENIED),
    ("ExpiredToken", 403, EXPIRED),
    ("ExpiredTokenException", 403, EXPIRED),
    ("InvalidClientTokenId", 403, UNKNOWN),
    ("UnrecognizedClientException", 403, UNKNOWN),
    ("IncompleteSignature", 403, UNKNOWN),
    ("MissingAuthenticationToken", 403, UNKNOWN),
    ("MissingAuthenticationTokenException", 403, UNKNOWN),
    ("SignatureDoesNotMatch", 403, SIGNATURE),
    ("InvalidSignatureException", 403, SIGNATURE),
    ("RequestExpired", 400, CLOCK),
    ("RequestTimeTooSkewed", 403, CLOCK),
    ("Throttling", 400, BUSY),
    ("ThrottlingException", 400, BUSY),
    ("TooManyRequestsException", 429, BUSY),
    ("LimitExceededException", 410, LIMITED),
    ("InternalFailureException", 500, FAILED),
    ("ServiceUnavailableException", 503, FAILED),
    ("503", 503, FAILED),
    ("InvalidRequestException", 400, OTHER),
    ("SomethingNewException", 418, OTHER),
    ("ResourceNotFoundException", 404, OTHER),
]

REASONS = {
    DENIED: Reason.DENIED,
    EXPIRED: Reason.NO_CREDENTIALS,
    UNKNOWN: Reason.NO_CREDENTIALS,
    SIGNATURE: Reason.NO_CREDENTIALS,
    CLOCK: Reason.EXPIRED,
    BUSY: Reason.THROTTLED,
    LIMITED: Reason.OUT_OF_SPACE,
    FAILED: Reason.UNREACHABLE,
    OTHER: Reason.REFUSED,
}
"""What each kind of refusal is to a program; a thing that is not there is an answer that many go on with."""


class TestRefusals:
    @pytest.mark.parametrize(("code", "status", "line"), REFUSALS)
    def test_each_family(self, code: str, status: int, line: str) -> None:
        error = translate(refusal(code, status))
        assert error.code == (code or str(status))
        assert_line(error, line)
        assert error.reason is (Reason.NOT_FOUND if code == NOT_FOUND else REASONS[line])
        assert "iot:CreateThing (thing lamp)" in error.message

    @pytest.mark.parametrize("code", ["ResourceAlreadyExistsException", "DeleteConflictException"])
    def test_a_conflict(self, code: str) -> None:
        assert translate(refusal(code, 409)).reason is Reason.CONFLICT

    @pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InvalidSignatureException"])
    @pytest.mark.parametrize(
        "message",
        [
            "Signature expired: 20300101T000000Z is now earlier than 20300101T010000Z (20300101T011500Z - 15 min.)",
            "Signature not yet current: 20300101T020000Z is still later than 20300101T011500Z",
        ],
    )
    def test_a_signature_of_another_time(self, code: str, message: str) -> None:
        assert translate(refusal(code, 403, message)).reason is Reason.EXPIRED
        assert_line(translate(refusal(code, 403, message)), CLOCK.replace(" .*", f".*: {message[:20]}.*"))

    def test_what_aws_has_signed_is_not_told(self) -> None:
        """AWS repeats the whole request where the signature is wrong, a session's token included."""
        message = "The Canonical String for this request should have been\n'POST\n/\nx-amz-security-token:TOKEN'"
        assert "TOKEN" not in str(translate(refusal("SignatureDoesNotMatch", 403, message)))

    def test_an_action_that_aws_takes_itself_on_the_way(self) -> None:
        """RegisterThing does what its template says with the credentials of whoever asks."""
        said = "User: arn:aws:iam::1:user/x is not authorized to perform: iot:CreatePolicy on resource: arn:aws:iot:p"
        error = translate(refusal("AccessDeniedException", 403, said))
        assert_line(error, "denies these credentials iot:CreateThing .* Allow iot:CreatePolicy: .*operator_iam")

    def test_a_wrong_code_of_an_mfa_device(self) -> None:
        said = "MultiFactorAuthentication failed with invalid MFA one time pass code."
        line = str(translate(refusal("AccessDenied", 403, said, operation="AssumeRole")))
        assert "next code" in line
        assert "trust policy" not in line

    def test_what_else_aws_has_answered(self) -> None:
        error = translate(refusal("ResourceAlreadyExistsException", 409, resourceId="r1"))
        assert error.answer["resourceId"] == "r1"

    def test_lines_of_aws_become_one(self) -> None:
        assert "first second" in translate(refusal("X", 400, "first\r\n\tsecond")).message

    def test_a_page_is_not_a_line(self) -> None:
        """A proxy's page with a status of its own."""
        translate(refusal("", 403, "<html>" + "<p>Blocked</p>" * 5000))

    @pytest.mark.parametrize("response", [{}, {"Error": {}}, {"message": "why"}, {"Error": {"Code": None}}])
    def test_answers_with_little_in_them(self, response: Any) -> None:
        error = translate(ClientError(response, "CreateThing"))
        assert ("why" if "message" in response else "no reason given") in error.message

    def test_without_a_subject(self) -> None:
        assert translate(refusal("X"), "").message == "AWS refused iot:CreateThing: It is so"

    def test_another_action_than_the_one_asked(self) -> None:
        """Credentials of a role are fetched on the way, which needs a permission of its own."""
        line = str(translate(refusal("AccessDenied", 403, operation="AssumeRole")))
        assert "AssumeRole" in line
        assert "Allow iot:CreateThing" not in line


FAILURES: dict[str, tuple[Callable[[], Exception], str]] = {
    "no credentials": (botocore_exceptions.NoCredentialsError, "no AWS credentials.*AWS_ACCESS_KEY_ID"),
    "half credentials": (
        lambda: botocore_exceptions.PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"),
        "no AWS credentials: .*missing: AWS_SECRET_ACCESS_KEY.*aws configure",
    ),
    "profile": (
        lambda: botocore_exceptions.ProfileNotFound(profile="factory"),
        "profile .factory. could not be found.*aws configure list-profiles",
    ),
    "configuration file": (
        lambda: botocore_exceptions.ConfigParseError(path="/aws/config"),
        "configuration file cannot be read: .*/aws/config",
    ),
    "no region": (botocore_exceptions.NoRegionError, "no AWS region is set.*region='eu-central-1'"),
    "region": (
        lambda: botocore_exceptions.InvalidRegionError(region_name="e u"),
        "AWS region is not valid.*'e u'.*region='eu-central-1'",
    ),
    "endpoint": (
        lambda: botocore_exceptions.InvalidEndpointConfigurationError(msg="x"),
        "Invalid endpoint.*'endpoint_url'",
    ),
    "nobody there": (
        lambda: botocore_exceptions.EndpointConnectionError(endpoint_url="https://iot.example"),
        "cannot be reached at iot:CreateThing .*https://iot.example.*Check the network",
    ),
    "nobody at this computer": (
        lambda: botocore_exceptions.EndpointConnectionError(endpoint_url="http://localhost:4566"),
        "^(?!.*HTTPS_PROXY).*cannot be reached at iot:CreateThing .*'endpoint_url'.*AWS_ENDPOINT_URL",
    ),
    "closed by this computer": (
        lambda: botocore_exceptions.ConnectionClosedError(endpoint_url="http://127.0.0.1:4566"),
        "^(?!.*HTTPS_PROXY).*cannot be reached.*AWS_ENDPOINT_URL",
    ),
    "connecting takes too long": (
        lambda: botocore_exceptions.ConnectTimeoutError(endpoint_url="https://iot.example"),
        "cannot be reached.*HTTPS_PROXY",
    ),
    "answering takes too long": (
        lambda: botocore_exceptions.ReadTimeoutError(endpoint_url="https://iot.example"),
        "cannot be reached.*HTTPS_PROXY",
    ),
    "closed": (
        lambda: botocore_exceptions.ConnectionClosedError(endpoint_url="https://iot.example"),
        "cannot be reached.*HTTPS_PROXY",
    ),
    "proxy": (
        lambda: botocore_exceptions.ProxyConnectionError(proxy_url="http://proxy"),
        "cannot be reached.*http://proxy",
    ),
    "SSL": (
        lambda: botocore_exceptions.SSLError(endpoint_url="https://iot.example", error=ValueError("self-signed")),
        "no trusted connection.*self-signed.*proxy",
    ),
    "SSO": (
        botocore_exceptions.UnauthorizedSSOTokenError,
        "cannot get the AWS credentials: The SSO session .*aws sso login",
    ),
    "SSO's token": (
        lambda: botocore_exceptions.SSOTokenLoadError(error_msg="none"),
        "cannot get the AWS credentials: .*none.*aws sso login",
    ),
    "token": (
        lambda: botocore_exceptions.TokenRetrievalError(provider="sso", error_msg="Token has expired"),
        "cannot get the AWS credentials: .*Token has expired.*aws sso login",
    ),
    "retrieval": (
        lambda: botocore_exceptions.CredentialRetrievalError(provider="custom-process", error_msg="no"),
        "cannot get the AWS credentials from credential_process: no.*new credentials",
    ),
    "others": (
        lambda: botocore_exceptions.ParamValidationError(report="Invalid\nlength"),
        "cannot send iot:CreateThing .*Invalid length",
    ),
}


class TestFailures:
    @pytest.mark.parametrize("name", FAILURES)
    def test_each_kind(self, name: str) -> None:
        build, line = FAILURES[name]
        error = translate(build())
        assert_line(error, line)
        assert (error.code, dict(error.answer)) == ("", {})

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
    def test_nothing_of_botocore_gets_through(self, kind: type[Exception]) -> None:
        translate(make(kind))

    def test_botocore_has_what_it_had(self) -> None:
        assert len(KINDS) > 80
        assert {BotoCoreError, ClientError, HTTPClientError} <= set(KINDS)

    @pytest.mark.parametrize(
        "error",
        [
            FileNotFoundError(2, "No such file or directory", "/token"),  # of a web identity
            PermissionError(13, "Permission denied", "/usr/bin/credentials"),  # a process for credentials
            ValueError("Port out of range 0-65535"),  # of an endpoint's URL
            json.JSONDecodeError("Expecting value", "", 0),  # what a process for credentials prints
            UnicodeEncodeError("idna", "ä..b", 0, 1, "label empty or too long"),
        ],
        ids=lambda error: type(error).__name__,
    )
    def test_nor_what_it_leaves_to_python(self, error: Exception) -> None:
        translate(error)

    @pytest.mark.parametrize(
        "error",
        [ResponseParserError("invalid XML received:\n<html>"), KeyError("thingArn"), TypeError("x"), AttributeError()],
        ids=lambda error: type(error).__name__,
    )
    def test_what_is_no_answer(self, error: Exception) -> None:
        assert_line(translate(error), "answered iot:CreateThing .*an invalid answer.*endpoint_url")

    def test_a_page_is_not_a_line(self) -> None:
        translate(ResponseParserError(f"invalid XML received:\n{b'<p>Log in</p>' * 5000!r}"))

    def test_a_token_that_fits_no_header_is_not_told(self) -> None:
        """As Python's HTTP client says it, within botocore's own words."""
        refused = HTTPClientError(error=ValueError("Invalid header value b'TOKEN\\n'"))
        assert "TOKEN" not in str(translate(refused))

    @pytest.mark.parametrize("error", [AwsError("ours"), CertificateError("ours"), CloudError("ours")])
    def test_our_own_pass(self, error: OptigaError) -> None:
        with pytest.raises(OptigaError) as raised, asking(ACTION):
            raise error
        assert raised.value is error

    def test_an_interruption_passes(self) -> None:
        with pytest.raises(KeyboardInterrupt), asking(ACTION):
            raise KeyboardInterrupt


class TestIgnoring:
    def test_one_code(self) -> None:
        with ignoring(NOT_FOUND), asking(ACTION):
            raise refusal(NOT_FOUND, 404)
        with pytest.raises(AwsError, match="It is so"), ignoring(NOT_FOUND), asking(ACTION):
            raise refusal("InvalidRequestException")


class TestAskingAgain:
    @pytest.fixture(autouse=True)
    def waits(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """How long was waited, without waiting."""
        waits: list[float] = []
        monkeypatch.setattr(errors, "time", SimpleNamespace(sleep=waits.append))
        monkeypatch.setattr(errors, "random", SimpleNamespace(random=lambda: 1.0))
        return waits

    @staticmethod
    def failing(times: int, code: str = "Throttling") -> tuple[Callable[[], str], list[int]]:
        """What succeeds in the end, and how often it was asked."""
        asked: list[int] = []

        def ask() -> str:
            asked.append(len(asked) + 1)
            if len(asked) <= times:
                raise AwsError(f"failure {len(asked)}", code=code)
            return "answer"

        return ask, asked

    def test_until_there_is_an_answer(self, waits: list[float]) -> None:
        notices: list[str] = []
        ask, asked = self.failing(3)
        assert ask_again(ask, THROTTLED, 8, notices.append) == "answer"
        assert asked == [1, 2, 3, 4]
        assert waits == [1.0, 2.0, 4.0]
        assert notices == [
            "AWS does not answer yet (failure 2); attempt 3",
            "AWS does not answer yet (failure 3); attempt 4",
        ]

    @pytest.mark.parametrize("attempts", [1, 2, 8])
    def test_the_last_word_is_awss(self, waits: list[float], attempts: int) -> None:
        ask, asked = self.failing(99)
        with pytest.raises(AwsError, match=f"failure {attempts}$"):
            ask_again(ask, THROTTLED, attempts, lambda _: None)
        assert (len(asked), len(waits)) == (attempts, attempts - 1)

    def test_no_wait_is_endless(self, waits: list[float]) -> None:
        ask, _ = self.failing(30)
        ask_again(ask, THROTTLED, 40, lambda _: None)
        assert max(waits) == 20.0

    def test_other_errors_are_final(self, waits: list[float]) -> None:
        ask, asked = self.failing(1, "InvalidRequestException")
        with pytest.raises(AwsError, match="failure 1"):
            ask_again(ask, THROTTLED, 8, lambda _: None)
        assert (asked, waits) == ([1], [])


def test_a_value_that_aws_gives_back_is_cut() -> None:
    """What the value must be stands behind it."""
    pem = "-----BEGIN CERTIFICATE REQUEST-----\n" + "A" * 5000
    message = f"1 validation error detected: Value '{pem}' at 'csr' failed to satisfy constraint: length up to 4096"
    said = str(translate(refusal("ValidationException", message=message)))
    assert "A" * 100 not in said
    assert "at 'csr' failed to satisfy constraint: length up to 4096" in said
