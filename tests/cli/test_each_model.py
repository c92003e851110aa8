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


class TestObjectsOfTrustX:
    """It has 16 small objects of 100 bytes, where a Trust M has 12 of 140."""

    @pytest.fixture
    def port(self, cli: Cli, tmp_path: Path) -> str:
        Path("fits.bin").write_bytes(bytes(100))
        Path("large.bin").write_bytes(bytes(101))
        return f"emulator:{tmp_path / 'chip'}?model=trust-x"

    def test_they_are_listed_and_used(self, cli: Cli, port: str) -> None:
        listed = json.loads(cli("--port", port, "object", "list", "--output", "json").out)["objects"]
        small = [one["oid"] for one in listed if one["max"] == 100]
        assert small == [f"0xF1D{digit}" for digit in "0123456789ABCDEF"]
        assert cli("--port", port, "object", "write", "0xF1DF", "fits.bin").code == 0
        assert cli("--port", port, "object", "read", "0xF1DF", "--out", "out.bin").code == 0
        assert Path("out.bin").read_bytes() == bytes(100)

    @pytest.mark.parametrize("how", ["object write 0xF1D0 large.bin", "--write large.bin --id 0xF1D0"])
    def test_too_much_is_refused_before_it_is_written(
        self, cli: Cli, port: str, caplog: pytest.LogCaptureFixture, how: str
    ) -> None:
        result = cli("-vv", "--port", port, *how.split())
        assert result.code == 2
        assert "0xF1D0 has room for 100 bytes, not for 101" in result.err
        assert "> 82" not in caplog.text

    def test_another_model_does_not_have_them(self, cli: Cli) -> None:
        result = cli("--port", "emulator:m.chip", "object", "read", "0xF1DC")
        assert result.code == 4
        assert "The chip has no such object" in result.err


def test_a_chip_stays_what_it_is(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "chip"
    cli("emulator", "new", path, "--model", "trust-x")
    result = cli("--port", f"emulator:{path}?model=trust-m-v1", "info")
    assert result.code == 2
    assert "is of model trust-x, not trust-m-v1" in result.err
    assert cli("emulator", "reset", path).code == 0
    assert "OPTIGA Trust X" in cli("--port", f"emulator:{path}", "info").out
