"""Spaces: what is offered, found where it was made before, and made in the queue."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from xray.dashboard.views import spaces
from xray.drawing.phantoms import write_dataset
from xray.environment import cache_dir
from xray.models import embeddings


def app() -> None:
    """A space by pixels: made when asked, and then told."""
    import streamlit as st

    from xray.dashboard import dataset_page, page
    from xray.dashboard.views import spaces

    page.page("Spaces")
    shown = dataset_page.films()
    if shown is None:
        return
    st.session_state["ready"] = True
    name = spaces.choose(shown)
    space = spaces.stored(shown, name)
    if space is None:
        spaces.make(shown, name)
    else:
        st.markdown(f"{len(space.files)} films by {space.name}")


def rerun(page: AppTest, until: str) -> AppTest:
    for _ in range(100):
        page.run()
        told = [each.value for each in page.markdown] + [each.label for each in page.button]
        if any(until in each for each in told):
            return page
        time.sleep(0.2)
    raise AssertionError(f"{until} never came")


def test_films_are_compared_when_asked_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Films that no other test has compared.
    write_dataset(tmp_path / "films", 6, 0, 8, seed=91)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(shelf.build(tmp_path / "artifacts")))
    monkeypatch.setenv("XRAY_DATA", str(tmp_path / "films"))
    before = set((cache_dir() / "embeddings").glob("*.npz"))
    page = rerun(AppTest.from_function(app, default_timeout=120), "Compare 14 films")
    page.button(key="make pixels ").click()
    page = rerun(page, "14 films by pixels")
    assert not page.exception and not page.warning
    assert len(set((cache_dir() / "embeddings").glob("*.npz")) - before) == 1


def test_without_films_only_pixels_are_named() -> None:
    assert spaces.offered(None) == {spaces.BY_PIXELS: embeddings.PIXELS}
