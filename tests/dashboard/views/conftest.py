"""Fixtures of the tests of labelling."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from xray.environment import ROOT

Opener = Callable[..., AppTest]


@pytest.fixture
def label_films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of a name of its own, so that nothing remembered of another is used."""
    from xray.drawing.phantoms import write_dataset

    folder = tmp_path_factory.mktemp("label-films")
    write_dataset(folder, n_train=2, n_val=0, n_test=4, seed=3, size=(96, 128))
    return folder


@pytest.fixture
def sit_down(label_films: Path, labels_url: str, monkeypatch: pytest.MonkeyPatch) -> Opener:
    """Open the page as somebody."""
    monkeypatch.setenv("XRAY_DATA", str(label_films))

    def open_(name: str, view: str = "") -> AppTest:
        app = AppTest.from_file(str(ROOT / "pages" / "label.py"), default_timeout=180)
        if view:
            app.query_params["view"] = view
        app.run()
        while app.get("progress"):
            app.run()
        app.text_input(key="labeller").set_value(name)
        app.button[-1].click().run()
        assert not app.exception, app.exception[0].value
        return app

    return open_


def words(app: AppTest) -> str:
    """All that a labeller reads, the words on buttons and in boxes included."""
    kinds = ("title", "markdown", "caption", "html", "warning", "button", "selectbox", "success")
    return "\n".join(
        str(getattr(e, "value", "")) + str(getattr(e, "body", "")) + str(getattr(e, "label", ""))
        for kind in kinds
        for e in app.get(kind)
    )
