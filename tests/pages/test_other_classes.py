"""A set of other classes goes from folder to report, and nothing speaks of the public set's."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from tests.helpers.visits import FAILED, PAGES, SECTIONS, go
from xray.commands.main import main
from xray.environment import ROOT
from xray.files import read_json, write_bytes
from xray.models import registry
from xray.models.card import WEIGHTS, Card, read_card, write_card
from xray.reports import model_card

NAMES = {"Normal": "NORMAL", "Tuberculosis": "PNEUMONIA"}


@pytest.fixture(scope="module")
def ward(synthetic_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A folder of films of tuberculosis, and artifacts with two models judged on it."""
    home = tmp_path_factory.mktemp("ward")
    films, artifacts = home / "films", home / "artifacts"
    for split in ("train", "val", "test"):
        for theirs, ours in NAMES.items():
            shutil.copytree(synthetic_folder / split / ours, films / split / theirs)
    well = next((films / "test" / "Normal").iterdir())
    shutil.copy(well, films / "test" / "Tuberculosis" / "also.jpeg")
    for part in ("dataset", "devices"):
        shutil.copytree(ROOT / "artifacts" / part, artifacts / part)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XRAY_ARTIFACTS", str(artifacts))
        patch.setattr(registry, "load", shelf.load)
        for name in ("first", "second"):
            write_bytes(artifacts / "models" / name / WEIGHTS, name.encode())
            card = Card(name, title=f"Model {name}", size=(32, 32), threshold=0.5)
            write_card(card, artifacts / "models" / name)
        said = "normal=normal,tuberculosis=tuberculosis"
        assert main(["index", str(films), "--classes", said]) == 0
        for split in ("val", "test"):
            out = ["--data", str(films), "--split", split, "--store"]
            assert main(["evaluate", "first", "second", *out]) == 0
    return films, artifacts


def everything(app: AppTest) -> str:
    """All that a visitor can read, figures and tables included."""
    said = [str(element.proto) for element in _all(app)]
    # As it is read: a protocol buffer is shown with quotes escaped.
    return "\n".join(said).replace("\\'", "'")


def _all(app: AppTest) -> list[object]:
    kinds = (
        *("title", "header", "subheader", "markdown", "caption", "html", "warning", "error"),
        *("info", "success", "selectbox", "button_group", "plotly_chart", "arrow_data_frame"),
        *("metric", "button", "select_slider", "slider", "number_input", "multiselect"),
        *("radio", "checkbox", "toggle", "expander", "tab", "file_uploader", "imgs"),
    )
    return [element for kind in kinds for element in app.get(kind) if hasattr(element, "proto")]


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch, ward: tuple[Path, Path]) -> Callable[[str], AppTest]:
    def open_(name: str) -> AppTest:
        monkeypatch.setenv("XRAY_DATA", str(ward[0]))
        monkeypatch.setenv("XRAY_ARTIFACTS", str(ward[1]))
        monkeypatch.setattr(registry, "load", shelf.load)
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
        app.run()
        if name != "overview":
            app.switch_page(f"pages/{name}.py").run()
        end = time.monotonic() + 120
        while "Reading the films" in everything(app) and time.monotonic() < end:
            time.sleep(0.2)
            app.run()
        assert not app.exception, app.exception[0].value
        return app

    return open_


PART = "Model first was judged on a part"
#: Sections that must speak of the class by its name.
SPEAK = ("Compare", "Operating point", "Classes and sizes", "Films")


@pytest.mark.parametrize("name", PAGES)
def test_no_page_speaks_of_another_disease(visit: Callable[[str], AppTest], name: str) -> None:
    app = visit(name)
    for section in SECTIONS.get(name, ("Films" if name == "browse" else "",)):
        if name in SECTIONS:
            go(app, section)
        text = everything(app)
        assert FAILED not in text, section
        at = text.lower().find("pneumonia")
        assert at < 0, text[max(0, at - 200) : at + 100]
        assert section not in SPEAK or "tuberculosis" in text, section
        # Beside the figures it is said that two files are in neither class.
        assert name not in ("overview", "performance") or PART in text, section


def test_report_and_card_speak_of_it_too(
    ward: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(ward[1]))
    monkeypatch.setenv("XRAY_DATA", str(ward[0]))
    out, found = tmp_path / "report.html", tmp_path / "found.json"
    assert main(["report", "--out", str(out)]) == 0
    text = out.read_text()
    assert "pneumonia" not in text.lower() and text.count(PART) == 2
    card = read_card(ward[1] / "models" / "first")
    assert (card.negative, card.positive) == ("normal", "tuberculosis")
    assert "pneumonia" not in model_card.markdown(card, None, ()).lower()
    monkeypatch.delenv("XRAY_DATA")
    capsys.readouterr()
    assert main(["evaluate", "first", "--json", str(found)]) == 0
    assert "called tuberculosis from a probability" in capsys.readouterr().out
    assert read_json(found)[0]["positive"] == "tuberculosis"
    assert main(["evaluate", "first", "--positive", "Normal", "--json", str(found)]) == 0
    assert read_json(found)[0]["positive"] == "normal"
    assert main(["evaluate", "first", "--positive", "covid"]) == 2
    assert "--positive is normal or tuberculosis" in capsys.readouterr().err


def test_models_judged_on_other_films_are_spoken_of_by_the_classes_of_those(
    ward: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XRAY_DATA", str(ward[0]))
    monkeypatch.setenv("XRAY_ARTIFACTS", str(ROOT / "artifacts"))
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300).run()
    app.switch_page("pages/performance.py").run()
    for section in ("Operating point", "What others reported"):
        go(app, section)
        text = everything(app)
        assert FAILED not in text and "tuberculosis" not in text, section
        assert "PNEUMONIA" in text, section
