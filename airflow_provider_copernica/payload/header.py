"""The columns of all rows of an import, decided on once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.columns import Column, parse_columns, show_name
from airflow_provider_copernica.payload.row_rules import RowRules

__all__ = ["Header", "make_header", "refuse_unknown"]

# what programs put between columns; ASCII's own separators among them
_DELIMITERS = "\t,;|~^\x01\x02\x1c\x1d\x1e\x1f\xa6"


@dataclass(frozen=True)
class Header:
    """
    The fields of all rows.

    :param source: their names in the rows, in order.
    :param columns: the columns that they fill.
    :param positions: of the names in the rows.
    :param keys: positions of the key fields.
    :param interests: positions of the interests.
    :param key_of: takes the key out of a row's texts.
    """

    source: tuple[str, ...]
    columns: tuple[Column, ...]
    positions: Mapping[object, int]
    keys: tuple[int, ...]
    interests: tuple[int, ...]
    key_of: Callable[[Sequence[str]], Hashable]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(column.name for column in self.columns)

    def is_repeated_by(self, values: Iterable[object]) -> bool:
        """
        Tell whether a row is the header once more, as in files that were put one after the other.

        :param values: of the row, in order; a byte order mark may stand before the first.
        """
        cells = [value.strip() if isinstance(value, str) else value for value in values]
        if cells and isinstance(cells[0], str):
            cells[0] = cells[0].lstrip("\ufeff").strip('"')
        return tuple(cells) == self.source


def make_header(source: Sequence[object], rules: RowRules) -> Header:
    """
    Decide on the columns, once and for all rows.

    :param source: the fields of the first row.
    :param rules: the rules; the database is not read here.
    :raises CopernicaArgumentError: all that is wrong with the columns.
    """
    renames = rules.column_map or {}
    if not rules.ignore_empty_fields:  # else one may come up in a later row
        refuse_unknown(renames, source)
    given = [renames.get(name, name) if isinstance(name, str) else name for name in source]
    _refuse_values(given)
    columns = parse_columns(given)
    positions = {column.name: position for position, column in enumerate(columns)}
    problems = [_missing_key(key, positions) for key in rules.key_fields if key not in positions]
    problems.extend(rules.check_columns(columns) if rules.check_columns else ())
    if problems:
        raise CopernicaArgumentError(*problems)
    keys = tuple(positions[key] for key in rules.key_fields)
    names = tuple(str(name) for name in source)
    return Header(
        names,
        columns,
        {name: position for position, name in enumerate(names)},
        keys,
        tuple(position for position, column in enumerate(columns) if column.kind == "interest"),
        itemgetter(*keys) if keys else tuple,
    )


def refuse_unknown(renames: Iterable[str], source: Collection[object]) -> None:
    """
    Check the names of columns that are to be renamed.

    :param renames: their names.
    :param source: the fields of the rows.
    :raises CopernicaArgumentError: naming those that do not exist.
    """
    problems = [f"column_map: the source has no column {show_name(name)}" for name in renames if name not in source]
    if problems:
        raise CopernicaArgumentError(*problems)


def _refuse_values(names: Sequence[object]) -> None:
    """Refuse values in the place of names: a header that is missing, or that was not cut; neither is shown."""
    at = next((at for at, name in enumerate(names, start=1) if isinstance(name, str) and "@" in name), None)
    if at is not None:
        raise CopernicaArgumentError(
            f"The name of column {at} looks like an e-mail address, so the header line is probably missing: "
            "put the names of the columns above the first row"
        )
    if len(names) == 1 and isinstance(names[0], str):
        delimiter = next((mark for mark in _DELIMITERS if mark in names[0].strip()), None)
        if delimiter is not None:
            raise CopernicaArgumentError(
                f"There is one column that looks like several, with {delimiter!r} between them: "
                "give the delimiter that the text has; Copernica knows tab, comma and semicolon"
            )


def _missing_key(key: str, names: Iterable[str]) -> str:
    twin = next((name for name in names if name.lower() == key.lower()), None)
    if twin:
        return f"key_fields: the rows have no column {key!r}, but one called {twin!r}: write both alike"
    return f"key_fields: the rows have no column {key!r}: add it, or choose other key fields"
