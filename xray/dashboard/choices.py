"""Choices of one among a few, kept in the page's link in the words that people read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

import streamlit as st
from streamlit.errors import StreamlitAPIException

from xray.dashboard import links
from xray.reports import html

#: What is chosen from: what each stands for -> what people read, or only what people read.
Options = Mapping[str, str] | Sequence[str]
#: More choices than these stand in a list: as buttons they would fill a phone.
MOST = 6


def _read(options: Options) -> dict[str, str]:
    """What people read -> what it stands for."""
    named = options if isinstance(options, Mapping) else {word: word for word in options}
    return {words: value for value, words in named.items()}


def spell_out(options: Options, key: str) -> dict[str, str]:
    """Let a link name what an option stands for, as scripts and people do: ``model=whole_film``.

    Returns
    -------
    dict
        What people read -> what it stands for.
    """
    read = _read(options)
    words = {value: said for said, value in read.items()}
    asked = st.query_params.get(key, "")
    if asked and asked in words and asked not in read:
        # Of a widget that is there already, Streamlit itself keeps the parameter.
        with suppress(StreamlitAPIException):
            st.query_params[key] = words[asked]
            st.rerun()
    return read


def choose(
    label: str,
    options: Options,
    key: str,
    help: str | None = None,
    hidden: bool = False,
    moved: Callable[[], None] | None = None,
) -> str:
    """Ask for one of ``options``, the first at first, and give what it stands for.

    Links hold what people read, or what it stands for (:func:`offered`).

    Parameters
    ----------
    label : what is asked; with ``hidden`` only screen readers read it
    key : of the widget, and the parameter's name in links
    moved : called when the reader chooses another
    """
    read = spell_out(options, key)
    if len(read) > MOST:
        listed = st.selectbox(
            label,
            list(read),
            key=key,
            bind="query-params",
            help=help,
            on_change=moved or "rerun",
            format_func=html.label,
        )
        return read[listed]
    chosen = st.segmented_control(
        label,
        list(read),
        default=next(iter(read)),
        required=True,
        key=key,
        bind="query-params",
        help=help,
        on_change=moved or "rerun",
        format_func=html.label,
        label_visibility="collapsed" if hidden else "visible",
        wrap=True,
    )
    # An empty value in a link chooses none.
    return read.get(chosen, next(iter(read.values())))


def ahead(options: Options, key: str, first: str = "") -> str:
    """What a choice further down will give (:func:`choose`), for what stands above it.

    Parameters
    ----------
    first : what is chosen at first, where that is not the first of them
    """
    read = _read(options)
    asked = st.session_state.get(key) or st.query_params.get(key, "")
    named = {value: value for value in read.values()} | read
    usual = first or next(iter(read.values()))
    return named.get(asked, usual) if asked else usual


def offered(options: Options) -> links.Choice:
    """The parameter of links that belongs to :func:`choose`."""
    read = _read(options)
    return links.Choice((*read, *filter(None, read.values())))
