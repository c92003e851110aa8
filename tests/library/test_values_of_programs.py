"""What programs hold goes to other processes, is copied, compared and printed; what is open or secret is not."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import pytest

import optiga
from optiga import testing
from optiga.ca.authority import CertificateAuthority
from optiga.ca.creation import CaName, create_root
from optiga.ca.issued import IssuedCertificate
from optiga.errors import Reason, naming
from optiga.protocol.models import TRUST_M_V3
from optiga.provision.entry import Entry
from optiga.provision.journal import Journal
from tests.support.makers import make_key
from tests.support.odd_certificates import PRINTABLE, name, odd_certificate
from tests.support.places import CONFIG

RETURNED = (CertificateAuthority, Entry, IssuedCertificate, Journal)
"""Classes without a public name, which public functions return."""
OPEN = {
    *("Bench", "Board", "CertificateAuthority", "Chip", "Cloud", "Crypto", "Faults", "Journal", "Key", "Objects"),
    *("Services", "Snapshot", "Updates"),
}
"""What holds something open, or a secret."""
SECRET = bytes(range(0xA0, 0xC0))


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """One of each class, by its name."""
    folder = tmp_path_factory.mktemp("values")
    create_root(folder / "ca", CaName("values"))
    authority = optiga.open_ca(folder / "ca")
    configuration = optiga.load_configuration(CONFIG)
    outputs = optiga.OutputLayout(folder)
    job = optiga.Job.new_identity(configuration, optiga.CaIssuerSpec(folder / "ca"), thing=None, outputs=outputs)
    events: list[optiga.Event] = []
    with (
        testing.bench() as bench,
        testing.served_board("tcp") as board,
        bench.open() as chip,
        optiga.open_journal(folder / "journal.db", make=True) as journal,
    ):
        chip.write(0xE140, SECRET)
        services = optiga.Services(journal, authority, listeners=(events.append,))
        entry = optiga.provision(job, services, chip)
        csr = optiga.csr(chip, configuration)
        issued = authority.issue(csr.der)
        errors = {kind: getattr(optiga, kind)("it failed") for kind in optiga.__all__ if kind.endswith("Error")}
        values = [
            *(authority, configuration, job, bench, board, chip, journal, services, entry, csr, issued, events[0]),
            *(chip.crypto, chip.objects, chip.updates, chip.key("second", "secp256r1"), chip.metadata(0xE0F1)),
            *(chip.uid, TRUST_M_V3, optiga.ObjectRef.parse("second"), configuration.slot, bench.faults),
            *(optiga.AwsOptions(), optiga.AwsIssuerSpec(), job.issuer, outputs, bench.snapshot()),
            *(optiga.ThingSpec("lamp"), optiga.TrustSpec(Path("roots")), testing.CloudFault.GARBAGE),
            *(optiga.write_certificate(chip, issued.pem), issued.certificate),
            *(object.__new__(testing.Cloud), *errors.values()),
        ]
        found = {type(value).__name__: value for value in values}
        yield {**found, "Event": found["RunStarted"]}


def classes() -> set[str]:
    public = [getattr(module, name) for module in (optiga, testing) for name in module.__all__]
    kinds = [one for one in (*public, *RETURNED) if inspect.isclass(one)]
    return {one.__name__ for one in kinds if not issubclass(one, Enum)}


def test_each_class_is_here(held: dict[str, Any]) -> None:
    assert classes() <= held.keys()


@pytest.mark.parametrize("name", sorted(classes() - OPEN))
def test_a_value(name: str, held: dict[str, Any]) -> None:
    value = held[name]
    for again in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert type(again) is type(value)
        assert repr(again) == repr(value)
        if not isinstance(value, Exception):
            assert again == value
            assert hash(again) == hash(value)
    assert value != object()


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_stays_where_it_is(name: str, held: dict[str, Any]) -> None:
    for act in (pickle.dumps, copy.deepcopy, copy.copy):
        with pytest.raises(TypeError, match=f"{name} cannot be pickled or copied: "):
            act(held[name])


@pytest.mark.parametrize("name", sorted(OPEN))
def test_what_is_open_says_what_it_is(name: str, held: dict[str, Any]) -> None:
    assert type(held[name]).__repr__ is not object.__repr__


def test_an_open_ca_and_journal_name_their_places(tmp_path: Path) -> None:
    words = b"violet anchor tundra"
    create_root(tmp_path / "ca", CaName("values"), passphrase=words)
    authority = optiga.open_ca(tmp_path / "ca", passphrase=words)
    assert str(tmp_path / "ca") in repr(authority)
    assert words[:8].decode() not in repr(authority)
    with optiga.open_journal(tmp_path / "journal.db", make=True) as journal:
        assert str(tmp_path / "journal.db") in repr(journal)
        assert "closed" not in repr(journal)
    assert "closed" in repr(journal)


def test_nothing_prints_a_secret(held: dict[str, Any]) -> None:
    secret = optiga.Services(trust_passphrase=lambda _: None)
    for value in (*held.values(), secret):
        if not isinstance(value, testing.Cloud):
            assert SECRET.hex()[:8] not in repr(value).lower()
            assert repr(SECRET)[2:10] not in repr(value)
    assert "passphrase" not in repr(secret)


def test_a_certificate_that_breaks_a_rule() -> None:
    der = odd_certificate(make_key().private, issuer=name("c_a", PRINTABLE))
    certificate = optiga.Certificate.parse_leniently(der)
    assert certificate.strict is None
    assert pickle.loads(pickle.dumps(certificate)) == certificate


def test_what_was_replaced_in_a_certificate_stays(held: dict[str, Any]) -> None:
    other = replace(held["Certificate"], subject="CN=other")
    assert pickle.loads(pickle.dumps(other)).subject == "CN=other"
    assert other.parsed.subject != "CN=other"


def test_an_error_with_all_of_its_parts() -> None:
    error = optiga.ChipError(naming("no {slot}"), code=7, name="denied", hint="wait", port="COM1", oid=0xE0F1)
    error.uid = "cd16"
    error.problems = ("another",)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.reason, again.problems) == (str(error), Reason.DENIED, ("another",))
    assert vars(again) == vars(error)


def test_the_time_of_an_event_has_its_zone() -> None:
    event = optiga.Event(at=datetime.now(timezone.utc))
    assert pickle.loads(pickle.dumps(event)).at.tzinfo is timezone.utc


def test_the_first_slot_stays_the_first() -> None:
    """It is asked for Infineon's own key, in whatever process."""
    configuration = optiga.load_configuration(CONFIG, slot="first", keep_key=True)
    assert configuration.is_of_first_slot
    assert pickle.loads(pickle.dumps(configuration)).is_of_first_slot
