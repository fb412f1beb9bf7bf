"""A secrets backend that has no secrets, and counts what is looked up."""

from __future__ import annotations

from collections import Counter
from typing import ClassVar


class CountingBackend:
    """
    Airflow asks it before the environment.

    It has no base class: Airflow makes it while Airflow is itself imported.
    """

    lookups: ClassVar[Counter[str]] = Counter()

    def _set_connection_class(self, _: type) -> None: ...

    def get_connection(self, conn_id: str, *_: object, **__: object) -> None:
        self.lookups[conn_id] += 1

    def get_variable(self, *_: object, **__: object) -> None: ...

    def get_config(self, *_: object, **__: object) -> None: ...
