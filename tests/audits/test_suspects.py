"""Other suspects: a model that follows one is moved by that one, and by no other."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest

from tests.audits.test_audit import fake
from tests.helpers.fakes import Fake
from tests.helpers.worn import few_layers, materials, sickness
from xray.audits import audit, inputs, suspects
from xray.audits.inputs import Materials
from xray.audits.judging import Cut, Margin, Verdict
from xray.audits.suspects import Try
from xray.films.pixels import as_bytes, as_float

COUNT = 24


def marked(shown: Materials) -> Materials:
    """The same films, on which markers hang high on the sick and low on the healthy."""
    films = shown.material.films.copy()
    for film, label in zip(films, shown.material.table["label"], strict=True):
        x, y = (3, 16) if label == "PNEUMONIA" else (3, 60)
        film[y - 12 : y + 4, :14] = film[y - 12 : y + 4, :14] // 4
        cv2.putText(film, "R", (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.3, 255, 1, cv2.LINE_AA)
    boxes = [(16.0, 20.0, 80.0, 76.0)] * len(films)
    material = inputs.insertion.prepare(
        shown.material.table,
        films,
        {},
        np.ones(len(films), bool),
        np.ones(len(films), bool),
        found=[lungs_in(box) for box in boxes],
        further=few_layers(films.shape[1:]),
        kinds=("line",),
    )
    return Materials(**{**shown.__dict__, "material": material})


def lungs_in(box: tuple[float, float, float, float]) -> object:
    """Lungs of which only the box is asked for."""
    return type("Found", (), {"box": box})()


@pytest.fixture(scope="module")
def shown() -> Materials:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inputs.rendering, "read", lambda *_: [])
        return marked(materials(["NORMAL", "PNEUMONIA"] * COUNT))


@pytest.fixture(scope="module")
def tries(shown: Materials) -> list[Try]:
    return suspects.prepare(shown.material, shown.has_text)


def rows(shown: Materials, tries: list[Try], model: Fake) -> pd.DataFrame:
    plain = model.log_odds(as_float(shown.films))
    nothing = Cut(0.0, np.zeros(len(plain)))
    verdict = Verdict("no_reliance", "", 0.0, (), (0.9, 0.8, 1.0), 0.5, nothing, Margin())
    found = suspects.ask([model], shown.material, tries, ["float32"])[0]
    assert np.isfinite(found.changed).all() and np.isfinite(found.sham).all()
    judged = np.ones(len(plain), bool)
    made = suspects.effects(shown.material, tries, found, plain, verdict, judged)
    return pd.DataFrame(made).set_index(["test", "label"])


def high_corner(film: np.ndarray) -> float:
    """Follows the marker: bright at the top left."""
    return float(20 * film[4:18, 2:13].max() - 14)


def lightness(film: np.ndarray) -> float:
    return float(400 * (film.mean() - 0.47))


def test_every_film_is_changed_toward_the_other_class(shown: Materials, tries: list[Try]) -> None:
    counts = pd.Series([each.test for each in tries]).value_counts()
    assert (counts == 2 * COUNT).all()
    # Nobody looked for burned-in text on these films, so that none can be laid on.
    assert set(counts.index) == {"aspect", "framing", "brightness", "jpeg", "marker"}
    for each in tries:
        treated, sham = each.change(as_float(shown.films[each.film]))
        assert treated.shape == sham.shape and treated.min() >= 0 and treated.max() <= 1
    children = shown.material.table["child"]
    labels = shown.material.table["label"]
    of = dict(zip(children, labels, strict=True))
    given = [each for each in tries if each.test == "marker"]
    assert all(of[each.donor] != labels[each.film] for each in given)


def test_each_change_leads_toward_the_other_class() -> None:
    """Films of a bright square: small and dark of the healthy, large and light of the sick."""
    rng = np.random.default_rng(0)
    films, boxes, labels = [], [], ["NORMAL", "PNEUMONIA"] * 4
    for label in labels:
        half, light = (16, 90) if label == "NORMAL" else (24, 130)
        film = (light + rng.integers(0, 20, (96, 96))).astype(np.uint8)
        film[48 - half : 48 + half, 48 - half : 48 + half] = 220
        films.append(film)
        boxes.append((48.0 - half, 48.0 - half, 48.0 + half, 48.0 + half))
    table = pd.DataFrame({"label": labels, "file": "", "child": [f"c{i}" for i in range(8)]})
    material: Any = SimpleNamespace(
        table=table, films=np.stack(films), boxes=boxes, recipients=np.arange(8), seed=0
    )
    made = suspects.prepare(material, pd.Series(np.nan, table.index))
    assert {each.test for each in made} == {"aspect", "framing", "brightness", "jpeg"}
    for each in made:
        film = as_float(films[each.film])
        treated, sham = each.change(film)
        healthy = 1 if labels[each.film] == "NORMAL" else -1
        spans = [
            ((one > 0.7).any(axis=0).sum(), (one > 0.7).any(axis=1).sum())
            for one in (treated, sham)
        ]
        if each.test == "framing":
            assert healthy * (spans[0][0] - spans[1][0]) > 0
        elif each.test == "aspect":
            # What was wider is squashed more: the sick's films were.
            ratios = [wide / high for wide, high in spans]
            assert healthy * (ratios[0] - ratios[1]) < 0
        elif each.test == "brightness":
            assert healthy * (treated.mean() - sham.mean()) > 0
        else:
            errors = [float(np.abs(one - film).mean()) for one in (treated, sham)]
            assert healthy * (errors[0] - errors[1]) > 0, "films of the sick are pressed harder"


def test_a_model_that_follows_markers_is_moved_by_them_alone(
    shown: Materials, tries: list[Try]
) -> None:
    found = rows(shown, tries, fake(high_corner))
    assert found.loc[("marker", "NORMAL"), "calls_low"] > 10
    assert found.loc[("marker", "PNEUMONIA"), "calls_high"] < -10
    assert found.loc[("marker", ""), "auroc_drop_low"] > 0.1
    jpeg = found.loc[("jpeg", "NORMAL")]
    assert jpeg["calls_low"] <= 0 <= jpeg["calls_high"]


def test_before_after_and_null_add_up(shown: Materials, tries: list[Try]) -> None:
    found = rows(shown, tries, fake(sickness)).reset_index()
    calls = found[found["label"] != ""]
    np.testing.assert_allclose(calls["called_after"] - calls["called_null"], calls["calls"])
    assert (calls["calls_low"] <= calls["calls"]).all()
    assert (calls["calls"] <= calls["calls_high"]).all()


@pytest.mark.parametrize(
    ("change", "by"),
    [
        (suspects.stretched, (0.1,)),
        (suspects.framed, (0.05, 0.02, -0.01)),
        (suspects.lit, (0.03, -0.1)),
    ],
)
def test_turned_round_is_as_large(change: Callable[..., np.ndarray], by: tuple[float, ...]) -> None:
    film = as_float(
        as_bytes(
            np.clip(
                cv2.GaussianBlur(
                    np.random.default_rng(0).random((96, 96)).astype(np.float32), (0, 0), 6
                )
                * 2
                - 0.5,
                0,
                1,
            )
        )
    )
    toward, away = suspects.both_ways(change, by, film)
    one, other = (float(np.abs(each - film).mean()) for each in (toward, away))
    assert one == pytest.approx(other, rel=0.25) and one > 0.001


def test_an_audit_tells_of_them_beside_devices(shown: Materials) -> None:
    made = audit.audit([fake(high_corner, "markers")], shown)[0].to_json()
    assert made["verdict"] != "reads_devices"
    tests = {row["test"] for row in made["effects"]}
    assert {"marker", "jpeg", "aspect"} <= tests
    assert set(made["effects"][0]) == set(made["effects"][-1])


def test_jpeg_quality_75_loses_more_than_96(shown: Materials) -> None:
    film = as_float(shown.films[0])
    low, high = (np.abs(suspects.jpeg(film, q) - film).mean() for q in (75, 96))
    assert low > 1.5 * high
