"""What is said of a certificate that breaks a rule names the part, and how it breaks the rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from optiga.pki.certificate import Certificate
from optiga.pki.damage import why_not_key_usage
from optiga.pki.lenient import only, parts_of
from optiga.protocol.der import BIT_STRING, INTEGER, NULL, SEQUENCE, encode
from tests.support import odd_certificates as odd
from tests.support.ca_helpers import openssl

KEY = ec.derive_private_key(0x1234567890ABCDEF, ec.SECP256R1())
BASIC = odd.basic_constraints()
OCTETS = encode(4, b"\x01")


def said_of(der: bytes) -> str:
    """The rule that a certificate breaks; it is read all the same."""
    return Certificate.parse_leniently(der).oddity


@pytest.mark.parametrize(
    ("oid", "value", "words"),
    [
        ("2b06010505070101", OCTETS, ["authorityInfoAccess"]),
        ("551d23", OCTETS, ["authorityKeyIdentifier"]),
        ("551d25", OCTETS, ["extendedKeyUsage"]),
        ("551d0e", encode(SEQUENCE, b""), ["subjectKeyIdentifier"]),
        ("551d1f", OCTETS, ["cRLDistributionPoints"]),
        ("551d20", OCTETS, ["certificatePolicies"]),
        ("551d24", OCTETS, ["policyConstraints"]),
        ("551d11", encode(SEQUENCE, encode(0x82, b"\xff")), ["subjectAltName"]),
        ("551d0f", b"", ["keyUsage", "no value"]),
        ("551d0f", OCTETS, ["keyUsage", "BIT STRING"]),
        ("551d0f", encode(BIT_STRING, b"\x09\x80"), ["keyUsage", "unused bits"]),
        ("551d0f", encode(BIT_STRING, b""), ["keyUsage", "unused bits"]),
    ],
)
def test_the_extension_is_named(oid: str, value: bytes, words: list[str]) -> None:
    text = said_of(odd.odd_certificate(KEY, extensions=(BASIC, odd.extension(oid, value))))
    assert all(word in text for word in words), text


@pytest.mark.parametrize(
    ("extension", "words"),
    [
        (encode(SEQUENCE, b""), "object identifier"),
        (odd.extension("551d23", b"", odd.FALSE), "authorityKeyIdentifier"),
        (odd.extension("551d23", b"", encode(1, b"\x01")), "neither TRUE nor FALSE"),
        (odd.extension("551d23", b"", odd.TRUE * 2), "authorityKeyIdentifier"),
        (BASIC, "basicConstraints is given twice"),
    ],
)
def test_what_is_wrong_around_its_value(extension: bytes, words: str) -> None:
    assert words in said_of(odd.odd_certificate(KEY, extensions=(BASIC, extension)))


@pytest.mark.parametrize(
    ("tag", "text", "words"),
    [
        (odd.PRINTABLE, b"a_b", "PrintableString with a character"),
        (odd.T61, b"M\xfc", "TeletexString with characters beyond ASCII"),
        (0x16, b"M\xfc", "an IA5String"),
        (odd.UTF8, b"\xff", "UTF8String"),
        (0x1E, b"odd", "BMPString"),
        (0x02, b"bytes", "0x02, which is no text"),
    ],
)
@pytest.mark.parametrize("part", ["issuer", "subject"])
def test_the_name_is_named(part: str, tag: int, text: bytes, words: str) -> None:
    said = said_of(odd.odd_certificate(KEY, **{part: odd.name(text, tag)}))  # type: ignore[arg-type]
    assert part in said
    assert words in said


@pytest.mark.parametrize(
    ("tag", "text", "words"),
    [(0x1A, b"device", "VisibleString"), (0x1E, "\N{KEY}".encode("utf-16-be"), "BMPString")],
)
@pytest.mark.parametrize("part", ["issuer", "subject"])
def test_a_name_that_only_other_programs_do_not_load(
    part: str, tag: int, text: bytes, words: str, tmp_path: Path
) -> None:
    der = odd.odd_certificate(KEY, **{part: odd.name(text, tag)})  # type: ignore[arg-type]
    (broken,) = Certificate.parse_leniently(der).broken_rules
    assert part in broken
    assert words in broken
    path = tmp_path / "odd.der"
    path.write_bytes(der)
    assert openssl("x509", "-inform", "DER", "-noout", "-in", path).returncode != 0


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("serial", [b"\x00", b"\xfb", b"\x80"])
def test_a_serial_number_that_is_not_positive(serial: bytes) -> None:
    (broken,) = Certificate.parse_leniently(odd.odd_certificate(KEY, serial=serial)).broken_rules
    assert "serial number" in broken


def test_other_parts_are_named() -> None:
    good = odd.odd_certificate(KEY, extensions=(BASIC,))
    body, algorithm, signature = parts_of(only(good).content)
    values = [part.whole for part in parts_of(body.content)]

    def made(*values: bytes, outer: bytes = algorithm.whole) -> str:
        signed = encode(SEQUENCE, b"".join(values))
        return said_of(encode(SEQUENCE, signed + outer + signature.whole))

    with_null = encode(SEQUENCE, algorithm.content + encode(NULL, b""))
    assert "NULL" in made(values[0], values[1], with_null, *values[3:], outer=with_null)
    assert "does not belong there" in made(*values, encode(INTEGER, b"\x05"))
    assert "more bytes than it needs" in made(values[0], b"\x02\x81\x01\x05", *values[2:])
    assert "serial number" in made(values[0], encode(INTEGER, b"\x00\x05"), *values[2:])
    for place, title in enumerate(("notBefore", "notAfter")):
        dates = [encode(odd.UTC, b"250101000000Z"), encode(odd.UTC, b"450101000000Z")]
        dates[place] = encode(odd.UTC, b"2501010000Z")
        assert title in said_of(odd.odd_certificate(KEY, dates=(dates[0], dates[1])))


@pytest.mark.parametrize("value", ["03020780", "03020106", "0303070080"])
def test_a_key_usage_that_is_one(value: str) -> None:
    assert why_not_key_usage(bytes.fromhex(value)) == ""


@pytest.mark.parametrize("value", ["", "ff", "0500", "0300", "030108", "03020881", "03020700", "03020781"])
def test_a_key_usage_that_is_none(value: str) -> None:
    assert why_not_key_usage(bytes.fromhex(value))
