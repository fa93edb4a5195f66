"""Methods against each other where it is known which is better."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.helpers.fakes import Fake
from xray.errors import ArtifactError
from xray.explanations import comparison, methods
from xray.explanations.result import Heatmap


def model() -> Fake:
    """Looks at one corner, and nowhere else."""
    return Fake(lambda grey: 30 * float(grey[:32, :32].std()) + 10 * float(grey[:32, :32].mean()))


def film() -> np.ndarray:
    grey = np.random.default_rng(0).random((96, 96), np.float32) * 0.5
    grey[:32, :32] = 0.5 + grey[:32, :32]
    return grey


def corner() -> np.ndarray:
    mask = np.zeros((96, 96), bool)
    mask[:32, :32] = True
    return mask


def test_the_map_that_finds_what_matters_scores_higher() -> None:
    right = methods.explain("occlusion", model(), film())
    turned = np.ascontiguousarray(right.values[::-1, ::-1])
    wrong = replace(right, values=turned, at_model=turned)
    scores = comparison.faithfulness(model(), film(), {"right": right, "wrong": wrong})
    assert scores["right"][0] > 0.2 and scores["right"][1] > 0.2
    assert scores["wrong"][0] < 0.1 and scores["wrong"][1] < 0.1
    assert scores == comparison.faithfulness(model(), film(), {"right": right, "wrong": wrong})


def test_methods_are_measured_beside_each_other() -> None:
    maps, table = comparison.compare(
        model(),
        film(),
        ["lime", "occlusion", "grad_cam"],
        lungs=~corner(),
        devices=corner(),
        shams=corner()[::-1, ::-1],
    )
    # Nothing can be differentiated here, so that Grad-CAM is left out.
    assert list(table["method"]) == ["lime", "occlusion"] == list(maps)
    assert (table["agreement"] > 0.5).all() and table["net"].iloc[1] > 0.3
    assert (table["points"] == 1).all()
    assert (table["lungs"] + table["devices"]).to_numpy() == pytest.approx([1, 1])
    area = corner().mean()
    assert table["devices_excess"].to_numpy() == pytest.approx(table["devices"] - area)
    assert (table["evaluations"] > 50).all() and (table["seconds"] > 0).all()


def test_what_is_not_known_is_left_open() -> None:
    _, table = comparison.compare(model(), film(), ["occlusion"], devices=np.zeros((96, 96), bool))
    assert table[["lungs", "devices", "net", "points"]].isna().all(axis=None)


def test_means_over_films_have_intervals_by_child() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {
            "method": ["lime", "occlusion"] * 20,
            "model": "basic",
            "file": np.arange(40),
            "child": np.repeat(np.arange(10), 4),
            "deletion": rng.normal(0.3, 0.1, 40),
        }
    )
    rows = rows.reindex(columns=["method", "model", "file", "child", *comparison.MEASURES])
    found = comparison.summarise(rows)
    assert set(found["measure"]) == {"deletion"} and list(found["n"]) == [20, 20]
    assert (found["low"] < found["mean"]).all() and (found["mean"] < found["high"]).all()
    lime = rows[rows["method"] == "lime"]["deletion"].mean()
    assert found.set_index("method").loc["lime", "mean"] == pytest.approx(lime)


def test_a_map_that_says_nothing_has_no_agreement() -> None:
    flat = np.zeros((4, 4), np.float32)
    assert np.isnan(comparison._correlation(flat, flat))
    empty = Heatmap("occlusion", flat, flat, 0.0, 0.0, 1, 0, 0.1)
    assert comparison._on_regions(empty, np.ones((4, 4), bool), None, None)["lungs"] == 0


def test_rows_that_are_cut_off_or_damaged_are_not_believed() -> None:
    rows = [
        {**{"model": "m", "answer": None, "method": method, "measure": measure}, "mean": 0.5}
        | {"low": 0.4, "high": 0.6, "n": 3}
        for method in ("lime", "occlusion")
        for measure in comparison.MEASURES
    ]
    table = pd.DataFrame(rows)
    assert len(comparison.whole(table)) == len(table)
    cut = comparison.whole(table.iloc[:-2])  # Without the cost of the last method.
    assert set(cut["method"]) == {"lime"}
    table["mean"] = table["mean"].astype(object)
    table.loc[2, "mean"] = "x"  # Agreement, which not every method has.
    assert len(comparison.whole(table)) == len(table) - 1
    with pytest.raises(ArtifactError, match="lacks mean"):
        comparison.whole(table.drop(columns="mean"))
