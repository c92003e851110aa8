"""Without encryption AWS is asked on this computer only, wherever the endpoint is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import botocore.session
import pytest

from optiga.cloud.aws.addresses import check_address, other_endpoint
from optiga.cloud.aws.connection import AwsOptions, connect
from optiga.cloud.aws.errors import AwsError
from optiga.cloud.aws.loopback import is_loopback, unreachable_hint
from optiga.testing import Cloud

OPEN = "http://aws.example:4566"
ROLE = "arn:aws:iam::123456789012:role/factory"


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"]
)
def test_this_computer(host: str) -> None:
    assert is_loopback(host)
    shown = f"[{host}]" if ":" in host else host
    check_address(f"http://{shown}:4566/path")


@pytest.mark.parametrize(
    "host",
    [
        *("", "aws.example", "localhost.example", "127.0.0.1.example", "10.0.0.1", "0.0.0.0", "169.254.169.254"),
        *("127.1", "2130706433", "0x7f.0.0.1", "[::]", "[fe80::1]", "[::ffff:10.0.0.1]", "127.0.0.1@aws.example"),
    ],
)
def test_other_computers(host: str) -> None:
    with pytest.raises(AwsError, match="not encrypted") as raised:
        check_address(f"http://{host}/")
    assert "allow_http" in str(raised.value)
    check_address(f"https://{host}/")


def test_the_variable_that_counts_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a service counts more than the one for all of them."""
    url = "http://127.0.0.1:4566"
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert "AWS_ENDPOINT_URL)" in str(unreachable_hint(url, is_open=False))
    monkeypatch.setenv("AWS_ENDPOINT_URL_IOT", url)
    assert "AWS_ENDPOINT_URL_IOT)" in str(unreachable_hint(url, is_open=False))


@pytest.mark.parametrize("url", ["HTTP://aws.example", "ftp://aws.example", "http://key:secret@aws.example"])
def test_how_it_is_written(url: str) -> None:
    with pytest.raises(AwsError) as raised:
        check_address(url)
    assert "secret" not in str(raised.value)


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Nothing leaves; where it would have gone."""
    sent: list[str] = []

    def send(_: object, request: Any) -> None:
        sent.append(request.url)
        raise AssertionError(request.url)

    monkeypatch.setattr("botocore.httpsession.URLLib3Session.send", send)
    return sent


class TestEverySource:
    @pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IOT", "AWS_ENDPOINT_URL_STS"])
    def test_environment(self, cloud: Cloud, no_network: list[str], monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        monkeypatch.setenv(name, OPEN)
        with pytest.raises(AwsError, match="not encrypted"):
            connect(AwsOptions())
        assert no_network == cloud.calls == []

    def test_option(self, cloud: Cloud, no_network: list[str]) -> None:
        with pytest.raises(AwsError, match="not encrypted"):
            connect(AwsOptions(endpoint_url=OPEN))
        assert no_network == cloud.calls == []

    @pytest.mark.parametrize(
        "settings",
        [
            f"[profile factory]\nendpoint_url = {OPEN}\n",
            f"[profile factory]\nservices = own\n\n[services own]\niot =\n  endpoint_url = {OPEN}\n",
            f"[profile factory]\nservices = own\n\n[services own]\nsts =\n  endpoint_url = {OPEN}\n",
        ],
    )
    def test_profile(
        self, cloud: Cloud, no_network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str
    ) -> None:
        (tmp_path / "config").write_text(settings)
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.delenv("AWS_ENDPOINT_URL")
        with pytest.raises(AwsError, match="not encrypted"):
            connect(AwsOptions(profile="factory"))
        assert no_network == cloud.calls == []

    def test_where_credentials_are_fetched(
        self, cloud: Cloud, no_network: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The option is of our own clients; botocore's own, which takes the role, goes by the environment."""
        (tmp_path / "config").write_text(f"[profile factory]\nrole_arn = {ROLE}\ncredential_source = Environment\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", OPEN)
        with pytest.raises(AwsError, match="not encrypted"):
            connect(AwsOptions(profile="factory", endpoint_url=cloud.url))
        assert no_network == cloud.calls == []

    def test_allowed(self, cloud: Cloud, no_network: list[str]) -> None:
        with pytest.raises(AssertionError, match=r"aws\.example"):
            connect(AwsOptions(endpoint_url=OPEN, allow_http=True))
        assert no_network[0].startswith(OPEN)


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_IOT", "AWS_ENDPOINT_URL_STS", "option"])
@pytest.mark.parametrize("host", ["127.0.0.1:1", "aws.example", "[bad"])
def test_a_password_in_an_endpoint_is_neither_sent_nor_shown(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, variable: str, host: str
) -> None:
    url = f"https://me:secret-of-mine@{host}"
    if variable != "option":
        monkeypatch.setenv(variable, url)
    with pytest.raises(AwsError) as raised:
        connect(AwsOptions(endpoint_url=url if variable == "option" else None))
    assert "secret-of-mine" not in str(raised.value)
    assert cloud.calls == []


class TestOtherEndpoints:
    @pytest.fixture
    def partitions(self) -> Any:
        return botocore.session.Session().get_component("data_loader").load_data("partitions")

    @pytest.mark.parametrize(
        "host",
        [
            "iot.eu-central-1.amazonaws.com",
            "IOT.eu-central-1.amazonaws.com.",
            "iot-fips.us-gov-west-1.amazonaws.com",
            "iot.cn-north-1.amazonaws.com.cn",
            "iot.eu-west-1.api.aws",
            "vpce-1.iot.eu-west-1.vpce.amazonaws.com",
        ],
    )
    def test_aws(self, host: str, partitions: Any) -> None:
        assert other_endpoint(f"https://{host}/", partitions) == ""

    @pytest.mark.parametrize(
        "host",
        ["127.0.0.1:5000", "aws.example", "amazonaws.com.example", "myamazonaws.com", "amazonaws.com@me.example"],
    )
    def test_others(self, host: str, partitions: Any) -> None:
        assert other_endpoint(f"https://{host}/x?y", partitions) == f"https://{host.rpartition('@')[2]}"

    def test_it_is_told(self, cloud: Cloud) -> None:
        (told,) = connect(AwsOptions()).warnings
        assert cloud.url in told
        assert "Not AWS" in told
