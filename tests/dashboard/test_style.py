"""The pages' own style is whole, is drawn in no fixed colours, and can be read in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from benchmarks.browser import SIZES, THEMES, Browser
from benchmarks.serving import serve
from xray.dashboard import style
from xray.environment import ROOT
from xray.figures import palette


def test_the_style_is_one_element_with_balanced_braces() -> None:
    assert style.STYLE.count("<style>") == style.STYLE.count("</style>") == 1
    assert style.STYLE.count("{") == style.STYLE.count("}")


def test_text_takes_the_colour_of_the_theme() -> None:
    """White stands on the verdicts' chips alone; all else must be read on both themes."""
    colours = re.findall(r"(?<![-\w])color:(#\w+)", style.STYLE)
    assert colours == ["#fff", "#9AA3AE"], "the other one stands on the black of a missing film"


# --- a real browser --------------------------------------------------------------------------

#: Buttons of every kind that is coloured, a film's calls with names as long as ours, a table
#: that is wider than a phone, and figures.
SCRIPT = """
import plotly.graph_objects as go
import streamlit as st
from xray.dashboard import page, style
from xray.figures import base
from xray.reports import html, html_tables
st.html(style.HEAD, unsafe_allow_javascript=True)
st.title("A page")
st.button("Begin", type="primary")
with st.form("who"):
    st.form_submit_button("Begin here", type="primary")
said = {"swatch": "", "said": "37 % (threshold 90 %):", "outcome": "negative, cleared (TN)"}
titles = ("Basic CNN", "Basic CNN, augmented shown whole films")
with st.container(width=430):
    st.html(html.calls([{**said, "title": title} for title in titles]))
wide = [f"A column of numbers, {number}" for number in range(5)]
st.html(html_tables.table(wide, [wide, wide]))
figure = go.Figure()
for number in range(9):
    figure.add_scatter(x=[0, 1], y=[0, 1], name=f"A model with a long name, {number}")
figure.add_scatter(x=[0], y=[0], mode="text", text=["21 %"], name="no more")
base.name_places(figure, ["one", "two"])
figure.update_xaxes(title="an axis")
height = base.words_above(figure)
page.show(base.template(figure, "A figure", height=height), "below")
page.show(base.legend_above(base.template(figure, "A figure", height=height)), "above")
"""


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("style")
    (folder / "app.py").write_text(SCRIPT)
    with serve(folder, {"PYTHONPATH": str(ROOT)}, script=folder / "app.py") as server:
        yield server.url


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_words_on_coloured_buttons_can_be_read(theme: str, url: str, browser: Browser) -> None:
    browser.resize("desktop")
    browser.open(url, theme)
    colours = browser.run(
        "return [...document.querySelectorAll('[data-testid^=stBaseButton-primary]')].map("
        "b => [getComputedStyle(b.querySelector('p')).color, getComputedStyle(b).backgroundColor])"
    )
    assert len(colours) == 2
    for ink, ground in colours:
        assert palette.contrast(hexed(ink), hexed(ground)) >= 4.5, (ink, ground)


def hexed(colour: str) -> str:
    return "#" + "".join(f"{int(part):02X}" for part in re.findall(r"\d+", colour)[:3])


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_what_models_call_a_film_takes_two_lines_each(
    size: str, url: str, browser: Browser
) -> None:
    browser.resize(size)
    browser.open(url, "Dark")
    lines = browser.run(
        "return [...document.querySelectorAll('.xma-calls dd')].map("
        "d => d.getBoundingClientRect().height / parseFloat(getComputedStyle(d).lineHeight))"
    )
    assert len(lines) == 2
    assert max(lines) < 2.5, f"lines of each: {lines}"


@pytest.mark.browser
@pytest.mark.slow
def test_a_table_beyond_the_edge_is_seen_to_go_on_and_keys_reach_it(
    url: str, browser: Browser
) -> None:
    browser.resize("phone")
    browser.open(url, "Dark")
    beyond, place, shade = browser.run(
        "const e = document.querySelector('.xma-scroll');"
        "return [e.scrollWidth - e.clientWidth, e.tabIndex, getComputedStyle(e).backgroundImage]"
    )
    assert beyond > 50 and place == 0
    assert shade.count("linear-gradient") == 2, "the shade at the edge, and what ends it"


#: Ends of what a figure holds: its legend, its axis' title and the words of its rows.
FIGURE = """const figure = document.querySelector('.st-key-' + arguments[0]);
const ends = what => [...figure.querySelectorAll(what)].map(e => e.getBoundingClientRect())
  .map(r => [r.top, r.bottom]);
return ['.legend', '.xtitle', '.annotation-text'].map(ends)"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("size", SIZES)
def test_a_legend_of_many_names_covers_no_words(size: str, url: str, browser: Browser) -> None:
    browser.resize(size)
    browser.open(url, "Dark")
    browser.wait("document.querySelectorAll('.legend').length === 2", "both figures")
    [[legend], [axis], words] = browser.run(FIGURE, "below")
    assert legend[0] >= axis[1] > words[-1][1]
    [[legend], [axis], words] = browser.run(FIGURE, "above")
    assert legend[1] <= words[0][0]


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("theme", THEMES)
def test_words_in_figures_are_in_ink_and_hide_the_lines_behind_them(
    theme: str, url: str, browser: Browser
) -> None:
    browser.resize("desktop")
    browser.open(url, theme)
    browser.wait("document.querySelectorAll('.textpoint text').length === 2", "both figures")
    looks = browser.run(
        "return [...document.querySelectorAll('.annotation-text, .textpoint text')].map("
        "e => getComputedStyle(e)).map(s => [s.fill, s.stroke, s.paintOrder])"
    )
    assert len(looks) == 6
    for ink, halo, order in looks:
        assert order.startswith("stroke")
        assert palette.contrast(hexed(ink), hexed(halo)) >= 7, (ink, halo)
        assert palette.contrast(hexed(halo), palette.BACKGROUND[theme.lower()]) < 1.1, halo
