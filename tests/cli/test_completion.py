"""``completion``: the scripts, and what a shell is answered; in real shells: ``test_completion_in_shells``."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from optiga.ca.records import Records
from optiga.cli.app import app
from optiga.cli.completion import shells
from optiga.cli.completion.fitting import _PLACES
from optiga.cli.completion.offers import Offer, offers_for
from optiga.cli.completion.shells import split_line
from tests.support.ca_helpers import make_request
from tests.support.cli.runner import Ask, Cli
from tests.support.places import ROOT

FREE = {"CC", "DATE", "DAYS", "EXPR", "HEX", "KEY=VALUE", "N", "NAME", "NAME=VALUE", "REGION", "SECONDS", "TEXT", "URL"}
FREE |= {"[HOST:]PORT", "[LINK]", "[N]", "[--] PROGRAM [ARGS]..."}
"""What help calls values that only the user knows."""


def test_old_spellings_are_not_offered(ask: Ask) -> None:
    for line in ("optiga --qui", "optiga info --qui"):
        assert [one[1] for one in ask(line)] == ["--quiet"]


class TestScripts:
    @pytest.mark.parametrize(
        ("shell", "words"),
        [
            ("bash", "complete -o nosort -F"),
            ("zsh", "#compdef optiga"),
            ("fish", "complete --no-files --keep-order --command optiga"),
            ("powershell", "Register-ArgumentCompleter -Native -CommandName optiga,"),
        ],
    )
    def test_script(self, cli: Cli, shell: str, words: str) -> None:
        for options in ((), ("--for-script",)):
            result = cli("completion", shell, *options)
            assert (result.code, result.err) == (0, "")
            assert (words in result.out) == (not options)
            assert (str(ROOT / "optiga.py") in result.out) == bool(options)
            assert not re.search("@[a-z]+@", result.out)

    def test_other_shells(self, cli: Cli) -> None:
        result = cli("completion", "cmd")
        assert (result.code, len(result.errors)) == (2, 1)
        assert "bash, zsh, fish, powershell" in result.errors[0]

    def test_without_a_script(self, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setattr("optiga.cli.commands.shell.completion.files", lambda _package: tmp_path / "optiga")
        result = cli("completion", "bash", "--for-script")
        assert (result.code, len(result.errors), result.out) == (2, 1, "")
        assert "optiga.py" in result.errors[0]


class TestLine:
    @pytest.mark.parametrize(
        ("line", "words", "typed"),
        [
            ("optiga ", [], ""),
            ("optiga --slot se", ["--slot"], "se"),
            ("A=b C= optiga --slot 'se", ["--slot"], "se"),
            ("/opt/my\\ tools/optiga info ", ["info"], ""),
            ("python ../optiga.py info --q", ["info"], "--q"),
            ("python -W ignore 'my dir/optiga.py' info --q", ["info"], "--q"),
            ("'python' '-X' 'dev' 'C:\\me\\optiga.py' 'info' ''", ["info"], ""),
            ('optiga --write "my file', ["--write"], "my file"),
            ("optiga --write my\\ fi", ["--write"], "my fi"),
            ("optiga --write it\\", ["--write"], "it"),
        ],
    )
    def test_is_taken_apart(self, line: str, words: list[str], typed: str) -> None:
        before, at_cursor = split_line(line)
        assert (before, at_cursor.text) == (words, typed)

    @pytest.mark.parametrize(
        ("line", "text", "quote", "taken"),
        [
            ('optiga "read: al', "read: al", '"', 0),
            ("optiga 'it", "it", "'", 0),
            ("optiga read:al", "read:al", "", 5),
            ("optiga read\\:al", "read:al", "", 0),
            ('optiga "read:"al', "read:al", "", 0),
            ('optiga emulator:"a=b', "emulator:a=b", '"', 9),
            ('optiga "a\\$b\\x\\"', 'a$b\\x"', '"', 0),
            ("optiga 'it'\\''s", "it's", "'", 3),
            ("optiga ''", "", "", 0),
        ],
    )
    def test_quotes(self, line: str, text: str, quote: str, taken: int) -> None:
        _, word = split_line(line)
        assert (word.text, word.quote, word.taken(":=")) == (text, quote, taken)


class TestAnswers:
    @pytest.mark.parametrize(
        ("line", "words"),
        [
            ("optiga inf", ["info"]),
            ("optiga emulator re", ["reset"]),
            ("optiga help object re", ["read"]),
            ("optiga --ou", ["--out-dir", "--out", "--output"]),
            ("optiga --slot s", ["second", "six"]),
            ("optiga --slot f", ["fourth", "five"]),
            ("optiga --write x --slot ", ["second", "third", "fourth"]),
            ("optiga --read f", ["first", "fourth"]),
            ("optiga --read 0xE0F", []),
            ("optiga --id 0xE0E", ["0xE0E1", "0xE0E2", "0xE0E3", "0xE0E8", "0xE0E9", "0xE0EF"]),
            ("optiga object write f", ["fourth"]),
            ("optiga object metadata 0xE0FC", ["0xE0FC"]),
            ("optiga key decrypt ", ["five", "six"]),
            ("optiga key ecdh ", ["second", "third", "fourth"]),
            ("optiga key generate ", ["second", "third", "fourth", "five", "six", "aes"]),
            ("optiga update make key 0xE", ["0xE0F1", "0xE0F2", "0xE0F3", "0xE0FC", "0xE0FD", "0xE200"]),
            ("optiga register --slot ", ["first", "second", "third", "fourth"]),
            ("optiga --slot=th", ["--slot=third"]),
            ("optiga -q --port emulator info --output j", ["json"]),
            ("optiga object read 0xe0e8", ["0xE0E8"]),
            ("optiga counter show ", ["0xE120", "0xE121", "0xE122", "0xE123"]),
            ("optiga update make data 0xE0E3 x --anchor 0xE0EF", ["0xE0EF"]),
            ("optiga object metadata 0xE0E1 re", ["read:", "reset_type:"]),
            ("optiga object metadata 0xE0E1 read:al", ["read:always"]),
            ('optiga object metadata 0xE0E1 "lcso: o', ["lcso: operational"]),
            ("optiga emulator new x --model trust-m-v", ["trust-m-v3", "trust-m-v1"]),
            ("optiga key generate aes --usage encryption,", ["encryption,authentication", "encryption,signature",
                                                             "encryption,key_agreement"]),
            ("optiga key draw aes", ["aes128", "aes192", "aes256"]),
            ("optiga config sample nistp256_ecdsa_thing", ["nistp256_ecdsa_thing_per_chip"]),
            ("optiga --port em", ["emulator", "emulator:"]),
            ("optiga --read 0xF1D0 --authorize 0xF1D1", ["0xF1D1="]),
            ("optiga emulator control x fault d", ["damage", "delay"]),
            ("optiga completion p", ["powershell"]),
            ("optiga nothing ", None),
            ("optiga info --query ", []),
        ],
    )  # fmt: skip
    def test_words(self, ask: Ask, line: str, words: list[str] | None) -> None:
        found = [text for _, text, _ in ask(line)]
        assert (found == words) if words is not None else found

    @pytest.mark.parametrize(
        ("line", "kind", "before"),
        [
            ("optiga --write ", "files", ""),
            ("optiga --write=co", "files", "--write="),
            ("optiga --out-dir ", "folders", ""),
            ("optiga ca intermediate x --ca ", "folders", ""),
            ("optiga key verify second my", "files", ""),
            ("optiga --port emulator:my", "files", "emulator:"),
            ("optiga --port=emulator:my", "files", "--port=emulator:"),
            ("optiga --read 0xF1D0 --authorize 0xF1D1=my", "files", "0xF1D1="),
        ],
    )
    def test_files(self, ask: Ask, line: str, kind: str, before: str) -> None:
        assert ask(line) == [[kind, before, ""]]

    def test_files_of_one_kind(self, ask: Ask) -> None:
        assert ask("optiga ca show ") == [["files", "", "pem crt cer der"]]
        for line in ("--csr ", "provision ", "config check ", "config check a.jsn "):
            assert ask(f"optiga {line}") == [["files", "", "jsn json"]]
        for line in ("ca sign ", "journal show --journal ", "key ecdh second ", "ca import x --chain "):
            ((kind, before, endings),) = ask(f"optiga {line}")
            assert (kind, before) == ("files", "")
            assert endings

    def test_serial_numbers(self, ask: Ask, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        """Those of the CA on the command line; else those of every CA in the current folder."""
        for ca in ("root", "other"):
            assert cli("ca", "init", "--no-passphrase", ca).code == 0
        Path("device.csr").write_bytes(make_request())
        sign = ("ca", "sign", "device.csr", "--query", "serial", "--ca")
        first, second = (cli(*sign, "root", "--out", f"{name}.pem").out.strip() for name in "ab")
        third = cli(*sign, "other", "--out", "c.pem").out.strip()
        files = ["files", "", "pem crt cer der"]
        assert ask("optiga ca show --ca root ") == [
            ["word", second, "CN=device"],
            ["word", first, "CN=device"],
            files,
        ]
        assert sorted(ask("optiga ca show ")) == sorted(
            [files, *(["word", one, "CN=device"] for one in (first, second, third))]
        )
        assert ask(f"optiga ca revoke --ca root {first[:12].upper()}") == [["word", first, "CN=device"], files]
        monkeypatch.delenv("_OPTIGA_COMPLETE")
        assert cli("ca", "revoke", first, "--ca", "root", "--yes").code == 0
        assert ask(f"optiga ca revoke --ca root {first[:12]}") == [files]
        assert ask(f"optiga ca show --ca root {first[:12]}") == [["word", first, "CN=device (revoked)"], files]
        Path("root/issued.db").write_bytes(b"no database" * 100)
        assert ask("optiga ca show --ca root ") == [files]

    def test_subjects_of_others_are_escaped(self, ask: Ask, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        """A CA that was made elsewhere may have certified any subject."""
        assert cli("ca", "init", "--no-passphrase", "root").code == 0
        Path("device.csr").write_bytes(make_request())
        assert cli("ca", "sign", "device.csr", "--ca", "root").code == 0
        every = Records.all
        odd = "CN=\x1b[31m\u202ered"
        monkeypatch.setattr(Records, "all", lambda self: [replace(one, subject=odd) for one in every(self)])
        ((_, _, meaning), _) = ask("optiga ca show --ca root ")
        assert meaning.isprintable()
        assert "[31m" in meaning

    def test_meanings_are_whole(self, ask: Ask) -> None:
        """Commas are nothing special: fish's explanations ended at the first one."""
        ((_, _, meaning),) = ask("optiga object read 0xF1DB")
        assert meaning == "arbitrary data type 3, 12"
        assert ["word", "second", "key 0xE0F1, certificate 0xE0E1"] in ask("optiga --slot ")
        assert all(meaning for _, text, meaning in ask("optiga ") if not text.startswith("-"))

    def test_colons_for_zsh(self, ask: Ask) -> None:
        assert [text for _, text, _ in ask("optiga --port em", "zsh")] == ["emulator", "emulator\\:"]

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ("change: ", ["always", "never", "conf"]),
            ("change: always && n", ["never"]),
            ("change:lcso < operational or ", ["always", "never", "conf"]),
            ("change: lcso ", ["<", "==", ">"]),
            ("change: lcso == te", ["termination"]),
            ("read: conf 0xE14", ["0xE140"]),
            ("read: luc ", ["0xE120", "0xE121", "0xE122", "0xE123"]),
            ("change: always ", []),
            ("change: conf 0xE140 ", []),
            ("type: trust", ["trust_anchor"]),
            ("type: trust_anchor, ", []),
            ("key_usage: signature, auth", ["authentication"]),
            ("reset_type: operational,f", ["flush"]),
            ("version: ", []),
            ("nothing: ", []),
        ],
    )
    def test_words_of_metadata(self, ask: Ask, value: str, words: list[str]) -> None:
        """What may follow, in a quote: behind the tag, an operator, a comma and a condition that needs more."""
        before = value.removesuffix(re.findall(r"\w*$", value)[0])
        found = [text.removeprefix(before) for _, text, _ in ask(f'optiga object metadata 0xF1D0 "{value}')]
        assert [word.strip() for word in found[: len(words) or None]] == words

    def test_open_quotes_stay_open(self, ask: Ask) -> None:
        for shell, texts in (("bash", ["read: ", "read: …"]), ("zsh", ["read\\: "]), ("fish", ["read:"])):
            assert [text for _, text, _ in ask('optiga object metadata 0xF1D0 "rea', shell)] == texts
            assert [text for _, text, _ in ask("optiga object metadata 0xF1D0 rea", shell)] == [texts[0].rstrip()]
        assert ask('optiga object metadata 0xF1D0 "change:luc', "bash")[0] == ["part", "change:luc ", ""]

    def test_files_of_bash(self, ask: Ask, tmp_path: Path) -> None:
        """Bash quotes the names, unless something else stands in the same word."""
        for name in ("b c.pem", "B$.CRT", "b.txt", ".b.pem", "x.txt"):
            Path(name).write_text("")
        Path("b d").mkdir()
        show = "optiga ca show "
        names = [["file", "b c.pem", ""], ["file", "B$.CRT", ""], ["file", "b d/", ""]]
        assert ask(f"{show}b", "bash") == [["word", "b\\ c.pem", ""], ["part", "b\\ d/", ""]]
        assert ask(show, "bash", QUOTES="1") == names
        assert ask(f"{show}'b", "bash", QUOTES="1") == [names[0], names[2]]
        assert ask(f"{show}.", "bash") == [["file", ".b.pem", ""]]
        assert ask(f"{show}x", "bash") == [["file", "x.txt", ""]]
        assert ask(f"{show}nothing", "bash") == [["default", "", ""]]
        assert ask('optiga --port emulator:"b\\ ', "bash", QUOTES="1", BREAKS=":")[0] == ["default", "", ""]
        assert ask('optiga --port emulator:"B', "bash", QUOTES="1", BREAKS=":") == [["word", "B\\$.CRT", ""]]
        assert ask("optiga --port 'emulator:b c", "bash", QUOTES="1") == [["word", "emulator:b c.pem", ""]]
        assert ask("optiga --out-dir ", "bash", QUOTES="1") == [["file", "b d/", ""]]

    def test_words_of_bash(self, ask: Ask) -> None:
        """Bash breaks words at colons and equals signs, and has but the list of words to show meanings in."""
        marks = {"BREAKS": " \t\n\"'@><=;|&(:", "WIDTH": "80"}
        assert [text for _, text, _ in ask("optiga --slot=th", "bash", **marks)] == ["third"]
        assert ask("optiga object metadata 0xE0E1 read:al", "bash", **marks) == [["word", "always", ""]]
        listed = ask("optiga object read 0xE0E", "bash", **marks)
        assert ["word", "0xE0E8", "(trust anchor 1)"] in listed
        assert all(not meaning for _, _, meaning in ask("optiga object read 0xE0E", "bash", WIDTH="0"))

    @pytest.mark.parametrize("width", [60, 80, 120])
    def test_the_lists_of_bash_fit(self, ask: Ask, width: int) -> None:
        listed = ask("optiga --", "bash", WIDTH=str(width))
        assert len(listed) > 10
        assert all(len(f"{text}  {meaning}") < width for _, text, meaning in listed)
        assert any(meaning.endswith("…)") for _, _, meaning in listed)

    @pytest.mark.parametrize("width", ["70", "80", "120"])
    def test_long_meanings_are_told_apart(self, ask: Ask, monkeypatch: pytest.MonkeyPatch, width: str) -> None:
        """Certificates whose common names are UIDs: beginning and end are the same in all."""
        places = [f"44c5001f000{digit}00" for digit in "abc"]
        subjects = [f"CN=cd16339501001c000500000a0b0b0a{place}801010712564, C=DE, O=Ex" for place in places]
        offered = [Offer(f"{number:040x}", subject) for number, subject in enumerate([*subjects, "CN=root"])]
        monkeypatch.setattr(shells, "offers_at", lambda *_: offered)
        for shell in ("bash", "zsh", "fish"):
            meanings = [meaning for _, _, meaning in ask("optiga ca show ", shell, WIDTH=width)]
            for meaning, place in zip(meanings, places, strict=False):
                told = meaning if width == "120" and shell == "bash" else meaning[:35]
                assert place[-3:] in told, (shell, meaning)
            assert "CN=root" in meanings[-1]

    def test_files_of_chips(self, ask: Ask, cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("_OPTIGA_COMPLETE", raising=False)
        assert cli("emulator", "new", "my chip").code == 0
        Path("my.pem").write_bytes(make_request())
        Path("my folder").mkdir()
        Path("no chip").mkdir()
        for line, before in {
            "--port emulator:": "emulator:",
            "--port=emulator:": "--port=emulator:",
            "emulator reset ": "",
            "emulator serve --chip ": "",
        }.items():
            assert ask(f"optiga {line}my") == [["word", f"{before}my chip", ""], ["part", f"{before}my folder/", ""]]
        assert ask("optiga emulator dump no") == [["files", "", ""]], "a new chip's file may have any name"
        assert ask("optiga emulator new my") == [["files", "", ""]]

    def test_profiles_of_both_files(self, ask: Ask, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        (tmp_path / "config").write_text(
            '[default]\n[profile work]\n  [profile "my own"]\n[sso-session x]\nregion=a\n[prof'
        )
        (tmp_path / "credentials").write_bytes(b"[old]\n\xff\n[work]\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
        line = "optiga provision x --profile "
        assert [text for _, text, _ in ask(line)] == ["default", "work", "my own", "old"]
        assert [text for _, text, _ in ask(line + "wo")] == ["work"]
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path))
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
        assert ask(line) == []

    def test_nothing_is_made_or_said(self, ask: Ask, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        ask("optiga -vv --port emulator:chip emulator new ")
        assert not Path("chip").exists()
        monkeypatch.setenv("_OPTIGA_COMPLETE", "bash_complete")
        result = cli("--version")
        assert (result.code, result.out, result.err) == (1, "", "")

    def test_boto3_is_not_loaded(self, tmp_path: Path) -> None:
        program = "import sys; from optiga.cli import main; main(); print({'boto3', 'cryptography'} & set(sys.modules))"
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONPATH": str(ROOT), "_OPTIGA_COMPLETE": "zsh", "_OPTIGA_LINE": "optiga register --profile "},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == "set()\n"


def parameters(command: click.Command, ctx: click.Context) -> Iterator[tuple[click.Context, click.Parameter]]:
    """Every parameter that takes a value, of a command and of those below it."""
    for one in command.params:
        if not (isinstance(one, click.Option) and (one.is_flag or one.count)):
            yield ctx, one
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            below = command.get_command(ctx, name)
            assert below
            yield from parameters(below, click.Context(below, parent=ctx, info_name=name))


EVERY = [
    (f"{ctx.command_path} {param.name}", ctx, param)
    for ctx, param in parameters(app, click.Context(app, info_name="optiga", **app.context_settings))
]


def test_every_value_is_offered_or_free() -> None:
    free = []
    for name, ctx, param in EVERY:
        ctx.params["verb"] = "fault"
        if not offers_for(ctx, param, "") and param.name != "profile":
            free.append((name, param.metavar or param.type.name))
    assert [one for one in free if one[1] not in FREE] == []


def test_every_place_of_slots_is_there() -> None:
    """None is left of a command or a parameter that is called otherwise now."""
    known = {name.removeprefix("optiga ") for name, _, _ in EVERY}
    assert [place for place in _PLACES if place not in known | {name.split()[-1] for name in known}] == []


def test_a_slot_without_a_certificate_object_is_not_offered_where_one_is_meant() -> None:
    places = [(ctx, param) for _, ctx, param in EVERY if param.metavar == "OID|SLOT"]
    assert len(places) > 6
    for ctx, param in places:
        offered = {one.text for one in offers_for(ctx, param, "") if isinstance(one, Offer)}
        assert "second" in offered
        assert not {"five", "six"} & offered
