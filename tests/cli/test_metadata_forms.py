"""Metadata and bytes in each form in which people have them: words, the manual's abbreviations, hex, C, files."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest
from asn1crypto import pem

import optiga
from optiga.errors import ConfigurationError
from optiga.files.hex_text import parse_hex
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate

NEW = "2011c00101c4018cc50164d003e1fc07d10100"
"""Metadata of 0xF1D0 as a new chip has them."""
READ_NEVER = "d101ff"
FILES: dict[str, bytes] = {
    "tlv.bin": bytes.fromhex("2003d101ff"),
    "bare.bin": bytes.fromhex("d101ff"),
    "tlv.txt": b"2003D101FF\r\n",
    "bare.txt": b"d1 01 ff",
    "colons.txt": b"20:03:d1:01:ff\n",
    "array.h": b"// of the tool\nstatic const uint8_t metadata[] = {\n  0x20, 0x03, /* read */ 0xD1, 0x01, 0xFF,\n};\n",
    "braces.txt": b"{0x20,0x03,0xd1,0x01,0xff}",
    "echo.txt": rb"\x20\x03\xD1\x01\xff" + b"\n",
    "list.txt": b"0x20, 0x03,\r\n  0xD1, 0x01, 0xFF,\r\n",
    "words.json": b'{"read": "never", "lcso": "creation", "max_size": 140, "used_size": 100}',
    "members.json": b'{"metadata": "2003d101ff", "pretty_metadata": {"read": ["never"]}}',
    "chip.json": b'{"f1d1": {"metadata": "2003d10100"}, "f1d0": {"metadata": "2003d101ff", "data": "00"}}',
    "words.txt": b"\xef\xbb\xbf# who may read it\n\nread: NEV\n",
}


OTHERS = (
    "0x20, 0x03,\n 0xD1, 0x01, 0xFF,",
    "{0x20, 0x03, 0xd1, 0x01, 0xff}",
    r"\\x20\\x03\\xD1\\01\\xFF",
    '{"read": "nev"}',
)
"""An array of C with its last comma, what a script's echo has, with octal, and JSON, on the command line."""


@pytest.fixture(autouse=True)
def _files(cli: Cli) -> None:  # in its folder
    for name, content in FILES.items():
        Path(name).write_bytes(content)


def metadata(port: str, oid: int = 0xF1D0) -> str:
    with optiga.open_chip(port) as chip:
        return chip.metadata(oid).encode().hex()


@pytest.mark.parametrize(
    "given",
    [
        "2003d101ff",
        "d101ff",
        "0x2003D101FF",
        "20 03 d1 01 ff",
        "d1,01,ff",
        "20:03:d1:01:ff",
        "D1:01:FF",
        *OTHERS,
        *FILES,
    ],
)
def test_metadata(cli: Cli, port: str, given: str) -> None:
    result = cli("--port", port, "object", "metadata", "0xF1D0", given, "--query", "after.words.read")
    assert (result.code, result.out) == (0, "never\n"), result
    assert metadata(port) == NEW.replace("d10100", READ_NEVER)


def test_what_is_shown_can_be_given_back(cli: Cli, port: str) -> None:
    """With the sizes in it, which the chip alone sets."""
    assert cli("--port", port, "object", "metadata", "0xF1D1", "read: never").code == 0
    shown = cli("--port", port, "object", "metadata", "0xF1D1", "--query", "hex").out.strip()
    assert cli("--port", port, "object", "metadata", "0xF1D0", shown).code == 0
    assert metadata(port) == metadata(port, 0xF1D1)


def test_standard_input(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"2003d101ff")))
    assert cli("--port", port, "object", "metadata", "0xF1D0", "-").code == 0
    assert READ_NEVER in metadata(port)


@pytest.mark.parametrize(
    "given", ["read never", "read = never", "read: never", "read : never", "read :never", "read change:never"]
)
def test_several_words(cli: Cli, port: str, given: str) -> None:
    """What the shell has taken apart is refused, with the line that is right."""
    error = fails(cli, USAGE, "--port", port, "-q", "object", "metadata", "0xF1D0", *given.split())
    assert ("in one pair of quotes: 'read: never'" in error) == ("change" not in given)


def test_hex_in_several_words(cli: Cli, port: str) -> None:
    words = ["20", "03", "d1", "01", "ff"]
    assert cli("--port", port, "object", "metadata", "0xF1D0", *words).code == 0
    assert metadata(port) == NEW.replace("d10100", READ_NEVER)


