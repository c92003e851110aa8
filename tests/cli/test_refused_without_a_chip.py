"""What is refused for its arguments or files makes no emulated chip: bad input changes nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from optiga.cli import main
from tests.support.cli.mistakes import USAGE
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG

RUN = "provision device.jsn --no-cloud"
REFUSED = {
    "the passphrase of the CA's key is missing": f"{RUN} --ca locked",
    "nobody can be asked for it": f"{RUN} --ca locked --ask-passphrase",
    "there is no such file of it": f"{RUN} --ca locked --passphrase-file none",
    "there is no such CA": f"{RUN} --ca none",
    "there is no such configuration": "provision none.jsn --no-cloud --ca open",
    "the configuration is none": "provision notes.md --no-cloud --ca open",
    "there is no such slot": f"{RUN} --ca open --slot nine",
    "there is no such output folder": f"{RUN} --ca open --out-dir none",
    "the journal is none": f"{RUN} --ca open --journal notes.md",
    "the trusted roots are none": f"{RUN} --ca open --trust notes.md",
    "there are no such trusted roots": "register --trust none",
    "the secret is missing": f"{RUN} --ca open --authorize 0xF1D0=none",
    "the query finds nothing": f"{RUN} --ca open --query nonsense",
    "there is no such policy template": "provision device.jsn --policy-template none",
    "the policy template is none, which shows before AWS is asked": "provision device.jsn --policy-template notes.md",
    "the provisioning template is none": "provision device.jsn --template notes.md",
    "there is no such profile": "provision device.jsn --profile none",
    "no journal has a chip that is not there": "deprovision",
    "the same, shown only": "deprovision --dry-run",
    "there is no such configuration for a CSR": "--csr none.jsn",
    "there is no key to keep": "--csr device.jsn --keep-key",
    "there is no such certificate": "--write none --slot second",
    "it is no certificate": "--write notes.md --slot second",
    "a new chip has no certificate there": "--read second",
    "the same as an object": "object read 0xE0E2",
    "no public key, either": "key public third",
    "nor a key that signs": "key sign second notes.md",
    "or agrees": "key ecdh second other.pem",
    "or decrypts": "rsa decrypt five notes.md",
    "there is no certificate to verify with": "key verify second notes.md notes.md",
    "or to register": "register --slot second",
    "no key there proves a certificate": "--write other.pem --strict",
    "there is no such object": "--read 0xFFFF",
    "the output is another certificate": "--read first --out other.pem",
    "the public key would replace a certificate": "key public first --out other.pem",
    "a new key's would": "key generate second --out other.pem",
    "an export would": "export other.pem",
    "there is no folder for it": "export none/export.json",
    "there is nothing to import": "import none",
    "a value is more than its threshold": "counter set 0xE120 --value 9 --threshold 1",
    "there is no such update": "update apply none",
    "there is no such secret": "pair check none",
    "there is no such program": "emulator run --chip blank -- ./none",
    "it cannot be run": "emulator run --chip blank --as i2c -- ./notes.md",
    "there is no such model": "emulator new blank --model none",
    "there is no such state": "emulator load none blank",
    "it is no state": "emulator load notes.md blank",
    "there is no such port": "emulator serve --chip blank --tcp 99999",
    "its place is taken": "emulator serve --chip blank --i2c notes.md",
    "that of its control is taken": "emulator serve --chip blank --tcp 0 --control notes.md",
}


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration, CAs with and without a passphrase, and the journal of another chip."""
    folder = tmp_path_factory.mktemp("files")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copy(CONFIG, "device.jsn")
        Path("notes.md").write_text("# Notes\n")
        Path("words").write_text("lamp otter quartz velvet 71\n")
        Path("words").chmod(0o600)
        for words in (
            "ca init locked --passphrase-file words",
            "ca init open --no-passphrase",
            f"--port emulator:other.chip {RUN} --ca open",
        ):
            assert main(["-q", *words.split()]) == 0
        shutil.copy("open/ca.pem", "other.pem")
    return folder


@pytest.mark.parametrize("why", REFUSED)
def test_no_chip_is_made(cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch, why: str) -> None:
    shutil.copytree(files, ".", dirs_exist_ok=True)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    before = sorted(Path().rglob("*"))
    port = [] if "blank" in REFUSED[why] else ["--port", "emulator:blank"]
    result = cli(*port, *REFUSED[why].split())
    assert (result.code != 0, result.out) == (True, "")
    assert "Traceback" not in result.err
    assert sorted(Path().rglob("*")) == before


def test_a_policy_template_is_looked_at_before_the_network(
    cli: Cli, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(files, ".", dirs_exist_ok=True)
    monkeypatch.setenv("AWS_CONFIG_FILE", "none")
    for name in ("notes.md", "other.pem", "device.jsn"):
        error = cli("--port", "emulator:blank", "provision", "device.jsn", "--policy-template", name).errors[0]
        assert name in error
        assert "region" not in error


def test_a_program_that_cannot_be_run_is_named(cli: Cli) -> None:
    result = cli("emulator", "run", "--chip", "blank", "--", "./none")
    assert (result.code, len(result.errors)) == (USAGE, 1)
    assert "./none cannot be run" in result.errors[0]
