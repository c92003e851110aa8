"""Objects whose protected update was interrupted: all else goes on, and each is named with the two ways out of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optiga
from optiga.errors import ChipError
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.update.update_file import encode_json
from tests.support.cli.provisioned import Bench
from tests.support.cli.runner import Cli, Result
from tests.support.cli.torn import AGAIN, DATA, mark_torn, tear, terminate, way_back
from tests.support.emulator.updating import made
from tests.support.makers import make_certificate

USAGE, CHIP = 2, 4
CERTIFICATE, ANCHOR, LARGE = 0xE0E2, 0xE0E9, 0xF1E0


@pytest.fixture
def torn(port: str) -> str:
    """A chip with a certificate and data that are torn, and a key in each slot."""
    with optiga.open_chip(port) as chip:
        chip.generate_key("second")
        chip.generate_key("third")
        chip.write(0xF1D0, b"whole")
        chip.write(0xE120, bytes.fromhex("0000000100000009"))
    tear(port, CERTIFICATE, LARGE, ANCHOR)
    return port


def names(text: str, oid: int, version: int = 0) -> bool:
    """Whether a text names an object and the two ways out."""
    return f"0x{oid:04X}" in text and "was interrupted" in text and AGAIN in text and way_back(oid, version) in text


def refused(result: Result, oid: int, version: int = 0) -> bool:
    """Whether a command ended with the chip's refusal, one line that names the object and the ways out."""
    return result.code == CHIP and len(result.errors) == 1 and names(result.errors[0], oid, version)


class TestWhatGoesOn:
    def test_info(self, cli: Cli, torn: str) -> None:
        result = cli("--port", torn, "info")
        assert (result.code, result.errors) == (0, [])
        assert all(names(result.out, oid) for oid in (CERTIFICATE, ANCHOR, LARGE))
        assert "0xE0F1 secp256r1" in result.out
        assert "0xE0E3 empty" in result.out
        fields = json.loads(cli("--port", torn, "info", "--output", "json").out)
        assert fields["slots"]["third"]["certificate"] == {"size": 608, "error": "its protected update was interrupted"}
        assert [one["oid"] for one in fields["unusable"]] == ["0xE0E2", "0xE0E9", "0xF1E0"]

    def test_info_of_a_key(self, cli: Cli, torn: str) -> None:
        mark_torn(torn, 0xE0F1, version=4)
        result = cli("--port", torn, "info")
        assert result.code == 0
        assert names(result.out, 0xE0F1, 3)

    def test_info_of_a_whole_chip_has_nothing_of_it(self, cli: Cli, port: str) -> None:
        assert "unusable" not in json.loads(cli("--port", port, "info", "--output", "json").out)

    @pytest.mark.parametrize(
        ("words", "listed", "oid"),
        [
            (("object", "list"), "0xF1D0", CERTIFICATE),
            (("object", "list"), "0xF1D0", LARGE),
            (("key", "list"), "0xE0F2", 0xE0F1),
            (("counter", "list"), "0xE120  1", 0xE121),
        ],
    )
    def test_lists(self, cli: Cli, torn: str, words: tuple[str, ...], listed: str, oid: int) -> None:
        for one in (0xE0F1, 0xE121):
            mark_torn(torn, one)
        result = cli("--port", torn, *words)
        assert (result.code, result.errors) == (0, [])
        assert "  ".join(listed.split()) in "\n".join("  ".join(line.split()) for line in result.out.splitlines())
        assert any(names(line, oid) for line in result.err.splitlines() if line.startswith("Warning: "))

    def test_metadata(self, cli: Cli, torn: str) -> None:
        result = cli("--port", torn, "object", "metadata", "0xF1E0")
        assert result.code == 0
        assert "version: 1 (invalid)" in result.out
        assert names(result.err, LARGE)

    @pytest.mark.parametrize("path", ["dump.json", "-"])
    def test_export(self, cli: Cli, torn: str, path: str) -> None:
        result = cli("--port", torn, "export", path)
        assert (result.code, result.errors) == (0, [])
        assert all(names(result.err, oid) for oid in (CERTIFICATE, LARGE, ANCHOR))
        dump = json.loads(result.out if path == "-" else Path(path).read_text())
        assert dump["f1d0"]["data"] == b"whole".hex()
        assert [oid for oid in ("e0e2", "e0e9", "f1e0") if "data" in dump[oid]] == []

    def test_export_of_one_says_it_in_its_result(self, cli: Cli, torn: str) -> None:
        asked = ("export", "dump.json", "--object", "0xF1E0", "--object", "0xF1D0", "--output", "json")
        fields = json.loads(cli("--port", torn, *asked).out)
        assert (fields["unread"], fields["unusable"]) == (["0xF1E0"], ["0xF1E0"])

    def test_what_was_exported_tears_no_other_chip(self, cli: Cli, torn: str, tmp_path: Path) -> None:
        cli("--port", torn, "export", "dump.json")
        other = f"emulator:{tmp_path / 'other'}"
        result = cli("--port", other, "import", "dump.json", "--yes")
        assert (result.code, result.errors) == (0, [])
        assert "0xF1E0 left out: a protected update of it was interrupted" in result.out
        with optiga.open_chip(other) as chip:
            assert chip.read(0xF1D0) == b"whole"
            assert not chip.metadata(LARGE).is_invalid
            assert chip.read(LARGE) == bytes(1500)
            assert str(chip.metadata(LARGE).in_words()["change"]) == "lcso < operational || int 0xE0E8"


