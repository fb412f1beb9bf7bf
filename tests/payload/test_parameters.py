"""The parameters of POST imports: conversion, rules, wire form."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.columns import parse_columns
from airflow_provider_copernica.payload.parameter_rules import is_path
from airflow_provider_copernica.payload.parameters import PARAMETERS, check_parameters, read_parameters

ROWS = [{"Email": "a@example.com"}]
GOOD = {"database": 1, "action": "update or add", "key_fields": ["Email"], "source": ROWS}


def problem(**changes: object) -> str:
    with pytest.raises(CopernicaArgumentError) as caught:
        read_parameters({**GOOD, **changes})
    return str(caught.value)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("database", " 12 ", 12),
        ("rebuild", "true", True),
        ("rebuild", "False", False),
        ("rebuild", "0", False),
        ("followups", 1, True),
        ("key_fields", '["Email", "Order.OrderID"]', ("Email", "Order.OrderID")),
        ("key_fields", "['Email', 'Order.OrderID']", ("Email", "Order.OrderID")),
        ("key_fields", "Email, Order.OrderID", ("Email", "Order.OrderID")),
        ("action", " update or add ", "update or add"),
        ("delimiter", "\\t", "\t"),
        ("delimiter", "\t", "\t"),
        ("name", "", None),
        ("name", 20260131, "20260131"),
    ],
)
def test_rendered_text_is_converted(name: str, text: object, value: object) -> None:
    assert getattr(read_parameters({**GOOD, name: text}), name) == value


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"database": "twelve"}, "database must be a whole number"),
        ({"database": True}, "database must be"),
        ({"database": None}, "database is missing"),
        ({"database": ""}, "rendered to nothing"),
        ({"database": 0}, "at least 1"),
        ({"action": "upsert"}, "'update or add'"),
        ({"action": None}, "action is missing"),
        ({"rebuild": "maybe"}, "rebuild must be true or false"),
        ({"rebuild": 2}, "rebuild must be true or false"),
        ({"key_fields": None}, "needs key_fields"),
        ({"key_fields": []}, "needs key_fields"),
        ({"key_fields": "Email,,Name"}, "blank name"),
        ({"key_fields": ["Email", "email"]}, "twice"),
        ({"key_fields": 3}, "key_fields must be a list"),
        ({"key_fields": ["Order.OrderID"]}, "field of the database itself"),
        ({"key_fields": ["a.b.c"]}, "several dots"),
        ({"source": None}, "give source or location"),
        ({"location": "https://example.com/a.csv"}, "exclude each other"),
        ({"source": None, "location": "s3://bucket/key"}, "URL that Copernica can fetch"),
        ({"source": None, "location": ""}, "URL that Copernica can fetch"),
        ({"source": '[{"a": 1}]'}, "format must say 'json' or 'csv'"),
        ({"source": "Email\na", "format": "csv"}, "needs a delimiter"),
        ({"source": "Email\na", "format": "csv", "delimiter": "|"}, "delimiter is '|'"),
        ({"format": "csv", "delimiter": ","}, "leave format out"),
        ({"source": {"Email": "a"}}, "must be a list of rows"),
        ({"source": b"x"}, "not bytes"),
        ({"source": Path("/data/orders.csv")}, "ObjectStorageToCopernicaOperator"),
        ({"database": "None"}, "its template rendered to nothing"),
        ({"delete_target": "subprofile"}, "only for action 'delete'"),
        ({"remove_missing": True, "action": "add"}, "could remove every profile"),
        ({"remove_missing": True, "action": "delete"}, "could remove every profile"),
        ({"colour": "red"}, "'colour' is not a parameter"),
        (
            {
                "source": None,
                "location": "https://x.example/a",
                "action": "delete",
                "key_fields": "Email,Order.OrderID",
            },
            "needs delete_target",
        ),
        (
            {"source": None, "location": "https://x.example/a", "action": "delete", "delete_target": "subprofile"},
            "which subprofile",
        ),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, object], words: str) -> None:
    assert words in problem(**changes)


PATHS = [
    "/data/orders.csv",
    "/data/orders",
    "s3://bucket/orders",
    "gs://bucket/a,b.csv",
    "https://example.com/orders.csv?x=1;y=2",
    "C:\\data\\orders.csv",
    "d:/data/orders.csv",
    "\\\\server\\share\\orders.csv",
    "~/orders.csv",
    "../orders.csv",
    "orders.csv",
    " orders 2024.CSV.gz\n",
    "orders.parquet",
    "part.2024.01.jsonl.zst",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("text", [{"format": "csv", "delimiter": ","}, {"format": "json"}, {}])
def test_the_path_of_a_file_is_not_rows(path: str, text: dict[str, str]) -> None:
    words = "source is the path or URL of a file in the place of rows: use ObjectStorageToCopernicaOperator"
    assert problem(source=path, **text).startswith(words)
    with pytest.raises(CopernicaArgumentError, match="or location for a URL"):
        check_parameters({**GOOD, "source": path, **text})


@pytest.mark.parametrize(
    "text",
    [
        "Email",
        "Email;Name",
        "Email\n/data/x.csv",
        '[{"file": "x.csv"}]',
        '{"a": 1}',
        "a;b.csv",
        "",
        "x" * 5000 + ".csv",
    ],
)
def test_what_may_be_rows_is_not_a_path(text: str) -> None:
    assert not is_path(text)


def test_a_long_text_is_told_from_a_path_at_once() -> None:
    start = time.process_time()
    assert not is_path("." * 20_000_000)
    assert not is_path("a." * 2_000 + "x")
    assert time.process_time() - start < 0.5


class DataFrame:
    """As much of pandas' as matters: iterable, but neither rows nor comparable."""

    def __iter__(self) -> Iterator[str]:
        return iter(["Email"])

    def __eq__(self, other: object) -> bool:
        raise NotImplementedError

    __hash__ = object.__hash__

    def to_dict(self, orient: str) -> list[dict[str, str]]:
        raise NotImplementedError


