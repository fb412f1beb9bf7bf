"""What users catch: a small hierarchy of errors. No message ever holds a secret or the value of a row."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_copernica.client.imports import CopernicaImport

__all__ = [
    "CopernicaAmbiguousError",
    "CopernicaApiError",
    "CopernicaArgumentError",
    "CopernicaAuthError",
    "CopernicaConnectionLookupError",
    "CopernicaEmptySourceError",
    "CopernicaError",
    "CopernicaImportError",
    "CopernicaImportFailedError",
    "CopernicaImportTimeoutError",
    "CopernicaImportUnknownError",
    "CopernicaNoImportError",
    "CopernicaProxyError",
    "CopernicaReplyError",
    "CopernicaRowError",
    "CopernicaTooFewRowsError",
    "CopernicaUnavailableError",
    "CopernicaVerificationError",
]

GOES_ON = "The import goes on in Copernica: its API can't stop it."

# a message that ends in its names already: "Disk full. (Import 'nightly', connection 'copernica_default')"
_ENDS_IN_NAMES = re.compile(r"[.!?][\"']? \(.*\)\Z", re.DOTALL)


class CopernicaError(Exception):
    """
    The base of all errors of this package.

    A message is one or more whole sentences, the reason first. The class owns the full stop at its end, so that texts
    with and without one, Copernica's own among them, may be put in.

    :param message: the sentences.
    :param names: what the reader needs to find the thing again, for brackets behind the sentences, since Airflow's
        log view cuts long lines at the right: ``database 99``, ``connection 'copernica_default'``, ``HTTP 400``.
    :param status_code: the HTTP status; None where there was no reply.
    :param api_message: Copernica's own words, shortened; empty where it gave none.
    :param copernica_import: the last known status of the import in question; None where it was never seen.

    The sentences alone are its ``reason``, for those who add some of their own before the names.
    """

    def __init__(
        self,
        message: str = "",
        *,
        names: Iterable[str] = (),
        status_code: int | None = None,
        api_message: str = "",
        copernica_import: CopernicaImport | None = None,
    ) -> None:
        self.reason = _sentence(message)
        self.names = tuple(name for name in names if name)
        super().__init__(f"{self.reason} ({', '.join(self.names)})" if self.names else self.reason)
        self.status_code = status_code
        self.api_message = api_message
        self.copernica_import = copernica_import


class CopernicaArgumentError(CopernicaError, ValueError):
    """
    The connection or an argument is wrong: nothing was sent, and trying again can't help.

    :param problems: one sentence each: what is wrong, and the remedy.
    """

    def __init__(self, *problems: str) -> None:
        self.problems = tuple(_sentence(problem) for problem in problems)
        super().__init__("\n".join(self.problems))


class CopernicaRowError(CopernicaArgumentError):
    """
    Rows break a rule, so that nothing was sent.

    :param faults: the first faults, each naming row number and field, never a value.
    :param count: how many faults there are in all.
    """

    def __init__(self, faults: Sequence[str], count: int) -> None:
        more = [f"... and {count - len(faults)} more"] if count > len(faults) else []
        super().__init__(*faults, *more)
        self.faults = tuple(faults)
        self.count = count

    def __reduce__(self) -> tuple[type[CopernicaRowError], tuple[Sequence[str], int]]:
        return type(self), (self.faults, self.count)


class CopernicaNoImportError(CopernicaArgumentError):
    """There is no import to wait for: the task that should have made it sent nothing."""


class CopernicaEmptySourceError(CopernicaError):
    """There are no rows to import: an empty import would never start, or remove everything."""


class CopernicaTooFewRowsError(CopernicaError):
    """There are fewer rows than expected: sending them could remove the rest."""


class CopernicaConnectionLookupError(CopernicaError):
    """
    Airflow does not find the connection, or could not look it up: nothing was sent.

    Airflow 3.3 says "not found" when a secrets backend fails as well, so trying again may help.
    """


class CopernicaApiError(CopernicaError):
    """Copernica refused a request."""


class CopernicaAuthError(CopernicaApiError):
    """The token was refused, or the authentication host gave none."""


class CopernicaProxyError(CopernicaApiError):
    """The outgoing proxy refused the request; asking again with the same password may lock its account."""


class CopernicaUnavailableError(CopernicaApiError):
    """Copernica could not be reached, or kept saying "later", until the budget of attempts was used up."""


class CopernicaReplyError(CopernicaApiError):
    """The reply can't be understood."""


class CopernicaAmbiguousError(CopernicaApiError):
    """A request that must not be sent twice failed after it may have arrived: Copernica may be carrying it out."""


class CopernicaImportError(CopernicaError):
    """
    An import did not end well.

    :param message: the reason, and the import's ID.
    :param copernica_import: its last known status; None where it was never seen.
    :param names: the import's name, and the connection.
    """

    def __init__(
        self, message: str = "", copernica_import: CopernicaImport | None = None, *, names: Iterable[str] = ()
    ) -> None:
        said = (copernica_import.last_error or "") if copernica_import is not None else ""
        super().__init__(message, names=names, api_message=said, copernica_import=copernica_import)


class CopernicaImportFailedError(CopernicaImportError):
    """Copernica reports the import as failed."""


class CopernicaImportTimeoutError(CopernicaImportError, TimeoutError):
    """The time for waiting is over; the import goes on in Copernica."""


class CopernicaImportUnknownError(CopernicaImportError):
    """Copernica does not know the import, or no longer."""


class CopernicaVerificationError(CopernicaImportError):
    """The import has finished, and the database does not hold what was sent, or could not be looked at."""


def _sentence(text: str) -> str:
    """Return the text with exactly one mark at its end; Copernica's own words come with and without."""
    text = text.strip()
    if not text or text.endswith("...") or _ENDS_IN_NAMES.search(text):
        return text
    bare = text.rstrip(" .,;:")
    return bare if bare.endswith(("!", "?")) else f"{bare}."
