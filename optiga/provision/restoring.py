"""The files of a slot that earlier runs wrote: what is missing is written again, what is replaced is noted."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING

from optiga.errors import naming
from optiga.files.files import write_whole
from optiga.files.opening import open_input
from optiga.files.placeholders import UID_FIELD
from optiga.files.shown import shown_path
from optiga.pki.pem import encode_pem
from optiga.provision.believed import known_keys
from optiga.provision.entry import Entry, Step
from optiga.provision.facts import CsrSigned, Issued
from optiga.provision.outputs import ARN_FILE, POLICY_ENDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from optiga.provision.events import Reporter
    from optiga.provision.outputs import ChipOutputs
    from optiga.provision.steps.work import Work

_CERTIFICATE_ID = re.compile(rb":cert/([0-9a-f]{64})\b")
_HEAD = 1 << 12
"""Bytes of a file with an ARN that are looked at."""


def restore_files(entry: Entry, outputs: ChipOutputs, reporter: Reporter) -> bool:
    """Write the files of the steps that are done, where they are missing; a file with other content stays as it is.

    :param outputs: the files of the chip; its folder exists.
    :returns: whether a file was written.
    :raises ConfigurationError: if a file cannot be written.
    """
    is_restored = False
    for path, content in _files_of(entry, outputs):
        if path == outputs.arn and os.path.lexists(path):
            if not _holds(path, content):
                reporter.note(f"{path} holds another ARN than that of this chip's certificate: it was not changed")
        elif not os.path.lexists(path):
            write_whole(path, content, ours=True)
            reporter.note(f"{path} was missing: it has been written again from the journal")
            is_restored = True
        elif not _holds(path, content):
            reporter.warn(
                f"{path} does not have the content that the journal has for this chip. The file was not changed. To "
                "get the journal's content, move the file away and try again"
            )
    return is_restored


def missing_files(entry: Entry, outputs: ChipOutputs) -> list[Path]:
    """The files that :func:`restore_files` would write."""
    return [path for path, _ in _files_of(entry, outputs) if not os.path.lexists(path)]


def _files_of(entry: Entry, outputs: ChipOutputs) -> Iterator[tuple[Path, bytes]]:
    """The files that the steps up to now have written, each with its content."""
    if entry.request is not None and entry.step >= Step.REQUESTED:
        signed = entry.of(CsrSigned)
        yield outputs.folder / signed.filename, encode_pem("CERTIFICATE REQUEST", signed.csr).encode("ascii")
    if entry.step < Step.WRITTEN:
        return
    if isinstance(entry.issued, Issued):
        yield outputs.folder / entry.issued.file, entry.issued.certificate.encode("ascii")
    if entry.registered is not None:
        yield outputs.arn, _arn_text(entry.registered.arn)


def write_arn(entry: Entry, arn: str, work: Work) -> None:
    """Write the ARN of a certificate as the predecessor's steps leave it, in quotes; note if it was another one.

    :raises ConfigurationError: if the file cannot be written.
    """
    path, content = work.outputs.arn, _arn_text(arn)
    own = [content.strip(), *(name.encode() for name in known_keys(entry))]
    held = _read(path)
    write_whole(path, content, ours=True)
    if not held or any(one in held for one in own) or _is_of_chip(held, work):
        return
    said = f"{path} held the ARN of another certificate and was replaced"
    if work.uid in str(path):
        work.reporter.note(said)
        return
    work.reporter.note(
        naming("{said}. To keep the files of each chip, use {outputs} with {field}", said=said, field=UID_FIELD)
    )


def files_left(entry: Entry, known: Iterable[Entry], folder: Path, gone: Iterable[str]) -> str:
    """Which files of an entry stay where its certificate is deleted, one sentence; empty if there are none.

    :param known: what the slot was before, and is: those with a deleted certificate have files, too.
    :param folder: where the journal lies: of the files, too, or of folders with the chip's UID or slot.
    :param gone: identifiers of the certificates that are deleted.
    """
    deleted = set(gone)
    if not deleted:
        return ""
    names = [one.encode() for one in deleted]
    own = [one for one in known if one.certificate_id in deleted]
    named = dict.fromkeys(name for one in own for name in (one.filename, one.certificate_file) if name is not None)
    below = [(), (entry.uid,), (entry.slot,), (entry.uid, entry.slot), (entry.slot, entry.uid)]
    left: list[Path] = []
    for place in (folder.joinpath(*parts) for parts in below):
        held = _read(place / ARN_FILE) or b""
        if any(name in held for name in names):
            policy = place / f"{entry.policy}{POLICY_ENDING}"
            left += [place / ARN_FILE, *([policy] if entry.policy and policy.is_file() else [])]
        left += [place / name for name in named if (place / name).is_file()]
    if not left:
        return ""
    stay = "This file stays" if len(left) == 1 else "These files stay"
    return f"{stay}, although the certificate is deleted: {', '.join(map(shown_path, left))}"


def _is_of_chip(held: bytes, work: Work) -> bool:
    """Whether the journal has the certificate of an ARN as one that this chip alone has had."""
    found = _CERTIFICATE_ID.search(held)
    return found is not None and work.journal.owners(found[1].decode()) == {work.uid}


def _arn_text(arn: str) -> bytes:
    return f"{json.dumps(arn)}\n".encode()


def _read(path: Path) -> bytes | None:
    """The beginning of a file; None if there is no such file."""
    try:
        with open_input(path) as file:
            return file.read(_HEAD)
    except OSError:
        return None


def _holds(path: Path, content: bytes) -> bool:
    """Whether a file has some content, whatever its line breaks are."""
    if not path.is_file():
        return False
    try:
        with open_input(path) as file:
            return file.read(2 * len(content)).split() == content.split()
    except OSError:
        return False
