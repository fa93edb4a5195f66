"""The indexing benchmark runs, and what it writes is what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from xray.environment import ROOT
from xray.files import read_json


def test_it_measures_and_writes(synthetic_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "index.json"
    command = [sys.executable, "-m", "benchmarks.index", str(synthetic_folder), "--json", str(out)]
    done = subprocess.run(
        [*command, "--workers", "1", "--repeats", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = read_json(out)
    assert found["name"] == "index" and found["rows"][0]["films"] == 48
    row = found["rows"][0]
    assert abs(found["throughput, 1 workers"] - row["bare_s"] / row["index_s"]) < 0.1
    assert "throughput, 1 workers" in done.stdout
    nothing = subprocess.run(
        [sys.executable, "-m", "benchmarks.index"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={"PATH": "/usr/bin"},
    )
    assert nothing.returncode != 0 and "set XRAY_DATA" in nothing.stderr
