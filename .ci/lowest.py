"""The lowest versions that optiga's metadata allows, as constraints for pip: ``lowest.py PYTHON-VERSION EXTRA…``.

Reads the metadata of the optiga that is installed for the running interpreter. What optiga's dependencies need in turn
is pip's to choose.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import metadata

from packaging.requirements import Requirement

NAME = "optiga-personalize"


def lowest(requirement: Requirement) -> str:
    """The version behind ``>=`` or ``==``."""
    bounds = [each.version for each in requirement.specifier if each.operator in (">=", "==")]
    if len(bounds) != 1:
        sys.exit(f"{NAME}'s metadata names no lowest version: {requirement}")
    return bounds[0]


def constraints(python: str, extras: list[str]) -> Iterator[str]:
    """One for each package that optiga itself names.

    :param python: the version to install for, as in ``3.10``.
    """
    for text in metadata.requires(NAME) or []:
        requirement = Requirement(text)
        environments = [
            {"python_version": python, "python_full_version": f"{python}.0", "extra": each} for each in extras
        ]
        if requirement.marker is None or any(requirement.marker.evaluate(each) for each in environments):
            yield f"{requirement.name}=={lowest(requirement)}"


if __name__ == "__main__":
    print("\n".join(sorted(set(constraints(sys.argv[1], sys.argv[2:])))))
