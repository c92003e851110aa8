"""What a CA refuses because it can be broken."""

from __future__ import annotations

import secrets
from math import prod

import pytest
from asn1crypto import core, csr
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.strength import find_rsa_weakness
from optiga.errors import CertificateError
from tests.support.ca_helpers import make_request

KEY = ec.generate_private_key(ec.SECP256R1())
PLACE = "PLACE-OF-A-VALUE"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ca") / "root"
    create_root(folder, CaName("Test root", "Example GmbH"))
    return CertificateAuthority.open(folder)


def with_value(tag: int, contents: bytes) -> bytes:
    """A CSR, rightly signed, whose common name is of any type and bytes, as long as the placeholder."""
    request = csr.CertificationRequest.load(make_request(name=PLACE, key=KEY))
    assert len(contents) == len(PLACE)
    info = request["certification_request_info"].dump()
    changed = info.replace(b"\x0c\x10" + PLACE.encode(), bytes((tag, len(contents))) + contents)
    assert changed != info
    request["certification_request_info"] = csr.CertificationRequestInfo.load(changed)
    request["signature"] = core.OctetBitString(KEY.sign(changed, ec.ECDSA(hashes.SHA256())))
    return request.dump(force=True)


def test_a_damaged_text_is_refused_in_words(root):
    with pytest.raises(CertificateError) as caught:
        root.issue(with_value(0x13, b"m\xc3\xbcller in print"))
    assert "ParseError" not in str(caught.value)


def test_a_value_that_they_load(root):
    assert root.issue(with_value(0x0C, b"just a device 01")).serial


@pytest.mark.parametrize("key", [KEY, rsa.generate_private_key(65537, 2048)], ids=["ec", "rsa"])
def test_sha1_is_named(root, key):
    der = make_request(key=key)
    request = csr.CertificationRequest.load(der)
    info = request["certification_request_info"].dump()
    if isinstance(key, rsa.RSAPrivateKey):
        name, signature = "sha1_rsa", key.sign(info, padding.PKCS1v15(), hashes.SHA1())
    else:
        name, signature = "sha1_ecdsa", key.sign(info, ec.ECDSA(hashes.SHA1()))
    request["signature_algorithm"] = {"algorithm": name}
    request["signature"] = core.OctetBitString(signature)
    with pytest.raises(CertificateError, match="SHA-1"):
        root.issue(request.dump(force=True))


def test_rsa_keys_that_can_be_factored():
    primorial = prod(n for n in range(2, 168) if all(n % d for d in range(2, n)))
    halves = [secrets.randbits(800) * primorial + pow(65537, secrets.randbits(60) + 1, primorial) for _ in "pq"]
    assert "ROCA" in find_rsa_weakness(halves[0] * halves[1], 65537)
    close = secrets.randbits(1024) | 1 << 1023 | 1
    assert "close" in find_rsa_weakness(close * (close + 1000), 65537)
    good = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    assert "exponent" in find_rsa_weakness(good, 3)
    assert "exponent" in find_rsa_weakness(good, 65538)
    assert find_rsa_weakness(good, 65537) == ""


def test_a_small_exponent_is_refused(root):
    with pytest.raises(CertificateError, match="too weak"):
        root.issue(make_request(key=rsa.generate_private_key(3, 2048)))


def test_the_cas_own_name_in_another_form(root):
    values = ((NameOID.ORGANIZATION_NAME, "example  gmbh"), (NameOID.COMMON_NAME, "TEST ROOT "))
    with pytest.raises(CertificateError, match="own name"):
        root.issue(make_request(subject=x509.Name([x509.NameAttribute(oid, value) for oid, value in values])))


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\ufeff"])
def test_invisible_characters(root, hidden):
    with pytest.raises(CertificateError, match=f"{ord(hidden):04X}"):
        root.issue(make_request(name=f"dev{hidden}ice"))
