"""Folders, classes, films and runs with names that are markup: pages show them as text."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.visits import SECTIONS
from xray.dashboard import catalogue
from xray.drawing.phantoms import write_dataset
from xray.environment import ROOT

#: No slash: a name of a folder has none.
EVIL = "<img src=x onerror=alert(1)> [x](www.evil.example) :material-delete: $x^2$ =1+1"
PAGES = (
    *(("dataset", section) for section in SECTIONS["dataset"]),
    *(("browse", ""), ("label", ""), ("explain", "")),
)
#: What an unescaped name would leave in HTML, and in Markdown.
TAG, MARKUP = re.compile(r"<img src=x"), re.compile(r"(?<!\\)\]\(|(?<!\\)\$x|www\.evil")


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile") / EVIL
    write_dataset(folder, n_train=2, n_val=0, n_test=2, seed=1, size=(96, 128))
    for label in (folder / "test").iterdir():
        film = next(label.iterdir())
        shutil.copy(film, label / f"{EVIL}.jpeg")
    return folder


def parts(app: AppTest) -> Iterator[tuple[str, str]]:
    """Kind and text of all that a page shows."""
    for kind in (
        "markdown",
        "caption",
        "title",
        "header",
        "subheader",
        "info",
        "warning",
        "error",
        "success",
    ):
        for element in app.get(kind):
            yield kind, str(element.value)
    for element in app.get("html"):
        yield "html", str(element.proto.body)
    for kind in ("button", "selectbox", "expander", "toggle"):
        for element in app.get(kind):
            yield kind, str(element.label)
    for element in app.get("button_group"):
        for option in element.proto.options:
            yield "choice", str(option.content)


@pytest.mark.parametrize(("name", "section"), PAGES)
def test_hostile_names_stay_text(
    name: str, section: str, films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_DATA", str(films))
    monkeypatch.setenv("XRAY_LABELS", f"sqlite:///{tmp_path / 'labels.sqlite'}")
    app = AppTest.from_file(str(ROOT / "pages" / f"{name}.py"), default_timeout=180)
    row = pd.read_csv(films / "synthetic.csv").query("split == 'test'").iloc[0]
    app.query_params["film"] = catalogue.token(f"test/{row['label']}/{EVIL}.jpeg")
    if section:
        app.query_params["section"] = section
    app.run()
    while app.get("progress"):
        app.run()
    assert not app.exception
    found = list(parts(app))
    if name == "browse" or section == "Outliers":
        assert any("onerror" in text for _, text in found), "the film's name is shown"
    for kind, text in found:
        wrong = TAG if kind == "html" else MARKUP
        assert not wrong.search(text), (kind, text)
