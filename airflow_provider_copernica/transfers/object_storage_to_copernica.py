"""From files and objects to Copernica: read by the worker, or by Copernica itself from a signed URL."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Unpack
from urllib.parse import parse_qsl, urlsplit

from airflow_provider_copernica.arguments import (
    Delimiter,
    ImportArguments,
    Template,
    refuse_unknown,
    rendered,
)
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.hooks._connection import mask
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.payload.parameter_rules import UNKNOWN
from airflow_provider_copernica.readers.decoding import Compression
from airflow_provider_copernica.readers.files import FileFormat, FileOptions, Findings, guess_format, read_rows
from airflow_provider_copernica.readers.malformed_row import MalformedRow
from airflow_provider_copernica.readers.row_batch import single_rows
from airflow_provider_copernica.redacted_fields import (
    Hidden,
    describe_location,
    redacted,
    reveal,
)
from airflow_provider_copernica.transfers._file_arguments import (
    BY_COPERNICA,
    DAY,
    check_file_arguments,
    check_presign,
    read_compression,
    read_encoding,
    read_expires,
    read_format,
    read_null_values,
)
from airflow_provider_copernica.transfers._file_rows import CurrentFile, file_rows, naming_file
from airflow_provider_copernica.transfers._rows import ARRAY_FORMAT, IMPORT_FIELDS, refuse_source
from airflow_provider_copernica.transfers._stored_files import StoredFiles, file_name, find_files, folder_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset
    from airflow.providers.common.compat.sdk import Context, ObjectStoragePath, XComArg

__all__ = ["ObjectStorageToCopernicaOperator"]

log = logging.getLogger(__name__)


def _describe_path(value: object) -> str:
    return describe_location(str(value) if hasattr(value, "conn_id") else value)


PATH = Hidden(_describe_path)


class ObjectStorageToCopernicaOperator(CopernicaImportOperator):
    r"""
    Imports the rows of one or more files: CSV, a JSON array, JSON lines or Parquet (extra ``parquet``).

    The rows stream through the worker, with flat memory. With ``presign`` the worker only signs a URL, from which
    Copernica fetches the file itself, a CSV or JSON file without gzip; its columns are checked then, its rows are not.

    :param path: a file, a folder or a glob on any storage that Airflow's ``ObjectStoragePath`` knows:
        ``s3://bucket/key``, ``gs://bucket/folder/``, ``file:///data/part-*.csv.gz``; a template. All files of a folder
        or glob are one import, in the order of their names. Names that begin with a dot or an underscore do not count.
    :param object_storage_conn_id: the Airflow connection of the storage; default: the one in the path, if any.
    :param format: ``csv``, ``json``, ``jsonl`` or ``parquet``; default: as the files' names say.
    :param delimiter: of CSV: tab, comma or semicolon; default: found in the header, and logged.
    :param encoding: of CSV and JSON, by any name that Python knows, default UTF-8. A byte order mark is dropped.
    :param compression: ``infer``, the default, tells gzip by the first bytes; ``gzip`` insists on it; ``none`` (or
        None) reads the bytes as they are.
    :param null_values: cells of CSV that are empty if they stand without quotes, such as ``["\\N", "NULL"]``; default
        none.
    :param column_map: new names for columns, ``{"mail": "Email"}``; the others keep theirs.
    :param presign: hand Copernica a signed URL as ``location``; default False.
    :param presign_expires: seconds (or a timedelta) that the URL is good for, seven days at most, a day by default. It
        must outlive queueing at Copernica.
    :param kwargs: all of :class:`~airflow_provider_copernica.operators.copernica.CopernicaImportOperator` but
        ``source`` and ``location``.
    :raises CopernicaArgumentError: as there; also when the storage signs no URLs.
    """

    template_fields: Sequence[str] = (
        "path",
        "object_storage_conn_id",
        "encoding",
        "compression",
        "null_values",
        "presign_expires",
        *IMPORT_FIELDS,
    )
    hidden_fields: ClassVar[Mapping[str, Hidden]] = {**CopernicaImportOperator.hidden_fields, "path": PATH}

    def __init__(
        self,
        *,
        task_id: str,
        path: str | ObjectStoragePath | XComArg,
        object_storage_conn_id: str | XComArg | None = None,
        format: FileFormat | Template | XComArg | None = None,  # noqa: A002 - as the operator
        delimiter: Delimiter | Template | XComArg | None = None,
        encoding: str | XComArg = "utf-8",
        compression: Compression | Template | XComArg | None = "infer",
        null_values: Sequence[str] | XComArg = (),
        column_map: Mapping[str, str] | None = None,
        presign: bool = False,
        presign_expires: int | str | timedelta | XComArg = DAY,
        **kwargs: Unpack[ImportArguments],
    ) -> None:
        refuse_unknown(type(self), kwargs)
        refuse_source(kwargs, "path")
        self.presign = presign
        self.encoding = encoding
        self.compression = compression
        self.null_values = null_values
        self.presign_expires = presign_expires
        self.column_map = column_map
        super().__init__(
            task_id=task_id,
            format=format,  # type: ignore[arg-type]  # more formats than Copernica itself reads
            delimiter=delimiter,
            **kwargs,
        )
        self.path = redacted(path, PATH)
        self.object_storage_conn_id = rendered(object_storage_conn_id)

    def given_source(self, context: Context | None) -> dict[str, object]:
        """Return the rows of the files, which are opened when their first row is asked for; or the file's URL."""
        if context is None:
            check_file_arguments(vars(self), presign=self.presign)
            return {"source": UNKNOWN, "format": None, "delimiter": self.delimiter or None}
        path = reveal(self.path)
        if not path:
            raise CopernicaArgumentError("path is missing: its template rendered to nothing")
        conn_id = self.object_storage_conn_id or getattr(path, "conn_id", None)
        files = find_files(str(path), conn_id)
        options = self._options(files)
        if self.presign:
            return self._signed(files, options)
        current = CurrentFile()
        self.current_file = lambda: current.name
        return {"source": file_rows(files, options, current), **ARRAY_FORMAT}

    def lineage_inputs(self) -> list[Dataset]:
        """Return the file, or the folder of the files, in OpenLineage's terms."""
        from airflow_provider_copernica.lineage import file_input

        path = folder_of(str(reveal(self.path)))
        return file_input(path if "://" in path else f"file://{path}")

    def _options(self, files: StoredFiles) -> FileOptions:
        file_format, compression = read_format(self.format), read_compression(self.compression)
        if file_format is None:
            guesses = {file: guess_format(file)[0] for file in files.paths}
            file_format = guesses[files.paths[0]]
            if other := next((file for file in files.paths if guesses[file] != file_format), None):
                raise CopernicaArgumentError(
                    f"path: files of several formats are not one import: choose those of one format with a glob (the "
                    f"first is {file_format!r}, but {file_name(other)!r} is {guesses[other]!r})"
                )
        delimiter = "\t" if self.delimiter in ("\\t", "\t") else (rendered(self.delimiter) or "").strip() or None
        return FileOptions(
            file_format,
            compression,
            read_encoding(self.encoding),
            delimiter,
            read_null_values(self.null_values),
            as_is=self.presign,
        )

    def _signed(self, files: StoredFiles, options: FileOptions) -> dict[str, object]:
        check_presign({"encoding": options.encoding, "compression": options.compression, **vars(self)})
        if len(files.paths) > 1:
            raise CopernicaArgumentError(
                f"presign: path means {len(files.paths):,} files, and Copernica fetches one: leave presign out"
            )
        (path,) = files.paths
        if options.format not in BY_COPERNICA or path.lower().endswith(".gz"):
            raise CopernicaArgumentError(
                "presign: Copernica reads CSV and JSON files, not compressed: leave presign out"
            )
        findings = Findings()
        with files.open(path) as stream, naming_file(path):
            first = next(single_rows(read_rows(stream, options, findings)), None)
        if first is None:
            return {"source": (), **ARRAY_FORMAT}  # an empty file could empty the database: treated like empty rows
        if not isinstance(first, Mapping):
            reason = first.reason if isinstance(first, MalformedRow) else "is not an object with fields"
            raise CopernicaArgumentError(f"Row 1 of the file {reason}")
        self.location_columns = [str(name) for name in first]
        url = files.sign(path, read_expires(self.presign_expires))
        mask(url)
        _warn_of_temporary_credentials(url)
        return {"location": url, "format": options.format if self.format else None, "delimiter": findings.delimiter}


def _warn_of_temporary_credentials(url: str) -> None:
    names = {name.lower() for name, _ in parse_qsl(urlsplit(url).query)}
    if "x-amz-security-token" in names:
        log.warning(
            "The credentials of the storage are temporary, and the signed URL ends with them, whatever presign_expires "
            "says: give its connection an access key that lasts, or leave presign out."
        )
