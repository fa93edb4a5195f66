"""What is true of the panel's networks: on which films, and by which of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from tests.helpers import networks as tiny
from tests.helpers import worn
from xray.audits import insertion
from xray.audits.judging import KindVerdict
from xray.audits.known import truth
from xray.errors import ModelError
from xray.models.card import WEIGHTS, Card, write_card


def test_a_head_answers_from_features_that_all_heads_share() -> None:
    class Backbone:
        asked = 0

        def features(self, grey: Any) -> Any:
            self.asked += 1
            return np.stack([grey.mean(axis=(1, 2)), grey.max(axis=(1, 2))], axis=1)

    backbone: Any = Backbone()
    films = np.random.default_rng(0).random((3, 20, 20)).astype(np.float32)
    of = Card("head", size=(10, 10))
    head = truth.Head(of, backbone, np.array([2.0, -1.0]), 0.5)
    small = head.prepare(films)
    assert small.shape == (3, 10, 10)
    expected = 2 * small.mean(axis=(1, 2)) - small.max(axis=(1, 2)) + 0.5
    np.testing.assert_allclose(head.log_odds(films), expected, rtol=1e-5)
    assert backbone.asked == 1


@pytest.mark.parametrize(
    ("word", "true"),
    [
        ("reads_devices", "reliant"),
        ("no_reliance", "clean"),
        ("inconclusive", "open"),
        ("cannot_be_judged", "open"),
    ],
)
def test_a_verdict_on_held_out_films_says_what_is_true(word: Any, true: str) -> None:
    assert truth.truth(KindVerdict("line", word, 0.0)) == true


@pytest.fixture(scope="module")
def wearers() -> tuple[pd.DataFrame, Any, worn.Looks]:
    return worn.wearers(8, 7)


def test_truth_is_measured_on_films_that_nobody_was_trained_on(wearers: Any) -> None:
    table, films, geometry = wearers
    use = pd.Series("", index=table.index)
    use[:6] = "truth"
    use[table["file"].isin(geometry)] = "donor"
    made = truth.truth_material(table, use, films, geometry, seed=1)
    assert len(made.table) == len(made.films) == 6 + 7
    assert list(made.recipients) == list(range(6)), "those that wear none"
    assert set(made.donors["line"].children) <= set(table["child"][use == "donor"])
    assert "as_worn" not in made.plans, "truth is of single kinds"
    assert (pd.Series(made.plans["line"].film).value_counts() == insertion.DRAWS).all()


def test_audits_are_of_test_films_with_their_own_devices(wearers: Any) -> None:
    table, films, geometry = wearers
    marked = table.assign(confidence=[0.0] * 6 + [0.4] * 2 + [0.9] * 7)
    marked.loc[0, "split"] = "train"
    made = truth.audit_material(marked, films, geometry, kinds=("line",))
    assert len(made.table) == 14 and set(made.plans) == {"line"}
    # Films that perhaps show a device neither get any nor give nulls.
    assert made.table["file"].iloc[made.recipients].tolist() == table["file"].iloc[1:6].tolist()


def test_devices_of_other_films_are_laid_on_test_films_alone(wearers: Any) -> None:
    table, films, geometry = wearers
    marked = table.assign(confidence=0.0)
    givers = table["file"].isin(geometry)
    marked.loc[givers, "split"] = "train"
    made = truth.audit_material(marked, films, geometry, kinds=("line",), givers=givers)
    assert len(made.table) == len(table)
    assert set(made.donors["line"].children) <= set(table["child"][givers])
    assert set(made.plans["line"].film) == set(made.recipients) == set(np.flatnonzero(~givers))


def test_networks_and_heads_are_read_by_name(tmp_path: Path) -> None:
    pytest.importorskip("keras")
    for name in ("head", "net"):
        (tmp_path / name).mkdir()
        write_card(Card(name, size=(tiny.SIDE, tiny.SIDE), role="panel"), tmp_path / name)
    net = tiny.network()
    net.save(tmp_path / "net" / WEIGHTS)
    (tmp_path / "head" / WEIGHTS).write_bytes(b"a head stands in a file of its own")
    np.savez(tmp_path / "head-head.npz", weights=np.ones(2), bias=0.5)
    (model,) = truth.stored(tmp_path, None, ["net"])
    np.testing.assert_allclose(
        model.probability(tiny.films()), tiny.said(net, tiny.films())[:, -1], atol=1e-5
    )
    assert truth.stored(tmp_path, None, []) == []
    with pytest.raises(ModelError, match="head is a head on VGG19; give --backbone-weights FILE"):
        truth.stored(tmp_path, None)
