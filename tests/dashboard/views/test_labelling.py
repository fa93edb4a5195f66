"""The labelling page: keys and drawing are saved, labellers are blind, and a browser can do it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from streamlit import config
from streamlit.runtime.secrets import secrets_singleton
from streamlit.testing.v1 import AppTest

from benchmarks.browser import Browser
from benchmarks.serving import serve
from tests.dashboard.views.conftest import Opener, words
from xray.dashboard.views import marking
from xray.environment import ROOT
from xray.labels import annotation, exchange
from xray.labels.annotation import SURE, UNSURE, Mark
from xray.labels.store import Store, opened


def test_nothing_is_made_before_somebody_labels(
    label_films: Path, labels_url: str, sit_down: Opener
) -> None:
    database = Path(labels_url.removeprefix("sqlite:///"))
    app = AppTest.from_file(str(ROOT / "pages" / "label.py"), default_timeout=180).run()
    assert not app.exception
    assert not database.exists()
    sit_down("Ada")
    assert database.exists()


def test_each_key_is_saved_at_once_and_undo_takes_it_back(
    sit_down: Opener, labels_url: str
) -> None:
    app = sit_down("Ada")
    app.button(key="kind tube").click().run()
    with opened(labels_url) as store:
        look = store.look(1)
        assert look.state.confidence("tube") == SURE
        app.button(key="kind tube").click().run()
        assert store.look(1).state.confidence("tube") == UNSURE
        app.button(key="kind line").click().run()
        app.button(key="text").click().run()
        app.button(key="finish").click().run()
        assert store.look(1).state.done
        assert store.look(1).state.tech_text
        assert store.look(2).state == annotation.State(), "the next film"
        app.button(key="undo").click().run()
        assert not store.look(1).state.done
        for _ in range(4):
            app.button(key="undo").click().run()
        assert store.look(1).state == annotation.State()
        app.button(key="undo").click().run()
    assert "nothing to take back" in words(app)


def test_a_new_session_goes_on_where_the_closed_one_stopped(sit_down: Opener) -> None:
    sit_down("Ada").button(key="kind support").click().run()
    assert "Support: there" in words(sit_down("Ada"))
    assert "Support: there" not in words(sit_down("Bob")), "another sees nothing of it"


def test_the_page_tells_neither_name_nor_diagnosis(sit_down: Opener, label_films: Path) -> None:
    app = sit_down("Ada")
    for _ in range(3):
        said = words(app) + json.dumps([str(e.proto) for e in app.get("plotly_chart")])
        assert "synthetic-" not in said
        for label in ("NORMAL", "PNEUMONIA"):
            assert label not in said.replace("public pneumonia", "")
        app.button(key="nothing").click().run()
    assert not [value for value in dict(app.query_params).values() if "synthetic" in str(value)]


def test_all_films_done_is_said(sit_down: Opener) -> None:
    app = sit_down("Ada")
    for _ in range(6):
        app.button(key="nothing").click().run()
    assert "Nothing is left for you" in words(app)
    app.button(key="undo").click().run()
    assert "Nothing is left for you" not in words(app)


def test_the_secrets_name_the_database_of_a_team(
    label_films: Path,
    tmp_path: Path,
    labels_url: str,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("XRAY_DATA", str(label_films))
    team = f"sqlite:///{tmp_path / 'team.sqlite'}"
    (tmp_path / "secrets.toml").write_text(f'[connections.labels]\nurl = "{team}"\n')
    # AppTest's own secrets do not reach connections: a real file, forgotten at the end.
    before = config.get_option("secrets.files")
    config.set_option("secrets.files", [str(tmp_path / "secrets.toml")])
    secrets_singleton._reset()
    request.addfinalizer(secrets_singleton._reset)
    request.addfinalizer(lambda: config.set_option("secrets.files", before))
    app = AppTest.from_file(str(ROOT / "pages" / "label.py"), default_timeout=180).run()
    while app.get("progress"):
        app.run()
    app.text_input(key="labeller").set_value("Ada")
    app.button[-1].click().run()
    app.button(key="kind line").click().run()
    assert not app.exception
    with opened(team) as store:
        assert store.look(1).state.confidence("line") == SURE
        with store.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    assert not (tmp_path / "labels.sqlite").exists()


# --- drawing ---------------------------------------------------------------------------------


def test_marks_are_shown_and_the_tool_fits_the_kind() -> None:
    marks = [
        Mark("a", "tube", 1.0, [[1, 1], [2, 2]]),
        Mark("b", "electrode", UNSURE, [5, 5, 1]),
        Mark("c", "other", 1.0, [1, 2, 3, 4]),
        Mark("line", "line", 1.0),
    ]
    figure = marking.film(b"jpeg", marks, "tube")
    assert [s.type for s in figure.layout.shapes] == [
        "path",
        "path",
        "circle",
        "circle",
        *["rect"] * 2,
    ]
    assert {s.line.dash for s in figure.layout.shapes if s.type == "circle"} == {"dot"}
    assert figure.layout.dragmode == "lasso"
    assert marking.film(b"jpeg", [], "electrode").layout.dragmode == "select"
    assert marking.film(b"jpeg", []).layout.dragmode is False


# --- a real browser --------------------------------------------------------------------------


#: Whether the place of the film is as high as the film.
SQUARE = """['.stPlotlyChart', '.nsewdrag'].map(e => document.querySelector('.stMain ' + e))
  .map(e => e.getBoundingClientRect().height).reduce((a, b) => Math.abs(a - b) < 3)"""


@pytest.mark.browser
@pytest.mark.slow
def test_a_film_is_labelled_from_end_to_end(
    browser: Browser, label_films: Path, labels_url: str, tmp_path: Path
) -> None:
    """Name, a key, a line drawn, the server killed; all is there, and the film is finished."""
    settings = {"XRAY_DATA": str(label_films), "XRAY_LABELS": labels_url}
    with serve(tmp_path, settings) as server:
        begin(browser, server.url)
        press(browser, "2", "Tube: there")
        drag(browser, [(0.2, 0.2), (0.3, 0.4), (0.4, 0.6)])
        browser.says("1 drawn")
        press(browser, "3", "Electrode: there")
        drag(browser, [(0.6, 0.6), (0.7, 0.7)])
        browser.says("2 drawn")
        server.process.kill()
        with opened(labels_url) as store:
            [tube, electrode] = drawn(store)
    with serve(tmp_path, settings) as server:
        begin(browser, server.url)
        browser.says("Tube: there")
        browser.resize("phone")
        browser.settle()
        browser.wait(SQUARE, "the film to fill its place, with no bands above and below it")
        browser.resize("desktop", 1500)
        browser.settle()
        press(browser, "f", "You finished 1 films")
    with opened(labels_url) as store:
        [row] = exchange.rows(store, label_films.name)
    assert [each["kind"] for each in row.passes[0]["devices"]] == ["tube", "electrode"]
    assert tube.geometry[0] == pytest.approx([2, 2], abs=0.3)
    assert tube.geometry[-1] == pytest.approx([4, 6], abs=0.3)
    assert electrode.geometry == pytest.approx([6.5, 6.5, 0.5], abs=0.3)


def drawn(store: Store) -> list[Mark]:
    return [mark for mark in store.look(1).state.marks if mark.geometry is not None]


def begin(browser: Browser, address: str) -> None:
    from selenium.webdriver.common.by import By

    browser.resize("desktop", 1500)
    browser.open(f"{address}/label")
    asked = "document.querySelector('.stMain input[type=text]')"
    try:
        browser.wait(asked, "to be asked for a name", 90)
    except TimeoutError as error:
        seen = browser.run("return document.body.innerText")
        raise AssertionError(f"no name is asked for; the page says: {seen}") from error
    browser.driver.find_element(By.CSS_SELECTOR, ".stMain input[type=text]").send_keys("Ada\n")
    browser.wait("document.querySelector('.stMain .nsewdrag')", "the film")
    browser.settle()


def press(browser: Browser, key: str, says: str) -> None:
    """Press a key, nothing in particular having the focus, and wait for what it says."""
    from selenium.webdriver.common.action_chains import ActionChains

    browser.run("document.activeElement.blur()")
    ActionChains(browser.driver).send_keys(key).perform()
    browser.says(says)
    browser.settle()


def drag(browser: Browser, path: list[tuple[float, float]]) -> None:
    """Draw on the film; places are shares of its width and height."""
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    plane = browser.driver.find_element(By.CSS_SELECTOR, ".stMain .nsewdrag")
    width, height = plane.size["width"], plane.size["height"]
    chain = ActionChains(browser.driver, duration=50)
    for place, (x, y) in enumerate(path):
        chain.move_to_element_with_offset(plane, (x - 0.5) * width, (y - 0.5) * height)
        if place == 0:
            chain.click_and_hold()
    chain.release().perform()
