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
        CopernicaRowError(["row 1: no", "row 2: no"], 7),
        CopernicaAuthError("refused", status_code=401, api_message="Invalid access token"),
        CopernicaImportFailedError("failed", CopernicaImport(1, "n")),
    ],
)
def test_they_survive_it(error: CopernicaError) -> None:
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):  # noqa: S301 - our own
        assert type(other) is type(error)
        assert str(other) == str(error)
        assert vars(other) == vars(error)
