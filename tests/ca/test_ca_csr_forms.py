"""CSRs of unusual forms: what can be read is signed, what verifiers could not load is refused in words."""

from __future__ import annotations

import pytest
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.name import _ASN1Type

from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_intermediate, create_root
from optiga.ca.request import CertificateRequest
from optiga.errors import CertificateError
from optiga.pki.public_key_files import parse_public_key
from optiga.pki.public_keys import load_key
from optiga.protocol.der import SEQUENCE, encode, encode_oid
from tests.support.csr_forms import COMMON_NAME, KEY, make_form, make_name

SERIAL_NUMBER, COUNTRY, EMAIL, UNIQUE = "2.5.4.5", "2.5.4.6", "1.2.840.113549.1.9.1", "2.5.4.45"
RSA_KEY = rsa.generate_private_key(65537, 2048)
RSA_INFO = RSA_KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ca") / "root"
    create_root(folder, CaName("Test root"))
    return CertificateAuthority.open(folder)


def refusal(der: bytes) -> str:
    with pytest.raises(CertificateError) as caught:
        CertificateRequest.parse(der)
    text = str(caught.value)
    assert text.isprintable()
    assert "{" not in text
    assert "ParseError" not in text
    return text


@pytest.mark.parametrize(
    ("oid", "tag", "contents", "text", "kind"),
    [
        (SERIAL_NUMBER, 0x13, b"eui48_0011", "eui48_0011", _ASN1Type.UTF8String),
        (COMMON_NAME, 0x13, b"a@b*c&d", "a@b*c&d", _ASN1Type.UTF8String),
        (COMMON_NAME, 0x14, b"J\xfcrgen", "J\xfcrgen", _ASN1Type.UTF8String),
        (COMMON_NAME, 0x16, b"device", "device", _ASN1Type.UTF8String),
        (COMMON_NAME, 0x12, b"12 34", "12 34", _ASN1Type.UTF8String),
        (COMMON_NAME, 0x1E, "Gerät".encode("utf-16-be"), "Gerät", _ASN1Type.UTF8String),
        (COMMON_NAME, 0x1C, "Gerät".encode("utf-32-be"), "Gerät", _ASN1Type.UTF8String),
        (COUNTRY, 0x0C, b"DE", "DE", _ASN1Type.PrintableString),
        (EMAIL, 0x0C, b"a@b.example", "a@b.example", _ASN1Type.IA5String),
    ],
)
def test_a_text_of_the_wrong_type_is_signed_and_said(root, oid, tag, contents, text, kind):
    issued = root.issue(make_form(make_name((oid, tag, contents))))
    (attribute,) = issued.certificate.parsed.subject
    assert (attribute.oid.dotted_string, attribute.value, attribute._type) == (oid, text, kind)
    assert any(kind.name in note for note in issued.notes)


@pytest.mark.parametrize(
    ("oid", "tag", "contents"),
    [
        (COMMON_NAME, 0x0C, "Gerät".encode()),
        (COMMON_NAME, 0x13, b"device"),
        (SERIAL_NUMBER, 0x13, b"0011"),
        (EMAIL, 0x16, b"a@b.example"),
        (UNIQUE, 0x03, b"\x00\x01\x02"),
    ],
)
def test_a_text_of_the_right_type_stays(oid, tag, contents):
    request = CertificateRequest.parse(make_form(make_name((oid, tag, contents))))
    assert request.subject.public_bytes() == make_name((oid, tag, contents))
    assert request.changes == ()


@pytest.mark.parametrize("attributes", [b"", b"\xa0\x00"])
def test_attributes_may_be_missing(root, attributes):
    assert root.issue(make_form(attributes=attributes)).certificate.subject == "CN=device"


