"""Explaining a film: asked once for all visitors, stopped by one, and restored by its link."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.dashboard.conftest import Opener
from tests.helpers import shelf
from tests.helpers.visits import explain, settle, words
from xray.audits import reading
from xray.audits.reading import Question, Reading
from xray.dashboard.views import answers
from xray.errors import FilmError
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.models.model import LogOdds


def test_same_film_asked_again_is_there_at_once(on_shelf: Path, visit: Opener) -> None:
    explain(visit("explain", child="11"))
    other = visit("explain", child="11")
    assert "LIME overlay of Model basic" in words(other)


def test_explanation_link_restores_and_says_what_it_ignores(on_shelf: Path, visit: Opener) -> None:
    query = {"child": "42", "shows": "NORMAL", "opacity": "0.3", "device": "spoon", "x": "<b>"}
    app = visit("explain", **query)
    assert not app.exception and len(app.title) == 1
    assert app.number_input(key="child").value == 42
    assert app.selectbox(key="shows").value == "NORMAL"
    assert app.selectbox(key="device").value == "electrode"
    notes = "\n".join(note.value for note in app.info)
    assert "device" in notes
    assert "spoon" in notes
    assert "unknown to this page" in notes


def test_stop_leaves_the_queue(
    on_shelf: Path, visit: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("explain", child="77")
    slow = shelf.Linear.log_odds_prepared

    def slower(self: shelf.Linear, *films: object) -> LogOdds:
        time.sleep(0.3)
        return slow(self, *films)  # type: ignore[arg-type]

    monkeypatch.setattr(shelf.Linear, "log_odds_prepared", slower)
    next(button for button in app.button if button.label == "Explain this film").click().run()
    app.button(key="stop heavy work").click().run()
    settle(app)
    assert not app.exception and len(app.title) == 1
    assert "Stopped" in words(app)


def test_models_that_fail_are_said_and_the_others_answer(on_shelf: Path, visit: Opener) -> None:
    app = explain(visit("explain", child="5"))
    assert f"{shelf.BROKEN} does not load as a Keras model" in words(app)
    assert "LIME overlay of Model transfer" in words(app)


def test_before_anything_was_asked_the_page_says_what_will_stand_there(
    on_shelf: Path, visit: Opener
) -> None:
    app = visit("explain", child="6")
    assert "Nothing computed yet" in words(app)
    models = app.button_group(key="models")
    models.set_value([]).run()
    [button] = [each for each in app.button if each.label == "Explain this film"]
    assert button.disabled, "no model is asked"


def test_explanations_stand_there_while_devices_are_still_laid_on(
    on_shelf: Path, visit: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, complete = threading.Event(), reading.completed

    def later(known: Reading, pixels: Pixels, question: Question, _: Progress) -> Reading:
        assert go_on.wait(60)
        return complete(known, pixels, question)

    monkeypatch.setattr(reading, "completed", later)
    app = visit("explain", child="78")
    next(button for button in app.button if button.label == "Explain this film").click().run()
    end = time.monotonic() + 60
    while words(app).count("LIME overlay of") < 3 and time.monotonic() < end:
        time.sleep(0.1)
        app.run()
    said = words(app)
    assert said.count("LIME overlay of") == 3 and answers.NEXT in said
    assert "Downloads come with the rest." in said
    assert not [each for each in app.get("download_button") if "Everything" in each.label]
    go_on.set()
    settle(app)
    assert answers.NEXT not in words(app) and "laid over the film one by" in words(app)
    assert [each for each in app.get("download_button") if "Everything" in each.label]


def test_an_explanation_stays_where_devices_cannot_be_laid_on(
    on_shelf: Path, visit: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Reading:
        raise FilmError("No device fits this film.")

    monkeypatch.setattr(reading, "completed", fail)
    app = explain(visit("explain", child="79"))
    assert "LIME overlay of Model basic" in words(app)
    assert "Model basic: No device fits this film." in words(app)
    assert answers.MISSING in words(app) and answers.NEXT not in words(app)
    assert "Without devices, and so not in the downloads: Model basic" in words(app)


def test_another_film_does_not_wait_for_the_rest_of_the_one_before(
    on_shelf: Path, visit: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, complete = list[str](), reading.completed

    def slow(known: Reading, pixels: Pixels, question: Question, progress: Progress) -> Reading:
        begun.append(known.model)
        for step in range(3_000 if len(begun) == 1 else 1):
            time.sleep(0.01)
            progress(step, 3_000)
        return complete(known, pixels, question)

    monkeypatch.setattr(reading, "completed", slow)
    app = visit("explain", child="80")
    next(button for button in app.button if button.label == "Explain this film").click().run()
    while not begun:
        time.sleep(0.05)
        app.run()
    app.number_input(key="child").set_value(81).run()
    explain(app)
    assert answers.NEXT not in words(app) and "laid over the film one by" in words(app)
    assert len(begun) == 4, "of the film before, only what was under way"
