"""The command line, killed as soon as one of its functions has returned.

``python killed.py CHECKOUT FILE:FUNCTION[=STEP][#N][!SIGNAL] ARGUMENT …``: the command line of a checkout with these
arguments, with a signal (SIGKILL) when the function has returned for the Nth time (the first), counting those returns
alone whose ``step`` has that name, if one is named. Nothing in the checkout is changed for it: the interpreter's own
profiling looks on.
"""

from __future__ import annotations

import os
import re
import signal
import sys
from types import FrameType
from typing import Any


def kill_at(where: str) -> None:
    match = re.fullmatch(r"([^:]+):(\w+)(?:=(\w+))?(?:#(\d+))?(?:!(\w+))?", where)
    assert match, where
    file, function, step, number, name = match.groups()
    left = int(number or 1)

    def look(frame: FrameType, event: str, value: Any) -> None:
        nonlocal left
        code = frame.f_code
        if event != "return" or code.co_name != function or not code.co_filename.endswith(file):
            return
        if step is None or (value is not None and value.step.title == step):
            left -= 1
            if not left:
                sys.setprofile(None)
                os.kill(os.getpid(), signal.Signals[name or "SIGKILL"])

    sys.setprofile(look)


def main() -> int:
    checkout, where, *arguments = sys.argv[1:]
    sys.path.insert(0, checkout)
    sys.argv = [f"{checkout}/optiga.py", *arguments]
    from optiga.cli import main as run

    kill_at(where)
    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
