"""The operator: makes an import and, unless told otherwise, waits for it."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import conf

from airflow_provider_copernica.client.polling import (
    DEFAULT_MAX_POLL_INTERVAL,
    DEFAULT_POLL_INTERVAL,
    PollSchedule,
    to_seconds,
)
from airflow_provider_copernica.connection_form import DEFAULT_CONN_ID
from airflow_provider_copernica.exceptions import GOES_ON, CopernicaReplyError
from airflow_provider_copernica.links.copernica import CopernicaLink
from airflow_provider_copernica.operators._literals import check_literals
from airflow_provider_copernica.operators._mapping import ImportPartial, refuse_shared_removal
from airflow_provider_copernica.operators._rendering import RenderingOperator
from airflow_provider_copernica.operators._retries import deferral_error, failing_for_good, knowing_retries
from airflow_provider_copernica.payload.parameters import PARAMETERS, ImportParameters, read_parameters
from airflow_provider_copernica.redacted_fields import (
    LOCATION,
    ROWS,
    Hidden,
    redacted,
    refuse_default_args,
    reveal,
)
from airflow_provider_copernica.version_compat import deferral_failure, is_being_unmapped

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset, RunFacet
    from airflow.providers.common.compat.sdk import Context
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    from airflow_provider_copernica.client.imports import CopernicaImport
    from airflow_provider_copernica.hooks.copernica import CopernicaHook
    from airflow_provider_copernica.operators._attempts import AttemptRecord
    from airflow_provider_copernica.payload.row_rules import Columns

log = logging.getLogger(__name__)


class CopernicaImportOperator(RenderingOperator):
    """
    Imports profiles and subprofiles into a Copernica database: once, checked, and watched until finished.

    The first fourteen parameters are those of Copernica's ``POST imports``; None is not sent, so that Copernica's own
    default applies. They, the connection and the guards may be templates, or the output of other tasks.

    :param database: ID of the database.
    :param action: ``add``, ``update``, ``update or add``, ``ignore or add`` or ``delete``.
    :param name: label of the import; default: DAG, task and run.
    :param key_fields: fields that tell whether a row exists already: a list, a JSON list, or text with commas.
        Fields of a collection are written ``Collection.Field``.
    :param source: the rows: a list of dicts, another task's output, or the text of a CSV or JSON file.
    :param location: URL (http, https, ftp, ftps, sftp) of a file that Copernica fetches, in place of ``source``.
    :param format: ``csv`` or ``json``; needed when ``source`` is text.
    :param delimiter: tab, comma or semicolon; needed for CSV.
    :param followups: run the follow-up actions of every profile touched; Copernica's default: no.
    :param autostart: start at once; Copernica's default: yes. An import with False can only be started by a person.
    :param rebuild: rebuild selections afterwards; Copernica's default: no.
    :param ignore_empty_fields: empty cells leave stored values alone; Copernica's default: they erase them.
    :param remove_missing: delete every profile that is not in this import; Copernica's default: no.
    :param delete_target: ``profile`` or ``subprofile``, for the action ``delete``.
    :param copernica_conn_id: the Airflow connection.
    :param wait_for_completion: wait until the import has finished; its failure fails the task.
    :param deferrable: wait in the triggerer, without a worker slot; default: ``[operators] default_deferrable``.
    :param poll_interval: seconds before the second poll; each later one waits a quarter longer.
    :param max_poll_interval: seconds between two polls at most, unless ``poll_interval`` is larger.
    :param timeout: seconds (or a timedelta) to wait in all; default: for ever, or ``execution_timeout``.
    :param durable: remember the import across retries and clearing (Airflow 3.3 and later).
    :param min_records: fail when there are fewer rows than this.
    :param check_fields: compare the rows with the fields of the database first.
    :param dry_run: do everything but send, and report; the task then returns None.
    :return: the ID of the import. When it waited, the XCom ``import_status`` holds import_id, name, status,
        total_lines, processed_lines, last_run and last_error.
    :raises CopernicaArgumentError: at parse, when a literal argument is wrong.
    :raises AirflowFailException: when a retry could do harm or can't help.
    :raises CopernicaImportFailedError: when the import failed, with Copernica's own words.
    :raises AirflowSkipException: when there are no rows.
    """

    template_fields: Sequence[str] = (*PARAMETERS, "copernica_conn_id", "min_records", "check_fields", "dry_run")
    operator_extra_links = (CopernicaLink(),)
    # arguments whose values are never shown
    hidden_fields: ClassVar[Mapping[str, Hidden]] = {"source": ROWS, "location": LOCATION}
    # what only transfers know of columns: new names for those of the source, and the names of a location's
    column_map: Mapping[str, str] | None = None
    location_columns: Sequence[str] = ()
    ui_color = "#d8ebf5"

    def __init__(
        self,
        *,
        database: int | str,
        action: str,
        name: str | None = None,
        key_fields: Sequence[str] | str | None = None,
        source: object = None,
        location: str | None = None,
        format: str | None = None,  # noqa: A002 - the API's own name
        delimiter: str | None = None,
        followups: bool | str | None = None,
        autostart: bool | str | None = None,
        rebuild: bool | str | None = None,
        ignore_empty_fields: bool | str | None = None,
        remove_missing: bool | str | None = None,
        delete_target: str | None = None,
        copernica_conn_id: str = DEFAULT_CONN_ID,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = DEFAULT_POLL_INTERVAL,
        max_poll_interval: float = DEFAULT_MAX_POLL_INTERVAL,
        timeout: float | timedelta | None = None,
        durable: bool = True,
        min_records: int | str | None = None,
        check_fields: bool | str = False,
        dry_run: bool | str = False,
        **kwargs: Any,  # those of BaseOperator
    ) -> None:
        super().__init__(**kwargs)
        self.database = database
        self.action = action
        self.name = name
        self.key_fields = key_fields
        self.source = redacted(source, ROWS)
        self.location = redacted(location, LOCATION)
        self.format = format
        self.delimiter = delimiter
        self.followups = followups
        self.autostart = autostart
        self.rebuild = rebuild
        self.ignore_empty_fields = ignore_empty_fields
        self.remove_missing = remove_missing
        self.delete_target = delete_target
        self.copernica_conn_id = copernica_conn_id
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.max_poll_interval = max_poll_interval
        self.timeout = timeout
        self.durable = durable
        self.min_records = min_records
        self.check_fields = check_fields
        self.dry_run = dry_run  # type: ignore[method-assign,assignment]  # hides a method that prints templates
        self._running: AttemptRecord | None = None
        self._status: CopernicaImport | None = None
        if not is_being_unmapped(self):
            refuse_default_args(getattr(self.get_dag(), "default_args", None), self.hidden_fields)
            refuse_shared_removal(self)
            self._schedule()
            check_literals(self._given_parameters(None), self._given_guards(), waits=wait_for_completion)

    @classmethod
    def partial(cls, **kwargs: Any) -> OperatorPartial:
        """Airflow's own; it puts what it is given into the serialised DAG, where nobody may read rows."""
        return ImportPartial.of(super().partial(**kwargs))

    def given_source(self, context: Context | None) -> dict[str, object]:  # noqa: ARG002 - for those that override it
        """Where the rows come from; without context, while the DAG is parsed, a source may be ``UNKNOWN``."""
        return {"source": reveal(self.source), "location": reveal(self.location)}

    def _given_parameters(self, context: Context | None) -> dict[str, object]:
        others = {name: getattr(self, name) for name in PARAMETERS if name not in ("source", "location")}
        return {**others, **self.given_source(context)}

    def execute(self, context: Context) -> int | None:
        """Makes the import, or finds the one that an earlier attempt made, and waits for it."""
        from airflow_provider_copernica.client.imports import CopernicaImport
        from airflow_provider_copernica.hooks.copernica import CopernicaHook
        from airflow_provider_copernica.operators._attempt_store import AttemptStore
        from airflow_provider_copernica.operators._attempts import Resolution
        from airflow_provider_copernica.operators._guards import read_guards
        from airflow_provider_copernica.operators._submit import dry_run, submit

        with failing_for_good():
            refuse_shared_removal(self)
            self._schedule()
            guards = read_guards(**self._given_guards())
            hook = CopernicaHook(self.copernica_conn_id)
            if guards.dry_run:
                dry_run(hook, *self._read(context), guards)
                return None
            record = AttemptStore(context, durable=self.durable)
            earlier = record.decide(hook)
            mark = earlier.mark
            if earlier.step is Resolution.SUBMIT or mark is None:
                # not before: a file that was imported may be gone when a retry reconnects
                mark = submit(hook, *self._read(context), guards, record)
        self._running = mark
        if mark.import_id is None:
            raise CopernicaReplyError("The import has no ID.")  # never after a POST
        if not self.wait_for_completion:
            self._imported(CopernicaImport(mark.import_id, mark.name))
            return mark.import_id
        if earlier.step is Resolution.RETURN and earlier.status is not None:
            return self._finish(context, earlier.status)
        return self._wait(context, hook, mark.import_id, mark.idempotent)

    def execute_complete(self, context: Context, event: object = None, *, safe_to_repeat: bool = False) -> int:
        """
        Called with the trigger's event.

        :param safe_to_repeat: whether a retry may import the same rows once more.
        """
        from airflow_provider_copernica.triggers._events import read_event

        with self._knowing_retries(context, safe_to_repeat):
            return self._finish(context, read_event(event))

    def resume_execution(self, next_method: str, next_kwargs: dict[str, object] | None, context: Context) -> object:
        """Called by Airflow when a deferred task goes on; says what is true when no trigger's event is the reason."""
        reason = deferral_failure(next_method, next_kwargs)
        if reason is None:
            return super().resume_execution(next_method, next_kwargs, context)
        with self._knowing_retries(context, idempotent=False):
            raise deferral_error(reason)

    def on_kill(self) -> None:
        """Called when the task is killed while it waits in a worker."""
        if self._running is not None:
            log.warning("Copernica import %s %r: %s", self._running.import_id, self._running.name, GOES_ON)

    def _read(self, context: Context) -> tuple[ImportParameters, Columns]:
        from airflow_provider_copernica.operators._submit import default_name
        from airflow_provider_copernica.payload.row_rules import Columns

        given = self._given_parameters(context)
        if given["name"] is None or not str(given["name"]).strip():
            given["name"] = default_name(context)
        parameters = read_parameters(given, waits=self.wait_for_completion)
        return parameters, Columns(self.column_map, self.location_columns)

    def _given_guards(self) -> dict[str, object]:
        return {"min_records": self.min_records, "check_fields": self.check_fields, "dry_run": self.dry_run}

    def _schedule(self) -> PollSchedule:
        if self.timeout is not None:
            to_seconds(self.timeout)
        return PollSchedule(self.poll_interval, self.max_poll_interval)

    def _wait(self, context: Context, hook: CopernicaHook, import_id: int, idempotent: bool) -> int:
        from airflow_provider_copernica.client.operations import begin_watch
        from airflow_provider_copernica.operators._waiting import make_trigger, watch_in_worker

        # in a worker Airflow itself sees to execution_timeout
        watch = begin_watch(self._schedule(), self.timeout, self.execution_timeout if self.deferrable else None)
        if self.deferrable:
            trigger, net = make_trigger(import_id, self.copernica_conn_id, watch)
            kwargs = {"safe_to_repeat": idempotent}
            self.defer(trigger=trigger, method_name="execute_complete", kwargs=kwargs, timeout=net)
        with self._knowing_retries(context, idempotent):
            return self._finish(context, watch_in_worker(hook, import_id, watch))

    def _finish(self, context: Context, status: CopernicaImport) -> int:
        log.info("Finished: %s.", status)
        context["ti"].xcom_push(key="import_status", value=status.as_dict())
        self._imported(status)
        return status.import_id

    def _imported(self, status: CopernicaImport) -> None:
        from airflow_provider_copernica.lineage import report_output

        self._status = status
        report_output(self, self.database, self.copernica_conn_id)

    def lineage_inputs(self) -> list[Dataset]:
        """Where the rows came from, in OpenLineage's terms. Transfers override this."""
        from airflow_provider_copernica.lineage import file_input

        return file_input(reveal(self.location))

    def get_openlineage_facets_on_complete(self, task_instance: object) -> OperatorLineage[Dataset, RunFacet] | None:  # noqa: ARG002 - of its signature
        """Called by Airflow's OpenLineage provider, after a failure as well."""
        from airflow_provider_copernica.lineage import import_lineage

        if self._status is None:
            return None
        return import_lineage(self.database, self.copernica_conn_id, self.lineage_inputs(), self._status)

    @contextmanager
    def _knowing_retries(self, context: Context, idempotent: bool) -> Iterator[None]:
        from airflow_provider_copernica.operators._attempt_store import AttemptStore

        try:
            with knowing_retries(idempotent, lambda: AttemptStore(context, durable=self.durable).remembers):
                yield
        except Exception as error:
            self._status = getattr(error.__cause__ or error, "copernica_import", None)
            raise
