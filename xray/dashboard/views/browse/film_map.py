"""The map of films: points by what a model makes of them; a lasso gives films to look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st
from numpy.typing import NDArray

from xray import classes
from xray.dashboard import browser, cache, choices, dataset_page, grid, links, page
from xray.dashboard import catalogue as browse
from xray.dashboard.catalogue import Catalogue, Rows
from xray.dashboard.dataset_page import Films
from xray.dashboard.views import labelling, spaces
from xray.dataset.composition import SPLIT_TITLES
from xray.environment import cache_dir
from xray.errors import ArtifactError
from xray.figures import film_map, palette
from xray.files import hash_json, read_json, write_json
from xray.models import embeddings
from xray.reports import html

#: Columns of the selection as CSV.
COLUMNS = ["file", "split", "label", "subtype", "width", "height", "has_device"]
UNKNOWN = "unknown"
Groups = tuple[NDArray[np.str_], dict[str, str]]


def parameters(shown: Films | None) -> dict[str, links.Parameter]:
    """Parameters of a link to the map."""
    titles = tuple(shown.titles.values()) if shown else ()
    return {
        "by": links.Choice(tuple(spaces.offered(shown))),
        "layout": choices.offered(embeddings.LAYOUTS),
        "colour": links.Choice(tuple(COLOURS)),
        "called": links.Choice(titles),
        "chosen": links.Token(),
        "page": links.Number(1, 1e6),
    }


def show() -> None:
    """Draw the section."""
    shown = dataset_page.begin(
        lambda films: f"{len(films.table):,} films, near each other where they are alike",
        "Draw around points to look at their films, save them, label them or leave them out.",
        lambda films: {**browser.parameters(films), **parameters(films)},
        clinical=True,
        question="Which films are alike?",
    )
    if shown:
        with page.guard("The map"):
            wish = browser.wish(shown, {title: name for name, title in shown.titles.items()})
            catalogue = shown.catalogue
            rows = cache.remember("rows", lambda: browse.find(catalogue, wish), shown.key, wish)
            draw(shown, rows if len(rows) < len(shown.table) else None)


def draw(shown: Films, kept: Rows | None = None) -> None:
    """The map with its choices, and beside it the films that were taken.

    Parameters
    ----------
    kept : rows that the page's filters leave; all others are dimmed. All when None.
    """
    name = spaces.choose(shown)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        how = choices.choose("Laid out by", embeddings.LAYOUTS, "layout")
        colour = st.segmented_control(
            "Coloured by", list(COLOURS), default=next(iter(COLOURS)), required=True, key="colour",
            bind="query-params", wrap=True,
        )  # fmt: skip
        model = ""
        if colour in NEEDS_MODEL and shown.titles:
            names = {title: each for each, title in shown.titles.items()}
            read = st.selectbox("Model", list(names), key="called", bind="query-params")
            model = names[read]
    space = spaces.stored(shown, name)
    places = _places(space, how)
    if space is None or places is None:
        spaces.make(shown, name, how)
        return
    rows = _rows(shown, space)
    filtered = "" if kept is None else hash_json(kept.tolist())
    figure, curves = cache.remember(
        "map",
        lambda: _drawn(shown, rows, places, colour, model, kept),
        *(shown.key, space.key, how, colour, model, filtered),
    )
    left, right = st.columns([11, 9], gap="large")
    with left:
        taken = page.show_points(figure, f"map {name} {how}", several=True)
        _say(shown, rows)
    with right:
        _chosen(shown, _taken(shown, rows, curves, taken), model)


def _places(space: embeddings.Space | None, how: str) -> NDArray[np.float32] | None:
    """Where a space's films lie on the map; None where they were not laid out yet."""
    if space is None:
        return None
    found = cache.remember("layout", lambda: [embeddings.stored_layout(space, how)], space.key, how)
    if found[0] is None:
        # Another session may have laid them out since.
        found[0] = embeddings.stored_layout(space, how)
    return found[0]


