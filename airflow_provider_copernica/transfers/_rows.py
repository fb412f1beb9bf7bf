"""What the operators have in common whose rows come from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.operators.copernica import CopernicaImportOperator
from airflow_provider_copernica.payload.parameter_rules import UNKNOWN

__all__ = ["ARRAY_FORMAT", "IMPORT_FIELDS", "UNRENDERED_SOURCE", "refuse_source"]

# the template fields of an import, but for those that say where the rows come from
IMPORT_FIELDS = tuple(name for name in CopernicaImportOperator.template_fields if name not in ("source", "location"))
# rows are sent as an array, to which format and delimiter do not apply (documentation of POST imports)
ARRAY_FORMAT: dict[str, object] = {"format": None, "delimiter": None}
UNRENDERED_SOURCE: dict[str, object] = {"source": UNKNOWN, **ARRAY_FORMAT}


def refuse_source(arguments: Mapping[str, object], rows_come_from: str, *, others: Sequence[str] = ()) -> None:
    """
    Refuse a second source: a transfer has its own rows.

    :param arguments: of the operator.
    :param rows_come_from: the argument, or the thing, that gives the rows.
    :param others: more arguments that make no sense then.
    :raises CopernicaArgumentError: there is another source of rows.
    """
    for name in ("source", "location", *others):
        if arguments.get(name) is not None:
            raise CopernicaArgumentError(f"{name}: the rows come from {rows_come_from}: leave {name} out")
