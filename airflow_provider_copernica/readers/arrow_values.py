"""
A column of Arrow as the values of rows: text wherever the text is settled, made for the whole column at once.

The rules are those for single values (:mod:`airflow_provider_copernica.payload.values`), to the letter. What those have
to judge stays a value: booleans, the numbers 0 and 1 (no and yes of an interest), NaN, years before 1000, bytes. What
Python can't hold is refused here.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from decimal import Context as DecimalContext
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_provider_copernica.client.import_states import COPERNICA_ZONE

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Unreadable", "column_values", "decodable", "kernels"]

Unreadable = dict[int, str]
"""What is wrong with the values that can't be read, as the tail of "field 'Email' ...", by their index."""

Values = list[Any]  # of any type that a row may hold
Column = Any  # an array of pyarrow, of a type that is known when it runs

# four bytes per character at most; 16 million characters are the most that Copernica documents for a field
_MAX_CELL_BYTES = 4 << 24
# whole floats of less bits are exact: each stands for one whole number
_EXACT_BITS = {"double": 53, "float": 24}
_LARGEST_HALF = 65504
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _since_epoch(year: int) -> int:
    return int((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())


# in seconds: what Python's dates can hold, with room for any time zone; what Copernica stores
_LOWEST, _HIGHEST = _since_epoch(1) + _DAY, _since_epoch(9999) + 364 * _DAY - 1
_STORED = _since_epoch(1000), _since_epoch(9999) + 365 * _DAY - 1
# here Arrow and Python agree on local time; Arrow knows no summer time after the last change that is written out
_AGREED = _since_epoch(1970), _since_epoch(2037)
_NO_DATE = "is a date outside the years 1 to 9999: correct it"
_NO_TIME = "is not the time of a day: correct it"
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
        column = column if column.type.extension_name == "arrow.uuid" else column.storage
    if types.is_dictionary(column.type):
        return column_values(decodable(column).dictionary_decode(), unreadable)
    if types.is_run_end_encoded(column.type):
        return column_values(compute.run_end_decode(column), unreadable)
    if types.is_nested(column.type):  # refused by the rules for values, whatever it holds
        return [[] if valid else None for valid in column.is_valid().to_pylist()]
    for convert, applies in _converters().items():
        if any(test(column.type) for test in applies):
            return convert(column, unreadable)
    values: Values = column.to_pylist()
    return values


def kernels() -> Any:
    """Return ``pyarrow.compute``, whose stubs ask for types that are known when it runs."""
    from pyarrow import compute

    return compute


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
        _dates: (types.is_date,),
        _timestamps: (types.is_timestamp,),
        _times: (types.is_time,),
        _durations: (types.is_duration,),
    }


@cache
def _constant(number: int, kind: pa.DataType) -> Any:
    """Make a scalar of a number; ``pyarrow.scalar`` imports pandas for that, seconds and tens of megabytes of it."""
    import pyarrow as pa

    buffer = pa.py_buffer(number.to_bytes(8, "little", signed=True))
    return pa.Array.from_buffers(pa.int64(), 1, [None, buffer])[0].cast(kind)


@cache
def _blank(kind: pa.DataType) -> Any:
    import pyarrow as pa

    return pa.StringArray.from_buffers(1, pa.py_buffer(bytes(8)), pa.py_buffer(b""))[0].cast(kind)


def _texts(column: Column) -> Values:
    import pyarrow as pa

    compute = kernels()
    texts = column if column.type == pa.string() else column.cast(pa.string())
    values: Values = (compute.coalesce(texts, _blank(pa.string())) if texts.null_count else texts).to_pylist()
    return values


def _extremes(numbers: Column) -> tuple[Any, Any]:
    """Return the least and the largest; zeros where all are null."""
    compute = kernels()
    found = compute.min_max(numbers).as_py()
    return (0, 0) if found["min"] is None else (found["min"], found["max"])


def _indices(mask: Column) -> list[int]:
    compute = kernels()
    indices: list[int] = compute.indices_nonzero(mask).to_pylist()  # null is not one
    return indices


def _strings(column: Column, unreadable: Unreadable) -> Values:
    import pyarrow as pa

    compute = kernels()
    if pa.types.is_string_view(column.type):
        column = column.cast(pa.large_string())
    sizes = compute.binary_length(column)
    if _extremes(sizes)[1] > _MAX_CELL_BYTES:
        too_large = compute.greater(sizes, _constant(_MAX_CELL_BYTES, sizes.type))
        unreadable.update(dict.fromkeys(_indices(too_large), _TOO_LARGE))
        column = compute.if_else(too_large, _blank(column.type), column)
    try:
        return _texts(column)
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
    return _keep_bits(_texts(column), _extremes(column), {"0": 0, "1": 1})


