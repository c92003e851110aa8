"""The paths of the project's own policy templates, as shown in messages."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

EVERYTHING, THING, OPERATOR = "my_policy.template", "thing_policy.template", "operator_iam_policy.json"
"""What lets a device do everything, the predecessor's; what binds it to its thing; what its maker must be allowed."""


def own_template(name: str) -> Path:
    """Where one of them lies: within the package if that was installed, beside it in a checkout."""
    package = Path(str(files("optiga"))).resolve()
    places = [folder / "templates" / name for folder in (package, package.parent)]
    return next((place for place in places if place.is_file()), places[0])
