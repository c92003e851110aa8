"""What other programs call the options and arguments of this one, and values that lack their option."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from optiga.objects.names import algorithm_other_names, slot_names

_OPTIONS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("host", "listen", "bind", "tcp-port"), ("tcp",)),
    (("device", "dev", "serial", "serial-port", "com", "com-port", "tty"), ("port",)),
    (("interface", "iface", "reader", "bus", "i2c", "host", "connection"), ("port",)),
    (("emulator", "emulate", "emulated", "simulator", "simulate", "sim"), ("port emulator",)),
    (("json",), ("output json",)),
    (("format", "fmt", "output-format"), ("output",)),
    (("debug", "trace", "log-level", "loglevel"), ("verbose",)),
    (("silent",), ("quiet",)),
    (("output-file", "output-path", "outfile", "out-file", "dest", "destination", "to"), ("out", "out-dir")),
    (("output-dir", "output-directory", "out-directory", "outdir", "dir", "directory", "folder"), ("out-dir",)),
    (("oid", "object", "object-id", "obj"), ("id",)),
    (("slot-id", "key-slot", "target"), ("slot",)),
    (
        ("key-type", "keytype", "key-algorithm", "alg", "algo", "curve", "type", "newkey", "algorithm"),
        ("algorithm", "curve"),
    ),
    (("key-size", "keysize", "size"), ("bits",)),
    (("key-usage",), ("usage",)),
    (("cn", "common-name"), ("name", "subject CN={value}")),
    (("subj", "subject", "dn"), ("subject", "name")),
    (("name",), ("subject CN={value}",)),
    (("org",), ("organization",)),
    (("validity", "valid", "valid-days", "expires"), ("days",)),
    (("days",), ("crl-days",)),
    (("digest", "hash-algorithm", "md"), ("hash",)),
    (("sha256", "sha384", "sha512"), ("hash {word}",)),
    (("overwrite", "replace"), ("force",)),
    (("force", "no-confirm", "noconfirm", "assume-yes", "non-interactive", "batch"), ("yes",)),
    (("check", "check-only", "what-if", "noop", "dryrun"), ("dry-run",)),
    (("ca-dir", "ca-folder", "issuer"), ("ca",)),
    (("aws-profile",), ("profile",)),
    (("aws-region",), ("region",)),
    (("endpoint",), ("endpoint-url",)),
    (("thing-name",), ("thing",)),
    (("policy-name",), ("policy",)),
    (("policy-file", "policy-document"), ("policy-template",)),
    (("cert", "crt", "certificate"), ("certificate", "write")),
    (("write-cert", "write-certificate", "import-cert", "import-certificate"), ("write",)),
    (("read-cert", "read-certificate", "export-cert", "export-certificate"), ("read",)),
    (("cst", "req", "request", "config", "conf", "cfg"), ("csr",)),
)
"""What people type, and the options that mean it, each perhaps with its value, the likeliest first."""
_FILE = ("FILE", "CONFIG", "CSR", "STATE", "PATH")
_ARGUMENTS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    (("in", "input", "infile", "in-file", "input-file", "file"), _FILE),
    (("config", "conf", "cfg"), ("CONFIG",)),
    (("csr", "req", "request"), ("CSR",)),
    (("cert", "certificate", "serial", "serial-number"), ("SERIAL",)),
    (("ca-dir", "dir", "directory", "folder"), ("CA",)),
    (("slot", "key-slot", "key", "id"), ("SLOT",)),
    (("oid", "object", "object-id", "obj", "id"), ("OID",)),
    (("chip", "path"), ("PATH",)),
    (("alg", "algorithm", "curve", "type", "key-type"), ("ALGORITHM",)),
    (("size", "length", "bytes", "count", "num"), ("N",)),
    (("sig", "signature"), ("SIGNATURE",)),
    (("peer", "peerkey"), ("PEER",)),
    (("shell",), ("bash",)),
)
"""What people type as an option, and the arguments that mean it, by the words that help has for them."""
_OUTPUTS = ("out", "output-file", "outfile", "out-file", "dest", "destination", "to")
"""What people type for the file of a command that takes it as an argument, and replaces it with ``--force``."""
_NEEDLESS = (
    (("baud", "baudrate", "baud-rate", "speed"), {"port", "query"}, "serial boards always use 115200 baud"),
    (("chip", "chip-type", "model"), {"port", "query"}, "the tool asks the chip for its model"),
    (("thing", "thing-name", "policy", "policy-name"), {"thing-type"}, "the configuration names thing and policy"),
)
"""Options of other programs, the options that a command has which does without them, and why it does."""
_OID = "0x[0-9a-f]{4}"
_FILE_NAME = r".*[.\w]\.\w+|.*/.*"


def option_meant_by(word: str, value: str, options: Sequence[str]) -> str:
    """The option that somebody means by the name of another one, perhaps with its value; empty if that is not known.

    :param word: the name without dashes, in small letters.
    :param value: what stands behind it.
    :param options: those of the command, without dashes.
    """
    every = (name for words, names in _OPTIONS if word in words for name in names)
    return next((name.format(word=word, value=value or "TEXT") for name in every if name.split()[0] in options), "")


def argument_meant_by(word: str, metavars: Sequence[str], options: Sequence[str]) -> int | None:
    """The place of the argument that somebody means by an option; None if that is not known.

    :param metavars: what help calls the arguments of the command.
    :param options: those of the command, without dashes.
    """
    if word in _OUTPUTS and "force" in options and "out" not in options:
        word = "file"
    kinds = [kind for words, names in _ARGUMENTS if word in words for kind in names]
    parts = [set(re.findall(r"\w+", metavar)) for metavar in metavars]
    return next((place for kind in kinds for place, has in enumerate(parts) if kind in has), None)


def why_needless(word: str, options: Sequence[str]) -> str:
    """Why there is no option for something; empty if that is not known.

    :param word: the name without dashes.
    :param options: those of the command, without dashes.
    """
    return next((why for words, needed, why in _NEEDLESS if word in words and needed <= set(options)), "")


def options_for(value: str, options: Sequence[str]) -> Iterator[str]:
    """The options that a value may be of which stands alone, the likeliest first.

    :param options: those of the command, without dashes.
    """
    bare = value.lower()
    slots = {name for each in slot_names() for name in (each.word, *re.findall(_OID, each.meaning.lower()))}
    is_file = re.fullmatch(_FILE_NAME, bare) is not None
    for name, is_meant in {
        "slot": bare in slots,
        "id": re.fullmatch(_OID, bare) is not None,
        "algorithm": bare.replace("-", "") in algorithm_other_names(),
        "value": bare.isdecimal(),
        "out": is_file,
        "chip": is_file,
    }.items():
        if is_meant and name in options:
            yield name
