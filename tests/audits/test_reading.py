"""One film read by one model: its call, what turns it, and what the same question is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.helpers.linear import Linear
from xray import classes
from xray.audits import one_film, reading
from xray.audits.reading import Question, Reading
from xray.drawing.phantoms import phantom
from xray.explanations import lime, perturbation
from xray.films.pixels import Pixels
from xray.labels import format
from xray.models import registry
from xray.models.card import WEIGHTS, Card


class Why:
    """Only what a reading asks of an explanation."""

    def __init__(self, log_odds: float) -> None:
        self.log_odds = log_odds


def made(log_odds: float, threshold: float = 0.0) -> Reading:
    why: object = Why(log_odds)
    return Reading("m", threshold, why, (1.0, 2.0, -1.0), (0.5, -0.2, -0.1))  # type: ignore[arg-type]


def test_devices_and_nulls_that_turn_a_call_are_counted() -> None:
    said = made(-2.0)
    assert (said.call, said.turned) == ("NORMAL", (2, 1))
    assert said.with_device == pytest.approx(2 / 3)
    assert said.with_null == pytest.approx(0.2 / 3)


def test_a_call_is_made_from_the_threshold_on() -> None:
    assert (made(0.5, 0.5).call, made(0.49, 0.5).call) == ("PNEUMONIA", "NORMAL")
    assert made(-2.0).call_with_device == "PNEUMONIA"
    assert made(-2.0, 0.7).call_with_device == "NORMAL"
    with classes.using(classes.Classes("clear", "TB")):
        assert made(0.0).call == "TB"


@pytest.fixture(scope="module")
def film() -> Pixels:
    return phantom(3, (96, 80)).pixels


def test_a_question_has_a_key_that_changes_with_all_it_asks() -> None:
    card = Card("m", files={WEIGHTS: "a" * 64})
    asked = Question()
    keys = {
        asked.key("f" * 64, card),
        asked.key("e" * 64, card),
        asked.key("f" * 64, replace(card, name="n")),
        asked.key("f" * 64, replace(card, threshold=0.4)),
        asked.key("f" * 64, replace(card, files={WEIGHTS: "b" * 64})),
        *(
            replace(asked, **change).key("f" * 64, card)
            for change in ({"seed": 1}, {"device": "tube"}, {"superpixels": 9}, {"films": "x"})
        ),
    }
    assert len(keys) == 9
    assert Question().key("f" * 64, card) == asked.key("f" * 64, replace(card, title="Other"))


def test_a_film_of_a_labelled_folder_has_marks_and_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = "train/NORMAL/mine.png"
    device = {"kind": "other", "geometry": [0, 0, 5, 5], "confidence": 1.0}
    look = {"devices": [device], "tech_text": False, "quality": "ok"}
    format.write(tmp_path / "own.jsonl", [format.Row(file, (look, look))])
    monkeypatch.setenv("XRAY_DEVICE_LABELS", str(tmp_path / "own.jsonl"))
    mask = Question(file=file).marked((40, 60))
    assert mask is not None and mask.shape == (40, 60)
    assert mask[5, 5] and not mask[-5, -5]
    assert Question(file="train/NORMAL/another.png").marked((40, 60)) is None
    assert Question().marked((40, 60)) is None and Question().own == ""
    assert Question(file="test/PNEUMONIA/person7_virus_12.jpeg").own == "person-7"


def test_a_model_reads_a_film(monkeypatch: pytest.MonkeyPatch, film: Pixels) -> None:
    model = Linear()
    monkeypatch.setattr(registry, "load", lambda name: model)
    told: list[tuple[int, int]] = []
    asked = Question(superpixels=12, device="tube", seed=5)
    why = reading.explained("linear", film, asked, lambda *each: told.append(each))
    assert not why.whole and why.device == () and why.second is None
    found = reading.completed(why, film, asked)
    assert found.whole and found.explanation is why.explanation and found.shares == why.shares
    plain = float(model.log_odds_prepared(model.prepare(film[None]))[0])
    assert found.log_odds == pytest.approx(plain)
    assert found.threshold == 0 and found.rendered
    worn = list(one_film.wear(film, asked.stock(), asked.seed))
    pictures = model.prepare(np.stack([each.device for each in worn]))
    assert found.device == pytest.approx(model.log_odds_prepared(pictures).tolist())
    assert len(found.null) == len(found.device) == one_film.DRAWS
    assert found.shares is not None and found.shares.device is None, "nobody marked the film"
    assert found.second is None and found.second_lungs is None and found.no_second
    assert told and told[-1][0] == told[-1][1]
    summary = found.summary()
    assert summary["call"] == found.call and summary["positive"] == "PNEUMONIA"
    assert summary["log_odds_with_null"] == list(found.null)
    assert summary["weight_shares"]["lungs"] == found.shares.lungs


def test_films_are_shown_no_larger_than_they_are() -> None:
    assert reading.small(np.zeros((300, 200), np.float32)).shape == (300, 200)
    assert reading.small(np.zeros((2000, 1000), np.float32)).shape == (reading.SIDE, 280)
    assert reading.small(np.zeros((10, 4000), np.float32), 100).shape == (1, 100)


def test_regions_of_several_models_are_numbered_by_weight(film: Pixels) -> None:
    why = lime.explain(Linear(), film, n_superpixels=9, seed=0)
    both = [Reading(name, 0.0, why, (0.0,), (0.0,)) for name in ("one", "two")]
    table = reading.weights_table(both)
    count = len(why.weights)
    assert list(table["model"]) == ["one"] * count + ["two"] * count
    assert list(table["region"]) == 2 * list(range(1, count + 1))
    assert list(table.columns[:2]) == ["model", "region"]
    assert table["weight"].abs().head(count).is_monotonic_decreasing


def test_a_model_is_made_ready_by_the_pictures_that_lime_shows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = Linear()
    asked: list[int] = []
    answer = model.log_odds_prepared

    def counted(grey: Pixels, *rest: str) -> np.ndarray:
        asked.append(len(grey))
        return answer(grey, *rest)

    monkeypatch.setattr(model, "log_odds_prepared", counted)
    monkeypatch.setattr(registry, "load", lambda name: model)
    reading.warm("linear")
    assert asked == [perturbation.BATCH]
