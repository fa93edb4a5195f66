"""The real app in a real browser: Chromium, with what the tests ask of it.

For the browser tests and for the pictures of the README (``python -m benchmarks.screenshots``).
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
THEMES = ("Dark", "Light")
#: Streamlit looks for its server below the address of a page first; the answer is a 404.
PROBES = ("/_stcore/health", "/_stcore/host-config")
PATIENCE = 180.0
#: Seconds without a change after which a page has settled, and seconds that it is given for that.
QUIET, RESTLESS = 0.3, 2.0
#: Notes when the page last changed, from the first look on.
CHANGED = """if (!('xmaChanged' in window)) {
  window.xmaChanged = performance.now();
  new MutationObserver(() => { window.xmaChanged = performance.now(); }).observe(
    document, {subtree: true, childList: true, attributes: true, characterData: true});
}"""


def missing() -> str:
    """Why there can be no browser here; empty when there can."""
    if not importlib.util.find_spec("selenium"):
        return "needs selenium (requirements-dev.txt)"
    if not (shutil.which("chromium") or shutil.which("google-chrome")):
        return "needs Chromium"
    if not shutil.which("chromedriver"):
        return "needs chromedriver"
    return ""


def _until(look: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
    """Look until it is true. A page that is being exchanged answers with an error: look again."""
    from selenium.common.exceptions import WebDriverException

    end, problem = time.monotonic() + patience, ""
    while True:
        try:
            if look():
                return
            problem = ""
        except WebDriverException as error:
            problem = f": {error.msg}"
        if time.monotonic() > end:
            raise TimeoutError(f"waited {patience:.0f} s for {what}{problem}")
        time.sleep(0.1)


class Browser:
    """Chromium with a profile of its own, thrown away at the end."""

    def __init__(self) -> None:
        from selenium import webdriver
        from selenium.webdriver.chrome.service import Service

        self._profile = tempfile.mkdtemp(prefix="xray-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
        for argument in (
            *("headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run"),
            *("disable-background-networking", "disable-component-update", "disable-sync"),
            *("hide-scrollbars", "disable-dev-shm-usage", f"user-data-dir={self._profile}"),
        ):
            options.add_argument(f"--{argument}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"))
        )
        # A window that no screen shows may never get the focus, without which nothing is copied.
        self.driver.execute_cdp_cmd("Emulation.setFocusEmulationEnabled", {"enabled": True})

    def close(self) -> None:
        """End it and remove its profile."""
        self.driver.quit()
        shutil.rmtree(self._profile, ignore_errors=True)

    def run(self, script: str, *arguments: Any) -> Any:
        """Run JavaScript in the page."""
        return self.driver.execute_script(script, *arguments)

    def resize(self, size: str, height: int | None = None) -> None:
        """Take the size of ``SIZES``; another height for a picture of a whole page."""
        width, usual = SIZES[size]
        metrics = {"width": width, "height": height or usual, "deviceScaleFactor": 1}
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {**metrics, "mobile": size == "phone"}
        )

    def open(self, url: str, theme: str | None = None) -> None:
        """Open a page and wait until it is drawn; in a theme, as its menu would choose it."""
        if theme is not None:
            # The choice is stored from an answer of the same server that is no page: quicker than
            # drawing the page twice.
            parts = urlsplit(url)
            self.driver.get(f"{parts.scheme}://{parts.netloc}/_stcore/health")
            self.run(
                "const p = arguments[0]; localStorage.setItem('xma-started-dark-' + p, '1');"
                "localStorage.setItem('stActiveTheme-' + p + '-v2', JSON.stringify(arguments[1]))",
                parts.path or "/",
                theme,
            )
        self.driver.get(url)
        self.settle()

    def settle(self, patience: float = PATIENCE) -> None:
        """Wait until no script runs, the page has a title, and has not changed for a moment."""
        drawn = (
            "return document.querySelector('[data-testid=stApp]')"
            "?.getAttribute('data-test-script-state') === 'notRunning'"
            " && !!document.querySelector('.stMain h1')"
            " && !document.querySelector('[data-testid=stSkeleton]')"
        )
        _until(lambda: self.run(f"{CHANGED}; {drawn}"), "the page to be drawn", patience)
        # What was done just now may take a moment to show; what never rests is not waited for.
        start = time.monotonic()
        resting = f"{CHANGED}; return performance.now() - window.xmaChanged > {1000 * QUIET}"
        while (waited := time.monotonic() - start) < RESTLESS:
            if waited > QUIET and self.run(resting):
                return
            time.sleep(0.05 if waited > QUIET else QUIET - waited + 0.01)

    def wait(self, script: str, what: str, patience: float = PATIENCE) -> None:
        """Wait until JavaScript (an expression) is true."""
        _until(lambda: self.run(f"return !!({script})"), what, patience)

    def wait_for(self, look: Callable[[], bool], what: str, patience: float = PATIENCE) -> None:
        """Wait until something outside the page is true, such as that a file was saved."""
        _until(look, what, patience)

    def text(self) -> str:
        """The words of the page, without the sidebar."""
        return str(self.run("return document.querySelector('.stMain').innerText"))

    def says(self, words: str, patience: float = PATIENCE) -> None:
        """Wait until the page says so, in whatever case."""
        _until(lambda: words.lower() in self.text().lower(), f"the words {words!r}", patience)

    def press(self, words: str) -> None:
        """Press the button that says so, or open what is folded under it, once it is there."""
        button = (
            "[...document.querySelectorAll('button, summary')]"
            f".find(b => b.innerText.includes('{words}'))"
        )
        self.wait(button, f"the button {words!r}")
        # By script: while the page settles, another element may lie over the button for a moment.
        self.run(f"{button}.click()")

    def upload(self, film: Path) -> None:
        """Give a file to the page's upload field."""
        self.wait("document.querySelector('input[type=file]')", "a field for uploads")
        self.driver.find_element("css selector", "input[type=file]").send_keys(str(film))

    def background(self) -> str:
        """Colour behind the page, as the browser computes it."""
        return str(
            self.run(
                "return getComputedStyle(document.querySelector('[data-testid=stApp]'))"
                ".backgroundColor"
            )
        )

    def complaints(self) -> list[str]:
        """Errors in the console since the last look."""
        return [
            entry["message"]
            for entry in self.driver.get_log("browser")  # type: ignore[no-untyped-call]
            if entry["level"] == "SEVERE" and not any(probe in entry["message"] for probe in PROBES)
        ]

    def axe(self, source: str) -> list[str]:
        """Serious and critical findings of axe-core, whose script is ``source``.

        Not judged: Streamlit's own list of pages, whose markup is not ours to change, and text
        in closed expanders, which nobody sees. Not asked: whether all lies in landmarks, which is
        never serious and takes as long as the rest together.
        """
        self.run(source)
        found = self.driver.execute_async_script(
            """const done = arguments[arguments.length - 1];
            const seen = node => !document.querySelector(node.target[0])
              ?.closest('details:not([open])');
            const rules = {region: {enabled: false}};
            const exclude = [['[data-testid=stSidebarNavItems]']];
            axe.run({exclude}, {resultTypes: ['violations'], rules})
              .then(r => done(JSON.stringify(r.violations
                .map(v => [v.impact, v.id, v.nodes.filter(seen).slice(0, 3).map(n => n.html)])
                .filter(v => v[2].length))))"""
        )
        return [
            f"{rule}: {' | '.join(html[:160] for html in nodes)}"
            for impact, rule, nodes in json.loads(found)
            if impact in {"serious", "critical"} and nodes
        ]

    def picture(self, path: Path) -> None:
        """Save what is to be seen as PNG."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(path))
