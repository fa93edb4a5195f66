"""Cold start to the first page drawn, against a one-line Streamlit app in the same environment.

``python -m benchmarks.start [--repeats N] [--json FILE]``. From starting the process until the
script of the first page is through, in turns, the best of each; to reach: at most 1.5 times.
"""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path

from benchmarks import _common
from benchmarks._visitor import Visitor
from benchmarks.serving import serve
from xray.environment import ROOT

GOAL = 1.5


def first_page(script: Path) -> None:
    """Start a server, see its first page drawn, stop it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), script=script) as server,
        Visitor(server.url) as visitor,
    ):
        seen = visitor.open("")
        if seen.errors:
            raise RuntimeError(f"the first page shows errors: {seen.errors}")


def main() -> None:
    """Measure and print."""
    parser = _common.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="starts of each; default 5")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        line = Path(folder) / "one_line.py"
        line.write_text('import streamlit as st; st.write("hello")\n')
        start = time.perf_counter()
        runs = {
            "one line": partial(first_page, line),
            "dashboard": partial(first_page, ROOT / "app.py"),
        }
        seconds = _common.best(runs, options.repeats)
    rows = [{"app": name, "seconds": round(value, 2)} for name, value in seconds.items()]
    ratio = seconds["dashboard"] / seconds["one line"]
    _common.report("start", rows, {"ratio": round(ratio, 3)}, options.json)
    print(f"goal: at most {GOAL}; measured in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
