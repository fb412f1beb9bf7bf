"""Lists, page by page, as steps that a client carries out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.client.exchange import Steps
from airflow_provider_copernica.client.messages import QueryParams
from airflow_provider_copernica.client.operations import get_json
from airflow_provider_copernica.client.retry import RetryPolicy
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaReplyError

__all__ = ["Page", "first_start", "get_page"]

# the most that api.copernica.com gives in one page (documentation, "paging")
PAGE_SIZE = 1000


def get_page(path: str, params: QueryParams, start: int, policy: RetryPolicy) -> Steps[Page]:
    """
    Get one page of a list; ``start`` is an offset (documentation in Dutch, "paging"; the English page calls it an ID).

    :raises CopernicaReplyError: when the reply is not a list.
    """
    limit = _limit(params)
    value = yield from get_json(path, {**params, "start": start, "limit": limit}, policy)
    envelope: Mapping[str, object] = value if isinstance(value, dict) else {"data": value}
    items = envelope.get("data")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise CopernicaReplyError(
            f"Copernica's reply to GET {path} is not a list of objects: use request() for this endpoint"
        )
    end = start + len(items)
    total = envelope.get("total")
    try:
        more = end < to_count(total, least=0)
    except ValueError:  # no total, as asked with total=false
        more = isinstance(value, dict) and len(items) >= min(limit, _own_limit(envelope, limit))
    return Page(items, end if more and items else None)


@dataclass(frozen=True)
class Page:
    """
    One page of a list.

    :param items: the objects of this page.
    :param next_start: the offset of the next one; None at the end.
    """

    items: list[dict[str, object]]
    next_start: int | None


def first_start(params: QueryParams) -> int:
    """Return the offset to begin at."""
    return _number(params, "start", 0, least=0)


def _limit(params: QueryParams) -> int:
    return min(_number(params, "limit", PAGE_SIZE, least=1), PAGE_SIZE)


def _own_limit(envelope: Mapping[str, object], asked: int) -> int:
    """Return the size of a page that the reply names, which may be smaller than the one asked for."""
    try:
        return to_count(envelope.get("limit"))
    except ValueError:
        return asked


def _number(params: QueryParams, name: str, default: int, *, least: int) -> int:
    try:
        return to_count(params.get(name, default), least)
    except ValueError as error:
        raise CopernicaArgumentError(f"{name} {error}.") from error
