"""The frame of every page: titles are text, errors stay in their part, links say what they hold."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.visits import words
from xray.dashboard import page
from xray.environment import artifacts_dir
from xray.reports import html


def test_title_and_lead_are_text() -> None:
    """A title names models and datasets, whose names come from files."""

    def draw() -> None:
        from xray.dashboard import page as dashboard

        dashboard.page(":material/delete: www.evil.example [x](//evil.example)", "<b>a</b> & b")

    app = AppTest.from_function(draw, default_timeout=60).run()
    assert not app.exception
    (title,) = app.title
    assert title.value == html.plain(":material/delete: www.evil.example [x](//evil.example)")
    assert '<p class="xma-lead">&lt;b&gt;a&lt;/b&gt; &amp; b</p>' in words(app)
    assert not app.markdown


def run(draw: object) -> AppTest:
    app = AppTest.from_function(draw, default_timeout=60).run()  # type: ignore[arg-type]
    assert not app.exception
    return app


def test_a_title_has_its_question_and_says_what_predictions_are_not_for() -> None:
    def draw() -> None:
        from xray.dashboard import page as dashboard

        dashboard.page("It reads <devices>", "A lead.", clinical=True, question="Does it?")

    text = words(run(draw))
    assert '<p class="xma-question">Does it?</p>' in text
    assert "Not for clinical use" in text and page.CLINICAL.partition(": ")[2] in text

    def bare() -> None:
        from xray.dashboard import page as dashboard

        dashboard.page("A title")

    text = words(run(bare))
    assert not any(f'class="xma-{part}"' in text for part in ("lead", "clinical", "question"))


def test_an_error_is_one_sentence_and_the_rest_goes_on() -> None:
    def draw() -> None:
        import streamlit as st

        from xray.dashboard import page as dashboard
        from xray.errors import ArtifactError

        with dashboard.guard("The first part"):
            st.text("before")
            raise ArtifactError("cards.json is *damaged*; restore it.")
        with dashboard.guard("The second part"):
            raise KeyError("/secret/place")
        st.text("after")

    app = run(draw)
    assert [each.value for each in app.text] == ["before", "after"]
    assert [each.value.replace("\\", "") for each in app.warning] == [
        "cards.json is *damaged*; restore it.",
        "The second part could not be shown; the server's log says why.",
    ]
    assert "secret" not in words(app)


def test_an_empty_state_says_what_to_do() -> None:
    def draw() -> None:
        from xray.dashboard import page as dashboard

        dashboard.empty("No <film>", "Fetch some.", "python -m xray fetch")
        dashboard.empty("No model", "Train one.")

    app = run(draw)
    assert "<strong>No &lt;film&gt;</strong><br>Fetch some." in words(app)
    assert [each.value for each in app.code] == ["python -m xray fetch"]


def test_an_empty_state_names_no_folder_of_this_machine() -> None:
    def draw() -> None:
        from xray.dashboard import page as dashboard
        from xray.environment import artifacts_dir

        dashboard.empty("No record", f"{artifacts_dir() / 'panel' / 'quality.csv'} is damaged.")

    said = words(run(draw))
    assert "panel/quality.csv is damaged." in said
    assert str(artifacts_dir().parent) not in said


def linked(**query: str) -> AppTest:
    """A page with a choice and a number in its link."""

    def draw() -> None:
        import streamlit as st

        from xray.dashboard import links
        from xray.dashboard import page as dashboard

        known = {"fill": links.Choice(("mean", "blur")), "count": links.Number(1, 9)}
        dashboard.page("A title", parameters=known)
        st.selectbox("Fill", ["mean", "blur"], key="fill", bind="query-params")

    app = AppTest.from_function(draw, default_timeout=60)
    for name, value in query.items():
        app.query_params[name] = value
    app.run()
    assert not app.exception
    return app


def test_a_link_is_taken_as_far_as_it_can_be() -> None:
    good = linked(fill="blur", count="3")
    assert not good.info and good.selectbox(key="fill").value == "blur"
    odd = linked(fill="cream", count="99", else_="x")
    assert odd.selectbox(key="fill").value == "mean"
    said = words(odd)
    assert all(name in said for name in ("fill", "count", "else_"))
    assert len(odd.info) == 3
    assert "fill" not in odd.query_params and "count" not in odd.query_params


def test_a_parameter_of_the_whole_page_is_known_to_each_of_its_sections() -> None:
    def draw() -> None:
        from xray.dashboard import links
        from xray.dashboard import page as dashboard

        with dashboard.knowing({"section": links.Choice(("One", "Two"))}):
            dashboard.page("A title", parameters={"count": links.Number(1, 9)})

    app = AppTest.from_function(draw, default_timeout=60)
    app.query_params["section"] = "Two"
    app.run()
    assert not app.exception and not app.info
    assert set(app.session_state["_parameters"]) == {"section", "count"}


def test_a_table_is_saved_only_when_it_is_asked_for() -> None:
    def draw() -> None:
        import pandas as pd

        from xray.dashboard import page as dashboard

        def make() -> pd.DataFrame:
            raise AssertionError("it was made at once")

        dashboard.download("Costly", make, "costly.csv")
        dashboard.table(pd.DataFrame({"film": ["a"], "label": ["NORMAL"]}))

    app = run(draw)
    assert [each.label for each in app.get("download_button")] == ["Costly"]
    assert app.dataframe[0].value.to_numpy().tolist() == [["a", "NORMAL"]]


def test_a_film_is_shown_with_words_for_who_cannot_see_it() -> None:
    def draw() -> None:
        import numpy as np

        from xray.dashboard import page as dashboard

        dashboard.film(np.zeros((4, 4), np.float32), "A <dark> film", "It is *dark*")

    app = run(draw)
    assert 'alt="A &lt;dark&gt; film"' in words(app)
    assert app.caption[0].value == html.plain("It is *dark*")


def test_a_figure_does_not_say_what_the_page_s_title_says() -> None:
    def draw() -> None:
        import plotly.graph_objects as go

        from xray.dashboard import page as dashboard
        from xray.figures import base

        dashboard.page("It falls")
        for number, said in enumerate(("It falls", "It & rises")):
            dashboard.show(base.template(go.Figure(), said), f"figure {number}")

    app = run(draw)
    assert len(app.get("plotly_chart")) == 2
    assert words(app).count("It falls") == 1
    assert '<p class="xma-figure">It &amp; rises</p>' in words(app)


def test_a_page_alone_links_to_no_other() -> None:
    def draw() -> None:
        from xray.dashboard import page as dashboard

        dashboard.go_to("browse", "Films", query={"film": "x"}, section="Map")

    assert not run(draw).get("page_link")


def test_a_note_on_a_link_stands_while_the_page_runs_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def draw() -> None:
        from xray.dashboard import page as dashboard

        dashboard.page("A title")

    app = AppTest.from_function(draw, default_timeout=60)
    app.query_params["nowhere"] = "1"
    said = "nowhere” is unknown to this page and was ignored"
    for _ in range(3):
        app.run()
        assert [said in note.value for note in app.info] == [True]
        app.query_params.clear()
    monkeypatch.setattr(page, "STANDS", 0.0)
    app.query_params["nowhere"] = "1"
    app.session_state["_told"] = ((), 0.0, [])
    app.run()
    assert len(app.info) == 1
    app.query_params.clear()
    app.run()
    assert not app.info


def test_a_figure_holds_no_link_whoever_made_it() -> None:
    def draw() -> None:
        import plotly.graph_objects as go

        from xray.dashboard import page as dashboard

        named = "<a href='https://evil.example'>press</a>"
        dashboard.show(go.Figure(go.Bar(x=[named], y=[1.0], name=named)), "plain")
        dashboard.show_points(go.Figure(go.Bar(x=[named], y=[1.0], name=named)), "points")

    app = run(draw)
    sent = [str(each.proto.spec) for each in app.get("plotly_chart")]
    assert len(sent) == 2
    for spec in sent:
        assert "<a" not in spec and "\\u003ca" not in spec
        assert spec.count("press") == 2
