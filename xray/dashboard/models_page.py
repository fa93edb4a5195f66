"""What the Models pages share: which models, which films, which class is positive; cached scores.

What a slider moves is computed anew in milliseconds; what it does not move (bootstraps of
rankings, comparisons, strata) is computed once a content and kept.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

import pandas as pd
import streamlit as st

from xray import classes
from xray.dashboard import cache, choices, links, loaders, page
from xray.environment import artifacts_dir
from xray.errors import XrayError
from xray.files import digest, hash_json
from xray.metrics import bootstrap, odds
from xray.metrics import scores as metrics
from xray.models import lineup
from xray.models.card import Card, classes_of, models_dir, read_card, titles_of
from xray.models.lineup import Entrant, Lineup
from xray.reports import html
from xray.training import ledger

log = logging.getLogger(__name__)

Made = TypeVar("Made")

#: Thresholds to choose from, as probabilities: evenly spread in log-odds, because networks that
#: are sure of themselves put most films very near 0 or 1.
STEPS = (
    *("0.0001", "0.0003", "0.001", "0.003", "0.01", "0.02", "0.05", "0.1", "0.2", "0.3", "0.4"),
    *("0.5", "0.6", "0.7", "0.8", "0.9", "0.95", "0.98", "0.99", "0.997", "0.999", "0.9997"),
    *("0.9999", "0.99997", "0.99999"),
)
#: Roles that are shown at first; the others are a click away.
FIRST = ("recipe", "user", "demo")


@dataclass(frozen=True, eq=False)
class View:
    """What a Models page shows.

    Attributes
    ----------
    lineup : the models, with their predictions of the same films
    cards : name -> card, of the line-up's models
    positive, split : as the reader chose
    key : hash of everything the line-up was made of
    """

    lineup: Lineup
    cards: dict[str, Card]
    positive: str
    split: str
    key: str

    @property
    def titles(self) -> dict[str, str]:
        """Name -> title."""
        return self.lineup.titles

    def entrant(self, name: str) -> Entrant:
        """One model of the line-up."""
        return next(each for each in self.lineup.entrants if each.name == name)


#: What the shared choices offer.
SPLITS = {"test": "test", "val": "validation"}
#: Split -> its films, for people: a dataset may have a validation of its own.
FILMS = {"test": "test films", "val": "films of the models' own validation"}
LIMITS = {"own": "each model's own", "shared": "one for all"}


# --- the frame of a Models page --------------------------------------------------------------


def begin(
    title: Callable[[View], str],
    lead: str,
    parameters: Mapping[str, links.Parameter] | None = None,
    choose_split: bool = True,
    question: str = "",
) -> View | None:
    """Begin a Models page: its title, the choices that all of them share, and what came of them.

    Parameters
    ----------
    title : makes the page's title, a finding, of what is shown
    lead, parameters, question : as ``page.page`` takes them
    choose_split : whether validation films may be shown in place of the test films

    Returns
    -------
    View or None
        None where there is nothing to show, which the page then says.
    """
    page.enter()
    header = st.container()
    usable, problems = cache.lately(_usable)
    known: dict[str, links.Parameter] = {
        "models": links.Choice(tuple(titles_of(usable)), several=True),
        "positive": links.Choice(cache.lately(_class_names, *(card.name for card in usable))),
        "model": choices.offered({name: title for title, name in titles_of(usable).items()}),
        **({"split": choices.offered(SPLITS)} if choose_split else {}),
        **(parameters or {}),
    }
    page.heed(known)
    view = _view(usable, choose_split) if usable else None
    words = "No model to compare yet"
    if view:
        words = "These models cannot be compared"
        with page.guard("The title"):
            words = title(view)
    with header:
        page.page(words, lead, known, clinical=True, question=question)
    for sentence in problems:
        page.problem(sentence)
    if not usable:
        page.empty(
            "There are no predictions to compare.",
            "Train a recipe, or add a model of your own and evaluate it on films.",
            "python -m xray train basic\npython -m xray evaluate --store",
        )
    if view:
        for note in view.lineup.notes:
            st.info(html.plain(note), icon=":material/info:")
    return view


def _usable() -> tuple[list[Card], list[str]]:
    """Cards with predictions, and a sentence for each model that has none to show."""
    usable, problems = [], []
    for card in loaders.cards():
        if card.role == "control":
            continue
        # A model whose network is missing or damaged keeps its predictions, and they are shown.
        try:
            loaders.predictions(card.name)
        except XrayError as error:
            problems.append(card.problem or str(error))
            continue
        if card.problem:
            problems.append(card.problem)
        if min(card.size) > 0:
            usable.append(card)
    return usable, problems


def _class_names(*models: str) -> tuple[str, ...]:
    """Names of the classes of the films that models were judged on, the positive ones first."""
    labels: dict[str, None] = {}
    for name in models:
        known = _classes(name)
        labels |= dict.fromkeys(reversed(known.labels))
    return tuple(labels)


def _classes(name: str) -> classes.Classes:
    """Classes of the films that a model was judged on."""
    return classes_of(read_card(models_dir() / name), loaders.predictions(name)["label"].unique())


def _view(usable: list[Card], choose_split: bool) -> View | None:
    """Ask what to compare; None where the choice leaves nothing."""
    by_title = titles_of(usable)
    by_name = cache.made(_titled, usable)
    first = [title for title, name in by_title.items() if by_name[name].role in FIRST]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        read = st.multiselect(
            "Models",
            list(by_title),
            default=first or list(by_title),
            key="models",
            bind="query-params",
            format_func=html.label,
            wrap=True,
        )
        chosen = [by_title[title] for title in read]
        # From here on the page speaks of the classes of these models' films.
        if chosen:
            classes.use(cache.lately(_classes, chosen[0]))
        positive = choices.choose(
            "Positive class",
            {label: label for label in reversed(classes.current().labels)},
            "positive",
            help="The class that recall, precision and false alarms speak of.",
        )
        split = "test"
        if choose_split:
            split = choices.choose(
                "Films",
                SPLITS,
                "split",
                help="Validation: all films that models kept to choose thresholds, whatever the "
                "dataset calls them. Judge on the test films.",
            )
    if not chosen:
        st.info("Choose at least one model.", icon=":material/info:")
        return None
    return _lined_up([by_name[name] for name in by_name if name in chosen], positive, split)


def _titled(cards: Sequence[Card]) -> dict[str, Card]:
    """Name -> card with the title that tells it from the others."""
    titles = {name: title for title, name in titles_of(cards).items()}
    return {card.name: replace(card, title=titles[card.name]) for card in cards}


def _lined_up(cards: list[Card], positive: str, split: str) -> View | None:
    """The view of these models; None where none of them has predictions of the split."""
    key = cache.made(_key, cards, split)

    def make() -> Lineup:
        return lineup.line_up([(card, loaders.predictions(card.name)) for card in cards], split)

    made = cache.remember("line-up", make, key)
    if not made.entrants:
        st.info("None of these models has predictions of these films.", icon=":material/info:")
        return None
    by_name = {card.name: card for card in cards}
    kept = {entrant.name: by_name[entrant.name] for entrant in made.entrants}
    return cache.made(View, made, kept, positive, split, key)


def _key(cards: list[Card], split: str) -> str:
    return hash_json(
        [[(card.name, card.threshold, card.title, card.files) for card in cards], split]
    )


def threshold() -> float | None:
    """Ask for a threshold: None for each model's own, else the one for all (log-odds)."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        kind = choices.choose("Threshold", LIMITS, "limit")
        if kind == "own":
            return None
        value = st.select_slider(
            f"Called {classes.positive()} from this probability on",
            STEPS,
            value="0.5",
            key="threshold",
            bind="query-params",
            width=460,
        )
    return float(odds.to_log_odds(float(value)))


