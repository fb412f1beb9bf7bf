"""Everything that can go wrong, as a small hierarchy. No message ever holds a secret or the value of a row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_copernica.client.imports import CopernicaImport


GOES_ON = "The import goes on in Copernica: its API can't stop it."


class CopernicaError(Exception):
    """The base of all errors of this package."""


class CopernicaArgumentError(CopernicaError, ValueError):
    """
    The connection or an argument is wrong: nothing was sent, and trying again can't help.

    :param problems: one sentence each: what is wrong, and the remedy.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


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


class CopernicaApiError(CopernicaError):
    """
    Copernica refused a request.

    :param message: what was asked, and what Copernica said.
    :param status_code: the HTTP status; None where there was no reply.
    :param api_message: Copernica's own words, shortened; empty where it gave none.
    """

    def __init__(self, message: str, *, status_code: int | None = None, api_message: str = "") -> None:
        super().__init__(message)
        self.status_code = status_code
        self.api_message = api_message


class CopernicaAuthError(CopernicaApiError):
    """The token was refused, or the authentication host gave none."""


class CopernicaUnavailableError(CopernicaApiError):
    """Copernica could not be reached, or kept saying "later", until the budget of attempts was used up."""


class CopernicaReplyError(CopernicaApiError):
    """The reply can't be understood."""


class CopernicaAmbiguousError(CopernicaApiError):
    """A request that must not be sent twice failed after it may have arrived: Copernica may be carrying it out."""


class CopernicaImportError(CopernicaError):
    """
    An import did not end well.

    :param message: the import's ID, name, counts and Copernica's own words.
    :param copernica_import: its last known status; None where it was never seen.
    """

    def __init__(self, message: str, copernica_import: CopernicaImport | None = None) -> None:
        super().__init__(message)
        self.copernica_import = copernica_import


class CopernicaImportFailedError(CopernicaImportError):
    """Copernica reports the import as failed."""


class CopernicaImportTimeoutError(CopernicaImportError, TimeoutError):
    """Our patience ended; the import goes on in Copernica."""


class CopernicaImportUnknownError(CopernicaImportError):
    """Copernica does not know the import, or no longer."""
