"""The form of what an object holds follows its type, whether it is written, read or brought by an update."""

from __future__ import annotations

import io
import json
import shutil
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

import optiga
from optiga.pki.pem import encode_pem
from optiga.protocol import tls_identity
from optiga.protocol.metadata_words import parse_metadata_words
from tests.support import odd_certificates as odd
from tests.support.cli.runner import Cli
from tests.support.cli.update_bench import prepare, save_files
from tests.support.emulator.updating import certificate_of, signer

KEY = ec.derive_private_key(0x1234567, ec.SECP256R1())
GOOD = certificate_of(signer())
PADDING = odd.extension("55042a", bytes(1100))
POOR = {
    "keyUsage": odd.odd_certificate(KEY, extensions=(odd.basic_constraints(),)),
    "neither digitalSignature nor keyCertSign": odd.odd_certificate(KEY, extensions=(odd.key_usage("0640"),)),
    "compressed": odd.odd_certificate(KEY, info=odd.compressed_info(KEY)),
    "at most 1300": odd.odd_certificate(KEY, extensions=(odd.key_usage(), PADDING)),
    "version must be 3: it is 1": odd.odd_certificate(KEY, version=None, extensions=None),
    "21 bytes": odd.odd_certificate(KEY, serial=b"\x01" * 21),
    "issuer": odd.odd_certificate(KEY, issuer=odd.encode(odd.SEQUENCE, b"")),
}
"""Certificates that the chip cannot use as a trust anchor, by a word of the reason."""
SIGNED = "--version 1 --anchor 0xE0E8 --signer signer.pem"
AS_ANCHOR = [*SIGNED.split(), "--type", "trust_anchor"]

