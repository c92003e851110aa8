"""Trust M Express and Trust M MTR on the command line: CSR, certificate, ``info``, with each secret and without."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from cryptography import x509

import optiga
from optiga.emulator.delivery import check_places
from optiga.emulator.identity import factory_chip
from optiga.emulator.models import MODELS
from optiga.emulator.objects import StoredObject
from optiga.emulator.store import SqliteStore, create_chip
from optiga.errors import ConfigurationError
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate, make_certificate_for
from tests.support.sampling import sampled

CHIP, CONFIGURATION = 4, 2
NAMES = ["trust-m-express", "trust-m-mtr"]


class Bench(NamedTuple):
    """A new chip in a file of its own, and the files of its two secrets.

    :param plain: the port without a secret.
    :param shielded: the same over a shielded connection.
    """

    name: str
    plain: str
    shielded: str

    @property
    def is_express(self) -> bool:
        return self.name == "trust-m-express"


@pytest.fixture(scope="module")
def contents() -> dict[str, dict[int, StoredObject]]:
    """Of one new chip of each model: an RSA key takes long to make."""
    return {name: factory_chip(MODELS[name]) for name in NAMES}


@pytest.fixture(params=NAMES)
def bench(request: pytest.FixtureRequest, cli: Cli, contents: dict[str, dict[int, StoredObject]]) -> Bench:
    create_chip(Path("chip"), MODELS[request.param], contents[request.param])
    assert cli("emulator", "secrets", "chip", "--secret-out", "s", "--authorization-out", "a").code == 0
    return Bench(request.param, "emulator:chip", "emulator:chip?shielded=s")


def test_an_identity_takes_both_secrets(cli: Cli, bench: Bench, config: Path) -> None:
    both = ("--port", bench.shielded, "-q", "--authorize", "0xF1D0=a")
    name = cli(*both, "--csr", config, "--query", "filename").out.strip()
    assert x509.load_pem_x509_csr(Path(name).read_bytes()).is_signature_valid
    Path("cert.pem").write_bytes(make_certificate_for(Path(name)))
    written = cli(*both, "--write", "cert.pem", "--slot", "second", "--query", "[written, key_match]")
    assert (written.code, written.out) == (0, "[True, True]\n"), written
    read = cli("--port", bench.shielded, "--read", "second")
    assert read.out == Path("cert.pem").read_text()


def test_without_them_the_chip_refuses(cli: Cli, bench: Bench, config: Path) -> None:
    Path("cert.pem").write_bytes(make_certificate())
    before = optiga.open_chip(bench.shielded)
    with before as chip:
        held = chip.read(0xE0E1)
    for port in (bench.plain, bench.shielded):
        assert "GenKeyPair 0xE0F1: the chip returned error 0x07" in fails(
            cli, CHIP, "--port", port, "-q", "--csr", config
        )
        assert "0x07" in fails(cli, CHIP, "--port", port, "-q", "--write", "cert.pem", "--slot", "second")
    said = fails(cli, CHIP, "--port", bench.plain, "-q", "--authorize", "0xF1D0=a", "--csr", config)
    assert "DecryptSym 0xF1D0: the chip returned error 0x07" in said
    assert not list(Path().glob("*.csr"))
    with optiga.open_chip(bench.shielded) as chip:
        assert chip.read(0xE0E1) == held


def test_the_fourth_slot_is_free(cli: Cli, bench: Bench, config: Path) -> None:
    name = cli("--port", bench.plain, "-q", "--csr", config, "--slot", "fourth", "--query", "filename").out.strip()
    Path("cert.pem").write_bytes(make_certificate_for(Path(name)))
    written = cli("--port", bench.plain, "-q", "--write", "cert.pem", "--slot", "fourth", "--query", "key_match")
    assert (written.code, written.out) == (0, "True\n"), written


def test_a_new_pairing_takes_both_secrets(cli: Cli, bench: Bench) -> None:
    """The dumps: change of 0xE140 is ``conf 0xE140 && auto 0xF1D0``."""
    pair = ("pair", "--out", "new")
    said = fails(cli, CHIP, "--port", bench.shielded, *pair)
    assert "--authorize" in said
    assert "?shielded" not in said.replace(bench.shielded, "")  # it is so already
    assert "?shielded=FILE" in fails(cli, CHIP, "--port", bench.plain, *pair)
    assert "0xF1D0" in fails(cli, CHIP, "--port", bench.shielded, *pair, "--authorize", "0xF1D0=s")
    assert sorted(map(str, Path().glob("[!c]*"))) == ["a", "s"]
    done = cli("--port", bench.shielded, *pair, "--authorize", "0xF1D0=a", "--query", "locked")
    assert (done.code, done.out) == (0, "true\n"), done
    assert cli("--port", bench.plain, "pair", "check", "new").code == 0
    assert "does not prove" in fails(cli, 3, "--port", bench.plain, "pair", "check", "s")


@pytest.mark.parametrize("option", ["--out new", "--lock", "--yes", "--authorize 0xF1D0=a"])
def test_what_is_of_pair_is_not_of_its_check(cli: Cli, option: str) -> None:
    said = fails(cli, CONFIGURATION, "--port", "emulator:none", "pair", *option.split(), "check", "s")
    assert option.split(maxsplit=1)[0] in said
    assert not [*Path().iterdir()]


def test_information(cli: Cli, bench: Bench) -> None:
    said = {
        port: json.loads(cli("--port", port, "info", "--output", "json").out) for port in (bench.plain, bench.shielded)
    }
    for information in said.values():
        assert (information["model"], information["firmware"]) == (MODELS[bench.name].title, "3.00.2440")
        assert information["slots"]["five"]["key"]["algorithm"] == "rsa2048"
        assert information["slots"]["first"]["key"]["life_cycle"] == "operational"
    assert said[bench.shielded]["slots"]["second"]["certificate"]["issuer"].endswith("emulator root CA")
    plain = said[bench.plain]["slots"]["second"]["certificate"]
    assert ("conf 0xE140" in plain.get("error", "")) is bench.is_express
    text = cli("--port", bench.plain, "info").out
    assert ("not readable: its read access condition is conf 0xE140" in text) is bench.is_express


def test_the_first_certificate_of_an_mtr_is_for_whoever_provisions_it(cli: Cli, bench: Bench) -> None:
    """Late-stage provisioning: configuration guide, chapter 2.1."""
    Path("cert.pem").write_bytes(make_certificate())
    words = ("--port", bench.plain, "-q", "--write", "cert.pem", "--id", "0xE0E0")
    if bench.is_express:
        assert "0x07" in fails(cli, CHIP, *words)
        return
    written = cli(*words, "--query", "written")
    assert (written.code, written.out) == (0, "True\n"), written


@pytest.mark.parametrize("name", sampled(NAMES, 1))
def test_a_new_chip_and_its_secrets(cli: Cli, name: str) -> None:
    given = ("--model", name, "--secret-out", "my.secret", "--authorization-out", "my.reference")
    result = cli("emulator", "new", "my.chip", *given)
    assert result.code == 0, result
    with closing(SqliteStore(Path("my.chip"))) as store:
        held = store.load()
    for path, oid in (("my.secret", 0xE140), ("my.reference", 0xF1D0)):
        secret = Path(path).read_bytes()
        assert (len(secret), secret) == (64, held[oid].data)
        assert secret.hex() not in result.out + result.err
        if os.name == "posix":
            assert Path(path).stat().st_mode & 0o777 == 0o600
    assert cli("--port", "emulator:my.chip", "pair", "check", "my.secret").code == 0
    assert sorted(map(str, Path().iterdir())) == ["my.chip", "my.reference", "my.secret"]


@pytest.mark.parametrize("words", ["new my.chip", "run --chip my.chip", "run --as i2c --chip my.chip"])
def test_a_new_chip_without_files_says_where_its_secrets_are(
    cli: Cli, words: str, contents: dict[str, dict[int, StoredObject]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("optiga.cli.commands.emulator.chips", "optiga.emulator.identity"):
        monkeypatch.setattr(f"{module}.factory_chip", lambda model: contents[model.name])
    monkeypatch.setattr("optiga.cli.commands.emulator.run.run_program", lambda *_, **_options: 0)
    program = ["--", "true"] if words.startswith("run") else []
    result = cli("emulator", *words.split(), "--model", "trust-m-mtr", *program)
    assert result.code == 0, result
    (line,) = [line for line in result.err.splitlines() if "secrets" in line]
    assert "'emulator secrets my.chip'" in line


def test_a_new_v3_has_none(cli: Cli) -> None:
    assert "secret" not in cli("emulator", "new", "plain.chip").err


MISTAKES = {
    "new other --model trust-m-express --secret-out there": "there already exists",
    "new other --model trust-m-express --secret-out link": "link already exists",
    "new other --model trust-m-express --secret-out s --authorization-out s": "s is named twice",
    "new other --model trust-m-express --secret-out other": "other is named twice",
    "new other --model trust-m-express --secret-out none/s": "none",
    "new other --secret-out s": "Trust M V3 comes without a secret",
    "new other --model trust-x --authorization-out s": "Trust X comes without a secret",
    "secrets chip": "--secret-out FILE, --authorization-out FILE or both",
    "secrets chip --secret-out there": "there already exists",
    "secrets chip --authorization-out s": "no authorization reference in 0xF1D0",
    "secrets chip --secret-out s --authorization-out r": "no authorization reference in 0xF1D0",
}


@pytest.mark.parametrize("words", MISTAKES)
def test_nothing_is_written_where_something_is_wrong(cli: Cli, words: str) -> None:
    create_chip(Path("chip"), MODELS["trust-m-v3"])
    Path("there").write_bytes(b"another chip's")
    Path("link").symlink_to("nowhere")
    before = {path: path.is_symlink() or path.read_bytes() for path in Path().iterdir()}
    assert MISTAKES[words] in fails(cli, CONFIGURATION, "emulator", *words.split())
    assert {path: path.is_symlink() or path.read_bytes() for path in Path().iterdir()} == before


def test_a_chip_that_cannot_be_made_leaves_no_secret(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = factory_chip(MODELS["trust-m-v3"])
    monkeypatch.setattr("optiga.cli.commands.emulator.chips.factory_chip", lambda _model: contents)
    Path("chip").write_bytes(b"in the way")
    fails(cli, 3, "emulator", "new", "chip", "--model", "trust-m-mtr", "--secret-out", "s")
    assert [*map(str, Path().iterdir())] == ["chip"]


def test_places_are_told_apart_by_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "way").symlink_to("folder")
    with pytest.raises(ConfigurationError, match="named twice"):
        check_places(tmp_path / "c", {0xE140: tmp_path / "folder" / "s", 0xF1D0: tmp_path / "way" / "s"})


def test_authorize_belongs_to_a_job(cli: Cli) -> None:
    said = fails(cli, CONFIGURATION, "--authorize", "0xF1D0=a", "info")
    assert "--authorize requires --csr or --write or --read" in said


def test_the_first_slot_takes_a_new_key_where_the_chip_says_so(cli: Cli, bench: Bench) -> None:
    """Its metadata are asked: another model's first key never changes (tests of mistakes)."""
    words = ("--port", bench.shielded, "-q", "key", "generate", "first", "--yes")
    assert "0x07" in fails(cli, CHIP, *words)
    made = cli(*words, "--authorize", "0xF1D0=a", "--query", "oid")
    assert (made.code, made.out) == (0, "0xE0F0\n"), made


def test_a_locked_object_is_imported_with_both_secrets(cli: Cli, bench: Bench) -> None:
    Path("f.json").write_text(json.dumps({"e0e1": {"data": "c0ffee"}}))
    words = ("-q", "import", "f.json", "--query", "written", "--yes")
    assert "0xE0E1 is locked" in fails(cli, CONFIGURATION, "--port", bench.plain, *words)
    assert "0xE0E1 is locked" in fails(cli, CONFIGURATION, "--port", bench.shielded, *words)
    done = cli("--port", bench.shielded, *words, "--authorize", "0xF1D0=a", "--yes")
    assert (done.code, done.out) == (0, "1\n"), done
