"""Shortcuts: what films give away without their content: size, file, text, brightness, border."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st

from xray.dashboard import background, cache, choices, dataset_page, links, page
from xray.dataset import shortcuts
from xray.environment import artifacts_dir
from xray.errors import ArtifactError
from xray.figures import shortcuts as figures
from xray.files import digest
from xray.jobs.progress import Progress
from xray.labels import devices as device_labels
from xray.reports import html

SPLITS = ("train", "test")


def part(split: str) -> pd.DataFrame:
    """Stored giveaways of a split."""
    stored = shortcuts.stored()
    return stored[stored["split"] == split]


def measured(films: dataset_page.Films, split: str) -> pd.DataFrame | None:
    """Giveaways of a split: stored ones of the public set, or measured in the queue; None yet."""
    if films.public:
        content = digest(artifacts_dir() / "dataset" / shortcuts.STORED_FILE)
        with suppress(ArtifactError):  # Not stored: measured here, as of any other dataset.
            return cache.remember("stored giveaways", lambda: part(split), content, split)
    job = f"giveaways {films.key} {split}"

    def work(progress: Progress) -> Any:
        table = films.table[films.table["split"] == split].reset_index(drop=True)
        text = table["tech_text"] if table["tech_text"].notna().any() else None
        return shortcuts.measure(table, text, progress=progress)

    status = background.look(job)
    if status.state == "done":
        return pd.DataFrame(status.result)
    if status.error:
        page.problem(status.error)
    if status.active:
        background.watch([(job, "Measuring what the files give away", status)])
    elif st.button("Measure what the files give away", icon=":material/calculate:"):
        background.ask(job, work)
        st.rerun()
    return None


def say(films: dataset_page.Films, split: str) -> str:
    """The page's title: the strongest giveaway of a split where it is known, else the question."""
    try:
        if films.public:
            return figures.giveaways_say(part(split), split)
    except ArtifactError:
        pass  # The page offers to measure.
    return "What do films give away without their content?"


def files(films: dataset_page.Films) -> None:
    """AUROC of sizes, files, text, brightness and border, alone and together."""
    offered = [split for split in SPLITS if split in films.catalogue.values("split")]
    split = choices.choose("Films", offered, "split") if offered else ""
    rows = measured(films, split)
    if rows is None:
        return
    content = digest(artifacts_dir() / "dataset" / shortcuts.STORED_FILE)
    figure = cache.figure(
        "giveaways", lambda: figures.giveaways(rows, split), films.key, split, content
    )
    page.show(figure, f"giveaways {split}")
    st.caption(
        "Each row: a small gradient-boosted model that is told this and nothing else. It is fitted "
        "on four fifths of the possible patients and asked about the rest; 95 % intervals. "
        "What it can use, a network may use: a possible shortcut, not a proven one. "
        "Squashing a film to a square leaves the trace of its aspect. "
        "Classes and sizes, and Devices, rank films without a model: their AUROC may differ."
    )
    for note in cache.made(notes, rows):
        st.caption(html.plain(note))


def notes(rows: pd.DataFrame) -> list[str]:
    """A sentence on each row that needs one, first on those that the title passes over."""
    told = rows[rows["note"] != ""]
    said = [
        f"{title[:1].upper()}{title[1:]}: {note}."
        for title, note in zip(told["title"].map(str), told["note"], strict=True)
    ]
    if (rows["title"] == shortcuts.LABELLED).any():
        said.append(f"Burned-in text is as labelled. {device_labels.provenance()}")
    return [*filter(None, [figures.passed_over(rows)]), *said]


def show() -> None:
    """Draw the section."""
    split = choices.ahead(SPLITS, "split")
    shown = dataset_page.begin(
        lambda films: say(films, split),
        "A model may read the file or the frame instead of the lungs. "
        "This is how far each of them alone would take it.",
        lambda _: {"split": links.Choice(SPLITS)},
        question="What gives the class away without a look at the lungs?",
        view=split,
    )
    if shown:
        with page.guard("What the files give away"):
            files(shown)
        page.go_to("devices", "Devices in the films", "cable", section="In the films")
