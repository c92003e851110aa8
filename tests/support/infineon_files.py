"""The files of Infineon's repositories that a user can hand to this tool: what becomes of each kind, and its tests.

All files of the repositories on GitHub were tried as they stood in 2026, each with every command that takes files: the
certificates, keys, CSRs and CRLs, configurations, dumps, update sets and payloads, and the metadata in scripts, sources
and documents. None of them is kept here. A test makes a small file of the same kind and holds what became of the real
ones. Vectors of mbed TLS and the demos of FreeRTOS lie in some of the repositories, and count as theirs.
"""

from __future__ import annotations

from tests.support.infineon_credentials import CERTIFICATES, KEYS_AND_REQUESTS, MADE
from tests.support.infineon_repositories import (
    ARDUINO,
    CHARGE,
    CLI,
    CLI_X,
    CRYPTO,
    ESP32,
    EXPLORER,
    FREERTOS,
    FREERTOS_X,
    FWUPD,
    ID2,
    LINUX,
    MANAGEMENT,
    OPENSSL,
    OVERVIEW,
    PKCS11,
    PREDECESSOR,
    PREDECESSOR_X,
    PYTHON,
    QI,
    SAMPLES,
    SHELL,
    TRUST_E,
    TRUST_M,
    TRUST_X,
    ZEPHYR,
    Row,
)

WORDS, LOADED, OTHERS = "cli/test_metadata_forms.py", "cli/test_load_exports.py", "cli/test_transfer_files.py"
UPDATES, TYPES = "cli/test_update_command.py", "cli/test_object_types.py"
SHOW = "update show, update apply"
METADATA = "object metadata, update make metadata"
NEITHER = "--csr, config check; import, emulator load, update show"

