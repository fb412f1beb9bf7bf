"""The URI of a database, and what Airflow makes of it."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from airflow.providers.common.compat.sdk import Asset
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_copernica.assets.copernica import (
    convert_asset_to_openlineage,
    create_asset,
    database_uri,
    sanitize_uri,
)
from airflow_provider_copernica.exceptions import CopernicaArgumentError


@pytest.mark.parametrize(
    ("given_uri", "kept"),
    [
        ("copernica://copernica_default/database/12", "copernica://copernica_default/database/12"),
        ("copernica://copernica_default/database/12/", "copernica://copernica_default/database/12"),
        ("copernica://shop/database/0012?x=1#y", "copernica://shop/database/12"),
    ],
)
def test_one_spelling_per_database(given_uri: str, kept: str) -> None:
    assert sanitize_uri(urlsplit(given_uri)).geturl() == kept
    assert Asset(given_uri.partition("?")[0]).uri == kept


@pytest.mark.parametrize(
    "uri",
    [
        "copernica:///database/12",
        "copernica://shop/database/0",
        "copernica://shop/database/Customers",
        "copernica://shop/12",
        "copernica://shop/database/12/profiles",
        "copernica://shop",
    ],
)
def test_what_names_no_database_is_refused(uri: str) -> None:
    with pytest.raises(CopernicaArgumentError, match="copernica://CONNECTION/database/ID"):
        sanitize_uri(urlsplit(uri))


@given(database=st.integers(min_value=1), conn_id=st.text(alphabet="abcXYZ0189_-.:/\\#!()", min_size=1))
def test_every_connection_has_its_own_uri(database: int, conn_id: str) -> None:
    uri = database_uri(database, conn_id)
    assert sanitize_uri(urlsplit(uri)).geturl() == uri
    assert (uri == database_uri(database, "other")) is (conn_id == "other")


def test_the_asset_of_a_database() -> None:
    asset = create_asset(database="12", extra={"owner": "shop"})
    assert (asset.uri, asset.extra) == ("copernica://copernica_default/database/12", {"owner": "shop"})
    same = convert_asset_to_openlineage(asset, None)
    assert (same.namespace, same.name) == ("copernica://copernica_default", "database/12")
