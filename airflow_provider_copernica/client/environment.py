"""The process's own settings for outgoing connections, alike for both clients."""

from __future__ import annotations

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from airflow_provider_copernica.client.settings import ApiSettings, is_loopback


def proxy_for(settings: ApiSettings, url: str) -> str | None:
    """The connection's own proxy, else that of HTTPS_PROXY and HTTP_PROXY, less loopback and what NO_PROXY names."""
    if settings.proxy:
        return settings.proxy
    parts = urlsplit(url)
    if is_loopback(parts) or proxy_bypass(parts.hostname or ""):
        return None
    proxy = getproxies().get(parts.scheme)
    # often written as host:port alone
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def ca_bundle(settings: ApiSettings) -> bool | str:
    """The connection's own choice, else the bundle that REQUESTS_CA_BUNDLE names."""
    if settings.verify is True:
        return os.environ.get("REQUESTS_CA_BUNDLE") or True
    return settings.verify
