"""Who is told of: the recipes, and whom the visitor adds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.helpers import shelf
from xray.models.card import read_card, write_card


def script() -> None:
    import streamlit as st

    from xray.dashboard import cast

    chosen = cast.choose()
    st.markdown(", ".join(card.name for card in chosen.cards))
    st.markdown(", ".join(card.name for card in chosen.audited))


def test_references_are_added_by_the_visitor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = shelf.build(tmp_path / "shelf")
    home = folder / "models" / "transfer"
    write_card(replace(read_card(home), role="cure"), home)
    monkeypatch.setenv("XRAY_ARTIFACTS", str(folder))
    app = AppTest.from_function(script, default_timeout=60).run()
    assert not app.exception
    first, audited = (each.value for each in app.markdown)
    assert "transfer" not in first and audited == "basic"
    app.pills(key="add").set_value(["Model transfer"]).run()
    first, audited = (each.value for each in app.markdown)
    assert first.endswith("transfer") and audited == "basic, transfer"
