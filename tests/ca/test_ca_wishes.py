"""What a CSR asks for is in the certificate, or said to be left out; and what of its subject nobody has verified."""

from __future__ import annotations

import pytest
from asn1crypto.core import ObjectIdentifier
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.naming import is_dns_name, is_mailbox
from optiga.ca.settings import CaSettings
from optiga.errors import CertificateError
from optiga.pki.name_parts import name_text
from optiga.protocol.der import SEQUENCE, encode
from tests.support.ca_helpers import make_request
from tests.support.csr_forms import COMMON_NAME, KEY, make_form, make_name

USAGES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)
EMAIL, MAIL = "1.2.840.113549.1.9.1", "0.9.2342.19200300.100.1.3"
REQUEST, OLD_REQUEST = "1.2.840.113549.1.9.14", "1.3.6.1.4.1.311.2.1.14"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ca") / "root"
    create_root(folder, CaName("Test root"), settings=CaSettings(allow_dns=("*.dev.example",)))
    return CertificateAuthority.open(folder)


def attribute(oid, *values):
    return encode(SEQUENCE, ObjectIdentifier(oid).dump() + encode(0x31, b"".join(values)))


def wanting(*attributes):
    return make_form(attributes=encode(0xA0, b"".join(attributes)))


def names(text):
    value = encode(SEQUENCE, encode(0x82, text))
    return encode(SEQUENCE, encode(SEQUENCE, ObjectIdentifier("2.5.29.17").dump() + encode(0x04, value)))


def usage(*bits):
    return x509.KeyUsage(**{bit: bit in bits for bit in USAGES})


@pytest.mark.parametrize("kinds", [(REQUEST, REQUEST), (REQUEST, OLD_REQUEST), (OLD_REQUEST, REQUEST)])
def test_a_second_list_of_extensions_is_refused(root, kinds):
    one, other = (attribute(kind, names(text)) for kind, text in zip(kinds, (b"a.dev.example", b"b.x"), strict=True))
    with pytest.raises(CertificateError, match="lists of extensions"):
        root.issue(wanting(one, other))
    assert root.issue(wanting(one)).certificate.alt_names == ("DNS:a.dev.example",)


@pytest.mark.parametrize(
    ("values", "words"), [((), "no value"), ((names(b"a.dev.example"),) * 2, "lists of extensions")]
)
def test_a_list_has_one_value(root, values, words):
    with pytest.raises(CertificateError, match=words):
        root.issue(wanting(attribute(REQUEST, *values)))


def test_attributes_are_left_out_and_said(root):
    der = wanting(attribute("1.2.840.113549.1.9.7", encode(12, b"pw")), attribute("1.2.3"))
    assert any("challengePassword, 1.2.3" in note for note in root.issue(der).notes)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        (("key_cert_sign", "crl_sign"), ("keyCertSign", "cRLSign", "digitalSignature, although")),
        (("digital_signature", "key_encipherment"), ("keyEncipherment",)),
        (("digital_signature", "key_agreement", "encipher_only"), ("keyAgreement", "encipherOnly")),
        ((), ("digitalSignature, although",)),
        (("digital_signature",), ()),
    ],
)
def test_bits_of_key_usage(root, bits, words):
    said = " ".join(root.issue(make_request(usage(*bits))).notes)
    assert all(word in said for word in words)
    assert bool(said) is bool(words)


def test_an_rsa_key_may_encipher(root):
    key = rsa.generate_private_key(65537, 2048)
    assert root.issue(make_request(usage("digital_signature", "key_encipherment"), key=key)).notes == ()


def test_another_identifier_of_the_key(root):
    assert "subjectKeyIdentifier" in " ".join(root.issue(make_request(x509.SubjectKeyIdentifier(b"x" * 20))).notes)


@pytest.mark.parametrize(("oid", "tag"), [(EMAIL, 22), (EMAIL, 12), (MAIL, 22), (MAIL, 12)])
def test_an_email_address_is_not_verified_and_said(root, oid, tag):
    notes = root.issue(make_form(make_name((COMMON_NAME, 12, b"dev"), (oid, tag, b"a@b.example")))).notes
    assert any("e-mail address" in note and "a@b.example" in note for note in notes)
    with pytest.raises(CertificateError, match="not an e-mail address"):
        root.issue(make_form(make_name((COMMON_NAME, 12, b"dev"), (oid, tag, b"not an email"))))


