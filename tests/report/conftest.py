"""A headless Chromium, where there is one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from tests.report.browser import Browser

_NEEDED = ("chromium", "chromedriver")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests marked ``browser`` are skipped, with the reason, where there is no Chromium."""
    lacking = [name for name in _NEEDED if shutil.which(name) is None]
    for item in items:
        if lacking and item.get_closest_marker("browser"):
            item.add_marker(pytest.mark.skip(reason=f"no {' and no '.join(lacking)} (Debian: chromium-driver)"))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with Browser.started(tmp_path_factory.mktemp("chromium")) as found:
        yield found
