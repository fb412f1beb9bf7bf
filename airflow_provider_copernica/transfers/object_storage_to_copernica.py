"""From files and objects to Copernica: read by the worker, or by Copernica itself from a signed URL."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.hooks._connection import mask
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.payload.parameter_rules import UNKNOWN
from airflow_provider_copernica.payload.parameters import is_unknown
from airflow_provider_copernica.readers.files import FILE_FORMATS, guess_format, read_rows
from airflow_provider_copernica.transfers._rows import ARRAY_FORMAT, IMPORT_FIELDS, refuse_source

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath

log = logging.getLogger(__name__)

# seconds; Copernica downloads a file some time after the import was posted
DAY = 86_400
# what it reads by itself (documentation of POST imports)
BY_COPERNICA = ("csv", "json")


class ObjectStorageToCopernicaOperator(CopernicaImportOperator):
    """
    Imports the rows of a file: CSV, a JSON array, JSON lines or Parquet (extra ``parquet``), each also with gzip.

    The rows stream through the worker, with flat memory. With ``presign`` the worker only signs a URL, from which
    Copernica fetches the file itself, a CSV or JSON file without gzip; its columns are checked then, its rows are not.

    :param path: a file or object on any storage that Airflow's ``ObjectStoragePath`` knows: ``s3://bucket/key``,
        ``gs://bucket/key``, ``file:///data/customers.csv``; a template.
    :param object_storage_conn_id: the Airflow connection of the storage; default: the one in the path, if any.
    :param format: ``csv``, ``json``, ``jsonl`` or ``parquet``; default: as the file's name says.
    :param delimiter: of CSV: tab, comma or semicolon; default: found in the header, and logged.
    :param column_map: new names for columns, ``{"mail": "Email"}``; the others keep theirs.
    :param presign: hand Copernica a signed URL as ``location``.
    :param presign_expires: seconds that the URL is good for, a day by default. It must outlive queueing at Copernica.
    :param kwargs: all of :class:`~airflow_provider_copernica.operators.copernica.CopernicaImportOperator` but
        ``source`` and ``location``.
    :raises CopernicaArgumentError: like there; and when the storage signs no URLs.
    """

    template_fields: Sequence[str] = ("path", "object_storage_conn_id", *IMPORT_FIELDS)

    def __init__(
        self,
        *,
        path: str | ObjectStoragePath,
        object_storage_conn_id: str | None = None,
        column_map: Mapping[str, str] | None = None,
        presign: bool = False,
        presign_expires: int = DAY,
        **kwargs: Any,  # those of CopernicaImportOperator
    ) -> None:
        refuse_source(kwargs, "path")
        if presign and (column_map or kwargs.get("check_fields") is True or kwargs.get("min_records") is not None):
            raise CopernicaArgumentError(
                "presign: the worker sees no rows, so column_map, min_records and check_fields can't apply."
            )
        self.presign = presign
        super().__init__(**kwargs)
        self.path = path
        self.object_storage_conn_id = object_storage_conn_id
        self.column_map = column_map
        self.presign_expires = presign_expires

    def given_source(self, context: Context | None) -> dict[str, object]:
        """The rows of the file, which is opened when the first is asked for; or its URL."""
        if context is None:
            check_format(self.format, BY_COPERNICA if self.presign else FILE_FORMATS)
            return {"source": UNKNOWN, "format": None, "delimiter": self.delimiter or None}
        if not self.path:
            raise CopernicaArgumentError("path is missing: its template rendered to nothing.")
        conn_id = self.object_storage_conn_id or getattr(self.path, "conn_id", None)
        file = StoredFile.find(str(self.path), conn_id, self.format, self.delimiter)
        return self._signed(file) if self.presign else {"source": file.rows(), **ARRAY_FORMAT}

    def lineage_inputs(self) -> list[Dataset]:
        """The file, in OpenLineage's terms."""
        from airflow_provider_copernica.lineage import file_input

        path = str(self.path)
        return file_input(path if "://" in path else f"file://{path}")

    def _signed(self, file: StoredFile) -> dict[str, object]:
        if file.format not in BY_COPERNICA or file.compression:
            raise CopernicaArgumentError(
                "presign: Copernica reads CSV and JSON files, not compressed: leave presign out."
            )
        first = next(file.rows(), None)
        if first is None:
            return {"source": (), **ARRAY_FORMAT}  # an empty file could empty the database: treated like empty rows
        if isinstance(first, Mapping):
            self.location_columns = [str(name) for name in first]
        url = file.sign(self.presign_expires)
        mask(url)
        delimiter = file.delimiter if file.format == "csv" else None
        return {"location": url, "format": file.format if self.format else None, "delimiter": delimiter}


def check_format(given: object, known: Sequence[str]) -> None:
    """
    Checks the format of a file when the DAG is parsed.

    :param given: the argument of the DAG's author; a template is not known yet.
    :raises CopernicaArgumentError: when it is no format of a file.
    """
    if isinstance(given, str) and given and not is_unknown(given) and given.strip().lower() not in known:
        raise CopernicaArgumentError(f"format is {given[:40]!r}: it must be one of {', '.join(map(repr, known))}.")


class StoredFile:
    """
    A file, and how to read it.

    :param path: where.
    :param file_format: "csv", "json", "jsonl" or "parquet".
    :param compression: "gzip" or None.
    :param delimiter: of CSV; found in the header, and kept, when None.
    """

    def __init__(
        self, path: ObjectStoragePath, file_format: str, compression: str | None, delimiter: str | None
    ) -> None:
        self.path = path
        self.format = file_format
        self.compression = compression
        self.delimiter = delimiter

    @classmethod
    def find(cls, path: str, conn_id: str | None, file_format: str | None, delimiter: str | None) -> StoredFile:
        """Reads the name of the file; nothing is opened."""
        from airflow.providers.common.compat.sdk import ObjectStoragePath

        compression: str | None = "gzip" if path.lower().endswith(".gz") else None
        if not file_format:
            file_format, compression = guess_format(path)
        # Airflow 2 takes None for an answer, and forgets the connection in the path
        stored = ObjectStoragePath(path, **({"conn_id": conn_id} if conn_id else {}))
        delimiter = "\t" if delimiter in ("\\t", "\t") else (delimiter or "").strip() or None
        return cls(stored, file_format.strip().lower(), compression, delimiter)

    def rows(self) -> Iterator[object]:
        """Its rows, as a stream."""
        with cast("BinaryIO", self.path.open("rb")) as stream:  # type: ignore[no-untyped-call]  # in Airflow
            yield from read_rows(
                stream,
                self.format,
                compression=self.compression,
                delimiter=self.delimiter,
                on_delimiter=self._keep_delimiter,
            )

    def _keep_delimiter(self, delimiter: str) -> None:
        log.info("The columns of the file are separated by %r.", delimiter)
        self.delimiter = delimiter

    def sign(self, seconds: int) -> str:
        """
        A URL that anyone can read the file from, for some time.

        :raises CopernicaArgumentError: when the storage has no such thing.
        """
        try:
            return str(self.path.fs.sign(self.path.path, expiration=seconds))
        except NotImplementedError as error:
            raise CopernicaArgumentError(
                f"presign: storage of the kind {self.path.protocol or 'file'!r} signs no URLs: leave presign out."
            ) from error
