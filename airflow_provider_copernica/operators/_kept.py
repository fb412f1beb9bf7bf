"""What an option keeps in the record of the attempt once its import has ended."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace

from airflow_provider_copernica.operators._attempt_store import AttemptStore
from airflow_provider_copernica.operators._attempts import AcceptedImport

__all__ = ["keep_in_record"]

log = logging.getLogger(__name__)


def keep_in_record(store: AttemptStore, import_id: int, option: str, data: Mapping[str, object]) -> None:
    """
    Replace what an option keeps; where that can't be done, the task goes on, since its end says the same.

    :param store: of this task.
    :param import_id: of the import that has ended.
    :param option: its name.
    :param data: JSON without any row or secret.
    """
    try:
        record = store.record or store.load()
        if isinstance(record, AcceptedImport) and record.import_id == import_id:
            store.save(replace(record, kept={**record.kept, option: dict(data)}))
    except Exception:  # whatever Airflow's API raises
        log.exception("What became of import %d could not be stored for later attempts.", import_id)
