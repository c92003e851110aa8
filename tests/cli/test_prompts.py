"""Prompts at a terminal: answers can be edited, Ctrl-C and Ctrl-D end them with a line of their own."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from tests.support.cli.runner import Cli
from tests.support.processes import OPTIGA
from tests.support.sampling import sampled
from tests.support.terminal import terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
LEFT, HOME, CTRL_C, CTRL_D = "\x1b[D", "\x01", "\x03", "\x04"
NEW = (*OPTIGA, "config", "new", "new.jsn")


@pytest.mark.skipif(importlib.util.find_spec("readline") is None, reason="this Python edits no lines")
def test_an_answer_can_be_edited(tmp_path: Path) -> None:
    """What stands before the answer stays."""
    with terminal([*NEW, "--algorithm", "secp256r1", "--slot", "second", "--thing", "-"], tmp_path) as shown:
        for _ in range(5):
            shown.wait_for(r": $")
            shown.type("\n")
        shown.wait_for(r"Common name \[\{uid\}\]: $")
        shown.type(f"ap{LEFT}m{HOME}l{LEFT}\n")  # lamp
        shown.wait_for(r"policy.*: $")
        shown.type("\x1b[A-\n")  # the arrow up leads to no answer before
        text = shown.wait_for_end()
    assert "^[" not in text
    document = json.loads((tmp_path / "new.jsn").read_text())
    assert document["csr_config"]["certificate_info"] == {"common_name": "lamp"}
    assert "aws_iot_config" not in document


def test_the_slots_are_named(tmp_path: Path) -> None:
    words = ["--subject", "CN=lamp", "--thing", "-", "--policy", "-"]
    for algorithm, slots in (("secp256r1", "second, third, fourth"), ("rsa1024", "five, six")):
        with terminal([*NEW, *words, "--algorithm", algorithm], tmp_path) as shown:
            shown.wait_for(rf"Slot \({slots}\) \[\w+\]: $")


@pytest.fixture
def closed(cli: Cli) -> str:
    """A CA whose key has a passphrase."""
    Path("words").write_text("the words that open it\n")
    Path("words").chmod(0o600)
    assert cli("ca", "init", "closed", "--passphrase-file", "words").code == 0
    return "closed"


@pytest.mark.long
@pytest.mark.parametrize(
    "words",
    sampled(
        [
            ("config", "new", "new.jsn"),
            ("emulator", "reset", "chip"),
            ("ca", "crl", "--ca", "closed"),
            ("ca", "passphrase", "closed"),
        ],
        keep=2,
    ),
    ids=lambda words: " ".join(words[:2]),
)
@pytest.mark.parametrize("key", sampled([CTRL_C, CTRL_D], keep=1), ids=["Ctrl-C", "Ctrl-D"])
def test_an_end_has_a_line_of_its_own(cli: Cli, closed: str, words: tuple[str, ...], key: str) -> None:
    assert cli("emulator", "new", "chip").code == 0
    with terminal([*OPTIGA, *words], Path.cwd()) as shown:
        shown.wait_for(r": $")
        lines = shown.press_to_end(key).splitlines()
    assert "" not in lines
    if key == CTRL_C:
        assert lines[-1] == "Interrupted"
    else:
        assert lines[-1].startswith("Error: ")
        assert "Interrupted" not in lines[-1]
        if words[0] == "ca":
            assert "no passphrase was given" in lines[-1]
    assert not Path("new.jsn").exists()


def test_a_question_that_is_interrupted(cli: Cli) -> None:
    assert cli("emulator", "new", "chip").code == 0
    with terminal([*OPTIGA, "emulator", "reset", "chip"], Path.cwd()) as shown:
        shown.wait_for(r": $")
        *_, said, last = shown.press_to_end(CTRL_C).splitlines()
    assert last == "Interrupted"
    assert said.startswith("Nothing was changed")
    assert "the same command again" in said
