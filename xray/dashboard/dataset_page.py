"""What the Dataset pages share: which dataset is shown, its films at hand, grids of thumbnails.

Tables and figures are computed once a content and shared by all sessions, which only read them;
what a page sends to the browser is small. The second of the two modules that import streamlit.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd
import streamlit as st

from xray import classes as names
from xray import parquet
from xray.classes import Classes
from xray.dashboard import background, cache, links, loaders, page
from xray.dashboard import catalogue as browse
from xray.dashboard.catalogue import Catalogue
from xray.dataset import composition, leakage, public_set, sources
from xray.dataset import index as dataset
from xray.environment import artifacts_dir
from xray.errors import DatasetError, XrayError
from xray.files import digest, hash_json
from xray.jobs.progress import Progress
from xray.labels import devices
from xray.models.card import Card
from xray.reports import html

log = logging.getLogger(__name__)

Made = TypeVar("Made")

#: How to get films, wherever a page needs pixels that are not here.
GET_FILMS = "python -m xray fetch"
NO_FILMS = (
    "The facts shown here are stored with this program; the films are not. Fetch the public set "
    "or point XRAY_DATA to a folder that holds it, and start again."
)
NEEDS_ALL = (
    "These are some films of the dataset, drawn when its table was written. Two that belong "
    "together are seldom both among them. The command line looks at all of them."
)


@dataclass(frozen=True, eq=False)
class Films:
    """The dataset that a page shows.

    Attributes
    ----------
    source : where it comes from
    catalogue : its films
    key : hash of everything the catalogue was made of
    folder : where pixels lie; None where there are only facts
    titles : name -> title of the models whose calls the catalogue holds
    warnings : sentences about the dataset
    undrawn : films of the dataset that are not among these; 0 where these are all
    classes : its two classes
    """

    source: sources.Source
    catalogue: Catalogue
    key: str
    folder: Path | None
    titles: Mapping[str, str]
    warnings: tuple[str, ...] = ()
    undrawn: int = 0
    classes: Classes = names.DEFAULT

    @property
    def table(self) -> pd.DataFrame:
        """The catalogue's table; never to be changed."""
        return self.catalogue.table

    @property
    def public(self) -> bool:
        """Whether these are films of the public set, of which more is known than of others."""
        return self.source.key == sources.PUBLIC

    def path(self, row: int) -> Path | None:
        """Where a film lies; None where it is not here or cannot be read."""
        film = self.table.iloc[row]
        if self.folder is None or not film["path"] or film["error"]:
            return None
        return self.folder / str(film["path"])


@st.cache_resource(max_entries=3, show_spinner="Reading the tables …")
def _catalogue(key: str, _make: Callable[[], Films]) -> Films:
    return _make()


# --- which dataset ---------------------------------------------------------------------------


@dataclass(frozen=True)
class _Offered:
    """Parameter of links: the name of a dataset that this server has; never a path."""

    def problem(self, values: Sequence[str]) -> str:
        keys = tuple(source.key for source in _server_now().offered)
        return links.Choice(keys).problem(values)


#: Parameters of links that every Dataset page knows: the dataset, and the film that is open.
PARAMETERS: dict[str, links.Parameter] = {"data": _Offered(), "film": links.Token()}


def begin(
    title: Callable[[Films], str],
    lead: str,
    parameters: Callable[[Films | None], Mapping[str, links.Parameter]],
    clinical: bool = False,
    needs_all: str = "",
    question: str = "",
    view: str = "",
) -> Films | None:
    """Begin a Dataset page and give its films; None where there are none yet, which it says.

    Parameters
    ----------
    title : makes the page's title, a finding, of the films
    parameters : gives those that links to this page may hold, of the films
    lead, clinical, question : as ``page.page`` takes them
    view : what the visitor chose, where the title follows it
    needs_all : why the page says nothing of films that were only drawn from a dataset; "" where
        it may
    """
    page.enter()
    shown = films()
    words = "This dataset cannot be shown yet"
    partial = bool(needs_all and shown and shown.undrawn)
    if partial:
        words = "This page needs every film of a dataset"
    with page.guard("The title"):
        if shown and not partial:
            words = cache.remember("title " + lead, lambda: title(shown), shown.key, view)
    page.page(words, lead, {**PARAMETERS, **parameters(shown)}, clinical, question)
    for sentence in shown.warnings if shown else ():
        st.info(html.plain(sentence), icon=":material/info:")
    if partial:
        page.empty(needs_all, NEEDS_ALL, "python -m xray index FILMS --json summary.json")
        return None
    return shown


