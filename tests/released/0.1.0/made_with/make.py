"""Make the files: ``python make.py CHECKOUT OUT LIBFAKETIME``, by the interpreter of the checkout's own environment."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from authorities import make_authorities
from chips import make_chips
from leavings import make_state_folder, make_temporaries
from provisioned import make_provisioned
from running import Release
from updates import make_updates


def main(checkout: Path, out: Path, clock: Path) -> None:
    sys.path += [str(checkout / "tests"), str(checkout / "tests" / "cloud")]
    release = Release(checkout, out, clock)
    parts = {
        "updates": make_updates,
        "chips": make_chips,
        "authorities": make_authorities,
        "provisioned": make_provisioned,
        "state-folder": make_state_folder,
        "temporaries": make_temporaries,
    }
    for name in sys.argv[4:] or parts:
        parts[name](release)
    sums = {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}
    lines = [f"{hashlib.sha256(content).hexdigest()}  {name}\n" for name, content in sorted(sums.items())]
    (out / "SHA256SUMS").write_text("".join(lines))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
