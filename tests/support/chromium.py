"""Debian's chromium through Playwright: its pages, and what went wrong on them."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import pytest

sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright for Python is not installed")
CHROMIUM = shutil.which("chromium")
NEEDED = (pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on this machine"))
"""Marks of a test that needs it."""


@dataclass
class Browser:
    """Pages of one browser. Pictures of what was seen go to the folder that LLOCUST_SCREENSHOTS names, or else to the
    test's own.
    """

    context: object
    pictures: Path
    patience_ms: int
    complaints: list = field(default_factory=list)

    def open(self, url):
        page = self.context.new_page()
        page.set_default_timeout(self.patience_ms)
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(f"dialog: {dialog.message}"))
        page.goto(url)
        return page


Kind = TypeVar("Kind", bound=Browser)


@contextmanager
def browsing(kind: type[Kind], tmp_path: Path, viewport: dict[str, int], patience_ms: int) -> Iterator[Kind]:
    """A browser of this kind, in light colours."""
    pictures = Path(os.environ.get("LLOCUST_SCREENSHOTS", tmp_path / "pictures"))
    pictures.mkdir(parents=True, exist_ok=True)
    sync_api.expect.set_options(timeout=patience_ms)
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield kind(chromium.new_context(viewport=viewport, color_scheme="light"), pictures, patience_ms)
        chromium.close()
