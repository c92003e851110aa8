"""What fails before AWS is asked: the sources of credentials, and the settings that all programs of AWS share."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from optiga.errors import Reason

if TYPE_CHECKING:
    from types import FrameType

    from botocore.session import Session as CoreSession

_CORRECT = "Correct or remove the value"
LOG_IN = "Log in again (aws sso login), or get new credentials"

_FETCHING = ("botocore.credentials", "botocore.tokens", "botocore.auth")
"""Modules in which whatever Python raises is a fault of the credentials, not of AWS's answer."""
_PROCESS = "custom-process"
_SOURCES = {
    _PROCESS: (
        "credential_process",
        "Run the program of credential_process: it must print JSON with Version 1, AccessKeyId, SecretAccessKey and, "
        "if the credentials expire, SessionToken and Expiration (such as 2030-01-01T00:00:00Z)",
    ),
    "env": (
        "the environment variables",
        "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN again. AWS_CREDENTIAL_EXPIRATION, if it is "
        "set, must be a time such as 2030-01-01T00:00:00Z",
    ),
    "container-role": (
        "the container",
        "Check the environment variables that begin with AWS_CONTAINER_",
    ),
    "iam-role": (
        "the instance metadata of EC2",
        "Check the environment variables that begin with AWS_EC2_METADATA_",
    ),
    "assume-role-with-web-identity": (
        "the web identity",
        "Check web_identity_token_file in ~/.aws/config, or the environment variable AWS_WEB_IDENTITY_TOKEN_FILE",
    ),
    "assume-role": ("the role", "Check role_arn and the other settings of the role in ~/.aws/config"),
    "sso": ("the single sign-on", LOG_IN),
    "login": ("aws login", "Log in again (aws login)"),
}
"""Where credentials come from, by botocore's names: for people, and what to do."""
_ROLE_SETTINGS = {
    "RoleArn": "role_arn",
    "RoleSessionName": "role_session_name",
    "DurationSeconds": "duration_seconds",
    "SerialNumber": "mfa_serial",
    "ExternalId": "external_id",
    "WebIdentityToken": "web_identity_token_file",
}
_PARAMETER = re.compile(r"\bparameter (\w+)")
_INTEGERS = ("max_attempts", "metadata_service_timeout", "metadata_service_num_attempts")
_SETTINGS = {
    "InvalidRetryModeError": "retry_mode",
    "InvalidMaxRetryAttemptsError": "max_attempts",
    "InvalidDefaultsMode": "defaults_mode",
    "InvalidSTSRegionalEndpointsConfigError": "sts_regional_endpoints",
    "InvalidIMDSEndpointError": "ec2_metadata_service_endpoint",
    "InvalidIMDSEndpointModeError": "ec2_metadata_service_endpoint_mode",
}
"""Which setting an error of botocore is about; that of others stands in their text."""
_NO_BUNDLE = re.compile(r"\[(?:Errno (?:2|13|20|21)|X509: \w+)\] ([^(]*[^( ])")
_NAMED_SETTINGS = (
    "request_checksum_calculation",
    "response_checksum_validation",
    "account_id_endpoint_mode",
    "request_min_compression_size_bytes",
)


@dataclass(frozen=True, slots=True)
class SetupFault:
    """A fault of what is on this computer.

    :param said: what is wrong, for people.
    :param hint: what to do.
    """

    said: str
    hint: str
    reason: Reason = Reason.NO_CREDENTIALS


def wrong_integer(core: CoreSession) -> SetupFault | None:
    """The first setting that must be an integer and is none: botocore names neither the setting nor where it is."""
    for name in _INTEGERS:
        try:
            core.get_config_variable(name)
        except (ValueError, TypeError):  # the latter of nested settings
            value = os.environ.get(_variable(name), core.get_scoped_config().get(name))
            return SetupFault(f"{_place(name)} must be an integer, not {value!r}", _CORRECT, Reason.BAD_VALUE)
    return None


def setup_fault(error: Exception, said: str) -> SetupFault | None:
    """What is wrong with the credentials or the settings, if that is what an error of botocore or Python is about.

    :param said: the error's text, on one line.
    """
    from botocore import exceptions as known

    if isinstance(error, known.BotoCoreError):
        kinds = (_setting, _profile, _role, _process, _bundle)
        return next(filter(None, (kind(error, said) for kind in kinds)), None)
    if isinstance(error, known.ClientError) or not _frames(error):
        return None
    method, profile = _source(error)
    source, hint = _SOURCES.get(method, ("", "Check ~/.aws and the environment variables that begin with AWS_"))
    source = f" from {source}{f' of the profile {profile}' if profile else ''}" if source else ""
    if type(error) is RuntimeError and "expired" in said:
        return SetupFault(f"the AWS credentials{source} have expired", LOG_IN if method != "env" else hint)
    if isinstance(error, OSError) and method == _PROCESS:
        hint = "Correct credential_process in ~/.aws/config"
    return SetupFault(f"cannot get the AWS credentials{source}: {_why(error, said)}", hint, _reason(error))


