from __future__ import annotations

from datetime import date

import pytest

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaReplyError, CopernicaRowError
from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.columns import parse_columns
from airflow_provider_copernica.payload.field_types import FieldType, parse_options
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema

FIELDS = [
    {"ID": "1", "name": "Email", "type": "email", "value": "", "length": "30"},
    {"ID": "2", "name": "Age", "type": "integer", "value": "0", "length": "0"},
    {"ID": "3", "name": "Country", "type": "select", "value": "nl*\r\nbe\r\nUnited States", "length": "50"},
    {"ID": "4", "name": "Born", "type": "empty_date", "value": "", "length": "50"},
]
ORDER_FIELDS = [{"ID": "9", "name": "OrderID", "type": "text", "length": "5"}]


def envelope(items, total=None):
    return {
        "start": 0,
        "limit": 1000,
        "count": len(items),
        "total": len(items) if total is None else total,
        "data": items,
    }


def database(**more):
    order = {"ID": "12", "name": "Order", "database": "7", "fields": envelope(ORDER_FIELDS)}
    return {
        "ID": "7",
        "name": "Customers",
        "fields": envelope(FIELDS),
        "interests": envelope([{"ID": "3", "name": "Tennis", "group": "Sport"}]),
        "collections": envelope([order]),
        **more,
    }


SCHEMA = DatabaseSchema.from_api(database())


def problems(*names, schema=SCHEMA):
    return schema.check_columns(parse_columns(names))


def test_known_columns_have_no_problem():
    assert SCHEMA.incomplete == ()
    assert problems("Email", "Age", "Country", "Born", "interest.Tennis", "Order.OrderID") == []


def test_the_reply_may_be_written_otherwise():
    bare = {
        "id": 7,
        "Name": "Customers",
        "Fields": [{key.upper(): value for key, value in field.items()} for field in FIELDS],
        "interests": [{"name": "Tennis"}],
        "collections": [{"id": 12, "name": "Order", "fields": ORDER_FIELDS}],
    }
    assert DatabaseSchema.from_api(bare) == SCHEMA
    assert DatabaseSchema.from_api(database(fields=envelope(FIELDS, "4"))) == SCHEMA


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("email", "The database has no column 'email', but one called 'Email': write it like that"),
        ("Phone", "The database has no field 'Phone': correct it, or leave it out"),
        (
            "Orders.Code",
            "The database has no collection for the column 'Orders.Code': correct its name, or leave it out",
        ),
        (
            "order.OrderID",
            "The database has no column 'order.OrderID', but one called 'Order.OrderID': write it like that",
        ),
        (
            "Order.orderid",
            "The database has no column 'Order.orderid', but one called 'Order.OrderID': write it like that",
        ),
        ("Order.Code", "The database has no field 'Order.Code': correct it, or leave it out"),
        ("interest.Chess", "The database has no interest 'interest.Chess': correct it, or leave it out"),
        (
            "Interest.Tennis",
            "The database has no column 'Interest.Tennis', but one called 'interest.Tennis': write it like that",
        ),
        (
            "interest.tennis",
            "The database has no column 'interest.tennis', but one called 'interest.Tennis': write it like that",
        ),
    ],
)
def test_unknown_columns_are_named_with_their_remedy(name, says):
    assert problems("Age", name) == [says]


def test_columns_of_which_the_database_has_none_are_not_shown():
    """They may be the first customer of a file without a header."""
    (problem,) = problems("Noor", "Peters")
    assert "None of the columns (there are 2) is in the database, which has fields such as 'Email', 'Age'" in problem
    assert "Noor" not in problem
    assert "Peters" not in problem
    assert "one called 'Email'" in problems("email", "Noor")[0]
    assert "has no fields" in problems("Noor", schema=DatabaseSchema("1", "Empty"))[0]


def test_lists_that_are_not_complete_are_completed_one_by_one():
    reply = database(
        fields=envelope(FIELDS[:2], 4),
        collections=envelope([], 1),
        interests=envelope([], "5"),
    )
    schema = DatabaseSchema.from_api(reply)
    assert schema.incomplete == ("database/7/fields", "database/7/collections")
    schema = schema.with_list("database/7/fields", iter(FIELDS))
    assert schema.incomplete == ("database/7/collections",)
    schema = schema.with_list("database/7/collections", [{"ID": "12", "name": "Order", "fields": envelope([], 1)}])
    assert schema.incomplete == ("collection/12/fields",)
    schema = schema.with_list("collection/12/fields", ORDER_FIELDS)
    assert schema.incomplete == ()
    assert (schema.fields, schema.collections) == (SCHEMA.fields, SCHEMA.collections)
    assert problems("interest.Whatever", schema=schema) == []  # no documented endpoint lists all interests


