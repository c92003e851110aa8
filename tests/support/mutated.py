"""CSRs and certificates with seeded mutations, through every border that they come in by.

``python -m tests.support.mutated 1000000 [SEED]`` tries as many, half of them CSRs, and prints how they ended, how many
a second, and what took longest.
"""

from __future__ import annotations

import ipaddress
import random
import subprocess
import sys
import time
import traceback
import warnings
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from optiga.ca.request_form import RequestForm, split
from optiga.pki.pem import encode_pem
from optiga.protocol.der import BIT_STRING, SEQUENCE, encode
from tests.support.borders import Borders, check_parsed, load_with_another
from tests.support.ca_helpers import make_request
from tests.support.identity.authorities import constraints
from tests.support.makers import key_usage
from tests.support.mutations import Value, mutate

_EC_KEY = ec.generate_private_key(ec.SECP256R1())
_MOST_SECONDS = 5


@dataclass
class Ends:
    """How mutations ended.

    :param count: by kind and end: ``csr taken``, ``write refused``.
    :param slowest: the seconds of processor time that one took, and which.
    :param unexpected: each that ended otherwise than it must: kind, what happened, and the mutation in hex.
    :param issued: the newest certificates that were issued for mutated CSRs.
    """

    count: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")
    unexpected: list[str] = field(default_factory=list)
    issued: deque[bytes] = field(default_factory=lambda: deque(maxlen=2000))

    def of(self, kind: str, end: str) -> int:
        """How many of a kind (csr, certificate) ended so (taken, refused)."""
        return self.count[f"{kind} {end}"]


def run(count: int, seed: int, folder: Path) -> Ends:
    """Try mutations, half of them CSRs; of both, some signed again, so that what comes behind is reached.

    :param folder: an empty one.
    :raises AssertionError: if openssl does not load what was issued.
    """
    chance, ends = random.Random(seed), Ends()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as the command line does: what libraries warn programmers of
        borders = Borders(folder)
        requests, certificates = make_requests(), make_certificates(borders)
        for number in range(count):
            if number % 2:
                der = _mutate(chance.choice(requests), chance, sign_request)
                _try(ends, "csr", der, lambda der=der: _sign(borders, der, ends))
            else:
                der = _mutate(chance.choice(certificates), chance, lambda der: sign_certificate(der, borders.root.key))
                border = chance.choice(list(borders.by_name))
                _try(ends, "certificate", der, lambda der=der: check_parsed(der))
                if der:
                    _try(ends, border, der, lambda der=der, border=border: borders.read(border, der))
        load_with_openssl(list(ends.issued), folder)
    return ends


def _mutate(sample: Value, chance: random.Random, sign: Callable[[bytes], bytes]) -> bytes:
    der = mutate(sample, chance)
    return sign(der) if chance.random() < 0.6 else der


def _sign(borders: Borders, der: bytes, ends: Ends) -> bool:
    issued = borders.sign(der, as_pem=bool(der) and der[-1] % 4 == 0) if der else None
    if issued is None:
        return False
    load_with_another(issued)
    ends.issued.append(issued)
    return True


def _try(ends: Ends, kind: str, der: bytes, attempt: Callable[[], bool]) -> None:
    begin = time.process_time()
    try:
        end = "taken" if attempt() else "refused"
    except Exception as error:
        end = "unexpected"
        where = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error} in {Path(where.filename).name}:{where.lineno}"
        ends.unexpected.append(f"{kind}: {what}: {der.hex()}")
    ends.count[f"{kind} {end}"] += 1
    seconds = time.process_time() - begin
    if seconds > ends.slowest[0]:
        ends.slowest = (seconds, f"{kind} {der.hex()[:200]} of {len(der)} bytes")


def make_requests() -> list[Value]:
    """CSRs to mutate. Most are of one EC key: a CSR of an RSA key takes ten times as long."""
    names = x509.SubjectAlternativeName([x509.DNSName("a.dev.example"), x509.UniformResourceIdentifier("urn:x:y")])
    all_names = x509.SubjectAlternativeName(_all_names())
    usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    few = x509.SubjectAlternativeName([x509.DNSName("b.dev.example")])
    ders = [
        *[make_request(names, usage, key=_EC_KEY)] * 3,
        *[make_request(key=_EC_KEY, subject=_name())] * 6,
        *[make_request(few, usage, key_usage("digital_signature"), key=_EC_KEY)] * 4,
        *[make_request(all_names, x509.BasicConstraints(ca=False, path_length=None), key=_EC_KEY)] * 2,
        make_request(key=ec.generate_private_key(ec.SECP521R1())),
        make_request(key=ec.generate_private_key(ec.BrainpoolP256R1())),
        make_request(key=rsa.generate_private_key(65537, 2048)),
    ]
    return [Value.read(der) for der in ders]


