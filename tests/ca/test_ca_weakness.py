"""What a CA refuses because it can be broken."""

from __future__ import annotations

import secrets
from hashlib import sha256
from math import gcd, isqrt, prod
from pathlib import Path

import pytest
from asn1crypto import core, csr, keys
from asn1crypto.algos import SignedDigestAlgorithm
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

import optiga
from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.strength import find_rsa_weakness
from optiga.errors import CertificateError
from tests.support.ca_helpers import make_request
from tests.support.csr_forms import make_form
from tests.support.sampling import sampled

KEY = ec.generate_private_key(ec.SECP256R1())
PLACE = "PLACE-OF-A-VALUE"
PRIMES_BELOW_2000 = [n for n in range(2, 2000) if all(n % d for d in range(2, isqrt(n) + 1))]
PRIMES_BELOW_500 = [prime for prime in PRIMES_BELOW_2000 if prime < 500]
PRIMES = [prime for prime in PRIMES_BELOW_2000 if prime <= 167]


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
    primorial = prod(PRIMES)
    halves = [secrets.randbits(800) * primorial + pow(65537, secrets.randbits(60) + 1, primorial) for _ in "pq"]
    assert "ROCA" in find_rsa_weakness(halves[0] * halves[1], 65537)
    close = secrets.randbits(1024) | 1 << 1023 | 1
    assert "close" in find_rsa_weakness(close * (close + 1000), 65537)
    good = rsa.generate_private_key(65537, 2048).public_key().public_numbers().n
    assert "exponent" in find_rsa_weakness(good, 3)
    assert "exponent" in find_rsa_weakness(good, 65538)
    assert find_rsa_weakness(good, 65537) == ""


def is_fingerprint(modulus: int) -> bool:
    """Whether a modulus is one of ROCA's: modulo each small prime a power of 65537 (M. Nemec and others, "The Return
    of Coppersmith's Attack", 2017, 2.2). The published detector looks at all primes from 3 to 167."""
    return all(any(pow(65537, power, prime) == modulus % prime for power in range(prime)) for prime in PRIMES[1:])


ROCA_PRIMES = {
    (1024, 126): ((0x19E685B0632E2A, 670710891738), (0x1FBF6D8B5E0881, 694013043631)),
    (2048, 225): ((0x33882D516879A77BACD7FD, 726939282634), (0x346F6A933E5085C0D57489, 546820768130)),
}
"""``k`` and ``a`` of primes as that library made them: ``k * M + 65537 ** a mod M``, where M is the product of the
first primes. By the bits of the prime, and how many primes M has."""


@pytest.mark.long
@pytest.mark.parametrize(("bits", "count"), sampled((pytest.param(*one) for one in ROCA_PRIMES), keep=2))
def test_keys_of_roca_are_refused(root, bits, count):
    product = prod(PRIMES_BELOW_2000[:count])
    p, q = (k * product + pow(65537, a, product) for k, a in ROCA_PRIMES[bits, count])
    d, public = pow(65537, -1, (p - 1) * (q - 1)), rsa.RSAPublicNumbers(65537, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), rsa.rsa_crt_iqmp(p, q), public)
    assert is_fingerprint(p * q)
    with pytest.raises(CertificateError, match="ROCA"):
        root.issue(make_request(key=numbers.private_key()))