def films() -> Films | None:
    """Let the reader choose a dataset where there are several, and give it.

    None where it is still being indexed, or cannot be used; the reader is told why.
    """
    server = _server_now()
    for sentence in server.problems:
        page.problem(sentence)
    source = server.offered[_asked(server.offered)]
    st.session_state["_data"] = source.key
    names.use(None)
    try:
        if source.table:
            shown: Films | None = _drawn(server, source, source.table)
        elif source.key == sources.PUBLIC:
            shown = _public(server, source)
        else:
            shown = _own(server, source)
    except XrayError as error:
        page.problem(str(error))
        return None
    # From here on the page speaks of this dataset's classes.
    names.use(shown.classes if shown else None)
    return shown


def models() -> tuple[Card, ...]:
    """Cards of the models that can be used, controls left out, as they were a moment ago."""
    return _server_now().cards


@dataclass(frozen=True)
class _Server:
    """What this server has: datasets, problems with them, and hashes of what is stored."""

    offered: tuple[sources.Source, ...]
    problems: tuple[str, ...]
    facts: tuple[str, ...]
    labels: str
    cards: tuple[Card, ...]


def _server_now() -> _Server:
    return cache.lately(_look)


def _look() -> _Server:
    """Look at the files."""
    offered, problems = sources.configured()
    labels = ""
    try:
        labels = devices.content()
    except XrayError as error:
        problems.append(str(error))
    # Where the stored facts are damaged, whoever opens the public set is told.
    with suppress(XrayError):
        offered = _join_copies(offered)
    stored = artifacts_dir() / "dataset"
    roles = ("recipe", "cure", "user")
    return _Server(
        tuple(offered),
        tuple(problems),
        tuple(digest(stored / n) for n in (public_set.FACTS_FILE, public_set.COMPUTED_FILE)),
        labels,
        tuple(card for card in loaders.cards(roles) if not card.problem),
    )


def _asked(offered: Sequence[sources.Source]) -> int:
    """Which dataset the link, the reader, or the server's settings ask for."""
    asked = st.query_params.get("data") or st.session_state.get("_data", "")
    # A folder of one's own is what one wants to see; a copy of the public set has joined it.
    first = 1 if len(offered) > 1 and offered[0].folder is None else 0
    place = next((i for i, each in enumerate(offered) if each.key == asked), first)
    if len(offered) == 1:
        return place
    # Not bound to the link by Streamlit: the films' own parameters have to change with it.
    st.sidebar.selectbox(
        "Dataset",
        range(len(offered)),
        index=place,
        format_func=lambda i: offered[i].title,
        key=f"dataset {place}",
        on_change=lambda: _choose(offered, f"dataset {place}"),
    )
    # A dataset that this server does not have stays in the link until the page has said so.
    if "data" not in st.query_params and offered[place].key != sources.PUBLIC:
        st.query_params["data"] = offered[place].key
    return place


def _choose(offered: Sequence[sources.Source], widget: str) -> None:
    """Put the dataset that was chosen into the link; its films have other names."""
    st.query_params.pop("film", None)
    st.query_params["data"] = offered[st.session_state[widget]].key


def _join_copies(offered: list[sources.Source]) -> list[sources.Source]:
    """Let a folder that is a copy of the public set give that set its pixels."""
    folders = {
        source.key: str(source.folder)
        for source in offered[1:]
        if source.folder and not source.table
    }
    copies = {key: len(_scanned(folder)) for key, folder in folders.items() if _is_copy(folder)}
    if not copies:
        return offered
    # Of two copies the fuller one; the other stays a dataset of its own.
    fullest = max(copies, key=lambda key: copies[key])
    folder = next(source.folder for source in offered if source.key == fullest)
    public = sources.Source(offered[0].key, offered[0].title, folder)
    return [public, *(source for source in offered[1:] if source.key != fullest)]


@st.cache_data(ttl=900, max_entries=16, show_spinner="Looking for films …")
def _is_copy(folder: str) -> bool:
    found = _scanned(folder)
    return not isinstance(found, str) and sources.is_copy(found, loaders.stored_films())


@st.cache_resource(ttl=900, max_entries=16, show_spinner="Looking for films …")
def _scanned(folder: str) -> dict[str, str] | str:
    """Films of a folder, or one sentence why there are none."""
    try:
        return sources.paths(Path(folder))
    except XrayError as error:
        return str(error)


