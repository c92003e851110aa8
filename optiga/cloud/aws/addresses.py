"""Where AWS is asked: encrypted, or on this computer. Wherever an endpoint is written, botocore comes by here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optiga.cloud.aws.errors import AwsError
from optiga.cloud.aws.loopback import is_loopback
from optiga.errors import Reason, naming

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.awsrequest import AWSPreparedRequest


def check_address(url: str) -> None:
    """Refuse an endpoint without encryption on another computer: whoever sits between reads and changes everything.

    :raises AwsError: if it is one.
    """
    parts = urlsplit(url)
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise AwsError(
            f"the endpoint {_shown(url)} is on another computer and not encrypted: "
            "anyone on the network can pose as AWS",
            hint=naming(
                "Use https:// in {endpoint_url}, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_IOT, AWS_ENDPOINT_URL_STS or the "
                "profile's endpoint_url, or accept http:// with {allow_http}"
            ),
            reason=Reason.UNSAFE,
        )


def refuse_open_line(request: AWSPreparedRequest, **_: object) -> None:
    """A handler of botocore's event ``before-send``: the last word on where a request goes.

    :raises AwsError: as :func:`check_address` does.
    """
    check_address(str(request.url))


def other_endpoint(url: str, partitions: Mapping[str, Any]) -> str:
    """An endpoint that is not one of AWS's own addresses, without a user's name; empty if it is one.

    :param partitions: botocore's ``partitions.json``, which has AWS's domains.
    """
    host = (urlsplit(url).hostname or "").lower().rstrip(".")
    domains = [one["outputs"][name] for one in partitions["partitions"] for name in ("dnsSuffix", "dualStackDnsSuffix")]
    return "" if host.endswith(tuple(f".{domain}" for domain in domains)) else _shown(url)


def _shown(url: str) -> str:
    """An endpoint without a user's name and password."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