def _why(error: Exception, said: str) -> str:
    """What Python says, where it helps people."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, (json.JSONDecodeError, RecursionError)):
        return "the output is not valid JSON"
    if isinstance(error, UnicodeError):
        return "the text is not valid UTF-8"
    if isinstance(error, (TypeError, AttributeError, LookupError, OverflowError)):
        return "they are incomplete or have a wrong form"
    return said


def _reason(error: Exception) -> Reason:
    return Reason.NOT_FOUND if isinstance(error, FileNotFoundError) else Reason.NO_CREDENTIALS


def _setting(error: Exception, said: str) -> SetupFault | None:
    name = _SETTINGS.get(type(error).__name__) or next((name for name in _NAMED_SETTINGS if name in said), None)
    return SetupFault(f"{_place(name)} is not valid: {said}", _CORRECT, Reason.BAD_VALUE) if name else None


def _profile(error: Exception, said: str) -> SetupFault | None:
    from botocore import exceptions as known

    if isinstance(error, known.InfiniteLoopConfigError):
        visited = [*error.kwargs.get("visited_profiles", ()), error.kwargs.get("source_profile", "")]
        return SetupFault(
            f"the profiles of AWS form a loop: {' → '.join(map(str, visited))}",
            "Correct source_profile in ~/.aws/config: one of these profiles must have credentials of its own",
            Reason.BAD_VALUE,
        )
    if isinstance(error, known.InvalidConfigError):
        return SetupFault(f"AWS's configuration is not valid: {said}", "Correct ~/.aws/config", Reason.BAD_VALUE)
    return None


def _role(error: Exception, said: str) -> SetupFault | None:
    from botocore import exceptions as known

    if not isinstance(error, known.ParamValidationError) or not _frames(error):
        return None
    found = _PARAMETER.search(said)
    name = _ROLE_SETTINGS.get(found[1] if found else "", "the settings of the role")
    said = said.partition("validation failed: ")[2] or said
    return SetupFault(f"cannot get the AWS credentials of the role: {said}", f"Correct {name} in ~/.aws/config")


def _process(error: Exception, said: str) -> SetupFault | None:
    """A program that has failed, or has printed something else than credentials."""
    from botocore import exceptions as known

    if not isinstance(error, known.CredentialRetrievalError) or error.kwargs.get("provider") != _PROCESS:
        return None
    said = said.partition(f"{_PROCESS}:")[2].strip() or "the program has failed and says nothing"
    source, hint = _SOURCES[_PROCESS]
    profile = _source(error)[1]
    return SetupFault(
        f"cannot get the AWS credentials from {source}{f' of the profile {profile}' if profile else ''}: {said}",
        f"Get new credentials if they have expired. {hint}",
    )


def _bundle(error: Exception, said: str) -> SetupFault | None:
    """A file of trusted certificates that OpenSSL cannot load; botocore takes that for a certificate of AWS."""
    from botocore import exceptions as known

    found = _NO_BUNDLE.search(said) if isinstance(error, known.SSLError) else None
    if found is None:
        return None
    places = ["ca_bundle in ~/.aws/config"]
    if path := os.environ.get("AWS_CA_BUNDLE"):
        places = [f"the environment variable AWS_CA_BUNDLE ({path})"]
    elif path := os.environ.get("REQUESTS_CA_BUNDLE"):
        places += [f"the environment variable REQUESTS_CA_BUNDLE ({path})"]
    place = " or ".join(places)
    return SetupFault(f"cannot use the trusted certificates of {place}: {found[1]}", _CORRECT, Reason.BAD_VALUE)


def _source(error: Exception) -> tuple[str, str]:
    """Find botocore's name of the source that has failed, and the profile of which it is."""
    method = profile = ""
    for frame in _frames(error):
        provider = frame.f_locals.get("self")
        method = _text(getattr(provider, "METHOD", None) or getattr(provider, "method", None)) or method
        profile = _text(getattr(provider, "_profile_name", None)) or profile
    return method, profile


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _frames(error: Exception) -> list[FrameType]:
    """The calls of botocore's that were about credentials, the innermost last."""
    return [frame for frame in _calls(error) if frame.f_globals.get("__name__") in _FETCHING]


def _calls(error: Exception) -> Iterator[FrameType]:
    at = error.__traceback__
    while at is not None:
        yield at.tb_frame
        at = at.tb_next


def _variable(name: str) -> str:
    return f"AWS_{name.upper()}"


def _place(name: str) -> str:
    """Where a setting has its value: the environment comes first."""
    if _variable(name) in os.environ:
        return f"the environment variable {_variable(name)}"
    return f"{name} in ~/.aws/config"