def _public(server: _Server, source: sources.Source) -> Films:
    found = _scanned(str(source.folder)) if source.folder else {}
    paths = {} if isinstance(found, str) else found

    def make() -> dataset.Index:
        table = sources.with_paths(public_set.read(), paths)
        return dataset.Index(table, (), 0, len(table), 0.0)

    return _made(server, source, make, (*server.facts, str(source.folder), len(paths)))


def _drawn(server: _Server, source: sources.Source, table: Path) -> Films:
    """Films that were drawn when a table was written; the others are on the page of tables."""
    about = parquet.summary(table)
    rows = int(about["rows"])

    def make() -> dataset.Index:
        found = parquet.sample(table).sort_values("file", ignore_index=True)
        classes = names.of_labels(found["label"].unique())
        missing = set(dataset.COLUMNS) - set(found)
        if missing:
            raise DatasetError(
                f"The table {table.name} lacks {', '.join(sorted(missing))}; write it again with "
                "'python -m xray index FILMS --out'."
            )
        said: tuple[str, ...] = (
            f"These are {len(found):,} of {rows:,} films, drawn at random when the table was "
            "written. Large tables leafs through all of them.",
        )
        said = (*(said if rows > len(found) else ()), *about.get("warnings", ()))
        said = (*said, *composition.oddities(found, classes))
        return dataset.Index(found, said, 0, len(found), 0.0, classes)

    stamp = (table / parquet.SAMPLE).stat().st_mtime_ns
    return _made(server, source, make, (str(table), stamp, str(source.folder)), rows)


def _own(server: _Server, source: sources.Source) -> Films | None:
    """Index a folder, once and in the queue; None until that is over."""
    assert source.folder is not None
    said = [names.remembered(source.folder), os.environ.get(names.VARIABLE, "")]
    place = hash_json([str(source.folder.resolve()), said])
    folder, job = source.folder, f"index {place}"

    def work(progress: Progress) -> dataset.Index:
        return dataset.build_index(folder, progress)

    status = background.look(job)
    again = status.state in ("stopped", "failed") and st.button("Read the films again")
    if status.state == "unknown" or again:
        status = background.ask(job, work)
    if status.active:
        st.info(f"Reading the films of {html.plain(source.title)} once.")
        background.watch([(job, f"Indexing {source.title}", status)])
        return None
    if status.state != "done":
        page.problem(status.error or "Reading the films was stopped; read them again.")
        return None
    index: dataset.Index = status.result
    return _made(server, source, lambda: index, (place, index.seconds))


def _made(
    server: _Server,
    source: sources.Source,
    index: Callable[[], dataset.Index],
    facts: tuple[Hashable, ...],
    in_all: int = 0,
) -> Films:
    """Catalogue of a dataset, with device labels and the models' calls as they are stored now."""
    models = [(c.name, c.files.get("predictions.csv", ""), c.threshold) for c in server.cards]
    key = cache.remember(
        "key", lambda: hash_json([facts, models, server.labels]), facts, *models, server.labels
    )

    def make() -> Films:
        made = index()
        calls = {card.name: _call(card) for card in server.cards}
        groups = {
            "identical": leakage.identical(made.table),
            "leaked": leakage.persons(made.table),
        }
        known = {name: call for name, call in calls.items() if call is not None}
        # Remedies and models that somebody added would make films disagree ever more.
        compared = [card.name for card in server.cards if card.role == "recipe"]
        catalogue = browse.build(made.table, _devices(server), known, groups, compared)
        titles = {card.name: card.title or card.name for card in server.cards}
        titles = {name: title for name, title in titles.items() if name in known}
        undrawn = max(0, in_all - len(made.table))
        return Films(
            source, catalogue, key, source.folder, titles, made.warnings, undrawn, made.classes
        )

    return _catalogue(key, make)


def _call(card: Card) -> browse.Call | None:
    """A model's stored calls; None where there are none, which the Models page tells."""
    try:
        return browse.Call(card.threshold_log_odds, loaders.predictions(card.name))
    except XrayError as error:
        log.warning("%s is left out of the film pages: %s", card.name, error)
        return None


def _devices(server: _Server) -> pd.DataFrame | None:
    """Device labels; None where they are missing or damaged."""
    try:
        return devices.load() if server.labels else None
    except XrayError as error:
        log.warning("device labels are left out: %s", error)
        return None
