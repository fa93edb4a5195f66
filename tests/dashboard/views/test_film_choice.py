"""A film is chosen beside its answer: an upload, a synthetic one, or one of the dataset."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.visits import alone, words
from xray.dashboard.views import film_choice


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    monkeypatch.delenv("XRAY_DATA", raising=False)


@pytest.mark.usefixtures("bare")
def test_without_films_nothing_is_offered_but_a_synthetic_one() -> None:
    app = alone("explain", "One film")
    assert not [each for each in app.get("button_group") if each.key == "source"]
    app.number_input(key="child").set_value(12).run()
    app.selectbox(key="wears").set_value("tube").run()
    assert "drawn by this program as PNEUMONIA, no patient" in words(app)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("data", "said"),
    [(b"this is no picture", "is a text"), (b"", "is empty"), (b"\xff\xd8\xff\xe0cut", "damaged")],
)
def test_what_is_no_film_is_one_sentence(data: bytes, said: str) -> None:
    app = alone("explain", "One film")
    app.file_uploader[0].upload("film.png", data, "image/png").run()
    (warning,) = [each.value for each in app.warning]
    assert said in warning.replace("\\", "")
    assert film_choice.NO_DEVICE == "nothing" and not app.exception
