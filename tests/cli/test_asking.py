"""What cannot be got back is asked for: without a terminal and without --yes nothing is done."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography import x509

from optiga.cli.support import confirm
from optiga.cli.support.confirm import _VERBS, _question
from tests.support.cli.runner import Cli
from tests.support.processes import OPTIGA
from tests.support.terminal import terminal


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What the one at the terminal answers; empty where there is none."""
    answers: list[bool] = []
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: bool(answers)))
    monkeypatch.setattr("optiga.cli.support.confirm.answered_yes", lambda *_, **__: answers.pop(0))
    return answers


class TestEmulatorReset:
    def test_asks(self, cli: Cli, port: str, config: Path, answer: list[bool]) -> None:
        file = port.removeprefix("emulator:")
        cli("--port", port, "--csr", config)
        before = Path(file).read_bytes()
        for given in ([], [False]):
            answer[:] = given
            refused = cli("emulator", "reset", file)
            assert (refused.code, len(refused.errors), Path(file).read_bytes()) == (2, 1, before)
        assert "--yes" in cli("emulator", "reset", file).errors[0]
        answer[:] = [True]
        assert cli("emulator", "reset", file).code == 0
        assert "key 0xE0F1 empty" in cli("--port", port, "info").out

    def test_yes(self, cli: Cli, port: str, answer: list[bool]) -> None:
        cli("--port", port, "info")
        assert cli("emulator", "reset", port.removeprefix("emulator:"), "--yes").code == 0


class TestKeyDraw:
    def test_a_new_file_is_nobodys(self, cli: Cli, port: str, answer: list[bool]) -> None:
        assert cli("--port", port, "key", "draw", "secp256r1", "--out", "key.pem").code == 0

    def test_asks(self, cli: Cli, port: str, answer: list[bool]) -> None:
        Path("key.pem").write_bytes(b"the only copy")
        for given in ([], [False]):
            answer[:] = given
            refused = cli("--port", port, "key", "draw", "aes128", "--out", "key.pem")
            assert (refused.code, Path("key.pem").read_bytes()) == (2, b"the only copy")
        assert not Path(port.removeprefix("emulator:")).exists()
        answer[:] = [True]
        assert cli("--port", port, "key", "draw", "aes128", "--out", "key.pem").code == 0
        assert len(Path("key.pem").read_bytes()) == 16
        assert cli("--port", port, "key", "draw", "aes256", "--out", "key.pem", "--yes").code == 0
        assert len(Path("key.pem").read_bytes()) == 32


class TestCaRevoke:
    @pytest.fixture
    def serial(self, cli: Cli, port: str, config: Path) -> str:
        csr = cli("--port", port, "--csr", config, "--query", "filename").out.strip()
        assert cli("ca", "init", "root", "--no-passphrase").code == 0
        return cli("ca", "sign", csr, "--ca", "root", "--query", "serial").out.strip()

    @staticmethod
    def revoke(cli: Cli, serial: str, *options: str) -> int:
        return cli("ca", "revoke", serial, "--ca", "root", *options).code

    @staticmethod
    def reason(cli: Cli) -> str | None:
        listed = json.loads(cli("ca", "list", "--ca", "root", "--output", "json").out)["certificates"][0]["reason"]
        entries = list(x509.load_pem_x509_crl(Path("root/crl.pem").read_bytes()))
        if not entries:
            assert listed is None
            return None
        try:
            told = entries[0].extensions.get_extension_for_class(x509.CRLReason).value.reason.value
        except x509.ExtensionNotFound:
            told = "unspecified"
        assert told == listed
        return str(told)

    def test_asks(self, cli: Cli, serial: str, answer: list[bool]) -> None:
        for given in ([], [False]):
            answer[:] = given
            assert (self.revoke(cli, serial), self.reason(cli)) == (2, None)
        answer[:] = [True]
        assert (self.revoke(cli, serial), self.reason(cli)) == (0, "unspecified")
        assert (self.revoke(cli, serial), self.reason(cli)) == (0, "unspecified")  # nothing to ask about

    @pytest.mark.long
    def test_a_reason_becomes_graver(self, cli: Cli, serial: str, answer: list[bool]) -> None:
        assert self.revoke(cli, serial, "--yes") == 0
        first = json.loads(cli("ca", "list", "--ca", "root", "--output", "json").out)["certificates"][0]["revoked_at"]
        assert (self.revoke(cli, serial, "--reason", "superseded"), self.reason(cli)) == (2, "unspecified")
        assert (self.revoke(cli, serial, "--reason", "superseded", "--yes"), self.reason(cli)) == (0, "superseded")
        for other in ("unspecified", "cessationOfOperation"):
            assert (self.revoke(cli, serial, "--reason", other), self.reason(cli)) == (0, "superseded")
        assert (self.revoke(cli, serial, "--reason", "keyCompromise", "--yes"), self.reason(cli)) == (
            0,
            "keyCompromise",
        )
        assert (self.revoke(cli, serial, "--reason", "superseded", "--yes"), self.reason(cli)) == (0, "keyCompromise")
        last = json.loads(cli("ca", "list", "--ca", "root", "--output", "json").out)["certificates"][0]["revoked_at"]
        assert first == last


class TestQuestion:
    """What will be done is said before; the question asks for it with its verb."""

    def test_an_action_is_asked_for(self) -> None:
        assert _question("Locking 0xF1D0", "") == "Lock 0xF1D0?"
        assert _question("Generating a new key in slot third (0xE0F2)", "") == (
            "Generate a new key in slot third (0xE0F2)?"
        )

    def test_a_long_one_is_short(self) -> None:
        long = f"Revoking {'7a' * 20} of CN=device, O=Somebody"
        assert _question(long, "Revoke this certificate") == "Revoke this certificate?"
        assert _question(f"Replacing {'a' * 80}", "") == f"Replace {'a' * 51}…?"

    def test_every_action_has_its_verb(self) -> None:
        actions = []
        for path in Path(confirm.__file__).parents[2].rglob("*.py"):
            for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "confirm" and len(call.args) > 1:
                    text = call.args[1].values[0] if isinstance(call.args[1], ast.JoinedStr) else call.args[1]
                    actions += [text.value.split()[0]] if isinstance(text, ast.Constant) else []
        assert len(actions) > 8
        assert set(actions) <= set(_VERBS)


@pytest.mark.long
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no terminals of this kind")
def test_what_is_neither_yes_nor_no_is_asked_again(cli: Cli, port: str) -> None:
    assert cli("--port", port, "key", "generate", "second").code == 0
    with terminal([*OPTIGA, "--port", port, "key", "generate", "second"], Path.cwd()) as shown:
        for answer in ("maybe", "NO"):
            shown.wait_for(r"\? \[y/N\]: $")
            shown.type(f"{answer}\n")
        text = shown.wait_for_end()
    assert "Answer y or n." in text
    assert text.count("Error: ") == text.count("was not confirmed") == 1
