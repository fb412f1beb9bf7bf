"""The connection form, described once: Airflow 3 reads it as provider metadata, Airflow 2 as widgets of the hook."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_copernica.client.settings import (
    API_VERSIONS,
    DEFAULT_API_VERSION,
    DEFAULT_AUTH_HOST,
    DEFAULT_HOST,
    DEFAULT_TIMEOUT,
)

__all__ = [
    "CONN_TYPE",
    "DEFAULT_CONN_ID",
    "EXTRA_FIELDS",
    "HIDDEN_FIELDS",
    "HOOK_CLASS",
    "HOOK_NAME",
    "PLACEHOLDERS",
    "RELABELING",
    "ExtraField",
    "connection_type_metadata",
]

CONN_TYPE = "copernica"
DEFAULT_CONN_ID = "copernica_default"
HOOK_NAME = "Copernica"
HOOK_CLASS = "airflow_provider_copernica.hooks.copernica.CopernicaHook"

HIDDEN_FIELDS = ("schema", "login")
# without a label, 3.1 shows the bare name
RELABELING = {"password": "API access token", "host": "API base URL", "port": "Port"}
PLACEHOLDERS = {
    "host": DEFAULT_HOST,
    "password": "the long-lived token, not a JWT",
    # Airflow 3.3.1 and 3.3.2 refuse to test a connection without a port: apache/airflow#73298
    "port": "443 (Test in Airflow 3.3.2 needs a port)",
}


@dataclass(frozen=True)
class ExtraField:
    """
    A field of the form that is kept in the connection's extra.

    :param name: the key within extra.
    :param type: its JSON type; every field but a choice may stay empty.
    :param default: shown at first.
    :param choices: the values to choose from.
    """

    name: str
    label: str
    description: str
    type: str = "string"
    default: str | int | bool | None = None
    choices: tuple[int, ...] = ()

    def schema(self) -> dict[str, object]:
        """Return the JSON schema that Airflow 3 builds the input from."""
        schema: dict[str, object] = {"type": self.type if self.choices else [self.type, "null"]}
        if self.default is not None:
            schema["default"] = self.default
        if self.choices:
            schema["enum"] = list(self.choices)
        return schema


EXTRA_FIELDS = (
    ExtraField(
        "api_version",
        "API version",
        "4 sends a short-lived token in a header; 3 sends the access token in the URL, as older accounts may need.",
        type="integer",
        default=DEFAULT_API_VERSION,
        choices=API_VERSIONS,
    ),
    ExtraField(
        "auth_host",
        "Authentication host",
        f"Where API version 4 gets its short-lived tokens. Empty: {DEFAULT_AUTH_HOST}",
    ),
    ExtraField(
        "timeout",
        "Timeout",
        f"Seconds that Copernica may take to answer a request. Empty: {DEFAULT_TIMEOUT:g}",
        type="number",
    ),
    ExtraField("proxy", "Proxy", "URL of an outgoing proxy. Empty: the environment's, if any"),
    ExtraField(
        "verify",
        "Verify certificates",
        "Empty: yes. The path of a CA bundle, a file or a folder, or false (for tests only).",
    ),
    ExtraField(
        "status_words",
        "Status words",
        'JSON: words that this account\'s imports use for their status, like {"finished": ["verwerkt"], "failed": [], '
        '"busy": []}. Empty: only the known ones.',
    ),
)


def connection_type_metadata() -> dict[str, object]:
    """Return the entry of ``connection-types``, with the keys in the case that Airflow's schema wants."""
    return {
        "connection-type": CONN_TYPE,
        "hook-class-name": HOOK_CLASS,
        "hook-name": HOOK_NAME,
        "ui-field-behaviour": {
            "hidden-fields": list(HIDDEN_FIELDS),
            "relabeling": RELABELING,
            "placeholders": PLACEHOLDERS,
        },
        "conn-fields": {
            field.name: {"label": field.label, "description": field.description, "schema": field.schema()}
            for field in EXTRA_FIELDS
        },
    }
