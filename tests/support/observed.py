"""Command APDUs as requests, with the traits that their bytes tell."""

from optiga.protocol.observed import request_of

__all__ = ["request_of"]
