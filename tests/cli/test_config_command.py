"""``config``: configuration files are checked and shown without a chip."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from optiga.identity.configuration_schema import configuration_schema
from optiga.identity.new_configuration import ALGORITHMS
from tests.support.cli.runner import Cli
from tests.support.identity.csr_helpers import NAME, PARAMETERS, RSA, change_config, seed_config, write_config
from tests.support.identity.json_schema import is_valid
from tests.support.places import CONFIG, CONFIGS

BAD = {f"{NAME}.country_name": "Germany", f"{PARAMETERS}.slot": "five", "aws_iot_config.thing": "my lamp"}


class TestCheck:
    def test_what_a_file_says(self, cli: Cli) -> None:
        result = cli("config", "check", CONFIG, "--output", "json")
        assert (result.code, result.err) == (0, "")
        (found,) = json.loads(result.out)["files"]
        components = seed_config()["csr_config"]["certificate_info"]
        assert found == {
            "file": str(CONFIG),
            "slot": "second",
            "algorithm": "secp256r1",
            "subject": [{"name": name, "value": value} for name, value in components.items()],
            "thing": "my_thing",
            "policy": "my_policy",
        }
        text = cli("config", "check", CONFIG)
        assert (text.code, text.err) == (0, "")
        assert "slot: second\n" in text.out
        assert "country_name=DE" in text.out
        assert list(Path().iterdir()) == []

    def test_pem_is_told_what_this_command_takes(self, cli: Cli) -> None:
        Path("device.pem").write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
        for words, needs in ((("config", "check"), "--write device.pem"), (("emulator", "load"), "emulator dump")):
            result = cli(*words, "device.pem", *(["x.chip"] if "load" in words else []))
            assert (result.code, len(result.errors)) == (2, 1)
            assert "device.pem is PEM" in result.errors[0]
            assert needs in result.errors[0]
            assert "its object" not in result.errors[0]

    def test_one_mistake_is_one_error(self, cli: Cli) -> None:
        path = write_config(Path(), change_config({"aws_iot_config.thing": "lamp_{UID}"}))
        result = cli("config", "check", path)
        assert (result.code, len(result.errors)) == (2, 1)
        assert "{UID}" in result.errors[0]

    def test_an_rsa_key_without_aws(self, cli: Cli) -> None:
        path = write_config(Path(), change_config({**RSA, "aws_iot_config": {}}))
        (found,) = json.loads(cli("config", "check", path, "--output", "json").out)["files"]
        assert (found["slot"], found["thing"], found["policy"]) == ("five", None, None)
        assert found["algorithm"] == "rsa2048"

    def test_every_mistake_of_every_file(self, cli: Cli) -> None:
        bad = write_config(Path(), change_config(BAD))
        Path("broken.jsn").write_text('{"csr_config": \n')
        Path("latin.jsn").write_bytes(b'{\n"\xfc": 1}')
        result = cli("config", "check", CONFIG, bad, "broken.jsn", "missing.jsn", "latin.jsn")
        assert (result.code, result.out) == (2, "")
        said = result.errors
        assert [line.removeprefix("Error: ").split(": ")[0] for line in said] == [
            "config.jsn:4",
            "config.jsn:13",
            "config.jsn:24",
            "broken.jsn:2",
            "cannot read the configuration missing.jsn",
            "latin.jsn:2",
        ]
        assert "country_name" in said[0]
        assert "thing" in said[2]
        assert "letters, digits" in said[2]
        assert "UTF-8" in said[5].partition("not UTF-8")[2]
        assert [line for line in result.err.splitlines() if line not in said] == [f"{CONFIG} is valid"]

    def test_mistakes_as_json(self, cli: Cli) -> None:
        bad = write_config(Path(), change_config(BAD))
        result = cli("config", "check", CONFIG, "missing.jsn", bad, "--output", "json")
        assert (result.code, result.out) == (2, "")
        error = json.loads(result.err)["error"]
        assert (error["family"], error["exit_code"], error["reason"]) == ("configuration", 2, "not_found")
        assert [problem.split(": ")[0] for problem in error["problems"]] == [
            "config.jsn:4",
            "config.jsn:13",
            "config.jsn:24",
        ]

    @pytest.mark.parametrize("field", ["thing", "policy"])
    @pytest.mark.parametrize("name", ["ä", "a b", "x" * 129, "{uid}" * 3])
    def test_names_that_aws_does_not_take(self, cli: Cli, field: str, name: str) -> None:
        result = cli("config", "check", write_config(Path(), change_config({f"aws_iot_config.{field}": name})))
        assert result.code == 2
        (line,) = result.errors
        assert f"config.jsn:{24 if field == 'thing' else 25}: aws_iot_config.{field}: " in line

    def test_a_slot_takes_the_place_of_the_files(self, cli: Cli) -> None:
        result = cli("config", "check", CONFIG, "--slot", "0xE0F2", "--query", "files[0].slot")
        assert (result.code, result.out) == (0, "third\n")
        refused = cli("config", "check", CONFIG, "--slot", "five")
        assert refused.code == 2
        assert "--slot 'five'" in refused.err

    @pytest.mark.parametrize("words", [(), ("",), ("-",), (CONFIG, "--query", "nothing")])
    def test_mistakes_of_the_command_line(self, cli: Cli, words: tuple[object, ...]) -> None:
        result = cli("config", "check", *words)
        assert (result.code, result.out) == (2, "")
        assert len(result.err.splitlines()) == 1


class TestSample:
    def test_the_list_has_a_line_for_each_file(self, cli: Cli) -> None:
        result = cli("config", "sample")
        assert (result.code, result.err) == (0, "")
        _, *rows = result.out.splitlines()
        names = [f"config_{row.split()[0]}.jsn" for row in rows]
        assert names == sorted(path.name for path in CONFIGS.iterdir())
        found = json.loads(cli("config", "sample", "--output", "json").out)["samples"]
        by_name = {one["name"]: one for one in found}
        assert by_name["2k_rsa_secondslot"]["algorithm"] == "rsa2048"
        assert "for each chip" in by_name["nistp256_ecdsa_thing_per_chip"]["description"]
        assert all(row.endswith(one["description"]) for row, one in zip(rows, found, strict=True))

    @pytest.mark.parametrize("path", sorted(CONFIGS.iterdir()), ids=lambda path: path.stem)
    def test_each_is_printed_as_it_is(self, cli: Cli, path: Path) -> None:
        short = path.stem.removeprefix("config_")
        for name in (short, path.stem, path.name, short.upper()):
            result = cli("config", "sample", name)
            assert (result.code, result.out, result.err) == (0, path.read_text(encoding="utf-8"), "")
        assert cli("config", "sample", short, "--out", "own.jsn").code == 0
        assert Path("own.jsn").read_bytes() == path.read_bytes()
        assert cli("config", "check", "own.jsn").code == 0

    def test_what_stands_in_one(self, cli: Cli) -> None:
        result = cli("config", "sample", CONFIG.name, "--query", "csr_config.key_info.parameters.curve")
        assert (result.code, result.out) == (0, "secp256r1\n")
        assert json.loads(cli("config", "sample", CONFIG.name, "--output", "json").out) == seed_config()

    def test_a_file_that_is_there_stays(self, cli: Cli) -> None:
        Path("own.jsn").write_text("mine")
        result = cli("config", "sample", CONFIG.name, "--out", "own.jsn")
        assert (result.code, result.out) == (2, "")
        assert len(result.errors) == 1
        assert "already" in result.err
        assert "--out" in result.err
        assert Path("own.jsn").read_text() == "mine"

    def test_a_name_that_is_none(self, cli: Cli) -> None:
        result = cli("config", "sample", "nistp256_ecdsa_secondslott")
        assert (result.code, result.out) == (2, "")
        assert "did you mean 'nistp256_ecdsa_secondslot'?" in result.err
        for words in (("",), ("../pyproject.toml",), ("--out", "x")):
            result = cli("config", "sample", *words)
            assert (result.code, result.out, len(result.err.splitlines())) == (2, "", 1)
        assert list(Path().iterdir()) == []


class TestSchema:
    def test_it_is_printed_or_written(self, cli: Cli) -> None:
        result = cli("config", "schema")
        assert (result.code, result.err) == (0, "")
        assert json.loads(result.out) == configuration_schema()
        assert json.loads(cli("config", "schema", "--output", "json").out) == configuration_schema()
        assert json.loads(cli("config", "schema", "--query", "required").out) == ["csr_config"]
        assert cli("config", "schema", "--out", "schema.json").code == 0
        assert Path("schema.json").read_text() == result.out

    def test_a_file_that_is_there(self, cli: Cli) -> None:
        Path("schema.json").write_text("mine")
        assert cli("config", "schema", "--out", "schema.json").code == 2
        assert Path("schema.json").read_text() == "mine"
        assert cli("config", "schema", "--out", "schema.json", "--force").code == 0
        assert json.loads(Path("schema.json").read_text()) == configuration_schema()
        assert cli("config", "schema", "--force").code == 2


class Terminal(io.StringIO):
    """Standard input with somebody who types."""

    def isatty(self) -> bool:
        return True


class TestNew:
    def said(self, cli: Cli, path: str = "new.jsn") -> dict[str, object]:
        result = cli("config", "check", path, "--output", "json")
        assert result.code == 0, result.err
        (found,) = json.loads(result.out)["files"]
        return {name: value for name, value in found.items() if name != "file"}

    def test_the_usual(self, cli: Cli) -> None:
        result = cli("config", "new", "new.jsn", "--yes", "--output", "json")
        assert result.code == 0
        assert json.loads(result.out) == {"file": "new.jsn", **self.said(cli)}
        assert self.said(cli) == {
            "slot": "second",
            "algorithm": "secp256r1",
            "subject": [{"name": "common_name", "value": "{uid}"}],
            "thing": "thing_{uid}",
            "policy": "my_policy",
        }
        assert is_valid(configuration_schema(), json.loads(Path("new.jsn").read_text()))

    def test_all_mistakes_are_told(self, cli: Cli) -> None:
        wrong = ("--subject", "country_name=Germany", "--thing", "a b", "--policy", "c d", "--slot", "five")
        result = cli("config", "new", "new.jsn", *wrong, "--algorithm", "p256")
        assert (result.code, len(result.errors)) == (2, 4)
        for option, value in (("subject", "Germany"), ("slot", "five"), ("thing", "a b"), ("policy", "c d")):
            assert any(f"--{option} " in error and f"'{value}'" in error for error in result.errors)
        assert not Path("new.jsn").exists()

    def test_a_slot_without_an_object_for_a_certificate(self, cli: Cli) -> None:
        """Provisioning asks for one, so it is said at once."""
        assert "--id" in cli("config", "new", "rsa.jsn", "--yes", "--algorithm", "rsa2048").err
        assert "--id" not in cli("config", "new", "ec.jsn", "--yes").err

    def test_a_chip_takes_it(self, cli: Cli, port: str) -> None:
        assert cli("config", "new", "new.jsn", "--yes").code == 0
        assert cli("--port", port, "--csr", "new.jsn").code == 0

    @pytest.mark.parametrize("algorithm", ALGORITHMS)
    def test_each_algorithm(self, cli: Cli, algorithm: str) -> None:
        assert cli("config", "new", "new.jsn", "--yes", "--algorithm", algorithm.upper()).code == 0
        assert self.said(cli)["algorithm"] == algorithm
        assert self.said(cli)["slot"] == ("five" if algorithm.startswith("rsa") else "second")

    @pytest.mark.parametrize("name", ["p256", "P-256", "prime256v1"])
    def test_a_curve_by_any_name(self, cli: Cli, name: str) -> None:
        made = cli("config", "new", "new.jsn", "--yes", "--algorithm", name, "--query", "algorithm")
        assert (made.code, made.out) == (0, "secp256r1\n")

    def test_options(self, cli: Cli) -> None:
        subject = ("--subject", "organizational_unit_name=A", "--subject", "OU=B, ü")
        words = ("--slot", "0xE0F3", "--thing", "-", "--policy", "-", "--yes")
        assert cli("config", "new", "new.jsn", *subject, *words).code == 0
        found = self.said(cli)
        assert found["subject"] == [{"name": "organizational_unit_name", "value": one} for one in ("A", "B, ü")]
        assert (found["slot"], found["thing"], found["policy"]) == ("fourth", None, None)

    def test_questions(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        answers = ["Germany", "de", "DE", "", "Munich", "", "", "lamp {uid}", "ed25519", "rsa2048", "second", "six"]
        answers += ["a lamp", "lamp_{uid}", "-"]
        monkeypatch.setattr(sys, "stdin", Terminal("\n".join(answers) + "\n"))
        result = cli("config", "new", "new.jsn")
        assert (result.code, result.out.strip()) == (0, "")  # older releases of click ask for each answer with a blank
        assert self.said(cli) == {
            "slot": "six",
            "algorithm": "rsa2048",
            "subject": [
                {"name": "country_name", "value": "DE"},
                {"name": "locality_name", "value": "Munich"},
                {"name": "common_name", "value": "lamp {uid}"},
            ],
            "thing": "lamp_{uid}",
            "policy": None,
        }

    def test_a_country_in_small_letters(self, cli: Cli) -> None:
        result = cli("config", "new", "new.jsn", "--yes", "--subject", "C=de", "--subject", "CN=lamp")
        assert (result.code, "capital letters: DE" in result.err) == (0, True)
        result = cli("config", "new", "other.jsn", "--yes", "--subject", "C=DE", "--subject", "CN=de")
        assert (result.code, "Warning" in result.err) == (0, False)

    @pytest.mark.parametrize(
        ("answer", "algorithm"),
        [
            ("p256", "secp256r1"),
            ("P-384", "secp384r1"),
            ("prime256v1", "secp256r1"),
            ("brainpool256r1", "brainpoolp256r1"),
            ("rsa-2048", "rsa2048"),
            ("SECP521R1", "secp521r1"),
        ],
    )
    def test_other_names_of_an_algorithm(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, answer: str, algorithm: str
    ) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(f"\n\n\n\n\n\nsecp256k1\n{answer}\n\n\n\n"))
        result = cli("config", "new", "new.jsn")
        assert (result.code, result.err.count("'secp256k1' is not")) == (0, 1)
        assert self.said(cli)["algorithm"] == algorithm

    def test_nothing_is_written_before_the_last_answer(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal("de\n"))
        assert cli("config", "new", "new.jsn").code != 0
        assert list(Path().iterdir()) == []

    def test_nobody_to_ask(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        for stdin in (io.StringIO("de\n"), None):
            monkeypatch.setattr(sys, "stdin", stdin)
            result = cli("config", "new", "new.jsn")
            assert (result.code, len(result.err.splitlines())) == (2, 1)
            assert "--yes" in result.err
        assert list(Path().iterdir()) == []

    def test_a_file_that_is_there(self, cli: Cli) -> None:
        Path("new.jsn").write_text("mine")
        refused = cli("config", "new", "new.jsn", "--yes")
        assert (refused.code, len(refused.err.splitlines())) == (2, 1)
        assert "--force" in refused.err
        assert Path("new.jsn").read_text() == "mine"
        assert cli("config", "new", "new.jsn", "--yes", "--force").code == 0
        assert self.said(cli)["slot"] == "second"

    def test_names_of_openssl(self, cli: Cli) -> None:
        names = {
            "C": "DE",
            "ST": "x",
            "L": "y",
            "O": "z",
            "OU": "a",
            "CN": "b",
            "emailAddress": "c@d.e",
            "serialNumber": "1",
        }
        words = [word for name, value in names.items() for word in ("--subject", f"{name}={value}")]
        assert cli("config", "new", "new.jsn", "--yes", *words).code == 0
        found = json.loads(Path("new.jsn").read_text())["csr_config"]["certificate_info"]
        assert list(found) == [
            *("country_name", "state_or_province_name", "locality_name", "organization_name"),
            *("organizational_unit_name", "common_name", "email_address", "serial_number"),
        ]
        assert list(found.values()) == list(names.values())

    @pytest.mark.parametrize(
        "words",
        [
            ("--subject", "common_name"),
            ("--subject", "comon_name=x"),
            ("--subject", "common_name=" + "x" * 65),
            ("--subject", "country_name={uid}"),
            ("--subject", "common_name="),
            ("--slot", "first"),
            ("--slot", "five"),
            ("--slot", "five", "--algorithm", "secp256r1"),
            ("--slot", "second", "--algorithm", "rsa2048"),
            ("--algorithm", "ed25519"),
            ("--thing", "a lamp"),
            ("--policy", ""),
            ("--policy", "x" * 129),
        ],
    )
    def test_mistakes(self, cli: Cli, words: tuple[str, ...]) -> None:
        result = cli("config", "new", "new.jsn", "--yes", *words)
        assert (result.code, result.out, len(result.err.splitlines())) == (2, "", 1)
        assert words[0] in result.err
        assert "new.jsn" not in result.err.replace("config new", "")
        assert list(Path().iterdir()) == []


@pytest.mark.parametrize(("lacking", "other"), [("policy", "thing"), ("thing", "policy")])
def test_a_thing_without_a_policy(cli: Cli, lacking: str, other: str) -> None:
    """What ``provision`` refuses, the file's maker and its check say."""
    for words in (("new", "lone.jsn", "--yes", f"--{lacking}", "-"), ("check", "lone.jsn")):
        result = cli("config", *words)
        assert result.code == 0
        assert f"Warning: lone.jsn has a {other}, but no {lacking}" in result.err
    assert "no policy" not in cli("config", "new", "none.jsn", "--yes", "--thing", "-", "--policy", "-").err


def test_ctrl_c_at_a_question_for_a_new_configuration(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("optiga.cli.commands.config.new.is_somebody_there", lambda: True)
    monkeypatch.setattr("optiga.cli.commands.config.new.ask_at_terminal", interrupted)
    result = cli("config", "new", "mine.jsn")
    assert (result.code, result.out) == (130, "")
    assert "Nothing was changed" in result.err
    assert not Path("mine.jsn").exists()


@pytest.mark.long
@pytest.mark.parametrize("algorithm", ["secp256r1", "rsa2048"])
def test_a_ca_grants_what_a_new_configuration_asks_for(cli: Cli, port: str, algorithm: str) -> None:
    assert cli("config", "new", "new.jsn", "--yes", "--algorithm", algorithm).code == 0
    assert cli("ca", "init", "ca", "--no-passphrase").code == 0
    assert cli("--port", port, "--csr", "new.jsn").code == 0
    (csr,) = Path().glob("*.csr")
    signed = cli("ca", "sign", csr, "--ca", "ca")
    assert (signed.code, signed.err) == (0, "")
    assert "purposes: clientAuth" in signed.out
