"""Sections of a page: those of another page are forgotten; a link is told what it asks in vain."""

from __future__ import annotations

from pathlib import Path

from streamlit.testing.v1 import AppTest

from tests.helpers.visits import alone, settle, through_app, words
from xray.environment import ROOT


def test_the_section_of_another_page_is_forgotten(on_shelf: Path) -> None:
    app = AppTest.from_file(str(ROOT / "pages" / "cards.py"), default_timeout=180)
    # As Streamlit keeps it from the page before, by the widget's name.
    app.session_state["section"] = "Remedies"
    for _ in range(2):
        app.run()
        assert not app.exception
        assert app.segmented_control(key="section").value == "Models"
        assert "section" not in app.query_params, "Streamlit has put it into the link"
        assert "ignored" not in words(app)


def test_a_link_is_told_that_its_section_is_not_offered(on_shelf: Path) -> None:
    app = alone("cards", "Remedies")
    assert "The link's section “Remedies” is not offered here and was ignored." in words(app)
    assert app.segmented_control(key="section").value == "Models"


def test_a_link_within_the_app_opens_its_section(on_shelf: Path) -> None:
    app = through_app("robustness")
    app.switch_page("pages/cards.py")
    app.query_params["section"] = "Runs"
    app.run()
    settle(app)
    assert not app.exception
    assert app.segmented_control(key="section").value == "Runs"
    assert app.query_params["section"] == "Runs", "of the page before, Streamlit took it away"
