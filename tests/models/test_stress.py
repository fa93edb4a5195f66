"""Stress tests: how films are changed, what is scored, and what is kept and told of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import balanced_accuracy_score, recall_score, roc_auc_score

from tests.helpers import brightness
from tests.helpers.brightness import Brightness
from xray.commands import main
from xray.environment import ROOT
from xray.errors import ArtifactError
from xray.films import lungs
from xray.models import stress
from xray.models.card import read_card, read_predictions

BY_NAME = {change.name: change for change in stress.CHANGES}


@pytest.fixture
def sample() -> tuple[np.ndarray, pd.DataFrame]:
    return brightness.sample()


@pytest.fixture
def film() -> np.ndarray:
    """Grey values that tell their place: 0.2 to 0.7 down, and a little to the right."""
    rows, columns = np.mgrid[0:100, 0:100].astype(np.float32)
    return 0.2 + rows / 200 + columns / 1000


def changed(name: str, film: np.ndarray) -> np.ndarray:
    return BY_NAME[name].apply(film, np.random.default_rng(0))


@pytest.mark.parametrize("name", BY_NAME)
def test_a_changed_film_is_another_film_of_the_same_size(name: str, film: np.ndarray) -> None:
    got = changed(name, film)
    assert got.shape == film.shape and got.dtype == np.float32
    assert got.min() >= 0 and got.max() <= 1
    # A film that is even everywhere cannot be told from a blurred one.
    spot = film.copy()
    spot[40:60, 40:60] = 1
    assert np.abs(changed(name, spot) - spot).max() > 0.02
    assert np.array_equal(got, changed(name, film))


def test_the_frame_narrows_where_it_says(film: np.ndarray) -> None:
    less = changed("no_top", film)
    assert less[0, 0] == pytest.approx(film[15, 0], abs=0.005)
    assert less[-1, -1] == pytest.approx(film[-1, -1], abs=0.005)
    tight = changed("tighter20", film)
    assert tight[0, 0] == pytest.approx(film[10, 10], abs=0.005)
    assert tight[-1, -1] == pytest.approx(film[89, 89], abs=0.005)
    narrow = changed("narrower", film)
    assert narrow[:, 50] == pytest.approx(film[:, 50], abs=0.005)
    assert narrow[0, 0] > film[0, 0]


def test_exposure_changes_as_it_says(film: np.ndarray) -> None:
    assert (changed("brighter", film) > film).all()
    assert (changed("darker", film) < film).all()
    flat = changed("flat", film)
    assert flat.std() == pytest.approx(0.75 * film.std(), rel=1e-4)
    assert flat.mean() == pytest.approx(film.mean(), rel=1e-4)
    assert (changed("noisy", film) - film).std() == pytest.approx(0.03, rel=0.05)


def test_metrics_are_those_of_scikit_learn_and_losses_are_paired(
    sample: tuple[np.ndarray, pd.DataFrame],
) -> None:
    films, rows = sample
    model = Brightness()
    got = stress.measure(model, films, rows)
    assert list(got.columns) == stress.COLUMNS
    assert len(got) == len(stress.METRICS) * (2 + len(stress.CHANGES))
    y = rows["label"] == "PNEUMONIA"
    values = got.set_index(["change", "metric"])
    for name in ("", "tighter10", "brighter"):
        shown = films if not name else np.stack([changed(name, each) for each in films])
        odds = model.log_odds_prepared(shown)
        row = values.loc[(name, "auroc")]
        assert row["value"] == pytest.approx(roc_auc_score(y, odds))
        assert values.loc[(name, "balanced_accuracy"), "value"] == pytest.approx(
            balanced_accuracy_score(y, odds >= 0)
        )
        recalled = [recall_score(y, odds >= 0, pos_label=positive) for positive in (1, 0)]
        assert values.loc[(name, "recall"), "value"] == pytest.approx(recalled[0])
        assert values.loc[(name, "specificity"), "value"] == pytest.approx(recalled[1])
        if name:
            plain = values.loc[("", "auroc"), "value"]
            assert row["lost"] == pytest.approx(plain - row["value"])
    # The top that the model reads is cut off: nothing but chance is left of it.
    gone = values.loc[("no_top", "auroc")]
    assert gone["value"] == pytest.approx(0.5)
    assert gone["lost_low"] > 0.2
    darker = values.loc[("darker", "balanced_accuracy")]
    assert darker["lost_low"] > 0 and values.loc[("darker", "auroc"), "lost"] == pytest.approx(0)
    assert got[got["change"] == ""]["lost"].isna().all()
    mean = values.drop(index="", level=0).xs("auroc", level=1)["value"].mean()
    assert stress.summary(got) == pytest.approx(mean)
    least = values.drop(index="", level=0).xs("balanced_accuracy", level=1)["value"].min()
    assert stress.worst(got) == pytest.approx(least)


def test_framed_alike_no_class_has_more_film_around_its_lungs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lungs are drawn as bright boxes: far from the edge in NORMAL films, near it in others."""

    def estimate(film: np.ndarray) -> lungs.Lungs:
        rows, columns = np.nonzero(film > 0.75)
        box = (int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1)
        field = film > 0.75
        return lungs.Lungs(field, field & False, box, float(columns.mean()), "network")

    monkeypatch.setattr(lungs, "estimate", estimate)
    monkeypatch.setattr(lungs, "estimate_many", lambda films: [estimate(film) for film in films])
    films, y = np.full((6, 100, 100), 0.2, np.float32), np.array([True] * 3 + [False] * 3)
    for film, edge in zip(films, (10, 12, 8, 20, 30, 25), strict=True):
        film[edge : 100 - edge, edge : 100 - edge] = 1
    change = stress.alike(films, y)
    assert change.name == stress.ALIKE and change.group == "framing"
    cut = [change.apply(film, np.random.default_rng(0)) for film in films]
    shares = [float((film > 0.75).mean()) for film in cut]
    # The median PNEUMONIA film stays as it is, and so does the one that is framed more closely.
    assert np.array_equal(cut[0], films[0]) and np.array_equal(cut[2], films[2])
    assert shares == pytest.approx([0.64, 0.64, 0.7056, 0.64, 0.64, 0.64], abs=0.04)


