"""The way to AWS, where there is none: what is said of the region and of the network."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.httpsession import URLLib3Session

from optiga.cloud.aws.connection import AwsOptions, connect
from optiga.cloud.aws.errors import AwsError


@pytest.fixture(autouse=True)
def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials, and a network on which no host is found."""

    def send(session: URLLib3Session, request: Any) -> None:
        raise EndpointConnectionError(endpoint_url=request.url, error="no such host")

    monkeypatch.setattr(URLLib3Session, "send", send)
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_STS", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "A")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "S")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_STS_REGIONAL_ENDPOINTS", "regional")  # older versions of boto3 have one for all regions


@pytest.mark.parametrize(
    ("region", "url", "line"),
    [
        ("eu-central-1", None, "cannot be reached at sts:GetCallerIdentity: .*eu-central-1.* Check the network"),
        ("mars", None, r"cannot be reached at https://sts\.mars\.amazonaws\.com.* know an AWS region mars"),
        ("mars", "https://aws.example", "cannot be reached at sts:GetCallerIdentity: .*aws.example.* Check the net"),
    ],
)
def test_nobody_answers(region: str, url: str | None, line: str) -> None:
    with pytest.raises(AwsError) as raised:
        connect(AwsOptions(region, endpoint_url=url))
    assert re.search(line, str(raised.value)), str(raised.value)


@pytest.mark.parametrize(
    ("option", "variables", "expected"),
    [
        (None, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-west-1"),
        (None, {"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
        ("eu-west-3", {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-west-3"),
    ],
)
def test_whose_region_counts(
    option: str | None, variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the ``aws`` command, and every SDK of AWS's."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(AwsError, match=f"cannot be reached.*{expected}"):
        connect(AwsOptions(option))
