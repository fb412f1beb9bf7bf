"""Looking something up in a list of (sub)profiles: one GET, with its number in all and the moment of the reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.client.exchange import Steps, exchange
from airflow_provider_copernica.client.messages import ApiCall, Reply
from airflow_provider_copernica.client.replies import read_json
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.exceptions import CopernicaReplyError

__all__ = ["Listing", "look_up"]


@dataclass(frozen=True)
class Listing:
    """
    The beginning of a list.

    :param items: the first objects.
    :param total: how many there are in all; None where the reply does not say.
    :param moment: when the reply was made, by the clock of the server; None where it does not say.
    """

    items: tuple[Mapping[str, object], ...] = field(repr=False)
    total: int | None = None
    moment: datetime | None = None


def look_up(
    path: str,
    conditions: Sequence[str] = (),
    *,
    limit: int,
    newest_first: bool = False,
    private: bool = False,
    policy: RetryPolicy,
) -> Steps[Listing]:
    """
    Read the beginning of a list of (sub)profiles.

    Source of the parameters: documentation of ``GET database/$id/profiles`` and ``GET collection/$id/subprofiles``.

    :param path: of the list.
    :param conditions: like ``Email==a@example.com``, of which all must hold; Copernica ignores what it can't read.
    :param limit: objects in the reply at most.
    :param newest_first: the highest ID comes first, default the lowest.
    :param private: the conditions hold keys of rows, so that no message shows what Copernica says.
    :param policy: how often the request is made.
    :raises CopernicaReplyError: the reply is not a list of objects.
    """
    params: dict[str, str | int | bool | Sequence[str | int]] = {"limit": limit, "total": True}
    if newest_first:
        params |= {"orderby": "id", "order": "desc"}
    if conditions:
        params["fields[]"] = list(conditions)
    call = ApiCall("GET", path, params, idempotent=True, expects_json=True, private=private)
    reply = (yield from exchange(call, policy)).reply
    del params, conditions  # out of the sight of those who collect the local variables of a failed call
    value = read_json(reply)
    envelope: Mapping[str, object] = value if isinstance(value, dict) else {}
    items = envelope.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise CopernicaReplyError(f"Copernica's reply to GET {path} is not a list of objects")
    try:
        total: int | None = to_count(envelope.get("total"), least=0)
    except ValueError:
        total = None
    return Listing(tuple(items), total, _moment(reply))


def _moment(reply: Reply) -> datetime | None:
    """Return what the header ``Date`` says (RFC 9110: always in GMT)."""
    try:
        moment = parsedate_to_datetime(reply.headers.get("date", ""))
    except (ValueError, TypeError, IndexError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
