"""Files of secrets: who else may read or write them; passphrases as people mean them."""

from __future__ import annotations

import os
import unicodedata
from pathlib import Path
from types import SimpleNamespace

import pytest

from optiga.errors import ConfigurationError
from optiga.files import owners
from optiga.files.passphrases import Passphrase, passphrase_of_text, read_passphrase_file
from optiga.files.secrets import read_secret

POSIX = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
NEEDS_ROOT = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes files of other users")
HAS_OTHERS = owners._has_others.__wrapped__
"""Without what it remembers of the system's groups."""
WORDS = "violet anchor tundra"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.write_bytes(b"words\n")
    path.chmod(0o600)
    return path


def test_its_content(secret: Path) -> None:
    assert (read_secret(secret, "secret", 10).data, read_secret(secret, "secret", 10).warnings) == (b"words\n", ())
    assert "words" not in repr(read_secret(secret, "secret", 10))
    assert "words" not in repr(read_passphrase_file(secret))
    with pytest.raises(ConfigurationError, match=r"the secret .* is larger than 5 bytes"):
        read_secret(secret, "secret", 5)
    with pytest.raises(ConfigurationError, match=r"cannot read the secret .*no such file"):
        read_secret(secret.with_name("none"), "secret", 5)
    with pytest.raises(ConfigurationError, match="it is a folder"):
        read_secret(secret.parent, "secret", 5)
    with pytest.raises(ConfigurationError, match="not the name of a file"):
        read_secret(Path("a\0b"), "secret", 5)