@pytest.mark.parametrize("text", ["a@b", "a.b+c@d.example", f"{'a' * 64}@b.example"])
def test_mailboxes(text):
    assert is_mailbox(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@",
        "a@",
        "@b",
        "a@@b",
        "a b@c",
        ".a@b",
        "a.@b",
        "a..b@c",
        "a@-b",
        "a@b..c",
        f"{'a' * 65}@b",
        "a@1.2.3.4",
    ],
)
def test_no_mailboxes(text):
    assert not is_mailbox(text)


@pytest.mark.parametrize("text", ["xn--bcher-kva.example", "xn--fa-hia.example", "XN--BCHER-KVA.example"])
def test_names_in_punycode(text):
    assert is_dns_name(text)


@pytest.mark.parametrize("label", ["xn--a", "xn--", "xn--abc", "xn--99999999", "xn--a-", "xn--zzzzzzzzz", "xn--0a"])
def test_no_punycode(label):
    assert not is_dns_name(f"{label}.example")


@pytest.mark.parametrize(
    "text",
    ["bank.example", "*.bank.example", "BANK.Example.", "localhost", "*", ".bank.example", "bank..example", "192.0.2.7",
     "::1", "xn--bcher-kva.example", "b\u00fccher.example", "bank\u3002example", "bank\uff0eexample"],
)  # fmt: skip
@pytest.mark.parametrize("tag", [12, 30])
def test_a_server_is_no_host_by_its_common_name(root, text, tag):
    """In whatever type, and whichever of several common names it is."""
    contents = text.encode("utf-16-be" if tag == 30 else "utf-8")
    subject = make_name((COMMON_NAME, 12, b"dev"), (COMMON_NAME, tag, contents))
    purposes = encode(SEQUENCE, ObjectIdentifier("1.3.6.1.5.5.7.3.1").dump())
    extension = encode(SEQUENCE, ObjectIdentifier("2.5.29.37").dump() + encode(0x04, purposes))
    der = make_form(subject, attributes=encode(0xA0, attribute(REQUEST, encode(SEQUENCE, extension))))
    for ignore in (False, True):
        with pytest.raises(CertificateError, match="looks like a host"):
            root.issue(der, server=True, ignore_names=ignore)
    assert root.issue(der).certificate.purposes == ("clientAuth",)


@pytest.mark.parametrize("last", range(9, 13))
def test_a_hash_that_is_not_supported_is_not_called_forged(root, last):
    algorithm = encode(SEQUENCE, ObjectIdentifier(f"2.16.840.1.101.3.4.3.{last}").dump())
    der = make_form(algorithm=algorithm, sign=lambda data: KEY.sign(data, ec.ECDSA(hashes.SHA3_256())))
    with pytest.raises(CertificateError, match=r"SHA3-\d+, which is not supported"):
        root.issue(der)


def test_pss_with_another_hash_in_its_mask(root):
    from asn1crypto.algos import SignedDigestAlgorithm

    key = rsa.generate_private_key(65537, 2048)
    parameters = {
        "hash_algorithm": {"algorithm": "sha256"},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": "sha1"}},
        "salt_length": 32,
    }
    scheme = padding.PSS(padding.MGF1(hashes.SHA1()), 32)
    der = make_form(
        key_info=key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        algorithm=SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters}).dump(),
        sign=lambda data: key.sign(data, scheme, hashes.SHA256()),
    )
    assert root.issue(der).serial


@pytest.mark.parametrize(
    "text", ["dev, O=Infineon, CN=root", "a+O=b", "#a", " a ", " ", "a\\", 'a"b', "a<b>;c", "plain (TM) a=b"]
)
def test_a_name_is_printed_as_rfc_4514_has_it(text):
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])
    assert name_text(name) == name.rfc4514_string()
