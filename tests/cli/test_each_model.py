"""The command line on each model of the family: a CSR, and the refusal of what a model lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import csr as asn1_csr
from asn1crypto import pem
from conftest import Cli, Result
from processes import ROOT

from optiga.emulator.models import MODELS

SEED = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
KEYS = {
    "secp256r1": ("ec", {"curve": "secp256r1", "slot": "second"}, "ecdsa", "sha256"),
    "secp521r1": ("ec", {"curve": "secp521r1", "slot": "second"}, "ecdsa", "sha512"),
    "rsa1024": ("rsa", {"key_size": 1024, "slot": "0xE0FC"}, "rsassa", "sha256"),
    "rsa2048": ("rsa", {"key_size": 2048, "slot": "0xE0FC"}, "rsassa", "sha256"),
    "rsa1024, sha512": ("rsa", {"key_size": 1024, "slot": "0xE0FC"}, "rsassa", "sha512"),
}


def make_csr(cli: Cli, tmp_path: Path, model: str, key: str) -> Result:
    kind, parameters, scheme, hash_name = KEYS[key]
    config: dict[str, Any] = json.loads(SEED.read_text())
    config["csr_config"]["key_info"] = {"algorithm_id": kind, "parameters": parameters}
    config["csr_config"]["signature_info"] = {"algorithm_id": scheme, "parameters": {"hash_alg": hash_name}}
    Path("config.jsn").write_text(json.dumps(config))
    port = f"emulator:{tmp_path / 'chip'}?model={model}"
    return cli("-vv", "--port", port, "--csr", "config.jsn", "--query", "filename")


def uid_reads(caplog: pytest.LogCaptureFixture) -> int:
    return caplog.text.count("> 81000006e0c2")


@pytest.mark.parametrize(
    ("model", "key"),
    [("trust-x", "secp256r1"), ("trust-m-v1", "secp256r1"), ("trust-m-v1", "rsa2048"), ("trust-m-v3", "secp521r1")],
)
def test_a_csr_on_each_model(cli: Cli, tmp_path: Path, caplog: pytest.LogCaptureFixture, model: str, key: str) -> None:
    result = make_csr(cli, tmp_path, model, key)
    assert result.code == 0, result.err
    _, _, der = pem.unarmor(Path(result.out.strip()).read_bytes())
    info = asn1_csr.CertificationRequest.load(der)["certification_request_info"]["subject_pk_info"]
    assert info.curve[1] == key if info.algorithm == "ec" else f"rsa{info.bit_size}" == key
    assert uid_reads(caplog) == (key != "secp256r1")


@pytest.mark.parametrize(
    ("model", "key", "lack", "has"),
    [
        ("trust-x", "rsa2048", "the chip is an OPTIGA Trust X, which has no rsa2048 keys", "secp256r1, secp384r1"),
        ("trust-x", "secp521r1", "the chip is an OPTIGA Trust X, which has no secp521r1 keys", "secp256r1, secp384r1"),
        (
            "trust-m-v1",
            "secp521r1",
            "the chip is an OPTIGA Trust M V1, which has no secp521r1 keys",
            "secp256r1, secp384r1, rsa1024, rsa2048",
        ),
        (
            "trust-m-v1",
            "rsa1024, sha512",
            "the chip is an OPTIGA Trust M V1, which has no signatures by rsassa-pkcs1-v15-sha512",
            "rsassa-pkcs1-v15-sha256, rsassa-pkcs1-v15-sha384, ecdsa",
        ),
    ],
)
def test_what_a_model_lacks_is_refused_before_it_is_asked(
    cli: Cli, tmp_path: Path, caplog: pytest.LogCaptureFixture, model: str, key: str, lack: str, has: str
) -> None:
    result = make_csr(cli, tmp_path, model, key)
    assert (result.code, result.out) == (2, "")
    (error,) = result.errors
    assert lack in error
    assert has in result.err
    assert uid_reads(caplog) == 1
    assert "> b8" not in caplog.text


@pytest.mark.parametrize("model", MODELS)
def test_information(cli: Cli, tmp_path: Path, model: str) -> None:
    path = tmp_path / "chip"
    assert cli("emulator", "new", path, "--model", model).code == 0
    result = cli("--port", f"emulator:{path}", "info", "--output", "json")
    information = json.loads(result.out)
    assert information["model"] == MODELS[model].title
    rsa = [] if model == "trust-x" else ["five", "six"]
    assert list(information["slots"]) == ["first", "second", "third", "fourth", *rsa]
    subject = information["slots"]["first"]["certificate"]["subject"]
    assert f"CN={MODELS[model].title} " in subject


def test_a_chip_stays_what_it_is(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "chip"
    cli("emulator", "new", path, "--model", "trust-x")
    result = cli("--port", f"emulator:{path}?model=trust-m-v1", "info")
    assert result.code == 2
    assert "is of model trust-x, not trust-m-v1" in result.err
    assert cli("emulator", "reset", path).code == 0
    assert "OPTIGA Trust X" in cli("--port", f"emulator:{path}", "info").out
