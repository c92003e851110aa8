"""Whatever programs may call says which of its arguments has a wrong type: a walk through all that is public."""

from __future__ import annotations

import builtins
import inspect
import re
from collections.abc import Callable, Iterator
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
from optiga.protocol.codes import CommandCode
from optiga.protocol.metadata import Tag
from optiga.protocol.models import TRUST_M_V3
from optiga.protocol.objects import SlotPart
from optiga.provision.journal import Journal
from tests.support.makers import make_certificate
from tests.support.places import CONFIG

TOLD = {
    *(*optiga.__all__, *testing.__all__, *dir(builtins)),
    *("Any", "Callable", "Iterable", "Mapping", "PathLike", "Sequence"),
    *("CommandCode", "Reason", "SlotPart", "Tag"),
}
"""Classes that a message may name: those that programs import."""
WRONG = (None, 5, "x", b"x", ["x"], Path("x"), object())
RETURNED = {
    CertificateAuthority: ("issue",),
    IssuedCertificate: ("write",),
    Journal: ("all", "facts", "find", "of_chip"),
}
"""Classes without a public name, which public functions return, with those of their methods that are documented."""
MADE_BY_THE_LIBRARY = (
    *(optiga.Certificate, optiga.Configuration, optiga.Csr, optiga.Event, optiga.Key, optiga.Model, optiga.ObjectRef),
    *(optiga.Slot, optiga.Uid, optiga.WriteResult, testing.Bench, testing.Board, testing.Cloud, testing.Snapshot),
    *RETURNED,
)
"""Classes with constructors that programs do not call."""
WALKED_ELSEWHERE = (optiga.Chip, optiga.Key)
"""Classes with methods that ``tests/chip`` walks through."""
INNER = ("Certificate.is_of_same", "Certificate.is_issued_by", "Faults.take_of_command", "Faults.take_of_answer")
"""What only the library itself calls."""
ALIASES = {
    "Reference": "str | int",
    "ConfigurationSource": "str | Path | dict",
    "CertificateSource": "str | bytes | Path | list",
    "PublicKeySource": "str | bytes | Path",
    "CsrSource": "str | bytes | Path",
    "PathLike": "Path",
    "float": "int",
    "Sequence": "list",
    "Mapping": "dict",
    **dict.fromkeys(("Tag", "CommandCode"), "int"),
}
"""Of which of these types a value is, too."""


def whatever_is_public() -> dict[str, Callable[..., Any]]:
    """All that takes arguments, by its name."""
    found: dict[str, Callable[..., Any]] = {}
    public = [getattr(module, name) for module in (optiga, testing) for name in module.__all__]
    for one in (*public, *RETURNED):
        if not inspect.isclass(one):
            if callable(one):
                found[one.__name__.rpartition(".")[2]] = one
            continue
        if one not in MADE_BY_THE_LIBRARY and not issubclass(one, Enum):
            found[one.__name__] = one
        for name in vars(one):
            method = getattr(one, name)
            is_public = not name.startswith("_") and name in RETURNED.get(one, (name,))
            if is_public and (inspect.isfunction(method) or inspect.ismethod(method)) and one not in WALKED_ELSEWHERE:
                found[f"{one.__name__}.{name}"] = method
    return {name: one for name, one in found.items() if name not in INNER and parameters_of(one)}


