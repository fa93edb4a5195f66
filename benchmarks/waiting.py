"""What people wait for, each beside what they would do without this project, in one run.

    XRAY_DATA=FOLDER python -m benchmarks.waiting [--only WHAT ...] [--repeats N] [--write]

Ours and theirs take turns; of each the best time is kept. "seconds" is what a clock on the wall
shows; "processor" adds up all cores and hardly sees other programs. It is left out where a server
is started; of an explanation it is what the server takes from the click on. Every run is a process
of its own with a cache of its own: nothing is warm that a first visitor would not find warm.
``--write`` puts the rows into docs/scaling.md, with the day and the machine's load at the end of
each; rows that ``--only`` leaves out stay as they are there.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import _common
from benchmarks._visitor import Visitor
from benchmarks.browser import Browser, missing
from benchmarks.serving import serve
from xray.environment import ROOT, artifacts_dir, films_dir
from xray.errors import DatasetError
from xray.models.card import models_dir, read_card

#: Models that the Explain page asks at first.
MODELS = ("basic", "augmented", "transfer")
#: A model that plain Keras loads: without layers of this project.
SMALL = "whole_film"
#: JavaScript: whether the page shows as many overlays.
OVERLAYS = f"document.querySelectorAll('img[alt*=\" overlay of \"]').length === {len(MODELS)}"

LIBRARY = """
import sys, time
from pathlib import Path
from xray.explanations import lime
from xray.films import decode
from xray.models import registry
for path in sys.argv[1:]:
    start, before = time.perf_counter(), time.process_time()
    for name in {models}:
        lime.explain(registry.load(name), decode.read(Path(path)).pixels)
    print(time.perf_counter() - start, time.process_time() - before)
""".replace("{models}", repr(MODELS))

#: How the films are predicted with Keras alone: as its tutorials do.
KERAS = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
import keras
network = keras.saving.load_model(sys.argv[1])
size = network.input_shape[2], network.input_shape[1]
paths = sorted(Path(sys.argv[2]).rglob("*.jpeg"))[:int(sys.argv[3])]
films = [np.asarray(Image.open(path).convert("L").resize(size)) / 255 for path in paths]
print(network.predict(np.array(films)[..., None], verbose=0).mean())
"""

DECODING = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image
print(sum(np.asarray(Image.open(path).convert("L")).size
          for path in Path(sys.argv[1]).rglob("*.jpeg")))
"""

REPORT = """
import sys
import pandas as pd
import plotly.express as px
from sklearn.metrics import classification_report, roc_auc_score, roc_curve
parts = []
for name in sys.argv[2:]:
    rows = pd.read_csv(name).query("split == 'test'")
    sick = rows["label"] == "PNEUMONIA"
    low, high, _ = roc_curve(sick, rows["log_odds"])
    parts.append(px.line(x=low, y=high, title=f"{roc_auc_score(sick, rows['log_odds']):.3f}")
                 .to_html(include_plotlyjs=not parts))
    parts.append("<pre>" + classification_report(sick, rows["probability"] > 0.5) + "</pre>")
open(sys.argv[1], "w").write("".join(parts))
"""


#: Columns of the table of docs/scaling.md.
COLUMNS = (
    *("wait", "seconds", "without us", "theirs", "ratio", "processor ratio"),
    "when, and how busy",
)

#: Seconds that pass, and processor seconds.
Spent = tuple[float, float]


@dataclass(frozen=True)
class Wait:
    """One thing that people wait for: how to do it by this project, and without it."""

    name: str
    bare: str
    ours: Callable[[], object]
    theirs: Callable[[], object]
    served: bool = False


@contextmanager
def _home(**variables: str) -> Iterator[tuple[Path, dict[str, str]]]:
    """A folder of its own, and an environment whose cache lies in it."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder), {**os.environ, "XRAY_CACHE": f"{folder}/cache", **variables}


