"""What ``import optiga`` costs and shows, and how what a program holds prints itself."""

from __future__ import annotations

import ast
import copy
import inspect
import pickle
import pydoc
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import optiga
from optiga import testing
from optiga.ca.creation import CaName, create_root
from optiga.provision import run
from optiga.provision.plan import make_plan
from tests.support.places import CONFIG, ROOT
from tests.support.processes import run_process

DOOR = ROOT / "optiga" / "__init__.py"
HEAVY = ("asn1crypto", "boto3", "click", "cryptography", "jmespath", "serial", "sqlite3")
SECRET = bytes(range(0xA0, 0xC0))


def loaded_by(program: str, folder: Path) -> set[str]:
    """The modules that an interpreter has in the end."""
    done = run_process(
        [sys.executable, "-c", f"{program}\nimport sys\nprint(*sys.modules)"], folder, {"PYTHONPATH": str(ROOT)}
    )
    assert (done.returncode, done.stderr) == (0, "")
    return set(done.stdout.split())


class TestDoor:
    def test_the_package_alone_loads_next_to_nothing(self, tmp_path: Path) -> None:
        loaded = loaded_by("import optiga; dir(optiga); optiga.OptigaError", tmp_path)
        assert not loaded & set(HEAVY)
        assert {name for name in loaded if name.startswith("optiga")} == {
            *("optiga", "optiga._version", "optiga.errors", "optiga.naming")
        }

    def test_a_name_loads_what_it_needs(self, tmp_path: Path) -> None:
        loaded = loaded_by("import optiga; optiga.open_chip; optiga.csr; optiga.write_certificate", tmp_path)
        assert not loaded & {"asn1crypto", "boto3", "click", "cryptography", "jmespath"}

    def test_all_of_it_is_shown(self) -> None:
        assert dir(optiga) == sorted(optiga.__all__)
        assert {"Chip", "csr", "open_chip", "write_certificate"} <= set(dir(optiga))
        for name in dir(optiga):
            assert getattr(optiga, name) is not None
        everything: dict[str, object] = {}
        exec("from optiga import *", everything)
        assert set(optiga.__all__) <= set(everything)

    def test_its_three_lists_are_one(self) -> None:
        """What type checkers see, what is loaded when it is used, and what is shown."""
        typed = {
            alias.asname or alias.name: node.module
            for block in ast.parse(DOOR.read_text(encoding="utf-8")).body
            if isinstance(block, ast.If)
            for node in block.body
            if isinstance(node, ast.ImportFrom)
            for alias in node.names
        }
        assert typed == optiga._HOMES
        at_once = {name for name in optiga.__all__ if name not in typed}
        assert at_once - {"__version__"} == {name for name in optiga.__all__ if name.endswith("Error")}

    def test_a_name_that_is_none(self) -> None:
        with pytest.raises(AttributeError, match="open_ship"):
            optiga.open_ship  # type: ignore[attr-defined]  # noqa: B018


class TestProvision:
    """The package is the function, too, and says what the function says."""

    def test_it_takes_what_the_function_takes(self) -> None:
        assert inspect.signature(optiga.provision) == inspect.signature(run.provision)

    def test_its_documentation(self) -> None:
        said = pydoc.render_doc(optiga.provision, renderer=pydoc.plaintext)
        assert said.index(f"optiga.provision{inspect.signature(run.provision)}") < said.index("PACKAGE CONTENTS")
        assert inspect.getdoc(run.provision) in inspect.getdoc(optiga.provision)  # type: ignore[operator]

    def test_its_modules(self, tmp_path: Path) -> None:
        words = (
            "import optiga; optiga.provision; import optiga.provision.steps as s; from optiga.provision import job; "
        )
        loaded_by(words + "assert callable(optiga.provision) and optiga.provision.steps is s", tmp_path)

    def test_it_goes_to_other_processes(self) -> None:
        assert pickle.loads(pickle.dumps(optiga.provision)) is optiga.provision
        assert copy.deepcopy(optiga.provision) is optiga.provision

    def test_a_plan_for_several_chips(self, optiga_chip: optiga.Chip, tmp_path: Path) -> None:
        create_root(tmp_path / "ca", CaName("door"))
        job = optiga.Job.new_identity(
            optiga.load_configuration(CONFIG),
            optiga.CaIssuerSpec(tmp_path / "ca"),
            thing=None,
            outputs=optiga.OutputLayout(tmp_path),
        )
        with optiga.open_journal(tmp_path / "journal.db", make=True) as journal:
            services = optiga.Services(journal, optiga.open_ca(tmp_path / "ca"))
            plan = make_plan(job, services)
            assert optiga.provision(job, services, optiga_chip, plan=plan).uid == optiga_chip.uid.hex


class TestWhatThingsSay:
    def test_chip(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            optiga_bench.forget_commands()
            shown = repr(chip)
            assert "bench" in shown
            assert optiga_bench.commands == ()
            assert chip.uid.hex not in shown
            assert chip.uid.hex in repr(chip)
            assert chip.model is not None
            assert chip.model.title in repr(chip)
            assert "closed" not in repr(chip)
            for session in (chip.objects, chip.crypto, chip.updates):
                assert type(session).__name__ in repr(session)
                assert "bench" in repr(session)
        assert "closed" in repr(chip)

    def test_key(self, optiga_chip: optiga.Chip) -> None:
        key = optiga_chip.generate_key("third", "secp384r1")
        assert "0xE0F2" in repr(key)
        assert "secp384r1" in repr(key)

    def test_references(self) -> None:
        for text in ("second", "0xE0E1"):
            ref = optiga.ObjectRef.parse(text)
            assert eval(repr(ref), {"ObjectRef": optiga.ObjectRef}) == ref
        slot = optiga.ObjectRef.parse("second").slot
        assert slot is not None
        assert {"second", "0xE0F1,", "0xE0E1>"} <= set(repr(slot).replace(":", "").split())

    def test_no_secret(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            chip.write(0xE140, SECRET)
            snapshot = optiga_bench.snapshot()
            for one in (chip, optiga_bench, snapshot, chip.objects):
                assert SECRET.hex()[:8] not in repr(one).lower()
                assert repr(SECRET)[2:10] not in repr(one)

    def test_results_are_values(self) -> None:
        result = optiga.WriteResult(0xE0E1, "second", 3, written=True, key_match=True, key_oid=0xE0F1)
        assert "0xE0E1" in repr(result)
        assert "0xE0F1" in repr(result)
        assert pickle.loads(pickle.dumps(result)) == result
        csr = optiga.Csr(b"\x30\x00", "00")
        assert pickle.loads(pickle.dumps(csr)) == csr
        with pytest.raises(AttributeError):
            csr.der = b""  # type: ignore[misc]


class TestModel:
    @pytest.mark.parametrize("optiga_model", ["trust-m-v3", "trust-m-v1", "trust-x", "trust-m-express", "trust-m-mtr"])
    def test_each(self, optiga_model: str, optiga_chip: optiga.Chip) -> None:
        assert optiga_chip.model is not None
        assert optiga_chip.model.name == optiga_model
        assert optiga_model in repr(optiga_chip.model)

    def test_it_is_asked_for_once(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            assert chip.model is chip.model
            assert len(optiga_bench.commands) == 3  # the application, the UID, the metadata that tell a configuration

    def test_a_firmware_that_nobody_knows(self, optiga_bench: testing.Bench) -> None:
        with optiga_bench.open() as chip:
            chip._uid = replace(chip.uid, firmware_build="0000")
            assert chip.model is None
