"""Whose a file is, and who else may write it or put another in its place."""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from contextlib import suppress
from functools import cache
from pathlib import Path

from optiga.errors import ConfigurationError, Reason, naming
from optiga.files.shown import file_in_command
from optiga.files.temporary import Temporary

_ROOT = 0
_KINDS = {
    stat.S_IFLNK: "it is a symbolic link",
    stat.S_IFDIR: "it is a folder",
    stat.S_IFIFO: "it is a pipe",
    stat.S_IFSOCK: "it is a socket",
    stat.S_IFCHR: "it is a device",
    stat.S_IFBLK: "it is a device",
}


def kind_of(mode: int) -> str:
    """What something is that is no regular file, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "it is not a file")


def check_status(
    name: str,
    title: str,
    status: os.stat_result,
    *,
    shared: bool,
    hint: str,
    is_companion: bool,
    group_writes: bool = True,
) -> None:
    """Refuse what is no regular file, belongs to another user, or may be written by others.

    :param title: what it is to the user, with its name, for messages.
    :param status: of the name itself, not of what a link leads to.
    :param shared: take a file that a group of this user's may write, whoever of it owns the file.
    :param hint: how to have ``shared``, where that would take the file.
    :param is_companion: whether it lies beside the file that the user named.
    :param group_writes: whether ``shared`` takes it only if the group may write it.
    :raises ConfigurationError: if it is one of these.
    """
    if not stat.S_ISREG(status.st_mode):
        advice = f"Use {os.path.realpath(name)} instead" if stat.S_ISLNK(status.st_mode) else "Name another"
        raise ConfigurationError(
            f"{title} cannot be used: {kind_of(status.st_mode)}",
            hint=f"Find out where it comes from, and remove it: {name}" if is_companion else advice,
            reason=Reason.UNSAFE if stat.S_ISLNK(status.st_mode) else Reason.WRONG_TYPE,
        )
    if os.name == "posix":
        would_help = not shared and (not group_writes or not _why_not_shared(status))
        _check_owner(Path(name), title, status, shared=shared, hint=hint if would_help else "")


def _and(text: str, hint: str) -> str:
    return naming("{text}. {hint}", text=text, hint=hint) if hint else text


def _why_not_shared(status: os.stat_result) -> str:
    """Why a file is not one that a group of this user's may write; empty if it is."""
    if status.st_gid not in {os.getegid(), *os.getgroups()}:
        return f"its group {_group_name(status.st_gid)} is not one of yours"
    return "" if status.st_mode & stat.S_IWGRP else "its group may not write it"


def _check_owner(path: Path, title: str, status: os.stat_result, *, shared: bool, hint: str) -> None:
    owners = _trusted(path)
    why_not = _why_not_shared(status) if shared else ""
    is_shared = shared and not why_not
    named = file_in_command(path)
    if why_not:
        hint = f"To share it, let one of your groups write it: chgrp GROUP {named}; chmod g+w {named}"
    if status.st_uid not in owners and not is_shared:
        raise ConfigurationError(
            f"{title} belongs to another user ({_name_of(status.st_uid)}), who can change it"
            + f"; {why_not}" * bool(why_not),
            hint=_and("Check it, and copy it into your own file", hint),
            reason=Reason.UNSAFE,
        )
    mode = status.st_mode & ~stat.S_IWGRP if is_shared else status.st_mode
    if _others_write(mode, status.st_gid, owners) and _keeps_permissions(path.parent):
        by_group = not status.st_mode & stat.S_IWOTH
        raise ConfigurationError(
            f"other users can write {title.rstrip(',')}" + f": {why_not}" * bool(why_not and by_group),
            hint=_and(f"Check it, then remove their permission: chmod go-w {named}", hint if by_group else ""),
            reason=Reason.UNSAFE,
        )


def folder_warning(path: Path, what: str) -> str:
    """What to know of the folder that a file lies in; empty where nobody else may write it, or that cannot
    be found out.

    :param what: what the file is to the user, for example ``the journal``.
    """
    folder = path.parent
    try:
        status = folder.stat()
    except (OSError, ValueError):
        return ""
    owners = _trusted(path)
    if os.name != "posix" or not _others_write(status.st_mode, status.st_gid, owners):
        return ""
    if status.st_mode & stat.S_ISVTX and {status.st_uid, _owner_of(path)} <= owners:
        return ""  # there, only the owner of a file, or of the folder, may replace it (chmod(1), restricted deletion)
    return f"other users can write the folder {folder.absolute()} of {what}: they can replace it"


def _owner_of(path: Path) -> int:
    """Who owns a file; this user, if it is still to be made."""
    try:
        return path.lstat().st_uid
    except (OSError, ValueError):
        return os.geteuid()


def _trusted(path: Path) -> set[int]:
    """The users who may own what lies there: root, this one, and for root the one whose folder it is."""
    mine = os.geteuid()
    owners = {_ROOT, mine}
    if mine == _ROOT:
        with suppress(OSError, ValueError):
            owners.add(path.parent.stat().st_uid)
    return owners


def others_write(status: os.stat_result) -> bool:
    """Whether anybody but root and this user may write a file, as its permissions say; only where a system has them.

    A group without other members, such as the one of its own that a system gives each user, does not count.
    """
    return _others_write(status.st_mode, status.st_gid, (_ROOT, os.geteuid()))


def others_read(status: os.stat_result) -> bool:
    """The same of reading."""
    owners = frozenset((_ROOT, os.geteuid()))
    mode = status.st_mode
    return bool(mode & stat.S_IROTH) or (bool(mode & stat.S_IRGRP) and _has_others(status.st_gid, owners))


def _others_write(mode: int, gid: int, owners: Collection[int]) -> bool:
    """Whether anybody but some users may write what has these permissions."""
    return bool(mode & stat.S_IWOTH) or (bool(mode & stat.S_IWGRP) and _has_others(gid, frozenset(owners)))


@cache
def _has_others(gid: int, owners: frozenset[int]) -> bool:
    """Whether a group has other members; the one of its own that a system gives each user has none."""
    import grp
    import pwd

    try:
        named = set(grp.getgrgid(gid).gr_mem)
    except KeyError:  # a group of which the system knows nothing, as in many a container
        return False
    users = pwd.getpwall()
    mine = {user.pw_name for user in users if user.pw_uid in owners}
    return bool(named - mine) or any(user.pw_gid == gid and user.pw_uid not in owners for user in users)


def _keeps_permissions(folder: Path) -> bool:
    """Whether a file system keeps permissions; those of Windows under WSL, FAT and many a share do not."""
    try:
        with Temporary(folder / "probe", 0o600) as probe:
            return not os.fstat(probe.descriptor).st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    except OSError:
        return True


def _name_of(uid: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid {uid}"


def _group_name(gid: int) -> str:
    import grp

    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
