"""Borders that certificates and private keys in files of others come in by: see :mod:`tests.support.mutated_files`."""

from __future__ import annotations

import json
import random
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from optiga.identity.forms import warnings_about_anchor
from optiga.pki.certificate_files import load_found
from optiga.pki.chains import warnings_about
from optiga.pki.pem import encode_pem
from optiga.update.private_keys import KeyFile
from tests.support import odd_certificates as odd
from tests.support.borders import check_line
from tests.support.file_borders import Border
from tests.support.identity.csr_helpers import NOW
from tests.support.mutations import Value, mutate


class CertificateBorder(Border):
    """Odd certificates in every form, written and shown."""

    name = "certificate file"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        key = ec.derive_private_key(5, ec.SECP256R1())
        constraints = odd.basic_constraints(odd.TRUE)
        self._plain = odd.odd_certificate(key)
        made = [
            self._plain,
            odd.odd_certificate(key, subject=odd.name("a_b", odd.PRINTABLE), extensions=(constraints,)),
        ]
        self._samples = [Value.read(one) for one in (*made, odd.pkcs7(*made))]

    def make(self, chance: random.Random) -> bytes:
        der = mutate(chance.choice(self._samples), chance)
        label = chance.choice(("CERTIFICATE", "PKCS7", "TRUSTED CERTIFICATE"))
        text = encode_pem(label, der)
        return chance.choice((der, der + self._plain, text.encode(), json.dumps({"certificatePem": text}).encode()))

    def take(self, given: bytes, chance: random.Random) -> None:
        self.file.write_bytes(given)
        certificates, notes = load_found(self.file)
        texts = [*notes, *warnings_about(certificates, NOW)]
        for one in certificates:
            texts += [one.subject, one.issuer, one.serial_text, one.oddity, *one.alt_names, *one.purposes]
            texts += warnings_about_anchor(one)
        for text in texts:
            check_line(text)


class PrivateKeyBorder(Border):
    """Private keys of EC, SEC 1 and PKCS #8."""

    name = "private key"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        key = ec.derive_private_key(0x1234567, ec.SECP256R1())
        forms = (PrivateFormat.TraditionalOpenSSL, PrivateFormat.PKCS8)
        self._samples = [Value.read(key.private_bytes(Encoding.DER, form, NoEncryption())) for form in forms]

    def make(self, chance: random.Random) -> bytes:
        which = chance.randrange(2)
        der = mutate(self._samples[which], chance) if chance.random() < 0.7 else self._samples[which].encode()
        return der if chance.random() < 0.5 else encode_pem(("EC PRIVATE KEY", "PRIVATE KEY")[which], der).encode()

    def take(self, given: bytes, chance: random.Random) -> None:
        self.file.write_bytes(given)
        KeyFile.read(self.file).open().public_key()


CERTIFICATES = (CertificateBorder, PrivateKeyBorder)
