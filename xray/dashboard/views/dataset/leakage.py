"""Duplicates and leakage: the same film twice, the same possible patient in two splits."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import streamlit as st

from xray import classes
from xray.dashboard import background, cache, choices, dataset_page, grid, links, page
from xray.dashboard import catalogue as browse
from xray.dataset import leakage
from xray.dataset.composition import SPLIT_TITLES
from xray.figures import curation
from xray.jobs.progress import Progress
from xray.metrics import patients as patients_
from xray.models import embeddings
from xray.reports import html, html_tables

VIEWS = ("Possible patients", "Byte-identical films", "Near-identical films")
#: Groups of films on a page.
EACH = 6


#: Of films whose names tell a number and a subtype, as the public set's do; and of others.
CAVEAT = (
    "Possible, because nobody has published what the numbers in the file names mean. The last "
    "column counts “person1_bacteria” and “person1_virus” as two."
)
TOLD = "Patients are those that the table of the films names; where there is none, nobody is known."


def trained_on(table: pd.DataFrame) -> tuple[int, int]:
    """Possible patients of test films (pneumonia where there is that class) also in train, all."""
    judged = table[(table["split"] == "test") & (table["person"] != "")]
    if classes.is_positive(judged["label"]).any():
        judged = judged[classes.is_positive(judged["label"])]
    trained = set(table.loc[table["split"] == "train", "person"])
    people = set(judged["person"])
    return len(people & trained), len(people)


def numbers_say(table: pd.DataFrame) -> str:
    """Whether shared numbers are likely to be shared patients, as far as the numbers tell."""
    use = leakage.number_use(table)
    if not use["shared"]:
        return ""
    counted = (
        f"Of {use['numbers']:,} numbers in test, {use['shared']:,} are in train too. With the "
        f"subtype as part of the identity it is {use['shared_by_subtype']:,} of "
        f"{use['by_subtype']:,}. Within train, {use['several_subtypes']:,} of "
        f"{use['other_numbers']:,} numbers name films of more than one subtype. "
    )
    if use["shared_by_subtype"]:
        return f"{counted}Those {use['shared_by_subtype']:,} may be patients on both sides."
    return counted + (
        "So each subtype may have been numbered by itself, and shared numbers need not be shared "
        "patients. This is no proof either way: the metrics below say what would change if they "
        "were."
    )


def patient_table(table: pd.DataFrame) -> str:
    """Possible patients in two splits, for each pair of splits, as HTML."""
    headers = ("", "possible patients in both", "films of theirs", "… if numbers go by subtype")
    used = 4 if cache.made(_by_name, table) else 3
    return html_tables.table(headers[:used], [row[:used] for row in _pairs(table)])


def _by_name(table: pd.DataFrame) -> bool:
    """Whether numbers and subtypes are told by the films' names."""
    return bool((table["subtype"] != "").any())