DOCUMENTS = (
    Row(
        "configuration of the predecessor",
        (PREDECESSOR,),
        7,
        "--csr, config check, provision",
        "taken",
        (
            "identity/test_configuration.py::test_the_shipped_configurations",
            "interop/test_seed_aws_steps.py::test_every_line",
        ),
    ),
    Row(
        "policy that lets a device do everything",
        (PREDECESSOR, CLI),
        2,
        "provision --policy-template",
        "taken; given for a configuration it is called a policy",
        (
            "cloud/test_policies.py::TestMalformed::test_an_operators_policy",
            f"{MADE}::TestConfigurations::test_of_other_tools",
        ),
    ),
    Row(
        "subject alone, as the tools for Trust X and the explorer have it",
        (PREDECESSOR_X, EXPLORER, FREERTOS_X),
        6,
        NEITHER,
        "refused: it is a subject; 'config new' makes a configuration",
        (f"{MADE}::TestConfigurations::test_of_other_tools", f"{OTHERS}::TestOtherFiles::test_import"),
    ),
    Row(
        "INI with sections: configuration of OpenSSL or of Python's tools",
        (LINUX, OPENSSL, PREDECESSOR, CLI, FREERTOS_X, PREDECESSOR_X, PYTHON, QI, FWUPD, EXPLORER),
        40,
        NEITHER,
        "refused: it is a file with sections",
        (f"{MADE}::TestConfigurations::test_of_other_tools", f"{OTHERS}::TestOtherFiles::test_the_others"),
    ),
    Row(
        "project of the OPTIGA Trust Configurator, XML",
        (PYTHON,),
        1,
        NEITHER,
        "refused: the library exports JSON, too",
        (f"{MADE}::TestConfigurations::test_of_other_tools", f"{OTHERS}::TestOtherFiles::test_import"),
    ),
    Row(
        "JSON of anything else",
        (FREERTOS, FREERTOS_X, PREDECESSOR_X, ARDUINO, QI, TRUST_E),
        34,
        NEITHER,
        "refused in one line",
        (
            f"{MADE}::TestConfigurations::test_of_other_tools",
            "identity/test_configuration_mistakes.py::test_files_that_are_no_configuration",
        ),
    ),
    Row(
        "dump of an earlier optigatrust: Trust M V1, V3, Express and MTR",
        (OVERVIEW,),
        4,
        "emulator load; import",
        "loaded by the UID in it; imported where the chip is as new, else each locked object is named",
        (f"{LOADED}::test_each_model_is_told_by_its_uid", "cli/test_transfer_command.py::TestFailures"),
    ),
    Row(
        "dump without UID and settings, texts that are empty, data cut off at 1700 bytes",
        (PYTHON,),
        1,
        "emulator load; import",
        "loaded and imported; what the file does not tell is said",
        (f"{LOADED}::test_a_dump_of_infineons_library", f"{OTHERS}::TestCutOff"),
    ),
    Row(
        "dump of a chip where a configuration or an update is asked for",
        (OVERVIEW, PYTHON),
        5,
        "--csr, config check; update show",
        "refused: it is what 'export' wrote",
        (f"{OTHERS}::TestOtherFiles::test_the_others",),
    ),
)
UPDATE_SETS = (
    Row(
        "update set in a header of C: data, keys and metadata, in plain and encrypted",
        (TRUST_M, ID2, MANAGEMENT, ESP32, CHARGE),
        30,
        SHOW,
        "applied where the anchor, the secret and the conditions are as the example has them",
        (f"{UPDATES}::TestPublishedSets::test_applied",),
    ),
    Row(
        "update set in a source with other arrays",
        (ID2, FREERTOS, ARDUINO),
        4,
        SHOW,
        "applied",
        (f"{MADE}::TestUpdates::test_in_an_example_with_much_else",),
    ),
    Row(
        "document with several update sets, source or document without one",
        (
            FREERTOS_X,
            ZEPHYR,
            FREERTOS,
            ESP32,
            PREDECESSOR_X,
            ID2,
            CHARGE,
            TRUST_X,
            TRUST_M,
            ARDUINO,
            CRYPTO,
            MANAGEMENT,
        ),
        843,
        SHOW,
        "refused: several manifests, or none",
        (f"{MADE}::TestUpdates::test_in_an_example_with_much_else", f"{OTHERS}::TestOtherFiles::test_the_others"),
    ),
    Row(
        "script that writes an anchor before its object is made a trust anchor",
        (LINUX,),
        6,
        "--write or object write, object metadata, update apply",
        "refused: it lies there as a device's, and how it becomes an anchor",
        (f"{TYPES}::test_an_anchor_that_lies_there_as_a_devices_certificate",),
    ),
    Row(
        "payload of the samples: text, hex in lines, AES key in two lines, metadata",
        SAMPLES,
        33,
        "update make data, key and metadata",
        "taken; hex without --hex is warned of",
        (
            f"{MADE}::TestUpdates::test_payloads_of_the_samples",
            f"{MADE}::TestUpdates::test_hex_where_bytes_are_asked_for",
        ),
    ),
    Row(
        "secret in hex",
        (TRUST_M, LINUX, MANAGEMENT, ESP32, ID2),
        5,
        "update make --secret; object write --hex; --authorize, ?shielded=FILE",
        "taken with --secret-hex and --hex; elsewhere hex is called hex",
        (
            f"{MADE}::TestUpdates::test_payloads_of_the_samples",
            "cli/test_update_mistakes.py::test_digits_that_are_taken_as_they_are",
            "transport/test_i2c_ports.py::TestSecrets::test_none",
        ),
    ),
)
TEXTS = (
    Row(
        "metadata in hex, in upper or lower case",
        (OVERVIEW, LINUX, PYTHON, EXPLORER, TRUST_M),
        46,
        METADATA,
        "taken; sizes and algorithm are left out",
        (f"{WORDS}::test_metadata", f"{WORDS}::test_what_is_shown_can_be_given_back"),
    ),
    Row("metadata string with spaces", (CLI, PKCS11), 5, METADATA, "taken", (f"{WORDS}::test_metadata",)),
    Row(
        "metadata as an array of C, over several lines, with a last comma",
        (TRUST_M, ID2, ESP32, SHELL, CRYPTO, MANAGEMENT, CHARGE, LINUX, FREERTOS, ARDUINO),
        34,
        METADATA,
        "taken, from a file and on the command line",
        (f"{WORDS}::test_metadata", f"{WORDS}::test_hex"),
    ),
    Row(
        "metadata as a shell's echo has them, with octal",
        (LINUX, CLI),
        3,
        METADATA,
        "taken",
        (f"{WORDS}::test_metadata",),
    ),
    Row("metadata in a file of bytes", (LINUX,), 1, METADATA, "taken", (f"{WORDS}::test_metadata",)),
    Row(
        "metadata in JSON, as optigatrust prints them",
        (PYTHON,),
        1,
        METADATA,
        "taken; so is a whole dump, of which this object counts",
        (f"{WORDS}::test_metadata",),
    ),
    Row(
        "metadata in hex whose end is in a variable of the script, or on the next line of a hex dump",
        (LINUX, EXPLORER, CLI, CLI_X, CRYPTO),
        16,
        METADATA,
        "refused: of the bytes that it announces some are missing",
        (f"{WORDS}::test_mistakes",),
    ),
    Row(
        "only an access condition with its length in front",
        (CLI, LINUX, CLI_X),
        2,
        METADATA,
        'taken behind a tag, "change: 03…"; alone refused, with what to write',
        (f"{WORDS}::test_words", f"{WORDS}::test_mistakes"),
    ),
    Row(
        "variables of a script with hex in quotes",
        (EXPLORER,),
        1,
        f"object write --hex; {METADATA}",
        "refused: it is not hex",
        (f"{MADE}::TestConfigurations::test_of_the_explorer",),
    ),
)
TABLE = (*CERTIFICATES, *KEYS_AND_REQUESTS, *DOCUMENTS, *UPDATE_SETS, *TEXTS)

PROMISES = {
    "Infineon's files load, or are refused for the right reason": {
        f"{row.kind} ({row.command}): {row.outcome}": row.tests for row in TABLE
    },
}
