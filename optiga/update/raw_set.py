"""Update sets in files of their own bytes: a manifest, and its fragments in one file or one in each.

So Infineon's Linux tools read them (``-m manifest.dat -f fragment_0.dat``), and its generator writes them
(``manifest1.dat``, and ``fragment1.dat`` with all fragments). The bytes may be hex digits, too. What belongs to a
manifest its digest tells, so neither names nor the order of the files matter.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from optiga.errors import ConfigurationError, Reason
from optiga.files.files import read_input, refused
from optiga.files.hex_text import parse_hex
from optiga.protocol.commands.set_object_protected import FRAGMENT_SIZE
from optiga.protocol.fragments import piece_size
from optiga.protocol.manifest import DIGEST_SIZE, SignedManifest
from optiga.update.update_set import MADE_AGAIN, UpdateSet

MAX_SIZE: int = 1 << 20
_MOST_BESIDE = 100
"""Most files that are looked at beside a manifest."""
_MANIFEST, _FRAGMENT = "manifest", "fragment"
"""What is in the names of such files."""


@dataclass(frozen=True, slots=True)
class _File:
    """A file that may hold a manifest or fragments.

    :param meanings: its bytes, and those of the hex digits in it.
    """

    path: Path
    meanings: tuple[bytes, ...]

    @property
    def manifest(self) -> SignedManifest | None:
        for meaning in self.meanings:
            try:
                return SignedManifest.decode(meaning)
            except ValueError:
                continue
        return None

    @property
    def why_none(self) -> str:
        """Why its bytes are no manifest."""
        try:
            SignedManifest.decode(self.meanings[-1])
        except ValueError as error:
            return str(error)
        return ""

    @property
    def pieces(self) -> list[bytes]:
        """What can be fragments."""
        return [
            meaning[start : start + FRAGMENT_SIZE]
            for meaning in self.meanings
            for start in range(0, len(meaning), FRAGMENT_SIZE)
        ]


def read_files(paths: Sequence[Path]) -> UpdateSet:
    """The update set in files, one of which holds the manifest; all must belong to it.

    :raises ConfigurationError: if they are none, or one cannot be read.
    """
    files = [_open(path) for path in paths]
    found = [(file, manifest) for file in files if (manifest := file.manifest)]
    if not found:
        _refuse_damaged(files)
    if len(found) != 1:
        names = ", ".join(str(file.path) for file, _ in found) or ", ".join(map(str, paths))
        raise ConfigurationError(
            f"{'several manifests' if found else 'no manifest'} of an update: {names}",
            hint="Give one manifest and the files of its fragments",
            reason=Reason.WRONG_TYPE,
        )
    file, manifest = found[0]
    others = [other for other in files if other is not file]
    update = _assemble(file.path, manifest, others)
    used = set(update.fragments)
    for other in others:
        if used.isdisjoint(other.pieces):
            raise ConfigurationError(
                f"{other.path} has no fragment that belongs to {file.path}",
                hint="Omit it, or check whether it belongs to another update",
                reason=Reason.MISMATCH,
            )
    return update


def is_folder(path: Path) -> bool:
    """Whether there is a folder of a name, which may be any."""
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that nothing can have
        return False


def read_folder(folder: Path) -> UpdateSet:
    """The update set in a folder, in files with "manifest" and "fragment" in their names, or in all its files.

    :raises ConfigurationError: if fragments are missing, or the folder holds no manifest or several.
    """
    named = [_open(path) for path in _named(folder, _MANIFEST)]
    found = [(file.path, manifest) for file in named if (manifest := file.manifest)]
    if not found:
        found = [(file.path, manifest) for file in _openable(folder) if (manifest := file.manifest)]
    if not found:
        _refuse_damaged(named)
    if len(found) != 1:
        raise ConfigurationError(
            f"the folder {folder} holds {'several manifests' if found else 'no manifest'} of an update",
            hint="Give the manifest, followed by the files of its fragments",
            reason=Reason.WRONG_TYPE,
        )
    return _assemble_beside(*found[0])


def read_beside(path: Path) -> UpdateSet | None:
    """The update set whose manifest is in a file, with the fragments that lie beside it.

    :returns: None if the file holds no manifest.
    :raises ConfigurationError: if fragments are missing.
    """
    manifest = _open(path).manifest
    if manifest is None:
        return None
    return _assemble_beside(path, manifest)


def refuse_damaged_file(path: Path) -> None:
    """Refuse a file that is called a manifest, and is none.

    :raises ConfigurationError: if it is such a file.
    """
    _refuse_damaged([_open(path)])


def _assemble_beside(path: Path, signed: SignedManifest) -> UpdateSet:
    """The fragments of a manifest, which lie beside it in files that are called so, or in any.

    :raises ConfigurationError: if one is missing.
    """
    try:
        return _assemble(path, signed, map(_open, _named(path.parent, _FRAGMENT)))
    except ConfigurationError as error:
        if error.reason is not Reason.NOT_FOUND:
            raise
        return _assemble(path, signed, _openable(path.parent))


def _assemble(path: Path, signed: SignedManifest, files: Iterable[_File]) -> UpdateSet:
    """The fragments of a manifest in their order, whichever files they are in.

    :raises ConfigurationError: if one is missing.
    """
    known = {hashlib.sha256(piece).digest(): piece for file in files for piece in file.pieces}
    content = signed.manifest
    number = -(-content.size // piece_size(encrypted=content.encryption is not None))
    fragments: list[bytes] = []
    digest = content.digest
    while len(fragments) < number:
        piece = known.get(digest)
        if piece is None:
            raise ConfigurationError(
                f"{path}: fragment {len(fragments) + 1} of {number} is missing or belongs to another update",
                hint="Give the files of its fragments after it",
                reason=Reason.NOT_FOUND,
            )
        fragments.append(piece)
        digest = piece[-DIGEST_SIZE:]
    return UpdateSet.parse(signed.encode(), tuple(fragments), str(path))


def _refuse_damaged(files: Iterable[_File]) -> None:
    """Refuse the first file that is called a manifest; there is no other that is one.

    :raises ConfigurationError: if there is such a file.
    """
    for file in files:
        if _MANIFEST in file.path.name.lower():
            raise ConfigurationError(
                f"the manifest {file.path} is damaged: {file.why_none}",
                hint=MADE_AGAIN,
                reason=Reason.DAMAGED,
            )


def _openable(folder: Path) -> Iterator[_File]:
    """The files in a folder that can be an update's, whatever they are called."""
    for path in _named(folder, ""):
        with suppress(ConfigurationError):
            yield _open(path)


def _open(path: Path) -> _File:
    data = read_input(path, "update set", MAX_SIZE)
    try:
        return _File(path, (data, parse_hex(data, str(path))))
    except ConfigurationError:
        return _File(path, (data,))


def _named(folder: Path, word: str) -> list[Path]:
    """The files in a folder with a word in their names, the first of many."""
    try:
        found = sorted(path for path in folder.iterdir() if word in path.name.lower() and path.is_file())
    except OSError as error:
        raise refused(f"cannot read the folder {folder}", error, Reason.NOT_READABLE) from None
    return found[:_MOST_BESIDE]
