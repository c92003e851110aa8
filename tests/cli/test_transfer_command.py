"""``export`` and ``import``: a whole chip into a file and into another chip; nothing half done, nothing unasked."""

from __future__ import annotations

import io
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga import ErrorCode
from optiga.chip.commands.set_data_object import SetData
from optiga.errors import BoardError, ChipError
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.runner import Cli

OWN = ("e0c2", "e0e0", "e0f0")
"""What is the chip's own, and differs from chip to chip."""
UNWRITTEN = "00" * 100
"""What 0xF1D0 to 0xF1DB hold on a new chip."""


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


@pytest.fixture
def other(tmp_path: Path) -> str:
    """A second chip."""
    return f"emulator:{tmp_path / 'other'}"


def set_words(chip: optiga.Chip, oid: int, *words: str) -> None:
    chip.write_metadata(oid, parse_metadata_words(words))


def exported(cli: Cli, port: str, *words: object) -> dict[str, Any]:
    result = cli("--port", port, "export", "-", *words)
    assert result.code == 0, result.err
    dump: dict[str, Any] = json.loads(result.out)
    return dump


def save(dump: dict[str, Any], name: str = "f.json") -> None:
    Path(name).write_text(json.dumps(dump))


def result_of(result: Any) -> dict[str, dict[str, Any]]:
    return {row["oid"]: row for row in json.loads(result.out)["objects"]}