class TestImport:
    @pytest.fixture
    def file(self, cli: Cli, tmp_path: Path) -> str:
        source = f"emulator:{tmp_path / 'source'}"
        with optiga.open_chip(source) as chip:
            chip.write(0xF1D0, b"new")
            chip.write(LARGE, b"new, too")
        objects = [word for oid in ("0xF1D0", "0xF1E0", "0xE0E2") for word in ("--object", oid)]
        assert cli("--port", source, "export", "f.json", *objects).code == 0
        return "f.json"

    def test_keep_going(self, cli: Cli, torn: str, file: str) -> None:
        result = cli("--port", torn, "import", file, "--keep-going")
        assert result.code == CHIP
        assert all(any(names(error, oid) for error in result.errors) for oid in (CERTIFICATE, LARGE))
        with optiga.open_chip(torn) as chip:
            assert chip.read(0xF1D0) == b"new"
            assert chip.metadata(LARGE).is_invalid

    def test_without_it_nothing_is_written(self, cli: Cli, torn: str, file: str) -> None:
        result = cli("--port", torn, "import", file)
        assert result.code == USAGE
        assert names("\n".join(result.errors), LARGE)
        with optiga.open_chip(torn) as chip:
            assert chip.read(0xF1D0) == b"whole"


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "oid"),
    [
        ("--read 0xE0E2", CERTIFICATE),
        ("--read third", CERTIFICATE),
        ("object read 0xF1E0", LARGE),
        ("object write 0xF1E0 file", LARGE),
        ("hash --object 0xF1E0", LARGE),
        ("key public third", CERTIFICATE),
        ("counter show 0xE121", 0xE121),
        ("counter count 0xE121", 0xE121),
        ("counter set 0xE121 --value 0 --threshold 5", 0xE121),
        ("key sign second file", 0xE0F1),
        ("key generate second --yes", 0xE0F1),
        ("key verify 0xE0E9 signature file", ANCHOR),
        ("--write file --id 0xF1E0", LARGE),
    ],
)
def test_commands_of_one_object_name_it(cli: Cli, torn: str, words: str, oid: int) -> None:
    for one in (0xE0F1, 0xE121):
        mark_torn(torn, one)
    Path("file").write_bytes(b"content")
    Path("signature").write_bytes(bytes.fromhex("3006020101020101"))
    before = objects(torn)
    result = cli("--port", torn, *words.split())
    assert refused(result, oid), result.err
    assert objects(torn) == before


