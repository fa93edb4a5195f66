"""The frame of every page: the door, the title, shared widgets and the link to this view."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx

from xray import classes
from xray.dashboard import cache, links, signin, startup, style
from xray.environment import ROOT, without_folders
from xray.errors import XrayError
from xray.files import spreadsheet
from xray.reports import html

if TYPE_CHECKING:
    # For types only: see tests/reports/test_overview.py for what the first page does without.
    import pandas as pd
    from streamlit.navigation.page import Page

log = logging.getLogger(__name__)

CLINICAL = "Not for clinical use: a research tool that shows what models do, not what somebody has."
#: In the session's state while the visitor goes to another section of a page.
MOVED = "_moved"
#: Seconds that a note on a link stands at least.
STANDS = 8.0
PRIVACY = "Films you upload stay in this session's memory and are dropped with it."

#: Plotly's own buttons are clutter, except the one that saves the figure.
_PLOTLY = {
    "displaylogo": False,
    "modeBarButtonsToRemove": [
        *("zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d"),
        *("autoScale2d", "resetScale2d"),
    ],
    "toImageButtonOptions": {"format": "svg"},
    "scrollZoom": False,
}

# --- the frame of a page ---------------------------------------------------------------------

#: Whether app.py runs the page. Of this very run: it is set while the page runs and no longer,
#: and no other session's thread sees it.
_through_app: ContextVar[bool] = ContextVar("through_app", default=False)
#: The run that passed the door last, in the thread that runs it.
_passed: ContextVar[object] = ContextVar("passed", default=None)
#: Above the title of this run's page: its sections, beside the link to the view.
_bar: ContextVar[AbstractContextManager[Any] | None] = ContextVar("bar", default=None)
#: Parameters of links that the page knows whatever its section.
_shared: ContextVar[Mapping[str, links.Parameter] | None] = ContextVar("shared", default=None)


def run(page: Page) -> None:
    """Run the page that the navigation chose. For app.py: this is the only way into a page."""
    with st.container(horizontal=True, horizontal_alignment="right", key="bar"):
        # Its text is drawn last, when the page has said what its links hold.
        bar = st.container(width="stretch")
        popover = st.popover("Share", icon=":material/link:", key="share")
    tokens = (_through_app, _through_app.set(True)), (_bar, _bar.set(bar))
    try:
        with guard("This page"):
            page.run()
    finally:
        for variable, token in tokens:
            variable.reset(token)  # type: ignore[arg-type]
    with popover:
        known = st.session_state.get("_parameters", {})
        link = links.link(str(st.context.url or ""), _query(), known)
        st.caption("Opens this page with the same settings. Uploads are never in a link.")
        st.code(link, language=None, wrap_lines=True)


def bar() -> AbstractContextManager[Any]:
    """The place above the title, where a page's sections are chosen."""
    return _bar.get() or st.container()


@contextmanager
def knowing(parameters: Mapping[str, links.Parameter]) -> Iterator[None]:
    """Let whatever page begins in this block know these parameters too."""
    token = _shared.set(parameters)
    try:
        yield
    finally:
        _shared.reset(token)


def enter() -> None:
    """Let nobody on a page who has not passed the door: the first statement of every page.

    Streamlit takes a folder named ``pages`` for its older kind of app and runs the linked file
    by itself, without app.py, until ``st.navigation`` was called once in the process; with several
    visitors at once, any of them may come that way. So every page asks the door itself, whichever
    way it was entered, and gives way to app.py where that did not run it: app.py draws the page
    that the link asks for, this one or the sign-in.
    """
    context = get_script_run_ctx()
    # Streamlit makes it anew for every run: whoever passed in this run need not be asked again.
    run = getattr(context, "cursors", None)
    if run is not None and run is _passed.get():
        return
    signin.require()
    classes.use(cache.lately(classes.of_server))
    _passed.set(run)
    if now := links.renamed(_query()):
        # Of a widget that is there already, Streamlit itself keeps the parameter.
        with suppress(StreamlitAPIException):
            for name, values in now.items():
                st.query_params[name] = values
            st.rerun()
    if _through_app.get() or context is None:
        return
    app = ROOT / "app.py"
    # A page that is itself the script, as in a test, has no app.py to go through.
    if Path(context.main_script_path).resolve() == app:
        # In place: to run the script again would lose the click that asked for this run.
        exec(context.pages_manager.get_page_script_byte_code(str(app)), {"__name__": "__main__"})
        st.stop()


