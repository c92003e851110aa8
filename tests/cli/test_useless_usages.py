"""A usage that no command of the chip has for such a key is refused before the key goes over a working one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optiga
from optiga.errors import ConfigurationError
from optiga.protocol.algorithms import KeyAlgorithm
from optiga.protocol.codes import KEY_USAGE_WORDS, KeyUsage
from optiga.protocol.manifest import ContentReset, KeyUpdate
from optiga.protocol.metadata import Metadata, Tag
from optiga.protocol.metadata_words import parse_metadata_words
from optiga.update.payloads import key_payload, metadata_payload
from optiga.update.update_file import write_update
from optiga.update.update_set import UpdateSet
from tests.support.cli.runner import Cli
from tests.support.cli.update_bench import prepare
from tests.support.emulator.updating import made, resigned, signer
from tests.support.makers import make_key
from tests.support.sampling import sampled

USELESS = [
    ("second", "secp256r1", "encryption"),
    ("third", "brainpoolp384r1", "encryption"),
    ("second", "secp521r1", "signature,encryption"),
    ("five", "rsa2048", "key_agreement"),
    ("six", "rsa1024", "signature,key-agreement"),
    ("aes", None, "signature"),
    ("aes", None, "authentication"),
    ("aes", None, "key_agreement"),
    ("aes", None, "encryption,signature"),
]


@pytest.mark.parametrize(("slot", "algorithm", "usage"), USELESS)
def test_key_generate(cli: Cli, port: str, slot: str, algorithm: str | None, usage: str) -> None:
    options = ["--algorithm", algorithm] if algorithm else []
    result = cli("--port", port, "key", "generate", slot, *options, "--usage", usage, "--yes")
    assert (result.code, result.out, len(result.errors)) == (2, "", 1)
    assert "--usage" in result.errors[0]
    assert not Path(port.removeprefix("emulator:")).exists()  # the chip was not even opened


def test_key_generate_leaves_the_key(cli: Cli, port: str) -> None:
    public = cli("--port", port, "key", "generate", "second").out
    Path("public.pem").write_text(public)
    Path("message").write_bytes(b"message")
    assert cli("--port", port, "key", "generate", "second", "--usage", "encryption", "--yes").code == 2
    assert cli("--port", port, "key", "sign", "second", "message", "--out", "sig").code == 0
    assert cli("--port", port, "key", "verify", "public.pem", "message", "sig").code in (0, 5)
    keys = json.loads(cli("--port", port, "key", "list", "--output", "json").out)["keys"]
    assert next(key for key in keys if key["slot"] == "second")["usage"] == ["authentication", "key_agreement"]


@pytest.mark.parametrize(
    ("slot", "usage"),
    [
        ("second", "authentication,signature,key_agreement"),
        ("five", "authentication,signature,encryption"),
        ("five", "encryption"),
        ("second", "key_agreement"),
    ],
)
def test_every_usage_that_there_is(cli: Cli, port: str, slot: str, usage: str) -> None:
    assert cli("--port", port, "key", "generate", slot, "--usage", usage).code == 0


def test_a_configuration_of_an_rsa_key(cli: Cli, port: str, configs: Path) -> None:
    """What a key has without a list can be written as a list."""
    content = json.loads(next(path for path in configs.iterdir() if "rsa" in path.name).read_text())
    parameters = content["csr_config"]["key_info"]["parameters"]
    parameters["key_size"] = 1024
    given: list[list[str]] = []
    for _ in range(2):
        Path("config.jsn").write_text(json.dumps(content))
        assert cli("--port", port, "-q", "--csr", "config.jsn").code == 0
        given.append(json.loads(cli("--port", port, "info", "--query", "slots.five.key.usage", "--output", "json").out))
        parameters["key_usage"] = given[0]
    assert given == [["authentication", "encryption", "key_agreement"]] * 2


def test_a_configuration_of_an_rsa_key_that_only_agrees(cli: Cli, port: str, configs: Path) -> None:
    content = json.loads(next(path for path in configs.iterdir() if "rsa" in path.name).read_text())
    content["csr_config"]["key_info"]["parameters"]["key_usage"] = ["key_agreement"]
    Path("config.jsn").write_text(json.dumps(content))
    for command in (("--csr", "config.jsn"), ("provision", "config.jsn", "--dry-run")):
        result = cli("--port", port, *command)
        assert (result.code, result.out) == (2, "")
        assert "cannot sign its own CSR" in result.errors[0]


@pytest.mark.parametrize(("slot", "algorithm", "usage"), [USELESS[0], USELESS[2], USELESS[5], USELESS[8]])
def test_update_make_key(cli: Cli, slot: str, algorithm: str | None, usage: str) -> None:
    Path("signer.pem").write_bytes(make_key().pem)
    Path("aes").write_bytes(bytes(16))
    key = "signer.pem" if algorithm else "aes"
    options = ["--version", "1", "--anchor", "0xE0E8", "--signer", "signer.pem", "--out", "update.json"]
    result = cli("update", "make", "key", slot, key, "--usage", usage, *options)
    assert (result.code, Path("update.json").exists()) == (2, False)
    assert "--usage" in result.errors[0]


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
def test_the_library(port: str, algorithm: KeyAlgorithm) -> None:
    every = KeyUsage.AUTHENTICATION | KeyUsage.SIGNATURE | KeyUsage.ENCRYPTION | KeyUsage.KEY_AGREEMENT
    useless = KeyUsage(every & ~algorithm.usages)
    with optiga.open_chip(port) as chip:
        for usage in (useless, KeyUsage(0)):
            with pytest.raises(ConfigurationError, match=algorithm.title):
                make(chip, algorithm, usage)
        assert chip.metadata(0xE0F1).algorithm is None
        assert chip.metadata(0xE0FC).algorithm is None


def make(chip: optiga.Chip, algorithm: KeyAlgorithm, usage: KeyUsage) -> None:
    if algorithm.is_ec or algorithm.is_rsa:
        chip.generate_key("second" if algorithm.is_ec else "five", algorithm, usage)
    else:
        chip.crypto.generate_aes_key(int(algorithm.title.removeprefix("aes")), usage)


KEYS = [(0xE0F1, KeyAlgorithm.SECP256R1), (0xE0F3, KeyAlgorithm.BRAINPOOLP384R1), (0xE0FC, KeyAlgorithm.RSA2048)]


def fill(port: str, *more: tuple[int, KeyAlgorithm]) -> None:
    """Have a chip with keys, an AES key among them."""
    with optiga.open_chip(port) as chip:
        chip.write_metadata(0xE200, parse_metadata_words(["change: always"]))
        chip.crypto.generate_aes_key(128)
        for oid, algorithm in more:
            chip.generate_key(oid, algorithm)


def usage_of(port: str, oid: int) -> KeyUsage:
    with optiga.open_chip(port) as chip:
        return chip.metadata(oid).key_usage


class TestMetadata:
    @pytest.mark.parametrize(
        ("oid", "usage"),
        [
            (0xE0F1, "encryption"),
            (0xE0F1, "signature,encryption"),
            (0xE0F3, "encryption"),
            (0xE0FC, "key_agreement"),
            (0xE0FC, "authentication,key_agreement"),
            (0xE200, "signature"),
            (0xE200, "encryption,authentication"),
        ],
    )
    def test_refused(self, cli: Cli, port: str, oid: int, usage: str) -> None:
        fill(port, *KEYS)
        before = usage_of(port, oid)
        result = cli("--port", port, "object", "metadata", f"0x{oid:04X}", f"key_usage: {usage}", "--yes")
        assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert "key_usage: the chip cannot use" in result.errors[0]
        assert usage_of(port, oid) == before

    @pytest.mark.long
    @pytest.mark.parametrize(
        ("oid", "usage"), [(0xE0F1, "signature,key_agreement"), (0xE0FC, "encryption"), (0xE200, "encryption")]
    )
    def test_taken(self, cli: Cli, port: str, oid: int, usage: str) -> None:
        fill(port, *KEYS)
        assert cli("--port", port, "object", "metadata", f"0x{oid:04X}", f"key_usage: {usage}").code == 0
        assert usage_of(port, oid).words == sorted(usage.split(","), key=list(KEY_USAGE_WORDS).index)

    def test_an_object_without_a_key(self, cli: Cli, port: str) -> None:
        """What key it is going to have is not known."""
        words = ("object", "metadata", "0xE0F2", "key_usage: encryption")
        assert cli("--port", port, *words).code == 0

    def test_a_usage_that_is_there_already(self, cli: Cli, port: str) -> None:
        """Another program has set it: nothing is changed, and nothing refused."""
        fill(port, KEYS[0])
        with optiga.open_chip(port) as chip:
            chip.write_metadata(0xE0F1, parse_metadata_words(["key_usage: encryption"]))
        words = ("object", "metadata", "0xE0F1", "key_usage: encryption")
        result = cli("--port", port, *words)
        assert result.code == 0
        assert "nothing was written" in result.err


class TestImport:
    @pytest.mark.parametrize(
        ("oid", "usage", "data"),
        sampled(
            pytest.param(oid, usage, data)
            for data in (True, False)
            for oid, usage in ((0xE0F1, "02"), (0xE0FC, "20"), (0xE200, "11"))
        ),
    )
    def test_refused_before_anything_is_written(self, cli: Cli, port: str, oid: int, usage: str, data: bool) -> None:
        fill(port, *KEYS)
        before = usage_of(port, oid)
        others = {"f1d0": {"data": "0102"}} if data else {}
        Path("f.json").write_text(json.dumps({f"{oid:04x}": {"metadata": f"2003e101{usage}"}, **others}))
        for more in ((), ("--dry-run",)):
            result = cli("--port", port, "import", "f.json", "--yes", *more)
            assert (result.code, result.out, len(result.errors)) == (2, "", 1)
            assert f"0x{oid:04X}" in result.errors[0]
            assert "--keep-going" in result.errors[0]
        assert usage_of(port, oid) == before
        with optiga.open_chip(port) as chip:
            assert chip.read(0xF1D0) == bytes(100)

    def test_the_others_with_keep_going(self, cli: Cli, port: str) -> None:
        fill(port, *KEYS)
        content = {"e0f1": {"metadata": "2003e10102"}, "e0fc": {"metadata": "2003e10110"}, "f1d0": {"data": "0102"}}
        Path("f.json").write_text(json.dumps(content))
        result = cli("--port", port, "import", "f.json", "--keep-going", "--output", "json")
        assert result.code == 2
        rows = {row["oid"]: row["result"] for row in json.loads(result.out)["objects"]}
        assert rows == {"0xE0F1": "failed", "0xE0FC": "metadata", "0xF1D0": "written"}
        assert usage_of(port, 0xE0F1) == KeyUsage.AUTHENTICATION | KeyUsage.KEY_AGREEMENT
        assert usage_of(port, 0xE0FC) == KeyUsage.SIGNATURE

    @pytest.mark.parametrize(("oid", "usage"), [(0xE0F1, "03"), (0xE0F1, "33"), (0xE0FC, "31")])
    def test_what_a_chip_had_beside_a_good_one(self, cli: Cli, port: str, oid: int, usage: str) -> None:
        fill(port, *KEYS)
        Path("f.json").write_text(json.dumps({f"{oid:04x}": {"metadata": f"2003e101{usage}"}}))
        assert cli("--port", port, "import", "f.json").code == 0
        assert usage_of(port, oid) == int(usage, 16)

    def test_an_object_without_a_key(self, cli: Cli, port: str) -> None:
        Path("f.json").write_text(json.dumps({"e0f2": {"metadata": "2003e10102"}}))
        assert cli("--port", port, "import", "f.json").code == 0

    @pytest.mark.long
    def test_an_export_goes_back(self, cli: Cli, port: str) -> None:
        """A chip whose key has a usage that is none: nothing of it is changed."""
        fill(port, *KEYS)
        with optiga.open_chip(port) as chip:
            chip.write_metadata(0xE0F1, parse_metadata_words(["key_usage: encryption"]))
        assert cli("--port", port, "export", "f.json").code == 0
        assert cli("--port", port, "import", "f.json").code == 0


class TestUpdateApply:
    """Update sets that another program has made: ``update make`` makes no such ones."""

    @pytest.fixture
    def chip(self, tmp_path: Path) -> str:
        port = f"emulator:{tmp_path / 'chip'}"
        with optiga.open_chip(port) as chip:
            words = ("metadata_update: int 0xE0E8", "reset_type: creation")
            chip.generate_key(0xE0F1)
            chip.generate_key(0xE0F3)
            chip.write_metadata(0xE0F1, parse_metadata_words(words))
        prepare(tmp_path / "chip")
        return port

    def refused(self, cli: Cli, chip: str, update: UpdateSet, oid: int) -> str:
        write_update(Path("set.json"), update)
        before = usage_of(chip, oid)
        for more in ((), ("--check",)):
            result = cli("--port", chip, "update", "apply", "set.json", "--yes", *more)
            assert (result.code, result.out, len(result.errors)) == (2, "", 1)
        assert usage_of(chip, oid) == before == KeyUsage.AUTHENTICATION | KeyUsage.KEY_AGREEMENT
        with optiga.open_chip(chip) as opened:
            assert opened.metadata(oid).version == 0
        return result.errors[0]

    def test_a_manifest_of_a_key(self, cli: Cli, chip: str) -> None:
        good = made(key_payload(signer(), KeyUsage.SIGNATURE), target_oid=0xE0F3)
        bad = resigned(good, kind=KeyUpdate(KeyAlgorithm.SECP256R1, KeyUsage.ENCRYPTION))
        assert "the chip could not use the secp256r1 key" in self.refused(cli, chip, bad, 0xE0F3)

    @pytest.mark.parametrize("usage", [b"\x02", b"\x00"])
    def test_metadata_in_a_fragment(self, cli: Cli, chip: str, usage: bytes) -> None:
        bad = made(metadata_payload(Metadata({Tag.KEY_USAGE: usage})), target_oid=0xE0F1)
        assert "key_usage: the chip cannot use" in self.refused(cli, chip, bad, 0xE0F1)

    @pytest.mark.parametrize("usage", [KeyUsage.SIGNATURE, KeyUsage.SIGNATURE | KeyUsage.ENCRYPTION])
    def test_what_can_be_used(self, cli: Cli, chip: str, usage: KeyUsage) -> None:
        update = made(metadata_payload(Metadata({Tag.KEY_USAGE: bytes([usage])})), target_oid=0xE0F1)
        write_update(Path("set.json"), update)
        assert cli("--port", chip, "update", "apply", "set.json", "--yes").code == 0
        assert usage_of(chip, 0xE0F1) == usage

    def test_a_key_that_is_overwritten(self, cli: Cli, chip: str) -> None:
        """What key comes then is not known."""
        payload = metadata_payload(Metadata({Tag.KEY_USAGE: b"\x02"}), reset=ContentReset.ZEROS)
        write_update(Path("set.json"), made(payload, target_oid=0xE0F1))
        assert cli("--port", chip, "update", "apply", "set.json", "--check").code == 0
