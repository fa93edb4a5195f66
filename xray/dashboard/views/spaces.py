"""Films as points: which space, made in the queue when asked; for the map and for neighbours."""

from __future__ import annotations

import numpy as np
import streamlit as st

from xray.dashboard import background, cache, dataset_page, page
from xray.dashboard.dataset_page import Films
from xray.jobs.progress import Progress
from xray.metrics.bootstrap import Bools
from xray.models import embeddings, registry
from xray.models.card import titles_of
from xray.models.embeddings import Space
from xray.reports import html

#: What the choice calls pixels.
BY_PIXELS = "pixels"
Rows = np.ndarray[tuple[int], np.dtype[np.int64]]


def offered(shown: Films | None) -> dict[str, str]:
    """What films can lie by: title -> name of a model, or ``embeddings.PIXELS``."""
    return {title: name for title, (name, _) in _offered(shown).items()}


def _offered(shown: Films | None) -> dict[str, tuple[str, str]]:
    """Title -> name and hash of the model's file."""
    pixels = {BY_PIXELS: (embeddings.PIXELS, "")}
    if shown is None:
        return pixels

    def find() -> dict[str, tuple[str, str]]:
        cards = [card for card in dataset_page.models() if card.format == "keras"]
        hashes = {card.name: card.sha256 for card in cards}
        return pixels | {title: (name, hashes[name]) for title, name in titles_of(cards).items()}

    return cache.remember("spaces", find, shown.key)


def choose(shown: Films, key: str = "by") -> str:
    """Let the reader say what films lie by; the name of a space."""
    titles = offered(shown)
    read = st.selectbox(
        "Alike by",
        list(titles),
        list(titles).index(BY_PIXELS),
        key=key,
        bind="query-params",
        format_func=html.label,
        help="Pixels: the correlation of their grey values. A model: what its last layer reads.",
    )
    return titles[read]


def rows_of(shown: Films) -> Rows:
    """Rows of the films that are embedded: those that are here, or a sample drawn of them."""

    def find() -> Rows:
        here = np.flatnonzero(_here(shown))
        return here[embeddings.drawn(len(here))]

    return cache.remember("embedded rows", find, shown.key)


def _here(shown: Films) -> Bools:
    """Which films can be read."""
    return ((shown.table["path"] != "") & (shown.table["error"] == "")).to_numpy(bool)


def sampled(shown: Films) -> str:
    """How many films were drawn of how many, in words; "" where none of those here is left out."""

    def say() -> str:
        here, rows = int(_here(shown).sum()), len(rows_of(shown))
        return "" if rows == here else f"A sample of {rows:,} films, drawn at random of {here:,}"

    return cache.remember("sampled", say, shown.key)


def stored(shown: Films, name: str) -> Space | None:
    """A space that was made before, of the rows of ``rows_of``; None where there is none."""
    content = dict(_offered(shown).values()).get(name, "")
    rows = rows_of(shown)
    key = cache.remember(
        "space key",
        lambda: embeddings.key_of(shown.table.iloc[rows], content),
        *(shown.key, name, content),
    )
    found = cache.remember("space", lambda: [embeddings.read(key, name)], key)
    if found[0] is None:
        # Another session, or the command line, may have made it since.
        found[0] = embeddings.read(key, name)
    return found[0]


def make(shown: Films, name: str, how: str = "") -> None:
    """Offer to embed the films (and lay them out) in the queue, and watch it."""
    job = f"embed {shown.key} {name} {how}"
    if shown.folder is None:
        page.empty(
            "Films are compared by their pixels, which are not here",
            dataset_page.NO_FILMS,
            dataset_page.GET_FILMS,
        )
        return
    folder, table = shown.folder, shown.table.iloc[rows_of(shown)]

    def work(progress: Progress) -> bool:
        model = None if name == embeddings.PIXELS else registry.load(name)
        space = embeddings.embed(folder, table, model, progress=progress)
        if how:
            embeddings.layout(space, how)
        return True

    status = background.look(job)
    if status.active:
        background.watch([(job, "Looking at the films", status)])
    elif status.error:
        page.problem(status.error)
    if not status.active and (told := sampled(shown)):
        st.caption(f"{told}, is compared.")
    if not status.active and st.button(
        f"Compare {len(table):,} films", icon=":material/scatter_plot:", type="primary",
        key=f"make {name} {how}",
        help="Takes a second for every few hundred films, more by a large model; kept after that.",
    ):  # fmt: skip
        background.ask(job, work)
        st.rerun()