def _pairs(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    by_number = leakage.shared_persons(table)
    by_subtype = leakage.shared_persons(table, by_subtype=True)
    for one, other in (("train", "test"), ("train", "val"), ("val", "test")):
        both = by_number[(by_number[one] > 0) & (by_number[other] > 0)]
        again = by_subtype[(by_subtype[one] > 0) & (by_subtype[other] > 0)]
        names = SPLIT_TITLES[one], SPLIT_TITLES[other]
        films = f"{both[one].sum():,} in {names[0]}, {both[other].sum():,} in {names[1]}"
        yield f"{names[0]} and {names[1]}", f"{len(both):,}", films, f"{len(again):,}"


def near(shown: dataset_page.Films) -> leakage.Groups | None:
    """Groups of near-identical films, looked for in the queue when asked; None until then."""
    if shown.folder is None:
        page.empty(
            "Near-identical films are found by their pixels, which are not here",
            dataset_page.NO_FILMS,
            dataset_page.GET_FILMS,
        )
        return None
    folder, job = shown.folder, f"near-identical {shown.key}"
    table = shown.table

    def work(progress: Progress) -> leakage.Groups:
        return embeddings.near_identical(folder, table, progress=progress)

    status = background.look(job)
    if status.state == "done":
        groups: leakage.Groups = status.result
        return groups
    if status.error:
        page.problem(status.error)
    if status.active:
        background.watch([(job, "Comparing the films that look alike", status)])
    else:
        st.caption(
            f"Near-identical: grey values of {embeddings.SIDE} x {embeddings.SIDE} copies "
            f"correlate by {leakage.CORRELATION:.2f} or more. Those of one split count too."
        )
        if st.button("Look for near-identical films", icon=":material/search:"):
            background.ask(job, work)
            st.rerun()
    return None


def say(films: dataset_page.Films) -> str:
    """How many possible patients of the test films were trained on."""
    shared, judged = trained_on(films.table)
    if not judged:
        known = films.table.loc[films.table["person"] != "", "person"].nunique()
        return (
            f"{known:,} possible patients are known, none of them of the test films"
            if known
            else "No possible patient is known, so none is shared"
        )
    return (
        f"{shared:,} of {judged:,} possible patients of test {classes.spoken()} are also in train"
    )


def compared(films: dataset_page.Films) -> pd.DataFrame:
    """Every model's metrics with all test films and without those of shared patients."""
    table, catalogue = films.table, films.catalogue
    leaked = leakage.leaked(
        table["group_leaked"].to_numpy(), table["split"], others=("train", "val")
    ).to_numpy()
    parts = []
    for name, log_odds in catalogue.log_odds.items():
        mine = (table["split"] == "test").to_numpy() & ~np.isnan(log_odds)
        if mine.any():
            groups = patients_.patients(table[mine])
            y = classes.is_positive(table["label"]).to_numpy()[mine]
            threshold = catalogue.thresholds[name]
            rows = leakage.compare(y, log_odds[mine], threshold, groups, leaked[mine])
            parts.append(rows.assign(model=name, title=films.titles[name]))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def patients(films: dataset_page.Films) -> None:
    """Who sits on both sides of the line, and what it does to the models' metrics."""
    st.html(cache.remember("patients", lambda: patient_table(films.table), films.key))
    st.caption(CAVEAT if cache.made(_by_name, films.table) else TOLD)
    said = cache.remember("numbers", lambda: numbers_say(films.table), films.key)
    if said:
        st.markdown(html.plain(said))
    rows = cache.remember("compared", lambda: compared(films), films.key)
    if len(rows):
        figure = cache.figure("without", lambda: curation.without_leaked(rows), films.key)
        page.show(figure, "without leaked films")
        st.caption(
            f"{rows['films'].iat[0]:,} test films with, {rows['left'].iat[0]:,} without those of "
            f"possible patients who are also in train or validation. {classes.positive()} is the "
            "positive class, each model at its own threshold. Intervals are 95 %, of the "
            "difference, by bootstrap of possible patients. Plain accuracy would fall with the "
            "share of "
            f"{classes.spoken()} alone."
        )
    wish = {"with": browse.TRAITS["leaked"], "splits": "test"}
    page.go_to("browse", "The test films they are", "photo_library", wish)


def groups(films: dataset_page.Films, numbers: leakage.Groups, words: str) -> None:
    """Groups of films side by side, a page of groups at a time."""
    facts = cache.remember(
        "groups", lambda: leakage.summary(films.table, numbers), films.key, words
    )
    st.markdown(
        f"**{facts['groups']:,} groups of {words} films, {facts['films']:,} films in all; "
        f"{facts['across_splits']:,} across splits, {facts['across_labels']:,} across classes**"
    )
    pages = browse.pages(facts["groups"], EACH)
    page = st.pagination(pages, key="page", bind="query-params") if pages > 1 else 1
    visible = range((page - 1) * EACH, min(page * EACH, facts["groups"]))
    rows = {f"Group {i + 1}": np.flatnonzero(numbers == i).astype(np.int32) for i in visible}
    grid.grids(films, rows, key="groups")


def show() -> None:
    """Draw the section."""
    shown = dataset_page.begin(
        say,
        "A film or a patient that a model has trained on is no test of it.",
        lambda _: {"view": links.Choice(VIEWS), "page": links.Number(1, 1e6)},
        clinical=True,
        question="Was any test film or patient trained on?",
        needs_all="What is in two splits cannot be seen in a part of the films",
    )
    if shown:
        row = shown.catalogue.row(st.query_params.get("film", ""))
        if row is not None:
            with page.guard("The film"):
                grid.card(shown, row)
        view = choices.choose("View", VIEWS, "view", hidden=True)
        with page.guard(view):
            if view == VIEWS[0]:
                patients(shown)
            elif view == VIEWS[1]:
                groups(shown, shown.table["group_identical"].to_numpy(), "byte-identical")
            else:
                found = near(shown)
                if found is not None:
                    groups(shown, found, "near-identical")
