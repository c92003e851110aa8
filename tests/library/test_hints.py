"""What errors advise a program: functions and parameters of the library, no commands and no options."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import optiga
from optiga import testing
from optiga.ca.request import take_request
from optiga.cli.support.options import option_of
from optiga.emulator.control import Control
from optiga.errors import OptigaError, naming, told
from optiga.objects.objects import check_data
from optiga.protocol.objects import OBJECTS
from tests.support.places import CONFIG

MISTAKES: dict[str, tuple[Callable[[optiga.Chip], object], str, str]] = {
    "no certificate": (
        lambda chip: optiga.write_certificate(chip, b"junk"),
        "To write bytes to 0xE0E1, use 'chip.write'",
        "use 'object write --offset 0', or 'object write --hex'",
    ),
    "a counter's data": (
        lambda _: check_data(OBJECTS[0xE120], b"1", 0),
        "Use 'counters.write_counter'",
        "Use 'counter set'",
    ),
}


@pytest.mark.parametrize("size", [0, 7, 257])
def test_how_many_random_bytes_there_are(size: int) -> None:
    with testing.emulated_chip() as chip, pytest.raises(optiga.ConfigurationError, match="8 to 256"):
        chip.random(size)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_program_is_not_told_of_commands(mistake: str) -> None:
    act, in_program, on_command_line = MISTAKES[mistake]
    with testing.emulated_chip() as chip, pytest.raises(OptigaError) as raised:
        act(chip)
    said = str(raised.value)
    assert in_program in said
    assert "object write" not in said
    assert "counter set" not in said
    assert on_command_line in raised.value.text(option_of)
    assert "." not in raised.value.parameter
    assert told(raised.value.hint, option_of) in raised.value.text(option_of)


WITHOUT_WITH: dict[str, Callable[[], object]] = {
    "with open_journal(path) as journal:": lambda: optiga.open_journal("none").all(),  # type: ignore[attr-defined]
    "with emulated_chip() as chip:": lambda: testing.emulated_chip().uid,  # type: ignore[attr-defined]
    "with bench() as bench:": lambda: testing.bench().open(),  # type: ignore[attr-defined]
    "with served_board() as board:": lambda: testing.served_board().port,  # type: ignore[attr-defined]
    "with served_aws() as cloud:": lambda: testing.served_aws().environment,  # type: ignore[attr-defined]
}


@pytest.mark.parametrize("wanted", WITHOUT_WITH)
def test_without_a_with_statement(wanted: str) -> None:
    with pytest.raises(AttributeError) as raised:
        WITHOUT_WITH[wanted]()
    assert f"write '{wanted}'" in str(raised.value)


def test_a_context_is_used_once() -> None:
    made = testing.emulated_chip()
    assert "write 'with emulated_chip() as chip:'" in repr(made)
    with made as chip:
        assert chip.model is not None
    with pytest.raises(RuntimeError, match="call the function again"), made:
        pass


def test_every_public_function_for_with_statements_says_so() -> None:
    """One that is new is made with :func:`optiga.contexts.context`, too."""
    for package in (optiga, testing):
        for name in package.__all__:
            code = getattr(inspect.unwrap(getattr(package, name)), "__code__", None)
            if code is not None and code.co_flags & inspect.CO_GENERATOR:
                assert f"with {name}(" in " ".join(WITHOUT_WITH)


def test_a_hash_that_has_not_begun() -> None:
    with testing.emulated_chip() as chip:
        running = chip.crypto.run_hash()
        acts: tuple[Callable[[], object], ...] = (lambda: running.update(b"x"), running.digest)
        for act in acts:
            with pytest.raises(RuntimeError, match=r"with chip.crypto.run_hash\(\) as running:"):
                act()


CONTENT: dict[str, tuple[Callable[[optiga.Chip, str], object], str]] = {
    "a configuration": (optiga.csr, '{"csr_config": {"slot": "second"}}'),
    "a configuration alone": (lambda _, text: optiga.load_configuration(text), '{\n  "csr_config": {}\n}'),
    "a list": (optiga.csr, '[{"slot": "second"}]'),
    "a certificate": (optiga.write_certificate, "MIIB" * 100),
    "a public key": (lambda chip, text: optiga.csr(chip, CONFIG, keep_key=True, public_key=text), "MFkw" * 100),
    "a request": (lambda _, text: take_request(text), "MIIC\n" * 3),
}


@pytest.mark.parametrize("what", CONTENT)
def test_content_in_place_of_a_path_is_not_repeated(what: str) -> None:
    act, text = CONTENT[what]
    with testing.bench() as bench, bench.open() as chip:
        bench.forget_commands()
        with pytest.raises(optiga.ConfigurationError, match=f"a text of {len(text)} characters") as raised:
            act(chip, text)
        assert bench.commands == ()
    assert text not in str(raised.value)
    assert "Give " in raised.value.hint


def test_a_path_that_looks_like_content_is_a_path(tmp_path: Path) -> None:
    path = tmp_path / "a\nb.jsn"
    path.write_bytes(CONFIG.read_bytes())
    assert optiga.load_configuration(str(path)) == replace(optiga.load_configuration(CONFIG), source=str(path))


def test_no_data_to_write() -> None:
    with testing.bench() as bench, bench.open() as chip:
        before = chip.read(0xF1D0)
        bench.forget_commands()
        for write in (chip.write, chip.objects.write):
            with pytest.raises(optiga.ConfigurationError, match="no data are given for 0xF1D0"):
                write(0xF1D0, b"")
        assert bench.commands == ()
        assert chip.read(0xF1D0) == before


def test_a_path_as_text_is_kept_as_a_path() -> None:
    made = {
        optiga.CaIssuerSpec("a/ca", 7): optiga.CaIssuerSpec(Path("a/ca"), 7),
        optiga.TrustSpec("root.pem"): optiga.TrustSpec(Path("root.pem")),
        optiga.ThingSpec(policy_template="lamp.json"): optiga.ThingSpec(policy_template=Path("lamp.json")),
        optiga.OutputLayout("out/{uid}"): optiga.OutputLayout(Path("out/{uid}")),
    }
    for of_text, of_path in made.items():
        assert of_text == of_path
        assert repr(of_text) == repr(of_path)
        assert str not in {
            type(getattr(of_text, name)) for name in ("folder", "file", "policy_template") if hasattr(of_text, name)
        }


NAMED = {
    "Use {thing=None} or {port=PORT}": ("Use thing=None or port=PORT", "Use --no-cloud or --port PORT"),
    "Use {region=eu-central-1}": ("Use region='eu-central-1'", "Use --region eu-central-1"),
    "Use {object=second}": ("Use object='second'", "Use --slot second"),
    "To continue, {again.call}": ("To continue, call the function again", "To continue, run the same command again"),
    "Use 'python -m optiga emulator serve {tcp=HOST:PORT}'": (
        "Use 'python -m optiga emulator serve --tcp HOST:PORT'",
        "Use 'emulator serve --tcp HOST:PORT'",
    ),
    "Use 'python -m optiga counter set 0xE120' with {value} and {threshold}": (
        "Use 'python -m optiga counter set 0xE120' with --value and --threshold",
        "Use 'counter set 0xE120' with --value and --threshold",
    ),
    "Use 'python -m optiga journal show'. For another journal, use {journal}": (
        "Use 'python -m optiga journal show'. For another journal, use 'journal'",
        "Use 'journal show'. For another journal, use --journal",
    ),
    "Use 'python -m optiga boards', or {port=emulator}": (
        "Use 'python -m optiga boards', or port='emulator'",
        "Use 'boards', or --port emulator",
    ),
}


@pytest.mark.parametrize("template", NAMED)
def test_a_command_has_options_and_a_call_has_parameters(template: str) -> None:
    text = naming(template)
    assert (str(text), told(text, option_of)) == NAMED[template]


def test_no_control_is_there(tmp_path: Path) -> None:
    with pytest.raises(optiga.BoardError) as raised:
        Control(tmp_path / "none.sock")
    assert "'python -m optiga emulator serve --control SOCKET'" in str(raised.value)
    assert "'emulator serve --control SOCKET'" in raised.value.text(option_of)
