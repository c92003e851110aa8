"""Fixtures for pytest. To use them, add this line at the top of ``conftest.py``::

    pytest_plugins = ["optiga.testing.pytest_plugin"]

They are not loaded automatically, because most programs do not need them. ``optiga_model`` and ``optiga_board_kind``
set the model and the board of the other fixtures: override or parametrize them in a test or module.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from optiga.chip import Chip
from optiga.errors import ConfigurationError
from optiga.testing.aws.cloud import Cloud, without_aws
from optiga.testing.aws.server import served_aws
from optiga.testing.benches import Bench, bench, open_watched
from optiga.testing.boards import Board, check_kind, served_board


@pytest.fixture
def optiga_model() -> str:
    """The chip model for the other fixtures: Trust M V3, unless a test overrides it."""
    return "trust-m-v3"


@pytest.fixture
def optiga_board_kind() -> str:
    """The kind of the served board: a UART, unless a test overrides it."""
    return "uart"


@pytest.fixture
def optiga_bench(optiga_model: str) -> Iterator[Bench]:
    """Controls of a new emulated chip in this process: faults, snapshots and commands."""
    with bench(optiga_model) as made:
        yield made


@pytest.fixture
def optiga_chip(optiga_bench: Bench) -> Iterator[Chip]:
    """The chip of :func:`optiga_bench`, open."""
    with optiga_bench.open() as chip:
        yield chip


@pytest.fixture
def optiga_board(optiga_model: str, optiga_board_kind: str) -> Iterator[Board]:
    """A new emulated chip on a served board, for other programs.

    The test is skipped if this computer cannot serve this kind of board.
    """
    try:
        check_kind(optiga_board_kind)
    except ConfigurationError as error:
        pytest.skip(str(error))
    with served_board(optiga_board_kind, optiga_model) as board:
        yield board


@pytest.fixture
def optiga_chip_file(optiga_model: str, tmp_path: Path) -> Path:
    """The file of a new emulated chip, for programs that open ``emulator:FILE`` themselves."""
    path = tmp_path / "optiga.chip"
    open_watched(optiga_model, file=path).close()
    return path


@pytest.fixture(scope="session")
def _optiga_cloud() -> Iterator[Cloud]:
    """One stand-in for all tests of a session, for loading it takes a second."""
    why = ""
    with ExitStack() as stack:
        try:
            cloud = stack.enter_context(served_aws())
        except ConfigurationError as error:
            why = str(error)
        if why:  # not while the error is handled: pytest would say it twice
            pytest.fail(why, pytrace=False)
        yield cloud


@pytest.fixture
def optiga_aws(_optiga_cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    """A stand-in for AWS IoT with nothing in it.

    While the test runs, the environment variables of this process lead there: boto3, optiga, and the programs that the
    test runs use it, and none of the user's own AWS settings. The test fails if the extra ``testing`` is not installed.
    """
    import boto3

    _optiga_cloud.reset()
    for name in os.environ.keys() - without_aws(os.environ).keys():
        monkeypatch.delenv(name)
    for name, value in _optiga_cloud.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it may have kept other credentials
    return _optiga_cloud
