"""Explain a film: what every model calls it, why, and what a device drawn in would change."""

import streamlit as st

from xray import dashboard, dashboard_explain, figures_explain, registry, share, snippets
from xray.reading import Question, Reading

dashboard.enter()


def choose(cards: list[registry.Card]) -> None:
    """The film on the left, the question on the right; what came of it below."""
    left, right = st.columns([9, 11], gap="large")
    with left:
        chosen = dashboard_explain.choose()
        if chosen is None:
            return
        shown = dashboard_explain.small(chosen.film.pixels)
        dashboard.film(shown, "The film to explain")
        st.caption(snippets.plain(f"{chosen.about} {dashboard_explain.facts(chosen.film)}."))
    with right:
        asked, question = dashboard_explain.ask(cards)
        pressed = st.button(
            "Explain this film",
            type="primary",
            icon=":material/play_arrow:",
            disabled=not asked,
            help="One explanation is computed at a time; the same request is computed once.",
        )
        if pressed:
            with dashboard.guard("The queue"):
                dashboard_explain.submit(chosen, asked, question)
        done = dashboard_explain.collect(chosen, asked, question)
        for card in cards:
            if card.problem:
                dashboard.problem(f"{card.title}: {card.problem}")
        if done:
            with dashboard.guard("The calls"):
                calls(done, titles, question.device.replace("_", " "))
    if done:
        answers(chosen, done, question, cards)


def calls(done: list[Reading], titles: dict[str, str], device: str) -> None:
    """What every model calls the film, before and after the device is drawn in."""
    dashboard.show(figures_explain.calls(done, titles, device), key="calls")
    st.caption(
        f"Filled: as it is. Open: with the {device} drawn in. Small tick: with a sham that has "
        "its brightness but not its shape. Tall bar: the model's threshold."
    )


def answers(
    chosen: dashboard_explain.Chosen,
    done: list[Reading],
    question: Question,
    cards: list[registry.Card],
) -> None:
    """Why, what would change it, how far to trust it, and all of it to take away."""
    st.subheader("What speaks for pneumonia", anchor=False)
    st.caption("Orange speaks for pneumonia, blue against it; the fainter, the weaker.")
    with dashboard.guard("The overlays"):
        dashboard_explain.overlays(chosen, done, titles)
    with st.expander("What each superpixel weighs", icon=":material/bar_chart:"):
        for each in done:
            with dashboard.guard("The weights"):
                figure = figures_explain.weights(each, titles[each.model], leading=12)
                dashboard.show(figure, key=f"weights {each.model}")
    drawn = st.expander("The device that was drawn in", icon=":material/cable:")
    with drawn, dashboard.guard("The device test"):
        dashboard_explain.device_pair(chosen, question)
    trust = st.expander("Can these explanations be trusted?", icon=":material/rule:")
    with trust, dashboard.guard("The checks"):
        dashboard_explain.checks(chosen, done, titles)
    with dashboard.guard("The downloads"):
        dashboard_explain.downloads(chosen, done, cards, question)


models = dashboard.cards()
titles = {card.name: card.title or card.name for card in models}
usable = tuple(registry.titles_of([card for card in models if not card.problem]))
dashboard.page(
    "Explain a film",
    "Every model's probability, the parts of the film that speak for it (LIME), and whether a "
    "device drawn in would change its mind.",
    {**dashboard_explain.PARAMETERS, "models": share.Choice(usable, several=True)},
    clinical=True,
)
choose(models)
