"""Films like one of the dataset, and like one that was uploaded."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from xray.dashboard import catalogue
from xray.dataset import index
from xray.models import embeddings


def app() -> None:
    """The part by itself: of a film, or of an upload."""
    import numpy as np
    import streamlit as st

    from xray.dashboard import dataset_page, page
    from xray.dashboard.views.browse import neighbours
    from xray.films.decode import Film

    page.page("Films like this one")
    st.session_state["ready"] = True
    if "film" not in st.query_params:
        pixels = np.random.default_rng(0).random((64, 48), dtype=np.float32)
        neighbours.show_upload(Film(pixels, "mine.png", "ab" * 32, "PNG", "L", 0))
        return
    shown = dataset_page.films()
    row = shown.catalogue.row(st.query_params["film"]) if shown else None
    if shown and row is not None:
        neighbours.show(shown, row)


@pytest.fixture
def space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synthetic_folder: Path
) -> embeddings.Space:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(shelf.build(tmp_path)))
    monkeypatch.setenv("XRAY_DATA", str(synthetic_folder))
    table = index.index(synthetic_folder).sort_values("file").reset_index(drop=True)
    return embeddings.embed(synthetic_folder, table)


def visit(**query: str) -> AppTest:
    made = AppTest.from_function(app, default_timeout=120)
    for name, value in query.items():
        made.query_params[name] = value
    for _ in range(100):
        made.run()
        if "ready" in made.session_state and "Distance is" in said(made):
            break
        time.sleep(0.2)
    assert not made.exception, made.exception[0].value
    assert not made.warning, made.warning[0].value
    return made


def said(made: AppTest) -> str:
    return " ".join(each.value for each in made.caption)


def counted(space: embeddings.Space, rows: np.ndarray) -> pd.Series:
    """Films of each class among rows."""
    return pd.Series(space.files[rows]).str.split("/").str[1].value_counts()


def test_the_nearest_films_are_counted_by_class(space: embeddings.Space) -> None:
    page = visit(film=catalogue.token(str(space.files[2])))
    near, _ = space.nearest(space.vectors[2], 12, str(space.files[2]))
    for label, count in counted(space, near).items():
        assert f"{count} {label}" in said(page)
    assert "0 for the same film" in said(page)


def test_an_upload_is_compared_without_being_kept(space: embeddings.Space) -> None:
    page = visit()
    pixels = np.random.default_rng(0).random((64, 48), dtype=np.float32)
    near, _ = space.nearest(embeddings.vectors_of(None, pixels[None])[0], 12)
    for label, count in counted(space, near).items():
        assert f"{count} {label}" in said(page)
