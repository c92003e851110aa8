"""The files of a run: where they lie, and that they can be written, which is known before the chip is changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from optiga.arguments import set_fields, takes
from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.files import cause_of, check_folder, check_folder_writable, check_own_output
from optiga.files.placeholders import SLOT_FIELD, UID_FIELD, find_wrong_field
from optiga.files.precious import check_nothing_lost
from optiga.files.reserved import ReservedFile
from optiga.files.shown import shown_path
from optiga.pki.names import fill_uid

ARN_FILE = "optiga.aws_arn"
POLICY_FIELD = "{policy}"
"""What stands in a name for the policy's name."""
FIELDS = (UID_FIELD, SLOT_FIELD)
"""What may stand in the names of folders and files."""
_ARN_ENDING = ".aws_arn"
POLICY_ENDING = ".aws_iot_policy"
"""How the name of a file with a policy's document ends."""
_ELSEWHERE = naming("Move it away, or use another folder ({outputs})")
_ANOTHER = naming("Use another folder ({outputs})")
_MOST_BYTES = 32768
"""More than a CSR, a chain that fits into a chip, and the names of what is in AWS take together."""


@dataclass(frozen=True, slots=True)
class ChipOutputs:
    """Where the files of one slot of one chip lie.

    :param shared: the folder that all chips have in common, which is there.
    :param folder: of the chip's files, in it or the same; those of the CSR and the certificate have their names from
        what the chip signs.
    :param arn: the file with the ARN of the certificate in AWS IoT.
    :param policy: the file with the policy's document; None where a run leaves none.
    """

    shared: Path
    folder: Path
    arn: Path
    policy: Path | None

    def check(self) -> None:
        """Make sure that the files can be written, those of CSR and certificate as far as their folder goes.

        :raises ConfigurationError: if one of them cannot be, or its name is a link out of the folder or no regular
            file; or if a folder below the shared one is a link, or none.
        """
        for folder in self._below():
            if os.path.lexists(folder):
                _check_folder(folder)
        for path in (self.arn, self.policy):
            if path is not None:
                _check(path)

    def check_room(self) -> None:
        """Make sure that the disk has room for the files.

        :raises ConfigurationError: if it has none, or nothing can be written there.
        """
        folder = self.folder if self.folder.is_dir() else self.shared
        with ReservedFile(folder, _MOST_BYTES, _ANOTHER) as room:
            room.secure()

    def make_folder(self) -> None:
        """Make the folders below the shared one, where they are not there; no link among them is followed.

        :raises ConfigurationError: if one cannot be made, or is no folder.
        """
        for folder in self._below():
            if not os.path.lexists(folder):
                try:
                    folder.mkdir(exist_ok=True)
                except OSError as error:
                    raise _no_folder(folder, cause_of(error)) from None
            _check_folder(folder)

    def _below(self) -> list[Path]:
        """The folders from below the shared one to the chip's own, each in the last."""
        parts = self.folder.relative_to(self.shared).parts
        return [self.shared.joinpath(*parts[: number + 1]) for number in range(len(parts))]


