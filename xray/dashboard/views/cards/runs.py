"""Runs: every training run, what was changed, and what it did, over seeds."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from xray.dashboard import cache, choices, page
from xray.dashboard import models_page as shared
from xray.figures import training
from xray.reports import html
from xray.training import ablations

CHANGES = {"": "everything", **ablations.WORDS}
VIEWS = {"effects": "What each change did", "curve": "Learning curve", "all": "All runs"}
#: Changes that are shown at once.
MOST = 12
START = "python -m xray sweep sweeps/learning_curve.toml"


def effects(table: pd.DataFrame, metric: str) -> None:
    """Pairs of groups that differ in one setting."""
    changed = choices.choose("What was changed", CHANGES, "change")
    found = cache.made(of_setting, table, metric, changed)
    if found.empty:
        where = f"{CHANGES[changed]} alone" if changed else "one setting"
        page.empty(f"No two groups of runs differ in {where} yet.", "Run a sweep.", START)
    else:
        page.draw("figure effects", training.effects, found, metric, MOST)
        if len(found) > MOST:
            st.caption(f"The {MOST} largest of {len(found)} changes; the table holds all of them.")
        st.caption(cache.made(ablations.by_chance, found))
        page.download("Save as CSV", found, f"effects-{metric}.csv")
    degenerate(table)


def of_setting(table: pd.DataFrame, metric: str, setting: str) -> pd.DataFrame:
    """What changes of one setting did, or of any where it is ""."""
    found = ablations.effects(table, metric)
    return found[found["setting"] == setting].reset_index(drop=True) if setting else found


def degenerate(table: pd.DataFrame) -> None:
    """Trainings that learnt nothing, and those that give all films the same call."""
    warned, told = cache.made(_degenerate, table)
    for words in warned:
        st.warning(words, icon=":material/troubleshoot:")
    if told:
        st.caption(told)


def _degenerate(table: pd.DataFrame) -> tuple[list[str], str]:
    """A warning on each such training, and what to say where none is degenerate."""
    failed = ablations.nothing_learnt(table)
    warned = [
        f"**Learnt nothing.** {html.plain(row['name'])}, seed {row['seed']}, ranks "
        f"validation films no better than chance (AUROC {row['val_auroc']:.3f}). It is left "
        "out of the changes above."
        for row in failed.to_dict("records")
    ]
    learnt = table.drop(index=failed.index)
    lost = ablations.collapsed(learnt)
    warned += [
        f"**Degenerate.** {html.plain(row['name'])} calls nearly every test film "
        f"{row['call']} at a threshold of one half, whatever it shows: "
        f"{row['test_called_half']:.1%} positive."
        for row in lost.to_dict("records")
    ]
    bare = int((learnt["class_weight"] == "none").sum())
    told = (
        f"{len(learnt)} runs learnt something, {bare} of them without class weights. None "
        "gives nearly every test film the same call at a threshold of one half."
    )
    return warned, told if lost.empty else ""


def curve(table: pd.DataFrame, metric: str) -> None:
    """Share of the films by augmentation."""
    found = cache.made(ablations.curve, table, metric)
    if found.empty:
        page.empty("No learning curve yet.", "Run its sweep.", START)
        return
    page.draw("figure curve", training.curve, found, metric)
    page.download("Save as CSV", found.drop(columns="seeds"), f"curve-{metric}.csv")


def everything(table: pd.DataFrame, metric: str) -> None:
    """The ledger itself."""
    page.draw("figure runs", training.runs, table)
    page.table(table)
    page.download("Save as CSV", table, "ledger.csv")
    with st.expander("Repeat a run", icon=":material/replay:"):
        st.code("\n".join(table["command"]), language=None)


def show() -> None:
    """Draw the section."""
    table = shared.runs()
    title = "No training run is in the ledger yet"
    if len(table):
        means = cache.made(ablations.groups, table, "test_auroc")
        title = (
            f"{len(table)} training runs, {len(means)} ways to train; "
            f"{int((means['n'] > 1).sum())} of them with more than one seed"
        )
    page.page(
        title,
        "What was changed, what it did, and how much of that another seed would have done. "
        "Thresholds and epochs were chosen on validation, never on test.",
        {
            "view": choices.offered(VIEWS),
            "metric": choices.offered(ablations.METRICS),
            "change": choices.offered(CHANGES),
        },
        clinical=True,
        question="What did each change of the training do?",
    )
    if len(table):
        chosen = choices.choose("View", VIEWS, "view", hidden=True)
        metric = (
            "test_auroc"
            if chosen == "all"
            else choices.choose("Metric", ablations.METRICS, "metric")
        )
        parts = {"effects": effects, "curve": curve, "all": everything}
        with page.guard(VIEWS[chosen]):
            parts[chosen](table, metric)
        st.caption(
            "Figures are of each run's own positive class. Lines are 95 % intervals over seeds "
            "(Student's t, n as given). They say what another seed would do, not other test films. "
            "Accuracy is at the threshold from validation unless it says one half. "
            "Filled: the interval leaves out zero. A line that reaches the edge goes on beyond it."
        )
    else:
        page.empty(
            "There is no run.",
            "Train a recipe or run a sweep.",
            "python -m xray train basic\n" + START,
        )
