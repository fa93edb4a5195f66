"""The map of films against bare pages, and embeddings against bare predictions.

``python -m benchmarks.film_map [--model NAME] [--films N] [--large N] [--json FILE]``: reruns by
Streamlit's own AppTest in processor time, the best of each after one that counts nothing, as in
``benchmarks.pages``: the map of the films of ``XRAY_DATA`` by pixels, laid out by PCA, against an
empty page with one chart; and the map with films chosen, tiles beside it, against a bare page with
as many points on which a selection is told, all of them in turns. What a browser adds is not in it.
Then ``--films`` (0: none) are embedded and predicted in turns by a model. To reach: at most 3, at
most 2, at least 0.9. ``--large`` draws the map of a made table of so many films, whose vectors are
random, and looks for near-identical ones among as many vectors, of which 500 pairs are planted.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from benchmarks import pages
from benchmarks._common import best, parser, report
from benchmarks.empty_page import EmptyPage
from xray.dataset import index, leakage
from xray.environment import ROOT, cache_dir, films_dir
from xray.files import write_json
from xray.models import embeddings, registry

#: A page that draws as many points and is told what a lasso takes, and nothing else.
BARE = """import numpy as np, plotly.graph_objects as go, streamlit as st
rng = np.random.default_rng(0)
figure = go.Figure(go.Scattergl(x=rng.random({n}), y=rng.random({n}), mode="markers",
                                text=[f"film {{i}}" for i in range({n})]))
st.plotly_chart(figure, on_select="rerun", selection_mode=("box", "lasso"))
"""
#: The map of films that are not here, but have vectors.
LARGE = """from dataclasses import replace
from pathlib import Path
import numpy as np
from xray.dashboard import cache, dataset_page, page
from xray.dashboard.views import spaces
from xray.dashboard.views.browse import film_map
from xray.models import embeddings
page.page("The map")
films = dataset_page.films()
films.table["path"] = films.table["file"]
shown = replace(films, folder=Path("."))
def write():
    rows = spaces.rows_of(shown)
    vectors = np.random.default_rng(0).normal(size=(len(rows), 64)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    space = embeddings.Space(
        embeddings.PIXELS, "", shown.table["file"].to_numpy(str)[rows], vectors,
        embeddings.key_of(shown.table.iloc[rows], ""))
    embeddings.save(space)
    embeddings.layout(space)
cache.remember("written", write, shown.key)
film_map.draw(shown)
"""
PLANTED = 500
#: Films that are chosen in the second view.
CHOSEN = 200


def rerun(app: AppTest) -> float:
    """Processor time of a rerun."""
    start = time.process_time()
    app.run()
    return time.process_time() - start


def opened(table: pd.DataFrame, repeats: int) -> dict[str, float]:
    """Processor time of the best rerun of each view, of which each is asked in turn."""
    token = "0123456789ab"
    write_json(cache_dir() / "chosen" / f"{token}.json", table["file"].head(CHOSEN).tolist())
    apps = {"bare selection": AppTest.from_string(BARE.format(n=len(table))).run()}
    for name, more in (("map", {}), ("map, films chosen", {"chosen": token})):
        app = AppTest.from_file(str(ROOT / "pages" / "browse.py"), default_timeout=300)
        for key, value in ({"section": "Map"} | more).items():
            app.query_params[key] = value
        for _ in range(60):
            app.run()
            if app.get("plotly_chart"):
                break
            time.sleep(1)
        apps[name] = app
    quickest = dict.fromkeys(apps, float("inf"))
    with EmptyPage() as empty:
        for _ in range(repeats):
            empty.rerun()
            for name, app in apps.items():
                quickest[name] = min(quickest[name], rerun(app))
    return {"empty page": empty.seconds, **quickest}


def rates(name: str, count: int) -> dict[str, float]:
    """Processor seconds to predict and to embed films, in turns."""
    model = registry.load(name)
    films = np.random.default_rng(0).random((count, *model.card.size), dtype=np.float32)
    runs = {
        "predicted": lambda: model.log_odds_prepared(films),
        "embedded": lambda: embeddings.vectors_of(model, films),
    }
    # The first of each compiles.
    best(runs, 1)
    return best(runs, 4, time.process_time)


def large(count: int, repeats: int) -> dict[str, float]:
    """Processor seconds of the map of a made table, and of the search for near-identical films.

    Raises
    ------
    RuntimeError
        The page does not say what it shows, or not all that was planted is found.
    """
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as cache:
        folder = pages.made(Path(home), count)
        os.environ |= {"XRAY_ARTIFACTS": str(folder), "XRAY_CACHE": cache, "XRAY_DATA": ""}
        try:
            app = AppTest.from_string(LARGE, default_timeout=300)
            found = {"map, first": rerun(app)}
            told = "".join(each.value for each in app.caption)
            found["map, again"] = min(rerun(app) for _ in range(repeats))
        finally:
            os.environ.clear()
            os.environ |= before
    if f"drawn at random of {count:,}" not in told:
        raise RuntimeError(f"the page does not say that it shows a sample: {told}")
    rng = np.random.default_rng(0)
    spread = rng.normal(size=(40, 256))
    vectors = rng.normal(size=(count, 40)) @ spread + rng.normal(size=(count, 256))
    vectors[-PLANTED:] = vectors[:PLANTED] + 0.3 * rng.normal(size=(PLANTED, 256))
    names = np.arange(count).astype(str)
    space = embeddings.Space("", "", names, leakage.unit(vectors.astype(np.float32)), "")
    start = time.process_time()
    pairs = space.pairs(1 - leakage.CORRELATION)
    found["near-identical films"] = time.process_time() - start
    if len(pairs) != PLANTED:
        raise RuntimeError(f"{len(pairs)} pairs were found, {PLANTED} planted")
    return found


def main() -> int:
    """Measure and print."""
    options = parser(__doc__)
    options.add_argument("--model", default="transfer")
    options.add_argument("--films", type=int, default=64)
    options.add_argument("--repeats", type=int, default=7)
    options.add_argument("--large", type=int, default=0)
    chosen = options.parse_args()
    folder = films_dir()
    table = index.index(folder)
    embeddings.layout(embeddings.embed(folder, table))
    views = opened(table, chosen.repeats)
    rows = [{"what": name, "seconds": value} for name, value in views.items()]
    ratios = {
        "map against an empty page": views["map"] / views["empty page"],
        "films chosen against a bare selection": views["map, films chosen"]
        / views["bare selection"],
    }
    if chosen.large:
        rows += [
            {"what": f"{name}, of {chosen.large:,} films", "seconds": each}
            for name, each in large(chosen.large, chosen.repeats).items()
        ]
    if chosen.films:
        rate = rates(chosen.model, chosen.films)
        rows += [
            {"what": f"{chosen.films} films {name}", "seconds": each} for name, each in rate.items()
        ]
        ratios["rate of embeddings against predictions"] = rate["predicted"] / rate["embedded"]
    report("film_map", rows, ratios, chosen.json)
    return 0


if __name__ == "__main__":
    sys.exit(main())
