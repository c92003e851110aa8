"""Drives Infineon's host library, as it is on PyPI, through its Python interface; results go to a file as JSON.

Run by ``test_optigatrust.py`` in a process of its own, with a copy of the package whose ``optiga_comms.ini`` names the
emulated board's device. Only the search for USB devices is left out: a pseudo terminal is none.

    python optigatrust_driver.py RESULTS CERTIFICATE
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optigatrust
from optigatrust import _backend

_backend._scan_com_ports = lambda: True
INTERFACE = os.environ.get("OPTIGATRUST_INTERFACE", "uart")
if INTERFACE != "uart":
    _backend.get_handler(INTERFACE)

from optigatrust import crypto, csr, objects, port  # noqa: E402

SUBJECT = {
    "country_name": "DE",
    "state_or_province_name": "Bayern",
    "organization_name": "Infineon Technologies AG",
    "common_name": "OPTIGA(TM) Trust IoT",
}
CURVES = ("secp256r1", "secp384r1", "secp521r1", "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1")
RSA_SIZES = (1024, 2048)
MESSAGE = b"Hello World"

results: dict[str, Any] = {}


def record(name: str, operation: Callable[[], Any]) -> None:
    """Keep what an operation returns or raises."""
    try:
        value = operation()
    except Exception as error:
        results[name] = {"error": f"{type(error).__name__}: {error}", "trace": traceback.format_exc()}
    else:
        results[name] = {"value": value.hex() if isinstance(value, bytes | bytearray) else value}


def ec_request(curve: str) -> dict[str, str]:
    """A key pair, a CSR, a signature that the chip verifies again, and one that it must refuse."""
    key = objects.ECCKey(0xE0F1)
    public_key, private_key = crypto.generate_pair(key, curve=curve, key_usage=["authentication", "key_agreement"])
    assert private_key is None
    request = csr.CSRBuilder(SUBJECT, public_key).build(key)
    hash_name = crypto._curve_hash_map[curve][2]
    signature = crypto.ecdsa_sign(key, MESSAGE)
    assert crypto.ecdsa_verify_data_pk_host(signature.signature, MESSAGE, hash_name, public_key, curve)
    try:
        crypto.ecdsa_verify_data_pk_host(signature.signature, MESSAGE + b"!", hash_name, public_key, curve)
        refused = "nothing"
    except OSError as error:
        refused = str(error)
    return {
        "public_key": public_key.hex(),
        "csr": request.dump().hex(),
        "signature": signature.signature.hex(),
        "hash": hash_name,
        "refused": refused,
        "algorithm": key.meta["algorithm"],
    }


def rsa_request(size: int) -> dict[str, str]:
    """A key pair, a CSR and signatures with both hashes that the library has."""
    key = objects.RSAKey(0xE0FC)
    public_key, _ = crypto.generate_pair(key, key_size=size, key_usage=["authentication", "signature"])
    request = csr.CSRBuilder(SUBJECT, public_key).build(key)
    return {
        "public_key": public_key.hex(),
        "csr": request.dump().hex(),
        "sha256": crypto.pkcs1v15_sign(key, MESSAGE, "sha256").signature.hex(),
        "sha384": crypto.pkcs1v15_sign(key, MESSAGE, "sha384").signature.hex(),
    }


def exported_pair() -> dict[str, str]:
    """A key pair in plain."""
    public_key, private_key = crypto.generate_pair(objects.ECCKey(0xE0F1), curve="secp256r1", export=True)
    return {"public_key": public_key.hex(), "private_key": private_key.hex()}


def certificate(path: Path) -> dict[str, str]:
    """A certificate written, read back, and the object around it."""
    slot = objects.X509(0xE0E1)
    slot.pem = path.read_text()
    return {"der": objects.X509(0xE0E1).der.hex(), "object": bytes(optigatrust.Object(0xE0E1).read()).hex()}


def data_object() -> dict[str, Any]:
    """Writes with and without offset, and the used size that follows."""
    data = optigatrust.Object(0xF1D0)
    data.write(b"hello")
    whole = bytes(data.read()).hex()
    data.write(bytes(range(140)))
    part = bytes(data.read(offset=100)).hex()
    large = optigatrust.Object(0xF1E0)
    large.write(bytes(range(250)) * 6)
    return {"whole": whole, "part": part, "used": data.used_size, "max": data.max_size, "large": len(large.read())}


def metadata() -> dict[str, Any]:
    """Metadata changed and changed back, in the library's words."""
    data = optigatrust.Object(0xF1D1)
    before = data.meta
    data.meta = {"change": "never"}
    never = data.meta["change"]
    refusal = ""
    try:
        data.write(b"x")
    except OSError as error:
        refusal = str(error)
    data.meta = {"change": ["lcso", "<", "operational", "||", "int", "0xe0", "0xe8"], "read": "always"}
    changed = data.meta
    data.meta = {"change": ["lcso", "<", "operational"]}
    return {"before": before, "never": never, "refusal": refusal, "changed": changed, "after": data.meta}


