"""Fixtures of the tests that need AWS: a stand-in for it, started for the first that asks."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from tests.support.cloud.server import Cloud, serve_cloud


@pytest.fixture(scope="session")
def cloud_server() -> Iterator[Cloud]:
    """One server for all tests of a process; ask for ``cloud``."""
    with serve_cloud() as cloud:
        yield cloud


@cache
def _loader(path: str | None = None) -> object:
    """Reads AWS's descriptions of its services once for all tests, which takes most of a client's time."""
    from botocore.loaders import create_loader

    return create_loader(path)


@pytest.fixture
def cloud(cloud_server: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """AWS IoT and STS with nothing in them, and an environment that leads there, here and in processes."""
    cloud_server.reset()
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in cloud_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.session.create_loader", _loader)
    return cloud_server


@pytest.fixture
def iot(cloud: Cloud) -> Any:
    """A client as the product has one: from the environment, counted, and open to faults."""
    import boto3

    return boto3.client("iot")
