"""``object``: list, read, write, metadata, lock; what is irreversible is asked for, and mistakes touch no chip."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from optiga import open_chip
from optiga.cli.support import confirm
from optiga.objects import irreversible
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import parse_condition
from optiga.protocol.rules.known import access_now
from tests.support.cli.mistakes import CERTIFICATE, CHIP, USAGE, Mistake, assert_mistake
from tests.support.cli.runner import Cli
from tests.support.makers import make_certificate

EMPTY_DATA = "2011c00101c4018cc50164d003e1fc07d10100"


class Terminal(io.StringIO):
    """Standard input with somebody at it."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def somebody(monkeypatch: pytest.MonkeyPatch) -> type[Terminal]:
    """Have somebody answer: ``somebody("y")``."""

    def answer(text: str) -> None:
        monkeypatch.setattr(sys, "stdin", Terminal(text + "\n"))

    return answer  # type: ignore[return-value]


@pytest.fixture(autouse=True)
def _nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())


def feed(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


class TestList:
    def test_table(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "object", "list")
        assert result.code == 0
        lines = result.out.splitlines()
        assert lines[0].split() == ["oid", "what", "content", "life_cycle", "change", "read", "execute"]
        assert any(
            re.match(r"0xF1D0  arbitrary data type 3, 1 +100/140 +creation +lcso < operational", x) for x in lines
        )
        assert any(re.match(r"0xE0F0  device private EC key 1 +secp256r1 ", line) for line in lines)
        assert not any(line.startswith("0xE100") for line in lines)

    def test_json(self, cli: Cli, port: str) -> None:
        objects = json.loads(cli("--port", port, "object", "list", "--output", "json").out)["objects"]
        found = {one["oid"]: one for one in objects}
        assert found["0xF1D0"] == {
            "oid": "0xF1D0",
            "name": "arbitrary data type 3, 1",
            "kind": "data",
            "used": 100,
            "max": 140,
            "life_cycle": "creation",
            "change": "lcso < operational",
            "read": "always",
            "execute": "never",
            "empty": None,
            "algorithm": None,
            "metadata": EMPTY_DATA,
        }
        assert found["0xE0F1"]["max"] is None
        empty = {"0xE0E0": False, "0xE0E1": True, "0xE0E8": True, "0xE0F0": False, "0xE0F1": True, "0xE200": True}
        assert {oid: found[oid]["empty"] for oid in empty} == empty
        assert len(objects) == len({one["oid"] for one in objects}) == 44

    @pytest.mark.parametrize("words", ["object list", "key list"])
    @pytest.mark.parametrize("columns", [80, 100, 120])
    def test_a_line_for_each_object(
        self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch, words: str, columns: int
    ) -> None:
        """What is abbreviated for it is what 'object metadata' takes."""
        wide = cli("--port", port, *words.split()).out.splitlines()
        monkeypatch.setenv("COLUMNS", str(columns))
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        result = cli("--port", port, *words.split())
        lines = result.out.splitlines()
        assert all(len(line) <= columns for line in lines)
        assert [line[:6] for line in lines] == [line[:6] for line in wide]
        assert ("--wide" in result.err) is ("execute" not in lines[0])
        assert cli("--port", port, *words.split(), "--wide").out.splitlines() == wide
        place = wide[0].index("change"), lines[0].index("change")
        for whole, short in zip(wide[1:], lines[1:], strict=True):
            before, after = (re.split("  +", line[at:])[0] for line, at in zip((whole, short), place, strict=True))
            assert parse_condition(before) == parse_condition(after)

    def test_a_long_condition(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """It is never cut off: it takes several lines, and the other objects still one."""
        condition = "lcso < operational && int 0xE0E8 || conf 0xE140 && int 0xE0E9"
        assert cli("--port", port, "object", "metadata", "0xF1D0", f"change: {condition}", "--yes").code == 0
        monkeypatch.setenv("COLUMNS", "80")
        monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
        lines = cli("--port", port, "object", "list").out.splitlines()
        assert all(len(line) <= 80 for line in lines)
        place = next(number for number, line in enumerate(lines) if line.startswith("0xF1D0"))
        end = next(number for number in range(place + 1, len(lines)) if lines[number].startswith("0x"))
        at = lines[0].index("change")
        said = " ".join(re.split("  +", line[at:])[0] for line in lines[place:end])
        assert parse_condition(said) == parse_condition(condition)
        assert len(lines) - (end - place - 1) <= 47

    @pytest.mark.parametrize(
        ("change", "empty"),
        [("read: never", None), ("read: luc 0xE120", None), ("read: always", False)],
    )
    def test_empty_or_not_known(self, cli: Cli, port: str, change: str, empty: bool | None) -> None:
        """A certificate that cannot be read, or whose reading a counter would count, may be there."""
        Path("c.pem").write_bytes(make_certificate())
        cli("--port", port, "object", "write", "0xE0E1", "c.pem")
        assert cli("--port", port, "object", "metadata", "0xE0E1", change, "--yes").code == 0
        before = cli("--port", port, "counter", "list").out
        listed = json.loads(cli("--port", port, "object", "list", "--output", "json").out)["objects"]
        assert [one["empty"] for one in listed if one["oid"] == "0xE0E1"] == [empty]
        assert cli("--port", port, "counter", "list").out == before

    def test_query(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "object", "list", "--query", "objects[?oid=='0xE140'].used | [0]").out == "64\n"


class TestData:
    def test_write_and_read(self, cli: Cli, port: str) -> None:
        Path("data.bin").write_bytes(b"hello")
        result = cli("--port", port, "object", "write", "0xF1D0", "data.bin")
        assert (result.code, result.out) == (0, "")
        assert "5 bytes have been written to 0xF1D0" in result.err
        assert "|hello|" in cli("--port", port, "object", "read", "f1d0").out
        assert cli("--port", port, "object", "read", "0xF1D0", "--query", "data").out == "68656c6c6f\n"
        again = cli("--port", port, "object", "write", "0xF1D0", "data.bin")
        assert "0xF1D0 already holds these bytes" in again.err
        assert cli("--port", port, "object", "write", "0xF1D0", "data.bin", "--query", "written").out == "False\n"

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
    def test_hex_with_and_without_byte_order_mark(self, cli: Cli, port: str, encoding: str) -> None:
        Path("digits").write_text("00 ff", encoding=encoding)
        assert cli("--port", port, "object", "write", "0xF1D0", "digits", "--hex").code == 0
        assert cli("--port", port, "object", "read", "0xF1D0", "--query", "data").out == "00ff\n"

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
    def test_hex_in_utf_16(self, cli: Cli, port: str, encoding: str) -> None:
        Path("digits").write_text("\ufeff00 ff", encoding=encoding)
        result = cli("--port", port, "object", "write", "0xF1D0", "digits", "--hex")
        assert (result.code, result.errors) == (2, ["Error: digits is text in UTF-16. Save it in UTF-8"])

    def test_hex_offset_and_no_erase(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        feed(monkeypatch, b"00:01 02\n0x03 04\n")
        assert cli("--port", port, "object", "write", "F1D1", "-", "--hex").code == 0
        feed(monkeypatch, b"ff")
        assert cli("--port", port, "object", "write", "F1D1", "-", "--hex", "--offset", 1, "--no-erase").code == 0
        assert cli("--port", port, "object", "read", "F1D1", "--query", "data").out == "00ff020304\n"

    @pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX")
    @pytest.mark.parametrize("words", ["object read {} --out file", "--read {} --out file"])
    @pytest.mark.parametrize(("oid", "is_secret"), [("0xE140", True), ("0xF1D0", True), ("0xF1D1", False)])
    def test_a_secret_in_a_file_is_for_its_owner(
        self, cli: Cli, port: str, words: str, oid: str, is_secret: bool
    ) -> None:
        assert cli("--port", port, "object", "metadata", "0xF1D0", "type: pre_shared_secret").code == 0
        assert cli("--port", port, *words.format(oid).split()).code == 0
        assert (Path("file").stat().st_mode & 0o077 == 0) is is_secret

    @pytest.mark.parametrize("text", [b"0x1 0x2", b"1:2", b"00 1"])
    def test_digits_that_are_no_bytes(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch, text: bytes) -> None:
        feed(monkeypatch, text)
        refused = cli("--port", port, "object", "write", "F1D1", "-", "--hex")
        assert (refused.code, len(refused.errors)) == (USAGE, 1)
        assert "standard input is not hex: each byte needs two digits" in refused.errors[0]

    def test_a_certificate(self, cli: Cli, port: str, monkeypatch: pytest.MonkeyPatch) -> None:
        certificate = make_certificate()
        Path("cert.pem").write_bytes(certificate)
        result = cli("--port", port, "object", "write", "0xE0E8", "cert.pem")
        assert (result.code, result.errors) == (0, [])
        assert cli("--port", port, "object", "read", "0xE0E8").out.encode() == certificate
        feed(monkeypatch, certificate)
        assert "nothing was written" in cli("--port", port, "object", "write", "0xE0E8", "-").err
        feed(monkeypatch, b"hello")
        refused = cli("--port", port, "object", "write", "0xE0E8", "-")
        assert refused.code == CERTIFICATE
        assert refused.errors[0].startswith("Error: no certificate in standard input. ")

    def test_a_life_cycle_state_is_asked_for(self, cli: Cli, port: str) -> None:
        Path("state").write_text("07")
        words = ("--port", port, "object", "write", "0xF1C0", "state", "--hex")
        refused = cli(*words)
        assert (refused.code, len(refused.errors)) == (USAGE, 1)
        assert "application's life cycle state goes from creation to operational" in refused.errors[0]
        assert cli("--port", port, "object", "read", "F1C0", "--query", "data").out == "01\n"
        assert cli(*words, "--yes").code == 0
        assert cli("--port", port, "object", "read", "F1C0", "--query", "data").out == "07\n"


class TestMetadata:
    def test_show(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "object", "metadata", "0xF1D0").out.splitlines() == [
            f"0xF1D0  {EMPTY_DATA}",
            "lcso: creation",
            "max_size: 140",
            "used_size: 100",
            "change: lcso < operational",
            "read: always",
        ]
        assert cli("--port", port, "object", "metadata", "0xF1D0", "--query", "words.read").out == "always\n"

    def test_set(self, cli: Cli, port: str) -> None:
        result = cli(
            "--port",
            port,
            "object",
            "metadata",
            "0xF1D0",
            "change: lcso < operational || int 0xe0e8",
            "READ: conf E140",
        )
        assert (result.code, result.errors) == (0, [])
        assert "change: lcso < operational -> lcso < operational || int 0xE0E8" in result.out
        assert "read: always -> conf 0xE140" in result.out
        assert "lcso: creation\n" in result.out

    def test_json(self, cli: Cli, port: str) -> None:
        words = ("--port", port, "object", "metadata", "F1D0", "type: up_counter", "--output", "json")
        changed = json.loads(cli(*words).out)
        assert (changed["changed"], changed["before"]["hex"]) == (True, EMPTY_DATA)
        assert changed["after"]["words"]["type"] == "up_counter"
        again = cli(*words)
        assert json.loads(again.out)["changed"] is False
        assert "nothing was written" in again.err

    def test_never_is_asked_for(self, cli: Cli, port: str, somebody: type[Terminal]) -> None:
        words = ("--port", port, "object", "metadata", "0xF1D0", "change: never")
        refused = cli(*words)
        assert (refused.code, len(refused.errors)) == (USAGE, 1)
        assert re.search("its data can then not be changed.*cannot be confirmed.*--yes", refused.errors[0])
        somebody("n")
        declined = cli(*words)
        assert declined.code == USAGE
        assert "Error: Changing the metadata of 0xF1D0 was not confirmed: nothing was changed" in declined.err
        assert cli("--port", port, "object", "metadata", "0xF1D0", "--query", "hex").out.strip() == EMPTY_DATA
        somebody("y")
        answered = cli(*words)
        assert answered.code == 0
        assert "change: lcso < operational -> never" in answered.out
        # As the manual has it, the condition can be set anew while the object is not operational.
        assert cli("--port", port, "object", "metadata", "0xF1D0", "change: always").code == 0


class TestLock:
    @pytest.fixture(autouse=True)
    def chip(self, cli: Cli, port: str) -> None:
        """Whoever locks an object has a chip."""
        assert cli("--port", port, "info").code == 0

    def test_it_says_what_stays(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "object", "lock", "0xF1D0", "--yes")
        assert result.code == 0
        for line in (
            "Locking 0xF1D0 can never be undone:",
            "  its life cycle state goes from creation to operational and never comes back",
            "  change will stay lcso < operational, which means never from then on",
            "  read will stay always",
            "  execute will stay absent, which means never from then on",
            "  none of its metadata can ever be changed again",
        ):
            assert line in result.err.splitlines()
        assert "lcso: creation -> operational" in result.out

    def test_what_is_locked_already(self, cli: Cli, port: str) -> None:
        assert cli("--port", port, "object", "lock", "0xF1D0", "--yes", "-q").code == 0
        again = cli("--port", port, "object", "lock", "0xF1D0")
        assert (again.code, again.errors) == (0, [])
        assert "0xF1D0 is already locked" in again.err
        assert cli("--port", port, "object", "lock", "0xE0C2", "--query", "changed").out == "False\n"

    def test_an_end_is_told(self, cli: Cli, port: str) -> None:
        Path("state").write_bytes(b"\x0f")
        (chips,) = cli("--port", port, "object", "write", "0xE0C0", "state").errors
        assert "to termination and never comes back: this is the end of the chip's life" in chips
        (objects,) = cli("--port", port, "object", "metadata", "0xF1D0", "lcso: termination").errors
        assert "the chip neither reads nor uses the object" in objects
        assert cli("--port", port, "info", "--query", "life_cycle.global").out == "operational\n"

    def test_nobody_at_the_terminal(self, cli: Cli, port: str) -> None:
        result = cli("--port", port, "object", "lock", "0xF1D0")
        assert (result.code, result.out, len(result.errors)) == (USAGE, "", 1)
        assert re.search("never comes back; change will stay lcso.*; none of its metadata.*--yes", result.errors[0])
        assert cli("--port", port, "object", "metadata", "0xF1D0", "--query", "words.lcso").out == "creation\n"

    def test_somebody_says_yes(self, cli: Cli, port: str, somebody: type[Terminal]) -> None:
        somebody("y")
        result = cli("--port", port, "object", "lock", "0xF1D0", "-q")
        assert result.code == 0
        assert "Lock 0xF1D0?" in result.err

    def test_what_is_locked_is_refused_before_the_chip(self, cli: Cli, port: str) -> None:
        cli("--port", port, "object", "lock", "0xF1D0", "--yes")
        for words, line in (
            ("read: never", "0xF1D0 is operational: read can never be changed again"),
            ("lcso: creation", "life cycle state operational and never goes back to creation"),
        ):
            result = cli("--port", port, "object", "metadata", "0xF1D0", words, "--yes")
            assert (result.code, len(result.errors)) == (USAGE, 1)
            assert line in result.errors[0]


MISTAKES = {
    "unknown object": Mistake("object metadata 0xBEEF", "'0xBEEF' is not an OID.*object list"),
    "a session": Mistake(
        "object metadata 0xE100", r"0xE100 \(session context 1\) is not an object with data or metadata"
    ),
    "no file": Mistake("object write 0xF1D0 none.bin", "none.bin: no such file"),
    "empty": Mistake("object write 0xF1D0 {files}/empty", "/empty is empty"),
    "too big": Mistake("object write 0xF1D0 {files}/big", "141 bytes do not fit in 0xF1D0, which has room for 140"),
    "too far": Mistake("object write 0xF1D0 {files}/few --offset 139", "3 bytes at offset 139 do not fit"),
    "no hex": Mistake("object write 0xF1D0 {files}/few --hex", "is not hex: 'x' is not a hex digit"),
    "a key": Mistake("object write 0xE0F1 {files}/few", "is a private key"),
    "last error": Mistake("object write 0xF1C2 {files}/few", "belongs to the chip itself"),
    "a counter": Mistake("object write 0xE120 {files}/few", "Use 'counter set'"),
    "no certificate": Mistake("object write 0xE0E1 {files}/few", "no certificate in", CERTIFICATE),
    "negative offset": Mistake("object write 0xF1D0 {files}/few --offset -1", "offset"),
    "wrong word": Mistake("object metadata 0xF1D0 change:sometimes", "expected one of always.*, not 'sometimes'"),
    "brackets": Mistake("object metadata 0xF1D0 change:(always)", "parentheses are not supported"),
    "usage of data": Mistake("object metadata 0xF1D0 key_usage:signature", "0xF1D0 is not a key"),
    "type of a key": Mistake("object metadata 0xE0F1 type:byte_string", "0xE0F1 is a key"),
    "type of the monitor": Mistake("object metadata 0xE0C9 type:byte_string", "0xE0C9 has no type"),
    "no state": Mistake("object metadata 0xF1D0 lcso:0x05", "0xF1D0: lcso: 0x05 is not a life cycle state"),
    "no life cycle": Mistake("object metadata 0xE0C2 read:never", "only the chip can change the metadata"),
    "reading a key": Mistake("object read 0xE0F1", "never leaves the chip"),
    "query": Mistake("object list --query nonsense", "'nonsense' finds nothing.*objects"),
    "query of a write": Mistake("object write 0xF1D0 {files}/few --query nonsense", "finds nothing.*written"),
    "query of a lock": Mistake("object lock 0xF1D0 --yes --query nonsense", "finds nothing.*changed"),
    "locked data": Mistake("object write 0xE0E0 {files}/few --hex --no-erase", "is not hex"),
    "locked by the chip": Mistake("object write 0xE0E0 {files}/few --offset 0", "0x07, access conditions", CHIP),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_mistake(mistake: Mistake, cli: Cli, port: str, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "big").write_bytes(bytes(141))
    (tmp_path / "few").write_bytes(b"xyz")
    cli("emulator", "new", port.removeprefix("emulator:"))
    before = dump(port)
    assert_mistake(cli, mistake, "--port", port, files=tmp_path)
    assert dump(port) == before


def dump(port: str) -> list[bytes]:
    """What a mistake must not change."""
    with open_chip(port) as chip:
        watched = (0xE0E0, 0xE0E1, 0xE120, 0xF1D0)
        return [chip.read(oid) for oid in watched] + [chip.metadata(oid).encode() for oid in (*watched, 0xE0F1)]


class TestWhatStays:
    def test_a_protected_update_stays_possible(self) -> None:
        before = Metadata({Tag.LCSO: b"\x01", Tag.METADATA_UPDATE: bytes.fromhex("21e0e8"), Tag.RESET_TYPE: b"\x11"})
        said = irreversible.what_stays(before, Metadata({Tag.LCSO: b"\x07"}))
        assert "metadata_update will stay int 0xE0E8" in said
        assert "reset_type will stay creation, flush" in said
        assert said[-1] == "only a protected update (int 0xE0E8) can change its metadata"

    @pytest.mark.parametrize(
        ("condition", "state", "means"),
        [
            ("e1fc07", 7, "never"),
            ("e1fc07", 1, "always"),
            ("e1fc07fe21e0e8", 7, "int 0xE0E8"),
            ("e1fb03fd20e140", 7, "conf 0xE140"),
            ("e1fa0f", 7, "never"),
            ("00", 7, "always"),
            ("ff", 1, "never"),
            ("70fc07", 7, "lcsg < operational"),
        ],
    )
    def test_conditions_at_a_state(self, condition: str, state: int, means: str) -> None:
        metadata = Metadata({Tag.LCSO: bytes([state]), Tag.CHANGE: bytes.fromhex(condition)})
        assert str(access_now(metadata, Tag.CHANGE)) == means

    def test_what_can_be_taken_back(self) -> None:
        before = Metadata.parse(bytes.fromhex(EMPTY_DATA))
        assert irreversible.what_stays(before, Metadata({Tag.READ: b"\xff"})) == []


def test_nobody_asked_for_nothing() -> None:
    confirm.confirm(None, "x", (), yes=False)  # type: ignore[arg-type]


def test_without_a_command_it_helps(cli: Cli) -> None:
    result = cli("object")
    assert (result.code, result.err) == (0, "")
    assert "metadata" in result.out


def test_a_file_of_hex_digits_that_is_written_as_text(cli: Cli, port: str) -> None:
    Path("data.hex").write_text("00112233 4455\n")
    Path("words").write_text("a few words\n")
    write = ("--port", port, "object", "write", "0xF1D3")
    note = "data.hex has only hex digits"
    assert note in cli(*write, "data.hex").err
    assert note not in cli(*write, "data.hex", "--hex").err
    assert "hex digits" not in cli(*write, "words").err


@pytest.mark.parametrize(
    ("words", "room"),
    [
        ("object write 0xF1D0 {big}", "0xF1D0 has room for 140 bytes"),
        ("object write 0xE0E8 {big}", "0xE0E8 has room for 1200 bytes"),
        ("--write {big}", "0xE0E1 has room for 1728 bytes"),
        ("--write {big} --id 0xF1D0", "0xF1D0 has room for 140 bytes"),
        (
            "update make data 0xF1E0 {big} --version 1 --anchor 0xE0E8 --signer x --out y",
            "0xF1E0 has room for 1500 bytes",
        ),
        ("update make key aes {big} --version 1 --anchor 0xE0E8 --signer x --out y", "16, 24 or 32 bytes"),
        ("object read 0xF1D1 --authorize 0xF1D0={big}", "0xF1D0 has room for 140 bytes"),
        ("object read 0xF1D1 --authorize 0xF1D0={large}", "0xF1D0 has room for 140 bytes"),
        ("pair check {big}", "32 to 64 bytes"),
    ],
)
def test_the_limit_that_counts_is_told(cli: Cli, port: str, words: str, room: str) -> None:
    for name, size in (("big", (1 << 20) + 1), ("large", 141)):
        Path(name).write_bytes(bytes(size))
        Path(name).chmod(0o600)
    result = cli("--port", port, *words.format(big="big", large="large").split())
    assert (result.code, len(result.errors)) == (USAGE, 1)
    assert "large is too large" in result.errors[0] or "big is too large" in result.errors[0]
    assert room in result.errors[0]
