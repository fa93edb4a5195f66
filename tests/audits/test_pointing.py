"""What a method weighs devices: found where the device is what the model reads, and only there."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pandas as pd
import pytest

from xray.audits import findings, pointing
from xray.audits.insertion import Donors, Material
from xray.drawing.layers import Layer
from xray.models.card import Card

SIDE = 64


def device(place: int) -> np.ndarray[Any, Any]:
    mask = np.zeros((SIDE, SIDE), bool)
    mask[10:20, 8 + 2 * place : 18 + 2 * place] = True
    return mask


def material(films: int = 6) -> Material:
    table = pd.DataFrame(
        {
            "file": [f"f{i}" for i in range(films)],
            "child": [f"c{i // 2}" for i in range(films)],
            "label": "PNEUMONIA",
            "subtype": "",
            "split": "test",
        }
    )
    rng = np.random.default_rng(0)
    pixels = rng.integers(90, 110, (films, SIDE, SIDE)).astype(np.uint8)
    for place in range(films):
        pixels[place][device(place)] = 230
    layers = tuple(
        Layer("line", f"f{i}", f"c{i // 2}", "PNEUMONIA", "", device(i), (), (4, 4, 60, 60))
        for i in range(films)
    )
    elsewhere = Layer("line", "away", "x", "PNEUMONIA", "", device(0), (), (4, 4, 60, 60))
    donors = {"line": Donors((*layers, elsewhere), ((),) * (films + 1))}
    boxes = [(4, 4, 60, 60)] * films
    return Material(table, pixels, boxes, np.arange(0), donors, {}, {}, Counter(), 0)


class Bright:
    """Reads the bright device, or nothing but chance."""

    def __init__(self, reads: bool) -> None:
        self.card = Card("bright", size=(SIDE, SIDE))
        self.reads = reads

    def prepare(self, films: Any) -> Any:
        return films

    def log_odds_prepared(self, grey: Any, precision: str = "float32") -> Any:
        top = (np.maximum(grey - 0.7, 0) * 10).sum(axis=(1, 2)) / 100
        low = grey[:, 40:, :].mean(axis=(1, 2))
        return np.asarray(top if self.reads else low, np.float64)


def test_one_film_a_child_and_as_large_a_region_elsewhere() -> None:
    asked = pointing.sights(material())
    assert [sight.child for sight in asked] == ["c0", "c1", "c2"]
    for sight in asked:
        assert not (sight.mask & sight.null).any()
        assert 0.5 < sight.null.sum() / sight.mask.sum() < 1.5
    assert len(pointing.sights(material(), films=2)) == 2


@pytest.mark.parametrize("method", ["lime", "occlusion"])
def test_a_reader_of_devices_is_pointed_out_and_no_other(method: str) -> None:
    made = material()
    asked = pointing.sights(made)
    reads = pointing.weigh(Bright(True), made, asked, method)  # type: ignore[arg-type]
    other = pointing.weigh(Bright(False), made, asked, method)  # type: ignore[arg-type]
    assert (reads["share"] > 0.1).all()
    assert (other["share"].abs() < 0.1).all()
    rows = pointing.effects(reads)
    assert [(row["test"], row["kind"], row["films"], row["donors"]) for row in rows] == [
        ("lime", "line", 3, 3)
    ]
    assert rows[0]["share_low"] <= rows[0]["share"] <= rows[0]["share_high"]
    assert findings.pointed(rows, {"line": 0.05}) == ["line"]
    assert findings.pointed(pointing.effects(other), {"line": 0.1}) == []
    assert findings.pointed(rows, {"tube": 0.05}) is None
