"""``--csr`` and ``--write`` with ``--dry-run``: all is checked and said, and nothing is changed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga.pki.certificate import load_certificates
from tests.support.cli.runner import Cli
from tests.support.identity.csr_helpers import PARAMETERS, change_config, write_config
from tests.support.makers import make_certificate


@pytest.fixture
def device(cli: Cli, port: str, config: Path) -> Path:
    """The certificate of a chip's second key, which is written to it."""
    csr = cli("--port", port, "--csr", config, "--query", "filename").out.strip()
    assert cli("ca", "init", "root", "--no-passphrase").code == 0
    assert cli("ca", "sign", csr, "--ca", "root", "--out", "device.pem").code == 0
    assert cli("--port", port, "--write", "device.pem").code == 0
    return Path("device.pem")


def state(port: str) -> dict[Path, bytes]:
    """Everything on the disk: the chip, and the folder."""
    files = [*Path().rglob("*"), Path(port.removeprefix("emulator:"))]
    return {path: path.read_bytes() for path in files if path.is_file()}


class TestCsr:
    def test_a_chip_that_is_not_there_yet(self, cli: Cli, port: str, config: Path) -> None:
        result = cli("--port", port, "--csr", config, "--dry-run", "--output", "json")
        assert result.code == 0
        said = json.loads(result.out)
        assert said == {
            "slot": "second",
            "key_oid": "0xE0F1",
            "algorithm": "secp256r1",
            "lost_key": None,
            "lost_certificate": None,
        }
        assert state(port) == {}

    def test_what_would_be_lost(self, cli: Cli, port: str, config: Path, device: Path) -> None:
        before = state(port)
        result = cli("--port", port, "--csr", config, "--dry-run", "--output", "json")
        assert (result.code, state(port)) == (0, before)
        said = json.loads(result.out)
        assert said["lost_key"] == "secp256r1"
        assert "Infineon" in said["lost_certificate"]
        text = cli("--port", port, "--csr", config, "--dry-run").out
        assert "would be lost" in text
        assert "no longer match" in text
        third = cli("--port", port, "--csr", config, "--slot", "third", "--dry-run", "--output", "json")
        assert json.loads(third.out)["lost_key"] is None
        assert state(port) == before

    def test_mistakes(self, cli: Cli, port: str, config: Path) -> None:
        bad = write_config(Path(), change_config({f"{PARAMETERS}.slot": "five"}))
        assert cli("--port", port, "--csr", bad, "--dry-run").code == 2
        assert cli("--port", port, "--csr", config, "--dry-run", "--out-dir", "missing").code == 2
        assert cli("--port", port, "--csr", config, "--dry-run", "--query", "nothing").code == 2
        assert cli("--port", port, "--dry-run").code == 2
        assert cli("--port", port, "--read", "second", "--dry-run").code == 2
        assert not Path(port.removeprefix("emulator:")).exists()

    def test_a_chip_that_would_refuse(self, cli: Cli, port: str, config: Path) -> None:
        assert cli("--port", port, "object", "metadata", "0xE0F1", "change: never", "--yes").code == 0
        before = state(port)
        result = cli("--port", port, "--csr", config, "--dry-run")
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert "change: never" in result.err
        assert state(port) == before

    @pytest.mark.long
    @pytest.mark.parametrize("read", ["never", "luc 0xE121"])
    def test_a_certificate_that_is_not_free_to_be_read(
        self, cli: Cli, port: str, config: Path, device: Path, read: str
    ) -> None:
        assert cli("--port", port, "object", "metadata", "0xE0E1", f"read: {read}", "--yes").code == 0
        before = state(port)
        result = cli("--port", port, "--csr", config, "--dry-run", "--output", "json")
        assert result.code == 0
        said = json.loads(result.out)
        assert (said["lost_key"], said["lost_certificate"]) == ("secp256r1", None)
        written = cli("--port", port, "--write", device, "--dry-run", "--output", "json")
        assert written.code == 0
        assert json.loads(written.out)["would_write"] is None
        assert state(port) == before


class TestWrite:
    def test_what_is_there_already(self, cli: Cli, port: str, device: Path) -> None:
        before = state(port)
        result = cli("--port", port, "--write", device, "--dry-run", "--output", "json")
        assert result.code == 0
        said = json.loads(result.out)
        assert (said["oid"], said["slot"], said["would_write"]) == ("0xE0E1", "second", False)
        assert state(port) == before
        assert said["lost_certificate"] is None
        assert "already" in cli("--port", port, "--write", device, "--dry-run").out

    def test_a_certificate_that_would_be_lost(self, cli: Cli, port: str, device: Path) -> None:
        Path("other.pem").write_bytes(make_certificate(name="another device"))
        before = state(port)
        result = cli("--port", port, "--write", "other.pem", "--dry-run")
        (held,) = load_certificates(device)
        assert result.code == 0
        assert f"{held.subject} in the slot would be lost" in result.out
        assert state(port) == before

    def test_another_slot(self, cli: Cli, port: str, config: Path, device: Path) -> None:
        assert cli("--port", port, "--csr", config).code == 0
        before = state(port)
        result = cli("--port", port, "--write", device, "--slot", "third", "--dry-run", "--output", "json")
        assert result.code == 0
        said = json.loads(result.out)
        assert (said["slot"], said["would_write"]) == ("third", True)
        assert result.err.count("Warning: ") == len(said["warnings"])
        assert (
            "when the certificate is written"
            in cli("--port", port, "--write", device, "--slot", "third", "--dry-run").out
        )
        strict = cli("--port", port, "--write", device, "--slot", "third", "--dry-run", "--strict")
        assert (strict.code, strict.out) == (2, "")
        assert state(port) == before

    def test_data(self, cli: Cli, port: str) -> None:
        Path("data").write_bytes(b"hello")
        unseen = cli("--port", port, "--write", "data", "--id", "0xF1D0", "--dry-run", "--query", "would_write")
        assert (unseen.code, unseen.out) == (0, "True\n")
        assert not Path(port.removeprefix("emulator:")).exists()
        assert cli("--port", port, "info").code == 0
        before = state(port)
        result = cli("--port", port, "--write", "data", "--id", "0xF1D0", "--dry-run")
        assert (result.code, state(port)) == (0, before)
        assert "5 bytes would be written to 0xF1D0" in result.out

    def test_a_chip_that_would_refuse(self, cli: Cli, port: str) -> None:
        Path("data").write_bytes(b"hello")
        assert cli("--port", port, "object", "metadata", "0xF1D0", "change: never", "--yes").code == 0
        before = state(port)
        result = cli("--port", port, "--write", "data", "--id", "0xF1D0", "--dry-run")
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert state(port) == before
