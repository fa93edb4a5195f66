"""An empty page with one Plotly chart, in a process that loads nothing else.

``python -m benchmarks.empty_page [REPEATS]`` prints the processor time of its best rerun in
seconds; ``benchmarks.pages`` compares every page with it.
"""

from __future__ import annotations

import subprocess
import sys
import time

from benchmarks._common import best
from xray.files import ROOT

PAGE = """import plotly.graph_objects as go, streamlit as st
st.plotly_chart(go.Figure(go.Scatter(x=[1, 2, 3], y=[1, 3, 2])))
"""


def measure(repeats: int) -> float:
    """Best rerun in seconds of processor time, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.empty_page", str(repeats)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    """Measure in this process and print."""
    from streamlit.testing.v1 import AppTest

    repeats = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    app = AppTest.from_string(PAGE).run()
    print(best({"empty": app.run}, repeats, time.process_time)["empty"])


if __name__ == "__main__":
    main()
