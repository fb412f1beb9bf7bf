"""Dates and times of Arrow as the values of rows, a column at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from airflow_provider_copernica.client.import_states import COPERNICA_ZONE
from airflow_provider_copernica.readers.arrow_columns import (
    Column,
    Unreadable,
    Values,
    constant,
    extremes,
    indices,
    kernels,
    texts,
)

__all__ = ["dates", "durations", "times", "timestamps"]

_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _since_epoch(year: int) -> int:
    return int((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).total_seconds())


# in seconds: what Python's dates can hold; what Copernica stores
_LOWEST, _HIGHEST = _since_epoch(1), _since_epoch(9999) + 365 * _DAY - 1
_STORED = _since_epoch(1000), _HIGHEST
# here Arrow and Python agree on local time; Arrow knows no summer time after the last change that is written out
_AGREED = _since_epoch(1970), _since_epoch(2037)
# the least number of 64 bits, NaT to NumPy: in nanoseconds it would be a moment of the year 1677
_NOT_A_TIME = -(1 << 63)
_NO_DATE = "is a date outside the years 1 to 9999: correct it"
_NO_TIME = "is not the time of a day: correct it"


def dates(column: Column, unreadable: Unreadable) -> Values:
    """Return dates; those that Python doesn't have are unreadable."""
    import pyarrow as pa

    numbers = _days(column)
    least, largest = extremes(numbers)
    if _STORED[0] <= least * _DAY and largest * _DAY <= _STORED[1]:
        return texts(numbers.cast(pa.int32()).cast(pa.date32()))
    values: Values = []
    for index, number in enumerate(numbers.to_pylist()):
        moment = None if number is None else _moment(number * _DAY, index, unreadable)
        values.append(date(moment.year, moment.month, moment.day) if moment else "")
    return values


def _days(column: Column) -> Column:
    """Return days since 1970; where dates are milliseconds, some programs leave a time of day in them."""
    import pyarrow as pa

    compute = kernels()
    if pa.types.is_date32(column.type):
        return column.cast(pa.int32())
    milliseconds, day = column.cast(pa.int64()), constant(1000 * _DAY, pa.int64())
    days = compute.divide(milliseconds, day)  # rounds towards 1970
    return compute.subtract(days, compute.greater(compute.multiply(days, day), milliseconds).cast(pa.int64()))


def _moment(seconds: int, index: int, unreadable: Unreadable) -> datetime | None:
    if _LOWEST <= seconds <= _HIGHEST:
        return _EPOCH + timedelta(seconds=seconds)
    unreadable[index] = _NO_DATE
    return None


def timestamps(column: Column, unreadable: Unreadable) -> Values:
    """In seconds, which are what Copernica stores; those with a time zone as the clock of Copernica's."""
    import pyarrow as pa

    compute = kernels()
    unit, has_zone = column.type.unit, column.type.tz is not None
    numbers, ticks = column.cast(pa.int64()), _TICKS[unit]
    least, largest = extremes(numbers)
    first, last = _AGREED if has_zone else _STORED
    if max(first * ticks, _NOT_A_TIME + ticks) <= least and largest < (last + 1) * ticks:
        local = _local_time(column) if has_zone else column
        if local is not None:
            return texts(compute.floor_temporal(local, unit="second").cast(pa.timestamp("s")))
    values: Values = []
    for index, number in enumerate(numbers.to_pylist()):
        seconds = number if number in (None, _NOT_A_TIME) else number // ticks
        moment = None if seconds is None else _moment(seconds, index, unreadable)
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


def times(column: Column, unreadable: Unreadable) -> Values:
    """Return times of a day, in seconds."""
    import pyarrow as pa

    compute = kernels()
    kind = column.type
    numbers = column.cast(pa.int32() if pa.types.is_time32(kind) else pa.int64())
    least, largest = extremes(numbers)
    ticks = _DAY * _TICKS[kind.unit]
    if least < 0 or largest >= ticks:
        zero, day = constant(0, numbers.type), constant(ticks, numbers.type)
        is_odd = compute.or_(compute.less(numbers, zero), compute.greater_equal(numbers, day))
        unreadable.update(dict.fromkeys(indices(is_odd), _NO_TIME))
        column = compute.if_else(is_odd, zero, numbers).cast(kind)
    return texts(column.cast(pa.time32("s"), safe=False))


def durations(column: Column, unreadable: Unreadable) -> Values:
    """Return durations, which the rules judge."""
    import pyarrow as pa

    ticks, values = _TICKS[column.type.unit], []
    for index, number in enumerate(column.cast(pa.int64()).to_pylist()):
        try:
            values.append(None if number is None else timedelta(microseconds=number * 10**6 // ticks))
        except OverflowError:
            unreadable[index] = _NO_TIME
            values.append(None)
    return values
