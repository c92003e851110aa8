"""Passphrases of a CA's key from the command line: asked for, read, changed, and kept from child processes."""

from __future__ import annotations

import base64
import io
import os
import sys
from pathlib import Path

import pytest

from optiga.ca import keys
from optiga.ca.changes import AcceptedRecords
from optiga.ca.creation import CaName, create_root
from optiga.ca.folder import CaFolder
from optiga.ca.keys import open_key
from optiga.errors import ConfigurationError
from tests.support.ca_helpers import make_request
from tests.support.cli.mistakes import fails
from tests.support.cli.runner import Cli
from tests.support.cli.sitting import sit_down

WORDS, OTHER = "violet anchor tundra", "another anchor in the bay"
VARIABLE = "OPTIGA_CA_PASSPHRASE"
POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "ROUNDS", 1000)
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def file(words: str | bytes, mode: int = 0o600, name: str = "words") -> str:
    path = Path(name)
    path.write_bytes(words.encode() if isinstance(words, str) else words)
    path.chmod(mode)
    return name


@pytest.fixture
def closed(cli: Cli) -> str:
    """A CA whose key is encrypted."""
    assert cli("ca", "init", "closed", "--passphrase-file", file(WORDS), "--query", "key_encrypted").out == "True\n"
    Path("words").unlink()
    Path("device.csr").write_bytes(make_request())
    return "closed"


