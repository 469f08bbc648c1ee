"""Opens a report in headless Chromium and reads what it shows, as somebody who looks at it would."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=1440,1000",
)

_TURN = """
const [values, failed] = arguments;
values.forEach((value, index) => document.querySelectorAll(`input[name="switch-${index}"]`)[value].click());
const select = document.getElementById("failed");
select.value = String(failed);
select.dispatchEvent(new Event("change", {bubbles: true}));
"""
_FLOWS = """
return [...document.querySelectorAll("#flow-table tbody tr")].map((row) => {
  const cells = [...row.cells].map((cell) => [...cell.childNodes].filter((n) => n.nodeName !== "SMALL"));
  const text = (nodes) => nodes.map((node) => node.textContent).join("");
  return {verdict: row.dataset.verdict, said: cells[0][0].querySelector(".chip").lastChild.textContent,
          from: text(cells[1]), to: text(cells[2]), over: text(cells[3])};
});
"""
_PARTS = """
return [...document.querySelectorAll(".network [data-part]." + arguments[0])].map((item) => item.dataset.part).sort();
"""


class Browser:
    """One window. ``driver`` is selenium's."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver: Any = driver

    @classmethod
    @contextmanager
    def started(cls, profile: Path) -> Iterator[Browser]:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or ""
        for flag in (*_FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
        driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        try:
            yield cls(driver)
        finally:
            driver.quit()

    def open(self, file: Path) -> None:
        self.messages()
        self.driver.get_log("performance")
        self.driver.get(file.as_uri())

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def messages(self) -> list[str]:
        """What the console said since somebody last asked."""
        return [entry["message"] for entry in self.driver.get_log("browser")]

    def requests(self) -> list[str]:
        """Addresses that were asked for since the file was opened."""
        events = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        return [event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"]

    def turn(self, values: tuple[int, ...], failed: int = 0) -> None:
        """Set every switch by the position of its value, and the failed element by its position in the list."""
        self.run(_TURN, list(values), failed)

    def flows(self) -> list[dict[str, str]]:
        """The flows that are shown, all of them."""
        self.run('const more = document.getElementById("more"); if (!more.hidden) more.click();')
        return self.run(_FLOWS)

    def parts(self, mark: str) -> list[str]:
        """Parts of the drawing that have a mark."""
        return self.run(_PARTS, mark)

    def text(self, selector: str) -> str:
        return self.run("return document.querySelector(arguments[0])?.textContent ?? ''", selector)

    def press(self, *keys: str) -> None:
        """Keys, at whatever has the focus."""
        for key in keys:
            self.driver.switch_to.active_element.send_keys(getattr(Keys, key, key))

    def focused(self, selector: str) -> bool:
        return self.run("return document.activeElement.matches(arguments[0])", selector)

    def tab_to(self, selector: str, most: int = 60) -> None:
        """Press Tab until something has the focus."""
        for _ in range(most):
            if self.focused(selector):
                return
            self.press("TAB")
        raise AssertionError(f"{most} times Tab do not lead to {selector}")
