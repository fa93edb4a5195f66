"""The labelling page's parts: whose labels, the film, the keys, and what each does.

Every keystroke is saved at once, so that nothing waits in a browser that may close. A labeller
sees neither the film's name, which holds the diagnosis, nor its shape, which gives it away, nor
what others marked.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Any

import streamlit as st
from sqlalchemy import Engine

from xray.dashboard import background, cache, page, signin
from xray.dashboard.dataset_page import Films
from xray.dashboard.views import marking
from xray.errors import LabelError, XrayError
from xray.films import decode, thumbnails
from xray.films.resize import resize
from xray.labels import annotation, database, priorities
from xray.labels.annotation import SURE, UNSURE, Change
from xray.labels.format import KINDS, QUALITIES
from xray.labels.history import OpenLook
from xray.labels.schema import FINAL, LOOK
from xray.labels.store import Store

#: Pixels of a side of the film as it is sent: a little more than it is shown at.
SIDE = 672

#: Kind -> what it holds, beside its key.
HOLDS = {
    "line": "wire, lead, cable, IV line",
    "tube": "breathing or stomach tube, catheter, drain",
    "electrode": "electrode, snap, clip, connector",
    "support": "sandbag, restraint, somebody's hand",
    "other": "buckle, sternal wire, shunt, jewellery",
}
_CHART = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


# --- whose labels, and where they are kept ----------------------------------------------------


def store() -> Store:
    """The labels' database: the secrets' ``connections.labels``, else ``database.url``.

    Raises
    ------
    LabelError
        It does not answer.
    """
    if _connection_named():
        engine = st.connection("labels", type="sql").engine
        return _store(str(engine.url), engine)
    at = database.url()
    return _store(at.render_as_string(hide_password=False), None)


def _connection_named() -> bool:
    try:
        return "labels" in st.secrets.to_dict().get("connections", {})
    except FileNotFoundError:
        return False


@st.cache_resource(max_entries=4, show_spinner="Opening the labels …")
def _store(url: str, _engine: Engine | None) -> Store:
    if _engine is not None:
        return Store(database.prepared(_engine))
    return Store(database.engine(database.parse(url)))


def labeller() -> int | None:
    """Who labels: the account that signed in, or a name; None until it is given."""
    if getattr(st.user, "is_logged_in", False):
        return store().account(*signin.account(st.user.to_dict()))
    name = st.session_state.get("_labeller", "")
    if not name:
        with st.form("who", width=420):
            given = st.text_input("Your name or initials", max_chars=80, key="labeller")
            st.caption("Labels are kept under it. Use the same one to go on where you stopped.")
            if st.form_submit_button("Start labelling", type="primary"):
                name = st.session_state["_labeller"] = given
    return store().labeller(name) if name else None


def enqueue(shown: Films) -> set[str]:
    """Put the films that are here into the queue, once; gives their keys."""
    table = shown.table
    here = table[(table["path"] != "") & (table["error"] == "")]
    kept = store()

    def put() -> set[str]:
        catalogue = shown.catalogue
        confidence = table.set_index("file")["confidence"].astype(float)
        found = priorities.priorities(confidence, catalogue.log_odds, catalogue.thresholds)
        found = found[here["file"]]
        kept.enqueue(shown.source.key, {str(f): float(p) for f, p in found.items()})
        return set(here["file"])

    return cache.remember("queue", put, shown.key, str(kept.engine.url), id(kept))


# --- one film -------------------------------------------------------------------------------


@st.fragment
def workplace(shown: Films, who: int, role: str = LOOK, final: int | None = None) -> None:
    """One film after the other: the picture to draw on, and a key for each thing to say.

    Parameters
    ----------
    who : the labeller
    role : ``LOOK``; or ``FINAL`` with ``final``, the agreed look that is being made
    """
    with page.guard("The film"):
        kept = store()
        if (note := st.session_state.pop("_label_note", "")) != "":
            page.problem(note)
        number = final or kept.next_film(shown.source.key, who, enqueue(shown))
        _progress(shown, who)
        if number is None:
            page.empty(
                "Nothing is left for you to label here",
                "Every film has the looks it wants, or you have seen it. See how far you agree.",
            )
            _undo_button(shown, who, role)
            return
        look = kept.look(number)
        tool = str(st.session_state.get("_tool", ""))
        left, right = st.columns([3, 2], gap="medium")
        with right:
            _keys(look, tool)
            _undo_button(shown, who, role)
        with left:
            _film(shown, look, tool)


def _progress(shown: Films, who: int) -> None:
    counts = store().progress(shown.source.key, who)
    st.caption(
        f"You finished {counts['mine']:,} films. Of {counts['films']:,} films {counts['full']:,} "
        f"have two finished looks."
    )


def _film(shown: Films, look: OpenLook, tool: str) -> None:
    rows = cache.remember(
        "rows", lambda: {f: i for i, f in enumerate(shown.table["file"])}, shown.key
    )
    path = shown.path(rows[look.file]) if look.file in rows else None
    if path is None:
        page.problem("This film is not in the folder any more; finish it to go on.")
        return
    jpeg = square(path)
    if jpeg is None:
        # The sentence of a film error would name the file, and that the diagnosis.
        page.problem("This film cannot be read; call it poor and finish it to go on.")
        return
    key = f"film {look.id} {look.version} {tool}"
    # As high as it is wide on a phone, which xray/dashboard/style.py sees to.
    with st.container(height=marking.HEIGHT, border=False, key="drawn"):
        st.plotly_chart(
            marking.film(jpeg, look.state.marks, tool),
            height="stretch",
            key=key,
            theme=None,
            config=_CHART,
            alt=f"Film {look.token}, {len(look.state.marks)} marks",
            on_select=lambda: _drawn(key, look, tool),
            selection_mode=("box", "lasso"),
        )
    st.caption(
        f"Film {look.token}, drawn square: its name and its shape would tell the diagnosis. "
        "Not for clinical use."
    )


def square(path: Path) -> bytes | None:
    """A film as JPEG, squashed to a square; None where it cannot be read."""
    try:
        return _square(str(path), path.stat().st_mtime_ns)
    except (XrayError, OSError):
        return None


@lru_cache(maxsize=16)
def _square(path: str, stamp: int) -> bytes:
    return thumbnails.jpeg(resize(decode.read(Path(path)).pixels, (SIDE, SIDE)), 90)


def _drawn(key: str, look: OpenLook, kind: str) -> None:
    """Save what was drawn; the figure that follows is a new one, without the selection."""
    event: Any = st.session_state.get(key)
    shape = marking.drawn(kind, event.selection) if event and kind else None
    if shape is None:
        return
    name = hashlib.sha256(repr((look.version, kind, shape)).encode()).hexdigest()[:16]
    _save(look, lambda: annotation.draw(name, kind, shape), name)


def _save(look: OpenLook, change: Any, key: str = "") -> None:
    """Make a change; ``key`` and the version seen tell a second press from a repeated request."""
    try:
        made: Change = change()
        store().change(look.id, made, f"{key or made.name} {look.version}")
    except LabelError as error:
        st.session_state["_label_note"] = str(error)


def _keys(look: OpenLook, tool: str) -> None:
    """A button and a key for each kind, for text and quality, and to finish."""
    st.markdown("**What is on the film?** One key each; again: perhaps; again: no.")
    for place, kind in enumerate(KINDS, start=1):
        confidence = look.state.confidence(kind)
        said = "" if not confidence else (": there" if confidence >= SURE / 2 else ": perhaps")
        st.button(
            f"{kind.capitalize()}{said}",
            key=f"kind {kind}",
            help=HOLDS[kind],
            type="primary" if confidence else "secondary",
            icon=":material/draw:" if kind == tool else None,
            shortcut=str(place),
            width="stretch",
            on_click=_press,
            args=(look, kind, tool),
        )
    st.button(
        "Burned-in text" + (": there" if look.state.tech_text else ""),
        key="text",
        type="primary" if look.state.tech_text else "secondary",
        shortcut="T",
        width="stretch",
        on_click=_save,
        args=(look, lambda: annotation.text(not look.state.tech_text)),
    )
    _quality(look)
    if tool:
        how = "Draw along it" if tool in ("line", "tube") else "Draw a box around it"
        st.caption(f"{how} on the film to say where the {tool} is. {_count(look)}")
    else:
        st.caption("Press the key of a kind, then draw on the film where it is.")
    nothing, done = st.columns(2)
    nothing.button(
        "Nothing there",
        key="nothing",
        shortcut="0",
        width="stretch",
        on_click=_finish,
        args=(look, True),
    )
    done.button(
        "Finish film",
        key="finish",
        shortcut="F",
        width="stretch",
        type="primary",
        on_click=_finish,
        args=(look, False),
    )


def _count(look: OpenLook) -> str:
    n = sum(mark.geometry is not None for mark in look.state.marks)
    return f"{n} drawn so far." if n else ""


def _quality(look: OpenLook) -> None:
    key = f"quality {look.id} {look.version}"
    st.segmented_control(
        "The film is",
        QUALITIES,
        default=look.state.quality,
        required=True,
        key=key,
        on_change=lambda: _save(look, lambda: annotation.quality(st.session_state[key])),
    )


def _press(look: OpenLook, kind: str, tool: str) -> None:
    """A kind's key: there, then perhaps, then not; the first press also takes up its pencil."""
    confidence = look.state.confidence(kind)
    st.session_state["_tool"] = kind
    if confidence and tool != kind:
        return
    following = SURE if not confidence else UNSURE if confidence >= SURE / 2 else 0.0
    if not following:
        st.session_state["_tool"] = ""
    _save(look, lambda: annotation.see(kind, following))


def _finish(look: OpenLook, nothing: bool) -> None:
    st.session_state["_tool"] = ""
    _save(look, lambda: annotation.finish(nothing))
    if look.role == FINAL:
        st.session_state.pop("_final", None)


def _undo_button(shown: Films, who: int, role: str) -> None:
    st.button(
        "Undo",
        key="undo",
        icon=":material/undo:",
        shortcut="Z",
        width="stretch",
        help="Takes back your last change, also on the film before.",
        on_click=_undo,
        args=(shown.source.key, who, role),
    )


def _undo(collection: str, who: int, role: str) -> None:
    # Streamlit gives a press once; a repeat after a lost connection is another press.
    number = st.session_state["_undone"] = st.session_state.get("_undone", 0) + 1
    try:
        back = store().undo(collection, who, role, f"undo {background.owner()} {number}")
    except LabelError as error:
        st.session_state["_label_note"] = str(error)
        return
    if back is None:
        st.session_state["_label_note"] = "There is nothing to take back."
    elif role == FINAL:
        st.session_state["_final"] = back.id
