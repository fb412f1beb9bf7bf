"""
A column of Arrow as the values of rows: text wherever the text is settled, made for the whole column at once.

The rules are those for single values (:mod:`airflow_provider_copernica.payload.values`), to the letter. What they have
to judge stays what it is: booleans, the numbers 0 and 1 (yes and no of an interest), NaN, dates before the year 1000,
bytes. What Python can't hold is refused here, by row.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from airflow_provider_copernica.exceptions import CopernicaArgumentError

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["MAX_CELL_BYTES", "Unreadable", "column_values"]

# UTF-8 has four bytes per character at most, and 16 million characters are the most that Copernica stores in a field
MAX_CELL_BYTES = 4 << 24
# whole numbers that a float of that width holds exactly
_EXACT_BITS = {"double": 53, "float": 24}
_TICKS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY = 86_400
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - Arrow counts from it in any time zone
# Python's dates, in seconds and days since then
_FIRST, _LAST = int((datetime.min - _EPOCH).total_seconds()), int((datetime.max - _EPOCH).total_seconds())
# the year 1000, the first that Copernica stores
_FIRST_STORED = int((datetime(1000, 1, 1) - _EPOCH).total_seconds())  # noqa: DTZ001 - as above
# within these, Arrow and Python agree on summer time: Arrow knows no rules after the last change in the list
_AGREED = (0, int((datetime(2037, 1, 1) - _EPOCH).total_seconds()))  # noqa: DTZ001 - as above
_MARGIN = 2 * _DAY  # more than any time zone is away from another
_NOT_A_DATE = "is a date outside the years 1 to 9999, which neither Python nor Copernica has: correct it"
_TOO_LARGE = f"is larger than {MAX_CELL_BYTES >> 20} MB: shorten it"


class Unreadable:
    """
    Stands in for a value that can't be read.

    :param reason: why, as the tail of "field 'Email' ...".
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason


def column_values(column: pa.Array, zone: ZoneInfo) -> list[object]:
    """
    Return the values of a column; nulls are empty text or None.

    :param column: of a few thousand rows; decoded, so that its size must be known to be harmless.
    :param zone: the time zone of Copernica, for times that have one.
    """
    import pyarrow as pa

    if isinstance(column, pa.ExtensionArray) and column.type.extension_name != "arrow.uuid":
        column = column.storage
    kind = column.type
    if pa.types.is_dictionary(kind):
        return column_values(column.dictionary_decode(), zone)
    if pa.types.is_run_end_encoded(kind):
        from pyarrow import compute

        return column_values(compute.run_end_decode(column), zone)
    if pa.types.is_timestamp(kind):
        return _timestamps(column, zone)
    for applies, convert in _CONVERTERS.items():
        if getattr(pa.types, f"is_{applies}")(kind):
            return convert(column)
    return column.to_pylist()


def _texts(column: pa.Array) -> list[Any]:
    """Cast to text and return it; nulls are empty."""
    import pyarrow as pa

    return column.cast(pa.string()).fill_null("").to_pylist()


def _strings(column: pa.Array) -> list[Any]:
    import pyarrow as pa
    from pyarrow import compute

    sizes = compute.binary_length(column)
    largest = compute.max(sizes).as_py() or 0
    try:
        if largest <= MAX_CELL_BYTES:
            return column.fill_null("").to_pylist()
        too_large = compute.greater(sizes, MAX_CELL_BYTES)
        values: list[Any] = compute.if_else(too_large, pa.scalar("", column.type), column).fill_null("").to_pylist()
        return _replaced(values, too_large, lambda _: Unreadable(_TOO_LARGE))
    except UnicodeDecodeError:
        return [_decoded(value) for value in column.cast(pa.large_binary()).to_pylist()]


def _decoded(value: bytes | None) -> object:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        return Unreadable("is text that is not UTF-8: correct it where the file is made")


