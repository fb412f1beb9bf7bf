"""Rows arrive as they are, or are refused by row and field."""

from __future__ import annotations

import json
import time
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaRowError
from airflow_provider_copernica.payload.body import write_body
from airflow_provider_copernica.payload.columns import MAX_COLUMNS
from airflow_provider_copernica.payload.row_rules import RowReport, RowRules
from airflow_provider_copernica.payload.text import check_text
from airflow_provider_copernica.payload.values import MAX_CHARACTERS

BY_EMAIL = RowRules(key_fields=("Email",))
NO_KEYS = RowRules()

PADDING = [
    " ",
    "\t",
    "\n",
    "\r\n",
    "\u00a0",
    "\u2003",
    "\u3000",
    "\u200b",
    "\ufeff",
    "\u2060",
    "\u00ad",
    "\u200e",
    "\x1b",
    "\x7f",
    "\x1f",
]


def report_on(rows: Iterable[object], rules: RowRules = NO_KEYS) -> RowReport:
    with write_body({}, rows, rules) as body:
        return body.report


def source_of(rows: Iterable[object], rules: RowRules = NO_KEYS) -> list[dict[str, str]]:
    with write_body({}, rows, rules) as body:
        sent: dict[str, list[dict[str, str]]] = json.loads(body.file.read())
    return sent["source"]


@pytest.mark.parametrize("padding", PADDING, ids=ascii)
@pytest.mark.parametrize("template", ["{}noor@example.com", "noor@example.com{}"])
def test_a_key_that_differs_only_in_white_space_is_refused(template: str, padding: str) -> None:
    key = template.format(padding)
    for fields in ({"Email": key, "Name": "x"}, {"Name": "x", "Email": key}):
        with pytest.raises(CopernicaRowError, match="Row 2: field 'Email' has white space") as caught:
            report_on([dict.fromkeys(fields, "b"), fields], BY_EMAIL)
        assert "noor" not in str(caught.value)
    assert source_of([{"Email": "a", "Name": key}], BY_EMAIL)[0]["Name"] == key


@pytest.mark.parametrize("key", ["noor peters@example.com", "zoë", "a\u00a0b", "👩‍👩‍👧", "'"])
def test_a_key_may_hold_anything_within(key: str) -> None:
    assert source_of([{"Email": key}], BY_EMAIL) == [{"Email": key}]


def test_padded_keys_of_subprofiles_and_of_text_are_refused() -> None:
    rules = RowRules(key_fields=("Email", "Order.ID"))
    with pytest.raises(CopernicaRowError, match=r"Row 1: field 'Order\.ID' has white space"):
        report_on([{"Email": "a", "Order.ID": "1 "}], rules)
    with pytest.raises(CopernicaRowError, match="Row 2: field 'Email' has white space"):
        check_text("Email;n\na;1\nb ;2\n", "csv", ";", BY_EMAIL)
    with pytest.raises(CopernicaRowError, match="Row 1: field 'Email' has white space"):
        check_text('[{"Email": "a\\u00a0"}]', "json", None, BY_EMAIL)


@pytest.mark.parametrize(
    "row", [{"Email": None, "Name": ""}, {"Email": " ", "Name": "\t"}, {"Name": "", "Email": "\u3000"}]
)
@pytest.mark.parametrize("rules", [NO_KEYS, BY_EMAIL, RowRules(ignore_empty_fields=True)])
def test_a_row_of_empty_cells_is_refused(row: Mapping[str, object], rules: RowRules) -> None:
    with pytest.raises(CopernicaRowError, match="Row 2 has empty cells only") as caught:
        report_on([{"Email": "a", "Name": "b"}, row, {"Email": "c", "Name": ""}], rules)
    assert caught.value.count == 1


@pytest.mark.parametrize("end", [";;\n", "\n;;\n;;\n"])
def test_the_empty_lines_of_a_spreadsheet_are_refused(end: str) -> None:
    with pytest.raises(CopernicaRowError, match="has empty cells only"):
        check_text("Email;Name;City\na;b;c\n" + end, "csv", ";", NO_KEYS)


def test_zero_and_no_are_not_empty() -> None:
    rows = [{"n": 0, "interest.News": False}, {"n": None, "interest.News": False}]
    assert source_of(rows) == [{"n": "0", "interest.News": "no"}, {"n": "", "interest.News": "no"}]