def objects(port: str) -> dict[int, bytes]:
    """The metadata of all that may change, and the data that can be read."""
    held = {}
    with optiga.open_chip(port) as chip:
        for oid in (0xE0F1, 0xE0F2, 0xE0E1, CERTIFICATE, ANCHOR, LARGE, 0xE121, 0xF1D0):
            held[oid] = chip.metadata(oid).encode()
            try:
                held[oid] += b"" if oid in (0xE0F1, 0xE0F2) else chip.read(oid)
            except ChipError as error:
                assert error.code == 0x11  # noqa: PT017 - what is torn is among them
    return held


class TestWaysOut:
    @pytest.mark.parametrize("oid", [CERTIFICATE, LARGE])
    def test_the_same_update_again(self, cli: Cli, torn: str, oid: int) -> None:
        Path("set.json").write_text(encode_json(made(DATA, target_oid=oid)))
        assert cli("--port", torn, "update", "apply", "set.json").code == 0
        with optiga.open_chip(torn) as chip:
            assert chip.read(oid) == DATA

    @pytest.mark.parametrize("oid", [CERTIFICATE, LARGE])
    def test_the_version_set_anew(self, cli: Cli, torn: str, oid: int) -> None:
        """It is taken as it is, and the same update goes in afterwards as before."""
        label = f"0x{oid:04X}"
        assert cli("--port", torn, "object", "metadata", label, "version: 0").code == 0
        with optiga.open_chip(torn) as chip:
            assert chip.read(oid) == DATA[:608]
        Path("set.json").write_text(encode_json(made(DATA, target_oid=oid)))
        assert cli("--port", torn, "update", "apply", "set.json").code == 0
        with optiga.open_chip(torn) as chip:
            assert chip.read(oid) == DATA

    def test_an_operational_object_has_one_way(self, cli: Cli, torn: str) -> None:
        with optiga.open_chip(torn) as chip:
            chip.write_metadata(LARGE, parse_metadata_words(["lcso: operational"]))
        result = cli("--port", torn, "object", "read", "0xF1E0")
        (error,) = result.errors
        assert result.code == CHIP
        assert AGAIN in error
        assert "version:" not in error
        assert cli("--port", torn, "object", "metadata", "0xF1E0", "version: 0").code != 0
        Path("set.json").write_text(encode_json(made(DATA, target_oid=LARGE)))
        assert cli("--port", torn, "update", "apply", "set.json").code == 0

    def test_an_update_whose_anchor_is_torn(self, cli: Cli, torn: str) -> None:
        update = made(b"data", target_oid=0xF1D1, anchor_oid=ANCHOR)
        with optiga.open_chip(torn) as chip:
            chip.write_metadata(0xF1D1, parse_metadata_words(["change: int 0xE0E9"]))
        Path("set.json").write_text(encode_json(update))
        assert refused(cli("--port", torn, "update", "apply", "set.json"), ANCHOR)


class TestIdentities:
    """Refused before anything is made or written: what a key or a certificate is put into must be whole."""

    @pytest.mark.parametrize("oid", [CERTIFICATE, 0xE0F2])
    @pytest.mark.parametrize("strict", [(), ("--strict",)])
    def test_write(self, cli: Cli, port: str, oid: int, strict: tuple[str, ...]) -> None:
        self.break_slot(port, oid)
        Path("cert.pem").write_bytes(make_certificate())
        before = objects(port)
        result = cli("--port", port, "--write", "cert.pem", "--slot", "third", *strict)
        assert refused(result, oid), result.err
        assert objects(port) == before

    @pytest.mark.long
    @pytest.mark.parametrize("oid", [0xE0E1, 0xE0F1])
    @pytest.mark.parametrize("options", [(), ("--renew",), ("--dry-run",)])
    def test_provision(self, run: Cli, bench: Bench, oid: int, options: tuple[str, ...]) -> None:
        self.break_slot(bench.port, oid)
        before = bench.objects()
        result = run(*options)
        assert refused(result, oid), result.err
        assert bench.objects() == before
        assert "CreateCertificateFromCsr" not in bench.cloud.calls
        assert not list(bench.folder.glob("*.csr"))

    def test_a_key_beside_a_torn_certificate_can_be_made(self, cli: Cli, torn: str) -> None:
        assert cli("--port", torn, "key", "generate", "third", "--yes").code == 0

    def break_slot(self, port: str, oid: int) -> None:
        with optiga.open_chip(port) as chip:
            for slot in ("second", "third"):
                chip.generate_key(slot)
        if oid in (0xE0F1, 0xE0F2):
            mark_torn(port, oid)
        else:
            tear(port, oid)