@pytest.mark.parametrize(
    ("oid", "tag", "contents", "words"),
    [
        (COMMON_NAME, 0x04, b"octets", "not text"),
        (COMMON_NAME, 0x02, b"\x07", "not text"),
        (COMMON_NAME, 0x30, b"", "not text"),
        (COMMON_NAME, 0x1A, b"visible", "not text"),
        (COMMON_NAME, 0x1A, b"vi\x07sible", "not text"),
        (COMMON_NAME, 0x1B, b"general", "not text"),
        ("1.3.6.1.4.1.99999.1", 0x1A, b"Line 7", "not text"),
        (EMAIL, 0x16, "jürgen@example.com".encode(), "not a valid IA5String"),
        (EMAIL, 0x0C, "jürgen@example.com".encode(), "beyond ASCII"),
        (COMMON_NAME, 0x12, b"12a", "not a valid NumericString"),
        (COMMON_NAME, 0x13, "Gerät".encode(), "not a valid PrintableString"),
        (COMMON_NAME, 0x0C, b"\xff\xfe", "not a valid UTF8String"),
        (COMMON_NAME, 0x0C, b"\xed\xa0\x80", "not a valid UTF8String"),
        (COMMON_NAME, 0x1E, b"\x00a\x00", "whole characters"),
        (COMMON_NAME, 0x1E, b"\xd8\x00\x00a", "not a valid BMPString"),
        (COMMON_NAME, 0x1C, b"\x00\x00\x00a\x00", "whole characters"),
        (COMMON_NAME, 0x1C, b"\x00\x11\x00\x00", "not a valid UniversalString"),
        (COMMON_NAME, 0x0C, b"", "is empty"),
        (COMMON_NAME, 0x0C, b" ", "is empty"),
        (COMMON_NAME, 0x0C, b"a" * 65, "of 65 characters"),
        ("2.5.4.7", 0x0C, b"a" * 129, "of 129 characters"),
        (COMMON_NAME, 0x14, b"a\x85b", "control character"),
        (COUNTRY, 0x13, b"D", "two letters"),
        (COUNTRY, 0x13, b"D1", "two letters"),
        (COUNTRY, 0x13, b"DEU", "of 3 characters"),
        (COMMON_NAME, 0x0C, "a\u202eb".encode(), r"U+202E"),
        (COMMON_NAME, 0x0C, "a\u200db".encode(), r"U+200D"),
        (COMMON_NAME, 0x0C, "a\u3164b".encode(), r"U+3164"),
        (COMMON_NAME, 0x0C, "a\ufe0fb".encode(), r"U+FE0F"),
        (COMMON_NAME, 0x0C, "a\ue000b".encode(), r"U+E000"),
        (UNIQUE, 0x03, b"", "not a BIT STRING"),
        (UNIQUE, 0x03, b"\x09\x01", "not a BIT STRING"),
        (UNIQUE, 0x0C, b"a text", "not a BIT STRING"),
    ],
)
def test_what_verifiers_cannot_load_is_refused(oid, tag, contents, words):
    assert words in refusal(make_form(make_name((oid, tag, contents))))


@pytest.mark.parametrize(
    "contents", [b"", b"\xff\xff\xff", b"\x55\x04\x83", b"\x80\x01", b"\x88" * 40 + b"\x01", b"\xfe" * 3000]
)
def test_a_component_that_is_no_object_identifier(contents):
    pair = encode(SEQUENCE, encode(0x06, contents) + encode(0x0C, b"text"))
    assert "not an object identifier" in refusal(make_form(encode(SEQUENCE, encode(0x31, pair))))


def test_a_long_error_of_the_library_is_cut():
    names = encode(SEQUENCE, encode(0x87, b"x" * 20_000))  # an IP address
    extension = encode(SEQUENCE, bytes.fromhex("0603551d11") + encode(0x04, names))
    extensions = encode(SEQUENCE, bytes.fromhex("06092a864886f70d01090e") + encode(0x31, encode(SEQUENCE, extension)))
    assert len(refusal(make_form(attributes=encode(0xA0, extensions)))) < 500


