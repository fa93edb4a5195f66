"""Sections of a page: each has a link of its own, and only the chosen one is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

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
    if KEY not in st.query_params and (linked := _linked()) in sections:
        st.session_state[KEY] = st.query_params[KEY] = linked
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


def _linked() -> str:
    """Section that a link within the app asks for; "" of none.

    Streamlit takes the parameter out of it where the page before has a widget of that name.
    """
    context = get_script_run_ctx()
    return dict(parse_qsl(context.query_string)).get(KEY, "") if context else ""


def _moved() -> None:
    st.session_state[page.MOVED] = True
