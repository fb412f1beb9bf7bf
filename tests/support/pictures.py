"""Pictures of Airflow's UI for the documentation: taken on the way by scenarios that run anyway, when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from support.airflow_api import TaskId
from support.browser import Browser, chromium
from support.connection_forms import log_in_to_airflow_3
from support.wheel import ROOT

from local_airflow.environment import AIRFLOW_2

IMAGES = ROOT / "docs" / "images"
# as narrow as the UI still shows what matters; a page of the documentation is narrower still
GRID, PAGE, LOG = (780, 480), (1000, 520), (1120, 560)
# of tracebacks, which name paths of this machine
FOLD = "document.querySelectorAll('details[open]').forEach(each => each.open = false)"

TO_THE_END = "document.querySelectorAll('[role=dialog] *').forEach(each => each.scrollTop = each.scrollHeight)"
# of the graph, over which it lies in a window so small
WITHOUT_MAP = "document.querySelectorAll('.react-flow__minimap').forEach(each => each.remove())"


def pictures_wanted() -> bool:
    """Whether ``make pictures`` runs the tests; a plain test run takes none."""
    return "PICTURES" in os.environ and not AIRFLOW_2


class PictureTaker:
    """
    Takes pictures of pages.

    :param browser: logged in.
    :param url: of the UI.
    """

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url

    def grid(self, name: str, dag_id: str) -> None:
        """Take a picture of a DAG's runs, with the details beside them closed."""
        self._open(f"dags/{dag_id}", dag_id, GRID)
        self.browser.click("button[aria-label='Collapse Details Panel']")
        self._save(name)

    def asset(self, name: str, asset_id: object, words: str) -> None:
        """Take a picture of an asset, between the DAG that writes it and the one that it starts."""
        self._open(f"assets/{asset_id}", words, PAGE)
        self.browser.driver.execute_script(WITHOUT_MAP)
        self._save(name)

    def log(self, name: str, task: TaskId, words: str) -> None:
        """Take a picture of the end of a task's log, which fills the window."""
        self._open(f"dags/{task.dag_id}/runs/{task.run_id}/tasks/{task.task_id}", words, LOG)
        self.browser.click("button[aria-label='Press f for fullscreen']")
        self.browser.wait(lambda: words in self.browser.find("[role=dialog]").text, words)
        for _ in range(2):  # what the first look brings into view is folded by the second
            self.browser.driver.execute_script(TO_THE_END)
            self.browser.steady(lambda: self.browser.find("[role=dialog]").text, "the end of the log")
            self.browser.driver.execute_script(FOLD)
        self._save(name)

    def _open(self, path: str, words: str, size: tuple[int, int]) -> None:
        self.browser.driver.set_window_size(*size)
        self.browser.driver.get(f"{self.url}/{path}")
        self.browser.wait(lambda: words in self.browser.find("body").text, words, seconds=60)

    def _save(self, name: str) -> None:
        shown = self.browser.steady(lambda: self.browser.find("body").text, "a steady page")
        assert str(ROOT) not in shown, "a path of this machine"
        self.browser.driver.save_screenshot(str(IMAGES / f"{name}.png"))


@contextmanager
def picture_taker(url: str, user: str, password: str) -> Iterator[PictureTaker | None]:
    """One with a browser of its own, or None where no pictures are wanted."""
    if not pictures_wanted():
        yield None
        return
    with chromium() as browser:
        log_in_to_airflow_3(browser, url, user, password)
        yield PictureTaker(browser, url)
