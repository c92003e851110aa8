"""For how many days a certificate may be valid."""

from __future__ import annotations

from optiga.errors import ConfigurationError

MAX_DAYS = 36500
"""Longest validity, in days."""


def check_days(days: int | None, what: str = "certificate") -> None:
    """Refuse a number of days that is none; None leaves it to the CA.

    :param what: what is valid for so long.
    :raises ConfigurationError: if it is one.
    """
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise ConfigurationError(
            f"a {what} cannot be valid for {days} days", hint=f"Use 1 to {MAX_DAYS} days", parameter="days"
        )