@pytest.mark.parametrize(
    "repeated", ["Email;Name;interest.News", "\ufeffEmail;Name;interest.News", "Email;Name ;interest.News"]
)
@pytest.mark.parametrize("rules", [NO_KEYS, BY_EMAIL])
def test_the_header_once_more_is_refused_with_its_row(repeated: str, rules: RowRules) -> None:
    header = repeated.replace("\ufeff", "").replace(" ", "")
    text = f"{header}\na;b;yes\n{repeated}\nc;d;no\n"
    with pytest.raises(CopernicaRowError, match="Row 2 is the header once more"):
        check_text(text, "csv", ";", rules)
    names, cells = header.split(";"), repeated.split(";")
    with pytest.raises(CopernicaRowError, match="Row 2 is the header once more"):
        report_on(
            [dict(zip(names, "abn", strict=True)) | {"interest.News": "no"}, dict(zip(names, cells, strict=True))]
        )


def test_a_renamed_column_is_known_by_its_name_in_the_source() -> None:
    rules = RowRules(column_map={"mail": "Email"})
    with pytest.raises(CopernicaRowError, match="Row 2 is the header once more"):
        report_on([{"mail": "a"}, {"mail": "mail"}], rules)


def test_a_value_that_equals_the_name_of_its_column_is_fine() -> None:
    rows = [{"Title": "Title", "Name": "x"}]
    assert source_of(rows) == rows


@pytest.mark.parametrize("delimiter", ["|", "\x01", "~", "^", ";", ",", "\t", "\x1f", "\u00a6"])
def test_one_column_that_looks_like_several_is_refused(delimiter: str) -> None:
    header = delimiter.join(["Email", "Name"])
    with pytest.raises(CopernicaArgumentError, match="one column that looks like several") as caught:
        report_on([{header: delimiter.join(["noor", "Noor"])}])
    assert "Noor" not in str(caught.value)
    assert repr(delimiter) in str(caught.value)
    wrong = ";" if delimiter == "," else ","
    if delimiter not in "\x1f\x01":
        with pytest.raises(CopernicaArgumentError, match="one column that looks like several"):
            check_text(f"{header}\na{delimiter}b\n", "csv", wrong, NO_KEYS)


@pytest.mark.parametrize("name", ["Email", "First name", "interest.News", "E-mail", "Ref:ID", "100%", "Prénom", "名前"])
def test_a_true_column_alone_goes_on_working(name: str) -> None:
    value = "yes" if name.startswith("interest") else "a, b|c;d"
    assert source_of([{name: value}]) == [{name: value}]
    assert check_text(f"{name}\nyes\n", "csv", ";", NO_KEYS).rows == 1


def test_null_markers_are_counted() -> None:
    rows = [{"Email": "a", "Name": "\\N"}, {"Email": "\\N", "Name": "\\N"}, {"Email": "c\\N", "Name": "\\n"}]
    assert report_on(rows).null_markers == 3
    assert check_text("Email;Name\na;\\N\n", "csv", ";", NO_KEYS).null_markers == 1


@pytest.mark.parametrize("number", ["1001.0", "1.001e3", "1001.00"])
def test_a_key_of_json_text_in_another_notation_is_refused(number: str) -> None:
    rules = RowRules(key_fields=("ID",))
    with pytest.raises(CopernicaRowError, match="Row 1: field 'ID' is a number that is not written in plain digits"):
        check_text(f'[{{"ID": {number}, "n": 1}}]', "json", None, rules)
    assert check_text(f'[{{"ID": 1001, "n": {number}}}]', "json", None, rules).rows == 1
    assert check_text('[{"ID": 10.5}]', "json", None, rules).rows == 1


@pytest.mark.parametrize("number", [1001.0, 1001, Decimal("1001.0"), Decimal(1001), "1001"])
def test_whole_numbers_that_became_floats_are_one_key(number: object) -> None:
    rows = [{"ID": "1001"}, {"ID": number}]
    assert source_of(rows, RowRules(key_fields=("ID",))) == [{"ID": "1001"}, {"ID": "1001"}]
    assert report_on(rows, RowRules(key_fields=("ID",))).duplicate_keys == 1


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([[{"Email": "a"}], [{"Email": "b"}]], "output of a mapped task"),
        ([({"Email": "a"},)], "output of a mapped task"),
        ([("noor@example.com", "Noor")], "SqlToCopernicaOperator"),
        ([["noor@example.com", 5]], "SqlToCopernicaOperator"),
        ([[("noor@example.com",)]], "SqlToCopernicaOperator"),
        ([[]], "SqlToCopernicaOperator"),
    ],
)
def test_what_other_tasks_return_is_refused_with_a_remedy(rows: list[object], says: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=says) as caught:
        report_on(rows)
    assert "noor" not in str(caught.value).lower()


HEADERLESS = [
    "noor@example.com;Noor;Utrecht\nb@example.com;Bo;Gent\n",
    "Noor;Peters;noor@example.com\nBo;Jansen;b@example.com\n",
    "noor@example.com\nb@example.com\n",
    "Noor;0612345678;19.99\nBo;06;2\n",
    "1;Noor;Noor\n2;Bo;Bo\n",
]


