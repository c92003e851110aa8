"""A TLS client in pure Python whose private key may be anything that signs, and openssl's server at the other end."""

from __future__ import annotations

import socket
import subprocess
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from tests.support.patience import LIMIT_S

with warnings.catch_warnings():
    # Below Python 3.12 it takes asyncore along, which says at once that it will go.
    warnings.filterwarnings("ignore", "The asyncore module is deprecated", DeprecationWarning)
    from tlslite import errors
    from tlslite.api import X509, HandshakeSettings, TLSConnection, X509CertChain
    from tlslite.utils.python_ecdsakey import Python_ECDSAKey

HOST = "localhost"
TLSRemoteAlert = errors.TLSRemoteAlert
VERSIONS = {"TLSv1.2": (3, 3), "TLSv1.3": (3, 4)}
"""TLS versions as openssl prints them, with the numbers on the line."""


class SigningKey(Python_ECDSAKey):
    """A private key that is a function and nothing else.

    :param certificate: any certificate in DER of its public key: the client checks what it has signed.
    :param sign: takes a digest, returns an ECDSA-Sig-Value in DER.
    """

    def __init__(self, certificate: bytes, sign: Callable[[bytes], bytes]) -> None:
        public = _parse(certificate).publicKey
        point = public.public_key.pubkey.point
        super().__init__(point.x(), point.y(), public.curve_name)
        self.private_key = self.public_key  # TLS 1.2 looks here for the curve's size
        self._sign_digest = sign

    def _sign(self, data: bytearray, hash_alg: str) -> bytearray:
        return bytearray(self._sign_digest(bytes(data)))


class Server:
    """``openssl s_server`` for one connection: it sends each line back, its characters in reverse order.

    :param arguments: its certificate, and which clients it lets in.
    """

    def __init__(self, *arguments: str | Path) -> None:
        self._process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-rev", *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watch = Timer(LIMIT_S, self._process.kill)
        self._watch.start()
        self.port = self._read_port()

    def _read_port(self) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith("ACCEPT "):
                return int(line.rpartition(":")[2])
        raise AssertionError(self.report())

    def report(self) -> str:
        """What it says of its connection, after the end of it."""
        out, err = self._process.communicate()
        return out + err

    def close(self) -> None:
        """End it however it is."""
        self._watch.cancel()
        self._process.kill()
        self._process.communicate()


@contextmanager
def serving(*arguments: str | Path) -> Iterator[Server]:
    """A server for as long as the context lasts; otherwise as :class:`Server`."""
    server = Server(*arguments)
    try:
        yield server
    finally:
        server.close()


@contextmanager
def connected(
    port: int, root: Path, version: str, chain: Sequence[bytes] = (), key: SigningKey | None = None
) -> Iterator[TLSConnection]:
    """A connection to a server that has proven to be ``localhost``.

    :param root: PEM of the CA that the server's certificate must lead to.
    :param version: the only one offered.
    :param chain: the client's certificates in DER, leaf first; none if it has none to show.
    """
    settings = HandshakeSettings()
    settings.minVersion = settings.maxVersion = VERSIONS[version]
    settings.certificate_compression_send = []  # it would compress its own without asking whether the server can
    with socket.create_connection(("127.0.0.1", port), LIMIT_S) as line:
        connection = TLSConnection(line)
        certificates = X509CertChain([_parse(der) for der in chain]) if chain else None
        connection.handshakeClientCert(certificates, key, settings=settings, serverName=HOST)
        _check_server(connection, root)
        yield connection
        connection.close()


def _check_server(connection: TLSConnection, root: Path) -> None:
    shown = connection.session.serverCertChain.x509List
    leaf, *others = [x509.load_der_x509_certificate(bytes(one.bytes)) for one in shown]
    store = Store([x509.load_pem_x509_certificate(root.read_bytes())])
    PolicyBuilder().store(store).build_server_verifier(x509.DNSName(HOST)).verify(leaf, others)


def _parse(der: bytes) -> X509:
    certificate = X509()
    certificate.parseBinary(bytearray(der))
    return certificate
