"""``optiga.toml``: defaults for options, in the user's folder of configurations, beside a configuration, or above.

One file counts: the nearest. None is believed that anybody else could have written, for it says which board and whose
account is used. What decides whom to trust, what can never be undone, and secrets are never in it: they stand on the
command line.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Any

import click

from optiga.cli.support.lazy import load
from optiga.cli.support.options import option_of
from optiga.errors import BoardError, CloudError, ConfigurationError, OptigaError, Reason, told
from optiga.values import Value, frozen

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "optiga.toml"
_PATHS = ("ca", "journal", "out-dir")
"""Options whose value is a path, which is seen from the folder of the file."""
_NUMBERS = ("crl-days", "timeout")
_LISTS = ("attribute", "thing-group")
KEYS = ("ca", "crl-days", "curve", "port", "profile", "region", "thing-type", "timeout", "timing", *_PATHS[1:], *_LISTS)
"""Options that it may name: those whose value another on the command line replaces, and that change no meaning."""
FORBIDDEN = ("endpoint-url", "allow-http", "trust", "authorize", "yes", "join", "emulated", "shared-journal")
"""Options that it must not name, as those of passphrases."""
EXCEPT = {("provision", "ca")}
"""Commands with an option for which the file's value does not count: without ``--ca`` AWS certifies,
and no other value says so."""
_NEED_NONE = {("boards",), ("config", "new"), ("config", "sample"), ("config", "schema"), ("emulator", "new")}
"""Commands that a mistake in the file does not stop: nothing of what they do is named there."""
_OF_ACCOUNT = (Reason.NOT_FOUND, Reason.NO_CREDENTIALS, Reason.BAD_VALUE, Reason.UNREACHABLE)
"""Why AWS cannot be asked where a profile or a region is wrong."""
_CONFIGURATIONS = (".jsn", ".json")
_MOST_BYTES = 100_000


@frozen
class Defaults(Value):
    """What a file says.

    :param path: the file; None where there is none.
    :param values: by the names of options, without dashes.
    :param refused: why files that were found are not used.
    :param lines: where each value stands, by the same names.
    :param mistakes: what the file may not say, each with its line.
    """

    path: Path | None
    values: Mapping[str, Any]
    refused: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    mistakes: tuple[tuple[int, ConfigurationError], ...] = ()

    def where(self, key: str) -> str:
        """The file and the line of a value, as messages begin."""
        return f"{self.path}:{self.lines[key]}"


def advise_of_default(error: OptigaError, defaults: Defaults, arguments: Sequence[str]) -> None:
    """Have an error that speaks of a value in a file of defaults say where that stands.

    :param arguments: the command line, whose values take the place of those in the file.
    """
    said, given = f"{error.port} {error.message}", {word.partition("=")[0] for word in arguments}
    is_of_port = isinstance(error, BoardError) and error.port == defaults.values.get("port")
    is_of_value = isinstance(error, ConfigurationError) or is_of_port
    if isinstance(error, CloudError) and error.reason in _OF_ACCOUNT:  # AWS's own words, the region's name in a URL
        said, is_of_value = f"{said} {error.hint}", True
    for key, value in defaults.values.items() if is_of_value and str(defaults.path) not in said else ():
        is_plain = key in _PATHS or key == "port" or key.replace("-", " ") in said  # another word may mean anything
        is_said = key not in _NUMBERS and is_plain and _speaks_of(said, key, value)
        is_said |= error.reason is Reason.CONFLICT and f"--{key}" in re.findall(
            r"--[\w-]+", told(error.hint, option_of)
        )
        if f"--{key}" not in given and is_said:
            error.advise(f"The value of {key} is set in {defaults.where(key)}. For another value, use --{key}")
            return


def _speaks_of(said: str, key: str, value: Any) -> bool:
    """Whether a message has a value in it, or the part of a folder before a placeholder, which must be there."""
    texts = [rf"{re.escape(one)}(?!\w)" for one in (value if isinstance(value, list) else [value])]
    if key == "port":
        words = (word.partition("=")[2].replace("%26", "&") for word in value.partition("?")[2].split("&"))
        texts += [rf"{re.escape(word)}(?!\w)" for word in words if os.path.isabs(word)]  # noqa: PTH117 - as above
    if key in _PATHS and "{" in value:
        begin = value.partition("{")[0].rstrip("/\\")
        texts += [rf"{re.escape(begin)}(?![\w./\\-])"] if begin else []
    return any(re.search(rf"(?<!\w){text}", said) for text in texts)


def find_defaults(arguments: Sequence[str]) -> Defaults:
    """The nearest file, as :func:`look_for_defaults` finds it, if it has no mistakes.

    A command that needs none of the defaults goes on without one that has.

    :raises ConfigurationError: if it cannot be read, or says what it may not.
    """
    try:
        found = look_for_defaults(arguments)
        if found.mistakes:
            (_, first), *others = found.mistakes
            first.problems = tuple(str(error) for _, error in others)
            raise first
    except ConfigurationError as error:
        if tuple(arguments[:1]) not in _NEED_NONE and tuple(arguments[:2]) not in _NEED_NONE:
            raise
        return Defaults(None, {}, (error.text(option_of), *error.problems))
    return found


def look_for_defaults(arguments: Sequence[str]) -> Defaults:
    """The nearest file: beside a configuration that the arguments name, in the current folder or above, or the user's.

    Where there is none, this asks the system for each of these, and loads nothing.

    :raises ConfigurationError: if it cannot be read, or is no TOML.
    """
    refused = []
    for place in places(arguments):
        try:
            status = os.lstat(place)
        except (OSError, ValueError):
            continue
        if why := _why_not_believed(place, status):
            refused.append(f"{place} is not used: {why}")
            continue
        path = load("pathlib:Path", "optiga")(place)
        values, lines, mistakes = _read(path)
        return Defaults(path, values, tuple(refused), lines, mistakes)
    return Defaults(None, {}, tuple(refused))


def places(arguments: Sequence[str]) -> Iterator[str]:
    """Where a file is looked for, in this order."""
    for argument in arguments:
        name = argument.partition("=")[2] if argument.startswith("--csr=") else argument
        if name.lower().endswith(_CONFIGURATIONS) and not name.startswith("-"):
            yield os.path.join(os.path.dirname(os.path.abspath(name)), FILE_NAME)  # noqa: PTH100, PTH118, PTH120
    try:
        folder = os.getcwd()  # noqa: PTH109 - pathlib is slower, and there is none in most folders
    except OSError:  # it is gone
        folder = ""
    while folder:
        yield os.path.join(folder, FILE_NAME)  # noqa: PTH118
        above = os.path.dirname(folder)  # noqa: PTH120
        folder = "" if above == folder else above
    own = load("optiga.files.user_folders:config_folder", "optiga")()
    if own is not None:
        yield str(own / FILE_NAME)


def _why_not_believed(place: str, status: os.stat_result) -> str:
    """Why somebody else may have a say in a file; empty where nobody has."""
    if not stat.S_ISREG(status.st_mode):
        return "it is not a regular file"
    if os.name != "posix":
        return ""
    folder = os.stat(os.path.dirname(place))  # noqa: PTH116, PTH120
    for what, one in (("it", status), ("its folder", folder)):
        if one.st_uid != os.geteuid():
            return f"{what} belongs to another user"
        may_be_written = one.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if may_be_written and load("optiga.files.owners:others_write", "optiga")(one):
            return f"other users can write {what}"
    return ""


def _read(path: Path) -> tuple[Mapping[str, Any], Mapping[str, int], tuple[tuple[int, ConfigurationError], ...]]:
    """The values, the line of each, and the mistakes in others."""
    values, lines = load("optiga.cli.support.toml:read_toml", "optiga")(path, "defaults file", _MOST_BYTES)
    used, errors = {}, []
    for key, value in values.items():
        where = f"{path}:{lines[key]}"
        try:
            _check(where, key, value)
            used[key] = _seen_from(path.parent, key, value)
        except ConfigurationError as error:
            error.path, error.parameter = str(path), key if key in KEYS else ""
            errors.append((lines[key], error))
        except RuntimeError:
            home = re.search(r"~[^/?&\\]*", str(value))
            said = f"{where}: {key!r}: {home and home[0]} is nobody's home"
            errors.append((lines[key], ConfigurationError(said)))
    return used, lines, tuple(errors)


def _check(where: str, key: str, value: Any) -> None:
    if key in FORBIDDEN or "passphrase" in key:
        raise ConfigurationError(
            f"{where}: {key!r} is not allowed in a defaults file",
            hint="Give the option on the command line",
            reason=Reason.DENIED,
        )
    if key not in KEYS:
        suggest, is_section = load("optiga.suggestions:suggest", "optiga"), isinstance(value, Mapping)
        why = suggest(key, KEYS, {}) or ": this file has no sections" * is_section
        raise ConfigurationError(
            f"{where}: {key!r} is not a known default{why} (one of {', '.join(sorted(KEYS))})",
            hint=f'Write each default on its own line without [{key}], for example: region = "eu-central-1"'
            if is_section
            else "",
            reason=Reason.NOT_FOUND,
        )
    one_of = value if key in _LISTS and isinstance(value, list) else [value]
    if not one_of or not all(isinstance(one, (str, int, float)) and not isinstance(one, bool) for one in one_of):
        form = "a text, or a list of texts" if key in _LISTS else "a number" if key in _NUMBERS else "a text"
        raise ConfigurationError(f"{where}: {key!r} takes {form}", reason=Reason.WRONG_TYPE)
    if key in _LISTS and not all(isinstance(one, str) for one in one_of):
        raise ConfigurationError(
            f"{where}: {key!r} takes a text, or a list of texts, not a number",
            hint="Put each number in quotes",
            reason=Reason.WRONG_TYPE,
        )
    if key not in (*_NUMBERS, *_LISTS) and not isinstance(value, str):
        raise ConfigurationError(
            f"{where}: {key!r} takes a text, not a number", hint="Put it in quotes", reason=Reason.WRONG_TYPE
        )
    if not all(str(one).strip() for one in one_of):
        raise ConfigurationError(f"{where}: {key!r} is empty", hint="Leave it out")


def _seen_from(folder: Path, key: str, value: Any) -> Any:
    """The value of an option.

    :raises RuntimeError: if it names a home that there is not.
    """
    if key in _LISTS:
        return list(value) if isinstance(value, list) else [value]
    text = str(value)
    if key == "port":
        return _port_seen_from(folder, text)
    if key == "journal":
        return f"{_path_seen_from(folder, text)}{_slash(text)}"
    return _path_seen_from(folder, text) if key in _PATHS else text


def _port_seen_from(folder: Path, port: str) -> str:
    """A port with the paths that it names."""
    place, mark, options = port.partition("?")
    before, colon, chip = place.partition("emulator:")
    if not before and chip:
        place = f"{colon}{_path_seen_from(folder, chip)}{_slash(chip)}"
    words = options.split("&")
    for number, word in enumerate(words):
        name, _, value = word.partition("=")
        if name == "shielded" and value not in ("yes", "no", ""):
            path = _path_seen_from(folder, value.replace("%26", "&"))
            words[number] = f"{name}={path.replace('&', '%26')}"
    return f"{place}{mark}{'&'.join(words)}"


def _slash(text: str) -> str:
    """The slash at the end of what is to be a file, which is refused for it."""
    return "/" if text.endswith(("/", os.sep)) else ""


def _path_seen_from(folder: Path, text: str) -> str:
    path = str(folder / load("pathlib:Path", "optiga")(text).expanduser())
    short = os.path.normpath(path)
    return short if os.path.realpath(short) == os.path.realpath(path) else path  # another one if a part is a link


class DefaultMap(dict[str, Any]):
    """The defaults of a command's options, and in a group those of its commands: what click asks for either.

    :param values: by the names of options, without dashes.
    """

    def __init__(self, values: Mapping[str, Any], command: click.Command, *, is_root: bool = True) -> None:
        super().__init__()
        self._values = values
        self._command = command
        self._is_root = is_root

    def __contains__(self, name: object) -> bool:
        return self._option(name) in self._values

    def __getitem__(self, name: str) -> Any:
        """The default of an option.

        :param name: that of its parameter.
        """
        return self._values[self._option(name)]

    def get(self, name: str, default: Any = None) -> Any:
        """The default of an option, or all those of a command."""
        if name in self:
            return self[name]
        if isinstance(self._command, click.Group):
            below = self._command.get_command(click.Context(self._command), name)
            return default if below is None else DefaultMap(self._values, below, is_root=False)
        return default

    def _option(self, name: object) -> str:
        """The option that a parameter is, without dashes; empty where the file says nothing of it."""
        for one in self._command.params:
            if one.name == name and isinstance(one, click.Option):
                option = max(one.opts, key=len).lstrip("-")
                is_elsewhere = (
                    option == "port" and not self._is_root
                )  # it would overrule what stands before the command
                return "" if is_elsewhere or (self._command.name, option) in EXCEPT else option
        return ""
