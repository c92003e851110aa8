"""The command line on each model of the family: a CSR, and the refusal of what a model lacks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import csr as asn1_csr
from asn1crypto import pem

from optiga.emulator.models import MODELS
from tests.support.cli.runner import Cli, Result
from tests.support.makers import make_certificate
from tests.support.places import ROOT
from tests.support.sampling import sampled

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
        (
            "trust-x",
            "rsa2048",
            "the chip is an OPTIGA Trust X, which does not support rsa2048 keys",
            "secp256r1, secp384r1",
        ),
        (
            "trust-x",
            "secp521r1",
            "the chip is an OPTIGA Trust X, which does not support secp521r1 keys",
            "secp256r1, secp384r1",
        ),
        (
            "trust-m-v1",
            "secp521r1",
            "the chip is an OPTIGA Trust M V1, which does not support secp521r1 keys",
            "secp256r1, secp384r1, rsa1024, rsa2048",
        ),
        (
            "trust-m-v1",
            "rsa1024, sha512",
            "the chip is an OPTIGA Trust M V1, which does not support signatures by rsassa-pkcs1-v15-sha512",
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


@pytest.mark.parametrize("model", ["trust-m-v3", "trust-m-v1", "trust-x"])
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
        assert result.code == 2
        assert (
            "an OPTIGA Trust M V3, which does not support object 0xF1DC, arbitrary data type 3, 13. This model has "
            in result.err
        )


LACKS = {
    "object read 0xE0E9": ("trust-x", "object 0xE0E9, trust anchor 2. This model has 0xE0E8, 0xE0EF"),
    "object write 0xE0E9 cert.pem": ("trust-x", "object 0xE0E9"),
    "object write 0xE140 data": ("trust-x", "object 0xE140"),
    "object metadata 0xE200": ("trust-m-v1", "object 0xE200"),
    "object metadata 0xE140 read:never": ("trust-x", "object 0xE140"),
    "object lock 0xE0C9 --yes": ("trust-m-v1", "object 0xE0C9"),
    "--read 0xE140": ("trust-x", "object 0xE140"),
    "--write cert.pem --id 0xE0E9": ("trust-x", "object 0xE0E9"),
    "counter show 0xE120": ("trust-x", "object 0xE120"),
    "counter count 0xE120": ("trust-x", "object 0xE120"),
    "counter set 0xE120 --value 1": ("trust-x", "object 0xE120"),
    "hash --object 0xE140": ("trust-x", "object 0xE140"),
    "hmac --key 0xE140 data": ("trust-x", "object 0xE140"),
    "key derive tls-prf --secret 0xE140 --size 16 --label long-enough": ("trust-x", "object 0xE140"),
    "rsa encrypt data --certificate 0xE0E9": ("trust-x", "object 0xE0E9"),
    "rsa decrypt six data": ("trust-x", "object 0xE0FD"),
    "key sign five data": ("trust-x", "object 0xE0FC"),
    "key ecdh five cert.pem": ("trust-x", "object 0xE0FC"),
    "key public five --certificate 0xE0E0": ("trust-x", "object 0xE0FC"),
    "key verify 0xE0E9 data data": ("trust-x", "object 0xE0E9"),
    "key generate five": ("trust-x", "rsa2048 keys. This model has secp256r1, secp384r1"),
    "key generate aes": ("trust-m-v1", "command GenSymKey"),
    "key generate second --algorithm secp521r1": ("trust-x", "secp521r1 keys"),
    "object read 0xF1D0 --authorize 0xF1D1=data": ("trust-m-v1", "command DecryptSym"),
    "object metadata 0xF1D0 metadata_update:never": ("trust-m-v1", "metadata tag metadata_update"),
    "object metadata 0xF1D0 reset_type:flush": ("trust-x", "metadata tag reset_type"),
    "object metadata 0xF1D0 type:update_secret": ("trust-m-v1", "type update_secret"),
    "object metadata 0xF1D0 type:up_counter": ("trust-x", "type up_counter"),
    "object metadata 0xF1D0 read:auto\u00a00xF1D1": ("trust-m-v1", "condition auto"),
    "object metadata 0xF1D0 read:lcso<operational&&conf\u00a00xE140": ("trust-x", "condition conf"),
}


@pytest.mark.parametrize("words", sampled(LACKS, keep=12))
def test_what_a_model_lacks_is_refused_by_name(
    cli: Cli, tmp_path: Path, caplog: pytest.LogCaptureFixture, words: str
) -> None:
    model, lack = LACKS[words]
    port = f"emulator:{tmp_path / 'chip'}?model={model}"
    Path("cert.pem").write_bytes(make_certificate())
    Path("data").write_bytes(b"secret")
    assert cli("--port", port, "key", "generate", "second").code == 0
    caplog.clear()
    result = cli("-vv", "--port", port, *(word.replace("\u00a0", " ") for word in words.split(" ")))
    assert (result.code, result.out, len(result.errors)) == (2, "", 1)
    assert f"which does not support {lack}" in result.errors[0]
    asked = re.findall(r"emulator > (\w{12})", caplog.text)
    assert {question[:4] for question in asked} <= {"f000", "8100", "8101"}  # nothing but opening and looking


def test_a_chip_stays_what_it_is(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "chip"
    cli("emulator", "new", path, "--model", "trust-x")
    result = cli("--port", f"emulator:{path}?model=trust-m-v1", "info")
    assert result.code == 2
    assert "is of model trust-x, not trust-m-v1" in result.err
    assert cli("emulator", "reset", path, "--yes").code == 0
    assert "OPTIGA Trust X" in cli("--port", f"emulator:{path}", "info").out
