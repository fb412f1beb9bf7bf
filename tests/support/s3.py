"""
S3 as moto serves it, and the Airflow connection ``storage`` to it.

There is one server for each process, since Airflow keeps the storage behind a connection for the life of the process.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from local_airflow.environment import free_port

REGION = "eu-west-1"


@contextmanager
def running_s3() -> Iterator[str]:
    """A server; its URL."""
    from moto.server import ThreadedMotoServer

    port = free_port()
    server = ThreadedMotoServer("127.0.0.1", port, verbose=False)
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()


def connect(endpoint: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Make the connection ``storage``; return a client of boto3, whose types are made at run time."""
    import boto3

    for name in ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_PROXY", "*")
    keys = {"aws_access_key_id": "key", "aws_secret_access_key": "secret", "region_name": REGION}
    client = boto3.client("s3", endpoint_url=endpoint, **keys)
    with suppress(client.exceptions.BucketAlreadyOwnedByYou):
        client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    extra = {"endpoint_url": endpoint, "region_name": REGION}
    connection = {"conn_type": "aws", "login": "key", "password": "secret", "extra": extra}
    monkeypatch.setenv("AIRFLOW_CONN_STORAGE", json.dumps(connection))
    return client
