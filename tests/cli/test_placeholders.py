"""Placeholders where nothing takes their place: refused, and no file is called so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG
from tests.support.sampling import sampled, sampled_rows

FILES = (
    "random 16 --out {}",
    "export {}",
    "--read first --out {}",
    "key generate third --out {}",
    "key draw aes128 --out {}",
    "journal export --journal journal --out {}",
    "emulator dump --out {}",
    "config new {} --yes",
    "config schema --out {}",
    "ca sign device.csr --ca ca --out {}",
    "pair --out {}",
    "ca init {} --name x --no-passphrase",
    "ca intermediate {} --name x --ca ca --no-passphrase",
    "emulator new {}",
    f"provision {CONFIG} --ca ca --no-cloud --journal {{}}",
    f"provision {CONFIG} --ca ca --no-cloud --dry-run --journal {{}}",
    "--port emulator:{} info",
)
FOLDERS = (
    f"--csr {CONFIG} --out-dir {{}}",
    f"--csr {CONFIG} --dry-run --out-dir {{}}",
    f"--csr {CONFIG} --keep-key --out-dir {{}}",
)


@pytest.fixture
def made(cli: Cli, port: str) -> Cli:
    assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    csr = cli("-q", "--port", port, "--csr", CONFIG, "--query", "filename").out.strip()
    Path(csr).rename("device.csr")
    assert cli("-q", "--port", port, "provision", CONFIG, "--ca", "ca", "--no-cloud", "--journal", "journal").code == 0
    return cli


@pytest.mark.parametrize("command", sampled(FILES + FOLDERS, keep=5))
def test_no_file_is_called_so(made: Cli, port: str, command: str) -> None:
    before = sorted(Path().iterdir())
    for name in ("{uid}", "{ UID }.x", "{slot}"):
        words = [word.replace("{}", name) for word in command.split()]
        result = made("-q", "--port", port, *words)
        assert result.code in (USAGE, 3)
        (error,) = result.errors
        assert f"contains {name.removesuffix('.x')!r}" in error
        assert sorted(Path().iterdir()) == before


def test_one_that_is_there_is_used(made: Cli, port: str) -> None:
    Path("journal").rename("{uid}")
    Path("journal.seal").rename("{uid}.seal")
    assert made("journal", "show", "--journal", "{uid}").code == 0
    assert made("--port", port, "provision", CONFIG, "--ca", "ca", "--no-cloud", "--journal", "{uid}").code == 0
    Path("{slot}").write_bytes(b"x")
    assert made("--port", port, "random", "16", "--out", "{slot}").code == 0
    Path("{UID}").mkdir()
    assert made("--port", port, "--csr", CONFIG, "--out-dir", "{UID}").code == 0


def test_folders_of_runs(made: Cli, port: str) -> None:
    for name, right in (
        ("{UID}", "{uid}"),
        ("{uid}/{ slot }", "{slot}"),
        ("{SLOT}", "{slot}"),
        ("{uid}/{slt}", "{slot}"),
        ("{slot}/{line}", "{uid}"),
        ("{uid}/{policy}", "{uid}"),
        ("{slt}", "{slot}"),
    ):
        for more in ((), ("--dry-run",)):
            words = ("provision", CONFIG, "--ca", "ca", "--no-cloud", "--out-dir", name)
            error = fails(made, USAGE, "-q", "--port", port, *words, *more)
            assert f"{right} means" in error
    assert "{uid} means" in fails(made, USAGE, "-q", "--port", port, "register", "--out-dir", "{UID}")


@pytest.mark.parametrize(
    ("words", "right"),
    sampled_rows(
        [
            ("ca init x --name {uid} --no-passphrase", False),
            ("ca init {uid} --no-passphrase", False),
            ("ca init x --organization {UID} --no-passphrase", False),
            ("ca intermediate x --name {slot} --ca ca --no-passphrase", False),
            ("config new x --yes --subject common_name={UID}", True),
            ("config new x --yes --subject common_name={slot}", True),
            ("config new x --yes --thing {UID}", True),
            ("config new x --yes --policy a{slot}", True),
            ("register --thing {UID}", True),
            ("register --thing x --policy {slot}", True),
            (f"provision {CONFIG} --thing-type {{uid}}", False),
            (f"provision {CONFIG} --thing-group {{uid}}", False),
            (f"provision {CONFIG} --billing-group {{uid}}", False),
            (f"provision {CONFIG} --attribute a={{UID}}", True),
            (f"provision {CONFIG} --attribute {{uid}}=a", False),
            (f"provision {CONFIG} --template x --parameter a={{slot}}", True),
            (f"provision {CONFIG} --policy-template policy", True),
        ],
        keep=6,
    ),
)
def test_names(made: Cli, port: str, words: str, right: bool) -> None:
    Path("policy").write_text('{"Version": "2012-10-17", "Statement": [{"Resource": "x:client/{UID}"}]}')
    error = fails(made, USAGE, "-q", "--port", port, *words.split())
    assert "contains '{" in error
    assert ("{uid} means the chip's UID" in error) is right
    assert ":4:" not in error
    assert not Path("x").exists()


def test_in_a_configuration(cli: Cli, port: str) -> None:
    value = json.loads(CONFIG.read_text())
    value["csr_config"]["certificate_info"]["common_name"] = "lamp {slot}"
    Path("device.jsn").write_text(json.dumps(value, indent=4))
    for words in (("config", "check"), ("--csr",)):
        error = fails(cli, USAGE, "-q", "--port", port, *words, "device.jsn")
        assert "common_name: contains '{slot}'" in error


def with_name(name: str, **extensions: object) -> str:
    """A configuration whose common name is this."""
    content = json.loads(Path(CONFIG).read_text())
    content["csr_config"]["certificate_info"]["common_name"] = name
    if extensions:
        content["csr_config"]["extensions"] = extensions
    Path("named.jsn").write_text(json.dumps(content))
    return "named.jsn"


@pytest.mark.parametrize(
    "name", ["{uld}", "{slt}", "{uid", "uid}", "a {UID-1", "{uid!r}", "{uid:>9}", "{{uid}}", "${uid}", "{uid}-{uid"]
)
def test_torn(cli: Cli, port: str, name: str) -> None:
    for command in ("config check", f"--port {port} --csr"):
        error = fails(cli, USAGE, *command.split(), with_name(name))
        assert "common_name" in error
        assert "{uid} means the chip's UID" in error


@pytest.mark.parametrize(
    "name", sampled(["%uid%", "x-$uid", "<UID>", "[uid]", "$(uid)", "%(uid)s", "__uid__", "<serial number>"], keep=4)
)
def test_of_other_programs(cli: Cli, port: str, name: str) -> None:
    """Every chip would get the same name; it is for people to know whether that is meant."""
    config = with_name(name)
    for command in ("config check", "--csr", "--dry-run --csr"):
        result = cli("-q", "--port", port, *command.split(), config)
        assert result.code == 0
        assert [word in result.err for word in ("common_name", repr(name), "{uid} means")] == [True, True, True]
    assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    result = cli("-q", "--port", port, "provision", config, "--ca", "ca", "--no-cloud", "--dry-run")
    assert "{uid} means" in result.err
    result = cli("config", "new", "other.jsn", "--yes", "--subject", f"common_name={name}")
    assert "{uid} means" in result.err


def test_of_other_programs_in_names_of_aws(cli: Cli) -> None:
    content = json.loads(Path(CONFIG).read_text())
    for name, code in (("__uid__", 0), ("thing-<uid>", USAGE)):
        content["aws_iot_config"] = {"thing": name, "policy": "my_policy"}
        Path("aws.jsn").write_text(json.dumps(content))
        result = cli("config", "check", "aws.jsn")
        assert result.code == code
        assert ["thing" in result.err, "{uid} means" in result.err, "policy:" in result.err] == [True, True, False]


def test_of_other_programs_in_extensions(cli: Cli) -> None:
    result = cli("config", "check", with_name("x", subject_alt_names=[{"uri": "urn:dev:%uid%"}]))
    assert "uri" in result.err
    assert "{uid} means" in result.err


@pytest.mark.parametrize(
    "name", ["liquid", "a < b", "<liquid>", "{liquid}", "fluid}", "50%uids", "squid [id]", "a {uid} $b", "UID"]
)
def test_ordinary_texts(cli: Cli, name: str) -> None:
    result = cli("config", "check", with_name(name))
    assert (result.code, result.err) == (0, "")
