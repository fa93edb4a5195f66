"""Shortcuts: what films give away without their content: size, file, text, brightness, border."""

from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from xray import (
    dashboard,
    dashboard_cache,
    dashboard_films,
    dashboard_grid,
    dashboard_work,
    figures_dataset,
    giveaways,
    share,
)
from xray.errors import ArtifactError
from xray.files import Progress, artifacts_dir, digest

dashboard.enter()

SPLITS = ("train", "test")


def part(split: str) -> pd.DataFrame:
    """Stored giveaways of a split."""
    stored = giveaways.stored()
    return stored[stored["split"] == split]


def measured(films: dashboard_films.Films, split: str) -> pd.DataFrame | None:
    """Giveaways of a split: stored ones of the public set, or measured in the queue; None yet."""
    if films.public:
        content = digest(artifacts_dir() / "dataset" / giveaways.STORED_FILE)
        with suppress(ArtifactError):  # Not stored: measured here, as of any other dataset.
            return dashboard_cache.remember("stored giveaways", lambda: part(split), content, split)
    job = f"giveaways {films.key} {split}"

    def work(progress: Progress) -> Any:
        table = films.table[films.table["split"] == split].reset_index(drop=True)
        text = table["tech_text"] if table["tech_text"].notna().any() else None
        return giveaways.measure(table, text, progress=progress)

    status = dashboard_work.look(job)
    if status.state == "done":
        return pd.DataFrame(status.result)
    if status.error:
        dashboard.problem(status.error)
    if status.active:
        dashboard_work.watch([(job, "Measuring what the files give away", status)])
    elif st.button("Measure what the files give away", icon=":material/calculate:"):
        dashboard_work.ask(job, work)
        st.rerun()
    return None


def say(films: dashboard_films.Films) -> str:
    """The page's title: the strongest giveaway where it is known, else how often devices show."""
    try:
        if films.public:
            return figures_dataset.giveaways_say(part("train"))
    except ArtifactError:
        pass  # The page offers to measure.
    return "What do films give away without their content?"


def files(films: dashboard_films.Films) -> None:
    """AUROC of sizes, files, text, brightness and border, alone and together."""
    offered = [split for split in SPLITS if split in films.catalogue.values("split")]
    split = dashboard_films.choice("Films", offered, "split") if offered else ""
    rows = measured(films, split)
    if rows is None:
        return
    content = digest(artifacts_dir() / "dataset" / giveaways.STORED_FILE)
    figure = dashboard_cache.figure(
        "giveaways", lambda: figures_dataset.giveaways(rows, split), films.key, split, content
    )
    dashboard.show(figure, f"giveaways {split}")
    st.caption(
        "Each row: a small gradient-boosted model that is told this and nothing else, fitted on "
        "four fifths of the possible patients and asked about the rest; 95 % intervals by "
        "possible patient. What it can use, a network may use: a possible shortcut, not a proven "
        "one. Squashing films to a square leaves the trace of their aspect in every one of them."
    )
    for row in rows[rows["note"] != ""].itertuples():
        st.caption(f"{str(row.title).capitalize()}: {row.note}.")


shown = dashboard_films.begin(
    say,
    "A model that is right for the wrong reason reads the file or the frame instead of the "
    "lungs. This is how far each of them alone would take it.",
    lambda _: {"split": share.Choice(SPLITS)},
)
if shown:
    with dashboard.guard("What the files give away"):
        files(shown)
    dashboard_grid.link("devices_in_films", "Devices in films", "cable")
