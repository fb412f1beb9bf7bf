"""The hook: an Airflow connection, and what can be asked of Copernica through it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_copernica.client.convert import to_count
from airflow_provider_copernica.client.exchange import exchange
from airflow_provider_copernica.client.imports import CopernicaImport, read_import_id
from airflow_provider_copernica.client.messages import Body, QueryParams
from airflow_provider_copernica.client.operations import (
    any_call,
    create_import,
    get_import,
    get_json,
    get_object,
)
from airflow_provider_copernica.client.pages import first_start, get_page
from airflow_provider_copernica.client.polling import watch_import
from airflow_provider_copernica.client.redact import sanitize
from airflow_provider_copernica.client.retry import FAST_POLICY, RetryPolicy
from airflow_provider_copernica.client.schedule import (
    DEFAULT_MAX_POLL_INTERVAL,
    DEFAULT_POLL_INTERVAL,
    PollSchedule,
    Watch,
    begin_watch,
)
from airflow_provider_copernica.connection_form import (
    CONN_TYPE,
    DEFAULT_CONN_ID,
    EXTRA_FIELDS,
    HIDDEN_FIELDS,
    HOOK_NAME,
    PLACEHOLDERS,
    RELABELING,
)
from airflow_provider_copernica.exceptions import CopernicaArgumentError, CopernicaError
from airflow_provider_copernica.hooks._connection import NOT_VERIFIED, look_up, mask
from airflow_provider_copernica.payload.parameters import read_parameters

if TYPE_CHECKING:
    import requests

    from airflow_provider_copernica.client.settings import ApiSettings
    from airflow_provider_copernica.client.sync import SyncClient
    from airflow_provider_copernica.hooks._async_hook import CopernicaAsyncHook

__all__ = ["CopernicaAsyncHook", "CopernicaHook"]

log = logging.getLogger(__name__)


def __getattr__(name: str) -> object:
    # both hooks are found here, but aiohttp is loaded for those who ask for the asynchronous one only
    if name == "CopernicaAsyncHook":
        from airflow_provider_copernica.hooks._async_hook import CopernicaAsyncHook

        return CopernicaAsyncHook
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class CopernicaHook(BaseHook):
    """
    Speaks to the REST API of Copernica.

    :param copernica_conn_id: the Airflow connection that holds the API access token.
    :param api_version: 4 or 3; default: the connection's, else 4.
    :param request_timeout: seconds that Copernica may take to answer a request; default: the connection's, else 60.

    Every call raises a subclass of :class:`~airflow_provider_copernica.exceptions.CopernicaError`.
    """

    conn_name_attr = "copernica_conn_id"
    default_conn_name = DEFAULT_CONN_ID
    conn_type = CONN_TYPE
    hook_name = HOOK_NAME

    def __init__(
        self,
        copernica_conn_id: str = DEFAULT_CONN_ID,
        *,
        api_version: int | None = None,
        request_timeout: float | None = None,
    ) -> None:
        super().__init__()
        self.copernica_conn_id = copernica_conn_id
        self._overrides = {"api_version": api_version, "timeout": request_timeout}

    @cached_property
    def settings(self) -> ApiSettings:
        """The connection, read and checked."""
        return look_up(self.copernica_conn_id, self._overrides)

    @cached_property
    def client(self) -> SyncClient:
        """The client of this connection; it answers operations with its own settings."""
        from airflow_provider_copernica.client.sync import SyncClient

        return SyncClient(self.settings, on_secret=mask)

    def authenticate(self) -> None:
        """
        Look the connection up and, for version 4, gets a token, so that the next request needs neither.

        :raises CopernicaAuthError: when the token is refused.
        """
        if self.settings.api_version == 4:
            self.client.jwt(RetryPolicy())

    def get_conn(self) -> requests.Session:
        """
        Return a session that authenticates itself, towards the configured host only.

        Unlike :meth:`request` it repeats no request, and raises the errors of requests; those of this package only
        where no token can be had. It follows no redirect to another host.
        """
        return self.client.authenticated_session()

    def request(
        self, method: str, path: str, *, params: QueryParams | None = None, json: object = None
    ) -> requests.Response:
        """
        Make a request to any other endpoint, with the same authentication, retries and errors.

        A GET is repeated through anything transient; everything else only where it certainly did not arrive.

        :param method: the HTTP method.
        :param path: relative to the API version, like ``database/12/fields``.
        :param params: the query; a list gives the parameter several times.
        :param json: the body.
        """
        import requests

        call = any_call(method, path, params, json)
        del params, json  # out of the sight of those who collect the local variables of a failed call
        response = self.client.run(exchange(call, RetryPolicy())).reply.raw
        if not isinstance(response, requests.Response):
            raise TypeError("the synchronous client must hand back responses of requests")
        return response

    def create_import(self, **parameters: object) -> int:
        """
        Start an import.

        :param parameters: those of :class:`~airflow_provider_copernica.payload.parameters.ImportParameters`.
        :return: the ID of the new import.
        :raises CopernicaArgumentError: when a parameter or a row is wrong; nothing was sent.
        :raises CopernicaEmptySourceError: when there is nothing to import; nothing was sent.
        :raises CopernicaAmbiguousError: when it may be running, and must not be sent again.
        """
        from airflow_provider_copernica.payload.body import prepare_import

        checked = read_parameters(parameters)
        del parameters  # out of the sight of those who collect the local variables of a failed call
        with prepare_import(checked) as body:
            idempotent = checked.idempotent(body.report.fields)
            return self.post_import(body.payload(), idempotent=idempotent, database=checked.database)

    def post_import(self, body: Body, *, idempotent: bool, database: int | None = None) -> int:
        """
        Post the body of an import that was checked before.

        :param body: the JSON of the request.
        :param idempotent: whether it may be sent again when it may have arrived.
        :param database: its ID, for messages.
        """
        steps = create_import(body, RetryPolicy(), idempotent=idempotent, database=database)
        del body  # out of the sight of those who collect the local variables of a failed call
        return self.client.run(steps)

    def get_import(self, import_id: int | str) -> CopernicaImport:
        """Return the status of an import; five attempts within about 20 seconds."""
        return self.client.run(get_import(read_import_id(import_id), RetryPolicy()))

    def wait_for_import(
        self,
        import_id: int | str,
        *,
        poll_interval: float = DEFAULT_POLL_INTERVAL,
        max_poll_interval: float = DEFAULT_MAX_POLL_INTERVAL,
        timeout: float | timedelta | None = None,
        on_status: Callable[[CopernicaImport], None] | None = None,
    ) -> CopernicaImport:
        """
        Wait until an import has finished.

        :param poll_interval: seconds before the second poll; each later one waits a quarter longer.
        :param max_poll_interval: seconds between two polls at most, unless ``poll_interval`` is larger.
        :param timeout: seconds (or a timedelta) to wait in all; default: for ever.
        :param on_status: called with each status.
        :raises CopernicaImportFailedError: when it failed, with Copernica's own words.
        :raises CopernicaImportTimeoutError: when the time is over; the import goes on.
        """
        watch = begin_watch(PollSchedule(poll_interval, max_poll_interval), timeout)
        return self.watch(import_id, watch, on_status or (lambda _: None))

    def watch(
        self, import_id: int | str, watch: Watch, on_status: Callable[[CopernicaImport], None]
    ) -> CopernicaImport:
        """Wait until an import has finished, with an absolute deadline."""
        return self.client.run(watch_import(read_import_id(import_id), watch, on_status))

    def get_identity(self) -> dict[str, object]:
        """Return the account that the token belongs to: ``GET identity``."""
        return self.client.run(get_object("identity", RetryPolicy()))

    def get_database(self, database_id: int) -> dict[str, object]:
        """Return a database with its fields, interests and collections: ``GET database/$id``."""
        try:
            number = to_count(database_id)
        except ValueError as error:
            raise CopernicaArgumentError(f"database_id {error}") from error
        return self.client.run(get_object(f"database/{number}", RetryPolicy()))

    def get_json(self, path: str, params: QueryParams | None = None) -> object:
        """Make any GET whose reply is JSON."""
        return self.client.run(get_json(path, params, RetryPolicy()))

    def iterate(self, path: str, params: QueryParams | None = None) -> Iterator[dict[str, object]]:
        """
        Return all objects of a list, page by page; a page that brings nothing new ends it.

        :param path: like ``database/12/profiles``.
        :param params: the query; ``limit`` is the size of a page, 1000 by default and at most.
        """
        start: int | None = first_start(params or {})
        before: list[dict[str, object]] | None = None
        while start is not None:
            page = self.client.run(get_page(path, params or {}, start, RetryPolicy()))
            if page.items == before:
                log.warning("Copernica gives the same page of %s again and again: the list may be incomplete.", path)
                return
            yield from page.items
            start, before = page.next_start, page.items

    def test_connection(self) -> tuple[bool, str]:
        """Authenticate for real, and name the account."""
        good, answer = self._test()
        # Airflow 2.11 shows the answer as HTML, and part of it is Copernica's
        return good, answer.replace("<", "(").replace(">", ")")

    def _test(self) -> tuple[bool, str]:
        try:
            if self.settings.hint:
                return False, self.settings.hint
            account = {key.lower(): value for key, value in self._identify().items()}
        except CopernicaError as error:
            return False, str(error)
        if not account.get("name") and not account.get("id"):
            return False, "The reply names no account: check 'API base URL' (host)."
        named = account.get("company")
        company = named.get("name") if isinstance(named, Mapping) else named
        name = sanitize(str(account.get("name", "without a name")), limit=100)
        of_company = f" ({sanitize(str(company), limit=100)})" if company else ""
        unverified = "" if self.settings.verify else f". {NOT_VERIFIED}"
        return True, f"Connected to Copernica account {name!r}{of_company}{unverified}"

    def _identify(self) -> dict[str, object]:
        return self.client.run(get_object("identity", FAST_POLICY))

    @classmethod
    def get_ui_field_behaviour(cls) -> dict[str, object]:
        """Return the form of Airflow 2; Airflow 3 reads the provider's metadata."""
        return {"hidden_fields": list(HIDDEN_FIELDS), "relabeling": RELABELING, "placeholders": PLACEHOLDERS}

    @classmethod
    def get_connection_form_widgets(cls) -> dict[str, object]:
        """Return the extra fields in the form of Airflow 2; its libraries exist there only."""
        from airflow_provider_copernica.hooks._form_widgets import form_widgets

        return form_widgets(EXTRA_FIELDS)
