"""What may stand on the command line where an option or argument wants a value: completion offers it."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import click

from optiga.cli.completion.fitting import fitting
from optiga.cli.support.file_names import FileName
from optiga.cli.support.lazy import load
from optiga.emulator.control import FAULT_KINDS
from optiga.emulator.file_names import is_chip_file
from optiga.emulator.models import MODELS
from optiga.errors import OptigaError
from optiga.identity.sample_configurations import sample_paths
from optiga.objects.names import (
    NEEDS_MORE,
    Named,
    algorithm_names,
    key_usages,
    metadata_tags,
    metadata_words,
    object_names,
    slot_names,
)
from optiga.pki.names import LEAST_UID_DIGITS
from optiga.transport.boards import list_ports

_CERTIFICATES = ("pem", "crt", "cer", "der")
_PUBLIC_KEYS = (*_CERTIFICATES, "pub", "key")
_ENDINGS: dict[str, tuple[str, ...]] = {
    "--certificate": (*_CERTIFICATES, "p7b", "p7c", "p12", "pfx"),
    "--chain": (*_CERTIFICATES, "p7b", "p7c"),
    "--crl": ("pem", "crl", "der"),
    "--issued": (*_CERTIFICATES, "p7b", "p7c"),
    "--journal": ("db",),
    "--key": (*_PUBLIC_KEYS, "p12", "pfx"),
    "--policy-template": ("template", "json"),
    "--public-key": _PUBLIC_KEYS,
    "--trust": _CERTIFICATES,
    "CONFIG": ("jsn", "json"),
    "CONFIG|-": ("jsn", "json"),
    "CSR|-": ("csr", "req", "p10", "pem", "der"),
    "KEY": (*_PUBLIC_KEYS, "p8"),
    "PEER": _PUBLIC_KEYS,
    "SERIAL|FILE": _CERTIFICATES,
    "SLOT|OID|KEY": _PUBLIC_KEYS,
    "STATE|-": ("json",),
}
"""Usual endings of the files that options, and what help calls so, take; any other file may have another name."""
_FOLDERS = ("DIR", "CA", "PARENT")
_FILES = ("CONFIG", "FILE", "NAME|FILE")
"""What help calls names of files that are taken as texts."""
_BUILT_IN = {"--policy-template": ("thing_policy.template", "my_policy.template")}
"""Names that options take for files in any folder."""
_CA_FOLDERS = ("ca_path", "parent_path")
"""What parameters are called that take the folder of a CA."""
_MAKES_CHIP = ("new", "load")
"""Commands whose chip is in a new file."""
_COMMON_NAME = re.compile(r"(?:^|, )(CN=(?:\\.|[^,+\\])*)")
_LAST_WORD = re.compile(r"\w*$")
_PROFILE = re.compile(r"""\s*\[\s*(profile\s+)?["']?(.*?)["']?\s*\]""")
_MOST_BYTES = 1_000_000
_MOST_SERIALS = 200
_MOST_CAS = 20
_MOST_UIDS = 200


class Offer(NamedTuple):
    """Something that may stand there.

    :param text: the whole word, or its beginning.
    :param meaning: what it stands for, on one line.
    :param is_whole: whether nothing can follow in the same word.
    :param in_quotes: what follows the text where a quote is open.
    """

    text: str
    meaning: str = ""
    is_whole: bool = True
    in_quotes: str = ""

    def in_a_quote(self) -> Offer:
        """The same, where a quote is open."""
        return self._replace(text=self.text + self.in_quotes, in_quotes="")


class Files(NamedTuple):
    """Names of files, which the shell knows best.

    :param before: what stands in the same word before the name.
    :param endings: of the files that fit, without the dots; where a folder has none of them, any file does.
    """

    before: str = ""
    folders_only: bool = False
    endings: tuple[str, ...] = ()

    def in_a_quote(self) -> Files:
        """The same."""
        return self

    def names(self, typed: str) -> list[Offer]:
        """The names of files, and then those of folders, that begin as is typed. For a shell that does not know them.

        :param typed: the whole word up to the cursor.
        """
        folder, start = os.path.split(typed[len(self.before) :])
        front = typed[: len(typed) - len(start)]
        try:
            with os.scandir(Path(folder).expanduser()) as entries:
                found = [
                    (one.name, one.is_dir())
                    for one in entries
                    if one.name.startswith(start) and (start or not one.name.startswith(".")) and "\n" not in one.name
                ]
        except (OSError, RuntimeError, ValueError):
            return []
        found.sort(key=lambda one: (one[0].casefold(), one[0]))
        files = [] if self.folders_only else [name for name, is_folder in found if not is_folder]
        ends = tuple(f".{ending}" for ending in self.endings)
        fit = [name for name in files if name.lower().endswith(ends)]
        folders = [Offer(f"{front}{name}/", is_whole=False) for name, is_folder in found if is_folder]
        return [*(Offer(front + name) for name in fit or files), *folders]


Offered = Offer | Files


def offers_for(ctx: click.Context, param: click.Parameter, typed: str) -> list[Offered]:
    """What may stand for a parameter; files of any kind only where nothing else begins as is typed.

    :param typed: the beginning of it.
    """
    is_file = isinstance(param.type, FileName)
    metavar = param.metavar or (param.type.name if is_file else "")
    if is_file or metavar in _FILES:
        if param.name in _CA_FOLDERS and (found := _cas(typed)):
            return [*found]
        if param.name == "path" and param.type.name == "PATH" and ctx.command.name not in _MAKES_CHIP:
            return _chips(typed)
        names = [name for option in param.opts for name in _BUILT_IN.get(option, ()) if name.startswith(typed)]
        endings = next((_ENDINGS[name] for name in (*param.opts, metavar) if name in _ENDINGS), ())
        own = [Offer(name, "built-in template") for name in names if not Path(name).exists()]
        return [*own, Files(folders_only=metavar in _FOLDERS, endings=endings)]
    if isinstance(param.type, click.Choice):
        return [Offer(str(choice)) for choice in param.type.choices if str(choice).startswith(typed.lower())]
    make = _BY_NAME.get(str(param.name)) or _BY_METAVAR.get(metavar)
    if make is None:
        return []
    offered = list(make(ctx, param, typed))
    start = "" if make is _uids else typed.lower()  # any part of a UID may be typed
    found = [one for one in offered if isinstance(one, Offer) and one.text.lower().startswith(start)]
    files = [one for one in offered if isinstance(one, Files)]
    return [*found, *files] if metavar in _ENDINGS else [*found] or [*files]


def _cas(typed: str) -> list[Offer]:
    """The folders that hold a CA and begin as is typed."""
    folder, start = os.path.split(typed)
    front = typed[: len(typed) - len(start)]
    try:
        found = sorted(path.parent.name for path in Path(folder).expanduser().glob("*/ca.pem"))
    except (OSError, RuntimeError, ValueError):
        return []
    return [Offer(front + name) for name in found if name.startswith(start) and (start or not name.startswith("."))]


def _chips(typed: str, before: str = "") -> list[Offered]:
    """The files of emulated chips that begin as is typed, and folders; any file where there is none.

    :param before: what stands in the same word before the name.
    """
    folder = Path(os.path.split(typed)[0]).expanduser()
    names = Files(before).names(before + typed)
    files = [one for one in names if one.is_whole and is_chip_file(folder / Path(one.text.removeprefix(before)).name)]
    return [*files, *(one for one in names if not one.is_whole)] if files else [Files(before)]


def _named(names: Iterable[Named]) -> Iterator[Offer]:
    return (Offer(*name) for name in names)


def _slots(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    _, has_certificate, is_rsa, is_own = fitting(ctx, param)
    return _named(slot_names(has_certificate=has_certificate, is_rsa=is_rsa, is_own=is_own))


def _objects(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    fits = fitting(ctx, param)
    return _named(object_names(*fits.kinds, is_own=fits.is_own))


def _slots_and_objects(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:
    yield from _slots(ctx, param, typed)
    if "aes" in (param.metavar or ""):
        yield Offer("aes", "key 0xE200, the symmetric one")
    if "OID" in (param.metavar or ""):
        yield from _objects(ctx, param, typed)
    if "KEY" in (param.metavar or ""):
        yield Files(endings=_ENDINGS["KEY"])


def _ports(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    if typed.startswith("emulator:"):
        yield from _chips(typed.removeprefix("emulator:"), "emulator:")
        return
    try:
        for port in list_ports(look=False):
            yield Offer(port.device, port.description or port.why)
    except (OptigaError, OSError):
        pass  # the others can be offered all the same
    yield Offer("emulator", "your own emulated chip")
    yield Offer("emulator:", "the emulated chip in a file", is_whole=False)
    yield Offer("ft260", "the OPTIGA Trust Personalization Board")
    yield Offer("socket://", "a board elsewhere", is_whole=False)
    yield Offer("rfc2217://", "a board elsewhere", is_whole=False)


def _models(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    return (Offer(model.name, model.title) for model in MODELS.values())


def _authorizations(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    oid, equals, _ = typed.partition("=")
    if equals:
        yield Files(f"{oid}=")
    else:
        yield from (Offer(f"{name.word}=", name.meaning, is_whole=False) for name in object_names("data"))


def _metadata(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    """``change:``, and behind the colon, a comma or an operator what the value may go on with."""
    tag, colon, value = typed.partition(":")
    if not colon:
        yield from (Offer(f"{name}:", is_whole=False, in_quotes=" ") for name in metadata_tags())
        yield Files()
    before = _LAST_WORD.sub("", value)
    for word in metadata_words(tag.strip().lower(), before):
        goes_on = word in NEEDS_MORE
        yield Offer(f"{tag}:{before}{word}", is_whole=not goes_on, in_quotes=" " if goes_on else "")


def _usages(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    before = typed[: typed.rfind(",") + 1]
    return (Offer(before + usage) for usage in key_usages() if usage not in before.split(","))


def _profiles(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    """The profiles of AWS's two files, which are only read for their heads."""
    names: dict[str, None] = {}
    for variable, name in (("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")):
        path = Path(os.environ.get(variable) or f"~/.aws/{name}")
        try:
            with path.expanduser().open(encoding="utf-8", errors="replace") as file:
                text = file.read(_MOST_BYTES)
        except (OSError, RuntimeError, ValueError):
            continue
        for match in filter(None, map(_PROFILE.match, text.splitlines())):
            if name == "credentials" or match[1] or match[2] == "default":
                names[match[2]] = None
    return (Offer(name) for name in names)


def _samples(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    return map(Offer, sample_paths())


def _algorithms(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    return map(Offer, algorithm_names())


def _control_values(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    verb = ctx.params.get("verb")
    if verb == "fault":
        yield from map(Offer, FAULT_KINDS)
    elif verb in ("snapshot", "restore"):
        yield Files()


def _serials(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:
    """The newest certificates of the CA on the command line, or of those in the current folder; and files."""
    takes_revoked = ctx.command.name != "revoke"
    found: list[Offer] = []
    for path in _records(ctx.params.get("ca_path")):
        try:
            with load("optiga.ca.records:open_records", "optiga")(path) as records:
                every = records.all()
        except (OptigaError, OSError):
            continue
        found += (
            Offer(one.serial, _name_first(one.subject) + (" (revoked)" if one.revoked_at else ""))
            for one in reversed(every)
            if (takes_revoked or not one.revoked_at) and one.serial.startswith(typed.lower())
        )
    yield from found[:_MOST_SERIALS]
    yield Files(endings=_ENDINGS[str(param.metavar)])


def _name_first(subject: str) -> str:
    """A subject with its common name before all that the CA's certificates have alike: a shell cuts off the rest."""
    found = _COMMON_NAME.search(subject)
    if found is None or not found.start():
        return subject
    return f"{found[1]}, {subject[: found.start()]}{subject[found.end() :]}"


def _uids(ctx: click.Context, param: click.Parameter, typed: str) -> Iterator[Offered]:  # noqa: ARG001
    """The chips in the journal of the command, if it has one."""
    if (path := ctx.params.get("path")) is None or "shared_journal" not in ctx.params:
        return
    try:
        opened = load("optiga.provision.journal:open_journal", "optiga")(
            Path(path).expanduser(), shared=bool(ctx.params["shared_journal"]), warn=lambda _: None
        )
        with opened as journal:
            found = journal.uids_beginning_with(typed.lower())
            if not found and len(typed) >= LEAST_UID_DIGITS and len(whole := journal.uids_with(typed.lower())) == 1:
                found = whole  # bash, fish and PowerShell put it in place of a part that is not its beginning
    except (OptigaError, OSError):
        return
    yield from map(Offer, found[:_MOST_UIDS])


def _records(ca_path: str | None) -> list[Path]:
    """The records of a CA, or of every CA in the current folder where none is named."""
    if ca_path is not None:
        return [Path(ca_path).expanduser() / "issued.db"]
    return list(itertools.islice(Path().glob("*/issued.db"), _MOST_CAS))


_Maker = Callable[[click.Context, click.Parameter, str], Iterator[Offered]]
_BY_NAME: dict[str, _Maker] = {"profile": _profiles, "uid": _uids}
_BY_METAVAR: dict[str, _Maker] = {
    "ALGORITHM": _algorithms,
    "LIST": _usages,
    "MODEL": _models,
    "OID": _objects,
    "OID=FILE": _authorizations,
    "OID|SLOT": _slots_and_objects,
    "OID|SLOT|aes": _slots_and_objects,
    "PORT": _ports,
    "SERIAL|FILE": _serials,
    "SLOT": _slots,
    "SLOT|OID|KEY": _slots_and_objects,
    "SLOT|aes": _slots_and_objects,
    "[NAME]": _samples,
    "[OID]": _objects,
    "[TAG: VALUE]…|HEX|FILE": _metadata,
    "[VALUE]": _control_values,
}
