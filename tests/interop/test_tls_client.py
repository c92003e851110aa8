"""TLS with a certificate on both sides: the chip's key signs for the client, openssl's server judges.

The certificates come from a CA of one's own, made and used as a person does, and the client shows what it reads from
the chip.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.x509.oid import ExtendedKeyUsageOID

import optiga
from optiga.objects.stored import decode_stored
from tests.support.ca_helpers import NEEDS_OPENSSL, make_request, openssl, verify
from tests.support.interop.chip_tls import HOST, VERSIONS, SigningKey, TLSRemoteAlert, connected, serving
from tests.support.makers import make_certificate, make_key
from tests.support.places import ROOT
from tests.support.processes import OPTIGA, run_process
from tests.support.sampling import sampled

pytestmark = [NEEDS_OPENSSL, pytest.mark.long, pytest.mark.parametrize("version", sampled(reversed(VERSIONS), keep=1))]

CONFIG = ROOT / "configs" / "config_nistp256_ecdsa_secondslot.jsn"
LINE, REVERSED = b"measured at 12:00: 21.5 degrees\n", b"seerged 5.12 :00:21 ta derusaem\n"
ESTABLISHED, FAILED = "CONNECTION ESTABLISHED", "CONNECTION FAILURE"


@dataclass
class Bench:
    """A folder with a root, an intermediate, a personalized chip and a server's certificate."""

    folder: Path

    def optiga(self, *arguments: object) -> str:
        """Run a command; returns what it printed."""
        home = str(self.folder)
        environment = {"HOME": home, "LOCALAPPDATA": home, "XDG_STATE_HOME": home, "OPTIGA_CA_PASSPHRASE": ""}
        done = run_process([*OPTIGA, *map(str, arguments)], self.folder, environment)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def root(self) -> Path:
        return self.folder / "root" / "ca.pem"

    @property
    def port(self) -> str:
        return f"emulator:{self.folder / 'chip'}"

    @property
    def server(self) -> tuple[str | Path, ...]:
        """A server that lets in whom the root vouches for, and nobody else."""
        own = ("-cert", self.folder / "server.pem", "-key", self.folder / "server.key")
        intermediate = ("-cert_chain", self.folder / "factory" / "ca.pem")
        return *own, *intermediate, "-Verify", "2", "-verify_return_error", "-CAfile", self.root


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    if not openssl("version").stdout.startswith("OpenSSL "):
        pytest.skip("LibreSSL's server does not send lines back")
    made = Bench(tmp_path_factory.mktemp("bench"))
    made.optiga("ca", "init", "--no-passphrase", "root")
    made.optiga("ca", "intermediate", "--no-passphrase", "factory", "--ca", "root", "--allow-dns", HOST)
    csr = made.optiga("--port", made.port, "--csr", CONFIG, "--query", "filename")
    made.optiga("ca", "sign", csr, "--ca", "factory", "--out", "device.pem")
    matches = made.optiga("--port", made.port, "--write", "device.pem", "--strict", "--query", "key_match")
    assert matches == "True"
    made.optiga("ca", "init", "--no-passphrase", "other")
    made.optiga("ca", "sign", csr, "--ca", "other", "--out", "stranger.pem")
    key = make_key()
    names = x509.SubjectAlternativeName([x509.DNSName(HOST)])
    wish = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    (made.folder / "server.csr").write_bytes(make_request(names, wish, name=HOST, key=key.private))
    (made.folder / "server.key").write_bytes(key.pem)
    made.optiga("ca", "sign", "server.csr", "--ca", "factory", "--out", "server.pem", "--server")
    return made


@pytest.fixture
def chip(bench: Bench) -> Iterator[optiga.Chip]:
    with optiga.open_chip(bench.port) as opened:
        yield opened


@pytest.fixture
def chain(chip: optiga.Chip) -> list[bytes]:
    """The certificates in the chip's slot, in DER, leaf first."""
    return [certificate.der for certificate in decode_stored(chip.read(0xE0E1))]


def report_of_refusal(bench: Bench, version: str, chain: list[bytes], key: SigningKey | None) -> tuple[str, str]:
    """The alert that a client gets, and what the server says of it."""
    with serving(*bench.server) as server:
        # With TLS 1.3 the client is done before the server has judged it: the refusal comes when it reads.
        with pytest.raises(TLSRemoteAlert) as caught, connected(server.port, bench.root, version, chain, key) as line:
            line.read(1, 1)
        report = server.report()
    assert ESTABLISHED not in report
    assert FAILED in report
    return str(caught.value), report


def test_the_chip_signs_for_the_client(bench: Bench, chip: optiga.Chip, chain: list[bytes], version: str) -> None:
    leaf = bench.folder / "read.pem"
    leaf.write_text("".join(certificate.pem for certificate in decode_stored(chip.read(0xE0E1))))
    assert leaf.read_text() == (bench.folder / "device.pem").read_text()
    assert verify(leaf, "-CAfile", bench.root, "-untrusted", leaf) == ""
    assert len(chain) == 2

    digests: list[bytes] = []

    def sign(digest: bytes) -> bytes:
        digests.append(digest)
        return chip.key(0xE0F1).sign_digest(digest)

    with serving(*bench.server) as server:
        with connected(server.port, bench.root, version, chain, SigningKey(chain[0], sign)) as line:
            line.write(LINE)
            assert line.read(len(REVERSED), len(REVERSED)) == REVERSED
        report = server.report()
    assert [len(digest) for digest in digests] == [32]
    assert ESTABLISHED in report
    assert f"Protocol version: {version}\n" in report
    assert re.search(r"^Peer certificate: .*CN ?= ?OPTIGA\(TM\) Trust IoT$", report, re.MULTILINE)
    assert "\nSignature type: ECDSA\n" in report
    assert "\nVerification: OK\n" in report


def test_another_key_than_the_chips(bench: Bench, chain: list[bytes], version: str) -> None:
    """Whoever copies the certificate has not got the key."""
    other = make_key()

    def sign(digest: bytes) -> bytes:
        return other.private.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256())))

    own = x509.load_pem_x509_certificate(make_certificate(other)).public_bytes(serialization.Encoding.DER)
    alert, _report = report_of_refusal(bench, version, chain, SigningKey(own, sign))
    assert alert == "decrypt_error"


def test_a_certificate_of_another_ca(bench: Bench, chip: optiga.Chip, version: str) -> None:
    stranger = x509.load_pem_x509_certificate((bench.folder / "stranger.pem").read_bytes())
    der = stranger.public_bytes(serialization.Encoding.DER)
    key = SigningKey(der, chip.key(0xE0F1).sign_digest)
    alert, report = report_of_refusal(bench, version, [der], key)
    assert alert == "unknown_ca"
    assert "unable to get local issuer certificate" in report


def test_no_certificate(bench: Bench, version: str) -> None:
    alert, _report = report_of_refusal(bench, version, [], None)
    assert alert == {"TLSv1.2": "handshake_failure", "TLSv1.3": "certificate_required"}[version]