#: Parameters of links that :func:`threshold` needs.
THRESHOLD: dict[str, links.Parameter] = {
    "limit": choices.offered(LIMITS),
    "threshold": links.Choice(STEPS),
}


def one_model(view: View) -> Entrant:
    """Ask which of the line-up's models a part of the page is about."""
    return view.entrant(choices.choose("Model", view.titles, "model"))


def chosen(view: View) -> Entrant:
    """The model that :func:`one_model` will give further down, for the page's title."""
    return view.entrant(choices.ahead(view.titles, "model"))


def own(view: View, name: str, make: Callable[[], Made], *key: Hashable) -> Made:
    """Like ``cache.remember``, for something made of this view."""
    return cache.remember(name, make, view.key, view.positive, *key)


def runs() -> pd.DataFrame:
    """The ledger of training runs; no rows where it cannot be read, which the page then says."""
    content = digest(artifacts_dir() / ledger.FILE)
    try:
        return cache.remember("ledger", ledger.read, str(artifacts_dir()), content)
    except XrayError as error:
        page.problem(str(error))
        return ledger.read(artifacts_dir() / "none")


# --- scores ----------------------------------------------------------------------------------


def scores(view: View, shared: float | None = None) -> dict[str, pd.DataFrame]:
    """Table of ``scores.scores`` of every model, at its own threshold or the shared one."""
    return {
        name: own(view, "scores", partial(_scores, view, name, limit), name, limit)
        for name, limit in view.lineup.thresholds(shared).items()
    }


def _scores(view: View, name: str, limit: float) -> pd.DataFrame:
    drawn = bootstrap.resamples(view.lineup.groups)
    y, log_odds = view.lineup.y, view.entrant(name).log_odds

    def free() -> pd.DataFrame:
        return metrics.over_thresholds(y, log_odds, view.positive, drawn)

    fixed = own(view, "scores without threshold", free, name)
    moved = metrics.at_threshold(y, log_odds, limit, view.positive, drawn)
    return pd.concat([moved, fixed], ignore_index=True)


def table(view: View, scored: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Scores of all models as one table, ready to be saved."""
    return cache.made(_table, view, scored)


def _table(view: View, scored: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    limits = view.lineup.thresholds()
    parts = [
        rows.assign(
            model=name, split=view.split, positive=view.positive, own_threshold=limits[name]
        )
        for name, rows in scored.items()
    ]
    front = ["model", "split", "positive", "own_threshold"]
    joined = pd.concat(parts, ignore_index=True)
    joined["own_threshold"] = odds.to_probability(joined["own_threshold"])
    return joined[[*front, *(column for column in joined if column not in front)]]
