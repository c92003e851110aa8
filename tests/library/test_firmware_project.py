"""A project of somebody else, who tests the host of a chip with ``optiga.testing``.

Some of its tests run against this checkout here, at once; all of them against our wheel, installed, in
``tests/distribution``.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.support.places import ROOT
from tests.support.processes import run_process

PROJECT = Path(__file__).parent / "firmware_project"
OWN = {"PYTEST_ADDOPTS": "", "PYTHONPATH": os.pathsep.join([str(ROOT), str(PROJECT)])}


@pytest.mark.long
def test_its_tests_pass() -> None:
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:randomly"]
    done = run_process(
        [*command, "-k", "measurement or undone or this_process or is_provisioned or with_nothing"], PROJECT, OWN
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 passed" in done.stdout
