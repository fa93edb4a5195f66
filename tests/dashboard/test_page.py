"""The frame of every page: titles are text, errors stay in their part, links say what they hold."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from tests.helpers.visits import words
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
