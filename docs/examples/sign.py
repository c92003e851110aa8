"""Have a chip make a key, sign with it, and check the signature with its public key.

Run it with ``python docs/examples/sign.py [PORT]``.
"""

import argparse
import sys

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

import optiga


def main(port: str) -> None:
    message = b"measured at 12:00: 21.5 degrees"
    with optiga.open_chip(port) as chip:
        key = chip.generate_key("third", "secp256r1", optiga.KeyUsage.SIGNATURE)
        signature = key.sign(message)
    public_key = load_der_public_key(key.public_key_info)
    assert isinstance(public_key, ec.EllipticCurvePublicKey)
    public_key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
    print(f"chip signed {len(message)} bytes, the signature verifies: {signature.hex()}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", nargs="?", default="emulator")
    arguments = parser.parse_args()
    try:
        main(arguments.port)
    except optiga.OptigaError as error:
        print(f"Error: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
