"""The operator: makes an import and, unless told otherwise, waits for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Unpack, cast

from airflow.providers.common.compat.sdk import conf

from airflow_provider_copernica.arguments import (
    Action,
    CheckFields,
    DeleteTarget,
    Delimiter,
    TaskArguments,
    Template,
    TextFormat,
    refuse_unknown,
    rendered,
)
from airflow_provider_copernica.client.schedule import (
    DEFAULT_MAX_POLL_INTERVAL,
    DEFAULT_POLL_INTERVAL,
    PollSchedule,
    Watch,
    begin_watch,
    to_seconds,
)
from airflow_provider_copernica.connection_form import DEFAULT_CONN_ID
from airflow_provider_copernica.links.copernica import CopernicaLink
from airflow_provider_copernica.operators._literals import check_literals
from airflow_provider_copernica.operators._mapping import ImportPartial, refuse_paths_of_group, refuse_shared_removal
from airflow_provider_copernica.operators._rendering import RenderingOperator
from airflow_provider_copernica.payload.parameters import PARAMETERS, ImportParameters, read_parameters
from airflow_provider_copernica.redacted_fields import (
    LOCATION,
    ROWS,
    Hidden,
    redacted,
    refuse_default_args,
    reveal,
)
from airflow_provider_copernica.version_compat import callable_on_airflow_2, deferral_failure, is_being_unmapped

if TYPE_CHECKING:
    from airflow.providers.common.compat.openlineage.facet import Dataset, RunFacet
    from airflow.providers.common.compat.sdk import Context, XComArg
    from airflow.providers.openlineage.extractors import OperatorLineage
    from airflow.sdk.definitions.mappedoperator import OperatorPartial

    from airflow_provider_copernica.operators._options import ImportOptions
    from airflow_provider_copernica.operators._run import ImportRun
    from airflow_provider_copernica.operators._steps import ImportSteps
    from airflow_provider_copernica.payload.row_rules import Columns

__all__ = ["CopernicaImportOperator"]


class CopernicaImportOperator(RenderingOperator):
    """
    Import profiles and subprofiles into a Copernica database: once, checked, and watched until finished.

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
    :param poll_interval: seconds between two polls that the intervals grow to quickly (1, 2, 4, 8 ...); from there each
        is a quarter longer.
    :param max_poll_interval: seconds between two polls at most, unless ``poll_interval`` is larger.
    :param timeout: seconds (or a timedelta) to wait in all; default: for ever, or ``execution_timeout``.
    :param durable: remember the import across retries and clearing (Airflow 3.3 and later).
    :param min_records: fail when there are fewer rows than this.
    :param check_fields: ``"names"``: refuse columns that the database does not have, by one GET before, and warn, by
        another, if the import may undo what people chose by unsubscribing; ``"values"`` or True: compare the values
        too; False: ask nothing.
    :param dry_run: do everything but send, and report; the task then returns None.
    :param rejects: ``Rejects(path)`` of :mod:`airflow_provider_copernica.options`: rows that break a rule go to a file,
        with their reasons, and the others are sent; default: any such row fails the task. The XCom ``import_outcome``
        then holds ``{"rejects": {"rows": ..., "accepted": ..., "rejected": ...}}``.
    :param snapshot: ``Snapshot(path)`` of :mod:`airflow_provider_copernica.options`: only what changed since the last
        success is sent; default: every row. Where nothing did, no import is made and the task returns None. The XCom
        ``import_outcome`` then holds ``{"snapshot": {"rows", "sent", "new", "changed", "again", "gone", "full"}}``.
    :param verify: ``Verify()`` of :mod:`airflow_provider_copernica.options`: the database is looked at after the
        import, and a difference fails the task without a retry; default: not looked at. ``import_outcome`` then holds
        ``{"verify": {"new": ..., "modified": ..., "removed": ..., "sampled": ..., ...}}``, after a difference as well.
    :return: the ID of the import. When it waited, the XCom ``import_status`` holds import_id, name, status,
        total_lines, processed_lines, last_run and last_error.
    :raises CopernicaArgumentError: at parse, when a literal argument is wrong.
    :raises AirflowFailException: when a retry could do harm or can't help.
    :raises CopernicaImportFailedError: when the import failed, with Copernica's own words.
    :raises CopernicaVerificationError: when the database does not hold what was sent.
    :raises AirflowSkipException: when there are no rows.
    """

    template_fields: Sequence[str] = (
        *PARAMETERS,
        "copernica_conn_id",
        "min_records",
        "check_fields",
        "dry_run",
        "rejects",
        "snapshot",
        "verify",
    )
    operator_extra_links = (CopernicaLink(),)
    # arguments whose values are never shown
    hidden_fields: ClassVar[Mapping[str, Hidden]] = {"source": ROWS, "location": LOCATION}
    # what only transfers know of columns: new names for those of the source, and the names of a location's
    column_map: Mapping[str, str] | None = None
    location_columns: Sequence[str] = ()
    # names the file that a row comes from, where a transfer reads several
    current_file: Callable[[], str | None] | None = None
    ui_color = "#d8ebf5"

    def __init__(
        self,
        *,
        task_id: str,
        database: int | str | XComArg,
        action: Action | Template | XComArg,
        name: str | XComArg | None = None,
        key_fields: Sequence[str] | str | XComArg | None = None,
        source: object = None,
        location: str | XComArg | None = None,
        format: TextFormat | Template | XComArg | None = None,  # noqa: A002 - the API's own name
        delimiter: Delimiter | Template | XComArg | None = None,
        followups: bool | str | XComArg | None = None,
        autostart: bool | str | XComArg | None = None,
        rebuild: bool | str | XComArg | None = None,
        ignore_empty_fields: bool | str | XComArg | None = None,
        remove_missing: bool | str | XComArg | None = None,
        delete_target: DeleteTarget | Template | XComArg | None = None,
        copernica_conn_id: str | XComArg = DEFAULT_CONN_ID,
        wait_for_completion: bool = True,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float = DEFAULT_POLL_INTERVAL,
        max_poll_interval: float = DEFAULT_MAX_POLL_INTERVAL,
        timeout: float | timedelta | None = None,
        durable: bool = True,
        min_records: int | str | XComArg | None = None,
        check_fields: bool | CheckFields | Template | XComArg = "names",
        dry_run: bool | str | XComArg = False,
        rejects: Mapping[str, object] | None = None,
        snapshot: Mapping[str, object] | None = None,
        verify: Mapping[str, object] | None = None,
        **kwargs: Unpack[TaskArguments],
    ) -> None:
        refuse_unknown(type(self), kwargs)
        super().__init__(task_id=task_id, **kwargs)
        self.database = cast("int | str", database)  # as rendered
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
        self.copernica_conn_id = rendered(copernica_conn_id)
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.max_poll_interval = max_poll_interval
        self.timeout = timeout
        self.durable = durable
        self.min_records = min_records
        self.check_fields = check_fields
        self.dry_run = dry_run
        self.rejects = rejects
        self.snapshot = snapshot
        self.verify = verify
        self._run: ImportRun | None = None
        if not is_being_unmapped(self):
            refuse_default_args(getattr(self.get_dag(), "default_args", None), self.hidden_fields)
            refuse_shared_removal(self)
            refuse_paths_of_group(self)
            self._schedule()
            check_literals(self._given_parameters(None), self._given_options(), waits=wait_for_completion)

    @property  # type: ignore[override]  # see the docstring
    def dry_run(self) -> object:
        """
        Return the argument, callable like the method of BaseOperator that it hides.

        Airflow 2's ``airflow tasks test --dry-run`` calls that method, which logs the rendered template fields.
        """
        return callable_on_airflow_2(self._dry_run, getattr(super(), "dry_run", None))

    @dry_run.setter
    def dry_run(self, value: object) -> None:
        self._dry_run = value

    @classmethod
    def partial(cls, **kwargs: Any) -> OperatorPartial:
        """Return Airflow's own, with rows and locations hidden: it puts its arguments into the serialised DAG."""
        return ImportPartial.of(super().partial(**kwargs))

    def given_source(self, context: Context | None) -> dict[str, object]:  # noqa: ARG002 - for those that override it
        """Return where the rows come from; without context, while the DAG is parsed, a source may be ``UNKNOWN``."""
        return {"source": reveal(self.source), "location": reveal(self.location)}

    def _given_parameters(self, context: Context | None) -> dict[str, object]:
        others = {name: getattr(self, name) for name in PARAMETERS if name not in ("source", "location")}
        return {**others, **self.given_source(context)}

    def execute(self, context: Context) -> int | None:
        """Make the import, or find the one that an earlier attempt made, and wait for it."""
        from airflow_provider_copernica.operators._retries import before_sending, fail_without_retry
        from airflow_provider_copernica.operators._run import ImportRun

        with fail_without_retry(before_sending):
            refuse_shared_removal(self)
            self._schedule()
            self._run = ImportRun(self, context)
        return self._run.execute()

    def execute_complete(self, context: Context, event: object = None, *, safe_to_repeat: bool = False) -> int:
        """
        Go on after the trigger's event.

        :param context: of the task.
        :param event: of the trigger.
        :param safe_to_repeat: whether a retry may import the same rows once more, of a task that the first version
            deferred; today the event holds it.
        """
        from airflow_provider_copernica.operators._run import ImportRun

        self._run = ImportRun(self, context)
        return self._run.resume(event, safe_to_repeat=safe_to_repeat)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, object] | None, context: Context) -> object:
        """Go on after a deferral; where no event of the trigger is the reason, look once more."""
        from airflow_provider_copernica.operators._run import ImportRun

        reason = deferral_failure(next_method, next_kwargs)
        if reason is None:
            return super().resume_execution(next_method, next_kwargs, context)
        self._run = ImportRun(self, context)
        return self._run.wake(reason)

    def on_kill(self) -> None:
        """
        Say what is true when the task is killed in a worker.

        :raises AirflowFailException: Airflow would retry the task without knowing of the import.
        """
        if self._run is not None:
            self._run.on_kill()

    def rendered_parameters(self, context: Context) -> tuple[ImportParameters, Columns]:
        """Return the parameters of the import as they were rendered, and what is known of its columns."""
        from airflow_provider_copernica.operators._submit import default_name
        from airflow_provider_copernica.payload.row_rules import Columns

        arguments = self._given_parameters(context)
        if arguments["name"] is None or not str(arguments["name"]).strip():
            arguments["name"] = default_name(context)
        parameters = read_parameters(arguments, waits=self.wait_for_completion)
        return parameters, Columns(self.column_map, self.location_columns, self.current_file)

    def rendered_options(self) -> ImportOptions:
        """Return what is looked at before and after the import, as it was rendered."""
        from airflow_provider_copernica.operators._options import check_waiting, read_options

        check_waiting(self.verify, waits=self.wait_for_completion)
        return read_options(**self._given_options())

    def make_steps(self, options: ImportOptions, context: Context, *, in_worker: bool) -> ImportSteps:
        """
        Return the steps of the options.

        :param options: as they were rendered.
        :param context: of the task.
        :param in_worker: whether the process that sends the rows also waits for the import's end.
        """
        from airflow_provider_copernica.operators._steps import make_steps

        return make_steps(options, context, in_worker=in_worker)

    def begin_watch(self, *limits: timedelta | None) -> Watch:
        """
        Return how to wait for the import from now on.

        :param limits: more limits than ``timeout``; None for none.
        """
        return begin_watch(self._schedule(), self.timeout, *limits)

    def _given_options(self) -> dict[str, object]:
        return {
            "min_records": self.min_records,
            "check_fields": self.check_fields,
            "dry_run": self._dry_run,
            "rejects": self.rejects,
            "snapshot": self.snapshot,
            "verify": self.verify,
        }

    def _schedule(self) -> PollSchedule:
        if self.timeout is not None:
            to_seconds(self.timeout)
        return PollSchedule(self.poll_interval, self.max_poll_interval)

    def lineage_inputs(self) -> list[Dataset]:
        """Return where the rows came from, in OpenLineage's terms. Transfers override this."""
        from airflow_provider_copernica.lineage import file_input

        return file_input(reveal(self.location))

    def get_openlineage_facets_on_complete(
        self,
        task_instance: object,  # noqa: ARG002 - Airflow's signature
    ) -> OperatorLineage[Dataset, RunFacet] | None:
        """Return what Airflow's OpenLineage provider asks for, after a failure as well."""
        from airflow_provider_copernica.lineage import import_lineage

        if self._run is None or self._run.status is None:
            return None
        inputs = self.lineage_inputs()
        return import_lineage(self.database, self.copernica_conn_id, inputs, self._run.status, self._run.outcome)