def python(*arguments: str, **variables: str) -> str:
    """Run Python with arguments in a process of its own; gives what it prints.

    ``{home}`` in an argument or variable is a folder that is thrown away at the end.

    Raises
    ------
    RuntimeError
        It failed; with the end of what it said.
    """
    with _home() as (home, environment):
        environment |= {key: value.format(home=home) for key, value in variables.items()}
        told = [each.replace("{home}", str(home)) for each in arguments]
        done = subprocess.run(
            [sys.executable, *told],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise RuntimeError(f"{' '.join(told)[-300:]}: {done.stderr[-2000:]}")
    return done.stdout


def xray(*arguments: str, **variables: str) -> str:
    """Run a command of this project as ``python`` does."""
    return python("-m", "xray", *arguments, **variables)


def first_page(script: Path) -> None:
    """Start a server, see its first page drawn, stop it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        serve(Path(folder), script=script) as server,
        Visitor(server.url) as visitor,
    ):
        if (seen := visitor.open("")).errors:
            raise RuntimeError(f"the first page shows errors: {seen.errors}")


def used(process: int) -> float:
    """Processor seconds of a process and all its threads so far (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def explanations(films: list[Path], choosing: float = 0.0) -> list[Spent]:
    """From the click to all overlays: of the first film on a cold server, of the next.

    The next is asked for once what follows the overlays of the first is there too, as by a
    visitor who reads it.

    Parameters
    ----------
    choosing : seconds that the visitor looks at the page before the first click
    """
    seconds = []
    browser = Browser()
    try:
        with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as server:
            for place, film in enumerate(films):
                browser.open(f"{server.url}/explain")
                browser.upload(film)
                browser.says("Your upload")
                browser.settle()
                if place == 0:
                    time.sleep(choosing)
                start, before = time.perf_counter(), used(server.process.pid)
                browser.press("Explain this film")
                browser.wait(OVERLAYS, "the overlays", 900)
                seconds.append((time.perf_counter() - start, used(server.process.pid) - before))
                browser.says("Everything (JSON)", 900)
    finally:
        browser.close()
    return seconds


def audited(folder: Path) -> None:
    """Audit the small model from its page, until the result can be downloaded."""
    browser = Browser()
    try:
        with (
            tempfile.TemporaryDirectory() as home,
            serve(Path(home), {"XRAY_DATA": str(folder)}) as server,
        ):
            browser.open(f"{server.url}/devices?model={SMALL}")
            browser.press("Audit it now")
            browser.press(f"Audit {read_card(models_dir() / SMALL).title}")
            browser.wait(
                "document.body.innerText.includes('Download the audit')", "the audit", 3600
            )
    finally:
        browser.close()


def waits(folder: Path, line: Path) -> list[Wait]:
    """All that is timed as one function against another; ``line`` is a Streamlit app of a line."""
    stored = str(artifacts_dir() / "models" / SMALL / "model.keras")
    data, films = str(folder), str(folder / "test")
    tables = [str(artifacts_dir() / "models" / name / "predictions.csv") for name in MODELS]
    added = partial(xray, "add", stored, "--name", "mine", "--data", data, XRAY_ARTIFACTS="{home}")
    return [
        Wait(
            "first page of a cold server",
            "a Streamlit app of one line",
            partial(first_page, ROOT / "app.py"),
            partial(first_page, line),
            True,
        ),
        Wait(
            "xray index of a new folder",
            "decoding the films in a loop",
            partial(xray, "index", data),
            partial(python, "-c", DECODING, data),
        ),
        Wait(
            "xray add, with its check",
            "Keras predicts 200 films",
            added,
            partial(python, "-c", KERAS, stored, films, "200"),
        ),
        Wait(
            "xray audit of a small model",
            "Keras predicts the test films",
            partial(xray, "audit", SMALL, "--data", data),
            partial(python, "-c", KERAS, stored, films, "100000"),
        ),
        Wait(
            "audit of a small model from its page",
            "Keras predicts the test films",
            partial(audited, folder),
            partial(python, "-c", KERAS, stored, films, "100000"),
            True,
        ),
        Wait(
            "xray report",
            "scikit-learn and plotly on the predictions of three models",
            partial(xray, "report", "--out", "{home}/report.html"),
            partial(python, "-c", REPORT, "{home}/report.html", *tables),
        ),
    ]


def timed(wait: Wait, repeats: int) -> dict[str, Any]:
    """One row of the table: the best of some turns of ours and theirs."""
    wall: dict[str, float] = {}
    processor: dict[str, float] = {}
    for _ in range(repeats):
        for which, run in (("ours", wait.ours), ("theirs", wait.theirs)):
            start, before = time.perf_counter(), _children()
            run()
            wall[which] = min(wall.get(which, float("inf")), time.perf_counter() - start)
            processor[which] = min(processor.get(which, float("inf")), _children() - before)
    return row(wait.name, wait.bare, wall, {} if wait.served else processor)


def row(
    name: str, bare: str, wall: Mapping[str, float], processor: Mapping[str, float]
) -> dict[str, Any]:
    """A row of the table."""
    return {
        "wait": name,
        "seconds": round(wall["ours"], 2),
        "without us": bare,
        "theirs": round(wall["theirs"], 2),
        "ratio": round(wall["ours"] / wall["theirs"], 2),
        "processor": round(processor["ours"], 2) if processor else None,
        "processor ratio": round(processor["ours"] / processor["theirs"], 2) if processor else None,
    }


def _children() -> float:
    """Processor seconds of all processes that were started here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def explaining(folder: Path, repeats: int) -> list[dict[str, Any]]:
    """Rows of the Explain page: cold, after ten seconds of choosing, and warm."""
    films = sorted((folder / "test" / "PNEUMONIA").glob("*.jpeg"))[:2]
    best: dict[str, Spent] = {}

    def keep(**found: Spent) -> None:
        for name, each in found.items():
            kept = best.get(name, each)
            best[name] = (min(each[0], kept[0]), min(each[1], kept[1]))

    for _ in range(repeats):
        start, before = time.perf_counter(), _children()
        with _home() as (_, environment):
            # XRAY_CACHE as a server's: nothing is known of this machine yet.
            said = subprocess.run(
                [sys.executable, "-c", LIBRARY, *map(str, films)],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            ).stdout
        wall, processor = map(float, said.splitlines()[1].split())
        script = time.perf_counter() - start - wall, _children() - before - processor
        keep(script=script, call=(wall, processor))
        cold, warm = explanations(films)
        keep(cold=cold, warm=warm, chosen=explanations(films[:1], 10)[0])
    script_ = f"a script explains by the library, {len(MODELS)} models, imports counted"
    pairs = {
        "first explanation, cold server": ("cold", "script", script_),
        "the same after ten seconds on the page": ("chosen", "script", script_),
        "second explanation": ("warm", "call", "the same call of the library"),
    }
    return [
        row(
            name,
            bare,
            *({"ours": best[ours][kind], "theirs": best[theirs][kind]} for kind in (0, 1)),
        )
        for name, (ours, theirs, bare) in pairs.items()
    ]


def told(rows: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Rows of the table of docs/scaling.md, measured just now."""
    now = _common.machine()
    return [
        ["" if row.get(c) is None else str(row[c]) for c in COLUMNS[:-1]] + [now] for row in rows
    ]


def main() -> None:
    """Measure, print and write."""
    parser = _common.parser(__doc__)
    parser.add_argument("--repeats", type=int, default=2, help="turns of each; default 2")
    parser.add_argument("--write", action="store_true", help="put the table into docs/scaling.md")
    parser.add_argument("--only", nargs="+", default=[], metavar="WORD", help="of the names")
    options = parser.parse_args()
    folder = films_dir()
    rows = []
    with tempfile.TemporaryDirectory() as place:
        line = Path(place) / "one_line.py"
        line.write_text('import streamlit as st; st.write("hello")\n')
        for wait in waits(folder, line):
            if not options.only or any(word in wait.name for word in options.only):
                rows.append(timed(wait, options.repeats))
                print(rows[-1], file=sys.stderr)
                if options.write:
                    _common.into_page("waiting", COLUMNS, told(rows[-1:]), keep=True)
    if not options.only or "explanation" in options.only:
        if reason := missing():
            print(f"the Explain page is left out: {reason}", file=sys.stderr)
        else:
            rows += (found := explaining(folder, options.repeats))
            if options.write:
                _common.into_page("waiting", COLUMNS, told(found), keep=True)
    _common.report("waiting", rows, {row["wait"]: row["ratio"] for row in rows}, options.json)


if __name__ == "__main__":
    try:
        main()
    except DatasetError as error:
        sys.exit(f"error: {error}")
