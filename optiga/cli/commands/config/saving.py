"""Documents of ``config``, printed or in a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optiga.cli.support.content import check_out, save, write_bytes
from optiga.cli.support.settings import Settings


def give_document(settings: Settings, document: Mapping[str, Any], text: str, what: str, *, out: str | None) -> None:
    """Print a document or write it into a file; --query and --output are for what stands in it.

    :param text: the document as it is printed.
    :param what: what it is, for the note.
    :raises ConfigurationError: if the query finds nothing, or the file cannot be written.
    """
    settings.check_query(document)
    check_out(out)
    if out is not None:
        save(settings, out, text.encode(), what, is_kept=True)
    if settings.wants_result:
        settings.print_result(document)
    elif out is None:
        write_bytes(text.encode())
