"""What the modules on Arrow share: its arrays, and how to ask for what is in them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

__all__ = ["Column", "Unreadable", "Values", "blank", "constant", "extremes", "indices", "kernels", "texts"]

Unreadable = dict[int, str]
"""What is wrong with the values that can't be read, as the tail of "field 'Email' ...", by their index."""

Values = list[Any]  # of any type that a row may hold
Column = Any  # an array of pyarrow, of a type that is known when it runs


def kernels() -> Any:
    """Return ``pyarrow.compute``, whose stubs ask for types that are known when it runs."""
    from pyarrow import compute

    return compute


@cache
def constant(number: int, kind: pa.DataType) -> Any:
    """Make a scalar of a number; ``pyarrow.scalar`` imports pandas for that, seconds and tens of megabytes of it."""
    import pyarrow as pa

    buffer = pa.py_buffer(number.to_bytes(8, "little", signed=True))
    return pa.Array.from_buffers(pa.int64(), 1, [None, buffer])[0].cast(kind)


@cache
def blank(kind: pa.DataType) -> Any:
    """Make a scalar of an empty text."""
    import pyarrow as pa

    return pa.StringArray.from_buffers(1, pa.py_buffer(bytes(8)), pa.py_buffer(b""))[0].cast(kind)


def texts(column: Column) -> Values:
    """Return a column as text; nulls are empty."""
    import pyarrow as pa

    compute = kernels()
    cast = column if column.type == pa.string() else column.cast(pa.string())
    values: Values = (compute.coalesce(cast, blank(pa.string())) if cast.null_count else cast).to_pylist()
    return values


def extremes(numbers: Column) -> tuple[Any, Any]:
    """Return the least and the largest; zeros where all are null."""
    found = kernels().min_max(numbers).as_py()
    return (0, 0) if found["min"] is None else (found["min"], found["max"])


def indices(mask: Column) -> list[int]:
    """Return where a column of booleans is true."""
    found: list[int] = kernels().indices_nonzero(mask).to_pylist()  # null is not one
    return found
