"""Write the software bill of materials of a wheel, in CycloneDX's JSON: ``sbom.py PYTHON WHEEL FOLDER``.

PYTHON is the interpreter of a virtual environment in which the wheel is installed, and nothing else: its packages, in
the versions that pip has chosen, are the materials. The same environment gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

NAME = "optiga-personalize"


def list_environment(python: str) -> Any:
    """The materials as ``cyclonedx-py`` lists them: the wheel is one among them."""
    command = [sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--sv", "1.6", python]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def requirements(wheel: Path) -> set[str]:
    """The names of the packages that the wheel needs here."""
    with ZipFile(wheel) as archive:
        name = next(each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        texts = message_from_bytes(archive.read(name)).get_all("Requires-Dist", [])
    needed = [each for each in map(Requirement, texts) if not each.marker or each.marker.evaluate({"extra": ""})]
    return {canonicalize_name(each.name) for each in needed}


def name_wheel(sbom: Any, wheel: Path) -> None:
    """Make the wheel the subject of the document: named by its digest, not by where it lay when it was installed."""
    (own,) = (each for each in sbom["components"] if each["name"] == NAME)
    sbom["components"].remove(own)
    own["type"] = "application"
    own["hashes"] = [{"alg": "SHA-256", "content": hashlib.sha256(wheel.read_bytes()).hexdigest()}]
    own["externalReferences"] = [each for each in own["externalReferences"] if not each["url"].startswith("file:")]
    sbom["metadata"]["component"] = own


def drop_extras(sbom: Any, wheel: Path) -> None:
    """Leave out of what the wheel depends on what only an extra needs, which cyclonedx-py has where it is installed."""
    names = {each["bom-ref"]: canonicalize_name(each["name"]) for each in sbom["components"]}
    own = sbom["metadata"]["component"]["bom-ref"]
    needed = requirements(wheel)
    for each in sbom["dependencies"]:
        if each["ref"] == own:
            each["dependsOn"] = [reference for reference in each.get("dependsOn", []) if names[reference] in needed]


def check(sbom: Any, wheel: Path) -> None:
    """Exit unless the document lists all that the wheel needs, and nothing that it does not need."""
    names = {each["bom-ref"]: canonicalize_name(each["name"]) for each in sbom["components"]}
    needs = {each["ref"]: each.get("dependsOn", []) for each in sbom["dependencies"]}
    own = sbom["metadata"]["component"]["bom-ref"]
    direct = {names[each] for each in needs[own]}
    if direct != requirements(wheel):
        sys.exit(f"the SBOM and the wheel differ: {sorted(direct ^ requirements(wheel))}")
    reached, waiting = set(), [own]
    while waiting:
        reference = waiting.pop()
        if reference not in reached:
            reached.add(reference)
            waiting += needs[reference]
    if reached != {own, *names}:
        sys.exit(f"not what the wheel needs, but installed: {sorted({own, *names} - reached)}")
    unnamed = [each["bom-ref"] for each in sbom["components"] if not (each.get("version") and each.get("purl"))]
    if unnamed:
        sys.exit(f"neither a version nor a package URL: {unnamed}")


def main(python: str, wheel: Path, folder: Path) -> None:
    sbom = list_environment(python)
    name_wheel(sbom, wheel)
    drop_extras(sbom, wheel)
    check(sbom, wheel)
    text = json.dumps(sbom, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    errors = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if errors is not None:
        sys.exit(f"no valid SBOM: {errors}")
    path = folder / f"{wheel.stem}.cdx.json"
    path.write_text(text, encoding="utf-8")
    materials = " ".join(each["bom-ref"] for each in sbom["components"])
    print(f"{path.name}: {len(sbom['components'])} packages: {materials}")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
