"""The picture of the Overview: the film whose call a device changes most, and when it is shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.helpers.fakes import Fake
from xray import classes
from xray.audits import showcase
from xray.audits.findings import KINDS
from xray.audits.showcase import Example
from xray.errors import ArtifactError
from xray.files import write_table
from xray.films.pixels import Pixels
from xray.models import registry
from xray.models.card import WEIGHTS, Card

CARD = Card("m", threshold=0.6, files={WEIGHTS: "a" * 64})


def row(kind: str, changed: int = 2, **values: object) -> dict[str, object]:
    base = {"model": "m", "model_hash": "a" * 64, "threshold": 0.6, "films": 180}
    film = {"child": 4, "shape": 7, "original": -1.0, "device": 2.0, "match": -0.5, "plain": True}
    return base | film | {"kind": kind, "changed": changed} | values


@pytest.fixture
def artifacts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XRAY_ARTIFACTS", str(tmp_path))
    return tmp_path


def test_the_first_kind_that_changes_a_call_is_shown() -> None:
    table = pd.DataFrame([row("line", 0), row("tube", 3), row("support", 9)])
    shown = showcase.example(table, CARD, ["line", "tube", "support"])
    assert shown == Example("m", "tube", 180, 3, 4, 7, -1.0, 2.0, -0.5)
    assert showcase.example(table, CARD, ["support", "tube"]) == replace(
        shown, kind="support", changed=9
    )
    assert showcase.example(table, CARD, ["line"]) is None
    beside = pd.DataFrame([row("tube", 3, plain=False), row("support", 9)])
    shown = showcase.example(beside, CARD, ["tube", "support"])
    assert shown is not None and shown.kind == "support", "plain to see"


def test_a_model_that_the_table_knows_otherwise_has_no_example() -> None:
    table = pd.DataFrame([row("tube")])
    assert showcase.example(table, CARD, ["tube"]) is not None
    for other in (
        replace(CARD, name="n"),
        replace(CARD, threshold=0.5),
        replace(CARD, files={WEIGHTS: "b" * 64}),
    ):
        assert showcase.example(table, other, ["tube"]) is None
    with classes.using(classes.Classes("clear", "TB")):
        assert showcase.example(table, CARD, ["tube"]) is None, "the children are the public set's"


def test_rows_of_other_models_are_kept(artifacts: Path) -> None:
    columns = list(showcase.COLUMNS)
    first = pd.DataFrame([row("tube", 1), row("tube", 5, model="n")])[columns]
    showcase.store(first)
    showcase.store(pd.DataFrame([row("line", 2)])[columns])
    kept = showcase.load()
    assert kept[["model", "kind", "changed"]].to_numpy().tolist() == [
        ["m", "line", 2],
        ["n", "tube", 5],
    ]
    # A table of other columns is no table of ours: it is replaced.
    write_table(artifacts / showcase.FILE, pd.DataFrame({"model": ["x"]}))
    showcase.store(first)
    assert set(showcase.load()["model"]) == {"m", "n"}


def test_a_missing_or_damaged_table_is_said(artifacts: Path) -> None:
    with pytest.raises(ArtifactError):
        showcase.load()
    write_table(artifacts / showcase.FILE, pd.DataFrame({"model": ["x"]}))
    with pytest.raises(ArtifactError, match=r"is damaged; run 'python -m xray showcase'"):
        showcase.load()


def test_a_device_is_laid_over_a_healthy_child_beside_its_match() -> None:
    child, laid = showcase.child(0), showcase.laid(0, 0)
    assert child.label == "NORMAL" and child.pixels.shape == showcase.SIZE
    assert laid.device.shape == laid.null.shape == showcase.SIZE
    assert np.abs(laid.device - child.pixels).max() > 0.02
    assert np.abs(laid.device - laid.null).max() > 0.02
    assert np.array_equal(showcase.laid(0, 0).device, laid.device), "the same each time"


def test_calls_that_the_device_alone_changes_are_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(showcase, "CHILDREN", 2)
    monkeypatch.setattr(showcase, "DEVICES", 1)
    seen: list[Pixels] = []

    def in_turn(film: Pixels) -> float:
        """Below the threshold for the children; for each kind one device film above it."""
        seen.append(film)
        place = len(seen) - 1 - 2
        return 1.0 + place if 0 <= place < 2 * len(KINDS) and place % 2 else -1.0

    models = {"m": Fake(in_turn, CARD), "blind": Fake(lambda _: -1.0, replace(CARD, name="blind"))}
    models = {n: replace(f, card=replace(f.card, size=showcase.SIZE)) for n, f in models.items()}
    monkeypatch.setattr(registry, "load", models.__getitem__)
    told: list[tuple[int, int]] = []
    table = showcase.measure(["m", "blind"], lambda *each: told.append(each))
    assert list(table.columns) == list(showcase.COLUMNS) and told == [(1, 2), (2, 2)]
    mine, blind = (table[table["model"] == name] for name in ("m", "blind"))
    assert list(mine["kind"]) == list(blind["kind"]) == list(KINDS)
    assert set(mine["films"]) == {2} and set(mine["changed"]) == {1}
    assert set(mine["child"]) == {1} and list(mine["device"]) == [2.0, 4.0, 6.0, 8.0, 10.0]
    assert set(mine["original"]) == set(mine["match"]) == {-1.0}
    assert set(blind["changed"]) == {0} and blind["child"].isna().all()


def test_a_device_that_is_plain_to_see_is_shown_before_others() -> None:
    told = pd.DataFrame(
        {
            "kind": "tube",
            "child": [0, 1, 2],
            "shape": [0, 1, 2],
            "original": -1.0,
            "match": -1.0,
            "device": [1.0, 3.0, 2.0],
            "plain": [True, False, True],
        }
    )
    assert showcase._most(told, 0.0)["shape"] == 2
    assert showcase._most(told.assign(plain=False), 0.0)["shape"] == 1
    added = np.zeros((100, 100), np.float32)
    added[45:55, 45:55] = 0.5
    assert showcase._plain(added, (20.0, 20.0, 80.0, 80.0))
    assert not showcase._plain(added, (20.0, 20.0, 45.0, 80.0))
    added[:, 80:] = 0.5
    assert showcase._plain(added, (20.0, 20.0, 45.0, 80.0)), "large"
