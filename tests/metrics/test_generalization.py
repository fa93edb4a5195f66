"""The drop from validation to test, held to other implementations and to made-up films."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import mannwhitneyu
from sklearn.metrics import accuracy_score, roc_auc_score

from xray.errors import ArtifactError
from xray.figures import base, generalization
from xray.metrics import bootstrap
from xray.metrics import generalization as gap
from xray.metrics import scores as metrics


def made(
    seed: int = 0, share: dict[str, float] | None = None, harder: float = 0.0
) -> dict[str, gap.Part]:
    """Films whose viral pneumonias score low; ``share`` of them a split, test ``harder``."""
    rng = np.random.default_rng(seed)
    predictions, facts = [], []
    for split, n in (("val", 400), ("test", 600)):
        sick = rng.random(n) < 0.6
        virus = sick & (rng.random(n) < (share or {}).get(split, 0.4))
        mean = np.where(virus, -0.5, np.where(sick, 3.0, -3.0 + harder * (split == "test")))
        files = [f"{split}/X/film{i}.jpeg" for i in range(n)]
        predictions.append(
            pd.DataFrame(
                {
                    "file": files,
                    "split": split,
                    "label": np.where(sick, "PNEUMONIA", "NORMAL"),
                    "log_odds": rng.normal(mean, 1.5),
                }
            )
        )
        facts.append(
            pd.DataFrame(
                {
                    "file": files,
                    "subtype": np.where(virus, "virus", np.where(sick, "bacteria", "")),
                    "width": rng.integers(900, 1500, n),
                    "height": 1000,
                    "mean": rng.random(n),
                    "contrast": rng.random(n),
                }
            )
        )
    return gap.parts(pd.concat(predictions), pd.concat(facts))


@pytest.fixture(scope="module")
def films() -> dict[str, gap.Part]:
    return made(harder=2.0)


def test_no_threshold_beats_the_upper_bound(films: dict[str, gap.Part]) -> None:
    test = films["test"]
    best = gap.best_threshold(test.y, test.log_odds)
    reached = accuracy_score(test.y, test.log_odds >= best)
    cuts = np.r_[-99.0, np.sort(test.log_odds), 99.0]
    assert reached == max(accuracy_score(test.y, test.log_odds >= cut) for cut in cuts)
    table = gap.points(films, 0.3)
    accuracy = table[table["metric"] == "accuracy"].set_index("point")["value"]
    assert accuracy["best"] == pytest.approx(reached)
    assert accuracy["own"] == pytest.approx(accuracy_score(test.y, test.log_odds >= 0.3))
    assert accuracy["half"] == pytest.approx(accuracy_score(test.y, test.log_odds >= 0))
    val = films["val"]
    assert accuracy["validation"] == pytest.approx(accuracy_score(val.y, val.log_odds >= 0.3))


@pytest.mark.parametrize("scores", [[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]])
def test_the_best_threshold_of_two_films(scores: list[float]) -> None:
    y, log_odds = np.array([False, True]), np.array(scores)
    cut = gap.best_threshold(y, log_odds)
    assert accuracy_score(y, log_odds >= cut) == (1.0 if scores[1] > scores[0] else 0.5)


def test_rankings_are_those_of_scikit_learn(films: dict[str, gap.Part]) -> None:
    table = gap.rankings(films)
    assert list(table["group"]) == ["", "", "bacteria", "bacteria", "virus", "virus"]
    for row in table.itertuples():
        part = films[str(row.split)]
        used = ~part.y | (part.table["subtype"] == row.group).to_numpy() | (row.group == "")
        assert row.value == pytest.approx(roc_auc_score(part.y[used], part.log_odds[used]))
        assert row.low < row.value < row.high
        assert row.drop_low < row.drop < row.drop_high


def test_weighting_is_post_stratification() -> None:
    films = made(3, {"val": 0.2, "test": 0.8})
    table = gap.mixes(films, 0.0).set_index(["mix", "metric"])["value"]
    val, test = films["val"], films["test"]
    kind = {s: films[s].table["label"] + films[s].table["subtype"] for s in gap.SPLITS}
    share = kind["test"].value_counts(normalize=True)
    right = pd.Series((val.log_odds >= 0) == val.y).groupby(kind["val"]).mean()
    assert table["subtype", "accuracy"] == pytest.approx(float((right * share).sum()))
    weight = kind["val"].map(share / kind["val"].value_counts())
    ranked = roc_auc_score(val.y, val.log_odds, sample_weight=weight)
    assert table["subtype", "auroc"] == pytest.approx(ranked)
    assert table["test", "auroc"] == pytest.approx(roc_auc_score(test.y, test.log_odds))


def test_a_drop_by_the_mix_is_told_from_one_by_the_films() -> None:
    shares: list[float] = []
    for share, harder in (({"val": 0.1, "test": 0.9}, 0.0), (None, 3.0)):
        table = gap.mixes(made(1, share, harder), 0.0)
        row = table[(table["mix"] == "subtype") & (table["metric"] == "accuracy")]
        shares.append(float(row["explained"].iloc[0]))
    assert shares[0] > 0.8
    assert shares[1] < 0.2


def test_shifts_are_those_of_mann_and_whitney(films: dict[str, gap.Part]) -> None:
    found = gap.shifts(films).set_index(["label", "fact"])
    for label in metrics.LABELS:
        tables = [films[split].table for split in ("test", "val")]
        values = [table.loc[table["label"] == label, "log_odds"] for table in tables]
        larger = mannwhitneyu(*values).statistic / (len(values[0]) * len(values[1]))
        assert found.loc[(label, "log_odds"), "larger"] == pytest.approx(larger)
    normal = found.loc[("NORMAL", "log_odds")]
    assert normal["low"] > 0.5
    assert "device" not in found.index.get_level_values("fact"), "there are no labels"


def test_one_split_alone_is_refused() -> None:
    part = made()["val"].table.assign(file="val/X/a.jpeg", split="val")
    facts = pd.DataFrame(columns=["file", "subtype", "width", "height", "mean", "contrast"])
    with pytest.raises(ArtifactError, match="no test predictions"):
        gap.parts(part, facts)


def test_figures_say_what_they_show(films: dict[str, gap.Part]) -> None:
    points, mixed = gap.points(films, 0.0), gap.mixes(films, 0.0)
    shown = [
        generalization.points(points, "basic", "Basic"),
        generalization.mixes(mixed, "basic", "Basic", "auroc"),
        generalization.rankings(gap.rankings(films), "basic", "Basic"),
        generalization.shifts(gap.shifts(films)),
        generalization.spread(films, 0.0, "Basic"),
    ]
    for figure in shown:
        assert len(base.title(figure)) > 30
        assert len(figure.data) > 0
    test = films["test"]
    wrong = (test.log_odds[~test.y] >= 0).mean()
    assert f"{wrong:.0%} of the NORMAL test films" in base.title(shown[-1])
    assert gap.finding("Basic", mixed, points).startswith("Basic loses")


def test_a_fall_has_the_interval_of_newcombe_s_method_ten() -> None:
    # Newcombe (1998), table II: 56 of 70 less 48 of 80.
    shares = [(k / n, *bootstrap.wilson(k, n)) for k, n in ((56, 70), (48, 80))]
    assert gap.fall(*shares) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_loss_of_which_the_interval_holds_none_is_not_claimed(
    films: dict[str, gap.Part],
) -> None:
    points, mixed = gap.points(films, 0.0), gap.mixes(films, 0.0)
    mixed.loc[mixed["mix"] == "test", ["value", "low", "high"]] = (0.85, 0.80, 0.90)
    mixed.loc[mixed["mix"] == "validation", ["value", "low", "high"]] = (0.86, 0.80, 0.90)
    assert gap.finding("Basic", mixed, points) == (
        "Basic does not clearly lose accuracy from validation to test: -1.0 points (-7.4 to 6.8)"
    )
