"""Heavy work on a page: asked for once, watched until it is over, and stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers.visits import settle, words
from xray.dashboard import background


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


def _watched() -> None:
    """A page that asks for work which goes on until it is let go, or fails."""
    import streamlit as st

    from tests.dashboard.test_background import LET_GO
    from xray.dashboard import background
    from xray.errors import ModelError

    def work(progress: object) -> str:
        while not LET_GO.wait(0.01):
            progress(1, 4)  # type: ignore[operator]
        return "done"

    def fails(progress: object) -> str:
        raise ModelError("It does not load.")

    job = st.query_params["job"]
    status = background.look(job)
    if st.button("Ask", key="ask"):
        status = background.ask(job, fails if job == "fails" else work)
    background.watch([(job, "Working *hard*", status)])
    st.text(f"{status.state} {status.result or ''}{status.error or ''}".strip())


#: Opened, it lets the work of ``_watched`` go.
LET_GO = threading.Event()


def open_(job: str) -> AppTest:
    app = AppTest.from_function(_watched, default_timeout=120)
    app.query_params["job"] = job
    app.run()
    app.button(key="ask").click().run()
    assert not app.exception
    return app


@pytest.fixture
def held() -> Iterator[None]:
    """Work is held until the test lets it go, and never longer than the test."""
    LET_GO.clear()
    yield
    LET_GO.set()


def test_work_is_watched_with_its_progress_until_it_is_over(held: None) -> None:
    app = open_("one")
    end = time.monotonic() + 60
    while app.text[0].value != "running" and time.monotonic() < end:
        app.run()
    assert app.get("progress")[0].proto.text == "Working \\*hard\\*"
    LET_GO.set()
    settle(app, 60)
    assert [text.value for text in app.text] == ["done done"]


def _two() -> None:
    """A page that waits for two pieces of work, of which one ends while the page is drawn."""
    import time

    import streamlit as st

    from tests.dashboard.test_background import LET_GO
    from xray.dashboard import background

    jobs = [f"{st.query_params['job']}, {which}" for which in ("quick", "slow")]
    if "states" not in st.session_state:
        st.session_state["states"] = []
        asked = [
            background.ask(jobs[0], lambda progress: "its result"),
            background.ask(jobs[1], lambda progress: LET_GO.wait(60)),
        ]
        while background.look(jobs[0]).active:
            time.sleep(0.01)
    else:
        asked = [background.look(job) for job in jobs]
    st.session_state["states"].append([status.active for status in asked])
    background.watch(
        [(job, "Working", status) for job, status in zip(jobs, asked, strict=True)],
        first=int(st.query_params["first"]),
    )


@pytest.mark.parametrize(
    ("seconds", "first", "drawn"), [(1e6, 0, 1), (0.0, 0, 2), (1e6, 1, 2), (1e6, 2, 1)]
)
def test_results_that_come_close_together_are_drawn_together(
    held: None, monkeypatch: pytest.MonkeyPatch, seconds: float, first: int, drawn: int
) -> None:
    """But for the end of what was asked for ``first``, which is drawn at once."""
    monkeypatch.setattr(background, "REDRAW", seconds)
    app = AppTest.from_function(_two, default_timeout=120)
    app.query_params["job"] = f"redrawn after {seconds}, {first} first"
    app.query_params["first"] = str(first)
    app.run()
    assert app.session_state["states"] == [[True, True], [False, True]][:drawn]
    LET_GO.set()
    settle(app, 60)
    # What ends last is drawn at once.
    assert app.session_state["states"][-1] == [False, False]


def test_work_that_nobody_else_asked_for_is_stopped(held: None) -> None:
    app = open_("two")
    app.button(key="stop heavy work").click().run()
    settle(app, 60)
    assert app.text[0].value == "stopped"


def test_others_get_what_one_visitor_stopped(held: None) -> None:
    mine, other = open_("three"), open_("three")
    mine.button(key="stop heavy work").click().run()
    assert other.run().text[0].value in {"waiting", "running"}
    LET_GO.set()
    settle(other, 60)
    assert other.text[0].value == "done done"


def test_a_failure_is_given_in_its_words(held: None) -> None:
    app = open_("fails")
    settle(app, 60)
    assert app.text[0].value == "failed It does not load."


def _pictures() -> None:
    import numpy as np

    from xray.dashboard import background

    def make() -> list[object]:
        return [np.full((4, 4), grey, np.float32) for grey in (0.0, 1.0)]

    background.pictures("two greys", "Show them", "A <grey>", make)  # type: ignore[arg-type]


def test_pictures_are_made_when_they_are_asked_for() -> None:
    app = AppTest.from_function(_pictures, default_timeout=120).run()
    assert not app.get("html")
    [button] = app.button
    assert button.label == "Show them"
    button.click().run()
    settle(app, 60)
    assert not app.exception and not app.button
    assert words(app).count('alt="A &lt;grey&gt;"') == 2
    # Another visitor finds them there.
    again = AppTest.from_function(_pictures, default_timeout=120).run()
    assert words(again).count("<img") == 2