pytestmark = pytest.mark.filterwarnings("ignore")  # cryptography's own about certificates that break the rules


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Objects whose types are not their usual ones, and which take updates."""
    path = tmp_path_factory.mktemp("prepared") / "chip"
    prepare(path)
    with optiga.open_chip(f"emulator:{path}") as chip:
        for oid in (0xE0E3, 0xF1E0):
            words = ("type: trust_anchor", "change: lcso < operational || int 0xE0E8")
            chip.write_metadata(oid, parse_metadata_words(words))
        chip.write_metadata(0xF1E1, parse_metadata_words(["type: device_certificate", "change: always"]))
    return path


@pytest.fixture
def port(prepared: Path, tmp_path: Path) -> str:
    shutil.copy(prepared, tmp_path / "chip")
    return f"emulator:{tmp_path / 'chip'}"


@pytest.fixture(autouse=True)
def _files(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    save_files(Path())
    Path("root.pem").write_text(encode_pem("CERTIFICATE", GOOD))
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def held(port: str, oid: int) -> bytes:
    with optiga.open_chip(port) as chip:
        return chip.read(oid)


@pytest.mark.parametrize("oid", ["0xE0E3", "0xF1E0"])
@pytest.mark.parametrize("typed", ["--write root.pem --id {}", "object write {} root.pem"])
def test_a_trust_anchor_is_plain_der(cli: Cli, port: str, oid: str, typed: str) -> None:
    result = cli("--port", port, *typed.format(oid).split())
    assert (result.code, result.errors) == (0, []), result.err
    assert "Warning" not in result.err
    assert held(port, int(oid, 16)) == GOOD
    for reading in (("--read", oid), ("object", "read", oid)):
        assert cli("--port", port, *reading).out == encode_pem("CERTIFICATE", GOOD)
    again = cli("--port", port, *typed.format(oid).split())
    assert "nothing was written" in again.err + again.out


def test_an_anchor_of_the_slots_own_key_is_plain_der_too(cli: Cli, port: str) -> None:
    with optiga.open_chip(port) as chip:
        info = chip.generate_key(0xE0F1).public_key_info
        chip.write_metadata(0xE0E1, parse_metadata_words(["type: trust_anchor", "change: always"]))
    der = odd.odd_certificate(KEY, info=info, extensions=(odd.basic_constraints(odd.TRUE), odd.key_usage("0204")))
    Path("own.der").write_bytes(der)
    assert cli("--port", port, "--write", "own.der", "--slot", "second").code == 0
    assert held(port, 0xE0E1) == der


def test_info_shows_an_anchor_in_a_slot(cli: Cli, port: str) -> None:
    assert cli("--port", port, "--write", "root.pem", "--id", "0xE0E3").code == 0
    shown = json.loads(cli("--port", port, "info", "--output", "json").out)["slots"]["fourth"]["certificate"]
    assert (shown["subject"], shown["size"]) == ("CN=updates", len(GOOD))


@pytest.mark.parametrize("typed", ["--write root.pem --id 0xF1E1", "object write 0xF1E1 root.pem"])
def test_a_device_certificate_is_a_tls_identity(cli: Cli, port: str, typed: str) -> None:
    assert cli("--port", port, *typed.split()).code == 0
    assert held(port, 0xF1E1) == tls_identity.encode([GOOD])
    assert cli("--port", port, "--read", "0xF1E1").out == encode_pem("CERTIFICATE", GOOD)


def test_data_stay_data(cli: Cli, port: str) -> None:
    """Without such a type, and where bytes are asked for."""
    assert cli("--port", port, "object", "write", "0xF1E0", "data", "--offset", "0").code == 0
    assert held(port, 0xF1E0) == b"new data"
    with optiga.open_chip(port) as chip:
        chip.write_metadata(0xF1E0, parse_metadata_words(["type: byte_string"]))
    assert cli("--port", port, "object", "write", "0xF1E0", "root.pem").code == 0
    assert held(port, 0xF1E0) == Path("root.pem").read_bytes()
    assert cli("--port", port, "--write", "root.pem", "--id", "0xF1E0").code == 0
    assert held(port, 0xF1E0) == Path("root.pem").read_bytes()


@pytest.mark.parametrize("typed", ["--write data --id 0xF1E0", "object write 0xF1E0 data"])
def test_what_is_no_certificate_is_refused(cli: Cli, port: str, typed: str) -> None:
    result = cli("--port", port, *typed.split())
    assert (result.code, len(result.errors)) == (5, 1)
    assert "trust anchor" in result.errors[0]
    assert held(port, 0xF1E0) == bytes(1500)


def test_pem_that_is_longer_than_the_object_fits_as_der(cli: Cli, port: str) -> None:
    der = odd.odd_certificate(KEY, extensions=(odd.key_usage(), odd.extension("55042a", bytes(900))))
    Path("long.pem").write_text(encode_pem("CERTIFICATE", der))
    assert Path("long.pem").stat().st_size > 1500 > len(der)
    assert cli("--port", port, "object", "write", "0xF1E0", "long.pem").code == 0
    assert held(port, 0xF1E0) == der
    assert cli("--port", port, "object", "write", "0xF1E1", "long.pem", "--offset", "0").code == 2


@pytest.mark.parametrize("reason", POOR)
def test_an_anchor_that_the_chip_will_not_use_is_warned_of(cli: Cli, port: str, reason: str) -> None:
    Path("poor.der").write_bytes(POOR[reason])
    result = cli("--port", port, "--write", "poor.der", "--id", "0xE0E3")
    assert result.code == 0, result.err
    assert any("cannot use" in line and reason in line for line in result.err.splitlines()), result.err
    made = cli(
        "update", "make", "data", "0xF1E0", "poor.der", *SIGNED.split(), "--type", "trust_anchor", "--out", "s.json"
    )
    assert made.code == 0
    assert reason in made.err
    checked = cli("--port", port, "update", "apply", "s.json", "--check")
    assert checked.code == 0
    assert reason in checked.err


@pytest.mark.parametrize("oid", ["0xE0E3", "0xF1E0"])
def test_an_update_brings_an_anchor(cli: Cli, port: str, oid: str) -> None:
    made = cli("update", "make", "data", oid, "root.pem", *AS_ANCHOR, "--out", "set.json")
    assert (made.code, "Warning" in made.err) == (0, False)
    applied = cli("--port", port, "update", "apply", "set.json")
    assert (applied.code, "Warning" in applied.err) == (0, False), applied.err
    assert held(port, int(oid, 16)) == GOOD


def test_an_update_without_the_type_is_warned_of(cli: Cli, port: str) -> None:
    assert cli("update", "make", "data", "0xE0E3", "root.pem", *SIGNED.split(), "--out", "set.json").code == 0
    applied = cli("--port", port, "update", "apply", "set.json", "--check")
    assert applied.code == 0
    assert "no certificate in plain DER" in applied.err


@pytest.mark.parametrize(
    "typed",
    [
        "0xE140 data --type trust_anchor",
        "0xF1E0 data --type trust_anchor",
        "0xF1E0 data --type trust_anchor --offset 1",
        "0xF1E0 data --type key",
    ],
)
def test_mistakes(cli: Cli, typed: str) -> None:
    result = cli("update", "make", "data", *typed.split(), *SIGNED.split(), "--out", "set.json")
    assert (result.code, len(result.errors)) == (5 if typed.endswith("trust_anchor") and "0xF1E0" in typed else 2, 1)
    assert not Path("set.json").exists()


def test_standard_input_is_written(cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for oid, data in (("0xE0E1", GOOD), ("0xF1D0", b"\x00data")):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        assert cli("--port", port, "--write", "-", "--id", oid).code == 0
    assert held(port, 0xE0E1) == tls_identity.encode([GOOD])
    assert held(port, 0xF1D0) == b"\x00data"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"")))
    result = cli("--port", port, "--write", "-")
    assert (result.code, len(result.errors)) == (5, 1)
    assert "standard input is empty" in result.errors[0]


def test_an_anchor_that_lies_there_as_a_devices_certificate(cli: Cli, tmp_path: Path) -> None:
    """Written before the object was made a trust anchor, as Infineon's examples do not do it."""
    port = f"emulator:{tmp_path / 'other'}"
    assert cli("--port", port, "-q", "object", "write", "0xE0E3", "root.pem").code == 0
    assert cli("--port", port, "-q", "object", "metadata", "0xE0E3", "2006d30100e80111").code == 0
    assert cli("--port", port, "-q", "object", "metadata", "0xF1D0", "change: int 0xE0E3").code == 0
    signed = "--version 1 --anchor 0xE0E3 --signer signer.pem --out set.json"
    assert cli("update", "make", "data", "0xF1D0", "data", *signed.split()).code == 0
    refused = cli("--port", port, "update", "apply", "set.json")
    assert refused.code == 5
    assert "0xE0E3 has no certificate in plain DER. It holds a device's" in refused.err
    assert '"type: trust_anchor"' in refused.err
    assert cli("--port", port, "-q", "object", "write", "0xE0E3", "root.pem").code == 0
    assert cli("--port", port, "update", "apply", "set.json").code == 0
