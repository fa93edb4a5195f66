"""Choose the film of the Explain page: an upload, a synthetic one, or one of the dataset.

An uploaded film lives in its visitor's session and nowhere else.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from xray import classes
from xray.dashboard import cache, dataset_page, links, page
from xray.dashboard.catalogue import Catalogue
from xray.drawing import phantoms
from xray.errors import FilmError
from xray.files import sha256_bytes
from xray.films import decode, decoder
from xray.films.decode import Film

MADE_UP, OF_DATASET = "Synthetic film", "Film of the dataset"
NO_DEVICE = "nothing"
#: Films that a session may have ended at the decoder's limits, within as many seconds: each holds
#: one of few decoders for ten, and every rerun of the page would ask again.
LOST, WITHIN = 2, 60.0


@dataclass(frozen=True)
class _Shows:
    """Parameter of links: what the synthetic film shows, by the name of its class."""

    def problem(self, values: Sequence[str]) -> str:
        return links.Choice(classes.current().labels).problem(values)


PARAMETERS: dict[str, links.Parameter] = {
    **dataset_page.PARAMETERS,
    "source": links.Choice((MADE_UP, OF_DATASET)),
    "child": links.Number(0, 999),
    "shows": _Shows(),
    "wears": links.Choice((NO_DEVICE, *phantoms.DEVICES)),
}


@dataclass(frozen=True, eq=False)
class Chosen:
    """The film to explain.

    Attributes
    ----------
    film : decoded.
    about : what a reader should know of it: where it comes from, and what it is called.
    file : its place in the folder of films; "" for any other film.
    """

    film: Film
    about: str
    file: str = ""


def choose() -> Chosen | None:
    """Let the visitor upload a film or pick one; None while there is none."""
    given, taken = st.columns([4, 12], gap="medium")
    upload = given.file_uploader(
        "Upload a chest film",
        key="upload",
        help=f"JPEG, PNG, TIFF, BMP, WebP or DICOM. {page.PRIVACY}",
    )
    with page.guard("The decoder"):
        decoder.warm()
    if upload is not None:
        with page.guard("The upload"):
            film = _decoded(upload.getvalue(), upload.name)
            return Chosen(film, f"Your upload. {page.PRIVACY}")
        return None
    return _offered(taken)


def _offered(place: DeltaGenerator) -> Chosen | None:
    """A film that needs no upload: a synthetic one, or one of the dataset."""
    offered, shown = [MADE_UP], None
    with page.guard("The dataset"):
        shown = dataset_page.films()
        if shown is not None and shown.folder is not None:
            offered.append(OF_DATASET)
    if len(offered) == 1:
        return _made_up(place.columns([2, 3, 3]))
    if "film" in st.query_params and "source" not in st.query_params:
        # A link from the film browser names a film only.
        st.session_state.setdefault("source", OF_DATASET)
    first, rest = place.columns([6, 8])
    source = first.segmented_control(
        "Or take one", offered, default=MADE_UP, required=True, key="source", bind="query-params"
    )
    if source == OF_DATASET and shown is not None:
        with rest:
            return _from_dataset(shown)
    return _made_up(rest.columns([2, 3, 3]))


def _decoded(data: bytes, name: str) -> Film:
    """The upload as a film, decoded once a session, whether that succeeds or not."""
    known: dict[str, Film | str] = st.session_state.setdefault("_upload", {})
    digest = sha256_bytes(data)
    if digest not in known:
        lost: list[float] = st.session_state.setdefault("_lost", [])
        if len(lost) >= LOST and time.monotonic() < lost[-LOST] + WITHIN:
            raise FilmError(
                f"{LOST} films of this session were no films that can be decoded; wait a minute "
                "and upload this one again."
            )
        known.clear()
        try:
            known[digest] = decode.decode(data, name)
        except FilmError as error:
            known[digest] = str(error)
            if isinstance(error, decoder.LostError):
                lost[:] = [*lost[1 - LOST :], time.monotonic()]
    found = known[digest]
    if isinstance(found, str):
        raise FilmError(found)
    return found


def _made_up(places: Sequence[DeltaGenerator]) -> Chosen:
    left, middle, right = places
    child = left.number_input("Person", 0, 999, 7, key="child", bind="query-params")
    offered = classes.current().labels
    shows = middle.selectbox("Shows", offered, 1, key="shows", bind="query-params")
    # The phantoms' own names of the two; the page's are those of the films in hand.
    label = phantoms.LABELS[offered.index(shows)]
    worn = right.selectbox(
        "Wears", (NO_DEVICE, *phantoms.DEVICES), key="wears", bind="query-params"
    )
    device = None if worn == NO_DEVICE else worn
    name = f"synthetic-{int(child)}-{str(shows).lower()}"
    film = cache.made(_drawn, int(child), label, device, name)
    return Chosen(film, f"Synthetic: drawn by this program as {shows}, no patient.")


def _drawn(child: int, label: str, device: str | None, name: str) -> Film:
    pixels = phantoms.phantom(child, (448, 448), label, device).pixels
    return Film(pixels, name, sha256_bytes(pixels.tobytes()), "synthetic", "L", 0)


def _from_dataset(shown: dataset_page.Films) -> Chosen | None:
    table, catalogue = shown.table, shown.catalogue
    asked = catalogue.row(st.query_params.get("film", ""))
    rows = np.flatnonzero((table["split"] == "test") & (table["error"] == "")).tolist()
    if asked is not None and asked not in rows:
        rows.insert(0, asked)
    place = rows.index(asked) if asked is not None else 0
    st.selectbox(
        "Film (test films; Browse has all)",
        rows,
        index=place,
        format_func=lambda row: f"{table['label'].iloc[row]}: {table['name'].iloc[row]}",
        key=f"film row {place}",
        on_change=lambda: _name(catalogue, f"film row {place}"),
    )
    row = rows[place]
    path = shown.path(row)
    if path is None:
        page.problem("This film is not at hand here; choose another.")
        return None
    with page.guard("The film"):
        film = _read(str(path), path.stat().st_mtime_ns)
        label = table["label"].iloc[row]
        return Chosen(film, f"Film of the dataset, labelled {label}.", str(table["file"].iloc[row]))
    return None


def _name(catalogue: Catalogue, widget: str) -> None:
    """Put the film that was picked into the link, by its token."""
    st.query_params["film"] = str(catalogue.tokens[st.session_state[widget]])


@st.cache_data(max_entries=8, show_spinner=False)
def _read(path: str, modified: int) -> Film:
    try:
        return decode.read(Path(path))
    except OSError as error:
        raise FilmError("This film cannot be opened any more; choose another.") from error
