"""Where it fails: groups of films that nobody named beforehand, found and confirmed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from xray.dashboard import background, dataset_page, grid, links, loaders, page
from xray.dashboard.dataset_page import Films
from xray.dashboard.models_page import View
from xray.dashboard.views import spaces
from xray.figures import failing
from xray.files import hash_json
from xray.jobs.progress import Progress
from xray.labels import devices
from xray.metrics.bootstrap import Bools
from xray.models import embeddings, failing_groups
from xray.models.embeddings import Space
from xray.models.failing_groups import Found
from xray.models.lineup import Entrant
from xray.reports import html

#: Films of a group that are shown, its errors first.
COUNT = 8
#: Parameters of a link to this part.
PARAMETERS: dict[str, links.Parameter] = {"film": links.Token()}


def show(view: View, entrant: Entrant) -> None:
    """Search for groups on which a model errs more than their classes explain, and show them.

    Parameters
    ----------
    view : the models and films of the page
    entrant : the model that is asked about
    """
    errors = (entrant.log_odds >= entrant.threshold) != view.lineup.y
    shown = dataset_page.films()
    files = pd.Series(view.lineup.files)
    space = _looks(shown, files, entrant.name)
    job = hash_json(
        ["failing groups", view.key, entrant.name, entrant.threshold, space and space.key]
    )

    def work(progress: Progress) -> Found:
        line = view.lineup
        facts = failing_groups.describe(files, loaders.stored_films(), devices.load())
        vectors = None
        if space is not None:
            vectors = space.vectors[pd.Index(space.files).get_indexer(pd.Index(files))]
        names = files.str.rsplit("/", n=1).str[-1].tolist()
        return failing_groups.find(errors, line.y, line.groups, facts, vectors, names)

    status = background.look(job)
    if status.state != "done":
        if status.error:
            page.problem(status.error)
        st.caption(
            "Thousands of groups are cut by what is known of the films and what they look like. "
            "They are searched on one half of the people and tested on the other. "
            + ("" if space else "What films look like is searched once the map was made.")
        )
        if not status.active and st.button(
            "Search for groups", icon=":material/search:", key="search groups"
        ):
            status = background.ask(job, work)
        background.watch([(job, "Searching for groups", status)])
        return
    found: Found = status.result
    page.draw("figure groups", failing.groups, found, entrant.name, entrant.title)
    st.caption(
        html.plain(
            f"{found.tried:,} groups searched, {found.tested} tested on {found.films:,} films "
            f"({found.errors} errors) that had no part in the search. Intervals and chances are "
            f"of those films, corrected for the {found.tested}. The chance that anything is shown "
            f"where nothing is there is at most {failing_groups.LEVEL:.0%}. "
            f"{devices.provenance()}"
        )
    )
    if not found.groups:
        return
    page.download("Save as CSV", failing_groups.table(found), f"groups-{entrant.name}.csv")
    with page.guard("The films of these groups"):
        if shown is not None:
            _films(shown, view, found, errors, entrant)


def _looks(shown: Films | None, files: pd.Series, name: str) -> Space | None:
    """What films look like to the model, or else by pixels, where all were compared before."""
    if shown is None:
        return None
    for each in (name, embeddings.PIXELS):
        space = spaces.stored(shown, each)
        if space is not None and np.isin(files.to_numpy(str), space.files).all():
            return space
    return None


def _films(shown: Films, view: View, found: Found, errors: Bools, entrant: Entrant) -> None:
    """The films of the groups, errors first."""
    opened = shown.catalogue.row(st.query_params.get("film", ""))
    if opened is not None:
        grid.card(shown, opened)
    rows = pd.Index(shown.table["file"]).get_indexer(pd.Index(view.lineup.files))
    sections = {}
    for number, group in enumerate(found.groups, start=1):
        order = np.argsort(~errors[group.member], kind="stable")
        mine = rows[group.member][order]
        title = f"{number}. {group.words} ({int(group.member.sum())} films)"
        sections[title] = mine[mine >= 0][:COUNT].astype(np.int32)
    grid.grids(shown, sections, key="films of groups", model=entrant.name)
