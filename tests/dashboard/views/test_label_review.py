"""Beside the labelling: agreement while people label, deciding, labels out and in."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from tests.dashboard.views.conftest import Opener, words
from xray.dashboard import signin
from xray.dashboard.views import label_review
from xray.labels import exchange, format
from xray.labels.annotation import SURE
from xray.labels.format import Row
from xray.labels.store import opened


def test_agreement_and_decision(sit_down: Opener, labels_url: str, label_films: Path) -> None:
    first, second = sit_down("Ada"), sit_down("Bob")
    for app in (first, second):
        app.button(key="kind other").click().run() if app is first else None
        app.button(key="finish").click().run()
        app.button(key="nothing").click().run()
    assert "kappa" in words(sit_down("Ada", "Agreement")).casefold()
    with opened(labels_url) as store:
        token = store.look(1).token
        judge = sit_down("Judge", "Decide")
        assert token in judge.selectbox[0].value
        [button] = [b for b in judge.button if b.label == "First look"]
        button.click().run()
        assert "Other: there" in words(judge)
        judge.button(key="finish").click().run()
        assert "nothing to decide" in words(judge)
        rows = exchange.rows(store, label_films.name)
    agreed = next(row for row in rows if row.adjudicated)
    assert agreed.passes[0]["present"] == [{"kind": "other", "confidence": SURE}]
    own = [b for b in sit_down("Ada", "Decide").button if b.label == "First look"]
    assert not own, "it is decided"


def test_export_holds_what_was_finished(
    sit_down: Opener, labels_url: str, label_films: Path
) -> None:
    sit_down("Ada").button(key="nothing").click().run()
    app = sit_down("Ada", "Export and import")
    assert [b.label for b in app.get("download_button")] == ["Finished labels (JSONL)"]
    assert not app.get("file_uploader"), "whoever gives a name only enters no file"
    assert "label --import" in words(app)
    with opened(labels_url) as store:
        rows = exchange.rows(store, label_films.name)
    assert rows == [Row(rows[0].file, ({"devices": [], "tech_text": False, "quality": "ok"},))]


def test_named_accounts_enter_files_as_their_own(
    sit_down: Opener, labels_url: str, label_films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "decides", lambda: True)
    app = sit_down("Judge", "Export and import")
    file = pd.read_csv(label_films / "synthetic.csv")["file"].iloc[0]
    empty = {"devices": [], "tech_text": False, "quality": "ok"}
    lines = format.dump([Row(file, (empty, empty))]).encode()
    app.file_uploader(key="labels file").set_value(("labels.jsonl", lines, "text/plain"))
    app.run()
    app.button(key="enter labels").click().run()
    assert "1 looks and 0 decisions at 1 films were new" in words(app)
    assert "one labeller" in words(app)
    with opened(labels_url) as store:
        judge = store.labeller("Judge")
        assert [who for *_, who, _ in store.finished(label_films.name)] == [judge]


def test_a_file_beyond_the_bound_is_refused_whatever_the_browser_says(
    sit_down: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin, "decides", lambda: True)
    app = sit_down("Judge", "Export and import")
    much = b" " * (label_review.LARGEST * 2**20 + 1)
    app.file_uploader(key="labels file").set_value(("labels.jsonl", much, "text/plain"))
    app.run()
    app.button(key="enter labels").click().run()
    assert "more than 10 MB" in words(app)
    assert "were new" not in words(app)


def test_before_two_looked_there_is_nothing_to_compare_or_decide(sit_down: Opener) -> None:
    sit_down("Ada").button(key="nothing").click().run()
    assert "No film has two finished looks yet" in words(sit_down("Ada", "Agreement"))
    assert "There is nothing to decide" in words(sit_down("Ada", "Decide"))
