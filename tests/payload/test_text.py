from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import (
    CopernicaArgumentError,
    CopernicaEmptySourceError,
    CopernicaRowError,
)
from airflow_provider_copernica.payload.row_rules import RowRules
from airflow_provider_copernica.payload.text import check_text

NO_RULES = RowRules()
BY_EMAIL = RowRules(key_fields=("Email",))


def check(text, rules=NO_RULES, **more):
    return check_text(text, "json", None, rules, **more)


def check_csv(text, rules=NO_RULES):
    return check_text(text, "csv", ";", rules)


def test_json_that_is_right():
    text = '\n[ {"Email": "ë", "n": 1.50, "b": true, "x": null} ,\r\n{"Email": "ë", "n": 2, "b": false, "x": ""}\t] \n'
    report = check(text, BY_EMAIL)
    assert (report.rows, report.fields, report.duplicate_keys) == (2, ("Email", "n", "b", "x"), 1)


@given(st.lists(st.fixed_dictionaries({"Email": st.text(), "Note": st.text() | st.floats() | st.none()})))
def test_json_has_the_faults_of_its_values_only(rows):
    text = json.dumps(rows, sort_keys=True)
    bad = sum(
        any(isinstance(value, str) and not value.isascii() and _surrogate(value) for value in row.values())
        or any(isinstance(value, str) and "\0" in value for value in row.values())
        or (isinstance(row["Note"], float) and row["Note"] - row["Note"] != 0)
        or not any(value is not None and str(value).strip() for value in row.values())
        or list(row.values()) == ["Email", "Note"]
        for row in rows
    )
    if not rows:
        with pytest.raises(CopernicaEmptySourceError):
            check(text)
    elif bad:
        with pytest.raises(CopernicaRowError):
            check(text)
    else:
        assert check(text).rows == len(rows)


def _surrogate(text: str) -> bool:
    return any("\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[{"a": 1, "b": 2}, {"b": 2, "a": 1}]', "Row 2 has its fields in another order"),
        ('[{"a": 1, "b": 2}, {"a": 1}]', "Row 2: field 'b' is missing"),
        ('[{"a": 1}, {"a": 1, "b": 2}]', "Row 2: field 'b' is not in the first row"),
        ('[{"a": 1}, {"a": [1]}]', r"Row 2: field 'a' is nested \(list\)"),
        ('[{"a": {"b": 1}}]', r"Row 1: field 'a' is nested \(dict\)"),
        ('[{"a": {"b": 1, "b": 2}}]', r"Row 1: field 'a' is nested \(dict\)"),
        ('[{"a": NaN}]', "Row 1: field 'a' is not a number"),
        ('[{"a": 1e999999}]', "Row 1: field 'a' is a number of more"),
        ('[{"a": 1}, {"a": 1, "a": 2}]', "Row 2 .*field 'a' "),
        ('[{"a": 1}, 5, "x", null, []]', "Row 2 is of type int"),
        ('[{"a": "\\ud800"}]', "Row 1: field 'a' holds"),
    ],
)
@pytest.mark.parametrize("ignore_empty_fields", [True, False])
def test_rows_of_text_are_not_repaired(text, says, ignore_empty_fields):
    with pytest.raises(CopernicaRowError, match=says):
        check(text, RowRules(ignore_empty_fields=ignore_empty_fields))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1}', "must be an array"),
        ("5", "must be an array"),
        ('[{"a": 1}', "comma or ] is missing"),
        ('[{"a": 1},', "row 2"),
        ('[{"a": 1},]', "row 2"),
        ('[{"a": 1} {"a": 2}]', "after row 1: a comma"),
        ('[{"a": 1}] x', "after the array"),
        ('[{"a": 1, "b', "row 1: Unterminated string"),
        ("[{a: 1}]", "row 1"),
        ("[" + "[" * 100_000, "nested too deep"),
        (f'[{{"a": {"9" * 5000}}}]', "number is too long"),
        ('\ufeff[{"a": 1}]', "byte order mark.*utf-8-sig"),
        ('[{"a": 1, "A": 2}]', "same column"),
        ("[{}]", "no columns"),
    ],
)
def test_json_that_is_not_an_array_of_objects_is_refused(text, says):
    with pytest.raises(CopernicaArgumentError, match=says):
        check(text)


@pytest.mark.parametrize(
    "rows",
    [
        [{"Email": "x"}],
        {"Email": "x"},
        ({"Email": "x"},),
        [{"it's": "x"}],
        iter([]),
        [object()],
        '[{"it\'s": None}]',
        '[{"it\'s": 1}, {"it\'s": True}]',
        '[{"it\'s": datetime.date(2024, 1, 1)}]',
        "[{\"it's\": Decimal('1')}]",
        "[Row(a=1)]",
    ],
)
def test_what_python_prints_is_recognised(rows):
    with pytest.raises(CopernicaArgumentError, match=r"source=task\.output"):
        check(str(rows))


@pytest.mark.parametrize("text", ["", " \r\n", "[]", " [\n] "])
def test_json_without_rows(text):
    with pytest.raises(CopernicaEmptySourceError):
        check(text)


@pytest.mark.parametrize("text", ["", "\n", "Email;Name", "Email;Name\r\n", "Email\n\n\n"])
def test_csv_without_rows(text):
    with pytest.raises(CopernicaEmptySourceError):
        check_csv(text)


def test_csv_that_is_right():
    text = 'Email;Name\r\na;"O\'Brien; ""the\r\nman"""\r\na;\r\n\r\n'
    report = check_csv(text, BY_EMAIL)
    assert (report.rows, report.fields, report.duplicate_keys) == (2, ("Email", "Name"), 1)


def test_ragged_rows_are_named_with_what_is_missing():
    with pytest.raises(CopernicaRowError) as caught:
        check_csv("a;b;c\n1;2;3\n1\n\n1;2;3;4\n")
    assert caught.value.faults == (
        "Row 2 (line 3) has 1 of 3 values, nothing for 'b', 'c': complete it",
        "Row 3 is a blank line: remove it",
        "Row 4 (line 5) has 4 values for 3 columns: quote values with delimiters",
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('a;b\n1;"2', "Row 1 .*not valid CSV"),
        ('a;b\n1;2\n"1"x;2', "Row 2 .*not valid CSV"),
        ("a;a\n1;2", "'a' occurs twice"),
        ("a;\n1;2", "blank name"),
        ("\ufeffa;b\n1;2", "byte order mark"),
        ("[{'a': 1}]", "source=task.output"),
    ],
)
def test_text_that_is_not_csv_is_refused(text, says):
    with pytest.raises(CopernicaArgumentError, match=says):
        check_csv(text)


def test_keys_of_csv():
    with pytest.raises(CopernicaRowError, match="Row 2: field 'Email' is empty"):
        check_csv("Email;n\na;1\n;2\n", BY_EMAIL)


def test_arguments_that_text_does_not_take():
    with pytest.raises(CopernicaArgumentError, match="delimiter"):
        check_text("a,b\n1,2", "csv", None, NO_RULES)
    with pytest.raises(CopernicaArgumentError, match="delimiter"):
        check_text("a|b\n1|2", "csv", "|", NO_RULES)
    with pytest.raises(CopernicaArgumentError, match="column_map"):
        check('[{"a": 1}]', RowRules(column_map={"a": "b"}))
    with pytest.raises(CopernicaArgumentError, match="format"):
        check_text("<a/>", "xml", None, NO_RULES)


def test_a_dry_run_only_reports():
    report = check('[{"a": 1}, {"b": 1}]', tolerate_faults=True)
    assert (report.rows, report.fault_count) == (2, 2)
