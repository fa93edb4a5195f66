"""Parts of the leakage page: who is on both sides; near-identical films, looked for on request."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import streamlit as st

from xray import classes
from xray.dashboard import background, dataset_page, page
from xray.dashboard.dataset_page import Films
from xray.dataset import leakage
from xray.dataset.composition import SPLIT_TITLES
from xray.jobs.progress import Progress
from xray.reports import html

CAVEAT = (
    "Possible, because nobody has published what the numbers in the file names mean. The last "
    "column counts again with the subtype as part of who it is: “person1_bacteria” and "
    "“person1_virus” as two."
)


def patients(table: pd.DataFrame) -> tuple[int, int]:
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
        f"Of {use['numbers']:,} numbers in test, {use['shared']:,} are in train too; with the "
        f"subtype as part of the identity it is {use['shared_by_subtype']:,} of "
        f"{use['by_subtype']:,}. Within train, {use['several_subtypes']:,} of "
        f"{use['other_numbers']:,} numbers name films of more than one subtype. "
    )
    if use["shared_by_subtype"]:
        return f"{counted}Those {use['shared_by_subtype']:,} may be patients on both sides."
    return counted + (
        "The numbers may therefore have been given out for each subtype by itself, and the shared "
        "ones need not be shared patients. This is no proof either way: treat the metrics below "
        "as what would change if they were."
    )


def patient_table(table: pd.DataFrame) -> str:
    """Possible patients in two splits, for each pair of splits, as HTML."""
    headers = ("", "possible patients in both", "films of theirs", "… if numbers go by subtype")
    return html.table(headers, list(_pairs(table)))


def _pairs(table: pd.DataFrame) -> Iterator[tuple[str, ...]]:
    by_number = leakage.shared_persons(table)
    by_subtype = leakage.shared_persons(table, by_subtype=True)
    for one, other in (("train", "test"), ("train", "val"), ("val", "test")):
        both = by_number[(by_number[one] > 0) & (by_number[other] > 0)]
        again = by_subtype[(by_subtype[one] > 0) & (by_subtype[other] > 0)]
        names = SPLIT_TITLES[one], SPLIT_TITLES[other]
        films = f"{both[one].sum():,} in {names[0]}, {both[other].sum():,} in {names[1]}"
        yield f"{names[0]} and {names[1]}", f"{len(both):,}", films, f"{len(again):,}"


def near(shown: Films) -> leakage.Groups | None:
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
        here = (table["path"] != "") & (table["error"] == "")
        known = table.assign(phash=table["phash"].where(here, ""))
        return leakage.near_identical(folder, known, progress=progress)

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
            f"Films whose perceptual hashes differ in at most {leakage.DISTANCE} of 64 bits are "
            f"compared by their pixels; alike from a correlation of {leakage.CORRELATION:.2f}."
        )
        if st.button("Look for near-identical films", icon=":material/search:"):
            background.ask(job, work)
            st.rerun()
    return None
