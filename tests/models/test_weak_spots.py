"""Groups of films: who belongs, and metrics held to scikit-learn on the films picked by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import recall_score, roc_auc_score

from xray.dataset import public_set
from xray.labels import devices as device_labels
from xray.metrics import bootstrap
from xray.metrics import patients as patients_
from xray.models import weak_spots
from xray.models.weak_spots import Stratum


@pytest.fixture(scope="module")
def public():
    """The 624 test films with their facts, and log-odds that know little of viral films."""
    facts = public_set.read()
    rows = facts[facts["split"] == "test"].reset_index(drop=True)
    y = (rows["label"] == "PNEUMONIA").to_numpy()
    rng = np.random.default_rng(0)
    shift = np.select([rows["subtype"] == "virus", y], [0.3, 3.0], default=-2.0)
    return facts, rows, y, rng.normal(shift, 1.5)


@pytest.fixture(scope="module")
def groups(public):
    facts, rows, _, _ = public
    found = weak_spots.divide(rows["file"], facts, device_labels.load())
    return {each.name: each for each in found}


def test_the_public_test_films_fall_into_the_known_groups(public, groups):
    _, rows, y, _ = public
    assert groups["bacterial pneumonia"].member.sum() == 242
    assert groups["viral pneumonia"].member.sum() == 148
    assert (groups["viral pneumonia"].known == y).all()
    devices = groups["devices visible"].member
    assert np.mean(devices[y]) == pytest.approx(0.54, abs=0.01)
    assert np.mean(devices[~y]) == pytest.approx(0.034, abs=0.002)
    numbers = rows.loc[groups["patient number also in training"].member & y, "person"].nunique()
    assert numbers == 170
    for names in (("smaller", "middling", "larger"),):
        thirds = [groups[f"{name} originals"].member for name in names]
        assert sum(third.sum() for third in thirds) == 624
        assert max(third.sum() for third in thirds) < 220
    tall = rows["height"].to_numpy()
    assert (
        tall[groups["smaller originals"].member].max()
        <= tall[groups["larger originals"].member].min()
    )


def test_lungs_fill_less_of_the_films_of_the_first_third(public, groups):
    facts, rows, _, _ = public
    share = rows["lung_fraction"].to_numpy()
    little, much = (groups[f"lungs fill {name}"].member for name in ("little", "much"))
    assert share[little].max() <= share[much].min()
    assert 200 < little.sum() < 220 and 200 < much.sum() < 220
    bare = weak_spots.divide(rows["file"], facts.drop(columns="lung_fraction"))
    assert not any(each.kind == "Lungs" for each in bare)


def test_values_equal_scikit_learn_on_the_films_of_the_group(public, groups):
    _, rows, y, log_odds = public
    drawn = bootstrap.resamples(patients_.patients(rows), 200)
    chosen = list(groups.values())
    member = groups["darker films"].member
    for positive in ("PNEUMONIA", "NORMAL"):
        truth, call = (y, log_odds >= 0.5) if positive == "PNEUMONIA" else (~y, log_odds < 0.5)
        for metric, expected in (
            ("recall", recall_score(truth[member], call[member])),
            ("specificity", recall_score(~truth[member], ~call[member])),
            ("auroc", roc_auc_score(y[member], log_odds[member])),
        ):
            table = weak_spots.by_stratum((y, log_odds, drawn), chosen, metric, 0.5, positive)
            row = table.set_index("stratum").loc["darker films"]
            assert row["value"] == pytest.approx(expected), metric
            assert row["low"] < row["value"] < row["high"]


def test_a_one_class_group_is_ranked_against_all_of_the_other(public, groups):
    _, rows, y, log_odds = public
    drawn = bootstrap.resamples(patients_.patients(rows), 200)
    chosen = [groups["viral pneumonia"], groups["bacterial pneumonia"]]
    table = weak_spots.by_stratum((y, log_odds, drawn), chosen, "auroc", 0.0).set_index("stratum")
    keep = groups["viral pneumonia"].member | ~y
    virus = roc_auc_score(y[keep], log_odds[keep])
    keep = groups["bacterial pneumonia"].member | ~y
    assert table.loc["viral pneumonia", "value"] == pytest.approx(virus)
    assert table.loc["viral pneumonia", "against"] == "all NORMAL"
    assert table.loc["viral pneumonia", "gap"] == pytest.approx(
        virus - roc_auc_score(y[keep], log_odds[keep])
    )
    assert table.loc["viral pneumonia", "gap_high"] < 0
    # Specificity does not exist without films of the other class.
    assert weak_spots.by_stratum((y, log_odds, drawn), chosen, "specificity", 0.0).empty


def test_the_planted_weakness_comes_first_and_is_named(public, groups):
    _, rows, y, log_odds = public
    drawn = bootstrap.resamples(patients_.patients(rows), 200)
    table = weak_spots.by_stratum((y, log_odds, drawn), list(groups.values()), "recall", 0.5)
    judged = table[~table["few"]]
    assert judged["high"].is_monotonic_increasing
    assert judged["stratum"].iloc[0] == "viral pneumonia"
    sentence = weak_spots.weakest(table, "Basic CNN")
    assert sentence.startswith("Basic CNN is weakest on viral pneumonia: recall 0.")
    assert "below the other films" in sentence


def test_a_small_group_is_never_called_the_weakest():
    y = np.tile([True, False], 40)
    log_odds = np.where(y, 1.0, -1.0)
    log_odds[:4] = -log_odds[:4]
    rare = np.zeros(80, bool)
    rare[:4] = True
    every = np.ones(80, bool)
    half = np.arange(80) < 40
    chosen = [Stratum("A", "rare", rare, every), Stratum("B", "half", half, every)]
    drawn = bootstrap.resamples(np.arange(80), 100)
    table = weak_spots.by_stratum((y, log_odds, drawn), chosen, "recall", 0.0)
    assert table["stratum"].tolist() == ["half", "rare"]
    assert "half" in weak_spots.weakest(table, "It")
    assert "too few films" in weak_spots.weakest(table[table["few"]], "It")


def test_the_gap_of_a_random_group_may_be_chance(public):
    _, rows, y, log_odds = public
    half = np.random.default_rng(1).random(len(y)) < 0.5
    drawn = bootstrap.resamples(patients_.patients(rows), 300)
    chosen = [Stratum("A", "coin", half, np.ones(len(y), bool))]
    table = weak_spots.by_stratum((y, log_odds, drawn), chosen, "recall", 0.5)
    assert table["gap_low"].iloc[0] < 0 < table["gap_high"].iloc[0]
    assert "may be chance" in weak_spots.weakest(table, "It")


def test_films_nobody_knows_belong_to_no_group(public):
    facts, _, _, _ = public
    files = pd.Series(["test/NORMAL/mine.png", "test/PNEUMONIA/other.png"])
    assert weak_spots.divide(files, facts, device_labels.load()) == []


def test_a_small_group_that_may_be_low_by_chance_does_not_come_before_a_large_one_that_is_low():
    rng = np.random.default_rng(0)
    y = np.ones(600, bool)
    right = np.r_[np.arange(300) < 210, np.arange(12) < 8, np.ones(288, bool)]
    log_odds = np.where(right, 1.0, -1.0) + rng.normal(0, 0.1, 600)
    place, every = np.arange(600), np.ones(600, bool)
    large, small = place < 300, (place >= 300) & (place < 312)
    chosen = [Stratum("A", "small", small, every), Stratum("A", "large", large, every)]
    drawn = bootstrap.resamples(place, 100)
    table = weak_spots.by_stratum((y, log_odds, drawn), chosen, "recall", 0.0)
    assert table["stratum"].tolist() == ["large", "small"]
    assert table["value"].iloc[1] < table["value"].iloc[0]