def _keep_bits(texts: Values, extremes: tuple[Any, Any], bits: Mapping[str, object]) -> Values:
    """Keep the numbers 0 and 1, which an interest takes for no and yes."""
    least, largest = extremes
    return texts if least > 1 or largest < 0 else [bits.get(text, text) for text in texts]


def _floats(column: Column, _: Unreadable) -> Values:
    """Whole ones as whole numbers, others in the shortest notation that gives the same float of the same width."""
    import pyarrow as pa

    compute = kernels()
    kind = column.type
    limit = _constant(1 << _EXACT_BITS[str(kind)], kind)
    is_whole = compute.and_(compute.equal(compute.floor(column), column), compute.less(compute.abs(column), limit))
    whole = compute.if_else(is_whole, column, pa.nulls(1, kind)[0]).cast(pa.int64())
    notations = compute.coalesce(whole.cast(pa.string()), column.cast(pa.string()))
    values = _keep_bits(_texts(notations), _extremes(whole), {"0": 0, "1": 1})
    is_odd = compute.or_(compute.match_substring(notations, "e"), compute.invert(compute.is_finite(column)))
    for index in _indices(is_odd):
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
    texts = _texts(column)
    if any("E" in text for text in texts):
        texts = ["" if value is None else format(value, "f") for value in column.to_pylist()]
    ends = f".{'0' * scale}" if scale else ""
    return _keep_bits(texts, _extremes(column), {bit + ends: Decimal(bit + ends) for bit in "01"})


def _dates(column: Column, unreadable: Unreadable) -> Values:
    import pyarrow as pa

    days = column.cast(pa.date32(), safe=False)
    numbers = days.cast(pa.int32())
    least, largest = _extremes(numbers)
    if _STORED[0] <= least * _DAY and largest * _DAY <= _STORED[1]:
        return _texts(days)
    values: Values = []
    for index, number in enumerate(numbers.to_pylist()):
        moment = None if number is None else _moment(number * _DAY, index, unreadable)
        values.append(date(moment.year, moment.month, moment.day) if moment else "")
    return values


def _moment(seconds: int, index: int, unreadable: Unreadable) -> datetime | None:
    if _LOWEST <= seconds <= _HIGHEST:
        return _EPOCH + timedelta(seconds=seconds)
    unreadable[index] = _NO_DATE
    return None


def _timestamps(column: Column, unreadable: Unreadable) -> Values:
    """In seconds, which are what Copernica stores; those with a time zone as the clock of Copernica's."""
    import pyarrow as pa

    compute = kernels()
    unit, has_zone = column.type.unit, column.type.tz is not None
    numbers, ticks = column.cast(pa.int64()), _TICKS[unit]
    least, largest = _extremes(numbers)
    first, last = _AGREED if has_zone else _STORED
    if first * ticks <= least and largest < (last + 1) * ticks:
        local = _local_time(column) if has_zone else column
        if local is not None:
            return _texts(compute.floor_temporal(local, unit="second").cast(pa.timestamp("s")))
    values: Values = []
    for index, number in enumerate(numbers.to_pylist()):
        moment = None if number is None else _moment(number // ticks, index, unreadable)
        values.append("" if moment is None else moment if has_zone else moment.replace(tzinfo=None))
    return values


def _local_time(column: Column) -> Column | None:
    """Return the time of Copernica's clock; None on a machine whose time zones Arrow doesn't find."""
    import pyarrow as pa

    compute = kernels()
    try:
        return compute.local_timestamp(column.cast(pa.timestamp(column.type.unit, COPERNICA_ZONE.key)))
    except pa.ArrowInvalid:
        return None


def _times(column: Column, unreadable: Unreadable) -> Values:
    import pyarrow as pa

    compute = kernels()
    seconds = column.cast(pa.time32("s"), safe=False)
    numbers = seconds.cast(pa.int32())
    least, largest = _extremes(numbers)
    if least < 0 or largest >= _DAY:
        zero, day = _constant(0, numbers.type), _constant(_DAY, numbers.type)
        is_odd = compute.or_(compute.less(numbers, zero), compute.greater_equal(numbers, day))
        unreadable.update(dict.fromkeys(_indices(is_odd), _NO_TIME))
        seconds = compute.if_else(is_odd, zero, numbers).cast(pa.time32("s"))
    return _texts(seconds)


def _durations(column: Column, unreadable: Unreadable) -> Values:
    import pyarrow as pa

    ticks, values = _TICKS[column.type.unit], []
    for index, number in enumerate(column.cast(pa.int64()).to_pylist()):
        try:
            values.append(None if number is None else timedelta(microseconds=number * 10**6 // ticks))
        except OverflowError:
            unreadable[index] = _NO_TIME
            values.append(None)
    return values
