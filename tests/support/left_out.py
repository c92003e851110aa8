"""Says at the end of a run how many tests it has left out, how to run them, and how to repeat a failed order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

_LEFT_OUT = pytest.StashKey[int]()
_KEY = "left_out"


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("long"):
            stash = item.config.stash
            stash[_LEFT_OUT] = stash.get(_LEFT_OUT, 0) + 1


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process of several tells the first one."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output[_KEY] = session.config.stash.get(_LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Each process collects all tests, so each has left out the same ones."""
    stash = node.config.stash
    stash[_LEFT_OUT] = max(stash.get(_LEFT_OUT, 0), getattr(node, "workeroutput", {}).get(_KEY, 0))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    seed = config.getoption("randomly_seed", None)
    if seed is not None and terminalreporter.stats.get("failed"):
        terminalreporter.write_line(f"The same order again: pytest --randomly-seed={seed}")
    count = config.stash.get(_LEFT_OUT, 0)
    if count:
        terminalreporter.write_line(f"Left out: {count} tests that take long. They run with: pytest -m long")
