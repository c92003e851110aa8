"""What AWS and the way to it say, as one line each: what was asked, why it failed, what to do."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from optiga.cloud.aws.loopback import endpoint_variables, unreachable_hint
from optiga.cloud.aws.setup_faults import LOG_IN, setup_fault
from optiga.cloud.aws.templates import OPERATOR, own_template
from optiga.errors import CloudError, ConfigurationError, OptigaError, Reason, naming
from optiga.files.activity import Activity
from optiga.naming import pip_install

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

T = TypeVar("T")

NOT_FOUND = "ResourceNotFoundException"
ALREADY_EXISTS = "ResourceAlreadyExistsException"
INVALID = "InvalidRequestException"
CONFLICT = "DeleteConflictException"
STATE = "CertificateStateException"

_DENIED = {
    "NotAuthorized",
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedException",
    "UnauthorizedOperation",
    "Forbidden",
}
_DENIED_ACTION = re.compile(r"not authorized to perform: ([a-z]+:\w+)")
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_UNKNOWN_KEY = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "AuthFailure",
    "IncompleteSignature",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
}
_SIGNATURE = {"SignatureDoesNotMatch", "InvalidSignatureException"}
_CLOCK = {"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"}
THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "ThrottledException",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestLimitExceeded",
    "TooManyRequestsException",
}
_CONFLICTS = {ALREADY_EXISTS, CONFLICT, STATE, "ConflictException", "ConflictingResourceUpdateException"}
_NOT_IMPLEMENTED = 501
_LONGEST_WAIT_S = 20.0
_LONGEST_TEXT = 500
_LONGEST_VALUE = 60
_VALUE = re.compile(rf"'([^']{{{_LONGEST_VALUE + 1},}})' at '")
"""A long value in what AWS says of one that it does not take: ``Value '…' at 'name' failed to satisfy constraint``."""


class AwsError(CloudError):
    """AWS refused or could not be asked.

    :param code: AWS's code of the error, for example ``ResourceNotFoundException``; empty if there was no answer.
    :param answer: what else AWS answered.
    :param denied: the action that the credentials are not allowed, as IAM names it; empty for any other error.
    :param reason: that of the code where it is None.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        code: str = "",
        answer: Mapping[str, Any] | None = None,
        denied: str = "",
        reason: Reason | None = None,
        parameter: str = "",
    ) -> None:
        super().__init__(message, hint=hint, reason=reason or _reason_of(code), parameter=parameter)
        self.code = code
        self.denied = denied
        self.answer: Mapping[str, Any] = answer or {}

    @property
    def is_denied(self) -> bool:
        """Whether it is only that these credentials may not ask; the hint then names the action."""
        return self.code in _DENIED or self.code in ("401", "403")

    @property
    def is_unanswered(self) -> bool:
        """Whether it is a question to AWS IoT that these credentials may not ask.

        With credentials that hold for nothing all else would fail, too, so that is none.
        """
        return self.denied.startswith("iot:")


class NoAccountError(AwsError):
    """Nothing says with which account to work: there may be none."""

    def __init__(self, message: str, *, hint: str, reason: Reason) -> None:
        super().__init__(message, hint=hint, reason=reason)
        self.advise("For a trial without an AWS account, start 'python -m optiga.testing.aws'")


@contextmanager
def asking(action: str, about: str = "") -> Iterator[None]:
    """Where AWS is asked.

    :param action: as IAM names it, for example ``iot:CreateThing``.
    :param about: what is concerned, for messages, for example ``thing lamp``.
    :raises AwsError: for whatever botocore raises there.
    """
    from botocore.exceptions import BotoCoreError, ClientError, UndefinedModelAttributeError
    from botocore.parsers import ResponseParserError

    subject = f"{action} ({about})" if about else action
    try:
        yield
    except ClientError as error:
        raise _refusal(error, action, subject) from error
    except OptigaError:
        raise
    except ResponseParserError as error:
        raise _bad_answer(error, subject) from error
    except Exception as error:
        if fault := setup_fault(error, _one_line(error).rstrip(".")):
            raise AwsError(fault.said, hint=fault.hint, reason=fault.reason) from error
        if isinstance(error, BotoCoreError):
            raise _failure(error, subject) from error
        if isinstance(error, (LookupError, TypeError, AttributeError)):
            raise _bad_answer(error, subject) from error
        if not isinstance(error, (OSError, ValueError, UndefinedModelAttributeError)):
            raise
        raise AwsError(  # of files, processes and settings
            f"cannot send {subject} to AWS: the credentials or settings are wrong: {_one_line(error)}",
            hint="Check ~/.aws and the environment variables that begin with AWS_",
            reason=Reason.BAD_VALUE,
        ) from error


