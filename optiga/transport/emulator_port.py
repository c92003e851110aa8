"""The port of an emulated chip in this process."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from optiga.emulator import default_chip_path
from optiga.emulator.models import find_model
from optiga.errors import BoardError, ConfigurationError, Reason, UnprovenError
from optiga.files.files import is_there
from optiga.files.shown import file_in_command
from optiga.protocol.objects import FACTORY_SECRET
from optiga.transport.emulated import open_emulated, open_shielded
from optiga.transport.port_options import parse_path, read_binding_secret, split_options
from optiga.transport.trace import inform
from optiga.values import Value, frozen

if TYPE_CHECKING:
    from optiga.transport.base import Transport

_OPTIONS = ("model", "timing", "shielded")


@frozen
class EmulatorPort(Value):
    """An emulated chip in this process.

    :param name: how the user names it.
    :param path: its file; None for the user's own default chip.
    :param model: name of the model to make where the file is new; None for the default.
    :param real_timing: whether exchanges take as long as on a board.
    :param shielded: whether it is only said that they go over a shielded connection.
    :param secret: file of the platform binding secret with which they do; None for none.
    """

    name: str
    path: Path | None = None
    model: str | None = None
    real_timing: bool = False
    shielded: bool = False
    secret: Path | None = None

    @classmethod
    def parse(cls, text: str) -> EmulatorPort:
        """From ``emulator[:FILE][?model=…&timing=real&shielded=yes|FILE]``.

        :raises ConfigurationError: if it is written wrongly.
        """
        where, options = split_options(text, "An emulated chip", _OPTIONS)
        _, colon, path = where.partition(":")
        if path.endswith(("/", os.sep)):
            raise ConfigurationError(f"port {text}: {path} names a folder, not a chip file", hint="Name a file in it")
        if colon and not path.strip():
            raise ConfigurationError(
                f"port {text} names no file behind the colon", hint="Give a file, or use emulator for your own chip"
            )
        if (model := options.get("model")) is not None:
            _check_model(text, model)
        shielded = options.get("shielded", "no")
        return cls(
            text,
            parse_path(text, "path", path) if path else None,
            model,
            real_timing=_is_second(text, options, "timing", ("none", "real")),
            shielded=shielded == "yes",
            secret=None if shielded in ("no", "yes") else parse_path(text, "shielded", shielded),
        )

    @property
    def chip_file(self) -> Path:
        return self.path or default_chip_path()

    @property
    def is_network(self) -> bool:
        return False

    def shielded_with(self, secret: Path | None) -> EmulatorPort:
        return replace(self, shielded=False, secret=secret)

    def open(self) -> Transport:
        """Open the chip's file; a new chip is made where there is none."""
        inform("%s: open", self.name)
        path, model, slow, told = self.chip_file, self.model, self.real_timing, self._as_given
        secret = None if self.secret is None else read_binding_secret(self.secret)
        if secret not in (None, FACTORY_SECRET) and not is_there(path):
            raise UnprovenError(
                f"there is no emulated chip {path}, and a new one does not have the secret in {self.secret}",
                hint=f"To make a chip, use 'python -m optiga emulator new {file_in_command(path)}'",
                port=self.name,
                reason=Reason.NOT_FOUND,
            )
        try:
            if secret is not None:
                return open_shielded(path, secret, port=self.name, model=model, real_timing=slow, told=told)
            return open_emulated(path, model=model, real_timing=slow, shielded=self.shielded, told=told)
        except BoardError as error:
            told(error)
            raise

    def _as_given(self, error: BoardError) -> BoardError:
        """An error of the chip's file as one of this port; a file that the user has not named is named, too."""
        if error.port == str(self.chip_file):
            error.port = self.name
            if self.path is None:
                error.locate(str(self.chip_file))
        return error


def _check_model(text: str, name: str) -> None:
    """Refuse a model that there is not, before the chip is announced."""
    try:
        find_model(name)
    except ConfigurationError as error:
        error.locate(f"port {text}")
        raise


def _is_second(text: str, options: dict[str, str], name: str, words: tuple[str, str]) -> bool:
    """Whether an option of two words is the second; it is the first where it is left out."""
    word = options.get(name, words[0])
    if word not in words:
        raise ConfigurationError(f"port {text}: {name} {word!r} is unknown", hint=f"Use {' or '.join(words)}")
    return word == words[1]
