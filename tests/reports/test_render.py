"""The frame of a report: text is escaped, figures cannot break out, scripts run by their hash."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from datetime import UTC, datetime

import plotly.graph_objects as go
import pytest
from jinja2 import TemplateNotFound, UndefinedError
from markupsafe import Markup

from xray import __version__
from xray.figures import base
from xray.reports import render
from xray.reports.sections import HEADINGS, Section

NASTY = "</script><script>alert(1)</script>"


def results(title: str = "Results", created: datetime | None = None) -> str:
    """A report of results with none."""
    values = {"clinical": "", "groups": [], "environment": ""}
    return render.render("results.html", title, created, **values)


def test_only_the_scripts_whose_hashes_are_named_can_run() -> None:
    page = results()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    said = policy[1].replace("&#39;", "'")
    assert "default-src 'none'" in said and "form-action 'none'" in said
    scripts = re.findall(r"<script>(.*?)</script>", page, flags=re.S)
    assert len(scripts) == 2 and scripts[1] == render.DRAW
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in said
    # A browser hashes what it parsed, in which no line ends in another way.
    assert "\r" not in page


def test_a_report_says_when_and_with_what_it_was_made() -> None:
    page = results("A & B", datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    assert f"X-ray Model Audit {__version__}, made 2026-01-02 03:04 UTC" in page
    assert "<title>A &amp; B</title>" in page
    before = datetime.now(UTC).replace(second=0, microsecond=0)
    made = re.search(r"made ([-0-9: ]+) UTC", results())
    assert made
    said = datetime.strptime(made[1], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    assert before <= said <= datetime.now(UTC)


def test_text_of_strangers_is_escaped() -> None:
    assert NASTY not in results(NASTY) and "&lt;/script&gt;" in results(NASTY)
    section = Section(HEADINGS[0], NASTY, lines=[NASTY], problem=NASTY, source=NASTY)
    piece = render.snippet("notebook.html", item=section)
    assert NASTY not in piece and piece.count("&lt;script&gt;") == 4


def test_a_piece_has_no_frame() -> None:
    picture = Markup('<img src="data:,">')
    item = Section(HEADINGS[0], "One result", pictures=[(picture, "The film")])
    piece = render.snippet("notebook.html", item=item)
    assert "<html" not in piece and "<script" not in piece
    assert picture in piece, "markup that is safe stays markup"


def test_a_figure_travels_with_its_words_and_cannot_end_its_element() -> None:
    figure = base.template(go.Figure(), NASTY, "In words", height=123)
    figure.add_scatter(x=[1, 2], y=[3, 4], name=NASTY)
    made = render.embed(figure)
    assert (made.title, made.alt, made.height) == (NASTY, "In words", 123)
    assert "<" not in made.json
    read = json.loads(made.json)
    assert read["data"][0]["name"] == NASTY, "the same text for who parses it"
    assert read["layout"]["template"]["layout"]["paper_bgcolor"] == "white"
    # The figure itself keeps the look that a page gives it.
    assert figure.layout.template.layout.paper_bgcolor is None
    assert render.embed(go.Figure()).height == 340


def test_a_template_that_misses_a_value_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        render.snippet("notebook.html")
    with pytest.raises(TemplateNotFound):
        render.snippet("no_such.html")
