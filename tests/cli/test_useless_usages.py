"""A usage that no command of the chip has for such a key is refused before the key goes over a working one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optiga
from optiga.errors import ConfigurationError
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KeyUsage
from tests.support.cli.runner import Cli
from tests.support.makers import make_key

USELESS = [
    ("second", "secp256r1", "encryption"),
    ("third", "brainpoolp384r1", "encryption"),
    ("second", "secp521r1", "signature,encryption"),
    ("five", "rsa2048", "key_agreement"),
    ("six", "rsa1024", "signature,key-agreement"),
    ("aes", None, "signature"),
    ("aes", None, "authentication"),
    ("aes", None, "key_agreement"),
    ("aes", None, "encryption,signature"),
]


@pytest.mark.parametrize(("slot", "algorithm", "usage"), USELESS)
def test_key_generate(cli: Cli, port: str, slot: str, algorithm: str | None, usage: str) -> None:
    options = ["--algorithm", algorithm] if algorithm else []
    result = cli("--port", port, "key", "generate", slot, *options, "--usage", usage, "--yes")
    assert (result.code, result.out, len(result.errors)) == (2, "", 1)
    assert "--usage" in result.errors[0]
    assert not Path(port.removeprefix("emulator:")).exists()  # the chip was not even opened


def test_key_generate_leaves_the_key(cli: Cli, port: str) -> None:
    public = cli("--port", port, "key", "generate", "second").out
    Path("public.pem").write_text(public)
    Path("message").write_bytes(b"message")
    assert cli("--port", port, "key", "generate", "second", "--usage", "encryption", "--yes").code == 2
    assert cli("--port", port, "key", "sign", "second", "message", "--out", "sig").code == 0
    assert cli("--port", port, "key", "verify", "public.pem", "message", "sig").code in (0, 5)
    keys = json.loads(cli("--port", port, "key", "list", "--output", "json").out)["keys"]
    assert next(key for key in keys if key["slot"] == "second")["usage"] == ["authentication", "key_agreement"]


@pytest.mark.parametrize(
    ("slot", "usage"),
    [
        ("second", "authentication,signature,key_agreement"),
        ("five", "authentication,signature,encryption"),
        ("five", "encryption"),
        ("second", "key_agreement"),
    ],
)
def test_every_usage_that_there_is(cli: Cli, port: str, slot: str, usage: str) -> None:
    assert cli("--port", port, "key", "generate", slot, "--usage", usage).code == 0


@pytest.mark.parametrize("usage", [["key_agreement"], ["signature", "key_agreement"]])
def test_a_configuration_of_an_rsa_key(cli: Cli, port: str, configs: Path, usage: list[str]) -> None:
    content = json.loads(next(path for path in configs.iterdir() if "rsa" in path.name).read_text())
    content["csr_config"]["key_info"]["parameters"]["key_usage"] = usage
    Path("config.jsn").write_text(json.dumps(content))
    for command in (("--csr", "config.jsn"), ("provision", "config.jsn", "--dry-run")):
        result = cli("--port", port, *command)
        assert (result.code, result.out) == (2, "")
        assert "'key_agreement' is for EC keys only" in result.errors[0]


@pytest.mark.parametrize(("slot", "algorithm", "usage"), [USELESS[0], USELESS[2], USELESS[5], USELESS[8]])
def test_update_make_key(cli: Cli, slot: str, algorithm: str | None, usage: str) -> None:
    Path("signer.pem").write_bytes(make_key().pem)
    Path("aes").write_bytes(bytes(16))
    key = "signer.pem" if algorithm else "aes"
    options = ["--version", "1", "--anchor", "0xE0E8", "--signer", "signer.pem", "--out", "update.json"]
    result = cli("update", "make", "key", slot, key, "--usage", usage, *options)
    assert (result.code, Path("update.json").exists()) == (2, False)
    assert "--usage" in result.errors[0]


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
def test_the_library(port: str, algorithm: KeyAlgorithm) -> None:
    every = KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE | KeyUsage.ENCRYPTION | KeyUsage.KEY_AGREEMENT
    useless = KeyUsage(every & ~algorithm.usages)
    with optiga.open_chip(port) as chip:
        for usage in (useless, KeyUsage(0)):
            with pytest.raises(ConfigurationError, match=algorithm.title):
                make(chip, algorithm, usage)
        assert chip.metadata(0xE0F1).algorithm is None
        assert chip.metadata(0xE0FC).algorithm is None


def make(chip: optiga.Chip, algorithm: KeyAlgorithm, usage: KeyUsage) -> None:
    if algorithm.is_ec or algorithm.is_rsa:
        chip.generate_key("second" if algorithm.is_ec else "five", algorithm, usage)
    else:
        chip.toolbox.generate_aes_key(int(algorithm.title.removeprefix("aes")), usage)