def life_cycle() -> dict[str, Any]:
    """Forward works, backward is refused."""
    data = optigatrust.Object(0xF1D2)
    data.meta = {"lcso": "operational"}
    refusals = []
    for change in ({"lcso": "creation"}, {"change": "always"}):
        try:
            data.meta = change
        except OSError as error:
            refusals.append(str(error))
    try:
        data.write(b"late")
    except OSError as error:
        refusals.append(str(error))
    return {"lcso": data.meta["lcso"], "refusals": refusals}


def settings() -> dict[str, Any]:
    """The chip's own settings, read and written."""
    chip = optigatrust.Chip()
    chip.current_limit = 9
    chip.sleep_activation_delay = 100
    return {
        "name": chip.name,
        "uid": chip.uid._asdict(),
        "current_limit": chip.current_limit,
        "sleep_activation_delay": chip.sleep_activation_delay,
        "global_lifecycle_state": chip.global_lifecycle_state,
        "security_status": chip.security_status,
        "security_event_counter": chip.security_event_counter,
        "security_monitor": chip.security_monitor,
    }


def raises(operation: Callable[[], Any]) -> str:
    """What an operation that must fail says."""
    try:
        operation()
    except OSError as error:
        return str(error)
    return "no error"


def errors(path: Path) -> dict[str, str]:
    """The chip's refusals as the library hands them on."""
    chip = optigatrust.Chip()
    infineons = optigatrust.Object(0xE0E0)
    return {
        "locked object": raises(lambda: infineons.write(b"x")),
        "locked key": raises(lambda: crypto.generate_pair(objects.ECCKey(0xE0F0), curve="secp256r1")),
        "unknown object": raises(lambda: _backend.read_data(chip.api, 0xBEEF, 0)),
        "unknown metadata": raises(lambda: _backend.read_meta(chip.api, 0xBEEF)),
        "private key": raises(lambda: _backend.read_data(chip.api, 0xE0F1, 0)),
        "too long": raises(lambda: optigatrust.Object(0xF1D0).write(bytes(141))),
        "current out of range": raises(lambda: optigatrust.Object(0xE0C4).write(b"\x05")),
        "read only": raises(lambda: optigatrust.Object(0xE0C2).write(b"x")),
    }


def main(results_path: str, certificate_path: str) -> None:
    record("settings", settings)
    for curve in CURVES:
        record(f"ec {curve}", lambda curve=curve: ec_request(curve))
    for size in RSA_SIZES:
        record(f"rsa {size}", lambda size=size: rsa_request(size))
    record("exported pair", exported_pair)
    record("certificate", lambda: certificate(Path(certificate_path)))
    record("own certificate", lambda: objects.X509(0xE0E0).der)
    record("data object", data_object)
    record("metadata", metadata)
    record("life cycle", life_cycle)
    record("key metadata", lambda: objects.ECCKey(0xE0F2).meta)
    for size in (8, 16, 256):
        record(f"random {size}", lambda size=size: crypto.random(size))
    record("deterministic random", lambda: crypto.random(32, trng=False))
    record("errors", lambda: errors(Path(certificate_path)))
    record("dump", port.to_json)
    Path(results_path).write_text(json.dumps(results), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
