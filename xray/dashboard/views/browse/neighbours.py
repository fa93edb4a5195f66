"""Films like this one: the nearest by pixels or by what a model makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from xray.dashboard import background, cache, dataset_page, grid, links, page
from xray.dashboard.dataset_page import Films
from xray.dashboard.views import spaces
from xray.films.decode import Film
from xray.jobs.progress import Progress
from xray.models import embeddings, registry
from xray.models.embeddings import Space, Vectors
from xray.reports import html

#: Films shown.
COUNT = 12


def parameters(shown: Films | None) -> dict[str, links.Parameter]:
    """Parameters of a link to films like one."""
    return {"alike": links.Choice(tuple(spaces.offered(shown)))}


def show(shown: Films, row: int) -> None:
    """The films of a dataset most like one of them."""
    name = spaces.choose(shown, "alike")
    space = spaces.stored(shown, name)
    file = str(shown.table["file"].iat[row])
    if space is None:
        spaces.make(shown, name)
        return
    at = space.row(file)
    if at is None:
        told = spaces.sampled(shown)
        st.caption(
            f"{told}, was compared; this film is not in it."
            if told
            else "This film is not among those that were compared."
        )
        return
    vector = space.vectors[at]
    _grid(shown, space, vector, file)


def show_upload(film: Film) -> None:
    """The films of a dataset most like one that was uploaded."""
    shown = dataset_page.films()
    if shown is None:
        return
    name = spaces.choose(shown, "alike")
    space = spaces.stored(shown, name)
    if space is None:
        spaces.make(shown, name)
        return
    job = f"vector {space.key} {film.sha256}"

    def work(progress: Progress) -> Vectors:
        model = None if name == embeddings.PIXELS else registry.load(name)
        found: Vectors = embeddings.vectors_of(model, film.pixels[None])[0]
        return found

    status = background.look(job)
    if status.state == "done":
        _grid(shown, space, status.result, "")
        return
    if status.error:
        page.problem(status.error)
    elif not status.active:
        status = background.ask(job, work)
    background.watch([(job, "Looking at the film", status)])


def _grid(shown: Films, space: Space, vector: Vectors, without: str) -> None:
    """The nearest films with their distances."""
    key = (space.key, without or hash(vector.tobytes()))
    near, far = cache.remember("nearest", lambda: space.nearest(vector, COUNT, without), *key)
    rows = pd.Index(shown.table["file"]).get_indexer(pd.Index(space.files[near]))
    known = rows >= 0
    words = [f"distance {each:.3f}" for each in far[known]]
    grid.grid(shown, rows[known].astype(np.int32), key="alike films", notes=words)
    labels = shown.table["label"].iloc[rows[known]].value_counts()
    told = ", ".join(f"{count} {label}" for label, count in labels.items())
    drawn = f"{said}, was searched. " if (said := spaces.sampled(shown)) else ""
    st.caption(
        html.plain(
            f"{told}. {drawn}Distance is 1 less the correlation: 0 for the same film, 1 for "
            "nothing in common. Near films need not be the same person's."
        )
    )