def test_a_data_frame_is_not_a_list_of_rows() -> None:
    assert "source must be a list of rows (dicts), or text, not DataFrame: use df.to_dict('records')" in problem(
        source=DataFrame()
    )


def test_all_problems_are_named_at_once() -> None:
    text = problem(database="x", action="y", rebuild="z")
    assert [line.split()[0] for line in text.splitlines()] == ["database", "action", "rebuild"]


def test_waiting_for_an_import_that_never_starts_is_refused() -> None:
    with pytest.raises(CopernicaArgumentError, match="wait_for_completion=False"):
        read_parameters({**GOOD, "autostart": "false"}, waits=True)
    assert read_parameters({**GOOD, "autostart": "false"}, waits=False).autostart is False


def test_at_parse_only_what_is_literal_is_checked() -> None:
    templates = dict.fromkeys(PARAMETERS, "{{ x }}")
    check_parameters({**templates, "location": None})
    with pytest.raises(CopernicaArgumentError, match="action is 'upsert'"):
        check_parameters({**templates, "location": None, "action": "upsert"})
    with pytest.raises(CopernicaArgumentError, match="exclude each other"):
        check_parameters(templates | {"source": ROWS, "location": "https://example.com/a.csv"})
    check_parameters({**GOOD, "source": [{"Email": "{{ params.email }}"}]})


@pytest.mark.parametrize(
    ("parameters", "columns", "words"),
    [
        ({"action": "add", "key_fields": None}, ["Email", "Order.OrderID"], "each row might make a profile"),
        ({"action": "delete"}, ["Email", "Order.OrderID"], "would remove the profiles"),
    ],
)
def test_columns_are_checked_against_the_parameters(
    parameters: dict[str, object], columns: list[str], words: str
) -> None:
    checked = read_parameters({**GOOD, **parameters})
    assert words in " ".join(checked.check_columns(parse_columns(columns)))


@pytest.mark.parametrize(
    ("key_fields", "delete_target", "words"),
    [
        (["Email", "Order.OrderID"], None, "needs delete_target"),
        (["Email"], "subprofile", "which subprofile"),
        (["Email", "interest.News"], "subprofile", "which subprofile"),
    ],
)
def test_what_is_deleted_is_said(key_fields: list[str], delete_target: str | None, words: str) -> None:
    assert words in problem(action="delete", key_fields=key_fields, delete_target=delete_target)


def test_documented_bodies_go_over_the_wire_as_written() -> None:
    documented = json.loads((Path(__file__).parents[1] / "documented_bodies.json").read_text())
    for name in ("flat", "subprofiles", "json_page"):
        body = documented[name]
        snake = {
            "keyFields": "key_fields",
            "ignoreEmptyFields": "ignore_empty_fields",
            "removeMissing": "remove_missing",
        }
        parameters = read_parameters({snake.get(key, key): value for key, value in body.items()})
        wire = parameters.to_wire()
        source = body.pop("source")
        if name == "json_page":
            assert body["rebuild"] == "false"  # the documentation's slip: we send booleans as booleans
            body["rebuild"] = False
        assert wire == body
        assert parameters.source == source


@pytest.mark.parametrize(
    ("changes", "safe"),
    [
        ({}, True),
        ({"action": "update"}, True),
        ({"action": "delete"}, True),
        ({"action": "ignore or add"}, True),
        ({"action": "add"}, False),
        ({"followups": True}, False),
        ({"followups": False}, True),
    ],
)
def test_what_may_be_done_twice(changes: dict[str, object], safe: bool) -> None:
    assert read_parameters({**GOOD, **changes}).idempotent() is safe


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(PARAMETERS), json_values))
def test_whatever_is_given_is_converted_or_refused(given: dict[str, object]) -> None:
    try:
        parameters = read_parameters(given)
    except CopernicaArgumentError:
        return
    json.dumps(parameters.to_wire())
    assert isinstance(parameters.database, int)
    for name in ("followups", "autostart", "rebuild", "ignore_empty_fields", "remove_missing"):
        assert getattr(parameters, name) in (None, True, False)


@pytest.mark.parametrize(
    ("key_fields", "columns", "safe"),
    [
        (["Email"], ("Email", "interest.News"), True),
        (["Email"], ("Email", "Order.OrderID"), False),
        (["Email", "Order.OrderID"], ("Email", "Order.OrderID", "Order.Status"), True),
        (["Email", "Order.OrderID"], ("Email", "Order.OrderID", "Visit.Date"), False),
    ],
)
def test_subprofiles_without_a_key_are_added_each_time(
    key_fields: list[str], columns: tuple[str, ...], safe: bool
) -> None:
    assert read_parameters({**GOOD, "key_fields": key_fields}).idempotent(columns) is safe