@pytest.mark.slow
def test_evaluate_keeps_what_came_of_it_and_damage_is_told(
    synthetic_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path / "artifacts"))
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("XRAY_DATA", raising=False)
    line = ["train", "small64", "--data", str(synthetic_folder), "--split", "original"]
    assert main.main([*line, "--set", "epochs=1", "--set", "size=32", "--fraction", "1"]) == 0
    asked = ["evaluate", "small64", "--data", str(synthetic_folder), "--stress"]
    assert main.main(asked) == 0
    assert "as they are and changed" in capsys.readouterr().out
    first = stress.stored("small64")
    assert main.main(asked) == 0
    pd.testing.assert_frame_equal(first, stress.stored("small64"))
    predicted = read_predictions("small64")
    val = predicted[predicted["split"] == "val"]
    assert set(first["n"]) == {len(val)}
    plain = first[(first["change"] == "") & (first["metric"] == "auroc")]["value"].iloc[0]
    assert plain == pytest.approx(roc_auc_score(val["label"] == "PNEUMONIA", val["log_odds"]))

    place = tmp_path / "artifacts" / "models" / "small64" / stress.FILE
    kept = place.read_text()
    place.write_text(kept.replace(read_card(place.parent).sha256, "0" * 64))
    with pytest.raises(ArtifactError, match="trained again"):
        stress.stored("small64")
    place.write_text("nonsense\n1\n")
    with pytest.raises(ArtifactError, match="is damaged"):
        stress.stored("small64")
    place.write_text(kept)
    place.write_text(place.read_text().replace("tighter10", "wider"))
    with pytest.raises(ArtifactError, match="--stress"):
        stress.stored("small64")
    assert main.main(["evaluate", "small64", "--stress"]) == 2
    assert "needs the films" in capsys.readouterr().err
    shutil.rmtree(synthetic_folder.parent / "none", ignore_errors=True)
    empty = tmp_path / "other" / "val"
    for label in ("NORMAL", "PNEUMONIA"):
        (empty / label).mkdir(parents=True)
        film = next(synthetic_folder.glob(f"train/{label}/*"))
        shutil.copy(film, empty / label / f"other{film.suffix}")
    assert main.main(["evaluate", "small64", "--data", str(empty.parent), "--stress"]) == 2


def test_the_stored_stress_tests_are_of_the_stored_models() -> None:
    for name in ("basic", "augmented", "transfer", "whole_film"):
        place = ROOT / "artifacts" / "models" / name / stress.FILE
        assert place.is_file(), f"run 'python -m xray evaluate {name} --stress'"
        predicted = read_predictions(name)
        val = predicted[predicted["split"] == "val"]
        table = stress.stored(name)
        assert set(table["n"]) == {len(val)}
        plain = table[table["change"] == ""].set_index("metric")["value"]
        limit = read_card(place.parent).threshold_log_odds
        y, odds = val["label"] == "PNEUMONIA", val["log_odds"]
        assert plain["auroc"] == pytest.approx(roc_auc_score(y, odds), abs=1e-3)
        wanted = balanced_accuracy_score(y, odds >= limit)
        assert plain["balanced_accuracy"] == pytest.approx(wanted, abs=0.005)
        test = stress.on_test(name).set_index("metric")
        shown = predicted[predicted["split"] == "test"]
        wanted = roc_auc_score(shown["label"] == "PNEUMONIA", shown["log_odds"])
        assert test.loc["auroc", "value"] == pytest.approx(wanted)
        assert set(test["n"]) == {len(shown)} and set(test["change"]) == {stress.TEST}
