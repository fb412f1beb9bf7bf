"""What an import reads and writes: for whoever listens to Airflow's hooks, and for OpenLineage."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from airflow_provider_copernica.assets.copernica import database_uri, openlineage_names
from airflow_provider_copernica.client.imports import CopernicaImport
from airflow_provider_copernica.client.redact import show_location
from airflow_provider_copernica.payload.parameter_rules import LOCATION_SCHEMES

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset, RunFacet
    from airflow.providers.common.compat.sdk import BaseOperator
    from airflow.providers.common.sql.hooks.sql import DbApiHook
    from airflow.providers.openlineage.extractors import OperatorLineage

__all__ = ["file_input", "import_lineage", "report_output", "sql_inputs"]

log = logging.getLogger(__name__)


def report_output(operator: BaseOperator, database: int | str, copernica_conn_id: str) -> None:
    """
    Tell Airflow's collector of hook lineage which database rows went into.

    :param operator: the task that sent them; it does not fail for the sake of lineage.
    """
    from airflow.providers.common.compat.lineage.hook import get_hook_lineage_collector

    try:
        collector = get_hook_lineage_collector()  # type: ignore[no-untyped-call]  # untyped in Airflow
        collector.add_output_asset(context=operator, uri=database_uri(database, copernica_conn_id))
    except Exception as error:  # noqa: BLE001 - whatever the collector raises, the import has been made
        log.warning("The import is not in Airflow's lineage: %s.", type(error).__name__)


def import_lineage(
    database: int | str,
    copernica_conn_id: str,
    inputs: Sequence[Dataset],
    status: CopernicaImport,
    outcome: Mapping[str, object] | None = None,
) -> OperatorLineage[Dataset, RunFacet]:
    """
    An import in OpenLineage's terms.

    :param inputs: where the rows came from.
    :param status: the last one seen; counts are those of Copernica, where it told any.
    :param outcome: the counts of the options in use, as in the XCom ``import_outcome``; default none.
    """
    from airflow.providers.common.compat.openlineage.facet import (
        ExternalQueryRunFacet,
        OutputDataset,
        OutputStatisticsOutputDatasetFacet,
    )
    from airflow.providers.openlineage.extractors import OperatorLineage

    namespace, name = openlineage_names(database_uri(database, copernica_conn_id))
    output = OutputDataset(namespace=namespace, name=name)
    if status.processed_lines is not None:
        rows = OutputStatisticsOutputDatasetFacet(rowCount=status.processed_lines)
        output.outputFacets = {"outputStatistics": rows}
    facets: dict[str, RunFacet] = {
        "externalQuery": ExternalQueryRunFacet(externalQueryId=str(status.import_id), source=namespace)
    }
    if outcome:
        facets["copernica_outcome"] = _outcome_facet()(dict(outcome))
    return OperatorLineage(inputs=list(inputs), outputs=[output], run_facets=facets)


@cache
def _outcome_facet() -> Callable[[dict[str, object]], RunFacet]:
    """OpenLineage has no facet for such counts, so that this is one of our own; its library is loaded lazily."""
    from airflow.providers.common.compat.openlineage.facet import RunFacet
    from attrs import define

    @define
    class OutcomeRunFacet(RunFacet):
        """The counts of the options of an import, by option."""

        outcome: dict[str, object]

    return OutcomeRunFacet


def file_input(url: object) -> list[Dataset]:
    """
    Return a file or object as an input, without credentials and signature.

    :param url: of any scheme, like ``s3://bucket/key``; anything else is not an input. Of a location only the file's
        name is shown, since other parts of its path may be secrets.
    """
    from airflow.providers.common.compat.openlineage.facet import Dataset

    try:
        parts = urlsplit(str(url or ""))
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return []
    if not parts.scheme or not parts.path.strip("/"):
        return []
    if parts.scheme == "file":
        return [Dataset(namespace="file", name=parts.path)]
    is_location = parts.scheme in LOCATION_SCHEMES
    path = urlsplit(show_location(str(url))).path.rpartition("/")[2] if is_location else parts.path.lstrip("/")
    return [Dataset(namespace=f"{parts.scheme}://{parts.hostname or ''}{port}", name=path)]


def sql_inputs(hook: DbApiHook, sql: str | list[str], conn_id: str) -> list[Dataset]:
    """
    Return the tables that a query reads, as far as OpenLineage's parser and the hook know them.

    :param hook: of the database.
    :param sql: rendered.
    :param conn_id: the connection of the hook.
    """
    from airflow.providers.common.compat.openlineage.utils.sql import get_openlineage_facets_with_sql

    try:
        found = get_openlineage_facets_with_sql(hook=hook, sql=sql, conn_id=conn_id, database=None)
    except Exception as error:  # noqa: BLE001 - a task does not fail for lineage; what hooks raise is open
        log.debug("No input tables for OpenLineage: %s", type(error).__name__)
        return []
    return [] if found is None else list(found.inputs)
