"""Everything that Infineon's host library offers, on the emulated board, as a table of operation and variant.

A row says that an operation works, and how its result is checked by a calculation of another hand; or that the chip
refuses it, and with which code; or that the library itself is at fault, how that shows, and why. One process drives the
library through all of it, and each test looks at one row. No result is without a row, and no row without a result.
"""

from __future__ import annotations

import shutil
import sys
from typing import Any

import pytest

from tests.support.interop.infineon_host import run_library
from tests.support.interop.optigatrust_rows import ROWS, Refused, Row, Works
from tests.support.interop.own_updates import make_own_updates
from tests.support.places import ROOT

if sys.platform != "linux":
    pytest.skip("Infineon's library for serial ports is built for Linux and Windows", allow_module_level=True)

DRIVER = ROOT / "tests" / "support" / "interop" / "optigatrust_operations.py"


_COMPILED = pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler: cc")
INTERFACES = ("uart", pytest.param("i2c", marks=_COMPILED), pytest.param("libusb", marks=_COMPILED))
pytestmark = pytest.mark.long


@pytest.fixture(scope="module", params=INTERFACES)
def results(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> dict[str, Any]:
    """What the library returned or raised for each of its operations."""
    updates = tmp_path_factory.mktemp("updates")
    make_own_updates(updates)
    folder = tmp_path_factory.mktemp("library")
    return run_library(folder, DRIVER, str(updates), is_sound=_every_row_holds, interface=request.param)


def _every_row_holds(results: dict[str, Any]) -> bool:
    try:
        for name, row in ROWS.items():
            _check(row, results[name])
    except Exception:  # a check says what is wrong in words of its own
        return False
    return True


def test_every_operation_has_its_row(results: dict[str, Any]) -> None:
    assert results.keys() == ROWS.keys()


@pytest.mark.parametrize(("name", "row"), ROWS.items(), ids=ROWS)
def test_row(results: dict[str, Any], name: str, row: Row) -> None:
    _check(row, results[name])


def _check(row: Row, result: dict[str, Any]) -> None:
    if isinstance(row, Works):
        assert "error" not in result, result["trace"]
        row.check(result["value"])
    elif isinstance(row, Refused):
        assert result.get("error", "no error").startswith("OSError"), result.get("trace", result)
        assert result["error"].endswith(f"Error {row.code:#x}")
    elif isinstance(row.shows, str):
        assert result.get("error", "no error").startswith(row.shows)
    else:
        assert "error" not in result, result["trace"]
        row.shows(result["value"])
