"""Files of credentials as programs have them: PEM in texts of C and Python, DER in arrays of C."""

from __future__ import annotations

TEMPLATE = """/*
 * Must include the PEM header and footer:
 * "-----BEGIN {label}-----\\n"\\
 * "...base64 data...\\n"\\
 * "-----END {label}-----\\n"
 */
"""
"""A comment as the headers of FreeRTOS have it above each credential."""


def in_c(pem: str, name: str = "CREDENTIAL", end: str = "\\n") -> str:
    """A macro of C with PEM, each line a text of its own.

    :param end: what a line of PEM ends with, as C writes it.
    """
    lines = " \\\n".join(f'    "{line}{end}"' for line in pem.splitlines())
    return f"#define {name} \\\n{lines}\n"


def in_python(pem: str) -> str:
    """An expression of Python with PEM in single quotes."""
    return "CREDENTIAL = (\n" + "".join(f"    '{line}\\n'\n" for line in pem.splitlines()) + ")\n"


def array(data: bytes, name: str = "credential") -> str:
    """An array of C, as Infineon's tools write it."""
    return f"const uint8_t {name}[] = {{\n" + "".join(f"0x{octet:02X}, " for octet in data) + "\n};\n"