@pytest.mark.parametrize(
    ("der", "words"),
    [
        (make_form() + b"\x00", "it has 1 byte"),
        (make_form() + b"\x05\x00", "it has 2 bytes"),
        (make_form()[:-1], "cut off"),
        (b"\x30\x80" + make_form()[3:] + b"\x00\x00", "not DER"),
        (b"\x30\x82\x00" + make_form()[2:], "not DER"),
        (b"\x30\x00", "does not consist"),
        (b"\x1f\x81\x00", "not one SEQUENCE"),
        (b"", "not one SEQUENCE"),
        (b"\x30", "cut off"),
        (make_form(version=b"\x01"), "version"),
        (make_form(unused_bits=1), "whole bytes"),
        (make_form(b"\x30\x02\x31\x00"), "empty"),
        (make_form(b"\x30\x02\x05\x00"), "not a name"),
        (make_form(b"\x31\x00"), "does not consist"),
        (make_form(key_info=b"\x30\x00"), "key"),
        (make_form(attributes=b"\xa1\x00"), "does not consist"),
        (make_form(attributes=b"\xa0\x02\x05\x00"), "its attributes"),
        (make_form(algorithm=b"\x30\x00"), "algorithm"),
        (make_form(make_name(*[(COMMON_NAME, 12, b"a")] * 65)), "64 parts"),
        (make_form(make_name(("2.5.4.41", 12, b"a" * 30_000), ("2.5.4.4", 12, b"a" * 30_000 + b"b" * 9_999))), "bytes"),
    ],
)
def test_what_is_no_csr(der, words):
    assert words in refusal(der)


def pss(hash_name: str) -> bytes:
    parameters = {
        "hash_algorithm": {"algorithm": hash_name},
        "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": {"algorithm": hash_name}},
        "salt_length": 20,
    }
    return SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters}).dump()


def algorithm(name: str) -> bytes:
    return SignedDigestAlgorithm({"algorithm": name}).dump()


def sign_rsa(digest: hashes.HashAlgorithm, scheme: padding.AsymmetricPadding | None = None):
    return lambda data: RSA_KEY.sign(data, scheme or padding.PKCS1v15(), digest)


def sign_sha1(data: bytes) -> bytes:
    return KEY.sign(data, ec.ECDSA(hashes.SHA1()))


SHA1_PSS = padding.PSS(padding.MGF1(hashes.SHA1()), 20)


class TestSignature:
    @pytest.mark.parametrize(
        ("der", "words"),
        [
            (
                make_form(algorithm=algorithm("sha1_ecdsa"), sign=lambda it: KEY.sign(it, ec.ECDSA(hashes.SHA1()))),
                "SHA-1",
            ),
            (make_form(key_info=RSA_INFO, algorithm=algorithm("sha1_rsa"), sign=sign_rsa(hashes.SHA1())), "SHA-1"),
            (make_form(key_info=RSA_INFO, algorithm=algorithm("md5_rsa"), sign=lambda _: bytes(256)), "MD5"),
            (make_form(key_info=RSA_INFO, algorithm=algorithm("md2_rsa"), sign=lambda _: bytes(256)), "MD2"),
            (make_form(key_info=RSA_INFO, algorithm=pss("sha1"), sign=sign_rsa(hashes.SHA1(), SHA1_PSS)), "SHA-1"),
            (make_form(key_info=RSA_INFO, algorithm=algorithm("rsassa_pss"), sign=lambda _: bytes(256)), "SHA-1"),
        ],
    )
    def test_weak_hashes_are_named(self, der, words):
        said = refusal(der)
        assert f"signed with {words}" in said
        assert "damaged or forged" not in said

    def test_dsa(self):
        key = dsa.generate_private_key(1024)
        info = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for name, digest, words in (("sha1_dsa", hashes.SHA1(), "SHA-1"), ("sha256_dsa", hashes.SHA256(), "DSA")):
            der = make_form(key_info=info, algorithm=algorithm(name), sign=lambda it, one=digest: key.sign(it, one))
            assert words in refusal(der)

    @pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
    def test_strong_ones_are_taken(self, name):
        digest = getattr(hashes, name.upper())()
        scheme = padding.PSS(padding.MGF1(digest), 20)
        for der in (
            make_form(algorithm=algorithm(f"{name}_ecdsa"), sign=lambda it: KEY.sign(it, ec.ECDSA(digest))),
            make_form(key_info=RSA_INFO, algorithm=algorithm(f"{name}_rsa"), sign=sign_rsa(digest)),
            make_form(key_info=RSA_INFO, algorithm=pss(name), sign=sign_rsa(digest, scheme)),
        ):
            assert CertificateRequest.parse(der).subject

    @pytest.mark.parametrize(
        "der",
        [
            make_form(sign=lambda _: bytes(70)),
            make_form(algorithm=algorithm("sha384_ecdsa")),
            make_form(key_info=RSA_INFO, algorithm=algorithm("sha256_rsa"), sign=lambda _: bytes(256)),
        ],
    )
    def test_others_are_not_of_the_key(self, der):
        assert "signature does not verify with the key" in refusal(der)

    @pytest.mark.parametrize(("name", "title"), [("sha256_rsa", "RSA"), ("ed25519", "Ed25519")])
    def test_an_algorithm_that_is_not_the_keys_is_named(self, name, title):
        said = refusal(make_form(algorithm=algorithm(name)))
        assert f"signed with {title}" in said
        assert "secp256r1" in said