def page(
    title: str,
    about: str = "",
    parameters: Mapping[str, links.Parameter] | None = None,
    clinical: bool = False,
    question: str = "",
) -> None:
    """Begin a page: its title, what it is about, and what a link asks of it.

    Parameters
    ----------
    title : the one idea of the page; plain text, as it may name what comes from a file.
    about : a sentence or two under it; plain text.
    question : what the title answers, above it; plain text.
    parameters : those that links to this page may hold: the keys of its widgets with
        ``bind="query-params"``.
    clinical : whether the page shows predictions, and so must say what they are not for.
    """
    enter()
    startup.settle()
    known = {**(_shared.get() or {}), **(parameters or {})}
    asked = f'<p class="xma-question">{html.escape(question)}</p>' if question else ""
    # The question stands beside the link to the view, where no sections stand there.
    with bar() if question and _shared.get() is None else nullcontext():
        st.html(style.HEAD + asked, unsafe_allow_javascript=True)
    st.title(html.plain(title), anchor=False)
    below = f'<p class="xma-lead">{html.escape(about)}</p>' if about else ""
    if clinical:
        short, _, rest = CLINICAL.partition(":")
        more = f'<span class="xma-wide">:{html.escape(rest)}</span>'
        below += f'<p class="xma-clinical">{html.escape(short)}{more}</p>'
    if below:
        st.html(below)
    st.session_state["_parameters"], st.session_state["_title"] = known, title
    for note in _standing(_ignored(known), tuple(known)):
        st.info(html.plain(note), icon=":material/link_off:")


def heed(parameters: Mapping[str, links.Parameter]) -> None:
    """Look at a link before the widgets do that stand above ``page``, which take what fits."""
    if not st.session_state.get(MOVED):
        st.session_state["_ignored"] = _ignored({**(_shared.get() or {}), **parameters})


def _ignored(known: Mapping[str, links.Parameter]) -> list[str]:
    """Take what a link asks wrongly out of it, and give a sentence on each.

    Left in, it would be read once more by the widget that the parameter belongs to, and Streamlit
    takes what Python's ``int`` and ``float`` do.
    """
    said: list[str] = st.session_state.pop("_ignored", [])
    asked = _query()
    usable, notes = links.check(asked, known)
    if st.session_state.pop(MOVED, False):
        # From another section: what it left in the link was not asked of this one.
        for name in asked.keys() - usable.keys() - links.RESERVED:
            with suppress(StreamlitAPIException):
                del st.query_params[name]
        return []
    wrong = [name for name in asked if name in known and name not in usable]
    for name in wrong:
        # Of a widget that is there already: what it does not offer, it has not taken.
        with suppress(StreamlitAPIException):
            del st.query_params[name]
    if any(name not in st.query_params for name in wrong):
        st.session_state["_ignored"] = said + notes
        st.rerun()
    return list(dict.fromkeys(said + notes))


def _standing(said: list[str], view: tuple[str, ...]) -> list[str]:
    """Notes on a link, those of the last moments too: a page that waits for its films runs again.

    Parameters
    ----------
    said : of this run
    view : parameters that the page knows; another page takes over none
    """
    of, until, before = st.session_state.get("_told", ((), 0.0, []))
    if of == view and time.monotonic() < until:
        said = list(dict.fromkeys([*before, *said]))
    elif said:
        st.session_state["_told"] = view, time.monotonic() + STANDS, said
    return said


def _query() -> dict[str, list[str]]:
    return {name: st.query_params.get_all(name) for name in st.query_params}


def sidebar() -> None:
    """Below the navigation of every page: what this is not."""
    with st.sidebar:
        st.caption(CLINICAL)


@contextmanager
def guard(what: str) -> Iterator[None]:
    """Keep an error to its own part of the page: one sentence, and the rest goes on.

    Parameters
    ----------
    what : the part, as the sentence's subject: "The table of models".
    """
    try:
        yield
    except XrayError as error:
        problem(str(error))
    except Exception:
        # A visitor gets no trace (it names paths); whoever runs the server finds it in the log.
        log.exception("%s failed", what)
        problem(f"{what} could not be shown; the server's log says why.")


