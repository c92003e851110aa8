"""What a CA refuses of a request because it can be broken: weak RSA keys, and signatures over weak hashes."""

from __future__ import annotations

from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

LEAST_EXPONENT = 65537
"""Smallest public exponent of an RSA key that is certified."""
_FERMAT_STEPS = 1000
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)
"""Primes modulo which the powers of 65537 are few enough to tell (CVE-2017-15361)."""
_WEAK_HASHES = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.3.14.3.2.29": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1",
}
"""By the signature algorithm's object identifier."""


def find_rsa_weakness(modulus: int, exponent: int) -> str:
    """Why an RSA key can be broken whatever its size, empty if nothing is known."""
    if exponent < LEAST_EXPONENT or exponent % 2 == 0:
        return f"its public exponent is {exponent}; {LEAST_EXPONENT} is usual, even ones are none"
    if modulus % 2 == 0:
        return "its modulus is even"
    if all(modulus % prime in _powers(prime) for prime in _ROCA_PRIMES):
        return "it was made by a library whose keys can be factored (ROCA, CVE-2017-15361)"
    root = isqrt(modulus)
    root += root * root < modulus
    for middle in range(root, root + _FERMAT_STEPS):
        rest = middle * middle - modulus
        if isqrt(rest) ** 2 == rest:
            return "its primes are so close that it can be factored"
    return ""


def find_weak_hash(request: x509.CertificateSigningRequest) -> str:
    """The hash that a request is signed with, if it can be forged: MD2, MD5 or SHA-1; else empty."""
    from cryptography.hazmat.primitives import hashes

    known = _WEAK_HASHES.get(request.signature_algorithm_oid.dotted_string)
    if known:
        return known
    algorithm = request.signature_hash_algorithm  # RSA-PSS has it among its parameters
    return {hashes.MD5.name: "MD5", hashes.SHA1.name: "SHA-1"}.get(algorithm.name, "") if algorithm else ""


def _powers(prime: int) -> set[int]:
    powers, power = set[int](), 1
    while power not in powers:
        powers.add(power)
        power = power * 65537 % prime
    return powers
