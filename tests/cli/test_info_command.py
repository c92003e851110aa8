"""``info`` and ``boards``."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jmespath
import pytest
from serial.tools.list_ports_common import ListPortInfo

from optiga import open_chip
from optiga.cli.render.info import format_information
from optiga.emulator import Board, EmulatedChip
from optiga.objects.info import chip_information
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate_for
from tests.support.served_boards import board_on_tcp

_PLACE, _PLACE_IN_CERTIFICATE = 17, 27
"""Columns before a value, and before one of a certificate."""


class TestInfo:
    def test_a_fresh_chip(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "info")
        assert result.code == 0
        assert re.search("^Chip  +OPTIGA Trust M V3, firmware 3.02.2564$", result.out, re.MULTILINE)
        assert re.search("^UID  +cd16338201001c00050000[0-9a-f]{20}801010712564$", result.out, re.MULTILINE)
        assert re.search("^Life cycle  +global operational, application creation$", result.out, re.MULTILINE)
        assert re.search(r"^Slot first  +key 0xE0F0 secp256r1 \(authentication\)", result.out, re.MULTILINE)
        for name, key in (("second", "0xE0F1"), ("third", "0xE0F2"), ("five", "0xE0FC"), ("six", "0xE0FD")):
            assert re.search(f"^Slot {name}  +key {key} empty$", result.out, re.MULTILINE)

    def test_a_personalized_chip(self, cli: Cli, port: str, configs: Path) -> None:
        config = configs / "config_nistp384_ecdsa_secondslot.jsn"
        csr = cli("--port", port, "--csr", config, "--query", "filename").out.strip()
        Path("cert.pem").write_bytes(make_certificate_for(Path(csr)))
        cli("--port", port, "--write", "cert.pem")
        text = cli("--port", port, "info").out
        assert re.search(r"^Slot second  +key 0xE0F1 secp384r1 \(authentication, key_agreement\)", text, re.MULTILINE)
        assert re.search(r"^ +certificate 0xE0E1 \d+ bytes\n +subject CN=test device\n", text, re.MULTILINE)
        slot = json.loads(cli("--port", port, "info", "--output", "json").out)["slots"]["second"]
        assert slot["key"]["algorithm"] == slot["certificate"]["public_key"] == "secp384r1"
        assert slot["certificate"]["subject"] == "CN=test device"
        assert slot["certificate"]["expired"] is False
        assert slot["certificate"]["not_after"][:10] in text

    @pytest.mark.parametrize("columns", [30, 60, 80])
    def test_lines_are_broken_between_words(self, port: str, columns: int) -> None:
        with open_chip(port) as chip:
            information = chip_information(chip)
        whole, lines = format_information(information), format_information(information, columns).split("\n")
        assert "\n".join(lines).split() == whole.split()
        assert all(line in whole for line in lines if not line.startswith(" "))
        for line in lines:
            value = line[_PLACE_IN_CERTIFICATE if line.startswith(" " * 18) else _PLACE :]
            assert len(line) <= max(columns, _PLACE_IN_CERTIFICATE + 20) or " " not in value
        assert any(line.startswith(" " * _PLACE_IN_CERTIFICATE) for line in lines)
        assert format_information(information, 1000) == whole

    def test_a_file_gets_whole_lines(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("COLUMNS", "30")
        assert max(map(len, cli("--port", port, "info").out.split("\n"))) > 60

    def test_json(self, cli: Cli, port: str) -> None:
        information = json.loads(cli("--port", port, "info", "--output", "json").out)
        assert information["model"] == "OPTIGA Trust M V3"
        assert information["uid_fields"]["firmware_build"] == "2564"
        assert list(information["slots"]) == ["first", "second", "third", "fourth", "five", "six"]

    @pytest.mark.parametrize(
        "query",
        [
            "uid",
            "model",
            "[uid, firmware]",
            "{a: uid}",
            "uid_fields.batch_number",
            "life_cycle | global",
            "uid_fields.*",
        ],
    )
    def test_a_query_for_the_chip_alone_asks_no_key(
        self, cli: Cli, port: str, query: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        whole = cli("--port", port, "-q", "-v", "info", "--output", "json")
        assert "sign" in caplog.text
        caplog.clear()
        result = cli("--port", port, "-q", "-v", "info", "--query", query, "--output", "json")
        assert result.code == 0
        assert json.loads(result.out) == jmespath.search(query, json.loads(whole.out))
        assert "sign" not in caplog.text
        assert "metadata of 0xE0F1" not in caplog.text

    @pytest.mark.parametrize("query", ["slots.first.key_match", "*", "@", "[uid, slots]", "keys(@)", "slots.*.key"])
    def test_any_other_query_asks_all(self, cli: Cli, port: str, query: str, caplog: pytest.LogCaptureFixture) -> None:
        result = cli("--port", port, "-q", "-v", "info", "--query", query, "--output", "json")
        assert "sign" in caplog.text
        whole = json.loads(cli("--port", port, "info", "--output", "json").out)
        assert query in ("*", "@") or json.loads(result.out) == jmespath.search(query, whole)

    def test_a_query_that_finds_nothing_opens_no_chip(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "info", "--query", "nonsense").code == 2
        assert not Path(port.partition(":")[2]).exists()

    def test_an_emulated_chip_at_a_boards_port_is_named(self, cli: Cli, caplog: pytest.LogCaptureFixture) -> None:
        with board_on_tcp(Board(EmulatedChip().execute)) as url:
            result = cli("--port", url, "-v", "info", "--query", "uid")
        assert result.code == 0
        assert "is emulated" in result.err
        assert "sign" not in caplog.text


class TestBoards:
    @pytest.fixture(autouse=True)
    def _ports(self, monkeypatch: pytest.MonkeyPatch) -> None:
        plain = ListPortInfo("/dev/ttyS0")
        kit = ListPortInfo("/dev/ttyACM1")
        kit.vid, kit.pid, kit.product, kit.serial_number = 0x04B4, 0xF155, "KitProg3 CMSIS-DAP", "0B0B"
        other = ListPortInfo("/dev/ttyUSB0")
        other.vid, other.pid, other.product = 0x0403, 0x6001, "FT232R"
        monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [plain, other, kit])

    def test_text(self, cli: Cli) -> None:
        result = cli("boards")
        assert (result.code, result.err) == (0, "")
        assert [line.split("  ")[0] for line in result.out.splitlines()] == [
            "port",
            "/dev/ttyACM1",
            "/dev/ttyS0",
            "/dev/ttyUSB0",
        ]
        _, board, plain, other = result.out.splitlines()
        assert re.search("  serial  yes +KitProg3 of a PSOC 6 kit +KitProg3 CMSIS-DAP$", board)
        assert re.search("  serial  no +not a USB port", plain)
        assert re.search("  serial  no +USB identity 0403:6001 does not belong to a known board  FT232R$", other)

    def test_json(self, cli: Cli) -> None:
        ports = json.loads(cli("boards", "--output", "json").out)["ports"]
        assert ports[0] == {
            "device": "/dev/ttyACM1",
            "description": "KitProg3 CMSIS-DAP",
            "usb_id": "04b4:f155",
            "serial_number": "0B0B",
            "is_board": True,
            "why": "KitProg3 of a PSOC 6 kit",
            "kind": "serial",
            "needs": "",
        }
        assert cli("boards", "--query", "ports[?is_board].device | [0]").out == "/dev/ttyACM1\n"

    def test_the_one_board_is_used(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        opened = []

        def refuse(port: str) -> None:
            opened.append(port)
            raise OSError("enough seen")

        monkeypatch.setattr("optiga.transport.serial_line.SerialLine", refuse)
        cli("info")
        assert opened == ["/dev/ttyACM1"]


def test_no_ports_at_all(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    result = cli("boards")
    assert (result.code, result.out) == (0, "No serial port found. To use an emulated chip: --port emulator\n")
    assert json.loads(cli("boards", "--output", "json").out) == {"ports": []}


@pytest.mark.parametrize("query", ["unusable", "slots.second.certificate.error", "slots.second.certificate.chain"])
def test_a_query_for_what_only_other_chips_have(cli: Cli, port: str, query: str) -> None:
    """Null, as `unusable` is left out where there is nothing; only a name that no chip has is wrong."""
    result = cli("--port", port, "info", "--query", query, "--output", "json")
    assert (result.code, result.out) == (0, "null\n")
    wrong = cli("--port", port, "info", "--query", f"{query}x")
    assert (wrong.code, wrong.out, len(wrong.errors)) == (2, "", 1)
