"""Has Infineon's host library load a file into a chip and make one of it; both go to a file as JSON.

Run by ``test_optigatrust_files.py`` in a process of its own, with a copy of the package whose ``optiga_comms.ini``
names the emulated board's device. Only the search for USB devices is left out: a pseudo terminal is none.

    python optigatrust_files_driver.py RESULTS DUMP
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import optigatrust
from optigatrust import _backend, port

_backend._scan_com_ports = lambda: True

WRITTEN = 0xF1D5


def main(results_path: str, dump_path: str) -> None:
    optigatrust.Chip("uart")
    port.from_json_path(dump_path)
    loaded = port.to_json()
    data = optigatrust.Object(WRITTEN)
    data.write(bytes(range(50)))
    data.meta = {"type": "pre_sh_secret", "execute": ["conf", "0xe1", "0x40"], "reset_type": ["lcso_to_creation"]}
    optigatrust.Object(0xF1D6).meta = {"read": "never"}
    results = {"loaded": loaded, "made": port.to_json()}
    Path(results_path).write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
