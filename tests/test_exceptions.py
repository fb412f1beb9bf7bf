"""Errors travel between processes: Airflow and its executors pickle them."""

from __future__ import annotations

import copy
import pickle

import pytest

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.exceptions import (
    CopernicaArgumentError,
    CopernicaAuthError,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaRowError,
)


@pytest.mark.parametrize(
    "error",
    [
        CopernicaArgumentError("database is missing.", "action is missing."),
        CopernicaRowError(["Row 1: no", "Row 2: no"], 7),
        CopernicaAuthError("Refused", status_code=401, api_message="Invalid access token"),
        CopernicaImportFailedError("It failed", CopernicaImport(1, "n")),
    ],
)
def test_they_survive_it(error: CopernicaError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("It failed", "It failed."),
        ("It failed.", "It failed."),
        ("Please try again later..", "Please try again later."),
        ("It failed:", "It failed."),
        ("Did it fail?", "Did it fail?"),
        ("Disk full!", "Disk full!"),
        ("Connection refused (tried 2 times)", "Connection refused (tried 2 times)."),
        ("Disk full. (Import 'a', connection 'c')", "Disk full. (Import 'a', connection 'c')"),
        ("A text that was cut...", "A text that was cut..."),
    ],
)
def test_a_message_ends_in_one_stop_whatever_is_put_in(message: str, shown: str) -> None:
    for kind in (CopernicaError, CopernicaAuthError, CopernicaImportFailedError, CopernicaArgumentError):
        assert str(kind(message)) == shown
        assert str(kind(str(kind(message)))) == shown, "said once more, it is the same"


def test_names_come_last_in_brackets() -> None:
    error = CopernicaAuthError("Refused", names=["database 99", "", "connection 'c'"], status_code=400)
    assert str(error) == "Refused. (database 99, connection 'c')"
    assert (error.reason, error.names) == ("Refused.", ("database 99", "connection 'c'"))
    assert (error.status_code, error.api_message, error.copernica_import) == (400, "", None)


def test_each_problem_is_a_sentence() -> None:
    assert str(CopernicaArgumentError("It is wrong", "So is that.")) == "It is wrong.\nSo is that."


def test_a_failed_import_gives_its_own_words() -> None:
    status = CopernicaImport(1, "n", last_error="Disk full")
    error = CopernicaImportFailedError("Import 1 failed", status)
    assert (error.api_message, error.copernica_import) == ("Disk full", status)
