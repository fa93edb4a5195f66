"""Do costs grow with the work, and no faster? Audits of more models, index and pages of more films.

    python -m benchmarks.scaling [--films N ...] [--models N ...] [--write] [--json FILE]

- ``index``: ``xray index`` of a new folder of so many files of 128 x 128 pixels (200 synthetic
  films under many names), all scores and hashes.
- ``first view``: the slowest first view of a page of films (Dataset, Browse) over a made table of
  as many films; what is shown of it again is measured by ``benchmarks.pages``.
- ``audit``: so many small networks, audited together on 60 synthetic films with rendered devices.

Processor time of all threads, so that other work on the machine does not count. The slope is that
of the steepest step on log paper: 1 where twice the work takes twice as long. To reach: 1.05.
``--write`` draws the lines into ``docs/scaling.svg`` and the table into ``docs/scaling.md``.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Any

import numpy as np
from streamlit.testing.v1 import AppTest

from benchmarks import _common, pages
from benchmarks._visitor import FAILED, IGNORED
from xray.audits import audit, inputs
from xray.dataset import index
from xray.drawing import phantoms
from xray.environment import ROOT
from xray.figures import palette
from xray.files import write_bytes
from xray.models.card import Card
from xray.models.model import Model

FILMS, MODELS = (600, 6_000, 60_000), (1, 10, 50)
GOAL = 1.05
#: Pages whose first view goes over every film.
VIEWS: tuple[tuple[str, dict[str, str]], ...] = (
    ("dataset", {}),
    ("dataset", {"section": "Outliers"}),
    ("dataset", {"section": "Duplicates and leakage"}),
    ("browse", {}),
)
COLUMNS = ("what", "work", "processor seconds", "steepest step")


def spent(work: Callable[[], object]) -> float:
    """Processor time of all threads of this process."""
    start = time.process_time()
    work()
    return time.process_time() - start


def folder_of(home: Path, films: int) -> Path:
    """A folder of so many files: few films, drawn once, under many names."""
    few = home / "few"
    if not few.is_dir():
        phantoms.write_dataset(few, n_train=0, n_val=0, n_test=200, seed=0, size=(128, 128))
    drawn = sorted(few.rglob("*.jp*g"))
    for number in range(films):
        film = drawn[number % len(drawn)]
        copy = home / str(films) / "test" / film.parent.name / f"person{number}_virus_1.jpeg"
        copy.parent.mkdir(parents=True, exist_ok=True)
        os.link(film, copy)
    return home / str(films)


def indexing(sizes: Sequence[int]) -> Iterable[float]:
    """Seconds to index new folders."""
    with tempfile.TemporaryDirectory() as home:
        folders = [folder_of(Path(home), size) for size in (60, *sizes)]
        # The first of all imports what all need.
        index.build_index(folders[0])
        for folder in folders[1:]:
            yield spent(partial(index.build_index, folder, refresh=True))


def opened(page: str, query: dict[str, str]) -> AppTest:
    """A session that has this view open, everything in it computed once."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.run().switch_page(f"pages/{page}.py")
    for name, value in query.items():
        app.query_params[name] = value
    for _ in range(2):
        app.run()
    kinds = ("warning", "exception", "info")
    said = [str(getattr(each, "value", "")) for kind in kinds for each in app.get(kind)]
    if wrong := [words for words in said if FAILED in words or IGNORED in words or app.exception]:
        # What fails would look quick.
        raise RuntimeError(f"{page} with {query} shows errors: {wrong}")
    return app


def viewing(sizes: Sequence[int]) -> Iterable[float]:
    """Seconds of the slowest first view of a page."""
    before = dict(os.environ)
    # The smallest twice: the first time counts what is imported.
    for number, size in enumerate((sizes[0], *sizes)):
        with tempfile.TemporaryDirectory() as home:
            folder = pages.made(Path(home), size, seed=number)
            os.environ |= {"XRAY_ARTIFACTS": str(folder), "XRAY_DATA": ""}
            try:
                slowest = max(spent(partial(opened, *view)) for view in VIEWS)
            finally:
                os.environ.clear()
                os.environ |= before
        if number:
            yield slowest