def test_every_prime_that_tells_is_looked_at():
    """A single prime modulo which the modulus is no power of 65537 lets it go, and no prime else."""
    product = prod(PRIMES)
    base = pow(65537, 12345, product)
    for prime in PRIMES[1:]:
        powers = {pow(65537, power, prime) for power in range(prime)}
        for residue in (max(powers), min(set(range(1, prime)) - powers, default=1)):
            shift = (residue - base) * pow(product // prime, -1, prime) % prime
            modulus = base + shift * (product // prime)
            modulus += product * (4 + modulus % 2)  # odd, and larger than all primes together
            assert modulus % prime == residue
            assert ("ROCA" in find_rsa_weakness(modulus, 65537)) == is_fingerprint(modulus) == (residue in powers)


@pytest.mark.parametrize("bits", [8200, 16_384, 400_000])
def test_a_key_beyond_all_use_is_refused_before_it_is_looked_at(root, bits):
    """Its checks would take minutes; no certificate of such a key fits into a chip."""
    numbers = {"modulus": secrets.randbits(bits) | 1 << bits - 1 | 1, "public_exponent": 65537}
    info = keys.PublicKeyInfo({"algorithm": {"algorithm": "rsa"}, "public_key": keys.RSAPublicKey(numbers)})
    with pytest.raises(CertificateError, match="8192"):
        root.issue(make_form(key_info=info.dump()))


def test_a_small_exponent_is_refused(root):
    with pytest.raises(CertificateError, match="too weak"):
        root.issue(make_request(key=rsa.generate_private_key(3, 2048)))


def test_the_cas_own_name_in_another_form(root):
    values = ((NameOID.ORGANIZATION_NAME, "example  gmbh"), (NameOID.COMMON_NAME, "TEST ROOT "))
    with pytest.raises(CertificateError, match="name of the CA"):
        root.issue(make_request(subject=x509.Name([x509.NameAttribute(oid, value) for oid, value in values])))


@pytest.mark.parametrize("hidden", ["\u202e", "\u200b", "\u2066", "\ufeff"])
def test_invisible_characters(root, hidden):
    with pytest.raises(CertificateError, match=f"{ord(hidden):04X}"):
        root.issue(make_request(name=f"dev{hidden}ice"))


BIG = (1 << 2203) - 1
"""A prime (Mersenne's)."""


def next_prime(number: int) -> int:
    """The next prime, or the number itself."""
    number |= 1
    small = prod(PRIMES_BELOW_2000[1:])
    while gcd(number, small) not in (1, number) or any(pow(base, number - 1, number) != 1 for base in (2, 3, 5)):
        number += 2
    return number


def signed_with(*factors: int, exponent: int = 65537) -> bytes:
    """A CSR of an RSA key, rightly signed as long as no factor stands there twice."""
    modulus, order = prod(factors), prod(factor - 1 for factor in factors)
    private, size = pow(exponent, -1, order), (modulus.bit_length() + 7) // 8
    public = keys.RSAPublicKey({"modulus": modulus, "public_exponent": exponent})
    info = keys.PublicKeyInfo({"algorithm": {"algorithm": "rsa"}, "public_key": public})

    def sign(data: bytes) -> bytes:
        digest = bytes.fromhex("3031300d060960864801650304020105000420") + sha256(data).digest()
        padded = b"\x00\x01" + b"\xff" * (size - 3 - len(digest)) + b"\x00" + digest
        return pow(int.from_bytes(padded, "big"), private, modulus).to_bytes(size, "big")

    algorithm = SignedDigestAlgorithm({"algorithm": "sha256_rsa"}).dump()
    return make_form(key_info=info.dump(), algorithm=algorithm, sign=sign)


@pytest.fixture(scope="module")
def halves():
    """The primes of a key, of 1024 bits each."""
    numbers = rsa.generate_private_key(65537, 2048).private_numbers()
    return numbers.p, numbers.q


@pytest.fixture
def half(halves):
    return halves[0]


class TestFactors:
    """Keys that the size says nothing about: the signature is right in each."""

    def refused(self, root, *factors: int) -> str:
        with pytest.raises(CertificateError, match="too weak") as caught:
            root.issue(signed_with(*factors))
        return str(caught.value)

    def test_two_primes_are_taken(self, root, halves):
        assert root.issue(signed_with(*halves)).serial

    def test_a_prime(self, root):
        assert "is a prime" in self.refused(root, BIG)

    @pytest.mark.parametrize("small", [3, 257, 65521])
    def test_a_small_factor(self, root, small):
        assert "small factor" in self.refused(root, small, BIG)

    @pytest.mark.long
    def test_a_power(self):
        for degree, bits in ((2, 1279), (3, 1279), (5, 607), (7, 521)):  # Mersenne's primes
            words = "close" if degree == 2 else "power"
            assert words in find_rsa_weakness(((1 << bits) - 1) ** degree, 65537)

    @pytest.mark.parametrize(("u", "v"), sampled(map(pytest.param, [1, 2, 3], [2, 3, 7]), keep=1))
    def test_primes_in_a_simple_ratio(self, root, half, u, v):
        assert "ratio" in self.refused(root, half, next_prime(half * v // u + 1))

    def test_a_smooth_neighbour(self, half):
        """Pollard's p - 1."""
        factor = 4
        while any(pow(base, factor - 1, factor) != 1 for base in (2, 3)):
            factor = 2 * prod(secrets.SystemRandom().sample(PRIMES_BELOW_500[1:], 30)) + 1
        assert "can be factored" in find_rsa_weakness(half * factor, 65537)

    @pytest.mark.parametrize("bits", [65, 256, 2000])
    def test_a_long_exponent(self, root, halves, bits):
        """Those are called weak, and their signature is not called forged."""
        exponent = 1 << bits - 1 | 1
        while gcd(exponent, prod(one - 1 for one in halves)) != 1:
            exponent += 2
        with pytest.raises(CertificateError, match=rf"too weak.*{exponent.bit_length()} bits"):
            root.issue(signed_with(*halves, exponent=exponent))

    def test_an_exponent_of_one(self, root, halves):
        with pytest.raises(CertificateError, match=r"too weak.*exponent"):
            root.issue(signed_with(*halves, exponent=1))


@pytest.mark.parametrize(
    "text",
    ["\u2800", "\u2800 \u2800", "\u00a0", "\u3000\u2003", "a" + "\u0301" * 5, "\u0301", "\u0301a", "\u20dd", "\u3164"],
)
def test_texts_that_nobody_can_read(root, text):
    with pytest.raises(CertificateError, match="subject is not one"):
        root.issue(make_request(name=text))


@pytest.mark.parametrize(
    "text", ["Ge\u0308ra\u0308t", "\u5de5\u5834", "a\u0301\u0302\u0303b", "Trust\u00a0M", "é" * 64]
)
def test_texts_in_other_scripts_are_taken(root, text, recwarn):
    assert root.issue(make_request(subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text, _validate=False)])))
    package = Path(optiga.__file__).parent
    assert not [one for one in recwarn if Path(one.filename).is_relative_to(package)]
