"""What the tests of this folder share: configurations, chips and certificates made as they need them."""

from __future__ import annotations

import copy
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from optiga.protocol import apdu
from optiga.protocol.request import Request
from tests.support.places import CONFIG

SEED_CONFIG = CONFIG
PARAMETERS = "csr_config.key_info.parameters"
NAME = "csr_config.certificate_info"
"""Dotted paths in a configuration."""
RSA = {
    "csr_config.key_info": {"algorithm_id": "rsa", "parameters": {"key_size": 2048, "slot": "five"}},
    "csr_config.signature_info.algorithm_id": "rsassa",
}
"""Changes to the seed's configuration, as :func:`change_config` takes them."""
MISSING = object()
NOW = datetime(2030, 1, 1, tzinfo=timezone.utc)

SEED_PUBLIC_KEY = (
    "0342000421d44d1bbe9f0357fc4ca506f38399c016457d0c3d419f284fd318c1ef7ef41b215e3a45570cb2700a1ba375fd4d6f1562f66afe"
    "519b4295e26b7a6bb432540b"
)
SEED_SIGNATURE = (
    "022004aa6c83155c8946bc85fb9e5bb528882d59c5951774449fa8901e0bd48c6274022069a17e78320d87d18d6107908810c223e0ee5a5f"
    "009ca7669949d879c10097b8"
)
SEED_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIC0TCCAbmgAwIBAgIVALmaH1acmr608DlaqGY85JlQTh+nMA0GCSqGSIb3DQEB
CwUAME0xSzBJBgNVBAsMQkFtYXpvbiBXZWIgU2VydmljZXMgTz1BbWF6b24uY29t
IEluYy4gTD1TZWF0dGxlIFNUPVdhc2hpbmd0b24gQz1VUzAeFw0xOTA2MDUxNzQ2
MTBaFw00OTEyMzEyMzU5NTlaMGAxCzAJBgNVBAYTAkRFMQ8wDQYDVQQIDAZCYXll
cm4xITAfBgNVBAoMGEluZmluZW9uIFRlY2hub2xvZ2llcyBBRzEdMBsGA1UEAwwU
T1BUSUdBKFRNKSBUcnVzdCBJb1QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASL
EB9ueiqRJy25snptYqV8FGJRt/sZGKAtVJYTks1jb/vPboKmxNtrQ7gYwxG6oRI2
zr7IxLZ6gehTUCD58Yzuo2AwXjAfBgNVHSMEGDAWgBTH2N2DqyO96bRF13DBcRjY
JCY9MDAdBgNVHQ4EFgQUqrD6FLnwLKAeCVtmqpRU4WVgLFEwDAYDVR0TAQH/BAIw
ADAOBgNVHQ8BAf8EBAMCB4AwDQYJKoZIhvcNAQELBQADggEBAFb/JMbxbBuG4FoY
ZngWz10yOHh0oE46EwZP4DsEXFhbdl30c+j70U65QM/6hyQCzakDodMYURcXUXkT
9OVRNRxQHXfYqdGl/v32Onl7GHp/I/ToftQWGIPeWu6dMzzdnPhm6P9npsQfKR39
vTcDEllVTX2iEwiXqSUnvfWVE/hr7/nTPsVeK3hD0jn42JEqYFBSZwICkG0E5kPc
yVSQe3x2jvPrp36+t3+m8elH5t1Vzx9uN2tyDxTVsc+iI9pe3IBdNtoRnmAeMyjA
UI5ieko2W26EsFNhEFRZwRO3KEker8WyxOPI6vPRQlhfz0bq2aUayVj3tB3DUKE5
rH5E17Q=
-----END CERTIFICATE-----
"""


def seed_config() -> dict[str, Any]:
    """The seed's configuration as a dictionary of one's own."""
    return copy.deepcopy(json.loads(SEED_CONFIG.read_text()))


def write_config(folder: Path, config: object) -> Path:
    """A configuration file, one value on a line."""
    path = folder / "config.jsn"
    path.write_text(config if isinstance(config, str) else json.dumps(config, indent=1), encoding="utf-8")
    return path


def change_config(changes: dict[str, object]) -> dict[str, object]:
    """The seed's configuration with values set by their dotted paths; the values of several paths at once."""
    config = seed_config()
    for path, value in changes.items():
        *parents, last = path.split(".")
        section = config
        for name in parents:
            section = section.setdefault(name, {})
        if value is MISSING:
            del section[last]
        else:
            section[last] = copy.deepcopy(value)
    return config


class SeedTransport:
    """A chip that makes the seed's key and signature."""

    def __init__(self, signature: str = SEED_SIGNATURE) -> None:
        self.sent: list[bytes] = []
        self._answers = {0x70: "", 0x38: "020044" + SEED_PUBLIC_KEY, 0x31: signature}

    def exchange(self, request: Request) -> bytes:
        self.sent.append(request.apdu)
        return apdu.encode_answer(bytes.fromhex(self._answers[request.apdu[0] & 0x7F]))

    def close(self) -> None:
        pass


class CountingTransport:
    """An emulated chip, and what was sent to it."""

    def __init__(self) -> None:
        from optiga.emulator import EmulatedChip

        self._chip = EmulatedChip()
        self.sent: list[bytes] = []

    def exchange(self, request: Request) -> bytes:
        self.sent.append(request.apdu)
        return self._chip.execute(request.apdu)

    def close(self) -> None:
        pass

    def count(self, code: int) -> int:
        """How often a command was sent."""
        return sum(command[0] & 0x7F == code for command in self.sent)


class Ca:
    """A CA that certifies whatever it is given."""

    def __init__(self, name: str = "Test CA", issuer: Ca | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (issuer or self).certify(self.key.public_key(), name, is_ca=True)

    def certify(
        self,
        public_key: Any,
        name: str = "device",
        *,
        is_ca: bool = False,
        start: datetime = NOW - timedelta(days=1),
        end: datetime = NOW + timedelta(days=365),
        padding: int = 0,
    ) -> bytes:
        """A certificate in DER.

        :param padding: bytes of a comment that makes it longer.
        """
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self.name)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        )
        if padding:
            comment = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), bytes(padding))
            builder = builder.add_extension(comment, critical=False)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def pem(*ders: bytes) -> str:
    """Certificates in PEM."""
    encoding = serialization.Encoding.PEM
    return "".join(x509.load_der_x509_certificate(der).public_bytes(encoding).decode() for der in ders)
