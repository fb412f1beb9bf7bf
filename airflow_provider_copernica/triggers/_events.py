"""What a trigger tells the task that it wakes: JSON without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from airflow_provider_copernica.client.imports import CopernicaImport, read_import_id
from airflow_provider_copernica.exceptions import (
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaAuthError,
    CopernicaError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)

FINISHED = "finished"
_ERRORS: dict[str, type[CopernicaError]] = {
    "failed": CopernicaImportFailedError,
    "timeout": CopernicaImportTimeoutError,
    "argument": CopernicaArgumentError,
    "auth": CopernicaAuthError,
    "unavailable": CopernicaUnavailableError,
    "reply": CopernicaReplyError,
    "api": CopernicaApiError,
    "error": CopernicaError,
}


def finished_event(status: CopernicaImport) -> dict[str, object]:
    """The import has finished."""
    return {"result": FINISHED, "message": str(status), "import": dict(vars(status))}


def error_event(error: Exception) -> dict[str, object]:
    """Anything else; the reason goes along."""
    result = next((word for word, kind in _ERRORS.items() if isinstance(error, kind)), "error")
    status = getattr(error, "copernica_import", None)
    message = str(error) if isinstance(error, CopernicaError) else f"{type(error).__name__} in the trigger"
    return {
        "result": result,
        "message": message,
        "import": dict(vars(status)) if isinstance(status, CopernicaImport) else None,
        "status_code": getattr(error, "status_code", None),
        "api_message": getattr(error, "api_message", ""),
    }


def read_event(event: object) -> CopernicaImport:
    """
    The import that an event reports as finished.

    :raises CopernicaError: the error that the event reports, or one for an event that is not understood.
    """
    values: Mapping[str, object] = event if isinstance(event, Mapping) else {}
    result, message = values.get("result"), str(values.get("message", ""))
    status = _read_import(values.get("import"))
    if result == FINISHED and status is not None:
        return status
    kind = _ERRORS.get(result) if isinstance(result, str) else None
    if kind is None:
        raise CopernicaReplyError(
            "The trigger woke the task with an event that this version does not know: nothing is known of the import. "
            "Workers and triggerer should run the same version of airflow-provider-copernica."
        )
    if issubclass(kind, CopernicaImportFailedError | CopernicaImportTimeoutError):
        raise kind(message, status)
    if issubclass(kind, CopernicaApiError):
        code = values.get("status_code")
        said = str(values.get("api_message") or "")
        raise kind(message, status_code=code if isinstance(code, int) else None, api_message=said)
    raise kind(message)


def _read_import(value: object) -> CopernicaImport | None:
    if not isinstance(value, Mapping):
        return None
    try:
        known = {f.name: value[f.name] for f in fields(CopernicaImport) if f.name in value}
        return CopernicaImport(**{**known, "import_id": read_import_id(value.get("import_id"))})
    except (TypeError, CopernicaArgumentError):
        return None
