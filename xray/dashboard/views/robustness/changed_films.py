"""Stress tests: models on validation films framed, exposed and sharpened otherwise."""

from __future__ import annotations

from functools import partial

import pandas as pd
import streamlit as st

from xray import classes
from xray.dashboard import cache, choices, page
from xray.dashboard import models_page as shared
from xray.errors import ArtifactError
from xray.figures import stress as figures_stress
from xray.files import digest
from xray.metrics import scores
from xray.models import stress
from xray.models.card import models_dir
from xray.reports import html

METRICS = {
    name: scores.TITLES[name] for name in ("balanced_accuracy", "specificity", "recall", "auroc")
}


def beside_test(name: str) -> pd.DataFrame:
    """What is stored of a model, and what it does on the test films."""
    return pd.concat([stress.stored(name), stress.on_test(name)], ignore_index=True)


def tables(view: shared.View) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """What is stored of each chosen model that was stressed; of others, what is wrong with it."""
    found, wrong = {}, {}
    for entrant in view.lineup.entrants:
        home = models_dir() / entrant.name
        if (home / stress.FILE).is_file():
            read = (stress.FILE, "predictions.csv", "card.json")
            key = (entrant.name, *(digest(home / file) for file in read))
            try:
                found[entrant.name] = cache.remember(
                    "stress", partial(beside_test, entrant.name), *key
                )
            except ArtifactError as error:
                wrong[entrant.name] = str(error)
    return found, wrong


def finding(view: shared.View) -> str:
    """Which change costs which model most."""
    found, _ = tables(view)
    if not found:
        return "Whether these models bear another framing or exposure was not asked yet"
    return cache.made(figures_stress.finding, found, view.titles, next(iter(METRICS)))


def show() -> None:
    """Draw the section."""
    view = shared.begin(
        finding,
        "The same validation films, as another X-ray unit or operator might have made them.",
        {"metric": choices.offered(METRICS)},
        choose_split=False,
        question="Does a model bear other framing, exposure and sharpness?",
    )
    if view:
        with page.guard("What changed films cost the models"):
            found, wrong = tables(view)
            for sentence in wrong.values():
                page.problem(sentence)
            asked = {*found, *wrong}
            if missing := [e.name for e in view.lineup.entrants if e.name not in asked]:
                page.empty(
                    f"Not asked of {', '.join(view.titles[name] for name in missing)}.",
                    "Their validation films are predicted again under every change.",
                    f"python -m xray evaluate {' '.join(missing)} --stress",
                )
            if found:
                metric = choices.choose("Metric", METRICS, "metric")
                page.draw("figure stress", figures_stress.changes, found, view.titles, metric)
                films = max(int(table["n"].iloc[0]) for table in found.values())
                if words := cache.made(figures_stress.framing, found, view.titles):
                    st.markdown(html.plain(words))
                st.caption(
                    f"{films:,} validation films, {classes.positive()} positive, each model's own "
                    "threshold. Lines are 95 % intervals over possible patients. Films are changed "
                    "at each model's input size. The frame only ever narrows, since what lies "
                    "beyond a film is not known. Framed alike: cut as closely around the lungs as "
                    f"the median {classes.spoken()} film is. The test films stand below to compare."
                )
                with st.container(horizontal=True):
                    for name, table in found.items():
                        words = f"Save {view.titles[name]} as CSV"
                        page.download(words, table, f"stress-{name}.csv")
