"""Explain a film: what every model calls it, why, and what a device on it would change."""

import streamlit as st

from xray import classes
from xray.audits import reading
from xray.audits.reading import Question, Reading
from xray.dashboard import links, loaders, page, sections
from xray.dashboard.views import explain, film_choice, spaces, trust
from xray.dashboard.views.browse import neighbours
from xray.figures import readings
from xray.models.card import Card, titles_of
from xray.reports import film_words, html

page.enter()


def choose(cards: list[Card]) -> None:
    """The film on the left, its answer on the right; why below."""
    chosen = film_choice.choose()
    if chosen is None:
        return
    left, right = st.columns([2, 3], gap="medium")
    with left:
        page.film(reading.small(chosen.film.pixels), "The film to explain")
        st.caption(html.plain(f"{chosen.about} {film_words.facts(chosen.film)}."))
    with right:
        asked, question = explain.ask(cards, chosen)
        done = explain.collect(chosen, asked, question)
        for card in cards:
            if card.problem:
                page.problem(f"{card.title}: {card.problem}")
        if done:
            with page.guard("The calls"):
                explain.calls(done, titles, cards, question)
    if done:
        answers(chosen, done, question, cards)
    if st.session_state.get("upload"):
        alike = st.expander("Films like this one", icon=":material/join_inner:")
        with alike, page.guard("Films like this one"):
            neighbours.show_upload(chosen.film)


def answers(
    chosen: film_choice.Chosen,
    done: list[Reading],
    question: Question,
    cards: list[Card],
) -> None:
    """Why, what would change it, how far to trust it, and all of it to take away."""
    st.subheader(f"What speaks for {classes.spoken()}", anchor=False)
    st.caption(
        f"Orange speaks for {classes.spoken()}, blue against it; the fainter, the weaker. Regions "
        "are numbered by weight."
    )
    with page.guard("The overlays"):
        explain.overlays(chosen, done, titles)
    with st.expander("What each region weighs", icon=":material/bar_chart:"):
        for each in done:
            with page.guard("The weights"):
                figure = readings.weights(each, titles[each.model], leading=12)
                page.show(figure, key=f"weights {each.model}")
    drawn = st.expander("A device that was laid on, and its match", icon=":material/cable:")
    with drawn, page.guard("The device test"):
        explain.device_pair(chosen, question)
    trust = st.expander("Can these explanations be trusted?", icon=":material/rule:")
    with trust, page.guard("The checks"):
        explain.checks(chosen, done, titles)
    with page.guard("The downloads"):
        explain.downloads(chosen, done, cards, question)


models = loaders.cards()
titles = {card.name: card.title or card.name for card in models}
usable = tuple(titles_of([card for card in models if not card.problem]))


def one_film() -> None:
    """What every model says of a film, and why by LIME."""
    page.page(
        "Explain a film",
        "What each model calls it, which parts speak for that (LIME), and what a device changes.",
        {
            **explain.PARAMETERS,
            "models": links.Choice(usable, several=True),
            "alike": links.Choice((spaces.BY_PIXELS, *usable)),
        },
        clinical=True,
    )
    choose(models)


sections.show({"One film": one_film, "Which to trust": trust.show})
