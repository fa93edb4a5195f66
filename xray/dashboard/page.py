"""The frame of every page: the door, the title, shared widgets and the link to this view."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any

import plotly.graph_objects as go
import streamlit as st
from streamlit.errors import StreamlitAPIException
from streamlit.runtime.scriptrunner import get_script_run_ctx

from xray import classes
from xray.dashboard import links, signin, startup
from xray.environment import ROOT, artifacts_dir, data_dirs
from xray.errors import XrayError
from xray.figures import base
from xray.files import spreadsheet
from xray.reports import html

if TYPE_CHECKING:
    # For types only: see tests/reports/test_overview.py for what the first page does without.
    import pandas as pd
    from streamlit.navigation.page import Page

log = logging.getLogger(__name__)

CLINICAL = "Not for clinical use: a research tool that shows what models do, not what a child has."
#: In the session's state while the visitor goes to another section of a page.
MOVED = "_moved"
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

STYLE = """<style>
.xma-chip{display:inline-block;color:#fff;border-radius:1rem;padding:.1rem .75rem;
  font-weight:600;font-size:.9rem;white-space:nowrap;line-height:1.6}
.xma-swatch{width:.85em;height:.85em;vertical-align:-.05em;margin-right:.35em}
.xma-film{width:100%;display:block;background:#000;border-radius:.4rem}
.xma-lead{font-size:1.12rem;line-height:1.55;max-width:46rem;margin:0 0 .6rem}
.xma-question{margin:0 0 -.6rem;opacity:.82;font-size:1.02rem}
.stMain h1{padding:0 0 .2rem}
.xma-fact{opacity:.82;font-size:.92rem;line-height:1.5}
.xma-number{font-size:2.1rem;font-weight:650;line-height:1.15;font-variant-numeric:tabular-nums}
.xma-empty{border:1px dashed color-mix(in srgb,currentColor 45%,transparent);
  border-radius:.6rem;padding:1.1rem 1.3rem;margin:.4rem 0 1rem}
.xma-empty strong{font-size:1.08rem}
.xma-figure{font-size:1.08rem;font-weight:600;line-height:1.4;margin:.4rem 0 0}
.xma-pair{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}
.xma-pair figure{margin:0}
.xma-pair figcaption{margin-top:.25rem;font-size:.92rem;line-height:1.35}
.xma-pair .xma-number{display:block;font-size:1.7rem}
.xma-frame{position:relative}.xma-frame .xma-over{position:absolute;inset:0;width:100%;height:100%}
.xma-models{width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums}
.xma-models th,.xma-models td{padding:.4rem .55rem .4rem 0;text-align:left;vertical-align:top;
  border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)}
.xma-models thead th{font-size:.82rem;font-weight:400;line-height:1.3;opacity:.82;
  padding:.1rem .5rem .2rem 0;vertical-align:bottom}
.xma-models thead tr:first-child th[colspan]{border-bottom:0;padding-bottom:0}
.xma-models td{font-size:1.15rem;font-weight:600}
.xma-models tbody th{font-weight:600;min-width:13rem}
.xma-models .xma-chip{display:table;margin-top:.15rem;font-size:.85rem}
.xma-models .xma-why{margin:.1rem 0 0;font-weight:400;font-size:.95rem}
.xma-models .xma-fact{font-weight:400;font-size:.85rem}
.xma-verdict{padding:.55rem 0;border-top:1px solid color-mix(in srgb,currentColor 18%,transparent)}
.xma-verdict strong{margin-right:.5rem;font-size:1.05rem}
.xma-why{margin-left:.5rem;font-weight:600}
.stHtml .xma-measured{display:flex;flex-wrap:wrap;gap:.1rem 2rem;margin:.2rem 0 0;padding:0;
  font-variant-numeric:tabular-nums;line-height:1.35}
.xma-measured dt{font-size:.82rem;opacity:.82}.xma-measured dd{margin:0;font-weight:600}
.xma-measured div:first-child:not(:last-child){min-width:8.5rem}
.xma-measured div:nth-child(2):not(:last-child){min-width:24rem}
[data-testid=stSidebarHeader]>:first-child{display:flex;align-items:center;gap:.6rem}
[data-testid=stSidebarHeader]>:first-child::after{content:"X-ray Model Audit";font-weight:600;
  white-space:nowrap}
