"""How a CSR is signed: with what algorithm, whether that can be forged, and whether the signature is of the key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optiga.pki.public_keys import load_key

if TYPE_CHECKING:
    from optiga.protocol.public_key import PublicKey

_WEAK = {
    "1.2.840.113549.1.1.2": "MD2",
    "1.2.840.113549.1.1.3": "MD4",
    "1.2.840.113549.1.1.4": "MD5",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.3.14.3.2.3": "MD5",
    "1.3.14.3.2.27": "SHA-1",
    "1.3.14.3.2.29": "SHA-1",
    "1.3.36.3.3.1.2": "RIPEMD-160",
    "1.2.840.10045.4.1": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1",
}
"""Hashes that can be forged, by the signature algorithm's object identifier."""
_WEAK_OF_PSS = {"sha1": "SHA-1", "md5": "MD5", "md2": "MD2"}
_HASHES = {f"{kind}{size}": f"{kind.upper()}{size}" for kind in ("sha", "sha3_") for size in (224, 256, 384, 512)}
"""Classes in cryptography by asn1crypto's names."""
_KINDS_WITHOUT_HASH = ("ed25519", "ed448")
_KINDS = ("ecdsa", "rsassa_pkcs1v15", "dsa", *_KINDS_WITHOUT_HASH)
"""Kinds of algorithms, by asn1crypto's names, of which it can be said whether they are those of a key."""
_TITLES_OF_KINDS = {
    "ecdsa": "ECDSA",
    "rsassa_pkcs1v15": "RSA",
    "rsassa_pss": "RSA-PSS",
    "dsa": "DSA",
    "ed25519": "Ed25519",
    "ed448": "Ed448",
}
_NIST = "2.16.840.1.101.3.4.3."
_NIST_TITLES = {
    **{number: f"ECDSA and SHA3-{size}" for number, size in zip(range(9, 13), (224, 256, 384, 512), strict=True)},
    **{number: f"RSA and SHA3-{size}" for number, size in zip(range(13, 17), (224, 256, 384, 512), strict=True)},
}
"""Algorithms of NIST that asn1crypto does not know, by the last part of their object identifier."""


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """An algorithm of signatures.

    :param kind: ecdsa, rsassa_pkcs1v15, rsassa_pss; empty for one that is not known.
    :param hash_name: asn1crypto's name of the hash; empty if it is not known.
    :param weak_hash: title of the hash if it can be forged, else empty.
    :param salt_size: of RSA-PSS, in bytes.
    :param mask_hash_name: of RSA-PSS: the hash of its mask.
    :param unsupported: title of the algorithm if signatures of it cannot be verified here, else empty.
    """

    kind: str
    hash_name: str
    weak_hash: str = ""
    salt_size: int = 0
    mask_hash_name: str = ""
    unsupported: str = ""

    @classmethod
    def read(cls, der: bytes) -> SignatureAlgorithm:
        """From an AlgorithmIdentifier in DER.

        :raises ValueError: in words, if it is none.
        """
        from asn1crypto.algos import RSASSAPSSParams, SignedDigestAlgorithm
        from asn1crypto.core import Void

        try:
            algorithm = SignedDigestAlgorithm.load(der, strict=True)
            dotted = algorithm["algorithm"].dotted
            if dotted in _WEAK:
                return cls("", "", _WEAK[dotted])
            if algorithm["algorithm"].native != "rsassa_pss":
                kind, hash_name = _name(algorithm)
                known = kind in _KINDS and (hash_name in _HASHES or kind in _KINDS_WITHOUT_HASH)
                return cls(kind, hash_name, unsupported="" if known else _title(dotted))
            parameters = algorithm["parameters"]
            if isinstance(parameters, Void):  # all as by default (RFC 4055, 3.1)
                parameters = RSASSAPSSParams()
            hash_name = parameters["hash_algorithm"]["algorithm"].native
            weak = _WEAK_OF_PSS.get(hash_name, "")
            mask = parameters["mask_gen_algorithm"]
            mask_hash = mask["parameters"]["algorithm"].native if mask["algorithm"].native == "mgf1" else ""
            known = hash_name in _HASHES and mask_hash in (*_HASHES, "sha1")
            salt_size, title = int(parameters["salt_length"].native), "" if known else f"RSA-PSS and {hash_name}"
            return cls("rsassa_pss", hash_name, weak, salt_size, mask_hash, title)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise ValueError("its signature algorithm is damaged") from None

    @property
    def title(self) -> str:
        """What people call its kind."""
        return _TITLES_OF_KINDS.get(self.kind, self.kind)

    def fits(self, public_key: PublicKey) -> bool:
        """Whether a key of this kind signs with it."""
        from cryptography.hazmat.primitives.asymmetric import ec, rsa

        key = load_key(public_key)
        if isinstance(key, ec.EllipticCurvePublicKey):
            return self.kind == "ecdsa"
        return self.kind in ("rsassa_pkcs1v15", "rsassa_pss") if isinstance(key, rsa.RSAPublicKey) else True

    def verifies(self, public_key: PublicKey, signature: bytes, data: bytes) -> bool:
        """Whether a signature over data is of a key."""
        from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

        if self.hash_name not in _HASHES:
            return False
        digest: hashes.HashAlgorithm = getattr(hashes, _HASHES[self.hash_name])()
        key = load_key(public_key)
        try:
            if self.kind == "ecdsa" and isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, data, ec.ECDSA(digest))
            elif self.kind == "rsassa_pkcs1v15" and isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, data, padding.PKCS1v15(), digest)
            elif self.kind == "rsassa_pss" and isinstance(key, rsa.RSAPublicKey):
                mask: hashes.HashAlgorithm = getattr(hashes, {**_HASHES, "sha1": "SHA1"}[self.mask_hash_name])()
                scheme = padding.PSS(padding.MGF1(mask), self.salt_size)
                key.verify(signature, data, scheme, digest)
            else:
                return False
        except (InvalidSignature, UnsupportedAlgorithm, ValueError, OverflowError):
            return False
        return True


def _name(algorithm: object) -> tuple[str, str]:
    """Kind and hash, empty where asn1crypto does not know the algorithm."""
    try:
        return algorithm.signature_algo, algorithm.hash_algo  # type: ignore[attr-defined]
    except ValueError:
        return "", ""


def _title(dotted: str) -> str:
    """What people call an algorithm; the object identifier if it has no name here."""
    last = dotted.removeprefix(_NIST)
    title = _NIST_TITLES.get(int(last)) if last != dotted and last.isdecimal() else None
    return title or f"the algorithm {dotted}"
