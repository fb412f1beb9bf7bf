"""
A column of Arrow as the values of rows: text wherever the text is settled, made for the whole column at once.

The rules are those for single values (:mod:`airflow_provider_copernica.payload.values`), to the letter. What those have
to judge stays a value: booleans, the numbers 0 and 1 (no and yes of an interest), NaN, years before 1000, bytes. What
Python can't hold is refused here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from decimal import Context as DecimalContext
from functools import cache
from typing import Any

from airflow_provider_copernica.readers.arrow_columns import (
    Column,
    Unreadable,
    Values,
    blank,
    constant,
    extremes,
    indices,
    kernels,
    texts,
)
from airflow_provider_copernica.readers.arrow_times import dates, durations, times, timestamps

__all__ = ["column_values", "decodable"]

# four bytes per character at most; 16 million characters are the most that Copernica documents for a field
_MAX_CELL_BYTES = 4 << 24
# whole floats of less bits are exact: each stands for one whole number
_EXACT_BITS = {"double": 53, "float": 24}
_LARGEST_HALF = 65504
_TOO_LARGE = f"is larger than {_MAX_CELL_BYTES >> 20} MB: shorten it"
_NO_TEXT = "is not UTF-8: correct it where the data are made"


def column_values(column: Column, unreadable: Unreadable) -> Values:
    """
    Return the values of a column; nulls are empty text or None.

    :param column: of a few thousand rows. It is decoded here, so that its size must be known to be harmless.
    :param unreadable: takes up what can't be read.
    """
    import pyarrow as pa
    from pyarrow import types

    compute = kernels()

    if isinstance(column, pa.ExtensionArray):
        if column.type.extension_name == "arrow.bool8":  # any number but 0 is true
            column = column.storage.cast(pa.bool_())
        elif column.type.extension_name != "arrow.uuid":
            column = column.storage
    if types.is_dictionary(column.type):
        return column_values(decodable(column).dictionary_decode(), unreadable)
    if types.is_run_end_encoded(column.type):
        try:
            column = compute.run_end_decode(column)
        except pa.ArrowNotImplementedError:  # of views, dictionaries and UUIDs
            runs: Values = column.to_pylist()
            return runs
        return column_values(column, unreadable)
    if types.is_nested(column.type):  # refused by the rules for values, whatever it holds
        return [[] if valid else None for valid in column.is_valid().to_pylist()]
    for convert, applies in _converters().items():
        if any(test(column.type) for test in applies):
            return convert(column, unreadable)
    values: Values = column.to_pylist()
    return values


def decodable(column: Column) -> Column:
    """Return a dictionary array of texts that Arrow can take apart, which it can't do with views."""
    import pyarrow as pa

    if not pa.types.is_string_view(column.type.value_type):
        return column
    return pa.DictionaryArray.from_arrays(column.indices, column.dictionary.cast(pa.large_string()))


@cache
def _converters() -> Mapping[Callable[[Any, Unreadable], Values], Iterable[Callable[[Any], bool]]]:
    from pyarrow import types

    return {
        _strings: (types.is_string, types.is_large_string, types.is_string_view),
        _integers: (types.is_integer,),
        _half_floats: (types.is_float16,),
        _floats: (types.is_floating,),
        _decimals: (types.is_decimal,),
        dates: (types.is_date,),
        timestamps: (types.is_timestamp,),
        times: (types.is_time,),
        durations: (types.is_duration,),
    }


def _strings(column: Column, unreadable: Unreadable) -> Values:
    import pyarrow as pa

    compute = kernels()
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    sizes = compute.binary_length(column)
    if extremes(sizes)[1] > _MAX_CELL_BYTES:
        too_large = compute.greater(sizes, constant(_MAX_CELL_BYTES, sizes.type))
        unreadable.update(dict.fromkeys(indices(too_large), _TOO_LARGE))
        column = compute.if_else(too_large, blank(column.type), column)
    try:
        return texts(column)
    except UnicodeDecodeError:
        return [
            _decode(index, each, unreadable) for index, each in enumerate(column.cast(pa.large_binary()).to_pylist())
        ]


def _decode(index: int, encoded: bytes | None, unreadable: Unreadable) -> str:
    try:
        return (encoded or b"").decode()
    except UnicodeDecodeError:
        unreadable[index] = _NO_TEXT
        return ""


def _integers(column: Column, _: Unreadable) -> Values:
    return _keep_bits(texts(column), extremes(column), {"0": 0, "1": 1})


def _keep_bits(notations: Values, least_and_largest: tuple[Any, Any], bits: Mapping[str, object]) -> Values:
    """Keep the numbers 0 and 1, which an interest takes for no and yes."""
    least, largest = least_and_largest
    return notations if least > 1 or largest < 0 else [bits.get(text, text) for text in notations]


def _floats(column: Column, _: Unreadable) -> Values:
    """Whole ones as whole numbers, others in the shortest notation that gives the same float of the same width."""
    import pyarrow as pa

    compute = kernels()
    kind = column.type
    limit = constant(1 << _EXACT_BITS[str(kind)], kind)
    is_whole = compute.and_(compute.equal(compute.floor(column), column), compute.less(compute.abs(column), limit))
    whole = compute.if_else(is_whole, column, pa.nulls(1, kind)[0]).cast(pa.int64())
    notations = compute.coalesce(whole.cast(pa.string()), column.cast(pa.string()))
    values = _keep_bits(texts(notations), extremes(whole), {"0": 0, "1": 1})
    is_odd = compute.or_(compute.match_substring(notations, "e"), compute.invert(compute.is_finite(column)))
    for index in indices(is_odd):
        value = column[index].as_py()
        shortest = "e" in values[index] and str(kind) == "float"
        values[index] = format(Decimal(values[index]), "f") if shortest else value
    return values


def _half_floats(column: Column, _: Unreadable) -> Values:
    return ["" if value is None else _half_float(float(value)) for value in column.to_pylist()]


@cache
def _half_float(value: float) -> object:
    """Find the shortest notation; there are 65,536 such floats."""
    if value != value or value in (float("inf"), float("-inf"), 0.0, 1.0):
        return value
    exact = Decimal(value)
    for digits in range(1, 5):
        for rounding in (ROUND_HALF_EVEN, ROUND_FLOOR, ROUND_CEILING):  # beside a power of two the nearest may miss
            short = DecimalContext(prec=digits, rounding=rounding).plus(exact)
            if abs(short) <= _LARGEST_HALF and struct.unpack("e", struct.pack("e", short))[0] == value:
                return format(short, "f")
    return format(DecimalContext(prec=5).plus(exact), "f")


def _decimals(column: Column, _: Unreadable) -> Values:
    """With their scale. One of a single digit is left to the rules, which see a float's notation in ``12.0``."""
    scale = column.type.scale
    if scale == 1 or scale < 0:
        values: Values = column.to_pylist()
        return values
    if column.type.bit_width < 128:
        import pyarrow as pa

        column = column.cast(pa.decimal128(column.type.precision, scale))  # Arrow compares no narrower ones
    notations = texts(column)
    if any("E" in text for text in notations):
        notations = ["" if value is None else format(value, "f") for value in column.to_pylist()]
    ends = f".{'0' * scale}" if scale else ""
    return _keep_bits(notations, extremes(column), {bit + ends: Decimal(bit + ends) for bit in "01"})
