"""Choices of one among a few: links hold words, or what they stand for."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from xray.dashboard import choices

OPTIONS = {"": "everything", "one": "The first", "two": "The second"}


def script() -> None:
    import streamlit as st

    from xray.dashboard import choices

    options = {"": "everything", "one": "The first", "two": "The second"}
    above = choices.ahead(options, "which")
    st.markdown(f"value {choices.choose('Which', options, 'which')}")
    st.markdown(f"above {above}")
    st.markdown(f"else {choices.ahead(options, 'other', 'two')}")


@pytest.mark.parametrize(
    ("asked", "value"),
    [("The second", "two"), ("two", "two"), ("three", ""), ("", ""), (None, "")],
)
def test_a_link_may_hold_words_or_what_they_stand_for(asked: str | None, value: str) -> None:
    app = AppTest.from_function(script, default_timeout=60)
    if asked is not None:
        app.query_params["which"] = asked
    app.run()
    assert not app.exception
    assert app.markdown[0].value == f"value {value}".strip()
    assert app.markdown[1].value == f"above {value}".strip()


def test_both_are_offered_to_links_and_nothing_else() -> None:
    parameter = choices.offered(OPTIONS)
    for fine in ("everything", "The first", "one", "two"):
        assert parameter.problem([fine]) == ""
    assert parameter.problem(["three"]) and parameter.problem([""])


def test_what_is_chosen_is_known_above_the_choice() -> None:
    app = AppTest.from_function(script, default_timeout=60).run()
    app.segmented_control(key="which").set_value("The second").run()
    assert [each.value for each in app.markdown] == ["value two", "above two", "else two"]
