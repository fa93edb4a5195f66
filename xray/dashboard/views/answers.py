"""The lower part of the Explain page: what came of a question, how far to trust it, downloads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

import plotly.graph_objects as go
import streamlit as st

from xray import classes, text
from xray.audits import findings, one_film, reading
from xray.audits.reading import Question, Reading
from xray.dashboard import background, cache, page
from xray.dashboard.views.explain import METHODS
from xray.dashboard.views.film_choice import Chosen
from xray.explanations import sanity
from xray.figures import overlay, readings
from xray.figures.overlay import Picture
from xray.jobs.progress import Progress
from xray.models import registry
from xray.models.card import Card
from xray.reports import film_words, html, report, sentences

#: Where explanations are there and the rest is still to come, or does not come.
NEXT = "What devices change, and a second opinion, come next."
MISSING = "No devices were laid on, and no second opinion was asked for."


def calls(
    done: Sequence[Reading],
    titles: dict[str, str],
    cards: Sequence[Card],
    question: Question,
    coming: bool,
) -> None:
    """What every model calls the film, as it is, with devices and with their matches.

    Parameters
    ----------
    coming : whether some of it is still computed
    """
    # Numbers alone, no pixels: what is kept for all visitors.
    said = [(titles[r.model], r.explanation.key, r.device, r.null) for r in done]
    figure = cache.figure(
        "calls",
        lambda: readings.calls(done, titles, question.device),
        question.device,
        classes.spoken(),
        *said,
    )
    page.show(figure, key="calls")
    whole = next((each for each in done if each.whole), None)
    rest = NEXT if coming else MISSING
    words = film_words.devices_laid(whole, question.device) if whole else rest
    st.caption(html.plain(words))
    for card in cards:
        if any(each.model == card.name for each in done):
            for warning in film_words.warnings(card):
                page.problem(f"{card.title}: {warning}")


def weights(each: Reading, title: str) -> go.Figure:
    """What the leading regions of one model's explanation weigh."""
    make = partial(readings.weights, each, title, leading=12)
    return cache.figure("weights", make, title, classes.spoken(), each.explanation.key)


def overlays(chosen: Chosen, done: Sequence[Reading], titles: dict[str, str], coming: bool) -> None:
    """LIME overlays side by side, each with the model's call and whether it may be read."""
    first, left, right = st.columns(3, vertical_alignment="bottom")
    by = first.segmented_control(
        "By",
        METHODS,
        default=METHODS[0],
        required=True,
        key="by",
        bind="query-params",
        help="Two ways to ask the same model. What both show is more to be believed.",
    )
    opacity = left.slider("Opacity", 0.0, 1.0, 0.6, 0.05, key="opacity", bind="query-params")
    most = max(len(each.explanation.weights) for each in done)
    leading = right.slider(
        "Regions shown",
        1,
        96,
        12,
        key="leading",
        bind="query-params",
        help=f"Those with the largest weights; there are at most {most} here.",
    )
    shown = reading.small(chosen.film.pixels)
    columns = st.columns(max(len(done), 2), gap="medium")
    for column, each in zip(columns, done, strict=False):
        with column:
            why, title = each.explanation, titles[each.model]
            share = text.percent(why.probability)
            st.html(html.reading_head(each.model, title, share, each.call))
            if by == METHODS[0]:
                picture = overlay.overlay(
                    why, shown, opacity=float(opacity), leading=int(leading), numbers=True
                )
            elif not each.whole:
                st.caption(NEXT if coming else MISSING)
                continue
            elif each.second is None:
                page.problem(each.no_second)
                continue
            else:
                picture = overlay.heat(each.second, shown, float(opacity))
            _overlay(picture, each, by, title)


def _overlay(picture: Picture, each: Reading, by: str, title: str) -> None:
    """One overlay, what is said of it, and the button that saves it."""
    page.film(picture, f"{by} overlay of {title}: orange toward {classes.spoken()}, blue away")
    said = [
        film_words.blue(each),
        *film_words.weight_shares(each.shares),
        film_words.second_opinion(each),
        sentences.stability(each.explanation),
    ]
    st.caption(html.plain(" ".join(filter(None, said))))
    st.download_button(
        "Picture",
        partial(html.png, picture, small=True),
        f"{by.lower()}-{each.model}.png",
        "image/png",
        key=f"picture {each.model}",
        icon=":material/image:",
        on_click="ignore",
    )


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
            ],
            [(), *(overlay.outline(changed - pixels) for changed in (worn.device, worn.null))],
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
    chosen: Chosen,
    done: Sequence[Reading],
    cards: Sequence[Card],
    question: Question,
    coming: bool,
) -> None:
    """What was found, as CSV, JSON and a report; named by hash, never by the upload's name."""
    if coming:
        st.caption("Downloads come with the rest.")
        return
    titles = {card.name: card.title or card.name for card in cards}
    if left := [titles[each.model] for each in done if not each.whole]:
        st.caption(html.plain(f"Without devices, and so not in the downloads: {text.names(left)}."))
    done = [each for each in done if each.whole]
    if not done:
        return
    name = f"film-{chosen.film.sha256[:12]}"
    record = {
        "film_sha256": chosen.film.sha256,
        "note": page.CLINICAL,
        "device": question.device,
        "devices_from": "facts about real ones" if done[0].rendered else "films of other people",
        "readings": [each.summary() for each in done],
    }
    with st.container(horizontal=True):
        page.download("Weights (CSV)", lambda: reading.weights_table(list(done)), f"{name}.csv")
        st.download_button(
            "Everything (JSON)",
            json.dumps(record, indent=1, allow_nan=False),
            f"{name}.json",
            "application/json",
            key="json",
            icon=":material/data_object:",
            on_click="ignore",
        )
        used = [card for card in cards if card.name in {each.model for each in done}]
        about = chosen.about if chosen.film.format == "synthetic" else ""
        st.download_button(
            "Report (HTML)",
            lambda: report.build_film(chosen.film, done, used, question.device, about),
            f"{name}.html",
            "text/html",
            key="report",
            icon=":material/description:",
            on_click="ignore",
        )
