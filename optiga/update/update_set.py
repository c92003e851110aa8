"""An update set: a signed manifest and the fragments that belong to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from optiga.errors import ConfigurationError, Reason
from optiga.protocol.fragments import MAC_SIZE, is_chain
from optiga.protocol.manifest import (
    DIGEST_SIZE,
    DataUpdate,
    KeyUpdate,
    MetadataUpdate,
    SignedManifest,
)
from optiga.protocol.metadata import MAX_VERSION, Metadata
from optiga.protocol.objects import format_oid
from optiga.results import ABSENT, there_with

MADE_AGAIN = "Get the file again, or make the update again"
"""What to do about a damaged update."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateDescription:
    """What an update does. SRM, "Protected update".

    :param target: the object that is updated, for example ``0xF1E0``.
    :param updates: ``data``, ``key`` or ``metadata``.
    :param offset: of data: where in the object they are written.
    :param write: of data: ``write`` or ``erase_and_write``.
    :param algorithm: of a key, for example ``secp256r1``.
    :param usage: of a key: the usages.
    :param reset: of metadata: what becomes of the content, ``as_metadata``, ``zeros`` or ``random``.
    :param metadata: the tags that are set, in words; None where they are encrypted.
    :param size: bytes of payload, which come in ``fragments``.
    :param payload_version: 1 to 32767.
    :param trust_anchor: the object with the signer's certificate, for example ``0xE0E8``.
    :param signature: algorithm of the signature.
    :param chip: UID of the one chip that it is for, in hex: the first 25 bytes, which a manifest has. A chip's UID
        ends with two more, the firmware build. Or ``any``.
    :param secret: the object with the secret that it is encrypted with; None where it is in plain.
    """

    target: str
    updates: str
    offset: int | None = field(default=None, metadata=ABSENT)
    write: str | None = field(default=None, metadata=ABSENT)
    algorithm: str | None = field(default=None, metadata=ABSENT)
    usage: tuple[str, ...] = field(default=(), metadata=ABSENT)
    reset: str | None = field(default=None, metadata=ABSENT)
    metadata: str | None = field(default=None, metadata=there_with("reset"))
    size: int
    fragments: int
    payload_version: int
    trust_anchor: str
    signature: str
    chip: str
    secret: str | None


@dataclass(frozen=True)
class UpdateSet:
    """What is sent to a chip, whole and consistent. Whether the signature is right only its certificate can tell.

    :param fragments: as they are sent, at least one.
    """

    signed: SignedManifest
    fragments: tuple[bytes, ...]

    @classmethod
    def parse(cls, manifest: bytes, fragments: tuple[bytes, ...], name: str) -> UpdateSet:
        """From the bytes that are sent.

        :param name: what to call the set in messages, usually the path of its file.
        :raises ConfigurationError: if they are no update set.
        """
        try:
            signed = SignedManifest.decode(manifest)
        except ValueError as error:
            raise ConfigurationError(
                f"{name}: {error}", hint=f"Check that it is an update set. {MADE_AGAIN}", reason=Reason.DAMAGED
            ) from None
        content = signed.manifest
        overhead = DIGEST_SIZE * (len(fragments) - 1)
        if content.encryption is not None:
            overhead += MAC_SIZE * len(fragments)
        if not fragments or not is_chain(content.digest, list(fragments)):
            raise ConfigurationError(
                f"{name}: its fragments do not belong to its manifest",
                hint=f"Fragments are missing, damaged or mixed up. {MADE_AGAIN}",
                reason=Reason.DAMAGED,
            )
        if sum(map(len, fragments)) - overhead != content.size:
            raise ConfigurationError(
                f"{name}: its fragments do not have the {content.size} bytes that its manifest states",
                hint=MADE_AGAIN,
                reason=Reason.DAMAGED,
            )
        if not 0 < content.payload_version <= MAX_VERSION:
            raise ConfigurationError(
                f"{name}: no object accepts an update of version {content.payload_version}",
                hint=f"Make the update again with a version from 1 to {MAX_VERSION}",
                reason=Reason.UNSUPPORTED,
            )
        return cls(signed, fragments)

    @property
    def new_metadata(self) -> Metadata | None:
        """The tags that an update of metadata sets; None if it is another, is encrypted, or holds no metadata."""
        payload = self.payload
        if payload is None or not isinstance(self.signed.manifest.kind, MetadataUpdate):
            return None
        try:
            return Metadata.parse(payload)
        except ValueError:
            return None

    @property
    def payload(self) -> bytes | None:
        """What the fragments bring; None if it is encrypted."""
        if self.signed.manifest.encryption is not None:
            return None
        *first, last = self.fragments
        return b"".join(fragment[:-DIGEST_SIZE] for fragment in first) + last

    @property
    def oid(self) -> int:
        """The object that is updated."""
        return self.signed.manifest.target_oid

    @property
    def manifest(self) -> bytes:
        """The signed manifest as it is sent."""
        return self.signed.encode()

    def describe(self) -> UpdateDescription:
        """What the set does, in words and numbers."""
        manifest = self.signed.manifest
        kind = manifest.kind
        common = partial(
            UpdateDescription,
            target=format_oid(manifest.target_oid),
            size=manifest.size,
            fragments=len(self.fragments),
            payload_version=manifest.payload_version,
            trust_anchor=format_oid(self.signed.anchor_oid),
            signature=self.signed.algorithm.name.lower(),
            chip=manifest.uid.hex() or "any",
            secret=None if manifest.encryption is None else format_oid(manifest.encryption.secret_oid),
        )
        if isinstance(kind, DataUpdate):
            return common(updates="data", offset=kind.offset, write=kind.write_type.name.lower())
        if isinstance(kind, KeyUpdate):
            return common(updates="key", algorithm=kind.algorithm.title, usage=tuple(kind.usage.words))
        new = self.new_metadata
        tags = None if new is None else "; ".join(f"{name}: {value}" for name, value in new.in_words().items())
        return common(updates="metadata", reset=kind.reset.name.lower(), metadata=tags)