def make_certificates(borders: Borders) -> list[Value]:
    """Certificates to mutate: of the chip's own key, with every extension, of RSA, of CAs."""
    root, extensions = borders.root, _all_extensions()
    ders = [
        root.certify(borders.chip_key),
        root.certify(borders.chip_key, "device", constraints(ca=False), key_usage("digital_signature")),
        root.certify(borders.chip_key, "device", *extensions),
        root.certify(_EC_KEY.public_key(), "device", *extensions),
        root.certify(rsa.generate_private_key(65537, 2048).public_key(), "device", *extensions[:2]),
        root.der,
        root.certify(_EC_KEY.public_key(), "below", constraints(path_length=0), key_usage("key_cert_sign")),
        borders.ca_der,
    ]
    return [Value.read(der) for der in ders]


def _name() -> x509.Name:
    values = (
        (NameOID.COUNTRY_NAME, "DE"),
        (NameOID.EMAIL_ADDRESS, "a@b.example"),
        (NameOID.SERIAL_NUMBER, "0011"),
        (NameOID.DOMAIN_COMPONENT, "example"),
        (NameOID.COMMON_NAME, "Gerät"),
    )
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in values])


def _all_names() -> list[x509.GeneralName]:
    return [
        x509.DNSName("a.dev.example"),
        x509.UniformResourceIdentifier("urn:x:y"),
        x509.RFC822Name("a@b.example"),
        x509.IPAddress(ipaddress.ip_address("192.0.2.7")),
        x509.DirectoryName(_name()),
        x509.RegisteredID(ObjectIdentifier("1.2.3")),
        x509.OtherName(ObjectIdentifier("1.3.6.1.4.1.311.20.2.3"), b"\x0c\x01a"),
    ]


def _all_extensions() -> list[x509.ExtensionType]:
    place = [x509.UniformResourceIdentifier("http://a.example/crl")]
    access = x509.AccessDescription(ObjectIdentifier("1.3.6.1.5.5.7.48.2"), place[0])
    notice = x509.UserNotice(x509.NoticeReference("who", [1]), "what")
    return [
        constraints(ca=False),
        key_usage("digital_signature", "key_agreement"),
        x509.SubjectAlternativeName(_all_names()),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH, ObjectIdentifier("1.2.3.4")]),
        x509.SubjectKeyIdentifier(bytes(20)),
        x509.AuthorityKeyIdentifier(bytes(20), None, None),
        x509.CRLDistributionPoints([x509.DistributionPoint(place, None, None, None)]),
        x509.AuthorityInformationAccess([access]),
        x509.CertificatePolicies([x509.PolicyInformation(ObjectIdentifier("1.2.3"), [notice, "http://a.example"])]),
        x509.NameConstraints([x509.DNSName("dev.example")], None),
    ]


def sign_request(der: bytes) -> bytes:
    """A mutated CSR with a right signature of the samples' EC key; as it was if it is none."""
    try:
        form = RequestForm.read(der)
    except ValueError:
        return der
    return _signed(form.signed, form.algorithm, _EC_KEY)


def sign_certificate(der: bytes, key: Any) -> bytes:
    """A mutated certificate with a right signature; as it was if it has not its parts."""
    try:
        (outer,) = split(der)
        body, algorithm, _ = split(outer.contents)
    except ValueError:
        return der
    return _signed(body.raw, algorithm.raw, key)


def _signed(signed: bytes, algorithm: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    digest = hashes.SHA384() if b"\x2a\x86\x48\xce\x3d\x04\x03\x03" in algorithm else hashes.SHA256()
    signature = encode(BIT_STRING, b"\x00" + key.sign(signed, ec.ECDSA(digest)))
    return encode(SEQUENCE, signed + algorithm + signature)


def load_with_openssl(ders: list[bytes], folder: Path) -> None:
    """Have openssl load certificates that the CA has issued, all of them at once; nothing where there is no openssl."""
    from shutil import which

    if not ders or which("openssl") is None:
        return
    path = folder / "issued.pem"
    path.write_text("".join(encode_pem("CERTIFICATE", der) for der in ders))
    command = ["openssl", "storeutl", "-noout", "-certs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert f"Total found: {len(ders)}" in done.stdout, done.stdout[-300:] + done.stderr[-300:]


def main() -> None:
    """What the command line says, see the top."""
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    begin = time.monotonic()
    with TemporaryDirectory() as folder:
        ends = run(wanted, seed, Path(folder))
    seconds = time.monotonic() - begin
    for kind, number in sorted(ends.count.items()):
        print(f"{kind:<24} {number}")
    print(f"{wanted} tried, seed {seed}: {seconds:.0f} s, {wanted / seconds:.0f} per second")
    print(f"slowest {ends.slowest[0]:.3f} s: {ends.slowest[1]}")
    print(f"unexpected {len(ends.unexpected)}", *ends.unexpected, sep="\n")
    sys.exit(bool(ends.unexpected) or ends.slowest[0] > _MOST_SECONDS)


if __name__ == "__main__":
    main()