def parameters_of(function: Callable[..., Any]) -> list[inspect.Parameter]:
    return [one for one in inspect.signature(function).parameters.values() if one.name not in ("self", "cls")]


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What a parameter is given that must be given something, by its name; what is called is found by its class."""
    folder = tmp_path_factory.mktemp("arguments")
    create_root(folder / "ca", CaName("arguments"))
    configuration = optiga.load_configuration(CONFIG)
    job = optiga.Job.new_identity(configuration, optiga.CaIssuerSpec(folder / "ca"), thing=None)
    authority = optiga.open_ca(folder / "ca")
    event = optiga.Event(at=datetime.now(timezone.utc))
    certificate = optiga.Certificate.parse(authority.certificate.der)
    issued = IssuedCertificate(certificate, (), "00")
    with (
        testing.bench() as bench,
        bench.open() as chip,
        optiga.open_journal(folder / "journal.db", make=True) as journal,
    ):
        yield {
            "chip": chip,
            "configuration": configuration,
            "job": job,
            "services": optiga.Services(),
            "event": event,
            "source": make_certificate(),
            "path": folder / "other.db",
            "folder": folder,
            "file": folder / "file",
            "transport": chip._transport,
            "slot": "second",
            "certificate_oid": 0xE0E1,
            "issuer": job.issuer,
            "message": "it failed",
            "place": "here",
            "text": "text",
            "call": lambda name, value: name,
            "fault": testing.CloudFault.GARBAGE,
            "operation": "CreateThing",
            "hook": print,
            "change": print,
            "code": "Code",
            "status": 500,
            "seconds": 1.0,
            "name": "ecdsa",
            "hash_name": "sha256",
            "oid": 0xE0F1,
            "uid": "00",
            "csr": b"",
            "data": b"",
            "der": b"",
            "snapshot": None,
            "items": {},
            "tag": Tag.READ,
            "changes": {},
            "part": SlotPart.KEY,
            "entry": None,
            "facts": (),
            "certificate_id": "00",
            "content": b"",
            "policy": None,
            "certificate": certificate,
            "at": event.at,
            "beside": None,
            "serial": "00",
            "Job.slot": configuration.slot,
            "Model.lack.code": CommandCode.GET_RANDOM,
            "Bench": bench,
            "Cloud": object.__new__(testing.Cloud),
            "Certificate": certificate,
            "CertificateAuthority": authority,
            "Csr": optiga.Csr(b"0", "00"),
            "Faults": bench.faults,
            "IssuedCertificate": issued,
            "Journal": journal,
            "KeyAlgorithm": optiga.KeyAlgorithm.SECP256R1,
            "Metadata": optiga.Metadata({}),
            "Model": TRUST_M_V3,
            "ObjectRef": optiga.ObjectRef.parse("second"),
            "OptigaError": optiga.OptigaError("it failed"),
            "OutputLayout": optiga.OutputLayout(),
            "Services": optiga.Services(),
            "ThingSpec": optiga.ThingSpec(),
        }


@pytest.mark.parametrize("called", whatever_is_public())
def test_it_says_which_argument_is_wrong(called: str, given: dict[str, Any]) -> None:
    kind, _, name = called.partition(".")
    function = whatever_is_public()[called]
    if name and not inspect.ismethod(function):
        function = getattr(given[kind], name)
    for parameter in parameters_of(function):
        refused = [value for value in WRONG if not is_taken(value, str(parameter.annotation))]
        assert refused
        for value in refused:
            with pytest.raises(TypeError) as caught:
                call_with(function, parameter.name, value, given)
            said = str(caught.value)
            assert "\n" not in said
            assert parameter.name in said or parameter.name.replace("_", " ") in said
            assert name_of(value) in said
            assert inner_names(said.rpartition(", not ")[0].rpartition(" must be ")[2]) == set()


def inner_names(wanted: str) -> set[str]:
    """Names of classes in a message that a program cannot import by what the message says."""
    names = set(re.findall(r"(?<![\w.'])[A-Z]\w*[a-z]\w*", wanted))
    return {one for one in names if one not in TOLD and not re.search(rf"\b{one} of optiga\.", wanted)}


def is_taken(value: object, annotation: str) -> bool:
    """Whether a value may be given, by the words of an annotation alone."""
    while annotation != (outer := re.sub(r"\[[^][]*\]", "", annotation)):
        annotation = outer
    words = set(re.findall(r"\w+", annotation))
    words |= {word for one in words for word in re.findall(r"\w+", ALIASES.get(one, ""))}
    return name_of(value) in words or bool(words & {"Any", *(base.__name__ for base in type(value).__mro__[:-1])})


def name_of(value: object) -> str:
    return "None" if value is None else type(value).__name__


def call_with(function: Callable[..., Any], name: str, value: object, given: dict[str, Any]) -> None:
    args, kwargs = [], {}
    for one in parameters_of(function):
        content = (
            value
            if one.name == name
            else given.get(f"{getattr(function, '__qualname__', name)}.{one.name}", given.get(one.name))
        )
        if one.kind is one.KEYWORD_ONLY or (one.default is not one.empty and one.name == name):
            kwargs.update({one.name: content} if one.name == name or one.default is one.empty else {})
        elif one.default is one.empty and not (one.kind is one.VAR_POSITIONAL and one.name != name):
            args.append(content)
    function(*args, **kwargs)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda: optiga.open_ca(5), "open_ca: folder must be str | os.PathLike[str], not int"),
        (lambda: optiga.ThingSpec(attributes=(("room", 7),)), "not tuple[tuple[str, int]]"),
        (lambda: optiga.ThingSpec(groups="hall"), "ThingSpec: groups must be tuple[str, ...], not str"),
        (lambda: optiga.ThingSpec(join=1), "ThingSpec: join must be True or False, not int"),
        (lambda: optiga.CaIssuerSpec(Path("ca"), True), "CaIssuerSpec: days must be int | None, not bool"),
        (lambda: optiga.decode_job(b"{}"), "decode_job: text must be str, not bytes"),
        (lambda: optiga.read_certificate("emulator"), "chip must be an open Chip of optiga.open_chip, not str"),
        (lambda: optiga.Job.new_identity(CONFIG), "configuration must be a Configuration of optiga.load_configuration"),
        (
            lambda: optiga.Services(listeners=(5,)),
            "listeners must be tuple[Callable[[Event], None], ...], not",
        ),
        (lambda: optiga.Services(journal=optiga.open_journal("x")), "write 'with open_journal(path) as journal:'"),
        (lambda: optiga.csr(testing.emulated_chip(), CONFIG), "write 'with emulated_chip() as chip:'"),
    ],
)
def test_it_says_what_is_wanted(act: Callable[[], object], said: str) -> None:
    with pytest.raises(TypeError) as caught:
        act()
    assert said in str(caught.value)
