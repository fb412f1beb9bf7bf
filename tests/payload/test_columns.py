from __future__ import annotations

import pytest

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.columns import Column, parse_columns


def test_the_three_kinds_of_columns():
    assert parse_columns(["Email", "interest.Tennis", "Order.OrderID"]) == (
        Column("Email", "field", None, "Email"),
        Column("interest.Tennis", "interest", None, "Tennis"),
        Column("Order.OrderID", "collection", "Order", "OrderID"),
    )


def test_only_lower_case_interest_is_an_interest():
    assert parse_columns(["Interest.Tennis"])[0].kind == "collection"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (5, "column 1 has a name of type int"),
        (None, "column 1 has a name of type NoneType"),
        ("", "column 1 has a blank name"),
        ("  ", "column 1 has a blank name"),
        (" Email", "blanks at an end"),
        ("Order. OrderID", "blanks at an end or around the dot"),
        ("Order .OrderID", "blanks at an end or around the dot"),
        ("A.b.c", "several dots"),
        (".Email", "nothing on one side"),
        ("Order.", "nothing on one side"),
        ("interest.", "nothing on one side"),
        ("a\0b", "no text"),
        ("a\ud800", "no text"),
    ],
)
def test_bad_names_are_named(name, says):
    with pytest.raises(CopernicaArgumentError, match=says):
        parse_columns([name])


def test_duplicates_are_found_by_case_too_and_all_problems_are_told():
    with pytest.raises(CopernicaArgumentError) as caught:
        parse_columns(["Email", "email", "Name", "Name", ""])
    assert len(caught.value.problems) == 3
    assert "'Email' and 'email'" in str(caught.value)


def test_no_column_at_all():
    with pytest.raises(CopernicaArgumentError, match="no columns"):
        parse_columns([])