.stMain .block-container{max-width:80rem}
@media (max-width:640px){.xma-models thead{position:absolute;clip-path:inset(50%);height:1px;
  overflow:hidden;width:1px}
  .xma-models,.xma-models tbody{display:block}
  .xma-models tr{display:grid;grid-template-columns:repeat(5,1fr);gap:.1rem .5rem;padding:.35rem 0;
  border-bottom:1px solid color-mix(in srgb,currentColor 18%,transparent)}
  .xma-models th,.xma-models td{display:block;border:0;padding:0}
  .xma-models tbody th{grid-column:1/-1}
  .xma-models td{font-size:1rem}
  .xma-models td::before{content:attr(data-label);display:block;font-size:.68rem;line-height:1.15;
  font-weight:400;opacity:.85;min-height:2.3em}
  .stMain h1{font-size:1.3rem}
  .xma-measured div:nth-child(2):not(:last-child){min-width:0}
  .xma-why{display:block;margin:.2rem 0 0}.xma-lead{font-size:1.02rem}.xma-number{font-size:1.6rem}}
</style>"""

#: Streamlit follows the system's light or dark setting; this app is a reading-room and starts
#: dark until the visitor chooses otherwise in the menu, for which there is no setting. The first
#: visit to a page therefore stores "Dark" where Streamlit keeps the choice, and, for the page
#: that is already drawn, answers "dark" once when Streamlit asks ("afterprint" makes it ask).
#: Where Streamlit changes and this no longer works, the app follows the system again.
_DARK_FIRST = """<script>try{
const store=window.localStorage,path=location.pathname,seen="xma-started-dark-"+path;
if(!store.getItem(seen)){store.setItem(seen,"1");store.setItem("stActiveTheme-"+path+"-v2",'"Dark"');
const real=window.matchMedia;window.matchMedia=q=>q==="(prefers-color-scheme: dark)"?
{matches:true,media:q,addEventListener(){},removeEventListener(){}}:real.call(window,q);
window.dispatchEvent(new Event("afterprint"));
setTimeout(()=>{window.matchMedia=real},1000)}}catch(error){}</script>"""


# --- the frame of a page ---------------------------------------------------------------------

#: Whether app.py runs the page. Of this very run: it is set while the page runs and no longer,
#: and no other session's thread sees it.
_through_app: ContextVar[bool] = ContextVar("through_app", default=False)
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
    signin.require()
    classes.use(classes.of_server())
    context = get_script_run_ctx()
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
    st.html(STYLE)
    st.html(_DARK_FIRST, unsafe_allow_javascript=True)
    if question:
        st.html(f'<p class="xma-question">{html.escape(question)}</p>')
    st.title(html.plain(title), anchor=False)
    if about:
        lead(about)
    if clinical:
        st.caption(f":material/medical_information: {CLINICAL}")
    st.session_state["_parameters"], st.session_state["_title"] = known, title
    for note in _ignored(known):
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


def lead(text: str) -> None:
    """A sentence or two under the title, plain text."""
    st.html(f'<p class="xma-lead">{html.escape(text)}</p>')


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
    st.warning(html.plain(_without_paths(sentence)), icon=":material/error:")


def _without_paths(sentence: str) -> str:
    """A sentence without where things lie on this machine, which is no visitor's business."""
    for folder in (artifacts_dir(), *data_dirs(), ROOT):
        sentence = sentence.replace(f"{folder}{os.sep}", "").replace(str(folder), folder.name)
    return sentence


def empty(title: str, what_to_do: str, command: str = "") -> None:
    """A designed empty state: what would be here, how to get it, and the command if there is."""
    st.html(
        f'<div class="xma-empty"><strong>{html.escape(title)}</strong><br>'
        f"{html.escape(what_to_do)}</div>"
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
    _title(figure)
    # The figure carries Streamlit's template since it was made: importing Streamlit makes it
    # plotly's default. Setting it here again would cost more than sending the figure.
    st.plotly_chart(figure, key=key, theme="streamlit", config=_PLOTLY)


def show_kept(figure: Mapping[str, Any], key: str) -> None:
    """Show a figure of the first page, which is kept as JSON."""
    with startup.undisturbed():
        show(go.Figure(figure), key)


def show_points(figure: go.Figure, key: str, several: bool = False) -> list[tuple[int, int]]:
    """Show a figure whose points are clicked, or ``several`` drawn around: (curve, point) each."""
    _title(figure)
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


def _title(figure: go.Figure) -> None:
    title = base.title(figure)
    if title and title != st.session_state.get("_title"):
        st.html(f'<p class="xma-figure">{html.escape(title)}</p>')


def film(picture: Any, alt: str, caption: str = "") -> None:
    """Show a film or an overlay, (H, W) or (H, W, 3); ``alt`` says what is to be seen."""
    st.html(html.image(picture, alt))
    if caption:
        st.caption(html.plain(caption))


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