def problem(sentence: str) -> None:
    """Say what went wrong, and what to do, in one sentence."""
    st.warning(html.plain(without_folders(sentence)), icon=":material/error:")


def empty(title: str, what_to_do: str, command: str = "") -> None:
    """A designed empty state: what would be here, how to get it, and the command if there is."""
    st.html(
        f'<div class="xma-empty"><strong>{html.escape(title)}</strong><br>'
        f"{html.escape(without_folders(what_to_do))}</div>"
    )
    if command:
        st.code(command, language=None)


def go_to(
    page: str,
    label: str,
    icon: str = "arrow_forward",
    query: Mapping[str, str] | None = None,
    section: str = "",
) -> None:
    """Link to a page of ``pages/`` by its file's name; nothing where it is not served.

    Parameters
    ----------
    query : parameters of the link
    section : of that page; "" for its first
    """
    asked = {**({"section": section} if section else {}), **(query or {})}
    # A page that runs alone, as in a test, knows of no other.
    with suppress(StreamlitAPIException):
        st.page_link(f"pages/{page}.py", label=label, icon=f":material/{icon}:", query_params=asked)


def show(figure: go.Figure, key: str) -> None:
    """Show a figure: its title as text above it, its colours by the theme in force."""
    figure = _titled(figure)
    # The figure carries Streamlit's template since it was made: importing Streamlit makes it
    # plotly's default. Setting it here again would cost more than sending the figure.
    st.plotly_chart(figure, key=key, theme="streamlit", config=_PLOTLY)


def draw(key: str, make: Callable[..., go.Figure], *given: Any) -> None:
    """Show the figure that a function makes of what it is given, made once (``cache.made``)."""
    show(cache.drawn(make, *given), key)


def show_kept(figure: Mapping[str, Any], key: str) -> None:
    """Show a figure of the first page, which is kept as JSON."""
    with startup.undisturbed():
        draw(key, go.Figure, figure)


def show_points(figure: go.Figure, key: str, several: bool = False) -> list[tuple[int, int]]:
    """Show a figure whose points are clicked, or ``several`` drawn around: (curve, point) each."""
    figure = _titled(figure)
    event: Any = st.plotly_chart(
        figure,
        key=key,
        theme="streamlit",
        config=_PLOTLY | {"modeBarButtonsToRemove": [], "scrollZoom": True} if several else _PLOTLY,
        on_select="rerun",
        selection_mode=("box", "lasso") if several else "points",
    )
    points = event.selection.points if event else []
    return [(int(point["curve_number"]), int(point["point_index"])) for point in points]


def _titled(figure: go.Figure) -> go.Figure:
    """Say a figure's title, and give it without links, whoever made it."""
    figure = cache.ready(figure)
    if figure.says and figure.says != st.session_state.get("_title"):
        st.html(f'<p class="xma-figure">{html.escape(figure.says)}</p>')
    return figure


def film(picture: Any, alt: str, caption: str = "") -> None:
    """Show a film or an overlay, (H, W) or (H, W, 3); ``alt`` says what is to be seen."""
    st.html(html.image(picture, alt))
    if caption:
        st.caption(html.plain(caption))


def table(shown: pd.DataFrame) -> None:
    """Show a table without its index; it is made ready to be sent once (``cache.made``)."""
    st.dataframe(cache.made(cache.wire, shown), hide_index=True, width="stretch")


def download(label: str, table: pd.DataFrame | Callable[[], pd.DataFrame], name: str) -> None:
    """Offer a table as CSV; one that is costly to make is given as what makes it on demand."""
    st.download_button(
        label,
        lambda: spreadsheet(table() if callable(table) else table),
        file_name=name,
        mime="text/csv",
        icon=":material/download:",
        on_click="ignore",
        key=f"download {name}",
    )


def report_button() -> None:
    """Offer the report on all models, written when it is asked for."""

    def write() -> str:
        # Here, not above: a report needs much that most pages never do.
        startup.tables()
        from xray.reports import report

        return report.build()

    st.download_button(
        "One-page report",
        write,
        "xray-model-audit.html",
        "text/html",
        key="report",
        icon=":material/description:",
        type="tertiary",
        on_click="ignore",
    )
