"""Objects of the API that are not as documented, and what can be asked for."""

from __future__ import annotations

from support.verification import SCHEMA

from airflow_provider_copernica.verification.conditions import id_of, is_askable, is_removed, satisfies


def test_odd_objects() -> None:
    assert [id_of({"ID": "5"}), id_of({"id": 5}), id_of({"Id": "x"}), id_of({})] == [5, 5, None, None]
    assert [is_removed({"removed": value}) for value in (False, None, "", "false", "0000-00-00", True, "2026")] == [
        *[False] * 5,
        True,
        True,
    ]
    assert not satisfies({"fields": "x"}, {SCHEMA.fields[0]: "a"})
    assert satisfies({"fields": {"Email": "a"}}, {SCHEMA.fields[0]: "A"})
    assert satisfies({"fields": {"x": "b", "eMAIL": "a"}}, {SCHEMA.fields[0]: "a"})
    assert not is_askable(["a", " "])
