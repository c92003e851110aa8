"""A key on the chip that can sign."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from optiga.arguments import explains_arguments
from optiga.chip.commands.calc_sign import CalcSign
from optiga.chip.commands.gen_key_pair import GenKeyPair
from optiga.chip.key_fate import KeyFate
from optiga.chip.references import PublicKeySource, algorithm_of, key_oid_of, public_key_of
from optiga.chip.threads import one_at_a_time
from optiga.errors import ChipError, ConfigurationError, Reason, counted
from optiga.protocol import der
from optiga.protocol.algorithms import CURVES, HASH_SIZES, RSA_SCHEMES, KeyAlgorithm, public_key_info
from optiga.protocol.codes import KeyUsage, SignatureScheme
from optiga.protocol.commands.calc_sign import MIN_DIGEST
from optiga.protocol.objects import SLOTS, format_oid
from optiga.suggestions import suggest
from optiga.values import NotCopied

if TYPE_CHECKING:
    from optiga.chip.session import Session
    from optiga.protocol.objects import Reference


@explains_arguments
@one_at_a_time
class Key(NotCopied):
    """A private key on the chip. It never leaves the chip.

    :param public_key: the public key that the chip returned when it generated the pair, a BIT STRING in DER; None for
        an existing key, because the chip has no command that outputs it.
    """

    def __init__(self, chip: Session, oid: int, algorithm: KeyAlgorithm, public_key: bytes | None = None) -> None:
        self._chip = chip
        self.oid = oid
        self.algorithm = algorithm
        self.public_key = public_key

    def __repr__(self) -> str:
        return f"<Key {format_oid(self.oid)}, {self.algorithm.title}, of the chip at {self._chip.port!r}>"

    @property
    def public_key_info(self) -> bytes:
        """The public key as SubjectPublicKeyInfo in DER (RFC 5280, 4.1.2.7).

        :raises ConfigurationError: if the public key is unknown.
        """
        if self.public_key is None:
            raise ConfigurationError(
                f"the public key of {format_oid(self.oid)} is not known",
                hint="The chip outputs the public key only when it generates the key pair: use the certificate",
                reason=Reason.MISSING,
            )
        return public_key_info(self.algorithm, self.public_key)

    @property
    def default_hash(self) -> str:
        """Name of the digest that fits the key: the one with the size of the curve; sha256 for RSA."""
        return self.algorithm.hash_name

    def sign(self, data: bytes, hash_name: str | None = None) -> bytes:
        """Sign data. The host hashes the data, and the chip signs the digest. One exchange.

        :param hash_name: sha256, sha384 or sha512; by default the digest that fits the key. Of a digest that is longer
            than the order of the curve, ECDSA uses the leftmost bytes (FIPS 186-5, 6.4.1).
        :returns: for EC an ECDSA-Sig-Value in DER (a SEQUENCE of r and s), for RSA the PKCS #1 v1.5 signature.
        :raises ChipError: if the chip refuses.
        """
        name = check_hash(self.default_hash if hash_name is None else hash_name)
        return self.sign_digest(hashlib.new(name, data).digest(), name)

    def sign_digest(self, digest: bytes, hash_name: str | None = None) -> bytes:
        """Sign a digest; otherwise as :meth:`sign`.

        :param digest: for EC 10 bytes up to the size of the curve, or a longer digest of 48 or 64 bytes, of which ECDSA
            uses the leftmost bytes; for RSA exactly the size of the hash.
        :raises ConfigurationError: if the digest has another length; the chip is not asked then.
        """
        name = check_hash(self.default_hash if hash_name is None else hash_name)
        if self.algorithm.is_ec:
            digest = cut_digest(digest, self.algorithm)
            check_digest(digest, SignatureScheme.ECDSA, self.algorithm, oid=self.oid)
            raw = self._chip.execute(CalcSign(self.oid, digest, SignatureScheme.ECDSA))
            return der.encode(der.SEQUENCE, raw)
        scheme = self.algorithm.scheme(name)
        check_digest(digest, scheme, self.algorithm, oid=self.oid)
        return self._chip.perform(CalcSign(self.oid, digest, scheme))

    def decrypt(self, protected: bytes, *, session: int | None = None) -> bytes:
        """Decrypt with RSAES-PKCS1-v1.5; the result is empty if the message (at most 66 bytes) stays in a session. One
        exchange.

        :param protected: the encrypted data, as long as the key: 128 or 256 bytes.
        """
        from optiga.chip.key_uses import decryption

        return self._chip.perform(decryption(self.oid, self.algorithm, protected, session))

    def agree(self, peer: PublicKeySource, *, session: int | None = None) -> bytes:
        """Agree on a secret with a peer (ECDH); the result is empty if the secret stays in a session. One exchange.

        :param peer: the peer's public key: a value, a certificate, or SubjectPublicKeyInfo in DER or PEM.
        :returns: the x coordinate of the shared point, as long as a coordinate of the curve.
        :raises ConfigurationError: if the chip does not support the algorithm of the peer's key.
        """
        from optiga.chip.key_uses import agreement

        public_key = public_key_of(peer, "the peer's public key", self.oid)
        return self._chip.perform(agreement(self.oid, self.algorithm, public_key, session))


def find_key(chip: Session, slot: Reference, algorithm: KeyAlgorithm | str | None = None) -> Key:
    """Get an existing key on the chip.

    :param slot: name of a slot, OID of its key or certificate, or a session.
    :param algorithm: algorithm of the key, or its name, if known; otherwise one exchange reads the metadata of the key.
    :raises ConfigurationError: if a name is not that of an algorithm.
    :raises ChipError: if the object has no key yet.
    """
    oid = key_oid_of(slot)
    if algorithm is not None:
        algorithm = algorithm_of(algorithm)
    else:
        from optiga.chip.commands.get_data_object import GetMetadata

        algorithm = chip.execute(GetMetadata(oid)).algorithm
        if algorithm is None:
            raise ChipError(
                f"{format_oid(oid)} has no key yet",
                hint=f"Generate a key first: 'python -m optiga key generate {_name_of(oid)}'",
                port=chip.port,
                oid=oid,
                reason=Reason.NOT_FOUND,
            )
    return Key(chip, oid, algorithm)


def _name_of(oid: int) -> str:
    """The name of a key's slot, else its OID."""
    return next((slot.name for slot in SLOTS if slot.key_oid == oid), format_oid(oid))


