"""What a field stores of a text, and what it holds that was not given one."""

from __future__ import annotations

import pytest
from support.copernica_api import CopernicaApi

from airflow_provider_copernica.emulator import Emulator


@pytest.fixture
def v3(emulator: Emulator) -> CopernicaApi:
    return CopernicaApi(emulator, "v3")


@pytest.mark.parametrize(
    ("spec", "given", "stored"),
    [
        ("text", "00012", "00012"),
        ({"type": "text", "length": 3}, "abcdef", "abc"),
        ("big", "x" * 300, "x" * 300),
        ("integer", "12.7", "12"),
        ("integer", "many", "0"),
        ("integer", "", "0"),
        ("float", "1.50", "1.50"),
        ("float", "much", "0.0"),
        ("date", "2026-02-29", "0000-00-00"),
        ("date", "2024-02-29", "2024-02-29"),
        ("empty_date", "soon", ""),
        ("datetime", "soon", "0000-00-00 00:00:00"),
        ("datetime", "2026-01-31 06:00:00", "2026-01-31 06:00:00"),
        ("empty_datetime", "soon", ""),
        ({"type": "select", "value": "red\r\nblue*"}, "blue", "blue"),
        ({"type": "select", "value": "red\r\nblue*"}, "Blue", ""),
        ("date", "0999-12-31", "0000-00-00"),
        ("date", "31-01-2026", "0000-00-00"),
        ("date", "2026-01-31 06:00:00", "2026-01-31"),
        ("empty_date", "2026-01-31 06:00:00", "2026-01-31"),
        ("datetime", "2026-01-31", "2026-01-31 00:00:00"),
        ("empty_datetime", "2026-01-31", "2026-01-31 00:00:00"),
        ("datetime", "2026-01-31 24:00:00", "0000-00-00 00:00:00"),
        ("email", "not an address", "not an address"),
    ],
)
def test_what_is_stored_of_a_text(v3: CopernicaApi, spec: object, given: str, stored: str) -> None:
    database = v3.emulator.add_database("Types", {"Key": "text", "Value": spec})
    v3.run_import(database=database, action="add", source=[{"Key": "k", "Value": given}])
    assert [each["fields"]["Value"] for each in v3.emulator.profiles(database)] == [stored]


@pytest.mark.parametrize(
    ("spec", "stored"),
    [
        ("text", ""),
        ("integer", "0"),
        ("float", "0.0"),
        ("date", "0000-00-00"),
        ("empty_date", ""),
        ({"type": "select", "value": "red\r\nblue*"}, "blue"),
        ({"type": "select", "value": "red\r\nblue"}, ""),
    ],
)
def test_what_a_field_holds_that_was_not_given(v3: CopernicaApi, spec: object, stored: str) -> None:
    database = v3.emulator.add_database("Types", {"Key": "text", "Value": spec})
    v3.run_import(database=database, action="add", source=[{"Key": "k"}])
    assert [each["fields"] for each in v3.emulator.profiles(database)] == [{"Key": "k", "Value": stored}]
