"""The row rules: every row in the fields of the first one, its values as texts, its faults by row and field."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from types import TracebackType

from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaEmptySourceError
from airflow_provider_copernica.payload.columns import Column, parse_columns
from airflow_provider_copernica.payload.duplicates import DuplicateCounter
from airflow_provider_copernica.payload.field_checks import ValueProblems
from airflow_provider_copernica.payload.row_rules import Faults, RowReport, RowRules
from airflow_provider_copernica.payload.values import TEXT_BY_TYPE, is_plain, to_text
from airflow_provider_copernica.readers.malformed_row import MalformedRow


@dataclass(frozen=True)
class Header:
    """
    The fields of all rows.

    :param source: their names in the rows, in order.
    :param columns: the columns that they fill.
    :param keys: positions of the key fields.
    :param interests: positions of the interests.
    :param key_of: takes the key out of a row's texts.
    """

    source: tuple[str, ...]
    columns: tuple[Column, ...]
    keys: tuple[int, ...]
    interests: tuple[int, ...]
    key_of: Callable[[Sequence[str]], Hashable]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)


def make_header(source: Sequence[object], rules: RowRules) -> Header:
    """
    Decide on the columns, once and for all rows.

    :param source: the fields of the first row.
    :param rules: the rules.
    :raises CopernicaArgumentError: all that is wrong with the columns.
    """
    renames = rules.column_map or {}
    if not rules.ignore_empty_fields:  # else one may come up in a later row
        refuse_unknown(renames, source)
    columns = parse_columns(renames.get(name, name) if isinstance(name, str) else name for name in source)
    names = [column.name for column in columns]
    problems = [f"key_fields: {_missing_key(key, names)}" for key in rules.key_fields if key not in names]
    problems.extend(rules.check_columns(columns) if rules.check_columns else ())
    problems.extend(rules.schema.check_columns(columns) if rules.schema else ())
    if problems:
        raise CopernicaArgumentError(*problems)
    keys = tuple(names.index(key) for key in rules.key_fields)
    return Header(
        tuple(str(name) for name in source),
        columns,
        keys,
        tuple(position for position, column in enumerate(columns) if column.kind == "interest"),
        itemgetter(*keys) if keys else tuple,
    )


def refuse_unknown(renames: Iterable[str], source: Collection[object]) -> None:
    """
    Checks the names of columns that are to be renamed.

    :param renames: their names.
    :param source: the fields of the rows.
    :raises CopernicaArgumentError: naming those that do not exist.
    """
    problems = [f"column_map: the source has no column {name!r}" for name in renames if name not in source]
    if problems:
        raise CopernicaArgumentError(*problems)


def _missing_key(key: str, names: Sequence[str]) -> str:
    twin = next((name for name in names if name.lower() == key.lower()), None)
    if twin:
        return f"the rows have no column {key!r}, but one called {twin!r}: write both alike"
    return f"the rows have no column {key!r}: add it, or choose other key fields"


def _empty_key(name: str) -> str:
    return f"key field {name!r} is empty: every row needs its keys"


class RowCheck:
    """
    Applies the rules to rows one after the other.

    :param rules: the rules.
    :param as_is: the rows are sent in the words of the source, so that nothing can be re-ordered or filled.
    """

    def __init__(self, rules: RowRules, *, as_is: bool = False) -> None:
        self.header: Header | None = None
        self.rows = 0
        self.faults = Faults()
        self._rules = rules
        self._as_is = as_is
        self._duplicates = DuplicateCounter()
        self._problems: ValueProblems | None = None

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
        if header is None or type(row) is not dict or tuple(row) != header.source:
            row = self._arrange(row)
            header = self.header
        if row is None or header is None:
            return None
        values = row.values()
        try:
            texts = [value if type(value) is str else TEXT_BY_TYPE[type(value)](value) for value in values]
            for position in header.interests:
                texts[position] = to_text([*values][position], "interest")
            plain = is_plain("".join(texts))
        except ValueError:
            plain = False
        if not plain:
            self._name_faults(header, row)
            return None
        return texts if self._accept(header, texts) else None

    def report(self) -> RowReport:
        """
        Sum up, after the last row.

        :raises CopernicaEmptySourceError: there was no row.
        :raises CopernicaArgumentError: no row had a column that ``column_map`` renames.
        """
        if not self.rows:
            raise CopernicaEmptySourceError("the source has no rows: there is nothing to import")
        if self.header:
            refuse_unknown(self._rules.column_map or (), self.header.source)
        if self._problems:
            self.faults.add_summaries(self._problems.sentences())
        return RowReport(
            rows=self.rows,
            fields=self.header.names if self.header else (),
            key_fields=self._rules.key_fields,
            duplicate_keys=self._duplicates.count(),
            faults=tuple(self.faults.first),
            fault_count=self.faults.count,
        )

    def _accept(self, header: Header, texts: list[str]) -> bool:
        """The checks that need the texts: the key, and what the database stores."""
        if header.keys:
            empty = False
            for position in header.keys:
                if not texts[position].strip():
                    self._fault(_empty_key(header.columns[position].name))
                    empty = True
            if empty:
                return False
            self._duplicates.add(header.key_of(texts))
        if self._problems:
            self._problems.check(self.rows, texts)
        return True

    def _name_faults(self, header: Header, row: Mapping[object, object]) -> None:
        for column, value in zip(header.columns, row.values(), strict=True):
            try:
                to_text(value, column.kind)
            except CopernicaArgumentError as error:
                self._fault(f"field {column.name!r} {error}")
        values = [*row.values()]
        for position in header.keys:
            if values[position] is None or not str(values[position]).strip():
                self._fault(_empty_key(header.columns[position].name))

    def _arrange(self, row: object) -> dict[object, object] | None:
        """A row in the order of the header, filled where the rules allow it; None after noting why it can't be."""
        if isinstance(row, MalformedRow):
            self._fault(row.reason)
            return None
        if not isinstance(row, Mapping):
            self._fault(f"is of type {type(row).__name__}: a row must be a mapping of fields to values")
            return None
        if self.header is None:
            self._set_header(list(row))
        header = self.header
        if header is None or tuple(row) == header.source:
            return dict(row)
        if self._rules.ignore_empty_fields and not self._as_is:
            return self._fill(header, row)
        if self._name_differences(header, row):
            return None
        return {name: row[name] for name in header.source}

    def _fill(self, header: Header, row: Mapping[object, object]) -> dict[object, object] | None:
        missing = [header.columns[key].name for key in header.keys if header.source[key] not in row]
        for name in missing:
            self._fault(f"key field {name!r} is missing: every row needs its keys")
        if new := [name for name in row if name not in header.source]:
            self._set_header([*header.source, *new])
            header = self.header or header
        return None if missing else {name: row.get(name, "") for name in header.source}

    def _name_differences(self, header: Header, row: Mapping[object, object]) -> bool:
        absent = [column.name for name, column in zip(header.source, header.columns, strict=True) if name not in row]
        extra = [name for name in row if name not in header.source]
        for name in absent:
            self._fault(f"field {name!r} is missing: all rows need the fields of the first one")
        for unknown in extra:
            self._fault(f"field {unknown!r} is not in the first row: all rows need the same fields")
        if self._as_is and not absent and not extra:
            self._fault(
                "has its fields in another order than the first row: text is sent as it is, so write them alike"
            )
            return True
        return bool(absent or extra)

    def _set_header(self, source: Sequence[object]) -> None:
        self.header = make_header(source, self._rules)
        schema = self._rules.schema
        if self._problems:
            self._problems.set_columns(self.header.columns)
        elif schema:
            ignore_empty = self._rules.ignore_empty_fields
            self._problems = ValueProblems(schema, self.header.columns, ignore_empty=ignore_empty)

    def _fault(self, reason: str) -> None:
        self.faults.add(self.rows, reason)