def _rows(shown: Films, space: embeddings.Space) -> NDArray[np.int64]:
    """Rows of the table of a space's films."""

    def find() -> NDArray[np.int64]:
        found = pd.Index(shown.table["file"]).get_indexer(pd.Index(space.files))
        return np.asarray(found, np.int64)

    return cache.remember("rows of space", find, shown.key, space.key)


def _drawn(
    shown: Films, rows: NDArray[np.int64], places: NDArray[np.float32], colour: str, model: str,
    kept: Rows | None,
) -> tuple[go.Figure, list[NDArray[np.int64]]]:  # fmt: skip
    groups, colours = COLOURS[colour](shown.catalogue, model)
    dimmed = np.zeros(len(rows), bool) if kept is None else ~np.isin(rows, kept)
    # A sample is called one where the figure is saved or passed on, too.
    films = f"{len(rows) - int(dimmed.sum()):,} films"
    if said := spaces.sampled(shown):
        films = f"{said}," if kept is None else f"{films} of a sample of {len(rows):,},"
    says = f"{films} by {_by(colour)}"
    figure, curves = film_map.films(places, groups[rows], colours, None, dimmed, says)
    return cache.ready(figure), curves


def _by(colour: str) -> str:
    return colour[:1].lower() + colour[1:]


def _say(shown: Films, rows: NDArray[np.int64]) -> None:
    """Which films the map shows, and how to take some."""
    told = "Draw around points to see their films; the buttons at the edge change the tool."
    missing = len(shown.table) - len(rows)
    if said := spaces.sampled(shown):
        told = f"{said}: the map shows no others. {told}"
    elif missing:
        told += f" {missing:,} of {len(shown.table):,} films are not here, or cannot be read."
    st.caption(told)


# --- what was taken --------------------------------------------------------------------------


def taken_by(
    rows: NDArray[np.int64], curves: list[NDArray[np.int64]], points: list[tuple[int, int]]
) -> Rows:
    """Rows of the table of points (curve, place on it) that a lasso took; dimmed ones are none."""
    found = [
        rows[curves[curve][place]]
        for curve, place in points
        if curve < len(curves) and place < len(curves[curve])
    ]
    return np.unique(np.array(found, np.int32))


def _taken(
    shown: Films,
    rows: NDArray[np.int64],
    curves: list[NDArray[np.int64]],
    points: list[tuple[int, int]],
) -> Rows:
    """Rows of the table that the lasso took, or that the link names."""
    taken = taken_by(rows, curves, points)
    if len(taken):
        token = hash_json(shown.table["file"].iloc[taken].tolist())[:12]
        if st.query_params.get("chosen") != token:
            write_json(_list(token), shown.table["file"].iloc[taken].tolist())
            st.query_params["chosen"] = token
        return taken
    token = st.query_params.get("chosen", "")
    if not token:
        return np.empty(0, np.int32)
    try:
        files = read_json(_list(token))
    except ArtifactError:
        st.info("The films of this link were not kept on this server; draw around them again.",
                icon=":material/link_off:")  # fmt: skip
        return np.empty(0, np.int32)
    return np.flatnonzero(shown.table["file"].isin(files)).astype(np.int32)


def _list(token: str) -> Path:
    return cache_dir() / "chosen" / f"{token}.json"


