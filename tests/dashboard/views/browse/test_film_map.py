"""The map, films like one, and groups, as pages show them; the films are synthetic."""

from __future__ import annotations

import inspect
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from xray.dashboard.views.browse import film_map
from xray.dataset import index
from xray.drawing.phantoms import write_dataset
from xray.files import write_json
from xray.models import embeddings


def app() -> None:
    """The section by itself."""
    import streamlit as st

    from xray.dashboard import dataset_page, page
    from xray.dashboard.views.browse import film_map

    page.page("The map")
    shown = dataset_page.films()
    if shown is None:
        return
    st.session_state["ready"] = True
    kept = np.arange(10, dtype=np.int32) if "few" in st.query_params else None
    film_map.draw(shown, kept)


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shelf.build(tmp_path_factory.mktemp("shelf"))


@pytest.fixture
def visit(
    monkeypatch: pytest.MonkeyPatch, artifacts: Path, synthetic_folder: Path
) -> Iterator[Callable[..., AppTest]]:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(artifacts))
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))

    def open_(**query: str) -> AppTest:
        source = "import numpy as np\n" + inspect.getsource(app) + "\napp()\n"
        made = AppTest.from_string(source, default_timeout=120)
        for name, value in query.items():
            made.query_params[name] = value
        for _ in range(100):
            made.run()
            if "ready" in made.session_state:
                break
            time.sleep(0.2)
        assert not made.exception, made.exception[0].value
        assert not made.warning, made.warning[0].value
        return made

    yield open_


@pytest.fixture
def table(synthetic_folder: Path) -> pd.DataFrame:
    return index.index(synthetic_folder).sort_values("file").reset_index(drop=True)


def laid_out(folder: Path, table: pd.DataFrame) -> embeddings.Space:
    space = embeddings.embed(folder, table)
    embeddings.layout(space)
    return space


def test_a_map_is_offered_made_when_asked_and_then_shown(
    visit: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Films of its own: the process remembers spaces of others that a test before this one made.
    write_dataset(tmp_path, 6, 0, 8, seed=95)
    monkeypatch.setenv("XRAY_DATA", str(tmp_path))
    table = index.index(tmp_path).sort_values("file").reset_index(drop=True)
    page = visit()
    assert [button.label for button in page.button] == [f"Compare {len(table)} films"]
    laid_out(tmp_path, table)
    page = visit()
    assert len(page.get("plotly_chart")) == 1
    assert "No films chosen" in "".join(each.proto.body for each in page.get("html"))
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert {trace["type"] for trace in figure["data"]} == {"scattergl"}
    dimmed = visit(few="1")
    figure = json.loads(dimmed.get("plotly_chart")[0].proto.spec)
    assert figure["data"][0]["name"] == "filtered out"


def test_a_drawn_sample_is_called_one_and_of_how_many(
    visit: Callable[..., AppTest], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_dataset(tmp_path, 6, 0, 8, seed=93)
    monkeypatch.setenv("XRAY_DATA", str(tmp_path))
    monkeypatch.setattr(embeddings, "drawn", lambda count: np.arange(count)[::2])
    page = visit()
    said = "A sample of 7 films, drawn at random of 14"
    assert any(said in each.value for each in page.caption)
    rows = index.index(tmp_path).sort_values("file").reset_index(drop=True).iloc[::2]
    laid_out(tmp_path, rows)
    page = visit()
    figure = json.loads(page.get("plotly_chart")[0].proto.spec)
    assert figure["layout"]["meta"]["title"] == f"{said}, by class"
    assert any(f"{said}: the map shows no others" in each.value for each in page.caption)
    part = json.loads(visit(few="1").get("plotly_chart")[0].proto.spec)
    assert part["layout"]["meta"]["title"] == "5 films of a sample of 7, by class"


@pytest.mark.parametrize("colour", film_map.COLOURS)
def test_every_film_has_a_colour(
    visit: Callable[..., AppTest], synthetic_folder: Path, table: pd.DataFrame, colour: str
) -> None:
    laid_out(synthetic_folder, table)
    figure = json.loads(visit(colour=colour).get("plotly_chart")[0].proto.spec)
    counts = [int(trace["name"].rsplit("(", 1)[1].rstrip(")")) for trace in figure["data"]]
    assert sum(counts) == len(table)


def test_a_link_brings_the_chosen_films_back(
    visit: Callable[..., AppTest], synthetic_folder: Path, table: pd.DataFrame
) -> None:
    laid_out(synthetic_folder, table)
    files = table["file"].iloc[[1, 4, 7]].tolist()
    write_json(film_map._list("0123456789ab"), files)
    page = visit(chosen="0123456789ab")
    assert any("3 films chosen" in each.value for each in page.markdown)
    labels = [button.label for button in page.button]
    assert "Label these first" in labels and "Forget them" in labels
    page.button(key="label chosen").click().run()
    from xray.labels import store

    with store.opened() as kept:
        collection = next(name for name in kept.collections() if kept.films(name))
        assert set(files) <= kept.films(collection)
    gone = visit(chosen="ffffffffffff")
    assert any("not kept on this server" in each.value for each in gone.info)


def test_a_lasso_takes_films_and_never_dimmed_ones() -> None:
    rows, curves = np.array([5, 3, 9]), [np.empty(0, int), np.array([0, 2]), np.array([1])]
    points = [(1, 0), (1, 1), (2, 0), (0, 0), (7, 1)]
    assert list(film_map.taken_by(rows, curves, points)) == [3, 5, 9]
    assert len(film_map.taken_by(rows, curves, [(0, 3)])) == 0
