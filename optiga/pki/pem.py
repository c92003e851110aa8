"""Writing PEM (RFC 7468). A CSR loads this; whoever reads PEM has :mod:`optiga.pki.pem_blocks`."""

from __future__ import annotations

import binascii


def encode_base64(data: bytes) -> bytes:
    """Base64 on one line, without a line break."""
    return binascii.b2a_base64(data, newline=False)


def encode_pem(label: str, data: bytes) -> str:
    """A block in PEM, lines of 64 characters, with a final line break."""
    text = encode_base64(data).decode("ascii")
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""])
