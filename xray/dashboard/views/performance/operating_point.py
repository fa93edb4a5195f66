"""Operating points: what moving the threshold does, and what holding one error down costs."""

from __future__ import annotations

from functools import partial

import streamlit as st

from xray import classes
from xray.dashboard import cache, choices, links, page
from xray.dashboard import models_page as shared
from xray.figures import base, scores
from xray.figures import decision as figures_decision
from xray.metrics import decision, odds
from xray.metrics import scores as metrics
from xray.models.lineup import Entrant
from xray.reports import html

VIEWS = {"threshold": "Move the threshold", "targets": "Hold one error down"}
HELD = {"specificity": "specificity", "recall": "recall"}
TARGETS = ("0.8", "0.85", "0.9", "0.95", "0.98", "0.99")


def points(view: shared.View, held: str, target: float) -> dict[str, decision.OperatingPoint]:
    """Operating point of every model that has validation films to set it on."""
    line, found = view.lineup, {}
    for entrant in line.entrants:
        if entrant.validation:
            found[entrant.name] = shared.own(
                view,
                "operating point",
                partial(
                    decision.operating_point,
                    entrant.validation,
                    (line.y, entrant.log_odds),
                    held,
                    target,
                    positive=view.positive,
                    groups=line.groups,
                ),
                entrant.name,
                held,
                target,
            )
    return found


def title(view: shared.View) -> str:
    """The finding of the view that is open: of a threshold, or of what validation promised."""
    if choices.ahead(VIEWS, "view") == "threshold":
        entrant = shared.chosen(view)
        cut, counts = at(view, entrant, choices.ahead(shared.STEPS, "threshold", "0.5"))
        return figures_decision.swept(cut, counts, entrant.title)
    held, target = choices.ahead(HELD, "held"), choices.ahead(TARGETS, "target", "0.9")
    found = points(view, held, float(target))
    if not found:
        return "What moving the threshold does"
    return cache.made(figures_decision.kept, found, view.titles)


def at(view: shared.View, entrant: Entrant, chance: str) -> tuple[float, metrics.Confusion]:
    """A threshold that is told as a probability, as log-odds, and what it makes of the films."""
    cut = float(odds.to_log_odds(float(chance)))
    given = view.lineup.y, entrant.log_odds, cut, view.positive
    return cut, cache.made(metrics.confusion, *given)


def threshold(view: shared.View) -> None:
    """One model, a slider, and what moves with it."""
    entrant = shared.one_model(view)
    value = st.select_slider(
        f"Called {classes.positive()} from this probability on",
        shared.STEPS,
        value="0.5",
        key="threshold",
        bind="query-params",
    )
    cut, counts = at(view, entrant, value)
    steps = cache.made(decision.sweep, view.lineup.y, entrant.log_odds, view.positive)
    left, right = st.columns([3, 2], gap="medium")
    with left:
        page.draw("figure sweep", figures_decision.sweep, steps, cut, counts, entrant.title)
    with right:
        page.draw("figure live confusion", scores.confusion, counts, entrant.title)
    chosen = metrics.show_threshold(entrant.threshold)
    st.caption(
        f"Validation chose {chosen} for {html.plain(entrant.title)}: the threshold of the best "
        "balanced accuracy there."
    )
    page.download("Save as CSV", steps, f"thresholds-{entrant.name}-{view.positive}.csv")


def targets(view: shared.View) -> None:
    """Sensitivity at fixed specificity, and the reverse."""
    with st.container(horizontal=True, gap="medium"):
        held = choices.choose("Hold", HELD, "held")
        target = st.select_slider(
            "on validation at", TARGETS, value="0.9", key="target", bind="query-params", width=320
        )
    found = points(view, held, float(target))
    if not found:
        st.info("No model has validation films to set a threshold on.", icon=":material/info:")
        return
    page.draw("figure held", figures_decision.held, found, view.titles)
    rest = "recall" if held == "specificity" else "specificity"
    for name, point in found.items():
        st.markdown(
            f"**{html.plain(view.titles[name])}**: at {held} {target} the test films' own curve "
            f"reaches {rest} {base.span(point.curve, point.curve_low, point.curve_high)}. "
            "Nobody could have known that threshold."
        )
    page.download("Save as CSV", decision.as_table(found), "operating-points.csv")


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        title,
        "It trades missed films for false alarms. It is set on validation, judged on test.",
        {
            "view": choices.offered(VIEWS),
            "threshold": shared.THRESHOLD["threshold"],
            "held": choices.offered(HELD),
            "target": links.Choice(TARGETS),
        },
        choose_split=False,
        question="What does moving the threshold do?",
    )
    if view:
        chosen = choices.choose("View", VIEWS, "view", hidden=True)
        with page.guard(VIEWS[chosen]):
            (targets if chosen == "targets" else threshold)(view)
