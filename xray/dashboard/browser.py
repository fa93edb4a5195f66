"""The film browser's widgets: which films, a page of them, and one film in full."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import streamlit as st

from xray import classes, text
from xray.dashboard import catalogue as browse
from xray.dashboard import dataset_page, grid, links, page
from xray.dashboard.catalogue import Rows, Wish
from xray.dashboard.dataset_page import Films
from xray.dataset import composition, outliers
from xray.errors import XrayError
from xray.labels import devices
from xray.metrics.odds import to_probability
from xray.reports import html

#: Films on a page; related films under a film in full.
EACH, RELATED = 24, 8

#: What the widgets offer, in the words that links hold -> what they mean.
SPLITS = {"train": "train", "validation": "val", "test": "test"}
ODD = {oddity.title: oddity.name for oddity in outliers.ODDITIES}
TRAITS = {title: name for name, title in browse.TRAITS.items()}
#: Parameters of the widgets that are made only when they are looked at or asked for.
MORE = ("with", "model", "outcomes", "sort")

OUTCOMES = {title: name for name, title in browse.OUTCOME_TITLES.items()}
SORTS = {title: name for name, title in browse.SORTS.items()}

RELATION_TITLES = {
    "identical": "Byte-identical",
    "person": "Of the same possible patient",
}


def class_titles(shown: Films) -> dict[str, str]:
    """Classes and subtypes for people -> as a wish names them."""
    found = {}
    for name in shown.catalogue.values("class"):
        label, _, subtype = name.partition("/")
        found[composition.group_title(label, subtype)] = name
    return found


def parameters(shown: Films | None) -> dict[str, links.Parameter]:
    """Parameters of a link to the browser."""
    classes = tuple(class_titles(shown)) if shown else ()
    titles = tuple(shown.titles.values()) if shown else ()
    return {
        "splits": links.Choice(tuple(SPLITS), several=True),
        "classes": links.Choice(classes, several=True),
        "with": links.Choice(tuple(TRAITS), several=True),
        "model": links.Choice(titles),
        "outcomes": links.Choice(tuple(OUTCOMES), several=True),
        "sort": links.Choice(tuple(SORTS)),
        "page": links.Number(1, 1e6),
        "patient": links.Token(),
        "marks": links.Switch(),
    }


def wish(shown: Films, models: Mapping[str, str]) -> Wish:
    """Let the reader say which films to see; ``models`` is title -> name."""
    classes = class_titles(shown)
    left, right = st.columns(2)
    with left:
        offered = [t for t in SPLITS if _occurs(shown, SPLITS[t])]
        splits = _several("Split of the dataset", offered, "splits", _own(shown))
    with right:
        kinds = _several("Class", list(classes), "classes")
    more = st.expander(
        "More filters, and the order", icon=":material/tune:", key="more", on_change="rerun"
    )
    traits, model, outcomes, sort = [], next(iter(models), ""), [], next(iter(SORTS))
    # Widgets that nobody looks at cost more than the films do; but a link may ask for them.
    if more.open or any(name in st.query_params for name in MORE) or st.session_state.get("name"):
        with more:
            one, two = st.columns(2)
            with one:
                traits = st.multiselect(
                    "Only films of which this holds", TRAITS, key="with", bind="query-params"
                )
                st.text_input("File name holds", max_chars=80, key="name")
                st.caption(devices.provenance())
            with two:
                if models:
                    model = _one("Model", list(models), "model")
                    outcomes = _several("Its calls", list(OUTCOMES), "outcomes")
                sort = _one("Order", list(SORTS), "sort")
    return Wish(
        splits=tuple(SPLITS[title] for title in splits),
        classes=tuple(classes[title] for title in kinds),
        traits=tuple(TRAITS[title] for title in traits),
        model=models.get(model, ""),
        outcomes=tuple(OUTCOMES[title] for title in outcomes),
        person=_person(shown, st.query_params.get("patient", "")),
        name=str(st.session_state.get("name") or "").strip(),
        sort=SORTS[sort],
    )


def _occurs(shown: Films, split: str) -> bool:
    return split in shown.catalogue.values("split")


def _person(shown: Films, token: str) -> str:
    """Possible patient of the film that a link names."""
    row = shown.catalogue.row(token)
    return "" if row is None else str(shown.table["person"].iat[row])


def _one(label: str, options: Sequence[str], key: str) -> str:
    return st.selectbox(label, options, key=key, bind="query-params")


def _own(shown: Films) -> str:
    """Which films a dataset calls validation, where models may have others of their own."""
    return (
        f"Validation: {int((shown.table['split'] == 'val').sum()):,} films, as the dataset comes. "
        "Models keep films of train for theirs too."
    )


def _several(label: str, options: Sequence[str], key: str, help: str | None = None) -> list[str]:
    return st.pills(
        label,
        options,
        selection_mode="multi",
        key=key,
        bind="query-params",
        format_func=html.label,
        wrap=True,
        help=help,
    )


def page_of(rows: Rows, asked: Wish) -> Rows:
    """Let the reader leaf through films; another wish begins at its first page."""
    return browse.page(rows, page_number(browse.pages(len(rows), EACH), asked), EACH)


def page_number(pages: int, asked: object) -> int:
    """Let the reader choose one of some pages; whatever else is asked for begins at its first."""
    if st.session_state.setdefault("_wish", asked) != asked:
        st.session_state["_wish"] = asked
        st.session_state["page"] = 1
    return int(st.pagination(pages, key="page", bind="query-params")) if pages > 1 else 1


def in_full(shown: Films, row: int, rows: Rows, models: Mapping[str, str]) -> None:
    """One film: large, with its devices, what is known of it, and what the models call it."""
    film = shown.table.iloc[row]
    token = str(shown.catalogue.tokens[row])
    _steps(shown, row, rows)
    left, right = st.columns([11, 9], gap="large")
    with left:
        _picture(shown, row)
    with right:
        st.html(html.facts([("File", str(film["name"])), *browse.facts(shown.catalogue, row)]))
        if said := _calls(shown, row, models):
            st.html(html.calls(said))
        else:
            st.caption("No model was judged on this film: it was trained on, or is not known.")
        st.caption(
            f"Probability of {classes.spoken()}; a call is made at each model's own threshold."
        )
        page.go_to("explain", "Explain the models' calls", "radiology", {"film": token})
        page.go_to(
            "cards",
            "What a model sees of it",
            "filter_center_focus",
            {"film": token},
            "What the model sees",
        )
    for way, others in browse.related(shown.catalogue, row).items():
        st.markdown(f"**{RELATION_TITLES[way]}: {len(others)} more**")
        seen = others[:RELATED]
        grid.grid(shown, seen, key=f"grid {way}")


def _steps(shown: Films, row: int, rows: Rows) -> None:
    """Back to the list, and to the films before and after in it."""
    before, after = browse.beside(rows, row)
    with st.container(horizontal=True):
        st.button("Back to the films", icon=":material/grid_view:", key="back", on_click=_leave)
        ways = ((before, "Previous", "arrow_back"), (after, "Next", "arrow_forward"))
        for other, words, icon in ways:
            token = "" if other is None else str(shown.catalogue.tokens[other])
            st.button(
                words,
                icon=f":material/{icon}:",
                key=words,
                disabled=other is None,
                on_click=grid.open_film,
                args=(token,),
            )


def _leave() -> None:
    st.query_params.pop("film", None)


def _picture(shown: Films, row: int) -> None:
    film = shown.table.iloc[row]
    looks: Sequence[devices.Look] = ()
    try:
        looks = devices.load_geometry().get(str(film["file"]), ())
    except XrayError as error:
        page.problem(str(error))
    marked = any(look["devices"] for look in looks)
    drawn = marked and st.toggle("Draw the labelled devices", True, "marks", bind="query-params")
    missing = "The film is not here; this is where its labelled devices are."
    aspect = float(film["width"] / film["height"])
    alt = f"{film['label']} film {film['name']}"
    jpeg = grid.picture(shown, row, large=True)
    if jpeg is None and not drawn:
        page.empty(
            "The film is not here; what is known of it is",
            dataset_page.NO_FILMS,
            dataset_page.GET_FILMS,
        )
    else:
        st.html(html.framed(jpeg, alt, looks if drawn else (), missing, aspect))
    if drawn:
        st.caption(f"Whole lines: first look; dashes: second look. {devices.provenance()}")
    elif not np.isnan(film["has_device"]):
        st.caption(devices.provenance())


def _calls(shown: Films, row: int, models: Mapping[str, str]) -> list[dict[str, str]]:
    """What each model calls a film, for ``html.calls``."""
    catalogue, said = shown.catalogue, []
    for title, name in models.items():
        log_odds = catalogue.log_odds[name][row]
        if np.isnan(log_odds):
            continue
        threshold = float(to_probability(catalogue.thresholds[name]))
        code = browse.OUTCOMES[catalogue.outcome[name][row]]
        said.append(
            {
                "swatch": html.swatch(name),
                "title": title,
                "said": f"{text.percent(float(to_probability(log_odds)))} "
                f"(threshold {text.percent(threshold)}):",
                "outcome": browse.OUTCOME_TITLES[code],
            }
        )
    return said