@pytest.mark.parametrize(
    "reply",
    [{}, {"ID": "7"}, {"ID": "7", "name": "x", "fields": [5]}, {"ID": True, "name": "x"}, {"ID": "7/8", "name": "x"}],
)
def test_a_reply_that_describes_no_database(reply):
    with pytest.raises(CopernicaReplyError):
        DatabaseSchema.from_api(reply)


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("text", ["", "ëëëëë"], ["123456"]),
        ("email", ["", "a@b.c"], ["aa@b.c"]),
        ("phone_gsm", ["", "12345"], ["123456"]),
        ("big", ["", "x" * 1000], []),
        ("unheard of", ["", "x" * 1000], []),
        ("integer", ["0", "-5", "007"], ["", "1.0", "x", "1e3", " 1", "²", "1\n"]),
        ("foreign_key", ["", "12"], ["x"]),
        ("float", ["", "1", "-1.5", ".5", "5."], ["1,5", "x", "1e3", ".", "1.5\n"]),
        (
            "date",
            ["2024-02-29"],
            ["", "2023-02-29", "29-02-2024", "20240229", "2024-02-29 00:00:00", "0999-01-01", "0000-00-00"],
        ),
        ("empty_date", ["", "2024-02-29"], ["now", "2024-2-9"]),
        ("empty_data", [""], ["now"]),
        (
            "datetime",
            ["2024-02-29 23:59:59"],
            ["", "2024-02-29", "2024-02-29 24:00:00", "2024-02-29T23:59:59", "2024-02-29 23:59"],
        ),
        ("empty_datetime", ["", "2024-02-29 23:59:59"], ["x"]),
        ("select", ["", "a", "b"], ["A", "a ", "c", "a*"]),
    ],
)
def test_types_of_fields(kind, good, bad):
    field = FieldType("f", kind, 5, frozenset({"a", "b"}))
    assert [text for text in good if field.broken_rule(text)] == []
    assert [text for text in bad if not field.broken_rule(text)] == []
    assert field.broken_rule("", ignore_empty=True) == ""


def test_options_of_a_select():
    assert parse_options("nl *\r\nbe\r\nUnited States\n") >= {"nl", "be", "United States"}
    assert "nl*" not in parse_options("nl*")


def rows_with(**columns):
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def test_values_are_summed_up_per_column_without_the_values():
    rows = rows_with(
        Email=["a"] * 6 + ["private" * 5],
        Age=["private", 1, "", "2", "x", "1.5", 0],
        Country=["nl", "be", "NL", "", "nl", "nl", "nl"],
        Born=[None, date(2024, 1, 1)] + [""] * 5,
    )
    with pytest.raises(CopernicaRowError) as caught:
        write_body({}, rows, RowRules(check_values=True, read_schema=lambda: SCHEMA))
    assert sorted(caught.value.faults) == [
        "Field 'Age' can't be empty: 1 value breaks this, in row 3",
        "Field 'Age' takes whole numbers only: 3 values break this, first in row 1",
        "Field 'Country' takes its own options only: 1 value breaks this, in row 3",
        "Field 'Email' takes at most 30 characters: 1 value breaks this, in row 7",
    ]
    assert "private" not in str(caught.value)


def test_empty_values_do_no_harm_where_they_are_ignored():
    rows = [{"Email": "a", "Age": ""}, {"Email": "b"}, {"Email": "c", "Country": "be"}]
    with write_body(
        {}, rows, RowRules(check_values=True, read_schema=lambda: SCHEMA, ignore_empty_fields=True)
    ) as body:
        assert body.report.fault_count == 0


def test_columns_that_come_later_are_compared_as_well():
    rows = [{"Email": "a"}, {"Email": "b", "Country": "xx"}]
    with pytest.raises(CopernicaRowError, match="'Country' takes its own options only: 1 value breaks this, in row 2"):
        write_body({}, rows, RowRules(check_values=True, read_schema=lambda: SCHEMA, ignore_empty_fields=True))
    with pytest.raises(CopernicaArgumentError, match="'country', but one called 'Country'"):
        write_body(
            {},
            [{"Email": "a"}, {"country": "b"}],
            RowRules(check_values=True, read_schema=lambda: SCHEMA, ignore_empty_fields=True),
        )


@pytest.mark.parametrize(
    ("given", "indexed"), [(True, True), (False, False), ("1", True), (0, False), (None, None), ("maybe", None)]
)
def test_whether_a_field_has_an_index(given: object, indexed: bool | None) -> None:
    fields = [{"ID": "2", "name": "Email", "index": given}]
    (field,) = DatabaseSchema.from_api({"ID": "1", "name": "x", "fields": fields}).fields
    assert field.indexed is indexed