@pytest.mark.parametrize("given", ["2003d101ff", "tlv.txt", "read: NEV"])
def test_an_update_takes_the_same(cli: Cli, given: str) -> None:
    from tests.support.cli.update_bench import save_files

    save_files(Path())
    signed = ["--version", "1", "--anchor", "0xE0E8", "--signer", "signer.pem", "--out", "set.json"]
    assert cli("update", "make", "metadata", "0xF1D0", given, *signed).code == 0
    assert json.loads(Path("set.json").read_text())["about"]["metadata"] == "read: never"


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            "2004d101ff",
            "not one constructed TLV 0x20: the length is 4 bytes, but there are 3. The end is missing",
        ),
        ("2009C1020000D00321", "the length is 9 bytes, but there are 7"),
        ("2002d101ff", "the length is 2 bytes, but there are 3"),
        ("condition.bin", "condition.bin has only an access condition.*'change: e1fb03fe70fc04'"),
        (r"\x03\x23\xF1\xD0", "only an access condition.*'change: 23f1d0'"),
        ("bytes.bin", "bytes.bin: metadata: tag 0x05 is cut off"),
        ("other.json", "other.json has no metadata of 0xF1D0"),
        ("wrong.json", "wrong.json:1: reed: is unknown"),
        ("contrary.json", "contrary.json:1: pretty_metadata: read is always here and never in metadata"),
        ("config.json", "config.json is a configuration"),
        ("module.json", "module.json has no metadata"),
        ("openssl.cnf", "openssl.cnf is a file with sections"),
        ("cert.pem", "cert.pem is PEM, not metadata"),
        ("cert.der", "cert.der is a certificate, not metadata"),
        ("none.json", "none.json:1: metadata: must be a text"),
        ("d102ff", "cut off"),
        ("d101ffd101ff", "twice"),
        ("2003d10142", "read: "),
        ("c4018cc50164", "no tag that can be set"),
        ("2003e00103", "no tag that can be set"),
        ("2003e10110", "0xF1D0 is not a key"),
        ("read never", "'read: never'"),
        ("read = never", "'read: never'"),
        ("read=never", "'read: never'"),
        ("meta-update -> never", "'metadata_update: never'"),
        ("change lcso < operational", "'change: lcso < operational'"),
        ("ABC", "neither metadata nor a file"),
        ("none.txt", "neither metadata nor a file"),
        ("odd.txt", "odd.txt"),
        ("wrong.txt", "wrong.txt: .*'nevr'"),
    ],
)
def test_mistakes(cli: Cli, port: str, given: str, line: str) -> None:
    Path("odd.txt").write_text("2003d101f")
    Path("wrong.txt").write_text("read: nevr")
    Path("condition.bin").write_bytes(bytes.fromhex("07e1fb03fe70fc04"))
    Path("bytes.bin").write_bytes(bytes(range(1, 9)))
    Path("other.json").write_text('{"f1d1": {"metadata": "2003d101ff"}}')
    Path("wrong.json").write_text('{"reed": "never", "lcso": "creation"}')
    Path("contrary.json").write_text('{"metadata": "2003d101ff", "pretty_metadata": {"read": "always"}}')
    Path("config.json").write_text('{"csr_config": {}}')
    Path("module.json").write_text('{"name": "module", "keywords": []}')
    Path("openssl.cnf").write_text("[req]\ndescription-file = x\n")
    Path("cert.pem").write_text("-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n")
    Path("none.json").write_text('{"metadata": {"a": ["b"]}}')
    Path("cert.der").write_bytes(pem.unarmor(make_certificate())[2])
    before = metadata(port)
    error = fails(cli, USAGE, "--port", port, "-q", "object", "metadata", "0xF1D0", given)
    assert all(part in error for part in line.split(".*")), error
    assert metadata(port) == before


@pytest.mark.parametrize(
    ("given", "encoded"),
    [
        ("change: ALW", "d00100"),
        ("change: nev", "d001ff"),
        ("change: LcsO<op", "d003e1fc07"),
        ("change: LcsO < in || Conf(0xE140) && Auto( F1D0 )", "d00be1fc03fe20e140fd23f1d0"),
        ("read: Int(E0E8) or Luc(0xE120)", "d10721e0e8fe40e120"),
        ("change: e1fc07", "d003e1fc07"),
        ("change: 03e1fc07", "d003e1fc07"),
        ("change: 07e1fb03fe70fc04", "d007e1fb03fe70fc04"),
        ("read: 0x0323F1D0", "d10323f1d0"),
        ("read: ff", "d101ff"),
        ("lcso: 07", "c00107"),
        ("type: 11", "e80111"),
        ("version: 10", "c102000a"),
    ],
)
def test_words(given: str, encoded: str) -> None:
    assert parse_metadata_words([given]).encode()[2:].hex() == encoded


