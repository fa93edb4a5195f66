"""Choices of one among a few, kept in the page's link in the words that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from xray.dashboard import links
from xray.reports import html

#: What is chosen from: what each stands for -> what people read, or only what people read.
Options = Mapping[str, str] | Sequence[str]


def _read(options: Options) -> dict[str, str]:
    """What people read -> what it stands for."""
    named = options if isinstance(options, Mapping) else {word: word for word in options}
    return {words: value for value, words in named.items()}


def choose(
    label: str, options: Options, key: str, help: str | None = None, hidden: bool = False
) -> str:
    """Ask for one of ``options``, the first at first, and give what it stands for.

    Links hold what people read, so that is what their parameter has to allow (:func:`offered`).

    Parameters
    ----------
    label : what is asked; with ``hidden`` only screen readers read it
    key : of the widget, and the parameter's name in links
    """
    read = _read(options)
    chosen = st.segmented_control(
        label,
        list(read),
        default=next(iter(read)),
        required=True,
        key=key,
        bind="query-params",
        help=help,
        format_func=html.label,
        label_visibility="collapsed" if hidden else "visible",
    )
    return read[chosen]


def offered(options: Options) -> links.Choice:
    """The parameter of links that belongs to :func:`choose`."""
    return links.Choice(tuple(_read(options)))