def _bad_answer(error: Exception, subject: str) -> AwsError:
    return AwsError(
        f"AWS answered {subject} with an invalid answer: {_one_line(error)}",
        hint=naming(
            "Check whether the network needs a login in the browser, whether a proxy interferes, and whether the "
            "endpoint ({endpoint_url}, {variables}) is one of AWS IoT",
            variables=endpoint_variables(),
        ),
        reason=Reason.BAD_ANSWER,
    )


@contextmanager
def ignoring(code: str) -> Iterator[None]:
    """Where one answer of AWS is as good as none: the block ends there, and what follows it goes on.

    :param code: for example :data:`NOT_FOUND`.
    """
    try:
        yield
    except AwsError as error:
        if error.code != code:
            raise


def ask_again(ask: Callable[[], T], codes: Collection[str], attempts: int, notice: Callable[[str], None]) -> T:
    """What AWS answers in the end; for what botocore may not ask again by itself.

    :param codes: the errors that are over in a while.
    :param attempts: how often to ask.
    :param notice: is told when it takes long.
    :raises AwsError: the last one.
    """
    for attempt in range(1, attempts):
        try:
            return ask()
        except AwsError as error:
            if error.code not in codes:
                raise
            if attempt >= 2:
                notice(f"AWS does not answer yet ({error.message}); attempt {attempt + 1}")
            with Activity(lambda: "Waiting to ask AWS again"):
                time.sleep(min(_LONGEST_WAIT_S, random.random() * 2 ** (attempt - 1)))  # noqa: S311
    return ask()


def _refusal(error: ClientError, action: str, subject: str) -> AwsError:
    """AWS has answered, with an error."""
    details: Mapping[str, Any] = error.response.get("Error", {})
    code = str(details.get("Code") or "")
    said = _one_line(details.get("Message") or error.response.get("message") or code or "no reason given").rstrip(".")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message, hint, denied = f"AWS refused {subject}: {said}", "", ""
    reason = None
    if code in _DENIED or (status in (401, 403) and not code):
        if error.operation_name not in ("", action.partition(":")[2]):  # a role's credentials, fetched on the way
            action = f"sts:{error.operation_name}"
            subject = f"{action}, on the way to {subject}"
        message = f"AWS denies these credentials {subject}: {said}"
        if named := _DENIED_ACTION.search(said):  # what it takes on the way, as RegisterThing what a template says
            action = named[1]
        denied = action
        hint = _how_to_allow(action)
        if "MultiFactorAuthentication failed" in said:
            hint = "Wait for the next code of the MFA device and enter it"
    elif code in _EXPIRED:
        message, hint = f"the AWS credentials have expired ({code} at {subject})", LOG_IN
    elif code in _CLOCK or (code in _SIGNATURE and ("expired" in said.lower() or "not yet" in said.lower())):
        message, hint = f"AWS does not accept this computer's clock at {subject}: {said}", "Set the clock"
        reason = Reason.EXPIRED
    elif code in _SIGNATURE:
        message = f"AWS does not accept the signature of {subject}"
        hint = "Check that the secret access key belongs to the access key ID"
    elif code in _UNKNOWN_KEY:
        message = f"AWS does not know these credentials ({code} at {subject})"
        hint = (
            "Check the credentials with 'aws sts get-caller-identity', and whether the region is enabled for the "
            "account"
        )
    elif code in THROTTLED:
        message, hint = f"AWS refused {subject}: too many requests", "Try again later"
    elif code == "LimitExceededException":
        hint = "The account's limit is reached: delete resources that are no longer used, or ask AWS for a higher limit"
        reason = Reason.OUT_OF_SPACE
    elif status == _NOT_IMPLEMENTED:
        message = f"the endpoint does not implement {subject}: {said}"
        hint = naming(
            "Check the endpoint ({endpoint_url}, {variables}): is it one of AWS?", variables=endpoint_variables()
        )
        reason = Reason.UNSUPPORTED
    elif status >= 500:
        message, hint = f"AWS failed at {subject}: {said}", "Try again to continue"
        reason = Reason.UNREACHABLE
    code = code or str(status)
    return AwsError(message, hint=hint, code=code, answer=error.response, denied=denied, reason=reason)


def _how_to_allow(action: str) -> str:
    """What to do about an action that is denied; the operator's template lists those of AWS IoT."""
    if action == "sts:GetCallerIdentity":
        return (
            "AWS needs no permission for this action, so something denies it explicitly: check the policy of a VPC "
            "endpoint for STS, and the policies of the organization"
        )
    if action.startswith("iot:"):
        return f"Allow {action}: {own_template(OPERATOR)} lists every action that is needed"
    if action.startswith("sts:"):
        return f"Allow {action} to the credentials that ask for the role's, and in the trust policy of the role"
    return f"Allow {action}"


