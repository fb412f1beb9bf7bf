"""The connection form in the UI of Airflow 2 and in that of Airflow 3."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from selenium.webdriver.common.by import By
from selenium.webdriver.support.select import Select
from support.browser import Browser

CONNECTION_ID = "copernica_form"


class ConnectionForm(Protocol):
    """A form, filled in by a person."""

    browser: Browser

    def open(self) -> None: ...
    def labels(self) -> list[str]: ...
    def placeholder(self, field: str) -> str: ...
    def input_type(self, field: str) -> str: ...
    def api_versions(self) -> list[str]: ...
    def api_version(self) -> str: ...
    def screenshot(self, folder: Path) -> None: ...
    def fill(self, *, host: str, port: str, password: str, auth_host: str) -> None: ...
    def test_and_save(self) -> str: ...


class FormOfAirflow3:
    """A dialogue with sections that open one at a time; a saved connection is tested from the list."""

    STANDARD, EXTRA = "Standard Fields", "Extra Fields"
    CONTENT = "[role=dialog] [data-part=item-content]"
    # from 3.2 on, and before
    CHOICE = "#element_api_version [role=combobox], [id='select:element_api_version:trigger']"

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def open(self) -> None:
        self.browser.click("button", "Add Connection")
        self.browser.fill("[role=dialog] input[name=connection_id]", CONNECTION_ID)
        self.browser.fill("[role=dialog] [role=combobox]", "Copernica\n")
        self.browser.find("input[name=host]")

    def _section(self, name: str) -> None:
        """Opens a section, unless it is open, and waits until it is all there and the one before it is gone."""
        triggers = "[role=dialog] [data-part=item-trigger]"
        self.browser.wait(lambda: self.browser.visible(triggers), name)
        trigger = next(element for element in self.browser.visible(triggers) if element.text.strip() == name)
        if trigger.get_attribute("aria-expanded") != "true":
            trigger.click()
        self.browser.wait(lambda: trigger.get_attribute("aria-expanded") == "true", name)
        self.browser.steady(self._only_section, name)

    def _only_section(self) -> tuple[int, ...]:
        """How high the open section is; nothing while the one before it is closing."""
        heights = [content.size["height"] for content in self.browser.visible(self.CONTENT)]
        return tuple(heights) if len(heights) == 1 else ()

    def labels(self) -> list[str]:
        found: list[str] = []
        for name, field in ((self.STANDARD, "input[name=host]"), (self.EXTRA, self.CHOICE)):
            self._section(name)
            self.browser.find(field)
            found += self.browser.steady(lambda: self.browser.texts(f"{self.CONTENT} label"), name)
        return [label.removesuffix("*").strip() for label in found]

    def placeholder(self, field: str) -> str:
        self._section(self.STANDARD)
        return str(self.browser.find(f"input[name={field}]").get_attribute("placeholder"))

    def input_type(self, field: str) -> str:
        self._section(self.STANDARD)
        return str(self.browser.find(f"input[name={field}]").get_attribute("type"))

    def api_versions(self) -> list[str]:
        self._section(self.EXTRA)
        self.browser.click(self.CHOICE)
        return self.browser.steady(lambda: self.browser.texts("[role=option]"), "the choice of API versions")

    def api_version(self) -> str:
        hidden = self.browser.driver.find_elements(By.NAME, "element_api_version")
        return str(hidden[0].get_attribute("value")) if hidden else self.browser.find(self.CHOICE).text

    def screenshot(self, folder: Path) -> None:
        for name, section in (("connection-form", self.STANDARD), ("connection-form-extra", self.EXTRA)):
            self._section(section)
            self.browser.find("[role=dialog]").screenshot(str(folder / f"{name}.png"))

    def fill(self, *, host: str, port: str, password: str, auth_host: str) -> None:
        self._section(self.STANDARD)
        for field, text in (("host", host), ("port", port), ("password", password)):
            self.browser.fill(f"input[name={field}]", text)
        self._section(self.EXTRA)
        self.browser.fill("input[name=element_auth_host]", auth_host)

    def test_and_save(self) -> str:
        self.browser.click("[role=dialog] button", "Save")

        def click_on_test() -> bool:
            row = next(row for row in self.browser.visible("tr") if CONNECTION_ID in row.text)
            row.find_element(By.CSS_SELECTOR, "button[aria-label='Test Connection']").click()
            return True

        self.browser.wait(click_on_test, "the connection")
        said = self.browser.wait(
            lambda: [text for text in self.browser.texts("[role=status]") if "Test" in text], "what the test says"
        )
        return said[-1].splitlines()[-1]


class FormOfAirflow2:
    """A page with everything on it; it is tested before it is saved."""

    def __init__(self, browser: Browser, url: str) -> None:
        self.browser = browser
        self.url = url

    def open(self) -> None:
        self.browser.driver.get(f"{self.url}/connection/add")
        self.browser.fill("#conn_id", CONNECTION_ID)
        self.browser.wait(lambda: self.browser.visible("#test-connection"), "the form")
        # its search box is another library's
        self.browser.driver.execute_script("$('#conn_type').val('copernica').trigger('change')")
        self.browser.find("#extra__copernica__api_version")

    def labels(self) -> list[str]:
        others = ("Connection Id", "Connection Type", "Extra")
        texts = self.browser.steady(lambda: self.browser.texts("#model_form label"), "the labels")
        found = [text.removesuffix("*").strip() for text in texts]
        return [label for label in found if label not in others]

    def placeholder(self, field: str) -> str:
        return str(self.browser.find(f"#{field}").get_attribute("placeholder"))

    def input_type(self, field: str) -> str:
        return str(self.browser.find(f"#{field}").get_attribute("type"))

    def api_versions(self) -> list[str]:
        return [option.text for option in Select(self.browser.find("#extra__copernica__api_version")).options]

    def api_version(self) -> str:
        return Select(self.browser.find("#extra__copernica__api_version")).first_selected_option.text

    def screenshot(self, folder: Path) -> None:
        self.browser.driver.save_screenshot(str(folder / "connection-form-2.png"))

    def fill(self, *, host: str, port: str, password: str, auth_host: str) -> None:
        fields = {"host": host, "port": port, "password": password, "extra__copernica__auth_host": auth_host}
        for field, text in fields.items():
            self.browser.fill(f"#{field}", text)

    def test_and_save(self) -> str:
        self.browser.click("#test-connection")
        said = self.browser.wait(lambda: self.browser.texts(".alert-success, .alert-error"), "what the test says")
        self.browser.click("#model_form button[type=submit]", "Save")
        self.browser.wait(lambda: "/add" not in self.browser.driver.current_url, "another page")
        self.browser.driver.get(f"{self.url}/connection/list/")
        self.browser.wait(lambda: CONNECTION_ID in self.browser.find("table").text, "the list of connections")
        return said[0].splitlines()[-1]


def form_of_airflow_3(browser: Browser, url: str, user: str, password: str) -> ConnectionForm:
    """Logs in, and goes to the connections."""
    log_in_to_airflow_3(browser, url, user, password)
    return FormOfAirflow3(browser)


def log_in_to_airflow_3(browser: Browser, url: str, user: str, password: str) -> None:
    """Logs in, and is at the connections then."""

    def log_in() -> bool:
        browser.driver.get(f"{url}/connections")
        browser.fill("input[name=username]", user)
        browser.fill("input[name=password]", password)
        browser.click("button[type=submit]")
        browser.wait(lambda: "/auth/login" not in browser.driver.current_url, "who was let in", seconds=10)
        return True

    browser.wait(log_in, "who was let in", seconds=60)  # on a busy machine the page may forget what was typed early


def form_of_airflow_2(browser: Browser, url: str, user: str, password: str) -> ConnectionForm:
    """Logs in."""
    browser.driver.get(f"{url}/login/")
    browser.fill("#username", user)
    browser.fill("#password", password)
    browser.click("input[type=submit]")
    browser.wait(lambda: "/login" not in browser.driver.current_url, "the home page")
    return FormOfAirflow2(browser, url)
