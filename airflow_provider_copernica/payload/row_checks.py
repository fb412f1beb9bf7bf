"""The row rules: every row in the fields of the first one, its values as texts, its faults by row and field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import TracebackType

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaEmptySourceError
from airflow_provider_copernica.payload.column_checks import NULL_MARKER, check_columns
from airflow_provider_copernica.payload.columns import Column
from airflow_provider_copernica.payload.duplicates import DuplicateCounter
from airflow_provider_copernica.payload.faults import Fault, Faults, FaultSink
from airflow_provider_copernica.payload.field_checks import ValueCheck, ValueSummary
from airflow_provider_copernica.payload.header import Header, make_header, refuse_unknown
from airflow_provider_copernica.payload.row_faults import (
    EMPTY,
    EMPTY_KEY,
    LISTS,
    OTHER_NOTATION,
    OTHER_ORDER,
    PADDED_KEY,
    REPEATED,
    TUPLES,
    value_faults,
)
from airflow_provider_copernica.payload.row_rules import RowReport, RowRules
from airflow_provider_copernica.payload.schema import DatabaseSchema
from airflow_provider_copernica.payload.values import (
    MAX_CHARACTERS,
    TEXT_BY_TYPE,
    is_padded,
    is_plain,
    to_text,
)
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.row_batch import RowBatch

__all__ = ["RowCheck", "check_against"]

_BOM = "\ufeff"


class RowCheck:
    """
    Applies the rules to rows one after the other.

    :param rules: the rules.
    :param as_is: the source is sent verbatim, so that nothing can be re-ordered or filled.
    :param rejects: takes the faulty rows, where the others are sent without them; default None: a faulty row is a
        fault of the whole import, kept in :attr:`faults`.
    """

    def __init__(self, rules: RowRules, *, as_is: bool = False, rejects: FaultSink | None = None) -> None:
        self.header: Header | None = None
        self.rows = 0
        self.rejected = 0
        self.weight = 0
        """The characters of the latest row."""
        self.faults = Faults()
        self._rules = rules
        self._as_is = as_is
        self._thorough = as_is  # every row is looked at closely
        self._rejects = rejects
        self._null_markers = 0
        self._duplicates = DuplicateCounter()
        self._schema: DatabaseSchema | None = None
        self._values: ValueCheck | None = None
        self._summary = ValueSummary()

    def __enter__(self) -> RowCheck:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._duplicates.close()

    def texts(self, row: object) -> list[str] | None:
        """
        Check the next row.

        :param row: a mapping of fields to values, or whatever came instead.
        :return: its values as texts in the order of the header; None if it has a fault.
        :raises CopernicaArgumentError: the columns are wrong, so that no row can be right.
        """
        self.rows += 1
        header = self.header
        arranged = row
        if header is None or type(row) is not dict or tuple(row) != header.source:
            arranged, faults = self._arrange(row)
            header = self.header
            if faults:
                self._refuse(row, faults)
                return None
        if header is None or not isinstance(arranged, dict):
            return None
        values = arranged.values()
        try:
            texts = [value if type(value) is str else TEXT_BY_TYPE[type(value)](value) for value in values]
            for position in header.interests:
                texts[position] = to_text([*values][position], "interest")
            joined = "".join(texts)
            plain = is_plain(joined)
        except ValueError:
            self._refuse(row, value_faults(header, arranged))
            return None
        self.weight = len(joined)
        safe = plain and self.weight <= MAX_CHARACTERS
        if not safe or self._thorough or _is_suspect(header, texts, joined):
            if found := self._faults(header, arranged, texts, safe=safe):
                self._refuse(row, found)
                return None
            self._null_markers += texts.count(NULL_MARKER)
        if header.keys:
            self._duplicates.add(header.key_of(texts))
        return texts

    def columns(self, batch: RowBatch) -> list[Sequence[str]] | None:
        """
        Check the next rows all at once.

        :param batch: the rows.
        :return: their values as texts, column by column; None if they have to be checked one by one, in which case they
            are not counted yet.
        :raises CopernicaArgumentError: the columns are wrong.
        """
        if self.header is None:
            self._set_header(batch.names)
        header = self.header
        if header is None or self._thorough or batch.names != header.source:
            return None
        rows = check_columns(header, batch.columns)
        if rows is None:
            return None
        self.rows += len(batch)
        self._null_markers += rows.null_markers
        if header.keys:
            keys = [rows.columns[position] for position in header.keys]
            self._duplicates.add_all(keys[0] if len(keys) == 1 else zip(*keys, strict=True))
        return rows.columns

    def report(self) -> RowReport:
        """
        Sum up, after the last row.

        :raises CopernicaEmptySourceError: there was no row.
        :raises CopernicaArgumentError: no row had a column that ``column_map`` renames.
        """
        if not self.rows:
            raise CopernicaEmptySourceError("The source has no rows, so there is nothing to import")
        if self.header:
            refuse_unknown(self._rules.column_map or (), self.header.source)
        self.faults.add_summaries(self._summary.sentences())
        return RowReport(
            rows=self.rows,
            fields=self.header.names if self.header else (),
            key_fields=self._rules.key_fields,
            duplicate_keys=self._duplicates.count(),
            faults=tuple(self.faults.first),
            fault_count=self.faults.count,
            null_markers=self._null_markers,
            rejected=self.rejected,
            schema=self._schema,
        )

    def _faults(self, header: Header, row: dict[object, object], texts: list[str], *, safe: bool) -> Sequence[Fault]:
        """Return what is wrong with the texts of a row: its characters, its keys, what the database stores."""
        if header.is_repeated_by(texts):
            return [REPEATED]
        if not any(map(str.strip, texts)):
            return [EMPTY]
        if faults := (not safe and value_faults(header, row)) or self._key_faults(header, row, texts):
            return faults
        if self._values is None:
            return ()
        faults = self._values.faults(texts)
        if self._rejects:
            return faults
        self._summary.add(self.rows, faults)
        return ()

    def _key_faults(self, header: Header, row: dict[object, object], texts: Sequence[str]) -> list[Fault]:
        faults = []
        values = [*row.values()] if self._as_is else []
        for position in header.keys:
            name, text = header.columns[position].name, texts[position]
            if not text.strip():
                faults.append(Fault(name, EMPTY_KEY))
            elif is_padded(text):
                faults.append(Fault(name, PADDED_KEY))
            elif self._as_is and _is_whole(values[position]):
                faults.append(Fault(name, OTHER_NOTATION))
        return faults

    def _refuse(self, row: object, faults: Sequence[Fault]) -> None:
        if self._rejects is None:
            self.faults.add(self.rows, row, faults)
        else:
            self.rejected += 1
            self._rejects.add(self.rows, row, faults)

    def _arrange(self, row: object) -> tuple[dict[object, object] | None, list[Fault]]:
        """Return a row in the order of the header, filled where the rules allow it; or why it can't be."""
        if isinstance(row, MalformedRow):
            return None, [Fault(None, row.reason)]
        if not isinstance(row, Mapping):
            if self.header is None and isinstance(row, (list, tuple)):
                raise CopernicaArgumentError(LISTS if row and isinstance(row[0], Mapping) else TUPLES)
            return None, [Fault(None, f"is of type {type(row).__name__}: make it a mapping of fields to values")]
        if self.header is None:
            self._set_header(list(row))
        header = self.header
        if header is None or tuple(row) == header.source:
            return dict(row), []
        if self._rules.ignore_empty_fields and not self._as_is:
            return self._fill(header, row)
        if faults := self._differences(header, row):
            return None, faults
        return {name: row[name] for name in header.source}, []

    def _fill(self, header: Header, row: Mapping[object, object]) -> tuple[dict[object, object] | None, list[Fault]]:
        keys = [key for key in header.keys if header.source[key] not in row]
        if keys:
            return None, [Fault(header.columns[key].name, EMPTY_KEY) for key in keys]
        if new := [name for name in row if name not in header.positions]:
            self._set_header([*header.source, *new])
            header = self.header or header
        return {name: row.get(name, "") for name in header.source}, []

    def _differences(self, header: Header, row: Mapping[object, object]) -> list[Fault]:
        columns = zip(header.source, header.columns, strict=True)
        faults = [
            Fault(column.name, "is missing: all rows need the fields of the first one")
            for name, column in columns
            if name not in row
        ]
        faults += [
            Fault(str(name), "is not in the first row: all rows need the same fields")
            for name in row
            if name not in header.positions
        ]
        return faults or ([OTHER_ORDER] if self._as_is else [])

    def _set_header(self, source: Sequence[object]) -> None:
        try:
            header = make_header(source, self._rules)
            if self._schema is None and self._rules.read_schema and self.header is None:
                self._schema = self._rules.read_schema()
            check_against(self._schema, header.columns)
        except CopernicaArgumentError as error:
            if self.header is None:
                raise
            raise CopernicaArgumentError(f"Row {self.rows} has new columns", *error.problems) from error
        self.header = header
        if self._schema and self._rules.check_values:
            ignore_empty = self._rules.ignore_empty_fields
            self._thorough = True
            self._values = ValueCheck(self._schema, header.columns, ignore_empty=ignore_empty)


def check_against(schema: DatabaseSchema | None, columns: Sequence[Column]) -> None:
    """
    Refuse columns that the database doesn't have.

    :param schema: the database; None where it is not known.
    :param columns: the columns of the rows.
    :raises CopernicaArgumentError: there are such columns.
    """
    problems = schema.check_columns(columns) if schema else []
    if problems:
        raise CopernicaArgumentError(*problems)


def _is_whole(value: object) -> bool:
    """Tell whether a number of JSON text is whole, and yet not written as one: 1001.0 or 1e3."""
    return isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value()


def _is_suspect(header: Header, texts: Sequence[str], joined: str) -> bool:
    """Tell whether a row has something that hardly any has, so that it must be looked at closely."""
    keys = header.keys
    for position in keys:
        key = texts[position]
        if not key or key.strip() != key or not key.isascii() or not key.isprintable():
            return True
    if "\\" in joined or _BOM in joined or texts[0] == header.source[0]:
        return True
    return not keys and (not joined or joined.isspace())
