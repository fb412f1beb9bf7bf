"""The arguments of ``Snapshot``, and what an import with a snapshot can't be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from urllib.parse import urlsplit

from airflow_provider_copernica.client.convert import to_text
from airflow_provider_copernica.exceptions import CopernicaArgumentError
from airflow_provider_copernica.payload.option_arguments import Limit, OptionArguments, or_none, to_limit

__all__ = [
    "FULL_EVERY",
    "HAND_OVER",
    "IGNORE",
    "SnapshotSettings",
    "check_snapshot_settings",
    "read_snapshot_settings",
    "refuse_columns",
    "refuse_parameters",
    "to_days",
]

OnRemoved = Literal["ignore", "hand_over"]
IGNORE: OnRemoved = "ignore"
HAND_OVER: OnRemoved = "hand_over"
FULL_EVERY = timedelta(days=7)
_DAY = timedelta(days=1)
_LONGEST = 36_500
_SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*://", re.IGNORECASE)
# a name and a secret, which may hold slashes, before the host
_PASSWORD = re.compile(r"(?::|%3a)[^@]*@", re.IGNORECASE)
_ACTIONS = ("update", "update or add", "ignore or add")


@dataclass(frozen=True)
class SnapshotSettings:
    """
    Where a snapshot is kept, and how much may change at once.

    :param path: of the folder.
    :param object_storage_conn_id: the Airflow connection of its storage; None for the one in the path, if any.
    :param max_changed: how many rows may be new or changed; None for no limit.
    :param max_removed: how many rows may be gone; None for no limit.
    :param on_removed: what becomes of gone rows: forgotten, or kept for the task that removes them.
    :param full_every: how long everything need not be sent.
    """

    path: str
    object_storage_conn_id: str | None = None
    max_changed: Limit | None = None
    max_removed: Limit | None = None
    on_removed: OnRemoved = IGNORE
    full_every: timedelta = FULL_EVERY

    @property
    def hands_over(self) -> bool:
        """Return whether gone rows are kept with the texts of their keys."""
        return self.on_removed == HAND_OVER


def check_snapshot_settings(given: Mapping[str, object]) -> None:
    """
    Check what is literal, before anything is rendered.

    :param given: the arguments of ``Snapshot``.
    :raises CopernicaArgumentError: naming all that is wrong already.
    """
    given = _without_blanks(given)
    _ARGUMENTS.check(given)
    if given.get("on_removed") == HAND_OVER and given.get("max_removed") is None:
        raise _unlimited_removal()


def read_snapshot_settings(given: object) -> SnapshotSettings:
    """
    Read the arguments of ``Snapshot`` as they were rendered: a plain dict by then.

    :param given: the arguments by name.
    :raises CopernicaArgumentError: naming all that is wrong.
    """
    arguments = _without_blanks(given) if isinstance(given, Mapping) else given
    settings = SnapshotSettings(**_ARGUMENTS.read(arguments))  # type: ignore[arg-type]  # each was converted
    if settings.hands_over and settings.max_removed is None:
        raise _unlimited_removal()
    return settings


def refuse_parameters(parameters: Mapping[str, object]) -> None:
    """
    Refuse what can't go with a snapshot; what is not known yet is not a reason.

    :param parameters: of the import, converted.
    :raises CopernicaArgumentError: naming all that can't.
    """
    action = parameters.get("action")
    problems = []
    if action in ("add", "delete"):
        problems.append(
            f"snapshot can't go with action {action!r}, whose rows are not compared with what Copernica holds: it is "
            f"for {', '.join(map(repr, _ACTIONS))}"
        )
    problems += [sentence for name, value, sentence in _REFUSED if parameters.get(name) is value]
    if parameters.get("location") is not None:
        problems.append(
            "snapshot looks at the rows, but with location (or presign) Copernica fetches the file itself: leave one "
            "of them out"
        )
    if problems:
        raise CopernicaArgumentError(*problems)


def refuse_columns(*, idempotent: bool) -> None:
    """
    Refuse columns whose rows can't be sent twice.

    :param idempotent: whether sending them twice changes nothing more than sending them once.
    :raises CopernicaArgumentError: it does.
    """
    if not idempotent:
        raise CopernicaArgumentError(
            "snapshot sends rows again after a failure, but a collection has no key field, so that its subprofiles "
            "would be added once more: name one in key_fields, like 'Order.OrderID'"
        )


def to_days(value: object) -> object:
    """
    Return a timedelta as days, so that it is JSON; anything else as it is.

    :param value: an argument of a DAG's author.
    """
    return value / _DAY if isinstance(value, timedelta) else value


_REFUSED: tuple[tuple[str, bool, str], ...] = (
    (
        "remove_missing",
        True,
        "snapshot can't go with remove_missing, which would delete what did not change: use on_removed='hand_over'",
    ),
    (
        "autostart",
        False,
        "snapshot can't go with autostart=False: whether a person starts the import is never known",
    ),
    (
        "followups",
        True,
        "snapshot can't go with followups: rows are sent again after a failure, and would mail once more",
    ),
)


def _unlimited_removal() -> CopernicaArgumentError:
    return CopernicaArgumentError(
        "snapshot: on_removed='hand_over' needs max_removed, so that half a source does not remove the other half: "
        "give a number of rows, or a share like '1%'"
    )


def _without_blanks(given: Mapping[str, object]) -> dict[str, object]:
    """Leave out what a template renders to where it has no value, but for the path, which must have one."""
    return {name: value for name, value in given.items() if name == "path" or not _is_blank(value)}


def _is_blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and value.strip() in ("", "None"))


def _path(value: object) -> str:
    text = "" if _is_blank(value) else to_text(value).strip()
    if not text:
        raise ValueError("must be a folder, like 's3://bucket/copernica/customers'")
    try:
        parts = urlsplit(text)
        secret = bool(parts.scheme) and bool(parts.query or parts.fragment)
        secret = secret or ("@" in parts.path.partition("/")[0] and not parts.scheme)
        secret = secret or _PASSWORD.search(_SCHEME.sub("", text)) is not None
    except ValueError:
        secret = True
    if secret:
        raise ValueError(
            "must be a folder without credentials, version or other addition: keep them in an Airflow connection, and "
            "name that in object_storage_conn_id"
        )
    return text.rstrip("/") or text


def _conn_id(value: object) -> str | None:
    return to_text(value).strip()


def _on_removed(value: object) -> OnRemoved:
    text = to_text(value).strip()
    for known in (IGNORE, HAND_OVER):
        if text == known:
            return known
    raise ValueError(f"is {text[:40]!r}: it must be 'ignore' or 'hand_over'")


def _full_every(value: object) -> timedelta:
    if isinstance(value, timedelta):
        value = value / _DAY
    try:
        days = float(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else -1.0
    except ValueError:
        days = -1.0
    if not 0 <= days <= _LONGEST:
        raise ValueError("must be a timedelta, or a number of days, like 7 or '0.5'; 0 sends everything now")
    return days * _DAY


_ARGUMENTS = OptionArguments(
    "snapshot",
    "Snapshot(path)",
    converters={
        "path": _path,
        "object_storage_conn_id": or_none(_conn_id),
        "max_changed": or_none(to_limit("rows")),
        "max_removed": or_none(to_limit("rows")),
        "on_removed": _on_removed,
        "full_every": _full_every,
    },
    defaults={"on_removed": IGNORE, "full_every": FULL_EVERY},
)
