"""Memory of the server, page after page, and with models loaded.

``python -m benchmarks.memory [--json FILE]``. One server and one visitor, who opens every page in
order and presses the button of the Explain page last; resident memory after each. To reach: less
than 1 GB on every page, and less than 2.5 GB once films are explained.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import _common
from benchmarks._visitor import Visitor
from benchmarks.browser import Browser, missing
from benchmarks.load import memory
from benchmarks.screenshots import EXPLAINED
from benchmarks.serving import Server, serve
from xray.dashboard import navigation

#: Megabytes.
GOALS = {"page": 1000.0, "explained": 2500.0}
EXPLAIN = "explain"


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


def explained(server: Server) -> float:
    """Memory after a synthetic film was explained by every model."""
    browser = Browser()
    try:
        browser.open(f"{server.url}/{EXPLAIN}?child=12", "Dark")
        browser.press("Explain this film")
        browser.wait(EXPLAINED, "the explanation", 900)
        return memory(server.process.pid)
    finally:
        browser.close()


def main() -> None:
    """Measure and print; exit code 1 where a goal is missed."""
    options = _common.parser(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder), patience=300) as server:
        rows = [{"after": name, "MB": round(value)} for name, value in pages(server).items()]
        most = {"page": max(float(row["MB"]) for row in rows)}
        if missing():
            print(f"Nothing explained: this {missing()}.", file=sys.stderr)
        else:
            most["explained"] = round(explained(server))
            rows.append({"after": "a film explained", "MB": round(most["explained"])})
    figures = {f"most, {name} (MB; goal {GOALS[name]:.0f})": value for name, value in most.items()}
    _common.report("memory", rows, figures, options.json)
    if any(value >= GOALS[name] for name, value in most.items()):
        sys.exit(1)


if __name__ == "__main__":
    main()
