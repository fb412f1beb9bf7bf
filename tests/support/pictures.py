"""Pictures of Airflow's UI for the documentation: taken on the way by scenarios that run anyway, when asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from support.airflow_api import TaskId
from support.browser import Browser, chromium
from support.connection_forms import log_in_to_airflow_3
from support.wheel import ROOT

from local_airflow.environment import AIRFLOW_2

IMAGES = ROOT / "docs" / "images"
# as narrow as the UI still shows all; a page of the documentation is narrower still
SIZE = (1000, 620)
# where Airflow found a log, and what else is of this machine only
OF_THIS_MACHINE = "[data-testid^=summary-]"


def pictures_wanted() -> bool:
    """Whether ``make pictures`` runs the tests; a plain test run takes none."""
    return "PICTURES" in os.environ and not AIRFLOW_2


class Pictures:
    """
    Takes them, or does nothing.

    :param browser: logged in; None to do nothing.
    :param url: of the UI.
    """

    def __init__(self, browser: Browser | None, url: str) -> None:
        self.browser = browser
        self.url = url

    def take(self, name: str, path: str, words: str, *, at_end: bool = False) -> None:
        """
        Take a picture of a page.

        :param name: of the file.
        :param path: of the page.
        :param words: that the page shows when it is complete.
        :param at_end: scroll to the end of a log first.
        """
        browser = self.browser
        if browser is None:
            return
        browser.driver.set_window_size(*SIZE)
        browser.driver.get(f"{self.url}/{path}")
        browser.wait(lambda: words in browser.find("body").text, words, seconds=60)
        if at_end:
            browser.click("button[aria-label='Scroll to bottom']")
        browser.steady(lambda: browser.find("body").text, "a steady page")
        IMAGES.mkdir(exist_ok=True)
        browser.driver.save_screenshot(str(IMAGES / f"{name}.png"))

    def take_log(self, name: str, task: TaskId, words: str) -> None:
        """Take a picture of the end of a task's log."""
        self.take(name, f"dags/{task.dag_id}/runs/{task.run_id}/tasks/{task.task_id}", words)


@contextmanager
def picture_taker(url: str, user: str, password: str) -> Iterator[Pictures]:
    """A browser of its own for the pictures, where they are wanted."""
    with ExitStack() as stack:
        browser = None
        if pictures_wanted():
            browser = stack.enter_context(chromium())
            log_in_to_airflow_3(browser, url, user, password)
        yield Pictures(browser, url)
