"""``counter``: list, show, count, set."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga import open_chip
from tests.support.cli.mistakes import CHIP, Mistake, assert_mistake
from tests.support.cli.runner import Cli


@pytest.mark.parametrize("command", ["list", "show"])
def test_list(cli: Cli, port: str, command: str) -> None:
    result = cli("--port", port, "counter", command)
    assert result.code == 0
    head, *rows = result.out.splitlines()
    assert head.split() == ["oid", "value", "threshold", "left"]
    assert [row.split()[0] for row in rows] == ["0xE120", "0xE121", "0xE122", "0xE123"]


def test_set_count_show(cli: Cli, port: str) -> None:
    assert cli("--port", port, "counter", "set", "0xE120", "--threshold", 3).out == "0xE120  0 of 3, 3 left\n"
    assert cli("--port", port, "counter", "count", "e120").out == "0xE120  1 of 3, 2 left\n"
    assert json.loads(cli("--port", port, "counter", "show", "E120", "--output", "json").out) == {
        "oid": "0xE120",
        "value": 1,
        "threshold": 3,
        "left": 2,
        "frozen": False,
    }
    last = cli("--port", port, "counter", "count", "0xE120", 200, "--query", "value")
    assert last.out == "3\n"
    assert "0xE120 counted 2 of 200: it is at its threshold 3" in last.err
    refused = cli("--port", port, "counter", "count", "0xE120")
    assert (refused.code, refused.out, len(refused.errors)) == (CHIP, "", 1)
    assert "0x0E, counter threshold" in refused.errors[0]
    assert cli("--port", port, "counter", "set", "0xE120", "--value", 0).out == "0xE120  0 of 3, 3 left\n"
    again = cli("--port", port, "counter", "set", "0xE120", "--value", 0, "--threshold", 3)
    assert "nothing was written" in again.err


@pytest.mark.parametrize(("step", "counted"), [(9, 9), (10, 10), (25, 10)])
def test_how_far_it_counted(cli: Cli, port: str, step: int, counted: int) -> None:
    cli("--port", port, "counter", "set", "0xE121", "--value", 5, "--threshold", 15)
    result = cli("--port", port, "-q", "counter", "count", "0xE121", step, "--output", "json")
    assert result.code == 0
    assert json.loads(result.out)["counted"] == counted
    assert ("Warning: 0xE121 counted 10 of 25" in result.err) == (step == 25)


def test_a_counter_that_may_not_be_read_beforehand(cli: Cli, port: str) -> None:
    """Its reading would count another: it is read once, afterwards."""
    cli("--port", port, "counter", "set", "0xE120", "--threshold", 9)
    cli("--port", port, "counter", "set", "0xF1D0", "--value", 1, "--threshold", 9)
    words = ("type: up_counter", "execute: always", "read: luc 0xE120")
    assert cli("--port", port, "object", "metadata", "0xF1D0", *words, "--yes").code == 0
    seen = [json.loads(cli("--port", port, "counter", "count", "0xF1D0", n, "--output", "json").out) for n in (2, 20)]
    assert [(one["value"], one["counted"]) for one in seen] == [(3, 2), (9, None)]
    assert cli("--port", port, "counter", "show", "0xE120", "--query", "value").out == "2\n"


def test_a_data_object_as_counter(cli: Cli, port: str) -> None:
    prepared = cli("--port", port, "counter", "set", "0xF1D0", "--value", 1, "--threshold", 9)
    assert (prepared.code, prepared.out) == (0, "0xF1D0  1 of 9, 8 left\n")
    assert "Warning: 0xF1D0 is not a counter yet" in prepared.err
    assert "Warning: 0xF1D0 is not a counter yet" in cli("--port", port, "counter", "show", "0xF1D0").err
    words = ("type: up_counter", "execute: always")
    assert cli("--port", port, "object", "metadata", "0xF1D0", *words).code == 0
    assert cli("--port", port, "counter", "count", "0xF1D0").out == "0xF1D0  2 of 9, 7 left\n"
    assert "0xF1D0" in cli("--port", port, "counter", "list").out
    assert "Warning" not in cli("--port", port, "counter", "set", "0xF1D0", "--value", 2).err


@pytest.mark.parametrize("words", ["object write 0xF1D0 data", "--write data --id 0xF1D0"])
def test_a_write_counts_no_reading(cli: Cli, port: str, words: str) -> None:
    """What is linked to a counter is written without being read: each reading is one less for good."""
    Path("data").write_bytes(b"hello")
    cli("--port", port, "counter", "set", "0xE120", "--threshold", 3)
    cli("--port", port, "object", "metadata", "0xF1D0", "read: luc 0xE120")
    assert cli("--port", port, *words.split()).code == 0
    assert cli("--port", port, "counter", "show", "0xE120", "--query", "value").out == "0\n"
    assert cli("--port", port, "object", "read", "0xF1D0", "--query", "data").out == b"hello".hex() + "\n"


MISTAKES = {
    "no counter": Mistake("show 0xE0E1", "0xE0E1 .* is not a counter"),
    "unknown": Mistake("show 0xE199", "not an OID"),
    "a value behind the threshold": Mistake("set 0xE120 --value 20 --threshold 10", "20 is more than .* greater thres"),
    "a value alone": Mistake("set 0xE120 --value 20", "20 is more than .*Give both: --value and --threshold"),
    "not yet a counter": Mistake("show 0xF1D0", "holds 100 bytes, but a counter has 8"),
    "half of what is not there": Mistake("set 0xF1D0 --value 1", "holds 100 bytes"),
    "counting data": Mistake("count 0xF1D0", "Use a counter: 0xE120", CHIP),
    "zero": Mistake("count 0xE120 0", "1 to 255"),
    "too many": Mistake("count 0xE120 256", "1 to 255"),
    "nothing to set": Mistake("set 0xE120", "--value, --threshold"),
    "too large": Mistake("set 0xE120 --value 4294967296", "4294967295"),
    "over the threshold": Mistake("set 0xE120 --value 5", "value 5 is more than the threshold 0"),
    "query": Mistake("count 0xE120 --query nonsense", "finds nothing.*threshold"),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistake(mistake: Mistake, cli: Cli, port: str) -> None:
    with open_chip(port):
        pass
    assert_mistake(cli, mistake, "--port", port, "counter")
    with open_chip(port) as chip:
        assert (chip.read(0xE120), chip.read(0xF1D0)) == (bytes(8), bytes(100))
    assert list(Path.cwd().iterdir()) == []


def test_without_a_command_it_helps(cli: Cli) -> None:
    assert "threshold" in cli("counter").out
