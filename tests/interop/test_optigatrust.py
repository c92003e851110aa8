"""Infineon's own host software, unchanged, on an emulated board: it must not be able to tell.

The library is slow to start, so one process drives it through everything, and each test looks at one result.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from optiga.protocol import tls_identity
from tests.support.interop.infineon_host import run_library
from tests.support.interop.optigatrust_checks import in_der
from tests.support.makers import make_certificate
from tests.support.places import ROOT

if sys.platform != "linux":
    pytest.skip("Infineon's library for serial ports is built for Linux and Windows", allow_module_level=True)

CURVES = ("secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1")
HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
DRIVER = ROOT / "tests" / "support" / "interop" / "optigatrust_driver.py"
_COMPILED = (pytest.mark.long, pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler: cc"))
INTERFACES = ("uart", pytest.param("i2c", marks=_COMPILED), pytest.param("libusb", marks=_COMPILED))
ACCESS_DENIED = "0x8007"
OF_THE_RACE = re.compile(r"0x800[04]\b")
"""A command refused because it came without its data; a refusal whose code is gone, since it was read twice."""


@pytest.fixture(scope="module")
def certificate() -> bytes:
    return make_certificate()


@pytest.fixture(scope="module", params=INTERFACES)
def results(
    tmp_path_factory: pytest.TempPathFactory, certificate: bytes, request: pytest.FixtureRequest
) -> dict[str, Any]:
    """What the library returned or raised for each of its operations."""
    folder = tmp_path_factory.mktemp("library")
    (folder / "certificate.pem").write_bytes(certificate)
    where = str(folder / "certificate.pem")
    return run_library(folder, DRIVER, where, is_sound=_is_sound, interface=request.param)


def _is_sound(results: dict[str, Any]) -> bool:
    """No operation has failed, and none shows the library's race."""
    return not any("error" in result for result in results.values()) and not OF_THE_RACE.search(json.dumps(results))


@pytest.fixture
def value(results: dict[str, Any], request: pytest.FixtureRequest) -> Any:
    result = results[request.param]
    assert "error" not in result, result["trace"]
    return result["value"]


@pytest.mark.parametrize("value", ["settings"], indirect=True)
def test_it_knows_the_chip(value: Any) -> None:
    assert value["name"] == "OPTIGA™ Trust M V3 (SLS32AIA010ML/K)"
    assert (value["uid"]["cim_id"], value["uid"]["fw_id"], value["uid"]["fw_build"]) == ("cd", "80101071", "2564")
    assert (value["current_limit"], value["sleep_activation_delay"]) == (9, 100)
    assert value["global_lifecycle_state"] == "operational"
    assert value["security_status"] == 0x20


@pytest.mark.parametrize(("value", "curve"), [(f"ec {curve}", curve) for curve in CURVES], indirect=["value"])
def test_key_pair_csr_and_signature_on_every_curve(value: Any, curve: str) -> None:
    request = x509.load_der_x509_csr(bytes.fromhex(value["csr"]))
    public_key = serialization.load_der_public_key(bytes.fromhex(value["public_key"]))
    assert request.public_key() == public_key
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    assert public_key.curve.name.lower() == curve == value["algorithm"]
    # The library signs with the curve's hash but writes sha256 into every CSR: only those with sha256 hold as a whole.
    algorithm = ec.ECDSA(HASHES[value["hash"]])
    public_key.verify(in_der(request.signature), request.tbs_certrequest_bytes, algorithm)
    assert request.is_signature_valid == (value["hash"] == "sha256")
    public_key.verify(in_der(bytes.fromhex(value["signature"])), b"Hello World", algorithm)
    assert "0x802c" in value["refused"]


@pytest.mark.parametrize(("value", "size"), [("rsa 1024", 1024), ("rsa 2048", 2048)], indirect=["value"])
def test_key_pair_csr_and_signatures_with_rsa(value: Any, size: int) -> None:
    request = x509.load_der_x509_csr(bytes.fromhex(value["csr"]))
    assert request.is_signature_valid
    public_key = serialization.load_der_public_key(bytes.fromhex(value["public_key"]))
    assert isinstance(public_key, rsa.RSAPublicKey)
    assert public_key.key_size == size
    for name in ("sha256", "sha384"):
        public_key.verify(bytes.fromhex(value[name]), b"Hello World", padding.PKCS1v15(), HASHES[name])