def generate_key(
    chip: Session,
    slot: Reference,
    algorithm: KeyAlgorithm | str | None = None,
    usage: KeyUsage | None = None,
) -> Key:
    """Generate a key pair on the chip. The old key in the slot is lost. One exchange.

    :param slot: name of a slot, OID of its key or certificate, or a session.
    :param algorithm: name as in a configuration, for example ``secp384r1`` or ``rsa2048``; None for
        ``secp256r1``, in the slots five and six ``rsa2048``.
    :param usage: key usage; by default authentication and key agreement, for RSA also encryption.
    :raises ConfigurationError: if slot or algorithm is unknown, or the chip cannot use the key for this usage; the chip
        is not asked then.
    :raises ChipError: if the chip refuses.
    :raises OptigaError: if the connection fails; the error says that the slot may have a new key.
    """
    oid = key_oid_of(slot)
    chosen = _usual_algorithm(oid) if algorithm is None else algorithm_of(algorithm)
    if usage is None:
        usage = KeyUsage.AUTHENTICATION | KeyUsage.KEY_AGREEMENT
        if chosen.is_rsa:
            usage |= KeyUsage.ENCRYPTION
    check_usage(oid, chosen, usage)
    with KeyFate(oid) as fate:
        fate.asked()
        public_key = chip.perform(GenKeyPair(oid, chosen, usage))
    return Key(chip, oid, chosen, public_key)


def _usual_algorithm(oid: int) -> KeyAlgorithm:
    """The algorithm of a new key of which none is named."""
    is_rsa = any(slot.key_oid == oid and slot.certificate_oid is None for slot in SLOTS)
    return KeyAlgorithm.RSA2048 if is_rsa else KeyAlgorithm.SECP256R1


def check_hash(name: str) -> str:
    """The name of a hash.

    :raises ConfigurationError: if the chip has none of it.
    """
    if name not in HASH_SIZES:
        raise ConfigurationError(
            f"{name!r} is not a digest that the chip supports{suggest(name, HASH_SIZES, {})}",
            hint=f"Use one of {', '.join(HASH_SIZES)}",
            reason=Reason.UNSUPPORTED,
        )
    return name


def cut_digest(digest: bytes, algorithm: KeyAlgorithm) -> bytes:
    """What ECDSA takes of a digest: its leftmost bytes, as many as the curve's order has (FIPS 186-5, 6.4.1).

    What is no digest of a hash stays as it is, and so does what RSA signs.
    """
    if algorithm.is_ec and len(digest) in HASH_SIZES.values():
        return digest[: CURVES[algorithm].coordinate_size]
    return digest


def check_digest(
    digest: bytes,
    scheme: SignatureScheme,
    algorithm: KeyAlgorithm | None,
    *,
    oid: int | None = None,
    least: int = MIN_DIGEST,
) -> None:
    """Refuse a digest whose length a key does not take: the chip's code for that has other causes, too.

    :param algorithm: the key's; None if it is not known.
    :param oid: the key's object, for the error.
    :param least: fewest bytes for ECDSA.
    :raises ConfigurationError: if the length is wrong, or keys of the algorithm do not sign so.
    :raises TypeError: if the digest is no bytes.
    """
    if algorithm is not None and algorithm.is_ec is not (scheme is SignatureScheme.ECDSA):
        raise ConfigurationError(
            f"a key of type {algorithm.title} does not sign with {scheme.name}",
            oid=oid,
            parameter="scheme",
            reason=Reason.MISMATCH,
        )
    size = memoryview(digest).nbytes
    name = next((name for name, known in RSA_SCHEMES.items() if known is scheme), None)
    if name is not None:
        least = most = HASH_SIZES[name]
        wanted = f"{name} has {most}"
    else:
        most = CURVES[algorithm].coordinate_size if algorithm in CURVES else max(HASH_SIZES.values())
        wanted = f"{algorithm.title if algorithm in CURVES else 'EC'} keys take {least} to {most}"
    if not least <= size <= most:
        raise ConfigurationError(
            f"the digest has {counted(size, 'byte')}, but {wanted}",
            hint="Give the digest of the data, with a hash that fits the key",
            oid=oid,
            parameter="digest",
            reason=Reason.TOO_LARGE if size > most else Reason.BAD_VALUE,
        )


def check_usage(oid: int, algorithm: KeyAlgorithm, usage: KeyUsage) -> None:
    """Refuse a new key that the chip would put over the one before it, and then refuse every use of.

    :raises ConfigurationError: if the algorithm has none of the usages.
    """
    if not usage & algorithm.usages:
        words = ", ".join(KeyUsage(usage).words) or "nothing"
        raise ConfigurationError(
            f"the chip cannot use {algorithm.title} keys for {words}",
            hint=f"Use {', '.join(algorithm.usages.words)}",
            oid=oid,
            reason=Reason.UNSUPPORTED,
        )
