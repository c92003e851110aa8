"""Keys that the chip makes for its host, from its true random numbers, and keeps nothing of."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from optiga.errors import ChipError, ConfigurationError, Reason
from optiga.pki.public_keys import load_key
from optiga.protocol.algorithms import AES_KEY_SIZES, ALGORITHM_NAMES, CURVES, KeyAlgorithm
from optiga.protocol.public_key import PublicKey
from optiga.suggestions import suggest

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    from optiga.chip import Chip
    from optiga.chip.commands.draw_key_pair import DrawnKeyPair


class DrawnKey(NamedTuple):
    """A key that is nowhere else.

    :param content: a private key as PEM (PKCS #8, not encrypted), an AES key as its bytes.
    :param public_key: PEM (SubjectPublicKeyInfo); empty for an AES key.
    """

    algorithm: KeyAlgorithm
    content: bytes
    public_key: str

    @property
    def text(self) -> str:
        """PEM, or hex for an AES key."""
        return self.content.decode("ascii") if self.public_key else self.content.hex()


def check_algorithm(text: str) -> KeyAlgorithm:
    """The algorithm of a name.

    :raises ConfigurationError: if there is no such algorithm.
    """
    found = KeyAlgorithm.find(text)
    if found is None:
        names = [known.title for known in KeyAlgorithm]
        raise ConfigurationError(
            f"{text!r} is not a key algorithm of the chip{suggest(text, names, ALGORITHM_NAMES)}",
            hint=f"Use one of {', '.join(names)}",
            reason=Reason.UNSUPPORTED,
        )
    return found


def draw_key(chip: Chip, chosen: KeyAlgorithm) -> DrawnKey:
    """Have the chip make a key for the host. One exchange.

    :raises ConfigurationError: if the chip's model has no such keys.
    :raises ChipError: if the chip refuses, or what it gives is no key pair.
    """
    from cryptography.hazmat.primitives import serialization

    if chosen in AES_KEY_SIZES:
        return DrawnKey(chosen, chip.crypto.draw_aes_key(AES_KEY_SIZES[chosen] * 8), "")
    pair = chip.crypto.draw_key_pair(chosen)
    try:
        key = _private_key(chosen, pair)
    except ValueError as error:
        raise ChipError(
            f"the chip's key pair is not valid: {error}", hint="Try again", port=chip.port, reason=Reason.BAD_ANSWER
        ) from None
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return DrawnKey(chosen, pem, public.decode("ascii"))


def _private_key(algorithm: KeyAlgorithm, pair: DrawnKeyPair) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    """The pair as a key of the cryptography library.

    :raises ValueError: if its two halves are not of one key.
    """
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    public = load_key(PublicKey.of_chip(algorithm, pair.public_key))
    number = int.from_bytes(pair.private_key, "big")
    if algorithm in CURVES and isinstance(public, ec.EllipticCurvePublicKey):
        private = ec.derive_private_key(number, public.curve)
        if private.public_key() != public:
            raise ValueError("the public key does not belong to the private key")
        return private
    if not isinstance(public, rsa.RSAPublicKey):
        raise ValueError(f"no {algorithm.title} key")  # noqa: TRY004 - a word of the chip, not of a caller
    numbers = public.public_numbers()
    p, q = rsa.rsa_recover_prime_factors(numbers.n, numbers.e, number)
    exponents = rsa.rsa_crt_dmp1(number, p), rsa.rsa_crt_dmq1(number, q)
    return rsa.RSAPrivateNumbers(p, q, number, *exponents, rsa.rsa_crt_iqmp(p, q), numbers).private_key()
