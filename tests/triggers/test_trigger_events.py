"""What passes from the trigger to the task: through JSON."""

from __future__ import annotations

import json

import pytest

from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.exceptions import (
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaAuthError,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaProxyError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)
from airflow_provider_copernica.triggers._events import error_event, read_event


@pytest.mark.parametrize(
    "error",
    [
        CopernicaAuthError("Refused", status_code=401, api_message="Invalid access token"),
        CopernicaUnavailableError("Away", status_code=503),
        CopernicaProxyError("Refused by the proxy", status_code=407),
        CopernicaReplyError("What?", status_code=200),
        CopernicaApiError("No", status_code=400, api_message="No"),
        CopernicaArgumentError("Wrong"),
        CopernicaImportFailedError("Failed", CopernicaImport(1, "n", status="failed", processed_lines=3)),
    ],
)
def test_the_task_gets_the_error_that_the_trigger_met(error: CopernicaError) -> None:
    with pytest.raises(CopernicaError) as raised:
        read_event(json.loads(json.dumps(error_event(error))))
    assert type(raised.value) is type(error)
    assert str(raised.value) == str(error)
    for name in ("status_code", "api_message", "copernica_import"):
        assert getattr(raised.value, name, None) == getattr(error, name, None)


@pytest.mark.parametrize(
    "event",
    [
        None,
        "finished",
        {},
        {"result": "finished"},
        {"result": "finished", "import": {}},
        {"result": "finished", "import": {"import_id": "x"}},
        {"result": "finished", "import": {"import_id": None, "status": "finished"}},
        {"result": "done", "import": {"import_id": 1}},
        {"result": ["finished"]},
    ],
)
def test_an_event_that_is_not_understood_is_not_a_success(event: object) -> None:
    with pytest.raises(CopernicaError, match="does not know"):
        read_event(event)
