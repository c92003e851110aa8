"""Fail unless the installed optiga brings what lies beside the package in a checkout: ``wheel_files.py CHECKOUT``."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path

import optiga

checkout = Path(sys.argv[1])
package = files("optiga")
beside = [path for folder in ("templates", "configs") for path in (checkout / folder).iterdir()]
expected = {path.relative_to(checkout).as_posix(): path.read_bytes() for path in beside}
for name in ("py.typed", "emulator/root.pem"):
    expected[name] = (checkout / "optiga" / name).read_bytes()
for name, content in sorted(expected.items()):
    if package.joinpath(*name.split("/")).read_bytes() != content:
        sys.exit(f"{optiga.__file__}: {name} is not the checkout's")
    print(len(content), name)
for page in sorted((checkout / "man").iterdir()):
    installed = Path(sys.prefix) / "share" / "man" / "man1" / page.name
    if installed.read_bytes() != page.read_bytes():
        sys.exit(f"{installed} is not the checkout's")