@dataclass(frozen=True, slots=True, init=False)
class OutputLayout:
    """Names of the output files. One layout serves many chips, whose files do not overwrite each other.

    ``{uid}`` is replaced with the chip's UID in hex, ``{slot}`` with the name of the slot. Other words in braces are
    refused, unless the common folder of all chips has this name.

    :param folder: folder of all files. The part before the first field must exist; the rest is created.
    :param arn: name of the file with the certificate's ARN.
    :param policy: name of the file with the policy document; ``{policy}`` is replaced with the name of the policy.
    :raises ConfigurationError: if a name is not a file name, does not have the usual ending, or has an unknown field.
    """

    folder: Path
    arn: str
    policy: str

    @takes
    def __init__(
        self,
        folder: str | os.PathLike[str] = "",
        arn: str = ARN_FILE,
        policy: str = POLICY_FIELD + POLICY_ENDING,
    ) -> None:
        set_fields(self, folder=Path(folder), arn=arn, policy=policy)
        for name, ending in ((self.arn, _ARN_ENDING), (self.policy, POLICY_ENDING)):
            if Path(name).name != name or not name.endswith(ending) or "\0" in name:
                raise ConfigurationError(
                    f"{name!r} cannot be the name of an output file",
                    hint=f"Use a name without a folder that ends in {ending}",
                )
        for name in (str(self.folder.relative_to(self.shared)), self.arn, self.policy.replace(POLICY_FIELD, "")):
            if mistake := find_wrong_field(name, FIELDS, every=True):
                raise ConfigurationError(naming("{outputs} {name} {mistake}", name=repr(name), mistake=mistake))
        if find_wrong_field(str(self.shared), FIELDS):
            check_folder(self.shared, FIELDS)  # whoever has made a folder of this name means it

    @property
    def shared(self) -> Path:
        """The common folder of all chips: the part before the first field."""
        parts = self.folder.parts
        fixed = [number for number, part in enumerate(parts) if UID_FIELD in part or SLOT_FIELD in part]
        return Path(*parts[: fixed[0]]) if fixed else self.folder

    @takes
    def of_chip(self, uid: str, slot: str, policy: str | None = None) -> ChipOutputs:
        """The files of one slot of one chip.

        :param uid: UID of the chip in hex.
        :param policy: name of the policy; None if the run writes no policy document.
        :raises ConfigurationError: if one of these cannot be a part of a file's name.
        """
        for parameter, text in (("uid", uid), ("slot", slot), ("policy", policy or "x")):
            if not text or text == ".." or Path(text).name != text or "\0" in text:
                said = f"{text!r} cannot be a part of the name of an output file"
                raise ConfigurationError(said, parameter=parameter)
        folder = Path(_fill(str(self.folder), uid, slot))
        document = None
        if policy is not None:
            document = folder / _fill(self.policy, uid, slot).replace(POLICY_FIELD, policy)
        return ChipOutputs(self.shared, folder, folder / _fill(self.arn, uid, slot), document)

    def check_shared(self) -> None:
        """Make sure that files can be made in the common folder of all chips.

        :raises ConfigurationError: if they cannot.
        """
        check_folder_writable(self.shared, FIELDS, naming("Choose another folder with {outputs}"))

    @takes
    def check_beforehand(self, policy: str | None) -> None:
        """Make sure that the files whose names do not depend on the chip can be written.

        :param policy: name of the policy, which may contain ``{uid}``; None if the run writes no policy document.
        :raises ConfigurationError: if a file cannot be written, is a link out of the folder, or is not a regular file.
        """
        if self.shared != self.folder:
            return
        names = [self.arn] + ([] if policy is None else [self.policy.replace(POLICY_FIELD, policy)])
        for name in names:
            if UID_FIELD not in name and SLOT_FIELD not in name:
                _check(self.folder / name)


def _check_folder(folder: Path) -> None:
    """Refuse what is no folder of its own.

    :raises ConfigurationError: if it is a link, or none.
    """
    if folder.is_symlink():
        raise _no_folder(folder, "it is a symbolic link")
    if not folder.is_dir():
        raise _no_folder(folder, "it is not a folder", Reason.WRONG_TYPE)


def _no_folder(folder: Path, cause: str, reason: Reason = Reason.NOT_WRITABLE) -> ConfigurationError:
    return ConfigurationError(f"cannot write to {shown_path(folder)}: {cause}", hint=_ELSEWHERE, reason=reason)


def _check(path: Path) -> None:
    check_own_output(path, _ELSEWHERE)
    check_nothing_lost(path, _ANOTHER)


def _fill(text: str, uid: str, slot: str) -> str:
    return fill_uid(text, uid).replace(SLOT_FIELD, slot)
