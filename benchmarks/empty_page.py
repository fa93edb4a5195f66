"""An empty page with one Plotly chart, in a process that loads nothing else.

``python -m benchmarks.empty_page`` reruns it for every line it is sent, and answers with the
processor time in seconds; ``benchmarks.film_map`` compares the map with it.
"""

from __future__ import annotations

import subprocess
import sys
import time

from xray.environment import ROOT

PAGE = """import plotly.graph_objects as go, streamlit as st
st.plotly_chart(go.Figure(go.Scatter(x=[1, 2, 3], y=[1, 3, 2])))
"""


class EmptyPage:
    """The empty page, in a process of its own until the end of the ``with`` block.

    Attributes
    ----------
    seconds : processor time of its best rerun so far; infinity before the first.
    """

    def __init__(self) -> None:
        self.seconds = float("inf")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.empty_page"],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def __enter__(self) -> EmptyPage:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def rerun(self) -> None:
        """Rerun it once."""
        assert self._process.stdin and self._process.stdout
        print(file=self._process.stdin, flush=True)
        self.seconds = min(self.seconds, float(self._process.stdout.readline()))


def main() -> None:
    """Rerun the page in this process for every line of standard input."""
    from streamlit.testing.v1 import AppTest

    app = AppTest.from_string(PAGE).run()
    app.run()
    for _ in sys.stdin:
        start = time.process_time()
        app.run()
        print(time.process_time() - start, flush=True)


if __name__ == "__main__":
    main()
