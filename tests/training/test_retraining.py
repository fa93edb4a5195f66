"""Whether two models would come out in the same order, trained again."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import CompareMeans

from tests.test_plain_words import sentences
from xray.models.card import WEIGHTS, models_dir, read_card
from xray.training import ledger, replication

TITLES = {"a": "Model A", "b": "Model B"}
HASHES = {"a": "a0", "b": "b0"}


def runs(a: list[float], b: list[float]) -> pd.DataFrame:
    """A ledger of two ways to train, by seed; another network's run, which is not to count."""
    rows = [
        {
            "name": f"{name}{seed}",
            "model_hash": f"{name}{seed}",
            "seed": seed,
            "size": size,
            "test_accuracy": value,
        }
        for name, size, values in (("a", "64 x 64", a), ("b", "128 x 128", b))
        for seed, value in enumerate(values)
    ]
    rows.append({"model_hash": "c0", "seed": 0, "size": "256 x 256", "test_accuracy": 0.1})
    table = pd.DataFrame(rows, columns=ledger.COLUMNS)
    same = ["fit", "augmentation", "class_weight", "network", "other", "split", "data_hash"]
    return table.assign(**dict.fromkeys(same, "x"), fraction=1.0, epochs=8)


def said(a: list[float], b: list[float]) -> str:
    text = replication.order(runs(a, b), HASHES, "test_accuracy", TITLES)
    assert all(len(each.split()) <= 20 for each in sentences(text)), text
    return text


@pytest.mark.parametrize("turned", [False, True])
def test_a_lead_in_every_pair_of_trainings_would_come_again(turned: bool) -> None:
    high, low = [0.95, 0.952, 0.949], [0.90, 0.903, 0.898]
    text = said(low, high) if turned else said(high, low)
    assert text.startswith("Would probably come out in this order again")
    first, second = ("Model B", "Model A") if turned else ("Model A", "Model B")
    assert f"Of 9 pairs of their trainings (3 seeds each), {first} leads in 9." in text
    assert f"lead over {second} in test accuracy is 0.050 (95 % 0.0" in text


def test_trainings_that_overlap_may_come_the_other_way() -> None:
    text = said([0.95, 0.90, 0.92], [0.93, 0.94, 0.91])
    assert text.startswith("May come out the other way")
    assert "Of 9 pairs" in text and "Model A leads in 4." in text
    assert "is -0.003" in text


def test_a_training_that_learnt_nothing_is_left_out_and_named() -> None:
    table = runs([0.95, 0.94, 0.96], [0.93, 0.92, 0.375]).assign(val_auroc=0.98)
    table.loc[table["model_hash"] == "b2", "val_auroc"] = 0.5
    text = replication.order(table, HASHES, "test_accuracy", TITLES)
    assert "Of 6 pairs of their trainings (3 and 2 seeds), Model A leads in 6." in text
    assert "is 0.025" in text
    assert text.endswith("1 of 3 trainings of Model B learnt nothing and is left out.")
    both = table.assign(val_auroc=[0.9, 0.9, 0.9, 0.5, 0.5, 0.9, 0.9])
    # Calling all films the same at one half is a fault of the threshold, not of the training.
    called = table.assign(val_auroc=0.98, test_called_half=1.0)
    assert "left out" not in replication.order(called, HASHES, "test_accuracy", TITLES)
    assert replication.order(both, HASHES, "test_accuracy", TITLES).startswith("Not known")


def test_two_far_apart_seeds_are_too_few_whoever_leads() -> None:
    text = said([0.95, 0.99], [0.80, 0.94])
    assert "Of 4 pairs" in text and "leads in 4." in text
    assert text.startswith("May come out the other way")


def test_one_training_says_nothing() -> None:
    text = said([0.95], [0.93, 0.94])
    assert text.startswith("Not known") and "of Model A." in text and "Model B" not in text
    assert "of Model A and of Model B" in said([0.95], [0.93])


def test_a_model_of_ones_own_is_not_in_the_ledger() -> None:
    table = runs([0.95, 0.96], [0.93, 0.94])
    text = replication.order(table, {"a": "a0", "b": ""}, "test_accuracy", TITLES)
    assert text.startswith("Not known") and "of Model B." in text
    assert replication.order(table.iloc[:0], HASHES, "test_accuracy", TITLES).startswith(
        "Not known"
    )


def test_level_as_stored_is_said() -> None:
    assert "are level in test accuracy" in said([0.95, 0.96], [0.95, 0.94])


def test_the_interval_is_welchs() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(0.9, 0.01, 3), rng.normal(0.8, 0.05, 5)
    wanted = CompareMeans.from_data(a, b).tconfint_diff(usevar="unequal")
    assert replication.welch(a, b) == pytest.approx(wanted)
    assert replication.welch(np.full(3, 0.5), np.full(2, 0.25)) == (0.25, 0.25)


def test_the_stored_models_are_found_in_the_committed_ledger() -> None:
    table = ledger.read()
    cards = {name: read_card(models_dir() / name) for name in ("basic", "augmented", "transfer")}
    for name, card in cards.items():
        assert (table["model_hash"] == card.files[WEIGHTS]).any(), name
