"""What a person sees of the provider in Airflow: the connection form, the task page."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from support.airflow_api import FINISHED, PATIENCE, TaskId
from support.browser import chromium
from support.connection_forms import CONNECTION_ID, ConnectionForm, form_of_airflow_2, form_of_airflow_3
from support.dagrun import AIRFLOW_3, AIRFLOW_3_1
from support.pictures import IMAGES, PictureTaker, picture_taker, pictures_wanted
from support.standalone import TOKEN, Standalone

from local_airflow.environment import AIRFLOW_2
from local_airflow.processes import wait_until

DAG_ID = "copernica_import_csv"
ASSET_DAG_ID = "copernica_import_into_asset"

pytestmark = pytest.mark.slow


@pytest.fixture
def form(standalone: Standalone) -> Iterator[ConnectionForm]:
    home = standalone.home
    with chromium() as browser:
        kind = form_of_airflow_2 if AIRFLOW_2 else form_of_airflow_3
        yield kind(browser, f"http://127.0.0.1:{home.port}", "admin", home.password)


@pytest.fixture
def pictures(standalone: Standalone) -> Iterator[PictureTaker | None]:
    home = standalone.home
    with picture_taker(f"http://127.0.0.1:{home.port}", "admin", home.password) as taker:
        yield taker


@pytest.mark.skipif(AIRFLOW_3 and not AIRFLOW_3_1, reason="Airflow 3.0 has its plain form only")
def test_a_person_adds_a_connection(standalone: Standalone, form: ConnectionForm) -> None:
    form.open()
    labels = form.labels()
    assert labels == [
        "Description",
        "API base URL",
        "API access token",
        "Port",
        "API version",
        "Authentication host",
        "Timeout",
        "Proxy",
        "Verify certificates",
        "Status words",
    ]
    assert form.placeholder("host") == "https://api.copernica.com"
    assert "token" in form.placeholder("password")
    assert form.input_type("password") == "password"
    assert form.api_versions() == ["4", "3"]
    assert form.api_version() == "4"
    if pictures_wanted():
        form.screenshot(IMAGES)

    url, _, port = standalone.emulator.url.rpartition(":")
    form.fill(host=url, port=port, password=TOKEN, auth_host=standalone.emulator.url)
    assert form.test_and_save() == "Connected to Copernica account 'Development' (Copernica BV)"
    assert TOKEN not in form.browser.driver.page_source

    saved = standalone.api.call("GET", f"connections/{CONNECTION_ID}")
    assert (saved["conn_type"], saved["host"], str(saved["port"])) == ("copernica", url, port)
    extra = json.loads(str(saved["extra"]))
    assert (str(extra["api_version"]), extra["auth_host"]) == ("4", standalone.emulator.url)
    assert not [name for name in ("login", "schema") if saved.get(name)]


def test_the_task_page_tells_progress_and_reason(standalone: Standalone, pictures: PictureTaker | None) -> None:
    api, emulator = standalone.api, standalone.emulator

    def start(**conf: object) -> TaskId:
        return TaskId(DAG_ID, api.trigger(DAG_ID, {"database": 1, **conf}), "import_customers")

    def end_of(task: TaskId) -> tuple[str, str, object]:
        state = api.wait_for_run(DAG_ID, task.run_id)
        return state, api.log(task), api.call("GET", f"{task.path}/links")

    emulator.import_seconds = 60  # the triggerer may be slow to begin
    task = start()
    api.wait_for_task(task, {"deferred", *FINISHED})
    wait_until(lambda: " lines/s" in api.log(task) or api.task(task)["state"] in FINISHED, PATIENCE, "progress")
    if pictures:
        pictures.log("log-running", task, " lines/s")
    done = {"status": "finished", "lastrun": "2026-03-01 12:00:00", "processedLines": "1000"}
    emulator.set_status(emulator.imports[-1].import_id, **done)
    state, log, links = end_of(task)
    assert state == "success", log
    progress = [line for line in log.splitlines() if " of 1,000 lines, " in line and " lines/s" in line]
    assert progress, log
    assert any("% " in line or " %, " in line for line in progress)
    expected = "https://ms.copernica.com/#/profiles"
    assert expected in json.dumps(links)

    emulator.import_seconds = 0.2
    emulator.failing_imports("Disk full", after_lines=10)
    task = start()
    try:
        state, log, links = end_of(task)
    finally:
        emulator.failing_imports(None)
    assert state == "failed"
    assert [line for line in log.splitlines() if "Disk full" in line and "10 of 1,000" in line], log
    assert expected in json.dumps(links)
    if pictures:
        pictures.log("log-failed", task, "Disk full")
        pictures.grid("grid", DAG_ID)

    state, log, links = end_of(start(copernica_conn_id="nowhere"))
    assert state == "failed"
    assert "Airflow does not find the connection 'nowhere'" in log
    assert expected in json.dumps(links), "the link needs no connection"
    assert TOKEN not in log


@pytest.mark.skipif(AIRFLOW_2, reason="Airflow 2 shows datasets in another way")
def test_a_database_is_an_asset_that_starts_what_comes_after(
    standalone: Standalone, pictures: PictureTaker | None
) -> None:
    api = standalone.api
    standalone.emulator.import_seconds = 1
    assert api.wait_for_run(ASSET_DAG_ID, api.trigger(ASSET_DAG_ID)) == "success"
    found = api.call("GET", "assets", params={"uri_pattern": "copernica://%/database/1"})["assets"]
    assert isinstance(found, list)
    assert [asset["uri"] for asset in found] == ["copernica://copernica_default/database/1"]
    wait_until(lambda: api.call("GET", "dags/copernica_after_import/dagRuns")["total_entries"] == 1, PATIENCE, "a run")
    if pictures:
        pictures.asset("asset", found[0]["id"], "copernica_after_import")