@pytest.mark.parametrize("text", HEADERLESS)
@pytest.mark.parametrize("key_fields", [(), ("Email",), ("noor",)])
def test_the_first_customer_of_csv_without_a_header_is_not_shown(text: str, key_fields: tuple[str, ...]) -> None:
    from airflow_provider_copernica.payload.field_types import FieldType
    from airflow_provider_copernica.payload.schema import DatabaseSchema

    schema = DatabaseSchema("1", "Customers", (FieldType("Email"), FieldType("City")))
    rules = RowRules(key_fields=key_fields, read_schema=lambda: schema)
    with pytest.raises(CopernicaArgumentError) as caught:
        check_text(text, "csv", ";", rules)
    if "Noor;Noor" not in text:  # where the reader itself names the column that occurs twice
        assert "noor@" not in str(caught.value).lower()
        assert not {"Peters", "Utrecht", "0612345678", "19.99"} & set(str(caught.value).replace("'", " ").split())


def test_a_cell_is_limited_and_the_others_are_not_looked_for() -> None:
    with pytest.raises(CopernicaRowError, match="Row 2: field 'Note' has 16,777,217 characters"):
        report_on([{"Email": "a", "Note": "b"}, {"Email": "c", "Note": "x" * (MAX_CHARACTERS + 1)}])
    many = {f"Note_{number}": "x" * (MAX_CHARACTERS // 4) for number in "abcdef"}
    assert report_on([many]).rows == 1


def test_columns_are_limited() -> None:
    most = {f"c{number}": "1" for number in range(MAX_COLUMNS)}
    assert report_on([most, most]).fields == tuple(most)
    with pytest.raises(CopernicaArgumentError, match="There are 1,001 columns"):
        report_on([{**most, "one more": 1}])


def test_tens_of_thousands_of_columns_are_refused_at_once() -> None:
    row = {f"c{at}": "x" for at in range(40_000)}
    attempts = [
        lambda: report_on([row, row]),
        lambda: report_on([{"c0": "x"}, row]),
        lambda: report_on([{"c0": "x"}, row], RowRules(ignore_empty_fields=True)),
        lambda: check_text(json.dumps([row]), "json", None, NO_KEYS),
        lambda: check_text(json.dumps([{"c0": "x"}, row]), "json", None, NO_KEYS),
    ]
    for attempt in attempts:
        start = time.process_time()
        with pytest.raises(CopernicaArgumentError, match=r"columns|fields, of 10,000|'c1' is not in the first row"):
            attempt()
        assert time.process_time() - start < 2.5


def test_a_row_with_one_column_too_many_is_named() -> None:
    rows = ({f"c{at}": "x"} for at in range(MAX_COLUMNS + 5))
    with pytest.raises(CopernicaArgumentError, match="Row 1001 has new columns") as caught:
        report_on(rows, RowRules(ignore_empty_fields=True))
    assert "1,001 columns" in str(caught.value)


def test_a_column_per_row_costs_no_more_than_its_square() -> None:
    """Linear in the cells that are sent: each row has every column in the end."""

    def seconds(number: int) -> float:
        start = time.process_time()
        report_on(({f"c{at}": "x"} for at in range(number)), RowRules(ignore_empty_fields=True))
        return time.process_time() - start

    seconds(10)
    assert seconds(800) < 12 * max(seconds(400), 0.1)


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.none() | st.integers()


@given(st.lists(st.tuples(cells, cells), min_size=1, max_size=30))
def test_whatever_a_cell_holds_it_arrives_as_it_is_or_its_row_is_named(pairs: list[tuple[object, object]]) -> None:
    rows = [{"Email": email, "Name": name} for email, name in pairs]
    texts = [("" if email is None else str(email), "" if name is None else str(name)) for email, name in pairs]
    right = all(_is_clean(email) and (email, name) != ("Email", "Name") for email, name in texts)
    if right:
        assert source_of(rows, BY_EMAIL) == [{"Email": email, "Name": name} for email, name in texts]
    else:
        with pytest.raises(CopernicaRowError, match=r"^Row \d+( is|: field 'Email'| has empty)"):
            report_on(rows, BY_EMAIL)


def _is_clean(key: str) -> bool:
    """Whether a person sees all of a key; written another way than the code that is tested."""
    seen = {"Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Mc", "Me", "Nd", "Nl", "No"}
    seen |= {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Sm", "Sc", "Sk", "So"}
    blanks = "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    ends = {key[:1], key[-1:]}
    return bool(key) and all(
        unicodedata.category(end) in seen
        and end not in blanks
        and not 0xFE00 <= ord(end) <= 0xFE0F
        and not 0xE0100 <= ord(end) <= 0xE01EF
        for end in ends
    )
