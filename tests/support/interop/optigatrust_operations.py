"""Drives everything that Infineon's host library offers; what each operation gives or raises goes to a file as JSON.

Run by ``test_optigatrust_table.py`` in a process of its own, with a copy of the package whose ``optiga_comms.ini``
names the emulated board's device. Only the search for USB devices is left out: a pseudo terminal is none. The table
says what is right.

    python optigatrust_operations.py RESULTS OWN_UPDATES
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Any

import optigatrust
from optigatrust import _backend

_backend._scan_com_ports = lambda: True


def plain(value: Any) -> Any:
    """A value in JSON's terms: bytes as hexadecimal digits."""
    if isinstance(value, bytes | bytearray):
        return value.hex()
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def main(results_path: str, updates_path: str) -> None:
    optigatrust.Chip(os.environ.get("OPTIGATRUST_INTERFACE", "uart"))
    from tests.support.interop import (
        optigatrust_chip_operations,
        optigatrust_crypto_operations,
        optigatrust_native_operations,
        optigatrust_secret_operations,
        optigatrust_update_operations,
    )

    results: dict[str, Any] = {}
    for operations in (
        optigatrust_chip_operations.operations,
        optigatrust_crypto_operations.operations,
        optigatrust_secret_operations.operations,
        optigatrust_native_operations.operations,
        optigatrust_update_operations.operations,
        partial(optigatrust_update_operations.own_operations, Path(updates_path)),
    ):
        for name, operation in operations().items():
            assert name not in results, name
            try:
                results[name] = {"value": plain(operation())}
            except (Exception, SystemExit) as error:
                results[name] = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    Path(results_path).write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
