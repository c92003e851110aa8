"""The port of an emulated chip in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl

from optiga.errors import ConfigurationError

if TYPE_CHECKING:
    from optiga.transport.base import Transport

_NAME = "emulator"
_OPTIONS = ("model", "timing", "shielded")


class EmulatorPort(NamedTuple):
    """An emulated chip in this process.

    :param name: how the user names it.
    :param path: its file; None for the user's own default chip.
    :param model: name of the model to make where the file is new; None for the default.
    :param real_timing: whether exchanges take as long as on a board.
    :param shielded: whether they go over a shielded connection.
    """

    name: str
    path: Path | None = None
    model: str | None = None
    real_timing: bool = False
    shielded: bool = False

    @classmethod
    def parse(cls, text: str) -> EmulatorPort:
        """From ``emulator[:FILE][?model=…&timing=real&shielded=yes]``.

        :raises ConfigurationError: if it is written wrongly.
        """
        where, _, query = text.partition("?")
        _, colon, path = where.partition(":")
        if colon and not path.strip():
            raise ConfigurationError(
                f"port {text} names no file behind the colon", hint="Name one, or say emulator for your own chip"
            )
        options = dict(parse_qsl(query, keep_blank_values=True))
        for key in options:
            if key not in _OPTIONS:
                raise ConfigurationError(
                    f"port {text}: unknown option {key!r}", hint=f"An emulated chip has {', '.join(_OPTIONS)}"
                )
        return cls(
            text,
            _path(text, path) if path else None,
            options.get("model"),
            real_timing=_is_second(text, options, "timing", ("none", "real")),
            shielded=_is_second(text, options, "shielded", ("no", "yes")),
        )

    @property
    def chip_file(self) -> Path:
        from optiga.emulator import default_chip_path

        return self.path or default_chip_path()

    @property
    def is_network(self) -> bool:
        return False

    def open(self) -> Transport:
        """Open the chip's file; a new chip is made where there is none."""
        from optiga.transport.emulated import open_emulated
        from optiga.transport.trace import inform

        inform("%s: open", self.name)
        return open_emulated(self.chip_file, model=self.model, real_timing=self.real_timing, shielded=self.shielded)


def _path(text: str, path: str) -> Path:
    try:
        return Path(path).expanduser()
    except RuntimeError:
        user = path.split("/", maxsplit=1)[0]
        raise ConfigurationError(f"port {text}: {user} is nobody's home", hint="Write the whole path") from None


def is_emulator(name: str) -> bool:
    """Whether the name of a port is an emulated chip's; nothing else ever stands for one."""
    return name.strip().split("?", 1)[0].split(":", 1)[0].lower() == _NAME


def _is_second(text: str, options: dict[str, str], name: str, words: tuple[str, str]) -> bool:
    """Whether an option of two words is the second; it is the first where it is left out."""
    word = options.get(name, words[0])
    if word not in words:
        raise ConfigurationError(f"port {text}: {name} {word!r} is unknown", hint=f"It is {' or '.join(words)}")
    return word == words[1]
