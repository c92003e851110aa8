"""A file or CA that is not there: the error names one that is called like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli.runner import Cli

MEANT = {
    "--csr lamp.json": "lamp.jsn",
    "--csr lamp": "lamp.jsn",
    "--csr=lamp.json": "lamp.jsn",
    "--csr lmap.jsn": "lamp.jsn",
    "--csr Lamp.JSN": "lamp.jsn",
    "provision lamp.json --dry-run": "lamp.jsn",
    "config check lamp.json": "lamp.jsn",
    "--csr shelf/nail": "shelf/nail.json",
    "--csr shelf/nail.jsn": "shelf/nail.json",
    "--write certificat.pem": "certificate.pem",
    "import exprt.json": "export.json",
    "ca list --ca factry": "factory",
    "--csr config_nistp256_ecdsa_secondslot": "config_nistp256_ecdsa_secondslot.jsn",
    "--csr nistp256_ecdsa_thirdslot": "config_nistp256_ecdsa_thirdslot.jsn",
    "--csr none/config_nistp256_ecdsa_thirdslot.json": "config_nistp256_ecdsa_thirdslot.jsn",
}
NOTHING = [
    "--csr other.jsn",
    "--write device1.pem",
    "--csr lamp.pem",
    "ca list --ca shelff",
    "--csr none/lamp.jsn",
    "--csr /",
]


@pytest.fixture(autouse=True)
def _files(cli: Cli) -> None:
    Path("shelf").mkdir()
    for name in ("lamp.jsn", "shelf/nail.json", "certificate.pem", "export.json", "device2.pem"):
        Path(name).write_text("{}", encoding="utf-8")
    Path("factory").mkdir()
    Path("factory/ca.pem").write_text("", encoding="utf-8")


@pytest.mark.parametrize("typed", MEANT)
def test_what_is_meant_is_named(cli: Cli, typed: str) -> None:
    result = cli("--port", "none", *typed.split())
    assert result.code == 2
    (error,) = result.errors
    named = error.partition("There is a ")[2].split(". ")[0]
    assert named.endswith(MEANT[typed])


@pytest.mark.parametrize("typed", NOTHING)
def test_nothing_is_made_up(cli: Cli, typed: str) -> None:
    result = cli("--port", "none", *typed.split())
    assert result.code != 0
    assert "There is a " not in result.err
