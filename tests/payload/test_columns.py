from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.columns import Column, looks_like_data, parse_columns, show_name


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
        (5, "Column 1 has a name of type int"),
        (None, "Column 1 has a name of type NoneType"),
        ("", "Column 1 has a blank name"),
        ("  ", "Column 1 has a blank name"),
        (" Email", "blanks at an end"),
        ("Order. OrderID", "blanks at an end of its name or around the dot"),
        ("Order .OrderID", "blanks at an end of its name or around the dot"),
        ("A.b.c", "several dots"),
        (".Email", "nothing on one side"),
        ("Order.", "nothing on one side"),
        ("interest.", "nothing on one side"),
        ("x" * 501, "has a name of 501 characters"),
        ("?column?", "expression without a name.*AS"),
        ("_col0", "expression without a name.*AS"),
        ("f0_", "expression without a name.*AS"),
        ("EXPR$0", "expression without a name.*AS"),
        ("(No column name)", "expression without a name.*AS"),
        ("__index_level_0__", "index of a data frame.*reset_index"),
        ("Unnamed: 0", "index of a data frame.*reset_index"),
        ("Unnamed: 12", "index of a data frame.*reset_index"),
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


INVISIBLE = [
    *"\0\x07\t\n\x1b\x7f\x85\u00a0\u00ad\u034f\u061c\u115f\u180e\u2003\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202e\u202f",
    *"\u2060\u2800\u3000\u3164\ufe0f\ufeff\uffa0\ud800\ue000\U000e0001\U000e0041\U000e0100",
]


@pytest.mark.parametrize("character", INVISIBLE, ids=ascii)
@pytest.mark.parametrize("template", ["{}Email", "Email{}", "Em{}ail", "Order.{}ID", "interest{}.News"])
def test_invisible_characters_are_refused_and_shown(template, character):
    with pytest.raises(CopernicaArgumentError) as caught:
        parse_columns(["Name", template.format(character)])
    message = str(caught.value)
    assert f"Column 2 has an invisible character (U+{ord(character):04X})" in message
    assert (
        repr(template.format(character.encode("unicode_escape", "surrogatepass").decode())).replace("\\\\", "\\")
        in message
    )
    assert message.isprintable()


@pytest.mark.parametrize(
    "name", ["Prénom", "E-mail", "naam (oud)", "名前", "שם", "Straße", "e\u0301", "100%", "a_b", "x"]
)
def test_names_of_all_languages_are_fine(name):
    assert parse_columns([name])[0].name == name


@given(st.text())
def test_whatever_is_shown_of_a_name_is_short_and_printable(name):
    assert show_name(name).isprintable()
    assert len(show_name(name * 50)) < 1000


@pytest.mark.parametrize(
    "name", ["a@b.nl", "@", "0612345678", "+31 612345678", "2024-01-31", "19,99", "1", "NL91ABNA0417164300"]
)
def test_names_that_look_like_data_are_not_shown(name):
    assert looks_like_data(name)
    assert name not in show_name(name)


@pytest.mark.parametrize("name", ["Email", "Address2", "Order.ID1", "Field_2024", "Q1 2025 score", "", None, 5])
def test_names_that_do_not_look_like_data(name):
    assert not looks_like_data(name)
