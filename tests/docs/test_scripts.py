"""The scripts that the documents show, run with a server that only waits in place of the real one."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.support.documents import read_blocks
from tests.support.patience import LIMIT_S
from tests.support.places import ROOT

SERVER = "#!/bin/sh\necho http://127.0.0.1:5000\nexec sleep 60\n"


@pytest.mark.skipif(os.name == "nt", reason="a script of a POSIX shell")
@pytest.mark.parametrize(("end", "code"), [("test -n $AWS_ENDPOINT_URL", 0), ("false", 1), ("kill -INT $$", 130)])
def test_the_script_with_a_stand_in_leaves_nothing(tmp_path: Path, end: str, code: int) -> None:
    blocks = read_blocks((ROOT / "docs" / "aws.md").read_text(encoding="utf-8"))
    (script,) = [block.text for block in blocks if block.text.startswith("mkfifo ")]
    (tmp_path / "bin").mkdir()
    server = tmp_path / "bin" / "python"
    server.write_text(SERVER)
    server.chmod(0o700)
    environment = {**os.environ, "PATH": f"{server.parent}:{os.environ['PATH']}"}
    shell = ["sh", "-c", script.replace("…", end)]
    # The server has the pipe of standard error, too: the run only ends when it has ended.
    ended = subprocess.run(shell, cwd=tmp_path, env=environment, stderr=subprocess.PIPE, timeout=LIMIT_S, check=False)
    assert (ended.returncode, ended.stderr) == (code, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["bin"]
