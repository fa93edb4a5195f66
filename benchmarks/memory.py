"""Memory of the server as the container runs it: page after page, and with films explained.

``python -m benchmarks.memory [--sessions 3] [--json FILE]``. One server, with the environment of
the Dockerfile, and one visitor, who opens every page in order. Then as many browsers as
``--sessions`` upload a film each and have it explained by all models at once, while another looks
at the first page. Memory is that of the server and all processes behind it, what they share
counted once, after each page, and the most of it while films are explained. To reach: less than
1 GB on every page, and less than 2.7 GB, a free host's limit, while films are explained.
"""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psutil

from benchmarks import _common
from benchmarks._visitor import Visitor
from benchmarks.browser import Browser, missing
from benchmarks.screenshots import EXPLAINED
from benchmarks.serving import Server, serve
from xray.dashboard import navigation
from xray.drawing import phantoms
from xray.environment import ROOT
from xray.reports import html

#: Megabytes.
GOALS = {"page": 1000.0, "explained": 2700.0}
EXPLAIN = "explain"
#: Seconds between two looks at the memory.
EVERY = 0.5
#: Of the image's environment, what names folders of the image, or is the server's address here.
ITS_OWN = ("PATH", "HOME", "XRAY_CACHE", "STREAMLIT_SERVER_ADDRESS")


def container() -> dict[str, str | None]:
    """Environment of the container, from the Dockerfile; it has no films."""
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    found = dict(line[4:].split("=", 1) for line in lines if line.startswith("ENV "))
    kept = {name: value for name, value in found.items() if name not in ITS_OWN}
    return {"XRAY_DATA": None, "XRAY_PRECISION": None, **kept}


def memory(process: int) -> float:
    """Memory of a process and all behind it, in megabytes: what is shared counts once.

    It is their proportional share (PSS) where nobody else on the machine uses the same libraries,
    as in a container; where others do, PSS would be too low.
    """
    own, shared = 0, 0
    for each in (psutil.Process(process), *psutil.Process(process).children(recursive=True)):
        # A decoder may end while it is looked at.
        with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
            seen = each.memory_full_info()
            own, shared = own + seen.uss, max(shared, seen.rss - seen.uss)
    return (own + shared) / 1024**2


@contextmanager
def watched(process: int) -> Iterator[list[float]]:
    """Look at the memory of a process every half second until the block ends."""
    seen, ended = [memory(process)], threading.Event()

    def look() -> None:
        while not ended.wait(EVERY):
            seen.append(memory(process))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


def pages(server: Server) -> dict[str, float]:
    """Memory after each page, in the order of the navigation."""
    found = {}
    with Visitor(server.url, patience=300) as visitor:
        for entries in navigation.PAGES.values():
            for name, *_ in entries:
                seen = visitor.open("" if name == "overview" else name)
                if seen.errors:
                    raise RuntimeError(f"{name} shows errors: {seen.errors}")
                found[name] = memory(server.process.pid)
    return found


def explained(server: Server, sessions: int, folder: Path) -> tuple[float, float]:
    """Most memory while several browsers have a film explained at once, and what is left then."""
    with ExitStack() as stack:
        browsers = [Browser() for _ in range(sessions + 1)]
        for browser in browsers:
            stack.callback(browser.close)
        for number, browser in enumerate(browsers[1:]):
            film = folder / f"{number}.png"
            film.write_bytes(html.png(phantoms.phantom(number, (1200, 1500), "PNEUMONIA").pixels))
            browser.open(f"{server.url}/{EXPLAIN}", "Dark")
            browser.upload(film)
            browser.says("Your upload")
        with watched(server.process.pid) as seen:
            for browser in browsers[1:]:
                browser.press("Explain this film")
            browsers[0].open(server.url, "Dark")
            for browser in browsers[1:]:
                browser.wait(EXPLAINED, "the explanation", 1800)
            time.sleep(2)
        return max(seen), seen[-1]


def main() -> None:
    """Measure and print; exit code 1 where a goal is missed."""
    parser = _common.parser(__doc__)
    parser.add_argument("--sessions", type=int, default=3, help="that have a film explained")
    options = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), container(), patience=300) as server,
    ):
        seen = pages(server)
        rows = [{"after": name, "MB": round(value)} for name, value in seen.items()]
        most = {"page": max(seen.values())}
        if missing():
            print(f"Nothing explained: this {missing()}.", file=sys.stderr)
        else:
            most["explained"], left = explained(server, options.sessions, Path(folder))
            rows += [
                {"after": f"{options.sessions} films explained at once, at most",
                 "MB": round(most["explained"])},
                {"after": "the same, once they are through", "MB": round(left)},
            ]  # fmt: skip
    figures = {f"most, {name} (MB; goal {GOALS[name]:.0f})": value for name, value in most.items()}
    _common.report("memory", rows, figures, options.json)
    if any(value >= GOALS[name] for name, value in most.items()):
        sys.exit(1)


if __name__ == "__main__":
    main()
