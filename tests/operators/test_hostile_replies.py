"""What comes from outside forges no line of a log, reaches no terminal, leaks nothing and takes no time."""

from __future__ import annotations

import json
import logging
import time

import pytest
from support.imports import task
from support.taskrun import run_task

from airflow_provider_copernica.emulator import Emulator, Fault

pytestmark = pytest.mark.usefixtures("copernica_connection")

FORGED = "no\r\n2026-11-25 ERROR forged \x1b[31mred\u202e"
LONG = "eyJ" * 20_000 + "=@://" * 4_000


def hostile(emulator: Emulator) -> str:
    """A message that repeats the token, forges a line and is very long."""
    return f"{FORGED} access_token={emulator.token} {LONG}"


@pytest.mark.parametrize("deferrable", [False, True])
@pytest.mark.parametrize(
    ("where", "status"),
    [("imports", 400), ("imports", 500), ("imports", 303), ("import", 400), ("import", 200), ("authenticate", 401)],
)
def test_a_hostile_reply(
    copernica_emulator: Emulator, caplog: pytest.LogCaptureFixture, deferrable: bool, where: str, status: int
) -> None:
    caplog.set_level(logging.DEBUG, logger="airflow_provider_copernica")
    text = hostile(copernica_emulator)
    body = json.dumps({"error": {"message": text}, "status": text, "lasterror": text, "name": text})
    headers = {"Location": f"https://evil.example/{copernica_emulator.token}?access_token={copernica_emulator.token}"}
    copernica_emulator.fail(where, Fault.REPLY, status=status, body=body, headers=headers, times=None)
    began = time.process_time()
    outcome = run_task(lambda: task(action="add", deferrable=deferrable, timeout=1, check_fields=False))
    assert time.process_time() - began < 5
    assert outcome.state == "failed"
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("airflow_provider_copernica")]
    xcom = [str(value) for value in outcome.xcom.values()]
    for line in (str(outcome.error), *lines, *xcom, *map(json.dumps, outcome.events)):
        assert line.isprintable(), line[:200]
        assert len(line) < 3_000
        assert copernica_emulator.token not in line
        assert "evil.example" not in line or "?***" in line or "?" not in line
