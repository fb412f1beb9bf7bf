"""The link on a task instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator, TaskInstanceKey

__all__ = ["CopernicaLink"]

# The documented page of databases, profiles and imports; no address of a single import or database is documented.
PROFILES_URL = "https://ms.copernica.com/#/profiles"


class CopernicaLink(BaseOperatorLink):
    """Opens profiles and imports in Copernica; needs neither database nor connection."""

    name = "Copernica"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:  # noqa: ARG002 - Airflow's signature
        """The address is the same for every task."""
        return PROFILES_URL