def _reason_of(code: str) -> Reason:
    """What kind of fault it is, as far as AWS's code tells; the code is an HTTP status where there is no other."""
    if code in _DENIED or code in ("401", "403"):
        return Reason.DENIED
    if code in _EXPIRED | _UNKNOWN_KEY | _SIGNATURE:
        return Reason.NO_CREDENTIALS
    if code in _CLOCK:
        return Reason.EXPIRED
    if code in THROTTLED or code == "429":
        return Reason.THROTTLED
    if code == NOT_FOUND:
        return Reason.NOT_FOUND
    if code in _CONFLICTS:
        return Reason.CONFLICT
    return Reason.REFUSED


def _failure(error: Exception, subject: str) -> OptigaError:
    """There was no answer, or nothing could be asked."""
    from botocore import exceptions as known

    said = _one_line(error).rstrip(".")
    if isinstance(error, (known.NoCredentialsError, known.PartialCredentialsError)):
        kind = AwsError if isinstance(error, known.PartialCredentialsError) else NoAccountError
        return kind(
            f"there are no AWS credentials: {said}",
            hint=naming(
                "Use aws configure, aws sso login, {profile=NAME}, or the environment variables AWS_ACCESS_KEY_ID and "
                "AWS_SECRET_ACCESS_KEY"
            ),
            reason=Reason.NO_CREDENTIALS,
        )
    if isinstance(error, known.ProfileNotFound):
        name = error.kwargs.get("profile", "")
        said = f"the AWS profile ({name}) could not be found in AWS's files (~/.aws/config and ~/.aws/credentials)"
        hint = "To list the profiles, use 'aws configure list-profiles'"
        return AwsError(said, hint=hint, reason=Reason.NOT_FOUND, parameter="profile")
    if isinstance(error, (known.ConfigParseError, known.ConfigNotFound)):
        return AwsError(
            f"AWS's configuration file cannot be read: {said}",
            hint="Check ~/.aws/config, or the file in AWS_CONFIG_FILE",
            reason=Reason.NOT_READABLE,
        )
    if isinstance(error, known.InvalidRegionError):
        return AwsError(
            f"the AWS region is not valid: {said}",
            hint=naming(
                "Check the environment variable AWS_REGION and the file ~/.aws/config, or use {region=eu-central-1}"
            ),
            reason=Reason.BAD_VALUE,
        )
    if isinstance(error, known.NoRegionError):
        return NoAccountError(
            f"no AWS region is set: {said}",
            hint=naming("Use {region=eu-central-1}, aws configure, or the environment variable AWS_REGION"),
            reason=Reason.MISSING,
        )
    if isinstance(error, known.MissingDependencyException) and "botocore[crt]" in said:
        return ConfigurationError(
            "the credentials of a profile of 'aws login' need the package awscrt, which is not installed",
            hint=f"""Install this tool with its extra, [login]; or: {pip_install("'botocore[crt]'")}""",
            reason=Reason.NOT_INSTALLED,
        )
    if isinstance(error, getattr(known, "LoginError", ())):  # older releases of botocore have none
        return AwsError(
            f"cannot get the AWS credentials: {said}", hint="Log in again (aws login)", reason=Reason.NO_CREDENTIALS
        )
    sso = (
        known.SSOError,
        known.TokenRetrievalError,
        known.CredentialRetrievalError,
        known.RefreshWithMFAUnsupportedError,
    )
    if isinstance(error, sso):
        return AwsError(f"cannot get the AWS credentials: {said}", hint=LOG_IN, reason=Reason.NO_CREDENTIALS)
    if isinstance(error, known.SSLError):
        otherwise = "Check whether a proxy intercepts the connection"
        return AwsError(
            f"no trusted connection to AWS at {subject}: {said}",
            hint=unreachable_hint(str(error.kwargs.get("endpoint_url", "")), is_open=True, otherwise=otherwise),
            reason=Reason.UNTRUSTED,
        )
    if isinstance(error, known.HTTPClientError) and "Invalid header value" in said:
        return AwsError(  # with the value, which may be a session's token
            "the AWS credentials contain an invalid character",
            hint="Check for a line feed at the end of the credentials",
            reason=Reason.NO_CREDENTIALS,
        )
    bad_url = "Not supported URL scheme" in said or "Invalid endpoint" in said
    if isinstance(error, known.InvalidEndpointConfigurationError) or bad_url:
        return AwsError(said, hint=naming("Give {endpoint_url} a URL such as https://HOST"), reason=Reason.BAD_VALUE)
    if isinstance(error, (known.HTTPClientError, known.ConnectionError)):
        return AwsError(
            f"AWS cannot be reached at {subject}: {said}",
            hint=unreachable_hint(
                str(error.kwargs.get("endpoint_url", "")), is_open=not isinstance(error, known.EndpointConnectionError)
            ),
            reason=Reason.UNREACHABLE,
        )
    return AwsError(f"cannot send {subject} to AWS: {said}", reason=Reason.UNREACHABLE)


def _one_line(value: object) -> str:
    text = " ".join(str(value).split())
    text = _VALUE.sub(lambda found: f"'{found[1][:_LONGEST_VALUE]} …' at '", text)
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]} …"