def _integers(column: pa.Array) -> list[Any]:
    from pyarrow import compute

    texts = _texts(column)
    return _with_bits(texts, compute.min_max(column).as_py(), {"0": 0, "1": 1})


def _with_bits(texts: list[Any], extremes: Mapping[str, Any], bits: Mapping[str, object]) -> list[Any]:
    """Keep the numbers 0 and 1, which an interest takes for no and yes."""
    if extremes["min"] is None or extremes["min"] > 1 or extremes["max"] < 0:
        return texts
    return [bits.get(text, text) for text in texts]


def _floats(column: pa.Array) -> list[Any]:
    """Whole ones as whole numbers, others in the shortest notation that gives the same float of the same width."""
    import pyarrow as pa
    from pyarrow import compute

    exact = 1 << _EXACT_BITS[str(column.type)]
    whole = compute.and_(
        compute.equal(compute.floor(column), column), compute.less(compute.abs(column), pa.scalar(exact, column.type))
    )
    integers = compute.if_else(whole, column, None).cast(pa.int64())
    if compute.all(compute.or_(whole, column.is_null()), min_count=0).as_py():
        return _integers(integers)
    texts = compute.coalesce(integers.cast(pa.string()), column.cast(pa.string())).fill_null("").to_pylist()
    texts = _with_bits(texts, compute.min_max(integers).as_py(), {"0": 0, "1": 1})
    odd = compute.or_(compute.match_substring(column.cast(pa.string()), "e"), compute.invert(compute.is_finite(column)))
    wide = str(column.type) == "double"
    return _replaced(texts, odd, lambda index: _float(column[index].as_py(), texts[index], wide=wide))


def _float(value: float, text: str, *, wide: bool) -> object:
    """What is not finite is refused, and a double is judged, like any other value; a narrow float is its text."""
    return value if wide or "e" not in text else format(Decimal(text), "f")


def _half_floats(column: pa.Array) -> list[Any]:
    return ["" if value is None else _half_float(float(value)) for value in column.to_pylist()]


@cache
def _half_float(value: float) -> object:
    """There are 65,536 of them."""
    if value != value or value in (float("inf"), float("-inf")) or value in (0, 1):
        return value
    for digits in range(1, 6):
        text = format(value, f".{digits}g")
        if abs(float(text)) <= 65504 and struct.unpack("e", struct.pack("e", float(text)))[0] == value:
            break
    return format(Decimal(text), "f").removesuffix(".0")


def _decimals(column: pa.Array) -> list[Any]:
    """With their scale, but for the scale 1: a whole number with ``.0`` is a float's notation."""
    from pyarrow import compute

    scale = column.type.scale
    if scale == 1:
        return column.to_pylist()
    bits = {format(Decimal(bit).scaleb(0).quantize(Decimal(1).scaleb(-scale)), "f"): bit for bit in (0, 1)} if scale >= 0 else {}
    texts = _texts(column)
    if any("E" in text for text in texts):
        texts = ["" if value is None else format(value, "f") for value in column.to_pylist()]
    return _with_bits(texts, compute.min_max(column).as_py(), bits)


def _dates(column: pa.Array) -> list[Any]:
    import pyarrow as pa

    days = column.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    return _within(column, days, _DAY, lambda part: _texts(part.cast(pa.date32())), date.fromordinal(1))


def _timestamps(column: pa.Array, zone: ZoneInfo) -> list[Any]:
    """Copernica stores seconds; those of a time zone are the clock of Copernica's."""
    import pyarrow as pa
    from pyarrow import compute

    kind = column.type
    ticks = column.cast(pa.timestamp(kind.unit)).cast(pa.int64()) if not kind.tz else column.cast(pa.int64())
    seconds = _seconds(ticks, _TICKS[kind.unit])
    low, high = _extremes(seconds)
    ...


_CONVERTERS: dict[str, Callable[[Any], list[Any]]] = {}