def _chosen(shown: Films, taken: Rows, model: str) -> None:
    """The films that were taken, and what can be done with them."""
    if not len(taken):
        page.empty(
            "No films chosen",
            "Draw around points of the map: their films are shown here, to be saved, labelled or "
            "left out of training.",
        )
        return
    table = shown.table.iloc[taken]
    sick = int(classes.is_positive(table["label"]).sum())
    st.markdown(f"**{len(taken):,} films chosen, {sick:,} of them {html.plain(classes.spoken())}**")
    with st.container(horizontal=True):
        page.download("Save as CSV", table[COLUMNS], "chosen-films.csv")
        page.download(
            "Cleaning list", table[["file", "split", "label", "subtype"]].assign(
                reason="chosen on the map"
            ), "exclude-chosen.csv",
        )  # fmt: skip
        if st.button("Label these first", icon=":material/new_label:", key="label chosen"):
            with page.guard("The queue of labels"):
                labelling.enqueue(shown)
                first = {str(file): 1.0 for file in table["file"]}
                labelling.store().enqueue(shown.source.key, first)
                st.toast(f"{len(first):,} films stand first in the queue of labels.")
        if st.query_params.get("chosen"):
            st.button("Forget them", icon=":material/close:", key="forget", on_click=_forget)
    visible = browser.page_of(taken, browse.Wish(name=st.query_params.get("chosen", "")))
    grid.grid(shown, visible, key="chosen films", model=model)


def _forget() -> None:
    st.query_params.pop("chosen", None)


# --- colours ---------------------------------------------------------------------------------


def _classes(catalogue: Catalogue, model: str) -> Groups:
    found = catalogue.table["label"].to_numpy(str)
    return found, {label: palette.class_colour(label) for label in catalogue.values("label")}


def _calls(catalogue: Catalogue, model: str) -> Groups:
    code = _outcome(catalogue, model)
    negative, positive = classes.current().labels
    called = [UNKNOWN, f"called {positive}", f"called {negative}"]
    groups = np.array(called)[np.array([0, 1, 1, 2, 2])[code]]
    return groups, dict(zip(called[::-1], (*palette.classes().values(), palette.REFERENCE),
                            strict=True))  # fmt: skip


def _errors(catalogue: Catalogue, model: str) -> Groups:
    code = _outcome(catalogue, model)
    words = np.array([UNKNOWN, "right", "false alarm", "missed", "right"])
    colours = {"right": palette.RIGHT, "false alarm": palette.WRONG, "missed": palette.GROUPS[3],
               UNKNOWN: palette.REFERENCE}  # fmt: skip
    return words[code], colours


def _outcome(catalogue: Catalogue, model: str) -> NDArray[np.int8]:
    return catalogue.outcome.get(model, np.zeros(len(catalogue.table), np.int8))


def _devices(catalogue: Catalogue, model: str) -> Groups:
    has = catalogue.table["has_device"].to_numpy(float)
    words = np.where(np.isnan(has), UNKNOWN, np.where(has == 1, "shows a device", "shows none"))
    return words, {"shows none": palette.GROUPS[0], "shows a device": palette.GROUPS[1],
                   UNKNOWN: palette.REFERENCE}  # fmt: skip


def _sizes(catalogue: Catalogue, model: str) -> Groups:
    area = (catalogue.table["width"] * catalogue.table["height"]).to_numpy(float)
    known = np.isfinite(area)
    words = np.full(len(area), UNKNOWN, dtype="U16")
    if known.any():
        names = np.array(["small originals", "middling ones", "large originals"])
        words[known] = names[np.searchsorted(np.quantile(area[known], [1 / 3, 2 / 3]), area[known])]
    order = ("small originals", "middling ones", "large originals")
    return words, {**dict(zip(order, palette.GROUPS, strict=False)), UNKNOWN: palette.REFERENCE}


def _splits(catalogue: Catalogue, model: str) -> Groups:
    found = catalogue.table["split"].map(SPLIT_TITLES).fillna("").to_numpy(str)
    titles = [SPLIT_TITLES[name] for name in SPLIT_TITLES if name in catalogue.values("split")]
    return found, dict(zip(titles, palette.GROUPS, strict=False))


#: What a map can be coloured by, and which of these speak of a model.
COLOURS: dict[str, Callable[[Catalogue, str], Groups]] = {
    "Class": _classes, "Call": _calls, "Error": _errors, "Device": _devices, "Size": _sizes,
    "Split": _splits,
}  # fmt: skip
NEEDS_MODEL = ("Call", "Error")
