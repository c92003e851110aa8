"""A megabyte of anything ends within five seconds, however it is made: what is read is read once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from optiga.ca.request import load_request
from optiga.cli.support.toml import read_toml
from optiga.errors import ConfigurationError, OptigaError
from optiga.identity.configuration import load_configuration
from optiga.objects.metadata_files import metadata_of_file
from optiga.pki.certificate_files import load_found
from optiga.pki.public_key_files import load_public_key
from optiga.protocol.objects import OBJECTS
from optiga.transfer.form import parse_entries, parse_metadata
from optiga.update.private_keys import KeyFile
from optiga.update.update_file import read_update

MOST_SECONDS = 5
SIZE = (1 << 20) - 100
NUMBERS = range(SIZE // 20)


def of_import(text: str, _: Path) -> None:
    parse_entries(text.encode(), "given.json")


def of_configuration(text: str, path: Path) -> None:
    path.write_text(text)
    load_configuration(path)


def of_update(text: str, path: Path) -> None:
    path.write_text(text)
    read_update(path)


def fill(before: str, repeated: str, after: str = "") -> str:
    """As much as fits, again and again."""
    return before + repeated * ((SIZE - len(before) - len(after)) // len(repeated)) + after


DOCUMENTS = {
    "names twice": "{" + ",".join(f'"{number}":1,"{number}":2' for number in NUMBERS) + "}",
    "names twice within": '{"e0f1": {' + ",".join(f'"{number}":1,"{number}":2' for number in NUMBERS) + "}}",
    "one name": fill("{", '"a":1,', '"a":1}'),
    "unknown names": "{" + ",".join(f'"e0f1{number}":1' for number in NUMBERS) + "}",
    "deep and wide": fill('{"e0f1":' + "[" * 900, "1,", "1" + "]" * 900 + "}"),
    "many elements": fill('{"csr_config":{"certificate_info":{"organizational_unit_name":[', '"",', '""]}}}'),
}
READERS: dict[str, Callable[[str, Path], None]] = {
    "import": of_import,
    "configuration": of_configuration,
    "update": of_update,
}


def why_not(read: Callable[[str, Path], None], text: str, path: Path) -> ConfigurationError:
    """Why a text is refused, in time."""
    begin = time.process_time()
    with pytest.raises(ConfigurationError) as raised:
        read(text, path)
    assert time.process_time() - begin < MOST_SECONDS
    return raised.value


@pytest.mark.long
@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("document", DOCUMENTS)
def test_json(document: str, reader: str, tmp_path: Path) -> None:
    error = why_not(READERS[reader], DOCUMENTS[document], tmp_path / "given.json")
    assert len(error.problems) <= 200


@pytest.mark.long
@pytest.mark.parametrize(
    "text",
    [
        fill("", "a"),
        fill("manifest[", " "),
        fill("", "/*"),
        fill("", "/*/"),
        fill("", "a[]={"),
        fill("", "//"),
        fill("x", "=["),
        fill("manifest_data[]", " ", "= {0x00"),
    ],
    ids=["name", "spaces", "comment", "comments", "arrays", "line", "signs", "not closed"],
)
def test_updates_in_c(text: str, tmp_path: Path) -> None:
    assert "not an update set" in str(why_not(of_update, text, tmp_path / "given.h"))


TEXTS = {
    "a name": fill("", "manifest"),
    "names": fill("", "manifest "),
    "manifest and spaces": fill("", "manifest" + " " * 99),
    "begins of arrays": fill("", "manifest["),
    "a section": fill("[", "a"),
    "sections": fill("", "[a]\n"),
    "begins of PEM": fill("", "-----BEGIN "),
    "begins of blocks": fill("", "-----BEGIN CERTIFICATE-----\n"),
    "a text of a program": fill('"-----BEGIN CERTIFICATE-----', "\\", '-----END CERTIFICATE-----"'),
    "quotes": fill("-----BEGIN CERTIFICATE-----", "\"'\\", "-----END CERTIFICATE-----"),
    "backslashes": fill("", "\\"),
    "escapes": fill("", "\\x0"),
    "digits": fill("", "00 ") + "x",
    "digits of C": fill("0x30,", "0x00,") + "x",
    "braces": fill("", "{"),
    "fields": fill("", "{uid"),
    "an XML": fill("<", "a"),
    "apostrophes": fill("", "x's "),
}
FILES: dict[str, Callable[[Path], object]] = {
    "configuration": load_configuration,
    "import": lambda path: parse_entries(path.read_bytes(), "given"),
    "metadata": lambda path: metadata_of_file(OBJECTS[0xF1D0], path.read_bytes(), "given", parse_metadata),
    "certificates": load_found,
    "public key": load_public_key,
    "private key": lambda path: KeyFile.read(path).open(),
    "CSR": load_request,
    "update": read_update,
}


@pytest.mark.long
@pytest.mark.parametrize("reader", FILES)
@pytest.mark.parametrize("text", TEXTS)
def test_what_a_file_is_told_in_time(text: str, reader: str, tmp_path: Path) -> None:
    path = tmp_path / "given"
    path.write_text(TEXTS[text])
    path.chmod(0o600)
    begin = time.process_time()
    with pytest.raises(OptigaError):
        FILES[reader](path)
    assert time.process_time() - begin < MOST_SECONDS


@pytest.mark.long
def test_many_defaults(tmp_path: Path) -> None:
    path = tmp_path / "optiga.toml"
    path.write_text("".join(f"k{number}=1\n" for number in range(10_000)))
    begin = time.process_time()
    assert read_toml(path, "file", SIZE).lines["k9999"] == 10_000
    assert time.process_time() - begin < MOST_SECONDS


def test_doubled_names_are_told(tmp_path: Path) -> None:
    """The first hundred of them, and how many mistakes there are more."""
    text = "{" + ",".join(f'"e{number}":1,"e{number}":2' for number in range(3000)) + "}"
    error = why_not(of_import, text, tmp_path / "given.json")
    assert "'e0' is given twice" in str(error)
    assert sum("is given twice" in problem for problem in error.problems) == 99
    assert "more mistakes" in error.problems[-1]


def test_many_mistakes_are_counted(tmp_path: Path) -> None:
    text = '{"csr_config":{"certificate_info":{' + ",".join(f'"x{number}":1' for number in range(3000)) + "}}}"
    error = why_not(of_configuration, text, tmp_path / "given.jsn")
    assert "csr_config: key_info is missing" in str(error)
    assert len(error.problems) == 200
    assert "2802 more mistakes" in error.problems[-1]


def test_updates_in_c_are_read_as_ever(tmp_path: Path) -> None:
    """Comments within, and arrays with and without a number of elements."""
    text = "/* a */ const uint8_t manifest_data [ 2 ] = { 0x01, /* { */ 0x02 }; // }\n fragment_01[]={0x03}"
    assert "not CBOR" not in str(why_not(of_update, "/* manifest_data[]={0x00} */", tmp_path / "given.h"))
    assert "given.h: manifest:" in str(why_not(of_update, text, tmp_path / "given.h"))
