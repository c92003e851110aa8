"""What a chip calculates for its host: keys and random bytes, hashes, ciphers, MACs, secrets.

SRM, "Sequence Diagrams utilizing cryptographic toolbox functionality". Sessions are the objects 0xE100 to 0xE103: what
is in one never leaves the chip, and is lost when its application ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from optiga.arguments import explains_arguments
from optiga.chip.abilities import require_stored_random
from optiga.chip.commands.calc_hash import CalcHash, continuation, whole
from optiga.chip.commands.decrypt_sym import ClearAuthorization, VerifyHmac, decrypt_in_parts
from optiga.chip.commands.derive_key import DeriveKey
from optiga.chip.commands.draw_key_pair import DrawKeyPair
from optiga.chip.commands.encrypt_asym import EncryptAsym
from optiga.chip.commands.encrypt_sym import encrypt_in_parts
from optiga.chip.commands.gen_sym_key import GenSymKey
from optiga.chip.commands.get_data_object import GetMetadata
from optiga.chip.commands.get_random import DrawPreMasterSecret, GetRandom
from optiga.chip.commands.verify_sign import VerifySign
from optiga.chip.key import check_digest, check_hash, check_usage, cut_digest, find_key, generate_key
from optiga.chip.key_fate import KeyFate
from optiga.chip.limits import (
    MAX_SECRET,
    check_derivation,
    check_filled,
    check_length,
    check_message_for_rsa,
    check_random,
    check_session,
    check_stored_random,
)
from optiga.chip.references import algorithm_of, oid_of, public_key_of
from optiga.chip.sessions.running_hash import RunningHash
from optiga.chip.threads import one_at_a_time
from optiga.errors import ChipError, ConfigurationError, Reason
from optiga.files.activity import each
from optiga.protocol import objects
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import CommandCode, ErrorCode, KeyUsage, ObjectType, SignatureScheme
from optiga.protocol.commands.calc_hash import HashStep
from optiga.protocol.commands.derive_key import PRFS, KeyDerivation
from optiga.protocol.commands.get_random import RANDOM_SIZES
from optiga.protocol.ecdsa import chip_form
from optiga.protocol.metadata import Tag
from optiga.protocol.symmetric import BLOCK_SIZE, CIPHERS, MAC_SIZES, SymmetricMode
from optiga.values import NotCopied

if TYPE_CHECKING:
    from optiga.chip.commands.calc_hash import ObjectPart
    from optiga.chip.commands.draw_key_pair import DrawnKeyPair
    from optiga.chip.key import Key
    from optiga.chip.references import PublicKeySource
    from optiga.chip.session import Session
    from optiga.protocol.objects import Reference
    from optiga.protocol.public_key import PublicKey

_PEM = "-----BEGIN"
_DELIBERATE = (
    ErrorCode.INVALID_LENGTH,
    ErrorCode.INVALID_DATA,
    ErrorCode.UNSUPPORTED_PARAMETERS,
    ErrorCode.AUTHORIZATION_FAILURE,
)
"""How a chip may refuse a verification without a value: the manual names no code for it."""


@explains_arguments
@one_at_a_time
class Crypto(NotCopied):
    """The cryptographic functions of an open chip. Every method raises ChipError, with the code, if the chip refuses.

    Name objects as in :class:`~optiga.chip.sessions.objects.Objects`.
    """

    def __init__(self, chip: Session) -> None:
        self._chip = chip

    def __repr__(self) -> str:
        return f"<Crypto of the chip at {self._chip.port!r}>"

    # Keys and random bytes

    def generate_key(
        self, slot: Reference, algorithm: KeyAlgorithm | str | None = None, usage: KeyUsage | None = None
    ) -> Key:
        """Generate a key pair on the chip, as :func:`optiga.chip.key.generate_key`. The old key in the slot is lost."""
        return generate_key(self._chip, slot, algorithm, usage)

    def key(self, slot: Reference, algorithm: KeyAlgorithm | str | None = None) -> Key:
        """An existing key on the chip, as :func:`optiga.chip.key.find_key`."""
        return find_key(self._chip, slot, algorithm)

    def random(
        self, size: int, *, deterministic: bool = False, session: int | None = None, prepended: bytes = b""
    ) -> bytes:
        """Get 8 to 256 random bytes from the chip's true random number generator. One exchange: for more bytes, call
        it again.

        :param deterministic: use the deterministic generator instead.
        :param session: session that stores ``prepended`` and the random bytes, at most 66 bytes together.
        :raises ConfigurationError: if the chip's model does not store random bytes in sessions.
        """
        check_random(size, session, prepended)
        if session is not None:
            require_stored_random(self._chip, session)
        return self._chip.execute(GetRandom(size, deterministic, session, prepended))

    # Hashes

    def sha256(self, *parts: bytes | ObjectPart) -> bytes:
        """Calculate the SHA-256 of a message of any length (32 bytes). One exchange per 1550 bytes or per object
        part.
        """
        return [self._chip.perform(command) for command in each("Hashing", whole(parts))][-1]

    def begin_hash(self) -> bytes:
        """Start a hash and return its context. Several contexts can be used in turns."""
        return self._chip.perform(CalcHash(b"", HashStep.START, export=True))

    def continue_hash(self, context: bytes, *parts: bytes | ObjectPart) -> bytes:
        """Hash more data and return the new context."""
        check_filled(context, "context", "the context")
        return [self._chip.perform(command) for command in each("Hashing", continuation(context, parts))][-1]

    def run_hash(self) -> RunningHash:
        """Calculate a hash in the chip's own memory, without transferring the context. A context manager."""
        return RunningHash(self._chip)

    def finish_hash(self, context: bytes) -> bytes:
        """Finish a hash and return the digest (32 bytes). The context can still be used."""
        check_filled(context, "context", "the context")
        return self._chip.perform(CalcHash(b"", HashStep.FINAL, context))

    # AES and HMAC

    def generate_aes_key(self, bits: int, usage: KeyUsage = KeyUsage.ENCRYPTION) -> None:
        """Generate an AES key of 128, 192 or 256 bits in 0xE200. The old key is lost. One exchange."""
        check_usage(objects.SYMMETRIC_KEY, _aes(bits), usage)
        with KeyFate(objects.SYMMETRIC_KEY) as fate:
            fate.asked()
            self._chip.perform(GenSymKey(_aes(bits), objects.SYMMETRIC_KEY, usage))

    def draw_aes_key(self, bits: int) -> bytes:
        """Generate a random AES key for the host (16, 24 or 32 bytes). The chip does not keep the key. One exchange."""
        return self._chip.perform(GenSymKey(_aes(bits), None))

    def encrypt_aes(self, message: bytes, mode: SymmetricMode = SymmetricMode.CBC, iv: bytes = b"") -> bytes:
        """Encrypt whole blocks of 16 bytes with the key in 0xE200. About one exchange per 600 bytes.

        :param mode: ECB or CBC.
        :param iv: initialization vector for CBC, 16 bytes. It must be another one for each message.
        :raises ConfigurationError: if message or vector do not fit the mode, or CBC has no vector; nothing is sent
            then.
        """
        if mode not in CIPHERS:
            raise ConfigurationError(
                f"{mode.name.replace('_', '-')} makes MACs and does not encrypt", reason=Reason.UNSUPPORTED
            )
        _require_iv(mode, iv, "To make one for a new message, use 'chip.random(16)'")
        parts = encrypt_in_parts(objects.SYMMETRIC_KEY, mode, message, iv)
        return b"".join(map(self._chip.perform, each("Encrypting", parts)))

    def decrypt_aes(self, protected: bytes, mode: SymmetricMode = SymmetricMode.CBC, iv: bytes = b"") -> bytes:
        """Decrypt what :meth:`encrypt_aes` has encrypted, with the same vector. Padding is not removed."""
        _require_iv(mode, iv, "Give the one that the message was encrypted with")
        parts = decrypt_in_parts(objects.SYMMETRIC_KEY, mode, protected, iv)
        return b"".join(map(self._chip.perform, each("Decrypting", parts)))

    def mac(
        self, message: bytes, mode: SymmetricMode = SymmetricMode.CMAC, oid: Reference = objects.SYMMETRIC_KEY
    ) -> bytes:
        """Calculate the MAC of a message: 16 bytes for CMAC and CBC-MAC, 32, 48 or 64 bytes for HMAC.

        :param oid: the AES key; for HMAC a session with a shared secret, or a data object of the type pre-shared
            secret.
        """
        parts = encrypt_in_parts(oid_of(oid), mode, message)
        return b"".join(map(self._chip.perform, each("Calculating the MAC", parts)))

    def hmac(self, oid: Reference, message: bytes, hash_name: str = "sha256") -> bytes:
        """Calculate the HMAC of a message with a secret of the chip; as long as the hash."""
        return self.mac(message, _hmac(hash_name), oid)

    def authorize(self, oid: Reference, secret: bytes, *, session: int = 0xE100, hash_name: str = "sha256") -> None:
        """Prove to the chip that the host has the secret of an object. Then the access condition Auto(oid) is met.

        The chip generates a random challenge in a session, and the host answers with an HMAC over it. Two exchanges.

        :param oid: data object of the type authorization reference.
        :param secret: the secret in this object, in bytes.
        """
        import hmac

        oid, mode = oid_of(oid), _hmac(hash_name)
        check_session(session)
        check_filled(secret, "secret", "the secret")
        self._chip.require(CommandCode.DECRYPT_SYM, mode)
        challenge = self.random(32, session=session)
        self._chip.perform(VerifyHmac(oid, mode, session, challenge, hmac.digest(secret, challenge, hash_name)))

    def verify_hmac(
        self,
        oid: Reference,
        session: int,
        challenge: bytes,
        mac: bytes,
        *,
        arbitrary: bytes = b"",
        hash_name: str = "sha256",
    ) -> None:
        """Like :meth:`authorize`, with an HMAC from another party that has the secret. One exchange.

        :param challenge: content of the session: optional data, followed by the random bytes.
        :param mac: the HMAC over ``challenge`` and ``arbitrary``.
        """
        mode = _hmac(hash_name)
        check_session(session)
        check_length(challenge, range(RANDOM_SIZES[0], MAX_SECRET + 1), "challenge", "the challenge")
        check_length(mac, range(MAC_SIZES[mode], MAC_SIZES[mode] + 1), "mac", "the HMAC")
        self._chip.perform(VerifyHmac(oid_of(oid), mode, session, challenge, mac, arbitrary))

    def clear_authorization(self, oid: Reference, *, session: int = 0xE100) -> None:
        """Clear the state Auto(oid). The random in the session is used up. Three exchanges.

        :raises ConfigurationError: if the object is not an authorization reference.
        """
        oid = oid_of(oid)
        check_session(session)
        # The chip may refuse before it looks at the object, and its refusal is no failure here.
        if self._chip.execute(GetMetadata(oid)).get(Tag.TYPE) != bytes([ObjectType.AUTHORIZATION_REFERENCE]):
            raise ConfigurationError(
                f"{objects.format_oid(oid)} is not an authorization reference", oid=oid, reason=Reason.WRONG_TYPE
            )
        try:
            self._chip.perform(ClearAuthorization(oid, session))
        except ChipError as error:  # the chip clears the state by refusing
            if error.code not in _DELIBERATE:
                raise

    # Key pairs and signatures of others

    def draw_key_pair(self, algorithm: KeyAlgorithm | str) -> DrawnKeyPair:
        """Generate a key pair for the host, by an algorithm or its name. The chip does not keep it. One exchange."""
        return self._chip.perform(DrawKeyPair(algorithm_of(algorithm)))

    def verify_digest(
        self, digest: bytes, signature: bytes, key: PublicKeySource | Reference, scheme: SignatureScheme
    ) -> None:
        """Verify a signature over a digest. One exchange.

        :param digest: for ECDSA at most the size of the curve. Of a longer digest, the leftmost bytes are used if the
            public key is given. If the key is in an object's certificate, give only these bytes.
        :param signature: as :meth:`~optiga.chip.Key.sign` returns it. For ECDSA also two INTEGERs in DER without the
            SEQUENCE, as in the chip's manual.
        :param key: a public key (a value, a certificate, a generated key, or SubjectPublicKeyInfo in DER or PEM), or
            the object with its certificate in plain DER.
        :raises ConfigurationError: if the digest has another length than the key takes; the chip is not asked then.
        :raises ChipError: if the signature is not valid, with the code of a signature verification failure.
        """
        given = _given(key)
        algorithm, oid = (None, given) if isinstance(given, int) else (given.algorithm, None)
        if algorithm is not None:
            digest = cut_digest(digest, algorithm)
        check_digest(digest, scheme, algorithm, oid=oid, least=1)
        form = chip_form(signature) if scheme is SignatureScheme.ECDSA else signature
        self._chip.perform(VerifySign(digest, form, given, scheme))

    # Secrets

    def draw_pre_master_secret(self, session: int, size: int = 46, prepended: bytes = b"\x03\x03") -> None:
        """Generate a secret of at most 66 bytes, including ``prepended``, in a session. One exchange."""
        check_stored_random(size, session, prepended)
        self._chip.perform(DrawPreMasterSecret(session, size, prepended))

    def encrypt_rsa(self, message: bytes | int, key: PublicKeySource | Reference) -> bytes:
        """Encrypt with RSAES-PKCS1-v1.5; returns 128 or 256 bytes. One exchange.

        :param message: the message, or the session with the pre-master secret to encrypt.
        :param key: a public key, or the object with its certificate, as :meth:`verify_digest` takes it.
        """
        given = _given(key)
        check_message_for_rsa(message, given)
        return self._chip.perform(EncryptAsym(message, given))

    def derive(
        self,
        oid: Reference,
        method: KeyDerivation,
        size: int,
        *,
        salt: bytes = b"",
        info: bytes = b"",
        session: int | None = None,
    ) -> bytes:
        """Derive a key from the secret in a session or object; the result is empty if the key stays in a session. One
        exchange.

        :param size: size of the key: 16 to 256 bytes, in a session 16 to 66.
        """
        check_derivation(size, session, salt, info, is_prf=method in PRFS)
        return self._chip.perform(DeriveKey(oid_of(oid), method, size, salt, info, session))

    def tls_prf(
        self,
        oid: Reference,
        label: bytes,
        seed: bytes,
        size: int,
        *,
        hash_name: str = "sha256",
        session: int | None = None,
    ) -> bytes:
        """Derive a key with the TLS 1.2 PRF (RFC 5246, 5). Label and seed together have 8 to 1024 bytes. One
        exchange.
        """
        method = KeyDerivation[f"TLS_PRF_{check_hash(hash_name).upper()}"]
        return self.derive(oid, method, size, salt=label + seed, session=session)

    def hkdf(
        self,
        oid: Reference,
        size: int,
        *,
        salt: bytes = b"",
        info: bytes = b"",
        hash_name: str = "sha256",
        session: int | None = None,
    ) -> bytes:
        """Derive a key with HKDF (RFC 5869). One exchange."""
        method = KeyDerivation[f"HKDF_{check_hash(hash_name).upper()}"]
        return self.derive(oid, method, size, salt=salt, info=info, session=session)


