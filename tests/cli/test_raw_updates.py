"""Update sets in files of their own bytes: a manifest and its fragments, as Infineon's Linux tools have them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import optiga
from optiga.update.update_file import read_update
from tests.support.cli.mistakes import USAGE, fails
from tests.support.cli.runner import Cli
from tests.support.cli.update_bench import prepare, save_files
from tests.support.infineon_updates import SAMPLES, Sample

PAYLOAD = bytes(index * 7 % 256 for index in range(1400))
SIGNED = ["--version", "1", "--anchor", "0xE0E8", "--signer", "signer.pem", "--out"]


@pytest.fixture(autouse=True)
def fragments(cli: Cli) -> list[bytes]:  # in its folder
    """Those of an update of 0xF1E0, which lies in three files and its manifest in one."""
    save_files(Path())
    Path("payload").write_bytes(PAYLOAD)
    for source, out in (("payload", "set.json"), ("data", "other.json")):
        assert cli("update", "make", "data", "0xF1E0", source, *SIGNED, out).code == 0
    made, other = (json.loads(Path(name).read_text()) for name in ("set.json", "other.json"))
    Path("manifest.dat").write_bytes(bytes.fromhex(made["manifest"]))
    found = [bytes.fromhex(fragment) for fragment in made["fragments"]]
    for index, fragment in enumerate(found):
        Path(f"fragment_{index}.dat").write_bytes(fragment)
    Path("other_fragment.dat").write_bytes(bytes.fromhex(other["fragments"][0]))
    return found


FORMS = {
    "in their order": "manifest.dat fragment_0.dat fragment_1.dat fragment_2.dat",
    "in another order": "fragment_2.dat fragment_0.dat manifest.dat fragment_1.dat",
    "all in one file": "manifest.dat all.dat",
    "in hex": "manifest.txt fragment.txt",
    "the manifest alone": "manifest.dat",
    "a folder": ".",
    "a folder elsewhere": "elsewhere",
}


@pytest.mark.parametrize("typed", FORMS.values(), ids=FORMS)
def test_it_is_the_set(cli: Cli, fragments: list[bytes], typed: str) -> None:
    Path("all.dat").write_bytes(b"".join(fragments))
    Path("manifest.txt").write_text(Path("manifest.dat").read_bytes().hex().upper() + "\n")
    Path("fragment.txt").write_text("\n".join(fragment.hex(" ") for fragment in fragments))
    if typed == "elsewhere":
        Path("elsewhere").mkdir()
        Path("all.dat").rename("elsewhere/fragment1.dat")
        Path("manifest.dat").rename("elsewhere/aes_Manifest1.dat")
    elif typed == ".":
        Path("manifest.txt").unlink()
    assert read_update(*map(Path, typed.split())) == read_update(Path("set.json"))
    shown, whole = (cli("update", "show", *words.split(), "--output", "json").out for words in (typed, "set.json"))
    assert shown == whole


@pytest.mark.long
def test_it_is_applied(cli: Cli, tmp_path: Path) -> None:
    prepare(tmp_path / "chip")
    words = ("manifest.dat", "fragment_2.dat", "fragment_1.dat", "fragment_0.dat")
    result = cli("--port", f"emulator:{tmp_path / 'chip'}", "update", "apply", *words, "--query", "applied")
    assert (result.code, result.out) == (0, "True\n"), result
    with optiga.open_chip(f"emulator:{tmp_path / 'chip'}") as chip:
        assert chip.read(0xF1E0) == PAYLOAD


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_those_that_infineon_publishes(sample: Sample) -> None:
    folder = Path("published")
    folder.mkdir()
    (folder / "manifest.dat").write_bytes(bytes.fromhex(sample.manifest))
    for index, piece in enumerate(sample.fragments):
        (folder / f"fragment_{index}.dat").write_bytes(bytes.fromhex(piece))
    update = read_update(folder)
    assert (update.oid, [fragment.hex() for fragment in update.fragments]) == (sample.target_oid, [*sample.fragments])


@pytest.mark.parametrize("names", [("a.bin", "b.bin"), ("manifest.txt", "b.bin"), ("MANIFEST", "frag.bin")])
@pytest.mark.parametrize("typed", ["folder", "manifest"])
def test_names_do_not_matter(fragments: list[bytes], names: tuple[str, str], typed: str) -> None:
    """What belongs to a manifest its digest tells; a text that only speaks of the manifest is none."""
    folder = Path("named")
    folder.mkdir()
    is_text = names[0].endswith(".txt")
    manifest = folder / ("z.dat" if is_text else names[0])
    manifest.write_bytes(Path("manifest.dat").read_bytes())
    if is_text:
        (folder / names[0]).write_text("Apply this with the manifest z.dat\n")
    for index, fragment in enumerate(fragments):
        (folder / f"{index}{names[1]}").write_bytes(fragment)
    (folder / "readme").write_text("An update\n")
    assert read_update(folder if typed == "folder" else manifest) == read_update(Path("set.json"))


@pytest.mark.parametrize("typed", ["damaged", "damaged/manifest.dat", "damaged/manifest.dat damaged/fragment_0.dat"])
@pytest.mark.parametrize("form", ["bytes", "hex"])
@pytest.mark.parametrize("end", [-1, -60, 0])
def test_a_damaged_manifest_is_called_so(cli: Cli, fragments: list[bytes], typed: str, form: str, end: int) -> None:
    Path("damaged").mkdir()
    manifest = Path("manifest.dat").read_bytes()[: end or None]
    manifest = manifest if end else b"\x84" + manifest
    Path("damaged/manifest.dat").write_bytes(manifest if form == "bytes" else manifest.hex().encode())
    Path("damaged/fragment_0.dat").write_bytes(fragments[0])
    line = fails(cli, USAGE, "update", "show", *typed.split())
    assert f"the manifest {Path('damaged/manifest.dat')} is damaged: " in line


MISTAKES = {
    "one is missing": ("manifest.dat fragment_0.dat fragment_2.dat", "manifest.dat: fragment 2 of 3 is missing"),
    "all are": ("manifest.dat data", "fragment 1 of 3 is missing"),
    "one of another update": (
        "manifest.dat fragment_0.dat fragment_1.dat fragment_2.dat other_fragment.dat",
        "other_fragment.dat has no fragment that belongs",
    ),
    "no manifest": ("fragment_0.dat fragment_1.dat", "no manifest"),
    "a fragment alone": ("fragment_0.dat", "neither text nor the manifest"),
    "two manifests": ("manifest.dat again.dat", "several manifests of an update: manifest.dat, again.dat"),
    "none beside it": ("alone/manifest.dat", "fragment 1 of 3 is missing"),
    "an empty folder": ("empty", "the folder empty holds no manifest"),
    "a folder with two": ("two", "the folder two holds several manifests"),
    "a whole set, and more": ("set.json fragment_0.dat", "no manifest"),
    "damaged": ("damaged.dat fragment_0.dat", "no manifest"),
    "not there": ("manifest.dat none.dat", "cannot read the update set none.dat"),
}


@pytest.mark.parametrize(("typed", "line"), MISTAKES.values(), ids=MISTAKES)
def test_mistakes(cli: Cli, typed: str, line: str) -> None:
    manifest = Path("manifest.dat").read_bytes()
    for folder, names in (("alone", ["manifest.dat"]), ("empty", []), ("two", ["manifest1", "manifest2"])):
        Path(folder).mkdir()
        for name in names:
            (Path(folder) / name).write_bytes(manifest)
    Path("again.dat").write_bytes(manifest)
    Path("damaged.dat").write_bytes(manifest[:-1])
    assert line in fails(cli, USAGE, "update", "show", *typed.split())
