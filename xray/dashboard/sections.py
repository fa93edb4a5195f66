"""Sections of a page: each has a link of its own, and only the chosen one is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from xray.dashboard import choices, links, page
from xray.reports import html

#: Of the widget, and the parameter's name in links.
KEY = "section"


def show(sections: Mapping[str, Callable[[], None]]) -> None:
    """Let the reader choose a section, and show it.

    Parameters
    ----------
    sections : words of each -> what draws it, which begins with ``page.page`` or what calls that
    """
    page.enter()
    chosen = next(iter(sections))
    if st.session_state.get(KEY, chosen) not in sections:
        # Of another page: Streamlit keeps it by the widget's name, and would put it into the link.
        del st.session_state[KEY]
    # The widget forgets what it does not offer: asked before it is drawn.
    asked = st.query_params.get(KEY, chosen)
    if asked not in sections and len(sections) > 1:
        said = f"The link's section “{links.excerpt(asked)}” is not offered here and was ignored."
        st.info(html.plain(said))
    if len(sections) > 1:
        with page.bar():
            chosen = choices.choose("Section", list(sections), KEY, hidden=True, moved=_moved)
    # A page of one section knows its name too: a link outlives sections that come and go.
    with page.knowing({KEY: choices.offered(list(sections))}):
        sections[chosen]()


def _moved() -> None:
    st.session_state[page.MOVED] = True
