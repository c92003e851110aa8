"""Certificates whose names alone break a rule are let pass, and no others."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from optiga.pki.certificate import Certificate
from optiga.pki.respelled import respelled_certificate
from tests.support import odd_certificates as odd

KEY = ec.generate_private_key(ec.SECP256R1())
ODD = odd.odd_certificate(KEY, issuer=odd.name("c_a", odd.PRINTABLE), subject=odd.name("d&e", odd.PRINTABLE))
NAME = odd.name("c_a", odd.PRINTABLE)


def test_its_names_are_readable_and_all_else_is_as_it_was() -> None:
    certificate = Certificate.parse_any_names(ODD)
    assert (certificate.subject, certificate.issuer) == ("CN=d&e", "CN=c_a")
    assert (certificate.der, certificate.strict) == (ODD, None)
    assert certificate == Certificate.parse_any_names(certificate.pem)
    followed = Certificate.parse(odd.odd_certificate(KEY, issuer=odd.name("c_a"), subject=odd.name("d&e")))
    respelled = Certificate.parse(respelled_certificate(ODD))
    assert respelled.parsed.tbs_certificate_bytes == followed.parsed.tbs_certificate_bytes


def replaced(*places: tuple[int, bytes]) -> bytes:
    data = bytearray(ODD)
    for place, content in places:
        data[place : place + len(content)] = content
    return bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        replaced((0, b"\x31")),
        replaced((4, b"\x1e")),
        replaced((ODD.index(NAME), b"\x31")),
        ODD.replace(NAME, b"\x30\x81" + NAME[1:]),
        ODD[:-1],
        ODD + b"\x00",
    ],
    ids=["outer tag", "tag of what is signed", "tag of a name", "length of a name", "cut off", "longer"],
)
def test_what_breaks_another_rule(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        Certificate.parse_any_names(data)