class TestExport:
    def test_into_a_file(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "export", "chip.json")
        assert (result.code, result.out) == (0, "")
        assert (
            "43 objects have been written to chip.json\nThe file contains secrets, so keep it safe: 0xE140"
            in result.err
        )
        assert sys.platform == "win32" or stat.S_IMODE(Path("chip.json").stat().st_mode) == 0o600
        dump = json.loads(Path("chip.json").read_bytes())
        assert list(dump)[:8] == ["e0f0", "e0f1", "e0f2", "e0f3", "e0fc", "e0fd", "e200", "e0c0"]
        assert dump["f1d0"] == {
            "metadata": "2011c00101c4018cc50164d003e1fc07d10100",
            "pretty_metadata": {
                "lcso": "creation",
                "max_size": 140,
                "used_size": 100,
                "change": ["lcso", "<", "operational"],
                "read": "always",
            },
            "data": UNWRITTEN,
        }
        assert "data" not in dump["e0f0"]
        assert not {"f1c2", "e100"} & dump.keys()

    def test_to_standard_output(self, cli: Cli, port: str) -> None:
        assert list(exported(cli, port, "--object", "f1d0", "--object", "0xE0F1")) == ["e0f1", "f1d0"]
        cli("--port", port, "export", "chip.json")
        result = cli("--port", port, "export", "-")
        assert result.out.encode() == Path("chip.json").read_bytes()
        assert cli("--port", port, "export", "-", "--query", "f1d0.data").out == UNWRITTEN + "\n"

    def test_summary(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            set_words(chip, 0xF1D0, "read: never")
        result = cli("--port", port, "export", "chip.json", "--output", "json")
        assert json.loads(result.out) == {
            "file": "chip.json",
            "objects": 43,
            "unread": ["0xF1D0"],
            "secrets": ["0xE140"],
        }
        assert "Exported without data, which cannot be read: 0xF1D0" in result.err

    def test_reading_counts_nothing(self, cli: Cli, port: str, other: str) -> None:
        """An object whose reading advances a counter is not read, neither here nor to compare it."""
        with optiga.open_chip(port) as chip:
            chip.write(0xE120, bytes.fromhex("0000000000000002"))
            set_words(chip, 0xF1D0, "read: luc 0xE120")
        dump = exported(cli, port)
        assert "data" not in dump["f1d0"]
        assert dump["e120"]["data"] == "0000000000000002"
        dump["f1d0"]["data"] = "aa"
        save(dump)
        for _ in range(2):
            assert cli("--port", other, "import", "f.json").code == 0
        assert exported(cli, other)["e120"]["data"] == "0000000000000002"

    @pytest.mark.parametrize("model", ["trust-m-v1", "trust-x"])
    def test_each_model(self, cli: Cli, tmp_path: Path, model: str) -> None:
        one, two = (f"emulator:{tmp_path / name}?model={model}" for name in ("one", "two"))
        with optiga.open_chip(one) as chip:
            chip.write(0xF1DF if model == "trust-x" else 0xF1DB, bytes(range(100)))
        dump = exported(cli, one)
        save(dump)
        assert cli("--port", two, "import", "f.json").code == 0
        assert without_own(exported(cli, two)) == without_own(dump)


def without_own(dump: dict[str, Any]) -> dict[str, Any]:
    return {oid: entry for oid, entry in dump.items() if oid not in OWN}


class TestImport:
    def test_nothing_is_lost(self, cli: Cli, port: str, other: str) -> None:
        """A chip with all kinds of settings, into a new chip: its file is the same."""
        with optiga.open_chip(port) as chip:
            chip.write(0xE0C3, b"\x40")
            chip.write(0xE120, bytes.fromhex("0000000300000064"))
            for number, oid in enumerate((0xE0E1, 0xE0E2, 0xE0E8, 0xE140, 0xF1D0, 0xF1D1, 0xF1D2, 0xF1E0)):
                chip.write(oid, bytes([number]) * (64 if oid == 0xE140 else 100 + number))
            set_words(chip, 0xF1D0, "change: never", "type: update_secret", "execute: always")
            set_words(chip, 0xF1D1, "change: int 0xE0E8 && conf 0xF1D0", "reset_type: creation, flush", "version: 7")
            set_words(chip, 0xF1D1, "metadata_update: int 0xE0E8", "lcso: operational")
            set_words(chip, 0xF1D2, "change: luc 0xE120", "lcso: initialization")
            set_words(chip, 0xE0F1, "execute: auto 0xF1D3", "key_usage: signature")
            set_words(chip, 0xE0E8, "change: never", "lcso: operational")
        dump = exported(cli, port)
        save(dump)
        result = cli("--port", other, "import", "f.json", "--yes", "--output", "json")
        assert result.code == 0, result.err
        assert without_own(exported(cli, other)) == without_own(dump)
        rows = result_of(result)
        assert rows["0xF1D1"] == {
            "oid": "0xF1D1",
            "name": "arbitrary data type 3, 2",
            "result": "written",
            "bytes": 105,
            "metadata": ["version", "change", "metadata_update", "reset_type", "lcso"],
            "reason": None,
        }
        assert (rows["0xE0F1"]["result"], rows["0xF1D4"]["result"]) == ("metadata", "unchanged")
        assert rows["0xE0C2"]["reason"] == "it belongs to the chip itself"
        again = cli("--port", other, "import", "f.json")
        assert (again.code, again.errors) == (0, [])
        assert again.out.splitlines()[-1] == "0 written, 0 with new metadata, 40 unchanged, 3 with something left out"

    def test_a_new_chip_has_what_a_dump_of_one_has(self, cli: Cli, port: str, other: str) -> None:
        """Infineon's scripts read 1700 bytes of the 1728 in objects of certificates that were never written."""
        dump = exported(cli, port)
        for oid in ("e0e1", "e0e2", "e0e3"):
            assert dump[oid]["data"] == "00" * 1728
            dump[oid]["data"] = "00" * 1700
        save(dump)
        rows = result_of(cli("--port", other, "import", "f.json", "--yes", "--output", "json"))
        assert {oid for oid, row in rows.items() if row["result"] in ("written", "metadata", "failed")} == set()
        assert exported(cli, other)["e0e1"]["data"] == "00" * 1728

    def test_what_a_file_has_in_part_is_written_where_the_chip_has_other_data(
        self, cli: Cli, port: str, other: str
    ) -> None:
        with optiga.open_chip(port) as chip:
            chip.write(0xF1D0, b"0123456789")
        dump = exported(cli, port, "--object", "0xF1D0")
        dump["f1d0"]["data"] = b"01234".hex()
        save(dump)
        assert cli("--port", port, "import", "f.json", "--query", "unchanged").out == "1\n"
        assert cli("--port", other, "import", "f.json", "--query", "written").out == "1\n"

    def test_into_objects_that_are_closed(self, cli: Cli, port: str) -> None:
        """What can still be opened is, and is closed again: as the file says, or as it was."""
        with optiga.open_chip(port) as chip:
            for oid in (0xF1D0, 0xF1D1, 0xF1D2):
                set_words(chip, oid, "change: never")
        words = {"change": ["int", "0xe0", "0xe8"]}
        save({"f1d0": {"data": "aa"}, "f1d1": {"pretty_metadata": words, "data": "bb"}, "f1d2": {"data": UNWRITTEN}})
        dry = cli("--port", port, "import", "f.json", "--dry-run")
        assert dry.out.splitlines() == [
            "1. 0xF1D0: change is set to always for the data: never -> always",
            "2. 0xF1D0: 1 byte is written",
            "3. 0xF1D0: change is restored: never",
            "4. 0xF1D1: change is set to always for the data: never -> always",
            "5. 0xF1D1: 1 byte is written",
            "6. 0xF1D1: change: never -> int 0xE0E8",
            "2 written, 0 with new metadata, 1 unchanged, 0 with something left out",
        ]
        assert cli("--port", port, "import", "f.json").code == 0
        dump = exported(cli, port)
        assert [dump[oid]["data"] for oid in ("f1d0", "f1d1")] == ["aa", "bb"]
        assert [dump[oid]["pretty_metadata"]["change"] for oid in ("f1d0", "f1d1")] == ["never", words["change"]]

    @pytest.mark.parametrize("model", ["trust-m-v3", "trust-x"])
    def test_a_dry_run_makes_no_chip(self, cli: Cli, model: str) -> None:
        """What it says is what happens to the chip that would be made, of the port's model."""
        save({"f1d1": {"data": "aa"}, "f1c0": {"data": "07"}})
        words = ("--port", f"emulator:none?model={model}", "import", "f.json", "--output", "json")
        planned = cli(*words, "--dry-run")
        assert (planned.code, planned.errors) == (0, [])
        assert "does not exist yet" in planned.err
        assert not Path("none").exists()
        done = cli(*words, "--yes")
        counts = ("written", "metadata", "unchanged", "left")
        assert [json.loads(planned.out)[one] for one in counts] == [json.loads(done.out)[one] for one in counts]

    def test_a_dry_run_touches_nothing(self, cli: Cli, port: str) -> None:
        save({"f1d0": {"data": "aa", "pretty_metadata": {"read": "never", "lcso": "operational"}}, "e0f1": {}})
        before = exported(cli, port)
        result = cli("--port", port, "import", "f.json", "--dry-run", "--query", "[steps, never_undone[0]]")
        assert result.code == 0
        assert json.loads(result.out) == [
            [
                "0xF1D0: 1 byte is written",
                "0xF1D0: read: always -> never",
                "0xF1D0: lcso: creation -> operational",
            ],
            "0xF1D0: its life cycle state goes from creation to operational and never comes back",
        ]
        assert exported(cli, port) == before

    @pytest.mark.parametrize("is_own", [False, True])
    def test_a_certificate_whose_key_is_not_in_the_chip(
        self, cli: Cli, port: str, other: str, config: Path, *, is_own: bool
    ) -> None:
        """Each chip has its own key; only one of them has the key of the certificate."""
        assert cli("ca", "init", "mine", "--no-passphrase").code == 0
        requests = {
            chip: cli("--port", chip, "--csr", config, "--query", "filename").out.strip() for chip in (port, other)
        }
        assert cli("ca", "sign", requests[other if is_own else port], "--ca", "mine", "--out", "device.pem").code == 0
        cli("--port", port, "--write", "device.pem")
        save(exported(cli, port, "--object", "0xE0E1"))
        result = cli("--port", other, "import", "f.json")
        assert result.code == 0
        warned = "Warning: 0xE0E1: the certificate does not belong to the key in 0xE0F1" in result.err
        assert warned is not is_own

    def test_a_certificate_for_a_chip_without_keys(self, cli: Cli, port: str, other: str) -> None:
        """What is there already is not told of: no key signs for it."""
        certificate = exported(cli, port, "--object", "0xE0E0")["e0e0"]["data"]
        save({"e0e2": {"data": certificate}})
        for words in (("--dry-run",), ()):
            assert "Warning: 0xE0E2: there is no key in 0xE0F2" in cli("--port", other, "import", "f.json", *words).err
        assert "Warning" not in cli("--port", other, "import", "f.json").err

    def test_what_can_never_be_undone_is_asked_for(self, cli: Cli, port: str) -> None:
        save({"f1d0": {"data": "aa"}, "e0f2": {"pretty_metadata": {"lcso": "operational"}}})
        before = exported(cli, port)
        refused = cli("--port", port, "import", "f.json")
        assert (refused.code, len(refused.errors)) == (2, 1)
        assert "Importing f.json can never be undone (0xE0F2: its life cycle state" in refused.errors[0]
        assert exported(cli, port) == before
        done = cli("--port", port, "import", "f.json", "--yes")
        assert done.code == 0
        assert "  0xE0F2: the slot has no key and can never get one\n" in done.err
        assert exported(cli, port)["e0f2"]["pretty_metadata"]["lcso"] == "operational"

    def test_from_standard_input_and_one_object(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        content = b'{"f1d0": {"data": "aa"}, "f1d1": {"data": "bb"}}'
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert cli("--port", port, "import", "-", "--object", "f1d1", "--query", "written").out == "1\n"
        assert [entry["data"] for entry in exported(cli, port, "--object", "f1d0", "--object", "f1d1").values()] == [
            UNWRITTEN,
            "bb",
        ]

    def test_life_cycle_states_of_the_chip(self, cli: Cli, port: str) -> None:
        """Only if they are asked for, and last of all."""
        save({"f1c0": {"data": "07"}, "f1d0": {"data": "aa"}, "e0c0": {"data": "0f"}})
        result = cli("--port", port, "import", "f.json")
        assert result.code == 0
        assert "0xE0C0 left out: it advances only with --life-cycle\n0xF1C0 left out: it advances" in result.out
        planned = cli("--port", port, "import", "f.json", "--life-cycle", "--dry-run", "--output", "json")
        assert json.loads(planned.out)["steps"] == ["0xF1C0: 1 byte is written", "0xE0C0: 1 byte is written"]
        assert cli("--port", port, "import", "f.json", "--life-cycle", "--object", "f1c0").code == 2
        done = cli("--port", port, "import", "f.json", "--life-cycle", "--object", "f1c0", "--yes")
        assert done.code == 0
        assert "the application's life cycle state goes from creation to operational" in done.err
        assert exported(cli, port)["f1c0"]["data"] == "07"

    def test_what_stays_out_is_said(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            set_words(chip, 0xF1D0, "execute: always", "type: trust_anchor")
        save({"f1d0": {"pretty_metadata": {"read": "always"}}, "e0e0": {"data": "c0"}, "f1c2": {"data": "01"}})
        assert cli("--port", port, "import", "f.json").out.splitlines() == [
            "0xE0E0 left out: Infineon's certificate is for this chip's own key",
            "0xF1C2 left out: it belongs to the chip itself",
            "0xF1D0 left out: its data are not in the file",
            "0 written, 0 with new metadata, 0 unchanged, 3 with something left out",
        ]
        save({"f1d0": {"metadata": "2006c00101d10100", "data": "00"}})
        row = result_of(cli("--port", port, "import", "f.json", "--output", "json"))["0xF1D0"]
        assert row["reason"] == "not in the file, but cannot be removed: change, execute, type"

    def test_each_object_that_is_left_out_in_part_is_counted(self, cli: Cli, port: str) -> None:
        """Also where its metadata are set: as many are counted as are named, in the second run as in the first."""
        save({"f1d0": {"pretty_metadata": {"read": "never"}}, "f1d1": {"data": "00"}, "f1c2": {"data": "01"}})
        for changed in ("1 written, 1 with new metadata, 0", "0 written, 0 with new metadata, 1"):
            *lines, counts = cli("--port", port, "import", "f.json").out.splitlines()
            assert sum(" left out: " in line for line in lines) == 2
            assert counts == f"{changed} unchanged, 2 with something left out"


def three(cli: Cli, port: str) -> list[dict[str, Any]]:
    """The objects of the file as they are now."""
    dump = exported(cli, port)
    return [dump[oid] for oid in ("f1d0", "f1d1", "f1d2")]


class TestFailures:
    """What the chip refuses although the plan was good, and a line that breaks."""

    @pytest.fixture(autouse=True)
    def _refusing(self, monkeypatch: pytest.MonkeyPatch, cli: Cli, port: str) -> None:
        """The second of three objects is refused."""
        save({oid: {"data": "aa", "pretty_metadata": {"lcso": "initialization"}} for oid in ("f1d0", "f1d1", "f1d2")})
        self.error: Exception = ChipError("the chip says no", code=ErrorCode.INTERNAL_PROCESS_ERROR, oid=0xF1D1)
        self.refuses = True
        execute = optiga.Chip.execute

        def refuse(chip: optiga.Chip, command: Any) -> Any:
            if self.refuses and isinstance(command, SetData) and command.oid == 0xF1D1:
                raise self.error
            return execute(chip, command)

        monkeypatch.setattr(optiga.Chip, "execute", refuse)

    def test_it_stops_and_goes_on(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "import", "f.json", "--yes")
        assert (result.code, result.out) == (4, "")
        assert result.errors == [
            f"Error: {port}: 0xF1D1: the chip says no. Done so far: 0xF1D0. To import the others, use --keep-going"
        ]
        assert [entry["data"] for entry in three(cli, port)] == ["aa", UNWRITTEN, UNWRITTEN]
        self.refuses = False
        rows = result_of(cli("--port", port, "import", "f.json", "--yes", "--output", "json"))
        assert [(row["result"], row["bytes"]) for row in rows.values()] == [
            ("metadata", 0),
            ("written", 1),
            ("written", 1),
        ]

    def test_keep_going(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "import", "f.json", "--yes", "--keep-going", "--output", "json")
        assert result.code == 4
        assert json.loads(result.err.splitlines()[-1])["error"]["message"] == "the chip says no"
        found = {oid: (row["result"], row["reason"]) for oid, row in result_of(result).items()}
        assert found["0xF1D1"] == ("failed", "the chip says no")
        assert (found["0xF1D0"][0], found["0xF1D2"][0]) == ("written", "written")
        states = [entry["pretty_metadata"]["lcso"] for entry in three(cli, port)]
        assert states == ["initialization", "creation", "initialization"]

    def test_a_broken_line_stops_all(self, cli: Cli, port: str) -> None:
        self.error = BoardError("no answer", port="board")
        result = cli("--port", port, "import", "f.json", "--yes", "--keep-going")
        assert (result.code, result.out, len(result.errors)) == (3, "", 1)
        assert "board: 0xF1D1: no answer. Done so far: 0xF1D0" in result.errors[0]

    def test_what_was_opened_is_closed(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            set_words(chip, 0xF1D1, "change: never")
        assert cli("--port", port, "import", "f.json", "--yes").code == 4
        assert exported(cli, port)["f1d1"]["pretty_metadata"]["change"] == "never"
