"""Text from a link, a file or a table stays text, whatever Streamlit looks for in it."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.browser import Browser
from benchmarks.serving import serve
from xray.dashboard import cache
from xray.environment import ROOT
from xray.files import spreadsheet
from xray.reports import html

HOSTILE = [
    *("www.evil.example/login", "WWW.evil.example", "see https://evil.example/x", "http://h.co"),
    *(
        "somebody@evil.example",
        "mailto:a@evil.example",
        "xmpp:a@evil.example",
        "ftp://evil.example",
    ),
    *(":material/delete:", ":streamlit:", ":smile:", ":+1:", ":red[red]", ":red-badge[x]"),
    *(
        "[press](https://evil.example)",
        "![x](https://evil.example/x.png)",
        "<https://evil.example>",
    ),
    *("<b>bold</b>", "<img src=x>", "&lt;b&gt;", "&#58;smile&#58;", "**b** _i_ ~~s~~ `c`"),
    *(
        "$x^2$",
        "# title",
        "- item",
        "1. item",
        "> quote",
        "a | b",
        "[^1]",
        "[x]: https://evil.example",
    ),
    *("a\nwww.evil.example", "a\u2028# title", "\\www.evil.example", "\\:smile:", "é:smile:é"),
]

#: Shows each text in the elements that take Markdown.
SCRIPT = """
import streamlit as st
from xray.reports import html
st.title("Shown")
for number, text in enumerate({texts!r}):
    plain = html.plain(text)
    with st.container(key=f"hostile{{number}}"):
        for show in (st.markdown, st.caption, st.info):
            show(plain)
        st.subheader(plain, anchor=False)
        st.markdown(f"**Bold.** {{plain}}")
        st.progress(0.5, text=plain)
    with st.container(key=f"choice{{number}}"):
        st.pills("Pills", [text, "other"], format_func=html.label, key=f"p{{number}}")
        st.segmented_control("One", [text, "other"], format_func=html.label, key=f"s{{number}}")
"""
#: Of these, choices may make bold, code and lists: they lead nowhere and show nothing foreign.
LEADING = (
    "a, img, .katex, [data-testid=stIconMaterial], [role=img], .stMarkdownBadge, "
    ".stMarkdownColoredText"
)
#: What there may be none of: tags that only markup makes.
MADE = (
    "a, img, code, em, del, ul, ol, blockquote, table, .katex, [data-testid=stIconMaterial], "
    "[role=img], .stMarkdownBadge, .stMarkdownColoredText"
)


@given(st.text(st.sampled_from("w.:/@a-_<>&#\\*`[]() \n")))
def test_text_is_still_there(text: str) -> None:
    shown = html.plain(text)
    read = shown.replace(html.JOINER, "")
    # Each escaped character once.
    assert read.replace("\\\\", "\0").replace("\\", "").replace("\0", "\\") == " ".join(
        text.splitlines()
    )
    assert "www." not in shown.replace("\\", "")
    assert "//" not in shown or "://" not in shown.replace("\\", "")


@pytest.mark.parametrize(
    "name", ["Basic CNN, augmented", "No device (of 3)", "DICOM & PNG", "50 % off", "a_b-c.d"]
)
def test_choices_of_usual_names_stay_as_they_are(name: str) -> None:
    assert html.label(name) == name


@given(st.text(st.sampled_from("w.:/@a-_<>$\\*`[]()! \n")))
def test_choices_hold_nothing_that_leads_elsewhere(text: str) -> None:
    shown = html.label(text)
    assert shown.replace(html.JOINER, "").replace("\uff04", "$") == " ".join(text.splitlines())
    for start in ("www.", "://", "](", "]:", "<a", "@a", ":a", "$"):
        assert start not in shown


def test_figures_hold_no_links() -> None:
    named = "<a href='https://evil.example'>press</a>"
    figure = go.Figure(
        go.Bar(x=[named, "b"], y=[1.0, 2.0], name=named, hovertemplate=f"<b>{named}</b>"),
        go.Layout(title=named, xaxis={"ticktext": np.array([named, "b"], object)}),
    )
    sent = json.dumps(cache.ready(figure).to_dict(), default=str)
    assert "<a" not in sent
    assert sent.count("&lt;a href") == sent.count("press") >= 5
    assert "<b>" in sent


def test_tables_for_spreadsheets_hold_no_formulas() -> None:
    texts = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "film-1.jpeg", "", None, 3]
    table = pd.DataFrame({"=name": texts, "kind": pd.Categorical(["=x"] * len(texts))})
    table["number"] = -1.5
    read = pd.read_csv(StringIO(spreadsheet(table)), keep_default_na=False)
    assert list(read) == ["'=name", "kind", "number"]
    assert not read["'=name"].str.lstrip(" ").str.match(r"[=+\-@\t\r]").any()
    assert read["'=name"].tolist()[7:] == ["film-1.jpeg", "", "", "3"]
    assert set(read["kind"]) == {"'=x"}
    assert (read["number"] == -1.5).all()


@pytest.mark.browser
@pytest.mark.slow
def test_browser_makes_nothing_of_it(browser: Browser, tmp_path: Path) -> None:
    script = tmp_path / "app.py"
    script.write_text(SCRIPT.format(texts=HOSTILE))
    with serve(tmp_path, {"PYTHONPATH": str(ROOT)}, script=script) as server:
        browser.open(server.url)
        last = f".st-key-hostile{len(HOSTILE) - 1} [data-testid=stProgress]"
        browser.wait(f"document.querySelector('{last}')", "the last text")
        for number, text in enumerate(HOSTILE):
            place = f"document.querySelector('.st-key-hostile{number}')"
            made = browser.run(
                f"return [...{place}.querySelectorAll('{MADE}')].map(e => e.outerHTML)"
            )
            assert made == [], text
            choice = f"document.querySelector('.st-key-choice{number}')"
            made = browser.run(
                f"return [...{choice}.querySelectorAll('{LEADING}')].map(e => e.outerHTML)"
            )
            assert made == [], text
            assert browser.run(f"return {choice}.querySelectorAll('button').length") == 4
            read = browser.run(f"return {place}.textContent").replace(html.JOINER, "")
            assert read.count(" ".join(text.splitlines())) == 6, (text, read)
