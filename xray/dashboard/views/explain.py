"""The parts of the Explain page: choose a film, choose how to explain it, see what came of it.

An uploaded film lives in its visitor's session and nowhere else. What is kept for all visitors
is what models said of a film, under the hash of its bytes: weights and numbers, no pixels.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import streamlit as st

from xray import classes, text
from xray.audits import findings, one_film, reading
from xray.audits.reading import Question, Reading
from xray.dashboard import background, dataset_page, links, loaders, page
from xray.dashboard.catalogue import Catalogue
from xray.drawing import phantoms
from xray.errors import FilmError
from xray.explanations import perturbation, sanity, superpixels
from xray.figures import overlay, readings
from xray.files import sha256_bytes
from xray.films import decode, decoder
from xray.films.decode import Film
from xray.jobs.progress import Progress
from xray.models import registry
from xray.models.card import Card, titles_of
from xray.reports import film_words, html, report, sentences

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
    pixels = phantoms.phantom(int(child), (448, 448), str(label), device).pixels
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


# --- answers ---------------------------------------------------------------------------------


def calls(done: Sequence[Reading], titles: dict[str, str], cards: Sequence[Card],
          question: Question) -> None:  # fmt: skip
    """What every model calls the film, as it is, with devices and with their matches."""
    page.show(readings.calls(done, titles, question.device), key="calls")
    st.caption(html.plain(film_words.devices_laid(done[0], question.device)))
    for card in cards:
        if any(each.model == card.name for each in done):
            for warning in film_words.warnings(card):
                page.problem(f"{card.title}: {warning}")


def overlays(chosen: Chosen, done: Sequence[Reading], titles: dict[str, str]) -> None:
    """LIME overlays side by side, each with the model's call and whether it may be read."""
    first, left, right = st.columns(3, vertical_alignment="bottom")
    by = first.segmented_control(
        "By", METHODS, default=METHODS[0], required=True, key="by", bind="query-params",
        help="Two ways to ask the same model. What both show is more to be believed.",
    )  # fmt: skip
    opacity = left.slider("Opacity", 0.0, 1.0, 0.6, 0.05, key="opacity", bind="query-params")
    most = max(len(each.explanation.weights) for each in done)
    leading = right.slider(
        "Regions shown", 1, 96, 12, key="leading", bind="query-params",
        help=f"Those with the largest weights; there are at most {most} here.",
    )  # fmt: skip
    shown = reading.small(chosen.film.pixels)
    columns = st.columns(max(len(done), 2), gap="medium")
    for column, each in zip(columns, done, strict=False):
        with column:
            why = each.explanation
            st.html(
                html.reading_head(
                    each.model, titles[each.model], text.percent(why.probability), each.call
                )
            )
            if by == METHODS[0]:
                picture = overlay.overlay(
                    why, shown, opacity=float(opacity), leading=int(leading), numbers=True
                )
            elif each.second is None:
                page.problem(each.no_second)
                continue
            else:
                picture = overlay.heat(each.second, shown, float(opacity))
            spoken = classes.spoken()
            page.film(
                picture, f"{by} overlay of {titles[each.model]}: orange toward {spoken}, blue away"
            )
            said = [film_words.blue(each), *film_words.weight_shares(each.shares),
                    film_words.second_opinion(each), sentences.stability(why)]  # fmt: skip
            st.caption(html.plain(" ".join(filter(None, said))))
            st.download_button(
                "Picture", html.png(picture), f"{by.lower()}-{each.model}.png", "image/png",
                key=f"picture {each.model}", icon=":material/image:", on_click="ignore",
            )  # fmt: skip


def device_pair(chosen: Chosen, question: Question) -> None:
    """The film as it is, with the first device of the test, and with its match."""
    pixels = reading.small(chosen.film.pixels, 360)
    worn = next(one_film.wear(pixels, question.stock(), question.seed, question.own))
    words = f"with {findings.ONE[question.device]}"
    st.html(
        html.pair(
            [
                (pixels, "The film", "", "as it is"),
                (worn.device, f"The film {words}", "", words),
                (worn.null, "The film with the device's match", "", "with its match"),
            ]
        )
    )


def checks(chosen: Chosen, done: Sequence[Reading], titles: dict[str, str]) -> None:
    """Sanity checks of the explanations, computed when asked for."""
    keys = {each.model: f"sanity {each.explanation.key}" for each in done}
    if st.button("Check these explanations", icon=":material/rule:", key="check"):
        for each in done:

            def work(progress: Progress, each: Reading = each) -> sanity.Sanity:
                model = registry.load(each.model)
                return sanity.check(model, chosen.film.pixels, each.explanation, progress=progress)

            background.ask(keys[each.model], work)
    statuses = {each.model: background.look(keys[each.model]) for each in done}
    background.watch(
        [(keys[name], f"Checking {titles[name]}", status) for name, status in statuses.items()]
    )
    for each in done:
        status = statuses[each.model]
        if status.state == "done":
            for sentence in sentences.sanity(status.result):
                st.markdown(f"{html.plain(titles[each.model])}: {html.plain(sentence)}")
        elif status.error:
            page.problem(status.error)


def downloads(
    chosen: Chosen, done: Sequence[Reading], cards: Sequence[Card], question: Question
) -> None:
    """What was found, as CSV, JSON and a report; named by hash, never by the upload's name."""
    name = f"film-{chosen.film.sha256[:12]}"
    record = {
        "film_sha256": chosen.film.sha256,
        "note": page.CLINICAL,
        "device": question.device,
        "devices_from": "facts about real ones" if done[0].rendered else "films of other people",
        "readings": [each.summary() for each in done],
    }
    with st.container(horizontal=True):
        page.download("Weights (CSV)", reading.weights_table(list(done)), f"{name}.csv")
        st.download_button(
            "Everything (JSON)", json.dumps(record, indent=1, allow_nan=False), f"{name}.json",
            "application/json", key="json", icon=":material/data_object:", on_click="ignore",
        )  # fmt: skip
        used = [card for card in cards if card.name in {each.model for each in done}]
        about = chosen.about if chosen.film.format == "synthetic" else ""
        st.download_button(
            "Report (HTML)",
            lambda: report.build_film(chosen.film, done, used, question.device, about),
            f"{name}.html", "text/html", key="report", icon=":material/description:",
            on_click="ignore",
        )  # fmt: skip
