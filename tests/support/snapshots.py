"""Pointers and runs of snapshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_copernica.payload.header import Header, make_header
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.snapshot.decisions import Run
from airflow_provider_copernica.snapshot.pointer import Owner, Pointer

NOW = datetime(2026, 1, 10, tzinfo=UTC)
OWNER = Owner("dag", "load")
NONCE = "0" * 32

_POINTER = Pointer(
    owner=OWNER,
    run="yesterday",
    writer="load",
    base_url="https://api.copernica.com",
    database=1,
    key_fields=("Email",),
    columns=("City", "Email"),
    action="update or add",
    ignore_empty_fields=False,
    salt="00" * 32,
    records=f"000001-{NONCE}.records",
    size=0,
    count=0,
    rows=0,
    rejected=0,
    with_keys=False,
    written_at=NOW - timedelta(days=1),
    full_at=NOW - timedelta(days=1),
    nonce=NONCE,
)
_RUN = Run(OWNER, "today", "https://api.copernica.com", 1, ("Email",), "update or add", False, timedelta(days=7), NOW)


def pointer(**changes: Any) -> Pointer:
    """A pointer of yesterday, which is not confirmed."""
    return replace(_POINTER, **changes)


def run(**changes: Any) -> Run:
    """A run of today that fits."""
    return replace(_RUN, **changes)


def header(*names: str, keys: tuple[str, ...] = ("Email",)) -> Header:
    """The header of rows with these columns."""
    return make_header(names, RowRules(key_fields=keys, ignore_empty_fields=True))
