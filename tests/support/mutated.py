"""CSRs and certificates with seeded mutations, and what must hold of each: only the project's own errors, printable.

``python -m tests.support.mutated 1000000`` tries as many, and prints the count and the rate.
"""

from __future__ import annotations

import random
import sys
import time
from collections import Counter
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from optiga.ca.naming import grant_names
from optiga.ca.request import CertificateRequest
from optiga.ca.request_form import RequestForm
from optiga.errors import CertificateError
from optiga.pki.certificate import parse_certificates
from optiga.protocol.der import BIT_STRING, SEQUENCE, encode
from tests.support.ca_helpers import make_request
from tests.support.makers import make_certificate

_TEXT_TAGS = (0x0C, 0x12, 0x13, 0x14, 0x16, 0x1A, 0x1B, 0x1C, 0x1E, 0x04, 0x03, 0x02, 0x05, 0x30)
_EC_KEY = ec.generate_private_key(ec.SECP256R1())


def make_samples() -> list[tuple[str, bytes]]:
    """What is mutated: pairs of kind (csr, certificate) and DER."""
    names = x509.SubjectAlternativeName([x509.DNSName("a.dev.example"), x509.UniformResourceIdentifier("urn:x:y")])
    usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.SERVER_AUTH, x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    long_name = [
        x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "DE"),
        x509.NameAttribute(x509.NameOID.EMAIL_ADDRESS, "a@b.example"),
        x509.NameAttribute(x509.NameOID.SERIAL_NUMBER, "0011"),
        x509.NameAttribute(x509.NameOID.COMMON_NAME, "Gerät"),
    ]
    return [
        ("csr", make_request(names, usage, key=_EC_KEY)),
        ("csr", make_request(key=_EC_KEY, subject=x509.Name(long_name))),
        ("csr", make_request(key=rsa.generate_private_key(65537, 2048))),
        ("certificate", make_certificate_der()),
    ]


def make_certificate_der() -> bytes:
    """A device's certificate in DER."""
    pem = make_certificate(public_key=_EC_KEY.public_key())
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def mutate(der: bytes, chance: random.Random) -> bytes:
    """The DER with one to three mutations: bits, lengths, values swapped, types of text, bytes gone or doubled."""
    data = bytearray(der)
    for _ in range(chance.choice((1, 1, 2, 3))):
        places = _find_values(bytes(data)) or [0]
        place = chance.choice(places)
        kind = chance.randrange(6)
        if kind == 0:
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        elif kind == 1 and place + 1 < len(data):
            data[place + 1] = chance.choice((0, 1, 0x7F, 0x80, 0x81, 0x84, 0xFF, (data[place + 1] + 1) % 256))
        elif kind == 2:
            data[place] = chance.choice(_TEXT_TAGS)
        elif kind == 3:
            other = chance.choice(places)
            first, second = sorted((place, other))
            width = chance.randrange(1, 24)
            data[first : first + width], data[second : second + width] = (
                data[second : second + width],
                data[first : first + width],
            )
        elif kind == 4:
            del data[place : place + chance.randrange(1, 4)]
        else:
            data[place:place] = data[place : place + chance.randrange(1, 40)]
        if not data:
            return b""
    return bytes(data)


def sign_again(der: bytes) -> bytes:
    """A mutated CSR whose signature is right all the same, so that what comes behind is reached; else as it was."""
    try:
        form = RequestForm.read(der)
    except ValueError:
        return der
    signature = encode(BIT_STRING, b"\x00" + _EC_KEY.sign(form.signed, ec.ECDSA(hashes.SHA256())))
    return encode(SEQUENCE, form.signed + form.algorithm + signature)


def try_one(kind: str, der: bytes) -> str:
    """What becomes of it: ``taken`` or ``refused``.

    :raises AssertionError: if the message is not one printable line.
    """
    try:
        if kind == "csr":
            request = CertificateRequest.parse(der)
            grant_names(request.alt_names, ["*.dev.example"], ignore=False)
        else:
            for certificate in parse_certificates(der, "x.der"):
                shown = certificate.subject + certificate.issuer + "".join(certificate.alt_names + certificate.purposes)
                assert shown.isprintable(), shown
    except CertificateError as error:
        _check_message(str(error))
        return "refused"
    return "taken"


def _check_message(text: str) -> None:
    assert text.isprintable(), repr(text)
    assert "ParseError" not in text, text


def run(count: int, seed: int) -> Counter[str]:
    """Try mutations, a part of the CSRs signed again.

    :returns: how many were taken and how many refused.
    :raises AssertionError: with the mutation in hex, if one ends otherwise.
    """
    chance, samples, ends = random.Random(seed), make_samples(), Counter[str]()
    for _ in range(count):
        kind, sample = chance.choice(samples)
        der = mutate(sample, chance)
        if kind == "csr" and chance.random() < 0.5:
            der = sign_again(der)
        try:
            ends[try_one(kind, der)] += 1
        except Exception as error:
            raise AssertionError(f"{kind} {der.hex()}: {type(error).__name__}: {error}") from error
    return ends


def _find_values(data: bytes) -> list[int]:
    """Places where a DER value may begin."""
    places, place = [], 0
    while place + 1 < len(data):
        places.append(place)
        is_constructed = data[place] & 0x20
        width = data[place + 1] & 0x7F if data[place + 1] > 0x80 else 0
        size = int.from_bytes(data[place + 2 : place + 2 + width], "big") if width else data[place + 1]
        place += 2 + width + (0 if is_constructed else size)
    return places


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    begin, used_seed = time.monotonic(), int(sys.argv[2]) if len(sys.argv) > 2 else 1
    found = run(wanted, used_seed)
    rate = wanted / (time.monotonic() - begin)
    print(f"{Path(__file__).name}: {wanted} tried, seed {used_seed}: {dict(found)}, {rate:.0f} per second")
