"""Text from a link, a file or a table stays text, whatever Streamlit looks for in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.browser import Browser
from benchmarks.serving import serve
from xray.files import ROOT
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
from xray import snippets
st.title("Shown")
for number, text in enumerate({texts!r}):
    plain = snippets.plain(text)
    with st.container(key=f"hostile{{number}}"):
        for show in (st.markdown, st.caption, st.info):
            show(plain)
        st.subheader(plain, anchor=False)
        st.markdown(f"**Bold.** {{plain}}")
        st.progress(0.5, text=plain)
"""
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
            read = browser.run(f"return {place}.textContent").replace(html.JOINER, "")
            assert read.count(" ".join(text.splitlines())) == 6, (text, read)
