"""The upper part of the Explain page: choose a film, choose how to explain it, wait for it.

An uploaded film lives in its visitor's session and nowhere else. What is kept for all visitors
is what models said of a film, under the hash of its bytes: weights and numbers, no pixels.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import streamlit as st

from xray import classes, text
from xray.audits import findings, reading
from xray.audits.reading import Question, Reading
from xray.dashboard import background, cache, dataset_page, links, loaders, page
from xray.dashboard.catalogue import Catalogue
from xray.drawing import phantoms
from xray.errors import FilmError
from xray.explanations import perturbation, superpixels
from xray.files import sha256_bytes
from xray.films import decode, decoder
from xray.films.decode import Film
from xray.jobs.progress import Progress
from xray.models.card import Card, titles_of
from xray.reports import html

#: Ways to explain that can be shown, the first at first.
METHODS = ("LIME", "Grad-CAM")
MADE_UP, OF_DATASET = "Synthetic film", "Film of the dataset"
NO_DEVICE = "nothing"
#: Films that a session may have ended at the decoder's limits, within as many seconds: each holds
#: one of few decoders for ten, and every rerun of the page would ask again.
LOST, WITHIN = 2, 60.0
#: Models a reading is asked of at first, by role; all others are a click away.
FIRST = ("recipe", "user", "demo")


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
    "superpixels": links.Number(12, 96),
    "fill": links.Choice(tuple(perturbation.FILLS)),
    "device": links.Choice(findings.KINDS),
    "by": links.Choice(METHODS),
    "repeat": links.Number(0, 99),
    "opacity": links.Number(0, 1),
    "leading": links.Number(1, 96),
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


# --- a film ----------------------------------------------------------------------------------


def choose() -> Chosen | None:
    """Let the visitor upload a film or pick one; None while there is none."""
    upload = st.file_uploader(
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
    offered = [MADE_UP]
    with page.guard("The dataset"):
        shown = dataset_page.films()
        if shown is not None and shown.folder is not None:
            offered.append(OF_DATASET)
    if len(offered) > 1 and "film" in st.query_params and "source" not in st.query_params:
        # A link from the film browser names a film only.
        st.session_state.setdefault("source", OF_DATASET)
    source = st.segmented_control(
        "Or take one", offered, default=MADE_UP, required=True, key="source", bind="query-params"
    )
    if source == OF_DATASET and shown is not None:
        return _from_dataset(shown)
    return _made_up()


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


def _made_up() -> Chosen:
    left, middle, right = st.columns([5, 7, 6])
    child = left.number_input("Person", 0, 999, 7, key="child", bind="query-params")
    offered = classes.current().labels
    shows = middle.selectbox("Shows", offered, 1, key="shows", bind="query-params")
    # The phantoms' own names of the two; the page's are those of the films in hand.
    label = phantoms.LABELS[offered.index(shows)]
    worn = right.selectbox(
        "Wears", (NO_DEVICE, *phantoms.DEVICES), key="wears", bind="query-params"
    )
    device = None if worn == NO_DEVICE else worn
    pixels = cache.remember(
        "phantom", lambda: phantoms.phantom(int(child), (448, 448), str(label), device).pixels,
        child, label, device,
    )  # fmt: skip
    name = f"synthetic-{int(child)}-{str(shows).lower()}"
    film = Film(pixels, name, sha256_bytes(pixels.tobytes()), "synthetic", "L", 0)
    return Chosen(film, f"Synthetic: drawn by this program as {shows}, no patient.")


def _from_dataset(shown: dataset_page.Films) -> Chosen | None:
    table, catalogue = shown.table, shown.catalogue
    asked = catalogue.row(st.query_params.get("film", ""))
    rows = np.flatnonzero((table["split"] == "test") & (table["error"] == "")).tolist()
    if asked is not None and asked not in rows:
        rows.insert(0, asked)
    place = rows.index(asked) if asked is not None else 0
    st.selectbox(
        "Film (test films; the film browser has all)",
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


# --- a question ------------------------------------------------------------------------------


def ask(cards: Sequence[Card], chosen: Chosen) -> tuple[list[Card], Question]:
    """Let the visitor choose the models and how to explain; both have sound defaults."""
    names = {card.name: card for card in cards if not card.problem}
    usable = {title: names[name] for title, name in titles_of(list(names.values())).items()}
    read = st.pills(
        "Models",
        list(usable),
        selection_mode="multi",
        default=[title for title, card in usable.items() if card.role in FIRST],
        key="models",
        bind="query-params",
        format_func=html.label,
    )
    with st.expander("How to explain", icon=":material/tune:"):
        count = st.slider(
            "Superpixels", 12, 96, superpixels.DEFAULT_COUNT, 4, key="superpixels",
            bind="query-params", help="Pieces the film is cut into.",
        )  # fmt: skip
        fill = st.selectbox(
            "Fill for hidden superpixels", list(perturbation.FILLS),
            key="fill", bind="query-params",
            help="; ".join(f"{name}: {words}" for name, words in perturbation.FILLS.items())
            + ". Repeats agree best with mean; inpaint weighs devices more truly "
            "(python -m benchmarks.superpixels --vary fill).",
        )  # fmt: skip
        device = st.selectbox(
            "Device to lay on", findings.KINDS, findings.KINDS.index(reading.DEVICE), key="device",
            bind="query-params", format_func=lambda kind: findings.ONE[kind],
            help=f"The audit's test on this film. {findings.HELP}",
        )  # fmt: skip
        repeat = st.number_input(
            "Repeat", 0, 99, 0, key="repeat", bind="query-params",
            help="Another number, another random order: a stable explanation stays the same.",
        )  # fmt: skip
    folder = loaders.films_folder()
    question = Question(
        int(count), cast(perturbation.Fill, fill), str(device), int(repeat),
        str(folder or ""), chosen.file if folder else "",
    )  # fmt: skip
    return [usable[title] for title in read], question


def submit(chosen: Chosen, cards: Sequence[Card], question: Question) -> None:
    """Put the reading of a film by each model into the queue."""
    for card in cards:

        def work(progress: Progress, name: str = card.name) -> Reading:
            return reading.read(name, chosen.film.pixels, question, progress)

        background.ask(question.key(chosen.film.sha256, card), work)


def collect(chosen: Chosen, cards: Sequence[Card], question: Question) -> list[Reading]:
    """Readings that are done; what is still to come is watched, problems are told."""
    keys = {card.name: question.key(chosen.film.sha256, card) for card in cards}
    statuses = {card.name: background.look(keys[card.name]) for card in cards}
    if all(status.state == "unknown" for status in statuses.values()):
        page.empty(
            "Nothing computed yet",
            "Each model takes some seconds: its probability with its threshold, what speaks for "
            f"{classes.spoken()} and against it, and what devices laid on it change.",
        )
    background.watch([(keys[c.name], f"{c.title} reads the film", statuses[c.name]) for c in cards])
    for card in cards:
        if statuses[card.name].error:
            page.problem(f"{card.title}: {statuses[card.name].error}")
    stopped = [card.title for card in cards if statuses[card.name].state == "stopped"]
    if stopped:
        st.caption(f"Stopped: {html.plain(text.names(stopped))}.")
    return [status.result for status in statuses.values() if status.state == "done"]