class TestNew:
    def test_a_note_says_that_one_passphrase_is_for_both_keys(
        self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv(VARIABLE, WORDS)
        shared = cli("ca", "intermediate", "new", "--ca", closed)
        assert shared.code == 0, shared.err
        assert "closed" in shared.err
        assert "--passphrase-file" in shared.err
        own = cli("ca", "intermediate", "own", "--ca", closed, "--passphrase-file", file(OTHER))
        assert own.code == 0, own.err
        assert VARIABLE not in own.err

    @POSIX
    @pytest.mark.parametrize(
        "words",
        [("init", "new"), ("intermediate", "new", "--ca", "root"), ("passphrase", "root")],
        ids=lambda words: words[0],
    )
    def test_one_that_is_no_text_is_refused_from_the_environment_as_from_a_file(
        self, cli: Cli, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
    ) -> None:
        cli("ca", "init", "root", "--no-passphrase")
        option = "--new-passphrase-file" if words[0] == "passphrase" else "--passphrase-file"
        assert "not UTF-8" in fails(cli, 2, "ca", *words, option, file(b"\xfa the words of it are"))
        if words[0] != "passphrase":
            monkeypatch.setenv(VARIABLE, os.fsdecode(b"\xfa the words of it are"))
            assert "not UTF-8" in fails(cli, 2, "ca", *words)
            assert not Path("new").exists()

    @pytest.mark.parametrize("words", [("init", "new"), ("intermediate", "new", "--ca", "root")])
    def test_without_one_nothing_is_made(self, cli: Cli, words: tuple[str, ...]) -> None:
        cli("ca", "init", "root", "--no-passphrase")
        issued = Path("root", "issued.db").read_bytes()
        error = fails(cli, 2, "ca", *words)
        for way in ("--passphrase-file", "--ask-passphrase", VARIABLE, "--no-passphrase"):
            assert way in error
        assert not Path("new").exists()
        assert Path("root", "issued.db").read_bytes() == issued
        assert cli("ca", *words, "--no-passphrase", "--query", "key_encrypted").out == "False\n"

    def test_whoever_is_there_is_asked(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, WORDS, WORDS)
        assert cli("ca", "init", "new", "--query", "key_encrypted").out == "True\n"
        assert len(asked) == 2

    def test_a_weak_one_is_asked_for_again(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        for words in ((), ("--ask-passphrase",)):
            asked = sit_down(monkeypatch, "short", WORDS, "differs from it", WORDS, WORDS)
            result = cli("ca", "init", f"new{len(words)}", *words)
            assert (result.code, len(asked)) == (0, 5)
            assert "differ" in result.err
            assert "at least 12" in result.err

    def test_not_asked_in_vain(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch)
        assert "closed already contains a CA" in fails(cli, 2, "ca", "init", closed)
        assert "common name" in fails(cli, 2, "ca", "init", "new", "--name", "")
        assert asked == []

    @pytest.mark.parametrize(
        ("words", "cause"),
        [
            ("stone river", "at least 12"),
            ("passwordpassword", "easy to guess"),
            (WORDS.encode("utf-16-le"), "null character"),
            (b"\xff\xfea", "not valid in either"),
            (b"\xff" * 16, "not UTF-8 text"),
        ],
    )
    def test_weak_and_unreadable_ones(self, cli: Cli, words: str | bytes, cause: str) -> None:
        error = fails(cli, 2, "ca", "init", "new", "--passphrase-file", file(words))
        assert cause in error
        assert "--passphrase-file words" in error
        assert not Path("new").exists()

    @pytest.mark.parametrize(
        ("name", "mark"),
        [("ca.pem", b""), ("ca.pem", b"\xef\xbb\xbf"), ("ca.key", b""), ("issued.db", b""), ("key.der", b"")],
    )
    def test_files_that_hold_something_else(self, cli: Cli, closed: str, name: str, mark: bytes) -> None:
        source = Path(closed, name)
        content = (
            source.read_bytes()
            if source.exists()
            else base64.b64decode(b"".join(Path(closed, "ca.key").read_bytes().splitlines()[1:-1]))
        )
        assert "is not a passphrase: it holds" in fails(
            cli, 2, "ca", "init", "new", "--passphrase-file", file(mark + content)
        )
        assert not Path("new").exists()

    @pytest.mark.parametrize(
        ("text", "what"),
        [
            ('{"csr": "violet anchor tundra"}', "JSON"),
            ('["violet", "anchor", "tundra"]\n', "JSON"),
            ('{\n  "csr_config": {}\n}\n', "a configuration"),
            ('\ufeff{\n  "0xE0E8": {"data": "00"}\n}\n', "an export"),
            ('[tool.example]\nname = "violet"\n', "sections"),
            ('[[tool.example]]\r\nname = "violet"\r\n', "sections"),
            ("[tool.example]\n", "sections"),
            ('\ufeff[[tool.example."violet-tundra"]]', "sections"),
            ("# a comment of its own\n\n[ req ]\nprompt = no\n", "sections"),
            ('name = "violet anchor"\n[tool]\nvalue = 1\n', "sections"),
            ("# optiga.py\n\nText.\n\n## Install\n\n- one\n", "Markdown"),
            ("#\n# Text\n#\n\n## Install\n", "Markdown"),
            ("# optiga.py\n\n```\n-----BEGIN CERTIFICATE-----\n```\n", "Markdown"),
            ("<configuration>\n  <name>violet</name>\n</configuration>\n", "XML"),
            ("Bag Attributes\n    friendlyName: ca\n-----BEGIN CERTIFICATE-----\n", "PEM"),
        ],
    )
    def test_documents(self, cli: Cli, text: str, what: str) -> None:
        error = fails(cli, 2, "ca", "init", "new", "--passphrase-file", file(text))
        assert "words is not a passphrase: it holds" in error
        assert what in error.partition("it holds")[2]
        assert not Path("new").exists()

    @pytest.mark.parametrize(
        "text",
        [
            "{violet anchor tundra",
            "{violet: anchor, tundra}",
            "[violet anchor tundra]",
            "[violet. anchor. tundra.]",
            "[violet.anchor.tundra",
            "[violet anchor tundra]\nfor the factory\n",
            "# violet anchor tundra",
            "# violet anchor tundra\n# for the factory\n",
            "<3 violet anchor tundra",
            "violet = anchor tundra",
            "violet anchor tundra\n\n[notes]\nplace = safe\n",
            '"violet anchor tundra"',
            "violet [anchor] = {tundra",
        ],
    )
    def test_words_that_look_like_a_document(self, cli: Cli, text: str) -> None:
        assert cli("ca", "init", "new", "--passphrase-file", file(text)).code == 0

    def test_a_document_still_opens(self, cli: Cli) -> None:
        """Earlier versions took its first line."""
        line = '{"csr": "violet anchor tundra"}'
        assert cli("ca", "init", "new", "--no-passphrase").code == 0
        file(keys.encode_key(open_key(CaFolder.open(Path("new")), None), line.encode()), name="new/ca.key")
        assert cli("ca", "crl", "--ca", "new", "--passphrase-file", file(f"{line}\n")).code == 0

    def test_a_certificate_in_the_environment(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, Path(closed, "ca.pem").read_text())
        assert "is not a passphrase" in fails(cli, 2, "ca", "init", "new")

    def test_one_that_was_taken_before_still_opens(self, cli: Cli) -> None:
        """Earlier versions took the first line of any file."""
        line = "-----BEGIN CERTIFICATE-----"
        assert cli("ca", "init", "new", "--no-passphrase").code == 0
        key = open_key(CaFolder.open(Path("new")), None)
        file(keys.encode_key(key, line.encode()), name="new/ca.key")
        assert cli("ca", "crl", "--ca", "new", "--passphrase-file", file(f"{line}\n")).code == 0

    @pytest.mark.parametrize(
        "words", ["Example Works GmbH", "example-works gmbh", "Blue Harbour Root", "blueharbourroot", "harbour harbour"]
    )
    def test_the_cas_own_name(self, cli: Cli, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
        named = ("--name", "Blue Harbour Root", "--organization", "Example Works GmbH")
        assert "easy to guess" in fails(cli, 2, "ca", "init", "new", *named, "--passphrase-file", file(words))
        assert not Path("new").exists()
        assert cli("ca", "init", "new", *named, "--no-passphrase").code == 0
        assert "easy to guess" in fails(cli, 2, "ca", "passphrase", "new", "--new-passphrase-file", file(words))
        with pytest.raises(ConfigurationError, match="easy to guess"):
            create_root(Path("other"), CaName("Blue Harbour Root", "Example Works GmbH"), passphrase=words.encode())

    def test_a_name_among_other_words(self, cli: Cli) -> None:
        words = ("--name", "Blue Harbour Root", "--passphrase-file", file("blue tundra in the harbour"))
        assert cli("ca", "init", "new", *words).code == 0

    def test_what_is_said_begins_with_a_capital(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        sit_down(monkeypatch, "x", WORDS, WORDS)
        assert "The passphrase has 1 character, but" in cli("ca", "init", "new").err

    def test_a_weak_one_in_the_environment(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "123456789012")
        assert f"{VARIABLE}: the passphrase is easy to guess" in fails(cli, 2, "ca", "init", "new")
        assert cli("ca", "init", "new", "--no-passphrase", "--query", "key_encrypted").out == "False\n"

    def test_contradictions(self, cli: Cli) -> None:
        for words in (("--passphrase-file", file(WORDS)), ("--ask-passphrase",)):
            assert "do not go together" in fails(cli, 2, "ca", "init", "new", "--no-passphrase", *words)


class TestFiles:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be"])
    def test_a_mark_before_the_words(
        self, cli: Cli, closed: str, encoding: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It opens what the same words in the environment open, and makes what they open."""
        marked = f"\ufeff{WORDS}\r\n".encode(encoding)
        assert cli("ca", "sign", "device.csr", "--ca", closed, "--passphrase-file", file(marked)).code == 0
        assert cli("ca", "init", "new", "--passphrase-file", "words").code == 0
        monkeypatch.setenv(VARIABLE, WORDS)
        assert cli("ca", "crl", "--ca", "new").code == 0

    def test_null_characters(self, cli: Cli, closed: str) -> None:
        marked = file(WORDS.encode("utf-16-le"))
        assert "null character" in fails(cli, 2, "ca", "crl", "--ca", closed, "--passphrase-file", marked)

    @POSIX
    def test_others(self, cli: Cli, closed: str) -> None:
        crl = ("ca", "crl", "--ca", closed, "--passphrase-file")
        result = cli(*crl, file(WORDS, 0o644), "-q")
        assert result.code == 0
        assert "Warning: other users can read the passphrase words" in result.err
        assert "other users can write the passphrase" in fails(cli, 2, *crl, file(WORDS, 0o666))
        assert "other users can write" in fails(cli, 2, "ca", "init", "new", "--passphrase-file", "words")
        assert not Path("new").exists()
        assert "other users can read" in cli("ca", "init", "new", "--passphrase-file", file(WORDS, 0o604)).err

    @POSIX
    def test_secrets_of_objects(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "info").code == 0
        for mode, words in ((0o602, "other users can write the secret"), (0o600, "")):
            authorize = ("--authorize", f"0xF1D0={file(WORDS, mode)}")
            error = fails(cli, 2 if words else 4, "--port", port, "object", "read", "0xF1D1", *authorize)
            assert words in error


class TestChange:
    def change(self, closed: str, new: str | bytes = OTHER) -> tuple[str, ...]:
        old = ("--passphrase-file", file(WORDS, name="old"))
        return ("ca", "passphrase", closed, *old, "--new-passphrase-file", file(new, name="new.words"))

    def test_a_new_one(self, cli: Cli, closed: str) -> None:
        result = cli(*self.change(closed), "--query", "key_encrypted")
        assert (result.code, result.out) == (0, "True\n")
        assert "Copies of the folder" in result.err
        crl = ("ca", "crl", "--ca", closed, "--passphrase-file")
        assert "does not open" in fails(cli, 2, *crl, "old")
        assert cli(*crl, "new.words").code == 0

    def test_asked_for(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, WORDS, OTHER, OTHER)
        assert cli("ca", "passphrase", closed, "--ask-passphrase").code == 0
        assert len(asked) == 3
        assert cli("ca", "crl", "--ca", closed, "--passphrase-file", file(OTHER)).code == 0

    def test_the_old_one_again(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        before = Path(closed, "ca.key").read_bytes()
        error = fails(cli, 2, *self.change(closed, WORDS))
        assert "--new-passphrase-file new.words: the passphrase is the one that the key has already" in error
        assert Path(closed, "ca.key").read_bytes() == before
        asked = sit_down(monkeypatch, WORDS, OTHER, OTHER)
        result = cli("ca", "passphrase", closed, "--passphrase-file", "old")
        assert (result.code, len(asked)) == (0, 3)
        assert "the key has already" in result.err

    def test_none_any_more(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, WORDS)
        result = cli("ca", "passphrase", closed, "--no-passphrase", "--query", "key_encrypted")
        assert result.out == "False\n"
        assert "unencrypted" in result.err

    def test_mistakes(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        before = Path(closed, "ca.key").read_bytes()
        old = ("--passphrase-file", file(WORDS, name="old"))
        assert "--new-passphrase-file" in fails(cli, 2, "ca", "passphrase", closed, *old)
        assert "at least 12" in fails(cli, 2, *self.change(closed, "short"))
        assert "do not go together" in fails(cli, 2, *self.change(closed), "--no-passphrase")
        assert "is encrypted" in fails(cli, 2, "ca", "passphrase", closed, "--no-passphrase")
        assert "finds nothing" in fails(cli, 2, *self.change(closed), "--query", "colour")
        monkeypatch.setenv(VARIABLE, WORDS)  # that is the old one, never the new one
        assert "no passphrase was given" in fails(cli, 2, "ca", "passphrase", closed)
        assert Path(closed, "ca.key").read_bytes() == before


class TestEnvironment:
    def test_no_child_process_inherits_it(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Taken out while the command runs, and back for the program that called it."""
        seen = []

        def look(*arguments: object, **options: object) -> AcceptedRecords:
            seen.append({VARIABLE, "OPTIGA_SIGNER_PASSPHRASE", "OPTIGA_FILE_PASSPHRASE"} & set(os.environ))
            return AcceptedRecords()

        monkeypatch.setenv(VARIABLE, WORDS)
        monkeypatch.setenv("OPTIGA_SIGNER_PASSPHRASE", WORDS)
        monkeypatch.setenv("OPTIGA_FILE_PASSPHRASE", WORDS)
        monkeypatch.setattr("optiga.ca.authority.CertificateAuthority.renew_crl", look)
        for _ in range(2):
            assert cli("ca", "crl", "--ca", closed).code == 0
        assert seen == [set(), set()]
        assert os.environ[VARIABLE] == WORDS

    def test_a_wrong_one_is_named(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Of whoever has set the variable long ago and gives a file, or the other way round."""
        monkeypatch.setenv(VARIABLE, OTHER)
        assert f"variable {VARIABLE}" in fails(cli, 2, "ca", "crl", "--ca", closed)
        error = fails(cli, 2, "ca", "crl", "--ca", closed, "--passphrase-file", file(OTHER, name="other"))
        assert "Check the passphrase in other" in error
        assert VARIABLE not in error

    def test_both_keys_of_an_intermediate_have_it(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, WORDS)
        made = cli("ca", "intermediate", "factory", "--ca", closed, "--query", "key_encrypted")
        assert made.out == "True\n"
        assert cli("ca", "crl", "--ca", "factory").code == 0


class TestAtATerminal:
    """Whoever is there is asked for what is locked, and for nothing else."""

    def test_each_command_asks(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, *[WORDS] * 3)
        Path("device.csr").write_bytes(make_request())
        assert cli("ca", "sign", "device.csr", "--ca", closed).code == 0
        assert cli("ca", "crl", "--ca", closed).code == 0
        assert cli("ca", "renew", closed, "--days", "7400").code == 0
        assert len(asked) == 3

    @pytest.mark.parametrize("wrong", [1, 3])
    def test_a_wrong_one_may_be_typed_again(
        self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch, wrong: int
    ) -> None:
        asked = sit_down(monkeypatch, *["not that one"] * wrong, WORDS)
        result = cli("ca", "crl", "--ca", closed)
        assert (result.code, len(asked)) == ((0, 2) if wrong == 1 else (2, 3))
        assert result.err.count("does not open the key") == wrong
        assert result.err.count("Error: ") == (wrong == 3)  # older click breaks no line behind what it asks

    def test_the_parents_may_be_typed_again(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, "not that one", WORDS)
        assert cli("ca", "intermediate", "below", "--ca", closed, "--no-passphrase").code == 0
        assert len(asked) == 2

    def test_what_comes_from_a_file_is_tried_once(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, WORDS)
        assert "does not open" in fails(cli, 2, "ca", "crl", "--ca", closed, "--passphrase-file", file("another one"))
        assert asked == []

    @pytest.mark.parametrize("name", ["nosuch.pem", "ab:cd", "ca.pem"])
    def test_not_asked_for_what_cannot_be_revoked(
        self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch, name: str
    ) -> None:
        asked = sit_down(monkeypatch)
        Path("ca.pem").write_bytes(Path(closed, "ca.pem").read_bytes())
        assert cli("ca", "revoke", name, "--ca", closed, "--yes").code != 0
        assert asked == []

    def test_nobody_is_asked_for_what_is_open(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        assert cli("ca", "init", "open", "--no-passphrase").code == 0
        sit_down(monkeypatch)
        assert cli("ca", "crl", "--ca", "open").code == 0

    def test_the_parents_is_asked_for_by_its_name(self, cli: Cli, closed: str, monkeypatch: pytest.MonkeyPatch) -> None:
        asked = sit_down(monkeypatch, WORDS)
        made = cli("ca", "intermediate", "below", "--ca", closed, "--no-passphrase")
        assert (made.code, len(asked)) == (0, 1)
        assert f"Passphrase of {closed}" in asked[0] + made.err  # where older releases of click print it


@pytest.mark.parametrize("words", ["intermediate below --no-passphrase", "renew open --days 4000"])
def test_the_option_of_a_parents_passphrase(cli: Cli, closed: str, words: str) -> None:
    """``--passphrase-file`` is that of the CA itself."""
    made = cli("ca", "intermediate", "open", "--no-passphrase", "--ca", closed, "--ca-passphrase-file", file(WORDS))
    assert made.code == 0
    Path("own").write_text(WORDS)
    Path("own").chmod(0o600)
    error = fails(cli, 2, "ca", *words.split(), "--ca", closed)
    assert "--ca-passphrase-file" in error
    assert " --passphrase-file" not in error


class TestWhichVariable:
    """A variable that is set for one CA is told where it encrypts the key of another."""

    @pytest.fixture(autouse=True)
    def variable(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(VARIABLE, "a passphrase of the root")

    def test_of_a_root(self, cli: Cli) -> None:
        said = cli("ca", "init", "first").err
        assert f"The passphrase in {VARIABLE} encrypts the key of first" in said
        assert VARIABLE not in cli("ca", "init", "second", "-q").err
        assert VARIABLE not in cli("ca", "init", "third", "--no-passphrase").err

    def test_of_an_intermediate(self, cli: Cli) -> None:
        for root, words in (("locked", ()), ("open", ("--no-passphrase",))):
            assert cli("ca", "init", root, *words).code == 0
        said = cli("ca", "intermediate", "first", "--ca", "locked").err
        assert said.count(VARIABLE) == 1
        assert f"The passphrase in {VARIABLE} opens the key of locked and encrypts the key of first" in said
        said = cli("ca", "intermediate", "second", "--ca", "open").err
        assert said.count(VARIABLE) == 1
        assert f"The passphrase in {VARIABLE} encrypts the key of second" in said
