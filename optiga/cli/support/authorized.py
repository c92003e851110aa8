"""Opening a chip that must have certain objects, or to which secrets are proven first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from optiga.chip import Chip
from optiga.chip.abilities import require_objects
from optiga.cli.support.chip_files import refuse_a_blank_chip
from optiga.cli.support.options import of_option
from optiga.cli.support.settings import Settings
from optiga.objects.authorization import Authorization, authorize, load_authorization


def open_authorized(
    connect: Callable[[], Chip],
    oids: Sequence[int],
    settings: Settings,
) -> Chip:
    """Open a chip, and prove to it that secrets are known.

    :param connect: opens the chip, once the files of the secrets have been read.
    :param oids: objects that its model must have.
    :param settings: name the objects with secrets, and are told what the owner of such a file should know.
    :raises OptigaError: if that cannot be.
    """
    authorizations = load_authorizations(settings)
    chip = connect()
    try:
        require_objects(chip, oids)
        authorize(chip, authorizations)
    except BaseException:
        chip.close()
        raise
    warn_of_authorizations(settings, authorizations)
    return chip


def load_authorizations(settings: Settings) -> list[Authorization]:
    """The secrets of ``--authorize``.

    :raises ConfigurationError: if a file cannot be read, or is for no object that holds such a secret; or if the chip
        would be a new one, which holds none.
    """
    with of_option("--authorize"):
        found = [load_authorization(oid, path) for oid, path in settings.authorizations]
    for one in found:
        refuse_a_blank_chip(settings, one.info.oid, "no authorization reference")
    return found


def warn_of_authorizations(settings: Settings, authorizations: Iterable[Authorization]) -> None:
    """Say what the owner of such a file should know."""
    for authorization in authorizations:
        for warning in authorization.warnings:
            settings.warn(warning)