def test_the_roots_own_name(root, tmp_path):
    create_intermediate(tmp_path / "factory", CaName("factory"), root)
    factory = CertificateAuthority.open(tmp_path / "factory")
    for tag, contents in ((0x0C, b"TEST  ROOT"), (0x13, b"test root"), (0x1E, "FACTORY".encode("utf-16-be"))):
        with pytest.raises(CertificateError, match="name of the CA"):
            factory.issue(make_form(make_name((COMMON_NAME, tag, contents))))


def test_several_components_in_one_part():
    one = make_name((COMMON_NAME, 12, b"device"))[4:]
    other = make_name((SERIAL_NUMBER, 19, b"0011"))[4:]
    both = bytes([0x31, len(one) + len(other)]) + one + other
    request = CertificateRequest.parse(make_form(bytes([0x30, len(both)]) + both))
    assert [len(list(part)) for part in request.subject.rdns] == [2]
    assert isinstance(request.subject, x509.Name)


class TestInfineonsTools:
    """CSRs of ``optiga_generate_csr``: mbed TLS writes NULL behind ECDSA, and seven bits of keyUsage."""

    WITH_NULL = encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2") + bytes.fromhex("0500"))

    @staticmethod
    def wanting(bits: str) -> bytes:
        """A request for a keyUsage."""
        usage = encode(SEQUENCE, encode_oid("2.5.29.15") + encode(0x04, encode(0x03, bytes.fromhex(bits))))
        kind = encode_oid("1.2.840.113549.1.9.14")
        return encode(0xA0, encode(SEQUENCE, kind + encode(0x31, encode(SEQUENCE, usage))))

    @pytest.mark.parametrize("bits", ["0180", "0780", "008000", "00a0", "0080"])
    def test_they_are_signed(self, root: CertificateAuthority, bits: str) -> None:
        der = make_form(attributes=self.wanting(bits), algorithm=self.WITH_NULL)
        issued = root.issue(der)
        assert issued.certificate.parsed.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
        assert load_key(parse_public_key(der, "f")) == KEY.public_key()

    @pytest.mark.parametrize("bits", ["", "0880", "0181"])
    def test_bits_that_are_none_are_refused(self, root: CertificateAuthority, bits: str) -> None:
        with pytest.raises(CertificateError, match="keyUsage"):
            root.issue(make_form(attributes=self.wanting(bits), algorithm=self.WITH_NULL))

    def test_other_parameters_are_refused(self, root: CertificateAuthority) -> None:
        number = encode(SEQUENCE, encode_oid("1.2.840.10045.4.3.2") + bytes.fromhex("020100"))
        with pytest.raises(CertificateError, match="algorithm"):
            root.issue(make_form(algorithm=number))
