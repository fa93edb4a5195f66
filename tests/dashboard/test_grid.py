"""Films to look at: thumbnails of what can be read, a card with facts, and a click that opens."""

from __future__ import annotations

import inspect
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from tests.helpers.visits import sections, words
from xray.dashboard import catalogue, grid
from xray.dashboard.dataset_page import Films
from xray.dataset import index, sources
from xray.drawing.phantoms import write_dataset
from xray.errors import FilmError
from xray.films import thumbnails


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three train films, one of them damaged, and one that is gone since it was indexed."""
    home = tmp_path_factory.mktemp("grid")
    write_dataset(home, n_train=4, n_val=0, n_test=0, seed=2, size=(96, 128))
    films = sorted(home.glob("train/*/*.*"))
    films[0].write_bytes(b"no film")
    return home


def made(folder: Path | None, found: index.Index) -> Films:
    shown = catalogue.build(found.table)
    return Films(sources.Source("grid", "Grid", folder), shown, "key", folder, {})


@pytest.fixture(scope="module")
def found(folder: Path) -> index.Index:
    return index.build_index(folder)


@pytest.fixture
def shown(folder: Path, found: index.Index) -> Films:
    return made(folder, found)


def row(shown: Films, damaged: bool = False) -> int:
    """The first film that can be read, or the one that cannot."""
    return int(np.flatnonzero((shown.table["error"] != "") == damaged)[0])


def size(jpeg: bytes | None) -> tuple[int, int]:
    assert jpeg is not None
    return Image.open(io.BytesIO(jpeg)).size


def test_pictures_are_small_or_large_and_keep_their_shape(shown: Films) -> None:
    small, large = (size(grid.picture(shown, row(shown), big)) for big in (False, True))
    assert max(small) <= thumbnails.SMALL and max(large) <= thumbnails.LARGE
    assert large >= small
    assert large[0] / large[1] == pytest.approx(128 / 96, abs=0.03)


def test_what_cannot_be_read_or_is_not_here_has_no_picture(
    shown: Films, found: index.Index, tmp_path: Path
) -> None:
    assert grid.picture(shown, row(shown, damaged=True)) is None
    assert grid.picture(made(None, found), row(shown)) is None, "only facts are here"
    assert grid.picture(made(tmp_path, found), row(shown)) is None, "it is gone"


def test_a_film_is_decoded_once(shown: Films, tmp_path: Path) -> None:
    path = shown.path(row(shown))
    assert path is not None
    film = grid.decoded(str(path), 1)
    assert film.pixels.shape == (96, 128) and grid.decoded(str(path), 1) is film
    (tmp_path / "a.png").write_bytes(b"no film")
    with pytest.raises(FilmError):
        grid.decoded(str(tmp_path / "a.png"), 1)


def app(folder: str) -> None:
    """Two films in sections, or with notes, and the card of the film that is open."""
    import streamlit as st

    from tests.dashboard.test_grid import made, row
    from xray.dashboard import grid
    from xray.dataset import index

    place = Path(folder)
    shown = made(place, index.build_index(place))
    readable = row(shown)
    pair = np.array([readable, row(shown, damaged=True)])
    if "notes" in st.query_params:
        grid.grid(shown, pair, "films", notes=["<b>first</b>", "second"])
    else:
        grid.grids(shown, {"One": pair[:1], "Other": pair[1:]}, "films")
    if "film" in st.query_params:
        grid.card(shown, readable)


def draw(folder: Path, **query: str) -> AppTest:
    source = "import numpy as np\nfrom pathlib import Path\n"
    source += inspect.getsource(app) + f"\napp({str(folder)!r})\n"
    opened = AppTest.from_string(source, default_timeout=60)
    for name, value in query.items():
        opened.query_params[name] = value
    opened.run()
    assert not opened.exception, opened.exception[0].value
    return opened


def test_a_grid_stands_in_sections_or_has_a_note_for_each_film(folder: Path, shown: Films) -> None:
    names = shown.table["name"].iloc[[row(shown), row(shown, damaged=True)]].tolist()
    assert sections(draw(folder)) == {"One": names[:1], "Other": names[1:]}
    noted = draw(folder, notes="yes")
    assert sections(noted) == {"": names}
    (grid_,) = noted.get("bidi_component")
    told = str(grid_.proto)
    assert "<b>first</b>" in told and "second" in told
    assert told.count("data:image/jpeg;base64,") == 1, "the damaged film has a place and no picture"


def test_the_card_of_a_film_has_its_facts_and_closes(folder: Path, shown: Films) -> None:
    opened = draw(folder, film="x")
    film = shown.table.iloc[row(shown)]
    text = words(opened)
    assert str(film["name"]) in text and f"{film['label']} film" in text
    opened.button(key="close film").click().run()
    assert "film" not in opened.query_params
    assert not [each for each in opened.button if each.key == "close film"]
