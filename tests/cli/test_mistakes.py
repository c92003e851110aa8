"""What newcomers get wrong: what is typed, the one line shown, the exit code; and nothing is changed.

In a row, ``{config}`` is a good configuration, ``{port}`` a fresh emulated chip, ``{files}`` the folder of prepared
files, ``{tmp}`` an empty one.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import sys
from pathlib import Path

import pytest

from tests.support.cli.mistakes import BOARD, CERTIFICATE, CHIP, USAGE, Mistake, assert_mistake, assert_mistake_as_json
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate, make_key

MISTAKES = {
    "no configuration and no board": Mistake("provision none.jsn", "none.jsn: no such file", reason="not_found"),
    "no board": Mistake(
        "--csr {config}", "no personalization board found.*--port PORT.*--port emulator", BOARD, reason="no_board"
    ),
    "options and no command": Mistake("--port {port} -q", "No command: name one", reason="usage"),
    "a query and no command": Mistake("--port {port} --query uid", "No command: name one", reason="usage"),
    "no value before an option": Mistake("--port --csr {config}", "--port needs a value, but --csr", reason="usage"),
    "no value before a command's option": Mistake(
        "--port {port} provision --ca --no-cloud {config}", "--ca needs a value, but --no-cloud", reason="usage"
    ),
    "no value before an option of a command below": Mistake(
        "ca sign --out --ca x {config}", "--out needs a value, but --ca.* Try '.* ca sign", reason="usage"
    ),
    "no such port": Mistake(
        "--port /dev/ttyNONE --csr {config}", "/dev/ttyNONE: there is no such port", BOARD, reason="no_board"
    ),
    "not a serial port": Mistake("--port {files}/empty.pem info", "not a serial port", BOARD, reason="wrong_type"),
    "nobody at the socket": Mistake(
        "--port socket://127.0.0.1:{closed} info", "nothing answers at this address", BOARD, reason="no_board"
    ),
    "unknown URL": Mistake("--port usb://board info", "usb://board: not a port", reason="bad_value"),
    "no number": Mistake("--port {port} random ten", "'ten' is not a whole number[.] Try"),
    "out of range": Mistake("--port {port} key ecdh second x --session 9", "9 is not in the range 1 to 4[.] Try"),
    "a number of seconds": Mistake("deprovision --timeout soon", "'soon' is not a number[.] Try"),
    "the current folder": Mistake("ca list --ca .", "there is no CA in /.*[^.][.] "),
    "text for a certificate": Mistake(
        "--port {port} --write {files}/not-json.jsn --id 0xE0E2",
        "no certificate in .*0xE0E2, use 'object write --offset 0', or 'object write --hex'",
        5,
    ),
    "device without its folder": Mistake("--port ttyACM0 info", "no such port, did you mean '/dev/ttyACM0'", BOARD),
    "device of a Mac": Mistake("--port cu.usbmodem12 info", "did you mean '/dev/cu.usbmodem12'", BOARD),
    "bus without its folder": Mistake("--port i2c-1 info", "no such port, did you mean '/dev/i2c-1'", BOARD),
    "a certificate as configuration": Mistake(
        "--port {port} --csr {files}/cert.pem", "cert.pem is PEM, .* use --write .*cert.pem", reason="wrong_type"
    ),
    "a file as folder": Mistake(
        "--port {port} --csr {config} --out-dir {config}", "it is not a folder. Name a folder", reason="wrong_type"
    ),
    "mistyped emulator": Mistake("--port emulatr:x info", "no such port, did you mean 'emulator:x'", BOARD),
    "mistyped reason": Mistake(
        "ca revoke 01 --ca ca --reason keyCompromis", "is not one of unspecified, keyCompromise.*did you mean 'keyCompr"
    ),
    "mistyped policy template": Mistake(
        "--port {port} provision {config} --policy-template thing_polcy.template",
        "did you mean 'thing_policy.template'",
    ),
    "address without its kind": Mistake(
        "--port 127.0.0.1:4711 info", "no such port, did you mean 'socket://127.0.0.1:4711'", BOARD
    ),
    "address without a number": Mistake("--port socket://board info", "no port number[.] Use a serial device"),
    "journal in no folder": Mistake("journal check --journal none/j.db", "none/j.db: the folder does not exist"),
    "empty port": Mistake("--port= info", "is empty", reason="usage"),
    "emulator option": Mistake("--port emulator:x?speed=1 info", "unknown option 'speed'"),
    "emulator model": Mistake("--port emulator:x?model=Z info", "'Z'.*trust-m-v3"),
    "emulator folder": Mistake(
        "--port emulator:{tmp}/none/chip info", "the folder does not exist", BOARD, reason="not_found"
    ),
    "not a chip file": Mistake(
        "--port emulator:{files}/not-json.jsn info", "not an emulated chip", BOARD, reason="wrong_type"
    ),
    "no configuration": Mistake("--port {port} --csr nothing.jsn", "nothing.jsn.*no such file", reason="not_found"),
    "a folder": Mistake("--port {port} --csr {files}", "is a folder", reason="wrong_type"),
    "malformed JSON": Mistake("--port {port} --csr {files}/not-json.jsn", "not-json.jsn:2: ", reason="bad_value"),
    "empty configuration": Mistake("--port {port} --csr {files}/empty.pem", "empty"),
    "missing field": Mistake("--port {port} --csr {files}/no-key.jsn", "no-key.jsn:2: csr_config.*key_info"),
    "wrong curve": Mistake("--port {port} --csr {files}/curve.jsn", "curve: 'secp256k1' is not"),
    "wrong hash": Mistake("--port {port} --csr {files}/hash.jsn", "hash_alg: .*sha384.*secp256r1.*sha256"),
    "wrong slot": Mistake("--port {port} --csr {files}/slot.jsn", "slot: 'seventh'"),
    "wrong country": Mistake("--port {port} --csr {files}/country.jsn", "country_name: 'Germany'"),
    "Infineon's slot": Mistake("--port {port} --csr {config} --slot first", "Infineon", reason="denied"),
    "RSA in an EC slot": Mistake("--port {port} --csr {rsa} --slot second", "slot second|'second'"),
    "read-only folder": Mistake(
        "--port {port} --csr {config} --out-dir {sealed}", "cannot write to", reason="not_writable"
    ),
    "missing folder": Mistake("--port {port} --csr {config} --out-dir none", "the folder does not exist"),
    "no such query": Mistake(
        "--port {port} --csr {config} --query arn", "'arn' finds nothing.*filename, public_key", reason="bad_value"
    ),
    "broken query": Mistake("--port {port} --csr {config} --query a[", "is not valid"),
    "query into a text": Mistake("--port {port} --csr {config} --query filename.x", "finds nothing"),
    "query that does not fit": Mistake("--port {port} --csr {config} --query length(foo)", "does not fit"),
    "URL without port": Mistake("--port socket://127.0.0.1 info", "no port number"),
    "folder for a chip": Mistake("--port emulator:. info", "it is a folder", BOARD),
    "name too long": Mistake("--port emulator:" + 300 * "x" + " info", "not a valid file name", BOARD),
    "new in a folder": Mistake("emulator new .", "it is a folder", BOARD),
    "reset of a board": Mistake("--port /dev/ttyNONE emulator reset", "is not an emulated chip"),
    "output without a name": Mistake("--port {port} --read 0xE0C2 --out .", "names no file", reason="wrong_type"),
    "output that is a folder": Mistake(
        "--port {port} --read 0xE0C2 --out {files}", "it is a folder", reason="wrong_type"
    ),
    "key for certificate": Mistake(
        "--port {port} --write {files}/key.pem", "private key", CERTIFICATE, reason="wrong_type"
    ),
    "empty certificate": Mistake("--port {port} --write {files}/empty.pem", "empty", CERTIFICATE),
    "text for certificate": Mistake("--port {port} --write {files}/not-json.jsn", "certificate", CERTIFICATE),
    "broken PEM": Mistake("--port {port} --write {files}/broken.pem", "base64|PEM", CERTIFICATE, reason="damaged"),
    "chain too big": Mistake(
        "--port {port} --write {files}/chain.pem", r"\d{4} bytes.*room for 1728", CERTIFICATE, reason="too_large"
    ),
    "no file": Mistake("--port {port} --write none.pem", "none.pem.*no such file", reason="not_found"),
    "unknown slot": Mistake("--port {port} --write {files}/cert.pem --slot ninth", "'ninth'", reason="not_found"),
    "slot without certificate": Mistake(
        "--port {port} --write {files}/cert.pem --slot five", "slot five has a key.*--id", reason="wrong_type"
    ),
    "locked object": Mistake(
        "--port {port} --write {files}/cert.pem --slot first",
        "0x07, access conditions.*Infineon's own",
        CHIP,
        reason="denied",
    ),
    "key as target": Mistake("--port {port} --write {files}/cert.pem --id 0xE0FC", "private key"),
    "unknown object": Mistake("--port {port} --read 0xBEEF", "'0xBEEF'", reason="not_found"),
    "reading a key": Mistake("--port {port} --read 0xE0F1", "never leaves the chip"),
    "reading nothing": Mistake(
        "--port {port} --read second", "there is no emulated chip.*no certificate in 0xE0E1", reason="not_found"
    ),
    "not the key's": Mistake(
        "--port {port} --write {files}/cert.pem --strict", "no emulated chip.*no key in 0xE0F1", reason="not_found"
    ),
    "too much data": Mistake("--port {port} --write {files}/chain.pem --id 0xF1D0", "room for 140", reason="too_large"),
    "two jobs": Mistake(
        "--csr {config} --write {files}/cert.pem", "--csr and --write do not go together", reason="usage"
    ),
    "job and command": Mistake("--csr {config} info", "--csr and info do not go together"),
    "slot without job": Mistake("--slot second", "--slot requires --csr or --write"),
    "slot with read": Mistake("--read cert.pem --slot second", "--read SLOT --out FILE"),
    "option of a command before it": Mistake("--out-dir x provision config.jsn", r"'provision \.\.\. --out-dir'"),
    "option of a group's command before it": Mistake("--force key public second", r"'key \.\.\. --force'"),
    "option that the command does not have": Mistake("--keep-key random 8", r"--keep-key requires --csr\. Try"),
    "slot and id": Mistake("--write {files}/cert.pem --slot second --id 0xE0E1", "do not go together"),
    "misspelt option": Mistake("--wirte {files}/cert.pem", "No such option", reason="usage"),
    "misspelt command": Mistake("inof", "No such command", reason="usage"),
    "option without value": Mistake("--csr", r"requires an argument\. Try '.+ --help'"),
    "empty value": Mistake("--csr=", "is empty"),
    "no host to serve on": Mistake("emulator serve", "--pty, --tcp, --i2c and --ft260"),
    "new over old": Mistake("emulator new {files}/empty.pem", "empty.pem", BOARD),
    "reset of nothing": Mistake("emulator reset none.chip", "none.chip", BOARD),
}


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory, configs: Path) -> Path:
    """The prepared files."""
    folder = tmp_path_factory.mktemp("files")
    good = json.loads((configs / "config_nistp256_ecdsa_secondslot.jsn").read_text())

    def save(name: str, *path: str, value: object = None) -> None:
        changed = json.loads(json.dumps(good))
        place = changed["csr_config"]
        for step in path[:-1]:
            place = place[step]
        if value is None:
            del place[path[-1]]
        else:
            place[path[-1]] = value
        (folder / name).write_text(json.dumps(changed, indent=4))

    save("no-key.jsn", "key_info")
    save("curve.jsn", "key_info", "parameters", "curve", value="secp256k1")
    save("hash.jsn", "signature_info", "parameters", "hash_alg", value="sha384")
    save("slot.jsn", "key_info", "parameters", "slot", value="seventh")
    save("country.jsn", "certificate_info", "country_name", value="Germany")
    (folder / "not-json.jsn").write_text('{\n  "csr_config": {,}\n}\n')
    (folder / "empty.pem").touch()
    key = make_key()
    (folder / "key.pem").write_bytes(key.pem)
    certificate = make_certificate(key)
    (folder / "cert.pem").write_bytes(certificate)
    (folder / "chain.pem").write_bytes(b"".join(make_certificate(make_key()) for _ in range(6)))
    (folder / "broken.pem").write_bytes(certificate.replace(b"M", b"!", 1).replace(b"\n", b"\n%%", 2))
    return folder


def seal(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder in which nothing can be made, whoever runs the tests."""
    real_open = os.open

    def refuse(path: object, flags: int, *rest: int, **named: int) -> int:
        if flags & os.O_CREAT and Path(os.fspath(path)).parent == folder:  # type: ignore[call-overload]
            raise PermissionError(13, "Permission denied", str(path))
        return real_open(path, flags, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "open", refuse)


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistake(
    mistake: Mistake, cli: Cli, port: str, files: Path, configs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealed = tmp_path / "sealed"
    sealed.mkdir()
    seal(sealed, monkeypatch)
    monkeypatch.setattr("serial.tools.list_ports.comports", list)
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        places = {
            "config": configs / "config_nistp256_ecdsa_secondslot.jsn",
            "rsa": configs / "config_2k_rsa_secondslot.jsn",
            "port": port,
            "files": files,
            "tmp": tmp_path,
            "sealed": sealed,
            "closed": reserved.getsockname()[1],
        }
        assert_mistake(cli, mistake, **places)
        if mistake.reason:
            assert_mistake_as_json(cli, mistake, **places)
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions of devices are POSIX")
def test_no_permission_on_the_port(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    import serial

    def refuse(self: serial.Serial) -> None:
        raise serial.SerialException(13, "could not open port /dev/ttyACM0: [Errno 13] Permission denied")

    monkeypatch.setattr(serial.Serial, "open", refuse)
    result = cli("--port", "/dev/ttyACM0", "info")
    assert (result.code, len(result.errors)) == (BOARD, 1)
    assert re.search("/dev/ttyACM0: no permission to open it. .*(usermod|administrator)", result.errors[0])


def test_several_mistakes_at_once(cli: Cli, port: str, tmp_path: Path) -> None:
    config = tmp_path / "bad.jsn"
    config.write_text(
        """{
  "csr_config": {
    "certificate_info": {
      "country_name": "DEU",
      "comon_name": "chip"
    },
    "key_info": {
      "algorithm_id": "ec",
      "parameters": {"curve": "secp256r1", "slot": "0xE0FC"}
    },
    "signature_info": {
      "algorithm_id": "ecdsa",
      "parameters": {"hash_alg": "md5"}
    }
  }
}
"""
    )
    result = cli("--port", port, "--csr", config)
    assert result.code == USAGE
    places = [re.search(r"bad\.jsn:(\d+): ([\w.]+)", line) for line in result.errors]
    assert [(int(place[1]), place[2]) for place in places if place] == [
        (4, "csr_config.certificate_info.country_name"),
        (5, "csr_config.certificate_info.comon_name"),
        (9, "csr_config.key_info.parameters.slot"),
        (13, "csr_config.signature_info.parameters.hash_alg"),
    ]
    assert "common_name" in result.errors[1]


def test_two_boards(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    from serial.tools.list_ports_common import ListPortInfo

    def board(device: str) -> ListPortInfo:
        info = ListPortInfo(device)
        info.vid, info.pid, info.product = 0x04B4, 0xF155, "KitProg3 CMSIS-DAP"
        return info

    monkeypatch.setattr("serial.tools.list_ports.comports", lambda: [board("/dev/ttyACM1"), board("/dev/ttyACM0")])
    result = cli("info")
    assert (result.code, len(result.errors)) == (BOARD, 1)
    assert "more than one board is plugged in: /dev/ttyACM0, /dev/ttyACM1. Choose one" in result.errors[0]


def test_a_missing_package_names_the_command(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "serial.tools", None)
    monkeypatch.setitem(sys.modules, "serial", None)
    result = cli("boards")
    assert result.code == 2
    assert len(result.errors) == 1
    assert "package 'serial' is missing" in result.errors[0]
    assert re.search(r"-m pip install|\.venv", result.errors[0])  # where there is an environment that is not used


def test_our_own_mistakes_are_one_line_too(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("optiga.cli.commands.boards.boards.list_ports", lambda: 1 / 0)
    result = cli("boards")
    assert result.code == 1
    assert "unexpected: ZeroDivisionError" in result.errors[0]
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "words",
    [
        "hash ''",
        "object write 0xF1D0 ''",
        "object read 0xF1D0 --out ''",
        "--read 0xF1D0 --out ''",
        "--csr device.jsn --out-dir ''",
        "key ecdh second ''",
        "export ''",
        "update show ''",
        "journal show --journal ''",
        "provision ''",
        "ca init ''",
        "emulator new ''",
        "emulator reset ''",
    ],
)
def test_an_empty_name_is_called_so(cli: Cli, port: str, words: str) -> None:
    """As of a variable that is not set; it is not the folder that one is in."""
    result = cli("--port", port, *shlex.split(words))
    assert (result.code, result.out, len(result.errors)) == (USAGE, "", 1)
    assert "the name is empty" in result.errors[0]
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("words", ["new -", "reset -", "dump -", "load state -", "serve --tcp 0 --chip -"])
def test_a_chip_is_in_no_file_of_the_name_of_a_dash(cli: Cli, words: str) -> None:
    result = cli("emulator", *words.split())
    assert (result.code, result.out, len(result.errors)) == (USAGE, "", 1)
    assert "'-' names no file" in result.errors[0]
    assert list(Path.cwd().iterdir()) == []


@pytest.mark.parametrize("words", ["object write 0xE0E1", "--write", "key verify", "ca sign --ca mine"])
def test_pem_in_utf_16_is_called_so(cli: Cli, port: str, words: str) -> None:
    """As PowerShell's > writes it."""
    assert cli("ca", "init", "--no-passphrase", "mine").code == 0
    Path("file.pem").write_text(Path("mine/ca.pem").read_text(), encoding="utf-16")
    result = cli("--port", port, *words.split(), "file.pem", *(["file.pem"] * 2 if "verify" in words else []))
    assert (result.code, result.errors) == (CERTIFICATE, ["Error: file.pem is text in UTF-16. Save it in UTF-8"])


class TestLongValues:
    """What somebody has pasted in the wrong place is not given back at length."""

    @pytest.mark.parametrize(
        "words",
        [
            ("object", "read", "x" * 5000),
            ("key", "list", "--query", "x" * 5000),
            ("--read", "two words " * 500),
            ("--port", "emulator:chip?model=" + "x" * 5000, "info"),
            ("object", "metadata", "0xF1D0", "change: " + "y" * 5000),
            ("key", "generate", "second", "--usage", "z" * 5000),
        ],
        ids=lambda words: " ".join(words)[:20],
    )
    def test_they_are_cut(self, cli: Cli, words: tuple[str, ...]) -> None:
        result = cli("--port", "emulator:chip", *words) if words[0] != "--port" else cli(*words)
        assert (result.code, len(result.errors)) == (2, 1)
        assert len(result.errors[0]) < 700
        assert "…" in result.errors[0]

    def test_others_are_whole(self, cli: Cli) -> None:
        assert "y" * 150 in cli("--port", "emulator:chip", "object", "read", "y" * 150).errors[0]
