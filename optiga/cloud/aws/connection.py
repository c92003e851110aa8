"""The way to one account in one region: credentials, retries, and who it is that asks."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optiga._version import __version__
from optiga.arguments import check_fields
from optiga.cloud.aws import answers
from optiga.cloud.aws.addresses import check_address, other_endpoint, refuse_open_line
from optiga.cloud.aws.aws_names import check_region
from optiga.cloud.aws.errors import AwsError, NoAccountError, asking
from optiga.cloud.aws.pages import watch_for_pages
from optiga.cloud.aws.patience import TIMEOUT_S, NoSuchHostError, Notice, Patience
from optiga.cloud.aws.role_credentials import share_roles
from optiga.cloud.aws.setup_faults import wrong_integer
from optiga.errors import ConfigurationError, Reason, naming
from optiga.suggestions import suggest

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config
    from botocore.session import Session as CoreSession
    from mypy_boto3_iot import IoTClient

ATTEMPTS = 8
"""How often something is asked that AWS has no time for, unless AWS_MAX_ATTEMPTS or the profile says it."""
LONGEST_CALL_S = 3600.0
"""Longest that one call to AWS may be let take, in seconds."""
_CONNECT_TIMEOUT_S = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AwsOptions:
    """Options of the connection to AWS; None uses AWS's own environment variables and files.

    :param endpoint_url: URL of another endpoint for the AWS services.
    :param allow_http: accept an endpoint on another computer without encryption (``http://``), wherever it is
        configured.
    :param timeout_s: time limit of one call in seconds, including retries; at most 3600.
    :raises ConfigurationError: if the region has no valid name, or there is no such time limit.
    :raises CloudError: if the endpoint is no URL, or is not encrypted.
    """

    region: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    allow_http: bool = False
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        check_fields(self)
        if self.region:
            check_region(self.region)
        _check_url(self.endpoint_url)
        if self.endpoint_url is not None and not self.allow_http:
            check_address(self.endpoint_url)
        if not 0 < self.timeout_s <= LONGEST_CALL_S:
            raise ConfigurationError(
                f"the time limit of a call to AWS cannot be {self.timeout_s} seconds",
                hint=f"At most {LONGEST_CALL_S:.0f}, and more than none",
                parameter="timeout_s",
            )


@dataclass(frozen=True)
class Aws:
    """An account in a region, and clients for it; they may be used by several threads.

    :param iot: asks again by itself where AWS has no time or the line breaks.
    :param iot_once: asks once, for what must not be done twice.
    :param attempts: how often ``iot`` asks.
    :param account: the account's number.
    :param partition: ``aws``, ``aws-cn`` …, the second part of ARNs.
    :param other_endpoint: URL of the endpoint if it is not one of AWS; empty if it is.
    """

    iot: IoTClient = field(repr=False)
    iot_once: IoTClient = field(repr=False)
    attempts: int
    account: str
    region: str
    partition: str
    notice: Notice = field(repr=False)
    other_endpoint: str = field(default="", repr=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What must be known of the connection, one sentence each."""
        if not self.other_endpoint:
            return ()
        return (f"Not AWS: the endpoint {self.other_endpoint} is used instead",)

    def endpoint(self) -> str:
        """Host name that devices of this account connect to (``iot:Data-ATS``).

        :raises AwsError: if AWS does not tell.
        """
        with asking("iot:DescribeEndpoint"):
            address = self.iot.describe_endpoint(endpointType="iot:Data-ATS")["endpointAddress"]
            return answers.host(address, "iot:DescribeEndpoint")


def connect(options: AwsOptions, notice: Notice = _log.info) -> Aws:
    """Find credentials and a region, and ask AWS whose they are.

    :param notice: is told when something takes long.
    :raises AwsError: if there are none, they do not hold, AWS cannot be reached, or only without encryption.
    """
    import boto3
    import botocore.session
    from botocore.config import Config
    from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, PartialCredentialsError

    with asking("sts:GetCallerIdentity"):
        core = botocore.session.Session(profile=options.profile)
        # As every SDK but botocore: what is set for all of AWS's programs comes before what is a fallback of some.
        named = options.region if options.region is not None else os.environ.get("AWS_REGION") or None
        session = boto3.Session(botocore_session=core, region_name=named)
        times: dict[str, Any] = {
            "connect_timeout": min(_CONNECT_TIMEOUT_S, options.timeout_s),
            "read_timeout": options.timeout_s,
        }
        if fault := wrong_integer(core):
            raise AwsError(fault.said, hint=fault.hint, reason=fault.reason)
        core.set_default_client_config(Config(**times))  # for clients that fetch credentials
        again = _retries(core).merge(Config(**times, user_agent_extra=f"optiga/{__version__}"))
        once = again.merge(Config(retries={"mode": "standard", "total_max_attempts": 1}))
        region = session.region_name
        if not region:
            raise NoAccountError(
                "no AWS region is set",
                hint=naming("Use {region=eu-central-1}, aws configure, or the environment variable AWS_REGION"),
                reason=Reason.MISSING,
            )
        if not options.allow_http:  # for every client of the session, also those that fetch credentials
            session.events.register("before-send", refuse_open_line)
        share_roles(core)
        session.get_credentials()  # so that what is wrong with them is not said of the endpoint
        with _naming_endpoint():
            sts = session.client("sts", endpoint_url=options.endpoint_url, config=again)
            iot = session.client("iot", endpoint_url=options.endpoint_url, config=again)
            iot_once = session.client("iot", endpoint_url=options.endpoint_url, config=once)
        for client in (sts, iot, iot_once):
            _check_url(str(client.meta.endpoint_url))  # also of the environment and of profiles
            if not options.allow_http:
                check_address(str(client.meta.endpoint_url))
        attempts = int(iot.meta.config.retries.get("total_max_attempts") or ATTEMPTS)  # type: ignore[attr-defined]
        for client, often in ((sts, attempts), (iot, attempts), (iot_once, 1)):
            Patience(options.timeout_s, often, notice).watch(client)
            watch_for_pages(client)
        try:
            identity = sts.get_caller_identity()
        except (EndpointConnectionError, NoSuchHostError) as error:
            if f".{region}." in str(sts.meta.endpoint_url) and (unknown := _unknown_region(region, session)):
                raise AwsError(
                    f"AWS cannot be reached at {sts.meta.endpoint_url}",
                    hint=f"Check the region and the network: {unknown}",
                    reason=Reason.UNREACHABLE,
                ) from error
            raise
        except (ClientError, NoCredentialsError, PartialCredentialsError) as error:
            raise _refusal_in(region, session, error) from error
        account, partition = answers.identity(identity["Account"], identity["Arn"], "sts:GetCallerIdentity")
        _log.info("AWS account %s in %s as %s", account, region, identity["Arn"])
        partitions = core.get_component("data_loader").load_data("partitions")
        other = other_endpoint(str(iot.meta.endpoint_url), partitions) or ""
        return Aws(iot, iot_once, attempts, account, region, partition, notice, other)


@contextmanager
def _naming_endpoint() -> Iterator[None]:
    """Turn botocore's word on an endpoint that is no URL into an error of ours."""
    try:
        yield
    except ValueError as error:
        if "endpoint" not in str(error):
            raise
        raise AwsError(
            str(error), hint=naming("Give {endpoint_url} a URL such as https://HOST"), reason=Reason.BAD_VALUE
        ) from error


def _refusal_in(region: str, session: boto3.Session, error: Exception) -> Exception:
    """What AWS refuses, or is not asked for lack of credentials, with the region if there may be none of that name."""
    unknown = _unknown_region(region, session)
    if not unknown:
        return error
    try:
        with asking("sts:GetCallerIdentity"):
            raise error
    except AwsError as refusal:
        refusal.advise(f"Check the region: {unknown}", first=True)
        return refusal


def _unknown_region(region: str, session: boto3.Session) -> str:
    """That botocore does not know a region, and which one may be meant; empty if it knows the region."""
    known = {
        one
        for partition in session.get_available_partitions()
        for one in session.get_available_regions("iot", partition_name=partition)
    }
    if region in known:
        return ""
    meant = suggest(region, sorted(known), {}).removeprefix(", ")
    return f"this program does not know an AWS region {region}" + f" ({meant})" * bool(meant)


def _check_url(url: str | None) -> None:
    """Refuse what botocore would only stumble over later."""
    if url is None:
        return
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_good = False
    if is_good and parts.username is not None:
        raise AwsError(
            "the endpoint's URL holds a user's name or password",
            hint="Remove them: AWS accepts neither in a URL",
            reason=Reason.BAD_VALUE,
        )
    if not is_good:
        raise AwsError(
            f"Invalid endpoint: {url.rpartition('@')[2]}",  # not what may be a password
            hint=naming("Give {endpoint_url} a URL such as https://HOST"),
            reason=Reason.BAD_VALUE,
        )


def _retries(core: CoreSession) -> Config:
    """The settings of retries that the user has not made."""
    from botocore.config import Config

    profile = core.get_scoped_config()
    retries: dict[str, Any] = {}
    if "AWS_RETRY_MODE" not in os.environ and "retry_mode" not in profile:
        retries["mode"] = "adaptive"
    if "AWS_MAX_ATTEMPTS" not in os.environ and "max_attempts" not in profile:
        retries["total_max_attempts"] = ATTEMPTS
    settings: dict[str, Any] = {"retries": retries} if retries else {}
    return Config(**settings)
