"""Who imports whom, read from the source: imports in functions and for type checkers count, too."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The folder that the packages lie in."""


def module_names(package: str) -> dict[str, Path]:
    """Every module of a package with its file."""
    names = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return names


@cache
def imports_of(path: Path) -> frozenset[str]:
    """What a file imports: modules, and the names taken from them with dots between."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return frozenset(found)


def graph(package: str) -> dict[str, set[str]]:
    """Each module of a package with the modules of the package that it imports."""
    modules = module_names(package)
    return {
        name: {known for wanted in imports_of(path) if (known := _module(wanted, modules)) and known != name}
        for name, path in modules.items()
    }


def reachable(start: Iterable[str], edges: Mapping[str, Iterable[str]]) -> set[str]:
    """Everything that some modules import, and what that imports, and so on; they themselves, too."""
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += edges.get(name, ())
    return seen


def circles(edges: Mapping[str, Iterable[str]]) -> list[str]:
    """Every module that imports itself by way of others."""
    return sorted(name for name, direct in edges.items() if name in reachable(direct, edges))


def _module(wanted: str, modules: Mapping[str, Path]) -> str | None:
    """The module of something imported: itself, or what it is a name of."""
    return wanted if wanted in modules else next((m for m in (wanted.rpartition(".")[0],) if m in modules), None)
