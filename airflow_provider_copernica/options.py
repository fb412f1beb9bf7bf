"""
What users switch on: dicts that check themselves.

They are dicts since Airflow renders dicts wherever they stand, in mapped tasks too, and hands plain ones on.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from airflow_provider_copernica.payload.rejects import check_reject_settings
from airflow_provider_copernica.snapshot.settings import FULL_EVERY, check_snapshot_settings, to_days
from airflow_provider_copernica.verification.settings import check_verify_settings

__all__ = ["Rejects", "Snapshot", "Verify"]


class Rejects(dict[str, object]):
    """
    Write rows that break a rule to a file, with their reasons, and send the others.

    The file holds a JSON object per line: ``{"row": 17, "reasons": ["Email: is empty, ..."]}``. It is written before
    anything is sent, empty where no row was rejected, so that the file of an earlier attempt never stays. Rules for
    columns still fail the task. Not with ``remove_missing``: a rejected row would be deleted.

    :param path: of the file, on any storage that Airflow's ``ObjectStoragePath`` knows; a template.
    :param at_most: fail, and send nothing, where more rows than this are rejected: a number, or a share of the rows
        read such as ``"1%"``; default 0: any rejected row fails the task, after the file was written. A template.
    :param values: write the values of the rows too, each as text; default False. These are personal data. A template.
    :param object_storage_conn_id: the Airflow connection of the storage; default: the one in the path, if any. A
        template.
    :raises CopernicaArgumentError: a literal argument is wrong.
    """

    def __init__(
        self,
        path: str,
        *,
        at_most: int | str = 0,
        values: bool | str = False,
        object_storage_conn_id: str | None = None,
    ) -> None:
        super().__init__(path=path, at_most=at_most, values=values, object_storage_conn_id=object_storage_conn_id)
        check_reject_settings(self)


class Snapshot(dict[str, object]):
    """
    Send only what changed: remember in a folder what Copernica is known to hold, as digests of the rows.

    Each run compares the rows of its source with those digests, and sends what is new or changed. Nothing is taken for
    held before its import has finished: after a failure, whatever was on its way is sent again. Each key may occur
    once. For ``update``, ``update or add`` and ``ignore or add``. Not with ``remove_missing``, ``location``,
    ``presign``, ``autostart=False`` or ``followups``. A folder belongs to one task, and its runs follow each other
    (``max_active_runs=1``).

    :param path: of a folder on any storage that Airflow's ``ObjectStoragePath`` knows, without credentials in it; a
        template, like all arguments.
    :param object_storage_conn_id: the Airflow connection of the storage; default: the one in the path, if any.
    :param max_changed: fail, and send nothing, where more rows than this are new or changed: a number, or a share of
        the rows in the last snapshot such as ``"20%"``; default: no limit. Not judged where everything is sent.
    :param max_removed: fail, and send nothing, where more rows than this are gone from the source; a number or a share;
        default: no limit.
    :param on_removed: ``"ignore"``, the default: gone rows are counted; ``"hand_over"``: they are kept, with the texts
        of their keys, for ``CopernicaRemovedRowsOperator``. That needs ``max_removed``.
    :param full_every: send everything after this time, so that what others changed in Copernica is mended: a timedelta,
        or a number of days, as a template gives it; default 7 days. 0 sends everything now.
    :raises CopernicaArgumentError: a literal argument is wrong.
    """

    def __init__(
        self,
        path: str,
        *,
        object_storage_conn_id: str | None = None,
        max_changed: int | str | None = None,
        max_removed: int | str | None = None,
        on_removed: Literal["ignore", "hand_over"] | str = "ignore",
        full_every: timedelta | float | str | None = FULL_EVERY,
    ) -> None:
        super().__init__(
            path=path,
            object_storage_conn_id=object_storage_conn_id,
            max_changed=max_changed,
            max_removed=max_removed,
            on_removed=on_removed,
            full_every=to_days(full_every),
        )
        check_snapshot_settings(self)


class Verify(dict[str, object]):
    """
    Look at the database after the import: count what has changed, and read a few rows back.

    Without it a task only knows that Copernica has finished; with it, that the database holds what was sent. A
    difference fails the task without a retry. It costs one API call before the import, three after it, and one for each
    row of the sample, and for each of its collections. What others change at the same time is counted, too.

    :param sample: rows that are read back by their key fields and compared, 1,000 at most; default 20. They are drawn
        anew each time, evenly among all keys. Only a task that waits in its worker compares rows; one that is deferred
        counts alone. A template.
    :param on_difference: ``"fail"``, the default, or ``"warn"``: the task stays green, with a warning. A template.
    :param max_removed: how many profiles may be gone afterwards: a number, or a share of those before, such as
        ``"1%"``; default: any number. A template.
    :raises CopernicaArgumentError: a literal argument is wrong.
    """

    def __init__(
        self,
        *,
        sample: int | str = 20,
        on_difference: Literal["fail", "warn"] | str = "fail",
        max_removed: int | str | None = None,
    ) -> None:
        super().__init__(sample=sample, on_difference=on_difference, max_removed=max_removed)
        check_verify_settings(self)
