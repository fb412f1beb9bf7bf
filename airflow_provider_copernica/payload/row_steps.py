"""Steps that see the rows of an import on their way into its body."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from airflow_provider_copernica.payload.header import Header

__all__ = ["RowStep"]


class RowStep(Protocol):
    """
    Sees each row that passed the checks, and may leave it out of the body.

    A step that leaves rows out has ``selects`` set: a text source is then sent as rows, since text goes out whole.
    """

    @property
    def selects(self) -> bool:
        """Return whether rows may be left out."""

    def begin(self, header: Header) -> None:
        """
        Get to know the columns, before the first row, and again where a later row has more of them.

        :param header: of the rows from here on; those of an earlier header come first.
        """

    def takes(self, texts: Sequence[str]) -> bool:
        """
        Return whether a row goes into the body.

        :param texts: its values as they are sent, in the order of the header.
        """