BYTES = bytes.fromhex("2003d101ff")


@pytest.mark.parametrize(
    "text",
    [
        "{0x20, 0x03, 0xd1, 0x01, 0xFF}",
        "{ 0x20,0x3,0xd1,0x1,0xff, };",
        "static const uint8_t x[] = {0x20, 0x03, 0xd1, 0x01, 0xff};\n",
        "/* of { a } tool */ const unsigned char x[5] PROGMEM = {\n 0x20, 0x03, // two\n 0xd1, 0x01, 0xff }; // end",
        "0x20, 0x03, 0xd1, 0x01, 0xff",
        "0x20,0x03,0xd1,0x01,0xff,",
        "20 03 d1 // read\n01 ff",
        "\ufeff20:03:D1:01:FF",
        "{32, 3, 209, 1, 255}",
        "{0x20u, 3U, 0xd1UL, 0b1, 255LL}",
        "{(uint8_t)0x20, (unsigned char) 3, ( uint8_t )0xd1u, 1, 0xff}",
        "uint8_t x[5] = {0x20, 0x03, 0xd1, 0x01, 0xff};",
        "uint8_t x[0x5u] = {0x20, 0x03, 0xd1, 0x01, 0xff};",
        "uint8_t x[SIZE] = {0x20, 0x03, 0xd1, 0x01, 0xff};",
        "{0x20 0x03 0xd1 0x01 0xff}",
        "int other[2];\nstatic T x = {0x20, 0x03, 0xd1, 0x01, 0xff};",
        "uint8_t x[1][5] = {0x20, 0x03, 0xd1, 0x01, 0xff};",
        "uint8_t x[5] __attribute__((aligned(4))) = {0x20, 0x03, 0xd1, 0x01, 0xff};",
    ],
)
def test_hex(text: str) -> None:
    assert parse_hex(text.encode(), "data.h") == BYTES


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("uint8_t a[] = {0x20}; uint8_t b[] = {0x21};", "several arrays"),
        ("{0x20, 0x123}", "'0x123', which is not a byte such as 0x1F"),
        ("{0x20, 256}", "'256', which is not a byte"),
        ("{0x20, -1}", "'-1', which is not a byte"),
        ("{0x20, 'a'}", "which is not a byte"),
        ("{0x20, d1}", "'d1', which is not a byte"),
        ("{0x20, 0x01 | 0x02}", "which is not a byte"),
        ("{0x20, (uint8_t)}", "which is not a byte"),
        ("{0x20, 010}", "'010', which C reads as an octal number"),
        ("{0x20, 08}", "'08', which C reads as an octal number"),
        ("{0x01,,0x02}", "a comma too many"),
        ("{,0x02}", "a comma too many"),
        ("{,}", "a comma too many"),
        ("{0x01, 0x02 0x03}", "'0x02 0x03', in which a comma is missing"),
        ("uint8_t x[1] = {0x01, 0x02};", "2 values, but its size is 1"),
        ("uint8_t x[999999999] = {0x01};", "1 value, but its size is 999999999"),
        ("{" + "9" * 5000 + "}", "which is not a byte"),
        ("{0x20, {0x21}}", "no closing '}'"),
        ("{0x20, 0x21", "no closing '}'"),
        ("0x20;", "';' is not a hex digit"),
    ],
)
def test_no_hex(text: str, line: str) -> None:
    with pytest.raises(ConfigurationError, match=r"data\.h is not hex") as caught:
        parse_hex(text.encode(), "data.h")
    assert line in caught.value.message


def test_an_array_that_is_not_full_has_zeros_as_in_c() -> None:
    assert parse_hex(b"uint8_t x[4] = {0x01, 0x02};", "data.h") == b"\x01\x02\0\0"
    assert parse_hex(b"uint8_t x[] = {0};", "data.h") == b"\0"


def test_an_array_is_written(cli: Cli, port: str) -> None:
    assert cli("--port", port, "object", "write", "0xF1D0", "array.h", "--hex").code == 0
    with optiga.open_chip(port) as chip:
        assert chip.read(0xF1D0) == BYTES