def network(number: int) -> Model:
    """A small network of films of 64 pixels; no two have the same weights."""
    import keras

    keras.utils.set_random_seed(number)
    layers = keras.layers
    net = keras.Sequential(
        [
            keras.Input((64, 64, 1)),
            layers.Conv2D(8, 3, 2, activation="relu"),
            layers.Conv2D(16, 3, 2, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return Model(Card(name=f"small-{number}", title="", role="user", size=(64, 64)), net)


def auditing(sizes: Sequence[int]) -> Iterable[float]:
    """Seconds to audit networks together, their films and devices prepared anew."""
    with tempfile.TemporaryDirectory() as home:
        phantoms.write_dataset(Path(home), n_train=0, n_val=0, n_test=60, seed=0)
        models = [network(number) for number in range(max(sizes))]
        for model in models:
            model.log_odds_prepared(np.zeros((1, 64, 64), np.float32))
        inputs.prepare(Path(home))
        for size in sizes:
            yield spent(partial(_audited, models[:size], Path(home)))


def _audited(models: Sequence[Model], folder: Path) -> None:
    audit.audit(models, inputs.prepare(folder))


def slope(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of the steepest step on log paper."""
    return max(
        log(after / before) / log(more / fewer)
        for (fewer, before), (more, after) in pairwise(zip(sizes, seconds, strict=True))
    )


def drawn(lines: dict[str, list[tuple[int, float]]]) -> str:
    """The lines on log paper, as SVG."""
    every = [point for line in lines.values() for point in line]
    ends = [(min(each), max(each)) for each in zip(*every, strict=True)]
    low, high = zip(*[(np.floor(np.log10(a)), np.ceil(np.log10(b))) for a, b in ends], strict=True)

    def at(point: tuple[float, float]) -> tuple[float, float]:
        across, up = ((np.log10(v) - a) / (b - a) for v, a, b in zip(point, low, high, strict=True))
        return 60 + 380 * float(across), 260 - 240 * float(up)

    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 620 300" font-size="12" '
        'font-family="sans-serif" fill="#848B95"><title>Processor seconds over films or '
        "models, both on log scales</title>"
    ]
    for axis in (0, 1):
        for power in range(int(low[axis]), int(high[axis]) + 1):
            x, y = at((10.0**power, 10 ** low[1]) if axis == 0 else (10 ** low[0], 10.0**power))
            end = (x, 20.0) if axis == 0 else (440.0, y)
            place = (
                f'x="{x:.0f}" y="{y + 16:.0f}" text-anchor="middle"'
                if axis == 0
                else (f'x="{x - 6:.0f}" y="{y + 4:.0f}" text-anchor="end"')
            )
            parts.append(
                f'<path d="M{x:.0f} {y:.0f}L{end[0]:.0f} {end[1]:.0f}" stroke="#848B95" '
                f'stroke-opacity=".3"/><text {place}>{10.0**power:,g}</text>'
            )
    parts.append(
        '<text x="250" y="295" text-anchor="middle">films, or models</text>'
        '<text x="14" y="140" transform="rotate(-90 14 140)" text-anchor="middle">'
        "processor seconds</text>"
    )
    for (name, line), colour in zip(lines.items(), palette.GROUPS, strict=False):
        places = [at((float(size), value)) for size, value in line]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
        dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places)
        x, y = places[-1]
        parts.append(
            f'<g fill="{colour}"><path d="M{path}" fill="none" stroke="{colour}" '
            f'stroke-width="2"/>{dots}<text x="{x + 9:.0f}" y="{y + 4:.0f}">{name}</text>'
            "</g>"
        )
    return "".join(parts) + "</svg>\n"


def told(rows: Sequence[dict[str, Any]]) -> list[list[str]]:
    """Rows of the table of docs/scaling.md."""
    lines = []
    for row in rows:
        work = ", ".join(f"{size:,}" for size in row["sizes"])
        seconds = ", ".join(
            f"{value:.2g}" if value < 10 else f"{value:.0f}" for value in row["seconds"]
        )
        lines.append([row["what"], f"{work} {row['of']}", seconds, f"{row['slope']:.2f}"])
    return lines


def main() -> None:
    """Measure, print, and draw where that is asked for."""
    parser = _common.parser(__doc__)
    parser.add_argument("--films", type=int, nargs="+", default=list(FILMS))
    parser.add_argument("--models", type=int, nargs="+", default=list(MODELS))
    parser.add_argument("--write", action="store_true", help="draw into docs/")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as cache:
        os.environ["XRAY_CACHE"] = cache
        for what, of, measure, sizes in (
            ("index", "films", indexing, options.films),
            ("first view", "films", viewing, options.films),
            ("audit", "models", auditing, options.models),
        ):
            seconds = list(measure(sizes))
            rows.append(
                {
                    "what": what,
                    "of": of,
                    "sizes": sizes,
                    "seconds": seconds,
                    "slope": slope(sizes, seconds),
                }
            )
    ratios = {f"{row['what']}, slope (goal {GOAL})": row["slope"] for row in rows}
    _common.report("scaling", rows, ratios, options.json)
    if options.write:
        lines = {r["what"]: list(zip(r["sizes"], r["seconds"], strict=True)) for r in rows}
        write_bytes(ROOT / "docs" / "scaling.svg", drawn(lines).encode())
        _common.into_page("scaling", COLUMNS, told(rows))


if __name__ == "__main__":
    main()
