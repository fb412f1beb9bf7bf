"""The arguments of ``Snapshot``, literal and rendered, and what it can't go with."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.options import Snapshot
from airflow_provider_copernica.snapshot.settings import SnapshotSettings, read_snapshot_settings, refuse_parameters


def test_defaults() -> None:
    assert read_snapshot_settings(Snapshot("s3://bucket/customers/")) == SnapshotSettings("s3://bucket/customers")


@pytest.mark.parametrize("nothing", [None, "", "  ", "None"])
def test_what_renders_to_nothing_is_not_given(nothing: Any) -> None:
    names = ("object_storage_conn_id", "max_changed", "max_removed", "on_removed", "full_every")
    assert read_snapshot_settings({"path": "x", **dict.fromkeys(names, nothing)}) == SnapshotSettings("x")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (timedelta(hours=12), timedelta(hours=12)),
        (0, timedelta(0)),
        ("0", timedelta(0)),
        ("0.5", timedelta(hours=12)),
        (" 30 ", timedelta(days=30)),
    ],
)
def test_full_every_is_a_timedelta_or_days(given: Any, expected: timedelta) -> None:
    assert read_snapshot_settings(Snapshot("x", full_every=given)).full_every == expected
    assert read_snapshot_settings({"path": "x", "full_every": given}).full_every == expected


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"path": ""}, "path must be a folder"),
        ({"path": "None"}, "path must be a folder"),
        ({"path": 5}, "path must be text"),
        ({"path": "s3://key:secret@bucket/x"}, "without credentials"),
        ({"path": "s3://key:sec/ret@bucket/x"}, "without credentials"),
        ({"path": "s3://key%3Asecret@bucket/x"}, "without credentials"),
        ({"path": "s3:/key:secret@bucket/x"}, "without credentials"),
        ({"path": "key:secret@bucket/x"}, "without credentials"),
        ({"path": "simplecache::s3://key:secret@bucket/x"}, "without credentials"),
        ({"path": "https://host/x?sig=abc"}, "without credentials"),
        ({"path": "x", "max_changed": "much"}, "max_changed must be a number of rows"),
        ({"path": "x", "max_removed": "101%"}, "max_removed must be a number of rows"),
        ({"path": "x", "on_removed": "delete"}, "must be 'ignore' or 'hand_over'"),
        ({"path": "x", "on_removed": "hand_over"}, "needs max_removed"),
        ({"path": "x", "full_every": -1}, "full_every must be a timedelta, or a number of days"),
        ({"path": "x", "full_every": "weekly"}, "full_every must be a timedelta"),
        ({"path": "x", "full_every": True}, "full_every must be a timedelta"),
        ({"path": "x", "full_every": float("nan")}, "full_every must be a timedelta"),
    ],
)
def test_a_mistake_is_seen_at_once(arguments: Any, words: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=words):
        Snapshot(**arguments)
    with pytest.raises(CopernicaArgumentError, match=words):
        read_snapshot_settings(arguments)


@pytest.mark.parametrize(
    "path",
    ["s3://aws_default@bucket/x", "abfs://box@account.dfs.core.windows.net/x", "file:///a@b", "/a:b/c", "s3://b:9/x"],
)
def test_what_has_no_secret_is_a_path(path: str) -> None:
    assert read_snapshot_settings(Snapshot(path)).path == path


@pytest.mark.parametrize("given", ["x", 5, ["x"]])
def test_anything_but_a_dict_is_refused(given: object) -> None:
    with pytest.raises(CopernicaArgumentError, match=r"give Snapshot\(path\)"):
        read_snapshot_settings(given)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"action": "add"}, "can't go with action 'add'"),
        ({"action": "delete"}, "can't go with action 'delete'"),
        ({"remove_missing": True}, "can't go with remove_missing"),
        ({"autostart": False}, "can't go with autostart=False"),
        ({"followups": True}, "would mail once more"),
        ({"location": "https://example.com/x.csv"}, r"location \(or presign\)"),
    ],
)
def test_what_can_not_go_with_it(parameters: Any, words: str) -> None:
    with pytest.raises(CopernicaArgumentError, match=words):
        refuse_parameters({"action": "update", **parameters})


@pytest.mark.parametrize("action", ["update", "update or add", "ignore or add"])
def test_what_can(action: str) -> None:
    refuse_parameters({"action": action, "remove_missing": False, "autostart": True, "followups": None})
