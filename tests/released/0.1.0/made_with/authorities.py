"""CAs: a root without and one with a passphrase, an intermediate; issued, revoked, killed in the middle."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from chips import PORT
from running import Release, check_hot

ROOT_DAYS, INTERMEDIATE_DAYS, DEVICE_DAYS = ("--days", "36500"), ("--days", "36400"), ("--days", "18000")
CONFIG = "config_nistp256_ecdsa_secondslot.jsn"
RSA_CONFIG = "config_2k_rsa_secondslot.jsn"


def make_authorities(release: Release) -> None:
    _plain(release)
    _with_passphrases(release)
    _killed_signing(release)
    _killed_revoking(release)
    for folder in sorted((release.out / "authorities").iterdir()):
        _write_down(release, folder)


def _write_down(release: Release, folder: Path) -> None:
    """What each CA of a folder lists, made of a copy."""
    lists = {
        found.parent.name: release.looked_at(folder, "ca", "list", "--ca", found.parent.name, "--output", "json")
        for found in sorted(folder.glob("*/ca.pem"))
    }
    folder.with_suffix(".json").write_text(json.dumps(lists, indent=4) + "\n")


def request(release: Release, folder: Path, config: str = CONFIG, name: str = "") -> str:
    """The name of a CSR by a chip that is of no more use; under another name if one is given."""
    configuration = str(release.checkout / "configs" / config)
    made = release(folder, *PORT, "--csr", configuration, "--query", "filename").strip()
    (folder / "chip").unlink()
    if name:
        (folder / made).rename(folder / name)
    return name or made


def _plain(release: Release) -> None:
    """Valid, run out, renewed, revoked; an RSA key, and a CSR that nobody has signed yet."""
    folder = release.folder("authorities/plain")
    optiga = partial(release, folder)
    name = ("--name", "Example root", "--organization", "Example GmbH", "--country", "DE")
    optiga("ca", "init", "root", *name, *ROOT_DAYS)
    for number, config in enumerate((CONFIG, CONFIG, CONFIG, RSA_CONFIG, CONFIG), 1):
        request(release, folder, config, f"device{number}.csr")
    optiga("ca", "sign", "device1.csr", "--ca", "root", *DEVICE_DAYS)
    optiga("ca", "sign", "device2.csr", "--ca", "root", "--days", "1")
    optiga("ca", "sign", "device2.csr", "--ca", "root", "--out", "renewed2.pem", *DEVICE_DAYS)
    optiga("ca", "sign", "device3.csr", "--ca", "root", *DEVICE_DAYS)
    optiga("ca", "sign", "device4.csr", "--ca", "root", *DEVICE_DAYS)
    optiga("ca", "revoke", "device3.pem", "--ca", "root", "--reason", "keyCompromise")
    optiga("ca", "revoke", "device2.pem", "--ca", "root")
    optiga("ca", "crl", "--ca", "root", "--crl-days", "36000")


def _with_passphrases(release: Release) -> None:
    """A root on P-384 and an intermediate, each with a passphrase of its own."""
    folder = release.folder("authorities/with-passphrases")
    optiga = partial(release, folder)
    (folder / "root.passphrase").write_text("the long words that open the root\n")
    (folder / "factory.passphrase").write_text("the other words that open the factory\n")
    opens_root = ("--passphrase-file", "root.passphrase")
    optiga("ca", "init", "root", "--name", "Example root", "--curve", "p384", *ROOT_DAYS, *opens_root)
    opens_both = ("--ca-passphrase-file", "root.passphrase", "--passphrase-file", "factory.passphrase")
    named = ("--name", "Example factory 1")
    optiga("ca", "intermediate", "factory", "--ca", "root", *named, *INTERMEDIATE_DAYS, *opens_both)
    opens_factory = ("--passphrase-file", "factory.passphrase")
    for number in (1, 2, 3):
        request(release, folder, CONFIG, f"device{number}.csr")
    for number in (1, 2):
        optiga("ca", "sign", f"device{number}.csr", "--ca", "factory", *DEVICE_DAYS, *opens_factory)
    optiga("ca", "revoke", "device2.pem", "--ca", "factory", "--reason", "superseded", *opens_factory)


def _killed_signing(release: Release) -> None:
    """In the middle of the transaction that writes the second certificate down."""
    folder = release.folder("authorities/killed-signing")
    release(folder, "ca", "init", "root", *ROOT_DAYS)
    for number in (1, 2):
        request(release, folder, CONFIG, f"device{number}.csr")
    release(folder, "ca", "sign", "device1.csr", "--ca", "root", *DEVICE_DAYS)
    sign = ("ca", "sign", "device2.csr", "--ca", "root", *DEVICE_DAYS)
    release.killed_instead(folder, "fdatasync", release.count(folder, "fdatasync", "/issued.db", 1, *sign), *sign)
    check_hot(folder / "root" / "issued.db")
    assert not (folder / "device2.pem").exists()


def _killed_revoking(release: Release) -> None:
    """When the records have the revocation, and the CRL's file does not."""
    folder = release.folder("authorities/killed-revoking")
    release(folder, "ca", "init", "root", *ROOT_DAYS)
    request(release, folder, CONFIG, "device1.csr")
    release(folder, "ca", "sign", "device1.csr", "--ca", "root", *DEVICE_DAYS)
    before = (folder / "root" / "crl.pem").read_bytes()
    revoke = ("ca", "revoke", "device1.pem", "--ca", "root", "--reason", "cessationOfOperation")
    release.killed(folder, "optiga/personalize/ca/records.py:newest_crl#2", *revoke)
    assert (folder / "root" / "crl.pem").read_bytes() == before
