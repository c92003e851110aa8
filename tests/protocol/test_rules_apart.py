"""The rules engine stands apart: what the chip is checked against knows nothing of it, and no circle leads to it."""

from __future__ import annotations

import pytest

from tests.support.import_graph import circles, graph, imports_of, module_names, reachable

RULES = "optiga.protocol.rules"
WITNESSES = (
    "tests.emulator.test_rules_model",
    "tests.emulator.test_infineon_updates",
    "tests.interop",
    "tests.support.interop",
)
"""What the chip is compared with: the tests' own model of the rules, what Infineon's host and library say."""


@pytest.mark.long
def test_nothing_that_bears_witness_knows_the_rules() -> None:
    modules, edges = module_names("tests"), graph("tests")
    witnesses = [name for name in modules if name.startswith(WITNESSES)]
    assert "tests.emulator.test_rules_model" in witnesses
    assert "tests.interop.test_optigatrust" in witnesses
    asked = reachable(witnesses, edges)
    assert "tests.support.emulator.emulated" in asked
    knowing = {name for name in asked for wanted in imports_of(modules[name]) if wanted.startswith(RULES)}
    assert knowing == set()


def test_the_look_at_imports_is_not_blind() -> None:
    modules = module_names("tests")
    assert any(wanted.startswith(RULES) for wanted in imports_of(modules["tests.protocol.test_rules_access"]))
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c"]


def test_no_circle_on_the_floors_of_the_chip() -> None:
    edges = graph("optiga")
    floors = tuple(f"optiga.{room}." for room in ("protocol", "link", "emulator", "transport", "chip"))
    assert [name for name in circles(edges) if name.startswith(floors)] == []


@pytest.mark.long
def test_rules_import_nothing_above_the_protocol() -> None:
    edges = graph("optiga")
    above = {
        name
        for name in reachable([name for name in edges if name.startswith(RULES)], edges)
        if not name.startswith("optiga.protocol")
    }
    assert above <= {
        "optiga",
        *(f"optiga.{name}" for name in ("arguments", "errors", "naming", "suggestions", "values")),
    }