def members(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Have every group have some members beside this user."""
    import grp

    monkeypatch.setattr(owners, "_has_others", HAS_OTHERS)
    monkeypatch.setattr(grp, "getgrgid", lambda gid: SimpleNamespace(gr_gid=gid, gr_mem=list(names)))


@POSIX
@pytest.mark.parametrize("mode", [0o660, 0o640, 0o620])
def test_a_group_of_this_user_alone_has_no_others(secret: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As systems give each user one, with a umask of 002."""
    import pwd

    os.chown(secret, -1, os.getegid())
    me = SimpleNamespace(pw_name="me", pw_uid=os.geteuid(), pw_gid=os.getegid())
    monkeypatch.setattr(pwd, "getpwall", lambda: [me])
    secret.chmod(mode)
    for names in ((), ("me",)):
        members(monkeypatch, *names)
        assert read_secret(secret, "secret", 10).warnings == ()
    secret.chmod(mode | 0o004)
    assert len(read_secret(secret, "secret", 10).warnings) == 1
    secret.chmod(mode | 0o002)
    with pytest.raises(ConfigurationError, match="other users can write the secret"):
        read_secret(secret, "secret", 10)


@POSIX
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o444])
def test_others_may_read_it(secret: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    members(monkeypatch, "another")
    secret.chmod(mode)
    (warning,) = read_secret(secret, "secret", 10).warnings
    assert f"other users can read the secret {secret}" in warning
    assert "chmod 600" in warning


@NEEDS_ROOT
def test_others_may_read_one_of_root(secret: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a container, where the user may not change it."""
    secret.chmod(0o444)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    (warning,) = read_secret(secret, "secret", 10).warnings
    assert f"other users can read the secret {secret}" in warning
    assert "belongs to root" in warning


@POSIX
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666, 0o664, 0o622])
def test_others_may_write_it(secret: Path, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    members(monkeypatch, "another")
    secret.chmod(mode)
    with pytest.raises(ConfigurationError, match=r"other users can write the secret .*chmod 600"):
        read_secret(secret, "secret", 10)


@NEEDS_ROOT
def test_it_is_of_another_user(secret: Path) -> None:
    os.chown(secret, 12345, -1)
    with pytest.raises(ConfigurationError, match=r"the secret .* belongs to another user"):
        read_secret(secret, "secret", 10)


@NEEDS_ROOT
def test_another_users_link_leads_to_it(secret: Path) -> None:
    link = secret.with_name("link")
    link.symlink_to(secret)
    assert read_secret(link, "secret", 10).data == b"words\n"
    os.chown(link, 12345, -1, follow_symlinks=False)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        read_secret(link, "secret", 10)


@POSIX
def test_what_a_shell_hands_over() -> None:
    """``--passphrase-file <(command)``: a pipe has no name for others."""
    reader, writer = os.pipe()
    try:
        os.write(writer, b"words\n")
        os.close(writer)
        assert read_secret(Path(f"/dev/fd/{reader}"), "secret", 10).data == b"words\n"
    finally:
        os.close(reader)


class TestPassphrases:
    @pytest.mark.parametrize(
        "data",
        [
            WORDS.encode(),
            f"{WORDS}\n".encode(),
            f"{WORDS}\r\n".encode(),
            f"{WORDS}\r\nanother line\r\n".encode(),
            f"\ufeff{WORDS}\r\n".encode(),
            f"\ufeff{WORDS}\r\n".encode("utf-16-le"),
            f"\ufeff{WORDS}\n".encode("utf-16-be"),
            f"\ufeff{WORDS}\n".encode("utf-32-le"),
            f"\ufeff{WORDS}\n".encode("utf-32-be"),
        ],
    )
    def test_what_is_meant(self, secret: Path, data: bytes) -> None:
        secret.write_bytes(data)
        found = read_passphrase_file(secret)
        assert (found.value, found.for_new(), found.warnings) == (WORDS.encode(), WORDS.encode(), ())
        assert data.splitlines()[0] in found.candidates  # what earlier versions took it for still opens what it made

    @pytest.mark.parametrize(
        "data",
        [
            WORDS.encode("utf-16-le"),
            WORDS.encode("utf-16-be"),
            b"violet\0anchor",
            b"\xff\xfe\x00",
            b"\xff\xfea",
            b"\xff" * 16,
            b"\xe5ngstr\xf6m",
        ],
    )
    def test_what_nobody_can_have_meant(self, secret: Path, data: bytes) -> None:
        secret.write_bytes(data)
        found = read_passphrase_file(secret)
        with pytest.raises(ConfigurationError, match=r"Save it as UTF-8"):
            found.for_new()
        assert found.candidates == (data.splitlines()[0],)

    @pytest.mark.parametrize("data", [b"", b"\n", b"\r\nwords", b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n", b"\xff\xfe\n\0"])
    def test_empty(self, secret: Path, data: bytes) -> None:
        secret.write_bytes(data)
        with pytest.raises(ConfigurationError, match="no passphrase in the first line") as caught:
            read_passphrase_file(secret)
        assert "first line of this file" in caught.value.hint

    def test_composed_and_decomposed(self) -> None:
        """What was made with one form of an accent opens with the other; as it is comes first."""
        composed, decomposed = (unicodedata.normalize(form, "blå färg på ön").encode() for form in ("NFC", "NFD"))
        assert Passphrase(composed).candidates == (composed, decomposed)
        assert Passphrase(decomposed).candidates == (decomposed, composed)
        assert Passphrase(b"\xe5ngstr\xf6m").candidates == (b"\xe5ngstr\xf6m",)

    @pytest.mark.parametrize("text", [f"\ufeff{WORDS}", f"{WORDS}\r", f"{WORDS}\r\n", WORDS])
    def test_text(self, text: str) -> None:
        found = passphrase_of_text(text.encode())
        assert found is not None
        assert found.value == WORDS.encode()
        assert text.encode() in found.candidates

    @pytest.mark.parametrize("text", ["", "\n", "\ufeff"])
    def test_no_text(self, text: str) -> None:
        assert passphrase_of_text(text.encode()) is None

    def test_bytes_that_are_no_text(self) -> None:
        found = passphrase_of_text(b"\xff\xfeviolet")
        assert found is not None
        assert found.value == b"\xff\xfeviolet"
