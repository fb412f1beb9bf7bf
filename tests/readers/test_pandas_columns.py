"""Columns of pandas that hold any objects: what Arrow would change in silence is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.values import UnsafeValueError, to_text
from airflow_provider_copernica.readers.arrow_rows import arrow_rows
from airflow_provider_copernica.readers.row_batch import single_rows


def rows_of(frame: object) -> list[Any]:
    return list(single_rows(arrow_rows(frame)))


NAIVE, AWARE = datetime(2024, 7, 1, 5), datetime(2024, 7, 1, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ([date(2024, 7, 1), NAIVE], "mixes dates with moments"),
        ([None, NAIVE, AWARE], "mixes moments with and without a time zone"),
        ([AWARE, pd.NaT, NAIVE], "mixes moments with and without a time zone"),
        ([time(5, tzinfo=UTC)], "holds times with a time zone but without a date"),
        ([date(2024, 7, 1), 3], "mixes dates with other values"),
        ([NAIVE, pd.NaT, np.int64(3)], "mixes moments with other values"),
        ([AWARE, 2.5, float("nan")], "mixes moments with other values"),
        ([time(5), Decimal(3)], "mixes times with other values"),
        ([time(5), np.bool_(True)], "mixes times with other values"),
        ([UUID(int=5), 3], "mixes UUIDs with other values"),
        ([date(2024, 7, 1), UUID(int=5)], "mixes UUIDs with dates"),
        ([timedelta(days=1), 3], "mixes durations with other values"),
        ([Decimal("1.1"), Decimal("1.25")], "mixes decimals with more and fewer decimal places"),
        ([Decimal("1.1"), None, 3], "mixes decimals with more and fewer decimal places"),
        ([np.float32(0.1), 3], "mixes floats of 16 or 32 bits with other numbers"),
        ([3, np.float16(0.5)], "mixes floats of 16 or 32 bits with other numbers"),
    ],
)
@pytest.mark.parametrize("where", ["column", "index", "category"])
def test_what_arrow_would_make_alike_is_refused(values: list[object], problem: str, where: str) -> None:
    """It cuts the time off, takes what has no time zone for UTC, makes a day of 1970 of a number, adds zeros."""
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object), "b": 1})
    if where == "category":
        # astype() would make numbers of one type of some
        present = [value for value in values if not pd.isna(value)]
        frame["a"] = pd.Categorical(values, categories=pd.Index(present, dtype=object))
    with pytest.raises(CopernicaArgumentError, match=f"column 'a' {problem}: make its values alike"):
        rows_of(frame.set_index("a") if where == "index" else frame)


VALUES = [
    1, -7, 2**53 + 1, 2.5, 3.0, True, "x", b"x", Decimal("1.10"), Decimal("2.5"), Decimal("1E+3"), date(2024, 7, 1),
    NAIVE, AWARE, time(5), timedelta(days=1), UUID(int=5), None, np.int64(4), np.uint8(7), np.float32(0.1),
    np.float16(0.5), np.float64(0.1), np.bool_(True), np.str_("x"), pd.Timestamp(NAIVE), pd.Timestamp(AWARE),
]  # fmt: skip


@pytest.mark.parametrize("first", VALUES, ids=repr)
def test_any_two_values_arrive_as_in_rows_or_not_at_all(first: object) -> None:
    for second in VALUES:
        frame = pd.DataFrame({"a": pd.Series([first, second], dtype=object)})
        try:
            arrived = [to_text(row["a"], "field") for row in rows_of(frame)]
        except (CopernicaArgumentError, UnsafeValueError):
            continue
        assert arrived == [to_text(first, "field"), to_text(second, "field")]


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT, pd.NA])
@pytest.mark.parametrize("value", [3, 2.5, "x", Decimal("1.10"), date(2024, 7, 1), AWARE, time(5), np.float32(0.1)])
def test_what_is_missing_goes_with_everything(value: object, missing: object) -> None:
    rows = rows_of(pd.DataFrame({"a": pd.Series([value, missing, value], dtype=object)}))
    text = to_text(value, "field")
    assert [to_text(row["a"], "field") for row in rows] == [text, "", text]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([NAIVE, pd.NaT, None], ["2024-07-01 05:00:00", "", ""]),
        ([AWARE, AWARE.astimezone(ZoneInfo("Europe/Amsterdam"))], ["2024-07-01 07:00:00"] * 2),
        ([date(2024, 7, 1), None], ["2024-07-01", ""]),
        ([time(5), None], ["05:00:00", ""]),
        ([Decimal("1E+3"), Decimal(3), 4], ["1000", "3", "4"]),
    ],
)
def test_objects_of_one_kind_are_read(values: list[object], expected: list[str]) -> None:
    rows = rows_of(pd.DataFrame({"a": pd.Series(values, dtype=object)}))
    assert [to_text(row["a"], "field") for row in rows] == expected
