"""Algorithms by every name that people have for them, wherever one is named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optiga import ConfigurationError, KeyAlgorithm, load_configuration, open_chip
from optiga.ca.keys import generate_key
from optiga.chip.references import algorithm_of
from optiga.identity.drawn_keys import check_algorithm
from optiga.identity.keys_on_chip import plan_key
from optiga.protocol.algorithms import CURVES
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.places import CONFIG

NAMES = {
    "secp256r1": "secp256r1 SECP256R1 p256 P-256 prime256v1 nistp256 NIST-P256 nist-p-256",
    "secp384r1": "secp384r1 p384 P-384 nistp384 secp384",
    "secp521r1": "secp521r1 p521 P-521 nistp521",
    "brainpoolp256r1": "brainpoolp256r1 brainpoolP256r1 brainpool256r1 brainpool-p256r1",
    "brainpoolp384r1": "brainpoolp384r1 brainpool384r1",
    "brainpoolp512r1": "brainpoolp512r1 brainpool512r1",
    "rsa1024": "rsa1024 RSA-1024",
    "rsa2048": "rsa2048 rsa_2048",
}
PAIRS = [(name, KeyAlgorithm[title.upper()]) for title, names in NAMES.items() for name in names.split()]
NO_NAMES = [
    "",
    "p",
    "p25",
    "p512",
    "secp256k1",
    "secp512r1",
    "prime384v1",
    "ed25519",
    "rsa",
    "rsa4096",
    "256",
    "p256r1x",
]


@pytest.mark.parametrize(("name", "algorithm"), PAIRS)
def test_every_name_is_known(name: str, algorithm: KeyAlgorithm) -> None:
    assert KeyAlgorithm.find(name) is algorithm_of(name) is check_algorithm(name) is algorithm
    slot = "five" if algorithm.is_rsa else "third"
    assert plan_key(slot, algorithm=name, bits=None, usage=None).algorithm is algorithm


@pytest.mark.parametrize("name", NO_NAMES)
def test_nothing_else_is_one(name: str) -> None:
    for refused in (algorithm_of, check_algorithm):
        with pytest.raises(ConfigurationError, match="algorithm"):
            refused(name)
    assert KeyAlgorithm.find(name) is None


@pytest.mark.parametrize("name", ["aes256", "AES-128"])
def test_a_key_pair_has_no_algorithm_of_aes(name: str) -> None:
    with pytest.raises(ConfigurationError, match="not an algorithm of a key pair"):
        plan_key("third", algorithm=name, bits=None, usage=None)


@pytest.mark.parametrize(("name", "algorithm"), [(n, a) for n, a in PAIRS if a in CURVES])
def test_a_configuration_has_every_name_of_a_curve(name: str, algorithm: KeyAlgorithm, tmp_path: Path) -> None:
    document = json.loads(CONFIG.read_text())
    document["csr_config"]["key_info"]["parameters"]["curve"] = name
    document["csr_config"]["signature_info"]["parameters"]["hash_alg"] = algorithm.hash_name
    (tmp_path / "c.jsn").write_text(json.dumps(document))
    assert load_configuration(tmp_path / "c.jsn").algorithm is algorithm


@pytest.mark.parametrize("name", ["rsa2048", "aes256", "p512", 256, None])
def test_what_is_no_curve_is_a_mistake(name: object, tmp_path: Path) -> None:
    document = json.loads(CONFIG.read_text())
    document["csr_config"]["key_info"]["parameters"]["curve"] = name
    (tmp_path / "c.jsn").write_text(json.dumps(document))
    with pytest.raises(ConfigurationError, match="curve: "):
        load_configuration(tmp_path / "c.jsn")


@pytest.mark.parametrize(("name", "bits"), [("p256", 256), ("prime256v1", 256), ("P-384", 384), ("secp384r1", 384)])
def test_a_ca_has_them(name: str, bits: int) -> None:
    assert generate_key(name).curve.key_size == bits


@pytest.mark.parametrize("name", ["p521", "rsa2048", "brainpoolp256r1", "nonsense"])
def test_a_ca_has_no_others(cli: Cli, name: str) -> None:
    with pytest.raises(ConfigurationError, match="Use one of p256, p384"):
        generate_key(name)
    assert "--curve" in fails(cli, USAGE, "ca", "init", "my-ca", "--no-passphrase", "--curve", name)
    assert not Path("my-ca").exists()


def test_the_command_line_has_them(cli: Cli, port: str) -> None:
    at = ("--port", port)
    for name, title in (("P-384", "secp384r1"), ("prime256v1", "secp256r1")):
        made = cli(*at, "key", "generate", "third", "--yes", "--algorithm", name, "--query", "algorithm")
        assert (made.code, made.out) == (0, f"{title}\n")
        assert cli(*at, "key", "draw", name, "--query", "algorithm").out == f"{title}\n"
    with open_chip(port) as chip:
        assert len(chip.generate_key("third", "nistp521").public_key_info) == 158
    assert cli("ca", "init", "my-ca", "--no-passphrase", "--curve", "secp384r1").code == 0
    assert "--algorithm" in fails(cli, USAGE, *at, "key", "generate", "third", "--yes", "--algorithm", "aes256")
