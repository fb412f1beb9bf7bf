"""Airflow's metadata database in SQLite: migrating one takes seconds, copying it does not."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


def make_database() -> None:
    """Makes the tables of this process's Airflow."""
    from airflow.utils.db import initdb

    initdb()


def copy_database(source: Path, target: Path) -> None:
    """
    Copies a database.

    :param source: may be in use.
    :param target: overwritten when there is one, even while it is in use.
    """
    with closing(sqlite3.connect(source)) as read, closing(sqlite3.connect(target)) as write:
        read.backup(write)


def use_database(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Have the Airflow in this process use a database.

    :param monkeypatch: forgets it for the processes that are started later.
    """
    from airflow import settings

    untyped: Any = settings
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", f"sqlite:///{file}")
    untyped.configure_vars()
    untyped.reconfigure_orm()
