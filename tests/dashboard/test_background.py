"""Heavy work on a page: asked for once, watched until it is over, and stopped."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest


def _page() -> None:
    """A page that is drawn while its work goes on, which then ends before it is watched."""
    import time

    import streamlit as st

    from xray.dashboard import background

    if "drawn" not in st.session_state:
        st.session_state["drawn"] = True
        status = background.ask("a short piece of work", lambda progress: "its result")
        while background.look("a short piece of work").active:
            time.sleep(0.01)
    else:
        status = background.look("a short piece of work")
    background.watch([("a short piece of work", "Working", status)])
    st.text(status.result or "not yet")


def test_a_page_sees_work_that_ended_while_it_was_drawn() -> None:
    app = AppTest.from_function(_page, default_timeout=120).run()
    assert not app.exception
    assert [text.value for text in app.text] == ["its result"]
