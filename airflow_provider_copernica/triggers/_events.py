"""What a trigger hands to the task that it wakes: JSON without secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields

from airflow_provider_copernica.client.imports import CopernicaImport, read_import_id
from airflow_provider_copernica.exceptions import (
    CopernicaApiError,
    CopernicaArgumentError,
    CopernicaAuthError,
    CopernicaConnectionLookupError,
    CopernicaError,
    CopernicaImportError,
    CopernicaImportFailedError,
    CopernicaImportTimeoutError,
    CopernicaImportUnknownError,
    CopernicaNoImportError,
    CopernicaProxyError,
    CopernicaReplyError,
    CopernicaUnavailableError,
)

__all__ = ["error_event", "finished_event", "read_event", "read_resume_data"]

FINISHED = "finished"
_ERRORS: dict[str, type[CopernicaError]] = {
    "failed": CopernicaImportFailedError,
    "timeout": CopernicaImportTimeoutError,
    "unknown": CopernicaImportUnknownError,
    "no import": CopernicaNoImportError,
    "argument": CopernicaArgumentError,
    "lookup": CopernicaConnectionLookupError,
    "auth": CopernicaAuthError,
    "unavailable": CopernicaUnavailableError,
    "proxy": CopernicaProxyError,
    "reply": CopernicaReplyError,
    "api": CopernicaApiError,
    "error": CopernicaError,
}


def finished_event(status: CopernicaImport) -> dict[str, object]:
    """Return the event for an import that has finished."""
    return {"result": FINISHED, "message": str(status), "import": _as_json(status)}


def error_event(error: Exception) -> dict[str, object]:
    """Return the event for anything else, with the reason."""
    result = next((word for word, kind in _ERRORS.items() if isinstance(error, kind)), "error")
    # what an unknown exception says may hold anything
    said = (
        error if isinstance(error, CopernicaError) else CopernicaError(f"The trigger ended with {type(error).__name__}")
    )
    return {
        "result": result,
        "message": said.reason,
        "names": list(said.names),
        "import": None if said.copernica_import is None else _as_json(said.copernica_import),
        "status_code": said.status_code,
        "api_message": said.api_message,
    }


def read_event(event: object) -> CopernicaImport:
    """
    Return the import that an event reports as finished.

    :param event: of the trigger.
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
            "The trigger woke the task with an event that this version does not know, so the import's end is unknown. "
            "Workers and triggerer should run the same version of airflow-provider-copernica."
        )
    if issubclass(kind, CopernicaArgumentError):
        raise kind(message)
    names = values.get("names")
    names = [str(name) for name in names] if isinstance(names, list) else []
    if issubclass(kind, CopernicaImportError):
        raise kind(message, status, names=names)
    code, said = values.get("status_code"), str(values.get("api_message") or "")
    raise kind(message, names=names, status_code=code if isinstance(code, int) else None, api_message=said)


def read_resume_data(event: object) -> Mapping[str, object]:
    """
    Return what the task had handed to the trigger; empty for an event of the first version.

    :param event: of the trigger.
    """
    data = event.get("resume_data") if isinstance(event, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def _as_json(status: CopernicaImport) -> dict[str, object]:
    return {name: value for name, value in vars(status).items() if name != "words"}


def _read_import(value: object) -> CopernicaImport | None:
    if not isinstance(value, Mapping):
        return None
    try:
        known = {f.name: value[f.name] for f in fields(CopernicaImport) if f.name in value and f.name != "words"}
        return CopernicaImport(**{**known, "import_id": read_import_id(value.get("import_id"))})
    except (TypeError, CopernicaArgumentError):
        return None