def _given(key: PublicKeySource | Reference) -> PublicKey | int:
    """A public key, or the object of its certificate."""
    if isinstance(key, objects.ObjectRef | objects.Slot | int) or (isinstance(key, str) and not key.startswith(_PEM)):
        return oid_of(key)
    try:
        return public_key_of(key, "the key")
    except TypeError as error:
        raise TypeError(f"{error}. An object must be a number, a text, a slot or a reference") from None


def _hmac(hash_name: str) -> SymmetricMode:
    return SymmetricMode[f"HMAC_{check_hash(hash_name).upper()}"]


def _require_iv(mode: SymmetricMode, iv: bytes, hint: str) -> None:
    """Refuse CBC without an initialization vector: the chip would take zeros.

    :raises ConfigurationError: if there is none.
    """
    if mode is SymmetricMode.CBC and not iv:
        raise ConfigurationError(
            f"CBC needs an initialization vector of {BLOCK_SIZE} bytes, but there is none",
            hint=hint,
            parameter="iv",
            reason=Reason.MISSING,
        )


def _aes(bits: int) -> KeyAlgorithm:
    try:
        return KeyAlgorithm[f"AES{bits}"]
    except KeyError:
        raise ConfigurationError(f"an AES key cannot have {bits} bits", hint="Use 128, 192 or 256 bits") from None
