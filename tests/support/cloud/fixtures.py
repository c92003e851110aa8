"""Fixtures of the tests that need AWS: a stand-in for it, started for the first that asks."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest

from optiga.testing import Cloud, served_aws
from optiga.testing.aws.cloud import HOST
from tests.support.cloud.remembered import remembered


@pytest.fixture(scope="session")
def cloud_server() -> Iterator[Cloud]:
    """One server for all tests of a process; ask for ``cloud``."""
    with served_aws() as cloud:
        gc.freeze()  # moto and what it has loaded stays until the end
        yield cloud


@pytest.fixture(scope="session")
def _clouds_remember() -> Iterator[None]:
    with remembered():
        yield


@pytest.fixture
def cloud(cloud_server: Cloud, _clouds_remember: None, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """AWS IoT and STS with nothing in them, and an environment that leads there, here and in processes."""
    cloud_server.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in cloud_server.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("NO_PROXY", HOST)
    monkeypatch.setenv("no_proxy", HOST)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.delenv("AWS_REGION")  # tests set the other one
    return cloud_server


@pytest.fixture
def iot(cloud: Cloud) -> Any:
    """A client as the product has one: from the environment, counted, and open to faults."""
    import boto3

    return boto3.client("iot")
