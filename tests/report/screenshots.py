"""Photographs the reference lab's report for ``docs/report.md``: ``make screenshots``."""

from __future__ import annotations

import tempfile
from base64 import b64decode
from pathlib import Path

from tests.cli.commands import LAB, ROOT
from tests.report.browser import Browser
from tests.report.networks import write_report

_AS_GIVEN, _IN_CLEAR = (1, 0, 1), (0, 0, 1)
_WIDTH, _HEIGHT = 1280, 1000
_FLOW = 1


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="vpner-") as scratch, Browser.started(Path(scratch)) as browser:
        browser.open(write_report(LAB, Path(scratch) / "lab.html"))
        for scheme, values in (("light", _AS_GIVEN), ("dark", _IN_CLEAR)):
            size = {"width": _WIDTH, "height": _HEIGHT, "deviceScaleFactor": 1, "mobile": False}
            browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            feature = {"name": "prefers-color-scheme", "value": scheme}
            browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
            browser.turn(values)
            browser.run("document.querySelectorAll('#flow-table .flow')[arguments[0]].click()", _FLOW)
            clip = {"x": 0, "y": 0, "width": _WIDTH, "height": _HEIGHT, "scale": 1}
            taken = browser.driver.execute_cdp_cmd(
                "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
            )
            (ROOT / "docs" / f"report-{scheme}.png").write_bytes(b64decode(taken["data"]))
            browser.press("ESCAPE")


if __name__ == "__main__":
    main()
