"""Text sources: read as rows, and checked where they go out as they are."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaEmptySourceError
from airflow_provider_copernica.payload.row_checks import RowCheck
from airflow_provider_copernica.payload.row_rules import RowReport, RowRules
from airflow_provider_copernica.payload.row_steps import RowStep
from airflow_provider_copernica.readers.csv_rows import csv_rows
from airflow_provider_copernica.readers.decoding import BOM, split_lines
from airflow_provider_copernica.readers.json_rows import JsonTextError, json_rows
from airflow_provider_copernica.readers.row_batch import single_rows

__all__ = ["check_text", "refuse_repr", "text_rows"]

_CHUNK = 1 << 16
_REPR_START = re.compile(r"\s*([\[(]?\s*\{\s*'|[\[(]?\s*<[\w.]+ object)")
_REPR_TOKEN = re.compile(r"'|None\b|True\b|False\b|nan\b|<|[\w.]*\(")


def check_text(
    text: str,
    format: str,  # noqa: A002 - the API's name
    delimiter: str | None,
    rules: RowRules,
    *,
    tolerate_faults: bool = False,
    steps: Sequence[RowStep] = (),
) -> RowReport:
    """
    Check a text source by the row rules.

    :param text: JSON or CSV; sent as it is, so that nothing is re-ordered, renamed or filled.
    :param format: "json" or "csv".
    :param delimiter: of CSV: a tab, comma or semicolon; None for JSON.
    :param rules: what the rows must obey.
    :param tolerate_faults: name faults in the report only (a dry run), default False.
    :param steps: see each row that passed the checks; they can leave none out. Default none.
    :raises CopernicaRowError: rows break the rules.
    :raises CopernicaArgumentError: it is not such a text, or its columns are wrong.
    :raises CopernicaEmptySourceError: it holds no rows.
    """
    if rules.column_map:
        raise CopernicaArgumentError("column_map is not for text, which is sent as it is: rename its columns")
    with RowCheck(rules, as_is=True) as check:
        header = None
        for row in single_rows(text_rows(text, format, delimiter)):
            texts = check.texts(row)
            if check.header is not header and check.header is not None:
                header = check.header
                for step in steps:
                    step.begin(header)
            if texts is not None:
                for step in steps:
                    step.takes(texts)
        report = check.report()
    if not tolerate_faults:
        check.faults.raise_any()
    return report


def text_rows(text: str, format: str, delimiter: str | None) -> Generator[object, None, None]:  # noqa: A002 - as above
    """
    Read the rows of a text.

    :param text: JSON or CSV.
    :param format: "json" or "csv".
    :param delimiter: of CSV: a tab, comma or semicolon; None for JSON.
    :raises CopernicaArgumentError: it is not such a text.
    :raises CopernicaEmptySourceError: it is blank.
    """
    if text.startswith(BOM):
        raise CopernicaArgumentError("source starts with a byte order mark: read its file as 'utf-8-sig'")
    if not text.strip():
        raise CopernicaEmptySourceError("The text of source is blank, so there is nothing to import")
    refuse_repr(text)
    if format not in ("json", "csv"):
        raise CopernicaArgumentError("format must be 'json' or 'csv' where source is text")
    yield from _csv(text, delimiter) if format == "csv" else _json(text)


def refuse_repr(text: str) -> None:
    """
    Refuse what a template makes of rows.

    :param text: that may be JSON or CSV.
    :raises CopernicaArgumentError: the text is how Python prints a list or an object.
    """
    if _REPR_START.match(text):
        raise _python_repr()


def _python_repr() -> CopernicaArgumentError:
    return CopernicaArgumentError(
        "source is text in Python's notation of a list, which is not JSON: a template such as "
        "'{{ ti.xcom_pull(...) }}' makes text of rows. Hand the rows over with source=task.output, or add '| tojson' "
        "to the template"
    )


def _chunks(text: str) -> Iterator[str]:
    return (text[start : start + _CHUNK] for start in range(0, len(text), _CHUNK))


def _csv(text: str, delimiter: str | None) -> Iterable[object]:
    if delimiter is None:
        raise CopernicaArgumentError("delimiter is missing: CSV text needs a tab, a comma or a semicolon")
    return csv_rows(split_lines(_chunks(text)), delimiter)


def _json(text: str) -> Iterator[object]:
    try:
        yield from json_rows(_chunks(text))
    except JsonTextError as error:
        if _REPR_TOKEN.match(error.rest.lstrip()):
            raise _python_repr() from error
        raise CopernicaArgumentError(f"source is not valid JSON: {error.reason}") from error