class TestTermination:
    """An object in termination is said to be that, and not to be closed by a condition or to be empty."""

    @pytest.fixture
    def ended(self, port: str) -> str:
        with optiga.open_chip(port) as chip:
            chip.generate_key("second")
            chip.generate_key("third")
        terminate(port, 0xE0E1, 0xE0F2, 0xF1D0, 0xE121)
        return port

    @pytest.mark.parametrize(
        ("words", "oid"),
        [
            ("info", 0xE0E1),
            ("info", 0xE0F2),
            ("object list", 0xF1D0),
            ("object metadata 0xF1D0", 0xF1D0),
            ("key list", 0xE0F2),
            ("counter list", 0xE121),
            ("export dump.json", 0xF1D0),
        ],
    )
    def test_what_goes_on(self, cli: Cli, ended: str, words: str, oid: int) -> None:
        result = cli("--port", ended, *words.split())
        assert (result.code, result.errors) == (0, [])
        said = [line for line in (result.out + result.err).splitlines() if f"0x{oid:04X}" in line]
        assert any("in termination (LcsO 0x0F)" in line for line in said)

    @pytest.mark.parametrize(
        ("words", "oid"),
        [
            ("object read 0xF1D0", 0xF1D0),
            ("--read 0xE0E1", 0xE0E1),
            ("--read second", 0xE0E1),
            ("hash --object 0xF1D0", 0xF1D0),
            ("key sign third file", 0xE0F2),
            ("key generate third --yes", 0xE0F2),
            ("counter show 0xE121", 0xE121),
            ("counter count 0xE121", 0xE121),
            ("--write cert.pem --slot second", 0xE0E1),
        ],
    )
    def test_what_is_refused(self, cli: Cli, ended: str, words: str, oid: int) -> None:
        Path("file").write_bytes(b"content")
        Path("cert.pem").write_bytes(make_certificate())
        result = cli("--port", ended, *words.split())
        (error,) = result.errors
        assert result.code == CHIP
        assert f"0x{oid:04X} is in termination (LcsO 0x0F)" in error
        assert "access condition does not allow" not in error

    def test_provision(self, run: Cli, bench: Bench) -> None:
        terminate(bench.port, 0xE0F1)
        result = run()
        assert result.code == CHIP
        assert "0xE0F1 is in termination" in result.err
        assert "CreateCertificateFromCsr" not in bench.cloud.calls

    def test_the_way_back_is_named_where_there_is_one(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            chip.write_metadata(0xF1D0, parse_metadata_words(["metadata_update: int 0xE0E8", "reset_type: creation"]))
        terminate(port, 0xF1D0, 0xF1D1)
        assert "a protected update of its metadata can" in cli("--port", port, "object", "read", "0xF1D0").err
        assert "This can never be undone" in cli("--port", port, "object", "read", "0xF1D1").err

    def test_other_refusals_speak_of_conditions(self, cli: Cli, port: str) -> None:
        with optiga.open_chip(port) as chip:
            chip.write_metadata(0xF1D0, parse_metadata_words(["read: never"]))
        result = cli("--port", port, "object", "read", "0xF1D0")
        assert result.code == CHIP
        assert "termination" not in result.err
        assert "The read access condition of 0xF1D0 is 'never'" in result.err
