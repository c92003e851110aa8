"""Shared by all tests: no test touches the user's own state, ports or environment, or leans on the machine's speed."""

from __future__ import annotations

import gc
import importlib
import itertools
import logging
import math
import os
import pkgutil
import signal
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import settings

import optiga
from optiga.cli.support import waiting
from optiga.files.sqlite_guard import GuardedConnection
from tests.support.events import Runner

settings.register_profile("thorough", settings.default, deadline=None, max_examples=25)
settings.register_profile("brief", settings.get_profile("thorough"), max_examples=6)
settings.register_profile("short", settings.get_profile("thorough"), max_examples=15)
settings.load_profile("short")  # or --hypothesis-profile=thorough, which is read later
_numbers = itertools.count()
pytest_plugins = ["tests.support.cloud.fixtures", "tests.support.left_out", "optiga.testing.pytest_plugin"]


def pytest_configure() -> None:
    """Have Ctrl-C mean what it does at a terminal: a shell script that runs the tests behind an ``&`` ignores it.

    Nor do the processes that tests start ignore SIGHUP under ``nohup``, which they would inherit from this one. This
    one goes on, as it is meant to: what it has a handler for is the default again in each program that is started.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    hangup = getattr(signal, "SIGHUP", None)  # Windows has none
    if hangup is not None and signal.getsignal(hangup) is signal.SIG_IGN:
        signal.signal(hangup, lambda *_: None)


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Tests have short names, and the same in each process: keys and certificates are made anew in each."""
    return argname if isinstance(val, (str, bytes)) and len(val) > 60 else None


def pytest_collection_finish() -> None:
    """Ten thousand tests are no garbage: they are not looked through again and again, a tenth of the time."""
    gc.freeze()


@pytest.fixture(autouse=True)
def _own_state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """State folders of the platform lie in a temporary folder, which is made if anything is kept; no port is set.

    What a test had logged in detail (``-vv``) is not asked of the tests after it. A pytest that a test starts does not
    begin with taking away what earlier runs of this one have left, which can take a minute.

    It has a patch of its own: that of a test is begun after the test's temporary folder, and ended before that is
    taken away, for which it may have put something else in the place of what that needs.
    """
    state = tmp_path_factory.getbasetemp() / f"state{next(_numbers)}"
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("XDG_CONFIG_HOME", raising=False)
        for name in ("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"):
            patch.setenv(name, str(state))
        patch.delenv("OPTIGA_PORT", raising=False)
        patch.setenv("PYTEST_DEBUG_TEMPROOT", str(state.parent))
        yield
    logging.getLogger("optiga").setLevel(logging.NOTSET)


@pytest.fixture(autouse=True, scope="session")
def _everything_is_loaded() -> None:
    """Every module of the tool is loaded before the first test.

    One that a command loads while a test has put something else in the place of a function would keep that for good.
    """
    for module in pkgutil.walk_packages(optiga.__path__, "optiga."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _no_waiting_for_the_disk() -> Iterator[None]:
    """What is written by this process is not waited for: no power fails here, and it took a third of the time.

    Runs that are killed, or whose disk fails, are processes of their own, which wait.
    """
    execute = GuardedConnection.execute

    def execute_at_once(connection: GuardedConnection, sql: str, *values: Any) -> sqlite3.Cursor:
        return execute(
            connection, "PRAGMA synchronous = OFF" if sql.startswith("PRAGMA synchronous =") else sql, *values
        )

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", os.fstat)  # which refuses the same descriptors
        patch.setattr(GuardedConnection, "execute", execute_at_once)
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_notes_of_slowness() -> Iterator[None]:
    """A command says after two seconds what it waits for: on a slow machine, that would come between other lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(waiting, "NOTE_S", math.inf)
        yield


@pytest.fixture(scope="session")
def runner() -> Iterator[Runner]:
    """Runs jobs that are struck at their events."""
    with Runner() as made:
        yield made
