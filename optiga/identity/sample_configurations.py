"""The project's own sample configurations, one for each usual case."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from optiga.errors import ConfigurationError, Reason
from optiga.suggestions import suggest

_FOLDER = "configs"
_SUFFIX = ".jsn"
_PREFIX = "config_"


def sample_paths() -> dict[str, Path]:
    """The files of the samples by their names, which are the files' without ``config_`` and ``.jsn``; sorted.

    They lie within the package if that was installed, beside it in a checkout.

    :raises ConfigurationError: if there are none.
    """
    package = Path(str(files("optiga"))).resolve()
    for folder in (package / _FOLDER, package.parent / _FOLDER):
        if found := sorted(folder.glob(f"{_PREFIX}*{_SUFFIX}")):
            return {_short(path.name): path for path in found}
    raise ConfigurationError(
        f"the sample configurations are missing: {package / _FOLDER} has none",
        hint="Install the package again",
        reason=Reason.NOT_FOUND,
    )


def find_sample(name: str) -> Path:
    """The file of a sample.

    :param name: with or without ``config_`` at the beginning and ``.jsn`` at the end, in any letter case.
    :raises ConfigurationError: if there is none of that name.
    """
    paths = sample_paths()
    wanted = _short(name.strip().lower())
    if wanted not in paths:
        hint = suggest(wanted, paths, {})
        raise ConfigurationError(
            f"there is no sample {name!r}{hint} (one of {', '.join(paths)})", reason=Reason.NOT_FOUND, parameter="name"
        )
    return paths[wanted]


def _short(name: str) -> str:
    return name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
