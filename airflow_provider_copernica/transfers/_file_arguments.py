"""What the operator that reads files is given: converted, and checked as soon as it is known."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.readers.decoding import COMPRESSIONS, Compression, check_encoding
from airflow_provider_copernica.readers.files import FILE_FORMATS

__all__ = [
    "BY_COPERNICA",
    "DAY",
    "check_file_arguments",
    "check_presign",
    "read_compression",
    "read_encoding",
    "read_expires",
    "read_format",
    "read_null_values",
]

# seconds; Copernica downloads a file some time after the import was posted
DAY = 86_400
LONGEST_EXPIRES = 7 * DAY
"""What S3 and Google Cloud Storage sign at most."""
# what Copernica reads by itself (documentation of POST imports)
BY_COPERNICA = ("csv", "json")


def read_format(value: object, known: Sequence[str] = FILE_FORMATS) -> str | None:
    """
    Return the format of a file; None: as its name says.

    :raises CopernicaArgumentError: it is not one of those known.
    """
    text = _word("format", value)
    if text and text not in known:
        raise CopernicaArgumentError(f"format is {text[:40]!r}: it must be one of {', '.join(map(repr, known))}")
    return text or None


def read_encoding(value: object) -> str:
    """
    Return the encoding of a text file; UTF-8 where none is given.

    :raises CopernicaArgumentError: Python does not know it.
    """
    return check_encoding(_word("encoding", value) or "utf-8")


def read_compression(value: object) -> Compression:
    """
    Return how files are compressed; None is "none".

    :raises CopernicaArgumentError: it is something else.
    """
    text = "none" if value is None else _word("compression", value) or "infer"
    found = next((known for known in COMPRESSIONS if known == text), None)
    if found is None:
        choices = ", ".join(map(repr, COMPRESSIONS))
        raise CopernicaArgumentError(f"compression is {text[:40]!r}: it must be one of {choices}")
    return found


def read_null_values(value: object) -> tuple[str, ...]:
    """
    Return the null markers: a list, the text of a JSON list, or one marker.

    :raises CopernicaArgumentError: it is not a list of texts.
    """
    if isinstance(value, str) and value.strip().startswith("["):
        with suppress(ValueError):  # [NULL] is a marker, too
            value = json.loads(value)
    if isinstance(value, str):
        value = (value,)
    if value is None:
        value = ()
    if not isinstance(value, list | tuple | set | frozenset) or not all(isinstance(marker, str) for marker in value):
        raise CopernicaArgumentError(r"null_values must be a list of texts, like ['\\N', 'NULL']")
    return tuple(marker for marker in value if marker)


def read_expires(value: object) -> int:
    """
    Return the seconds for which a signed URL is good.

    :param value: seconds, digits or a timedelta.
    :raises CopernicaArgumentError: it is not positive, or more than seven days.
    """
    if isinstance(value, timedelta):
        value = int(value.total_seconds())
    try:
        seconds = to_count(value)
    except ValueError as error:
        raise CopernicaArgumentError(f"presign_expires {error} second, or a timedelta") from error
    if seconds > LONGEST_EXPIRES:
        raise CopernicaArgumentError(
            f"presign_expires is {seconds:,} seconds: storages sign URLs for seven days ({LONGEST_EXPIRES:,}) at most"
        )
    return seconds


def check_file_arguments(arguments: Mapping[str, object], *, presign: bool) -> None:
    """
    Check what is literal, while the DAG is parsed.

    :param arguments: of the operator, by name.
    :param presign: Copernica fetches the file.
    :raises CopernicaArgumentError: a value, or the combination of two, can't work.
    """
    readers: dict[str, Callable[[object], object]] = {
        "encoding": read_encoding,
        "compression": read_compression,
        "null_values": read_null_values,
        "presign_expires": read_expires,
        "format": partial(read_format, known=BY_COPERNICA if presign else FILE_FORMATS),
    }
    known = {name: read(arguments[name]) for name, read in readers.items() if not is_unknown(arguments[name])}
    if presign:
        check_presign({**arguments, **known})


def check_presign(arguments: Mapping[str, object]) -> None:
    """
    Refuse what only a worker that reads the file could do.

    :raises CopernicaArgumentError: naming the first such argument.
    """
    unseen = [name for name in ("column_map", "null_values", "min_records", "snapshot") if arguments.get(name)]
    unseen += ["check_fields"] if arguments.get("check_fields") in (True, "values") else []
    if unseen:
        raise CopernicaArgumentError(f"presign: the worker doesn't read the rows, so {unseen[0]} can't apply")
    if not is_unknown(arguments["encoding"]) and arguments["encoding"] != "utf-8":
        raise CopernicaArgumentError("presign: Copernica reads UTF-8 only: leave encoding out, or presign")
    if arguments["compression"] == "gzip":
        raise CopernicaArgumentError("presign: Copernica reads no compressed files: leave compression out, or presign")


def _word(name: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise CopernicaArgumentError(f"{name} must be text, not {type(value).__name__}")
    return value.strip().lower()
