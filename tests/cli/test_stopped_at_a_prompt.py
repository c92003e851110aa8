"""Ctrl-Z and ``fg`` at a prompt for a passphrase: what is typed afterwards is hidden, too."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.cli.runner import Cli
from tests.support.processes import OPTIGA
from tests.support.sampling import sampled
from tests.support.terminal import terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows stops no processes so")
SECRET = "the words that open it"
PROMPT = r"passphrase[^:]*: $"
GETPASS = """
from optiga.cloud.aws.role_credentials import _ask_at_terminal
print("typed", len(_ask_at_terminal("The passphrase:")))
"""


@pytest.mark.long
@pytest.mark.parametrize("times", sampled([1, 2], keep=1))
def test_a_passphrase(cli: Cli, times: int) -> None:
    Path("words").write_text(SECRET)
    Path("words").chmod(0o600)
    assert cli("ca", "init", "ca", "--passphrase-file", "words").code == 0
    with terminal([*OPTIGA, "ca", "crl", "--ca", "ca", "--query", "crl_file"], Path.cwd()) as shown:
        shown.wait_for(f"(?i){PROMPT}")
        for _ in range(times):
            shown.go_on()
            shown.wait_for(f"(?i){PROMPT}")
        shown.type(f"{SECRET}\n")
        assert "crl.pem" in shown.wait_for_end()
        assert SECRET not in shown.text


def test_a_code_for_aws(tmp_path: Path) -> None:
    with terminal([sys.executable, "-c", GETPASS], tmp_path) as shown:
        shown.wait_for(f"(?i){PROMPT}")
        shown.go_on()
        shown.wait_for(f"(?i){PROMPT}")
        shown.type("123456\n")
        assert "typed 6" in shown.wait_for_end()
        assert "123456" not in shown.text


@pytest.mark.long
@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_a_process_that_began_in_the_background(cli: Cli) -> None:
    """A shell edits its command line meanwhile, with the terminal set so that Enter ends no line."""
    Path("words").write_text(SECRET)
    Path("words").chmod(0o600)
    assert cli("ca", "init", "ca", "--passphrase-file", "words").code == 0
    command = shlex.join([*OPTIGA, "ca", "crl", "--ca", "ca", "--query", "crl_file"])
    with terminal(["bash", "--norc", "-i"], Path.cwd()) as shown:
        shown.type(f"PS1='ready> '; {command} & wait; jobs\n")
        shown.wait_for("Stopped")
        shown.type("fg\n")
        shown.wait_for(f"(?i){PROMPT}")
        shown.type(f"{SECRET}\n")
        shown.wait_for("crl[.]pem\r?\n.*ready> $")
        shown.type("exit\n")
        shown.wait_for_end()
        assert SECRET not in shown.text
        assert "echoed" not in shown.text
