"""Chromium without a window, for what only a browser shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

PreviousImport = TypeVar("PreviousImport")
ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # it refuses to run as root otherwise
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-proxy-server",
    "--lang=en-US",
    "--window-size=1280,1400",
)


class Browser:
    """
    A page, and how to look at it with patience.

    :param driver: Selenium's.
    """

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def wait(self, condition: Callable[[], PreviousImport], what: str, seconds: float = 30) -> PreviousImport:
        """Looks again and again until the condition holds; elements that come and go meanwhile do not matter."""
        patience = WebDriverWait(self.driver, seconds, 0.2, ignored_exceptions=[WebDriverException, StopIteration])
        return patience.until(lambda _: condition(), f"{what}, on {self.driver.current_url}")

    def steady(self, look: Callable[[], PreviousImport], what: str, seconds: float = 30) -> PreviousImport:
        """Looks until three looks in a row see the same, so that nothing still moves or appears."""
        seen: list[PreviousImport] = []

        def same() -> bool:
            seen.append(look())
            return bool(seen[-1]) and len(seen) > 2 and seen[-1] == seen[-2] == seen[-3]

        self.wait(same, what, seconds)
        return seen[-1]

    def find(self, css: str) -> WebElement:
        """The first visible element, as soon as there is one."""
        found = self.wait(lambda: self.visible(css), css)
        return found[0]

    def visible(self, css: str) -> list[WebElement]:
        return [element for element in self.driver.find_elements(By.CSS_SELECTOR, css) if element.is_displayed()]

    def texts(self, css: str) -> list[str]:
        """The texts of all visible elements."""
        return [text for element in self.visible(css) if (text := element.text.strip())]

    def click(self, css: str, text: str = "") -> None:
        """Clicks on the first visible element with a text."""

        def try_to() -> bool:
            wanted = [element for element in self.visible(css) if text in element.text]
            if wanted:
                wanted[0].click()
            return bool(wanted)

        self.wait(try_to, f"{css} {text}")

    def fill(self, css: str, text: str) -> None:
        """Types into a field."""
        self.find(css).send_keys(text)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser of Debian's packages; skips the test where they are not installed."""
    binary, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if not binary or not chromedriver:
        pytest.skip("no browser: install Debian's chromium and chromium-driver")
    options = Options()
    options.binary_location = binary
    for argument in ARGUMENTS:
        options.add_argument(argument)
    driver = webdriver.Chrome(options=options, service=Service(chromedriver))
    try:
        yield Browser(driver)
    finally:
        driver.quit()
