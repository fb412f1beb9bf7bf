"""Columns of pandas that hold any objects: what Arrow would change in silence is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pytest

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.values import to_text
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
        ([time(5, tzinfo=UTC)], "holds times with a time zone"),
    ],
)
@pytest.mark.parametrize("where", ["column", "index"])
def test_moments_of_several_kinds_are_refused(values: list[object], problem: str, where: str) -> None:
    """Arrow makes one type of them: it cuts the time off, or takes what has no time zone for UTC."""
    frame = pd.DataFrame({"a": pd.Series(values, dtype=object), "b": 1})
    with pytest.raises(CopernicaArgumentError, match=f"column 'a' {problem}"):
        rows_of(frame.set_index("a") if where == "index" else frame)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([NAIVE, pd.NaT, None], ["2024-07-01 05:00:00", "", ""]),
        ([AWARE, AWARE.astimezone(ZoneInfo("Europe/Amsterdam"))], ["2024-07-01 07:00:00"] * 2),
        ([date(2024, 7, 1), None], ["2024-07-01", ""]),
        ([time(5), None], ["05:00:00", ""]),
    ],
)
def test_moments_of_one_kind_are_read(values: list[object], expected: list[str]) -> None:
    rows = rows_of(pd.DataFrame({"a": pd.Series(values, dtype=object)}))
    assert [to_text(row["a"], "field") for row in rows] == expected
