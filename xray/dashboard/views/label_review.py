"""Beside the labelling itself: agreement while people label, deciding, labels out and in."""

from __future__ import annotations

from typing import Any

import streamlit as st

from xray.dashboard import cache, page, signin
from xray.dashboard.dataset_page import Films
from xray.dashboard.views import labelling
from xray.dashboard.views.labelling import store
from xray.errors import LabelError
from xray.labels import annotation, format, priorities
from xray.labels import exchange as label_exchange
from xray.labels.schema import FINAL, LOOK
from xray.reports import html as html_
from xray.reports import html_tables

#: Seconds between two looks at the agreement.
EVERY = 10
#: Megabytes of a file of labels: thirty times those of the public test films.
LARGEST = 10


def _pairs(shown: Films) -> dict[str, Any]:
    """First two looks of each film that has two, as they are now; counted once a change."""
    kept, name = store(), shown.source.key
    key = (name, str(kept.engine.url), id(kept), kept.content())
    return cache.remember("pairs", lambda: label_exchange.pairs(kept, name), *key)


@st.fragment(run_every=EVERY)
def agreement(shown: Films) -> None:
    """Kappa and overlap of the looks so far, over all films; nothing of any one film."""
    with page.guard("The agreement"):
        pairs = _pairs(shown)
        if not pairs:
            page.empty(
                "No film has two finished looks yet",
                "Agreement appears here as soon as two people have labelled the same film.",
            )
            return
        kept = store()
        table = cache.remember(
            "agreement of labels",
            lambda: priorities.agreement(list(pairs.values())),
            *(shown.source.key, str(kept.engine.url), id(kept), kept.content()),
        )
        st.html(html_tables.agreement(table, "films with two looks, so far"))
        st.caption(
            "Kappa with its 95 % interval (films drawn again); none where both say one thing "
            "always. Overlap is the mean over the films that both mark."
        )


def decide(shown: Films, who: int) -> None:
    """Films on which two looks differ, for a third person to decide."""
    final = st.session_state.get("_final")
    if final:
        st.button("Leave it for now", icon=":material/arrow_back:", on_click=_leave)
        labelling.workplace(shown, who, FINAL, int(final))
        return
    films = _differing(shown)
    if not films:
        page.empty(
            "There is nothing to decide",
            "Films on which two finished looks differ are listed here.",
        )
        return
    token = st.selectbox(
        f"{len(films):,} films to decide",
        list(films),
        format_func=lambda token: f"Film {token}: they differ on {films[token][1]}",
    )
    file, _, pair = films[token]
    rows = dict(zip(shown.table["file"], range(len(shown.table)), strict=True))
    path = shown.path(rows[file]) if file in rows else None
    jpeg = labelling.square(path) if path else None
    left, right = st.columns([3, 2], gap="medium")
    with left:
        st.html(html_.framed(jpeg, f"Film {token}", pair, "The film is not here.", 1.0))
        st.caption("Whole lines: first look; dashes: second look. Not for clinical use.")
    with right:
        st.markdown("Begin the agreed look from one of them, correct it, and finish it.")
        for words, chosen in {
            "First look": pair[:1],
            "Second look": pair[1:],
            "Both together": pair,
            "An empty film": (),
        }.items():
            st.button(words, width="stretch", on_click=_begin, args=(shown, token, who, chosen))
        if note := st.session_state.pop("_label_note", ""):
            page.problem(note)


def _differing(shown: Films) -> dict[str, tuple[str, str, Any]]:
    """token -> (file, on what they differ, the two looks) of films that nobody decided yet."""
    kept, name = store(), shown.source.key

    def find() -> dict[str, tuple[str, str, Any]]:
        done = kept.finished(name)
        decided = {file for file, _, role, *_ in done if role == FINAL}
        tokens = {file: token for file, token, role, *_ in done if role == LOOK}
        found = {
            tokens[file]: (file, priorities.difference(pair), pair)
            for file, pair in label_exchange.pairs(kept, name).items()
            if file not in decided
        }
        return {token: each for token, each in found.items() if each[1]}

    key = (name, str(kept.engine.url), id(kept), kept.content())
    return cache.remember("differing", find, *key)


def _begin(shown: Films, token: str, who: int, looks: Any) -> None:
    """Begin the agreed look as a copy of the looks chosen."""
    try:
        kept = store()
        final = kept.adjudicate(shown.source.key, token, who)
        copy = annotation.copy(annotation.joined([annotation.of_look(each) for each in looks]))
        kept.change(final, copy, f"begin {kept.look(final).version}")
        st.session_state["_final"] = final
    except LabelError as error:
        st.session_state["_label_note"] = str(error)


def _leave() -> None:
    st.session_state.pop("_final", None)


def exchange(shown: Films, who: int) -> None:
    """Finished labels as a file, and files of labels into the database."""
    kept, name = store(), shown.source.key
    every = st.toggle("Every look, not the agreed one", key="every look")
    st.download_button(
        "Finished labels (JSONL)",
        lambda: format.dump(label_exchange.rows(kept, name, agreed=not every)),
        file_name="labels.jsonl",
        mime="application/jsonl",
        icon=":material/download:",
        on_click="ignore",
    )
    st.markdown(
        "The audit reads them beside the committed labels: set `XRAY_DEVICE_LABELS` to the file, "
        "or save it as `artifacts/devices/own.jsonl`. File names hold the diagnosis: do not open "
        "it before you finished labelling."
    )
    _enter(shown, who)


def _enter(shown: Films, who: int) -> None:
    """Enter a file of labels under the visitor's own account."""
    if not signin.decides():
        st.caption(
            "Accounts that this server names for it enter files of labels here. On the command "
            "line: python -m xray label --import FILE."
        )
        return
    given = st.file_uploader(
        "Enter labels of a file, as your own",
        type=["jsonl"],
        key="labels file",
        max_upload_size=LARGEST,
    )
    decisions = st.toggle("Its agreed looks too, which then stand as agreed", key="decisions")
    if given is not None and st.button("Enter them", key="enter labels"):
        # The browser holds to the widget's bound, and nobody else need.
        if given.size > LARGEST * 2**20:
            raise LabelError(f"The file has more than {LARGEST} MB; split it.")
        lines = given.getvalue().decode("utf-8", "replace").splitlines()
        rows = format.parse(lines, "The file")
        known = set(shown.table["file"])
        found = label_exchange.enter(store(), shown.source.key, rows, who, known, decisions)
        for sentence in found.left_out:
            st.warning(sentence)
        st.success(
            f"{found.looks:,} looks and {found.decisions:,} decisions at {len(rows):,} films were "
            "new."
        )
