"""What training a write-up's network here gave."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

from xray.metrics import published
from xray.training import ledger, recipes, replication

ITEM = published.WriteUp("Net", "a page", "net", {"accuracy": "0.903", "auroc": "0.956"})


def runs(*rows: dict[str, object]) -> pd.DataFrame:
    same = dict.fromkeys(ledger.COLUMNS, "x") | {"recipe": "net", "seed": 0, "train_films": 9}
    base = same | {"val_auroc": 0.98, "test_called_half": 0.7}
    return pd.DataFrame([base | row for row in rows], columns=ledger.COLUMNS)


def test_how_many_trainings_are_as_good_as_reported() -> None:
    table = runs(
        {"seed": 0, "test_accuracy_half": 0.903, "test_auroc": 0.95},
        {"seed": 1, "test_accuracy_half": 0.80, "test_auroc": 0.94},
        {"seed": 0, "size": "y", "test_accuracy_half": 0.91, "test_auroc": 0.955},
        {"seed": 2, "test_accuracy_half": 0.99, "test_auroc": 0.5, "val_auroc": 0.5},
        {"recipe": "other", "test_accuracy_half": 0.99, "test_auroc": 0.99},
    )
    said = replication.trained(ITEM, table)
    assert said.startswith("Recipe net, trained here 3 times, in 2 ways (once more it learnt")
    assert "accuracy at a threshold of one half 0.800 to 0.910 (2 of 3 as high as reported)" in said
    assert "AUROC 0.940 to 0.955 (none of 3 as high as reported)" in said
    assert said.endswith("python -m xray train net")


def test_one_training_has_no_range_and_only_what_was_stated_is_compared() -> None:
    table = runs({"test_accuracy_half": 0.95, "test_auroc": 0.9})
    said = replication.trained(replace(ITEM, stated={"accuracy": "0.903"}), table)
    assert "trained here once: on the test films accuracy" in said
    assert "one half 0.950 (1 of 1 as high as reported). To" in said
    assert "AUROC" not in said


def test_nothing_is_said_where_nothing_was_trained() -> None:
    assert replication.trained(ITEM, runs({"recipe": "other"})) == ""
    assert replication.trained(ITEM, runs({"val_auroc": 0.5})) == ""
    assert replication.trained(replace(ITEM, model=""), runs({"test_auroc": 0.9})) == ""


def test_the_recipe_of_each_write_up_exists_and_was_trained() -> None:
    named = [item for item in published.WRITE_UPS if item.model]
    assert named
    for item in named:
        assert item.model in recipes.RECIPES
        assert "as high as reported" in replication.trained(item, ledger.read())