@pytest.mark.parametrize("value", ["exported pair"], indirect=True)
def test_a_pair_in_plain(value: Any) -> None:
    private_key = serialization.load_der_private_key(bytes.fromhex(value["private_key"]), None)
    assert isinstance(private_key, ec.EllipticCurvePrivateKey)
    assert private_key.public_key() == serialization.load_der_public_key(bytes.fromhex(value["public_key"]))


@pytest.mark.parametrize("value", ["certificate"], indirect=True)
def test_a_certificate_written_and_read(value: Any, certificate: bytes) -> None:
    der = x509.load_pem_x509_certificate(certificate).public_bytes(serialization.Encoding.DER)
    assert bytes.fromhex(value["der"]) == der
    assert tls_identity.decode(bytes.fromhex(value["object"])) == [der]


@pytest.mark.parametrize("value", ["own certificate"], indirect=True)
def test_the_chips_own_certificate(value: Any) -> None:
    own = x509.load_der_x509_certificate(bytes.fromhex(value))
    assert "EMULATED" in own.issuer.rfc4514_string()


@pytest.mark.parametrize("value", ["data object"], indirect=True)
def test_data_objects(value: Any) -> None:
    assert bytes.fromhex(value["whole"]) == b"hello"
    assert bytes.fromhex(value["part"]) == bytes(range(100, 140))
    assert (value["used"], value["max"], value["large"]) == (140, 140, 1500)


@pytest.mark.parametrize("value", ["metadata"], indirect=True)
def test_metadata_in_the_librarys_words(value: Any) -> None:
    assert value["before"] == {
        "lcso": "creation",
        "max_size": 140,
        "used_size": 100,
        "change": ["lcso", "<", "operational"],
        "read": "always",
    }
    assert value["never"] == "never"
    assert ACCESS_DENIED in value["refusal"]
    assert value["changed"]["change"] == ["lcso", "<", "operational", "||", "int", "0xe0", "0xe8"]
    assert value["after"] == value["before"]


@pytest.mark.parametrize("value", ["life cycle"], indirect=True)
def test_a_life_cycle_goes_forward_only(value: Any) -> None:
    assert value["lcso"] == "operational"
    assert len(value["refusals"]) == 3
    assert all(ACCESS_DENIED in refusal for refusal in value["refusals"])


@pytest.mark.parametrize("value", ["key metadata"], indirect=True)
def test_a_key_slot_before_its_first_key(value: Any) -> None:
    assert value == {
        "lcso": "creation",
        "change": ["lcso", "<", "operational"],
        "execute": "always",
    }


@pytest.mark.parametrize(
    ("value", "size"),
    [("random 8", 8), ("random 16", 16), ("random 256", 256), ("deterministic random", 32)],
    indirect=["value"],
)
def test_random(value: Any, size: int) -> None:
    assert len(bytes.fromhex(value)) == size
    assert bytes.fromhex(value) != bytes(size)


@pytest.mark.parametrize("value", ["errors"], indirect=True)
@pytest.mark.parametrize(
    ("operation", "code"),
    {
        "locked object": ACCESS_DENIED,
        "locked key": ACCESS_DENIED,
        "unknown object": "0x8001",
        "unknown metadata": "0x8001",
        "private key": ACCESS_DENIED,
        "too long": "0x8008",
        "current out of range": "0x8005",
        "read only": ACCESS_DENIED,
    }.items(),
)
def test_refusals_carry_the_manuals_code(value: Any, operation: str, code: str) -> None:
    assert code in value[operation]


@pytest.mark.parametrize("value", ["dump"], indirect=True)
def test_a_dump_of_the_whole_chip(value: Any) -> None:
    assert len(value) >= 38
    assert value["e0e8"]["pretty_metadata"]["type"] == "trust_anchor"
    assert value["e120"]["pretty_metadata"]["type"] == "up_counter"
    assert value["e140"]["metadata"] == "201dc00101c40140c50140d007e1fc07fe20e140d103e1fc07d30100e80122"
    assert value["e0c2"]["metadata"] == "2009c4011bd001ffd10100"
    assert all(entry["metadata"].startswith("20") for entry in value.values())
