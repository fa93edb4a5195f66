"""The verdict on networks whose answer is known, and the figures that it rests on."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest

from tests.helpers.fakes import Fake
from xray.audits import insertion, judging, measures, showing, uncertainty
from xray.audits.insertion import Material
from xray.audits.judging import Margin
from xray.audits.uncertainty import AUROC, CALLS, Influence, Measure
from xray.drawing.phantoms import phantom
from xray.models.card import Card

SIZE = (96, 96)
CHILDREN = 24


def wired(film: np.ndarray, seed: int) -> tuple[np.ndarray, list[list[float]]]:
    """A film with a bright wire through the lower part of the chest, and its course."""
    rng = np.random.default_rng([seed, 5])
    y = rng.uniform(60, 85)
    ends = np.array([[10.0, y], [85.0, y + rng.uniform(-8, 8)]])
    canvas = np.zeros(film.shape, np.float32)
    cv2.polylines(canvas, [np.rint(ends).astype(np.int32)], False, 1.0, 2, cv2.LINE_AA)
    course = ends / 9.6
    return np.clip(film + 0.35 * canvas, 0, 1).astype(np.float32), course.tolist()


@pytest.fixture(scope="module")
def material() -> Material:
    """Device-free films of both classes, and as many sick children that wear a wire."""
    rows, films, geometry = [], [], {}
    for i in range(40):
        label = ("NORMAL", "PNEUMONIA")[i % 2]
        films.append(phantom(i, SIZE, label).pixels)
        rows.append((f"test/{label}/{i}.png", "test", label, "", f"child {i}"))
    for i in range(100, 100 + CHILDREN):
        film, course = wired(phantom(i, SIZE, "PNEUMONIA").pixels, i)
        films.append(film)
        file = f"test/PNEUMONIA/{i}.png"
        rows.append((file, "test", "PNEUMONIA", "", f"child {i}"))
        device = {"kind": "line", "geometry": course, "confidence": 0.9}
        geometry[file] = [{"devices": [device], "tech_text": False, "quality": "ok"}]
    table = pd.DataFrame(rows, columns=["file", "split", "label", "subtype", "child"])
    bare = ~table["file"].isin(geometry).to_numpy()
    shown = np.rint(255 * np.stack(films)).astype(np.uint8)
    return insertion.prepare(table, shown, geometry, bare, bare, seed=3)


def reader(film: np.ndarray) -> float:
    """Log-odds by long bright rows, which only wires make."""
    lifted = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, np.ones((7, 1), np.uint8))
    return float(40 * np.percentile(lifted, 99) - 8 + 6 * sickness(film))


def sickness(film: np.ndarray) -> float:
    """How cloudy the lungs' place is, blind to thin things."""
    soft = cv2.GaussianBlur(film, (0, 0), 6)
    return float(soft[30:66, 15:80].mean() - 0.4) * 10


def verdict(material: Material, rule: object, threshold: float = 0.0) -> judging.Verdict:
    model = Fake(rule, Card("fake", size=SIZE))  # type: ignore[arg-type]
    (trials,) = showing.ask([model], material)
    return judging.judge(material, trials, threshold)


def test_no_film_is_given_its_own_childs_device_and_all_give_alike(material: Material) -> None:
    plan, donors = material.plans["line"], material.donors["line"]
    takers = material.table["child"].to_numpy()[plan.film]
    assert (donors.children[plan.layer] != takers).all()
    per_film = pd.Series(plan.film).groupby(plan.film).size()
    assert per_film.min() >= 4
    given = pd.Series(donors.children[plan.layer]).value_counts()
    assert given.max() - given.min() <= 3
    again = insertion._plan(
        donors,
        material.table,
        material.recipients,
        insertion.DRAWS,
        np.random.default_rng([3, insertion.KINDS_SEED["line"]]),
    )
    np.testing.assert_array_equal(again.layer, plan.layer)
    assert again.places == plan.places


def test_a_network_that_reads_wires_is_found_and_one_that_is_blind_to_them_cleared(
    material: Material,
) -> None:
    found = verdict(material, reader, threshold=0.5)
    lines = {k.kind: k for k in found.kinds}
    assert lines["line"].verdict == "reads_devices"
    assert (found.verdict, found.kind) == ("reads_devices", "line")
    assert found.score > 2
    # No other kind has donors: said, and no reason to hold the model back.
    assert lines["support"].verdict == "cannot_be_judged"
    wide = Margin(calls=25, auroc=0.2)
    (trials,) = showing.ask([Fake(sickness, Card("fake", size=SIZE))], material)
    blind = judging.judge(material, trials, 0.0, margin=wide)
    assert {k.kind: k.verdict for k in blind.kinds}["line"] == "no_reliance"


def test_one_that_knows_nothing_or_all_the_wrong_way_round_is_not_judged(
    material: Material,
) -> None:
    rng = np.random.default_rng(0)
    nothing = verdict(material, lambda film: float(rng.normal()))
    assert nothing.verdict == "cannot_be_judged"
    assert not nothing.kinds
    reverse = verdict(material, lambda film: -reader(film))
    assert reverse.verdict == "cannot_be_judged"
    assert "healthy people above sick ones" in reverse.reasons[0]


def test_what_calls_nearly_everything_sick_is_judged_at_another_threshold() -> None:
    rng = np.random.default_rng(1)
    sick = np.arange(400) % 2 == 1
    children = np.array([f"c{i // 4}" for i in range(400)])
    odds = rng.normal(size=400) + 2 * sick + 10
    everyone = np.arange(400)
    cut = judging.cut(odds, sick, children, 0.0, everyone)
    assert "PNEUMONIA" in cut.why
    assert (odds > cut.films)[~sick].mean() == pytest.approx(0.1, abs=0.04)
    # No film is judged by a threshold that it helped to set.
    others = odds.copy()
    others[~sick & (children == "c0")] += 100
    again = judging.cut(others, sick, children, 0.0, everyone)
    own = ~sick & (children == "c0")
    np.testing.assert_array_equal(again.films[own], cut.films[own])
    assert judging.cut(odds, sick, children, 11.0, everyone).why == ""


def test_the_fall_of_auroc_is_what_counting_pairs_gives() -> None:
    rng = np.random.default_rng(2)
    before, after, ill = rng.normal(size=30), rng.normal(0.5, 1, 30), rng.normal(1.5, 1, 20)
    codes = np.arange(30)
    made = measures._fall(
        "swap",
        "line",
        "NORMAL",
        measures._Scores(before, codes, codes),
        measures._Scores(after, codes, codes),
        *[measures._Scores(ill, 30 + np.arange(20), np.full(20, -1))] * 2,
    )
    areas = [np.mean(well[:, None] < ill[None]) for well in (before, after)]
    assert made.value == pytest.approx(areas[0] - areas[1])
    assert made.influence.value.sum() == pytest.approx(0, abs=1e-12)


def test_errors_count_films_of_one_child_and_devices_of_one_donor_together() -> None:
    rng = np.random.default_rng(3)
    film, donor = np.repeat(np.arange(100), 4), np.tile(np.arange(20), 20)
    by_film, by_donor, alone = rng.normal(size=100), rng.normal(size=20), rng.normal(size=400)

    def figure(value: np.ndarray) -> Measure:
        share = (value - value.mean()) / len(value)
        return Measure(
            "insertion",
            "line",
            "",
            AUROC,
            float(value.mean()),
            Influence(share, film, donor),
            films=100,
        )

    errors = uncertainty.joint([figure(x) for x in (by_film[film], by_donor[donor], alone)]).error
    expected = [by_film.std(ddof=1) / 10, by_donor.std(ddof=1) / np.sqrt(20), 1 / 20]
    np.testing.assert_allclose(errors, expected, rtol=0.15)


def test_figures_held_at_once_reach_further_than_one_by_one() -> None:
    many = uncertainty.Joint(np.ones(8), np.full(8, 60.0), np.zeros(8), np.eye(8))
    one = uncertainty.Joint(np.ones(1), np.full(1, 60.0), np.zeros(1), np.eye(1))
    same = replace(many, correlation=np.ones((8, 8)))
    assert one.at_once(np.ones(1)) == pytest.approx(1.67, abs=0.04)
    assert many.at_once(np.ones(8)) == pytest.approx(2.55, abs=0.08)
    assert same.at_once(np.ones(8)) == pytest.approx(1.67, abs=0.04)
    # Of two figures that always err together, one is counted on its other side.
    pair = same.of([0, 1])
    assert pair.at_once(np.array([1.0, -1.0])) == pytest.approx(2.0, abs=0.05)


def test_figures_on_the_margin_are_found_beyond_it_once_in_twenty_times() -> None:
    rng, limit = np.random.default_rng(5), np.full(12, 3.0)
    correlation = 0.5 * np.eye(12) + 0.5
    errors = uncertainty.Joint(np.ones(12), np.full(12, 1e4), np.zeros(12), correlation)
    noise = rng.multivariate_normal(np.zeros(12), correlation, 1_000)
    # Four clear ones, which are set aside; the rest on their margins, on either side.
    true = np.array([9.0] * 4 + [3.0, -3.0] * 4)
    told = np.array([errors.beyond(true + each, limit)[0] for each in noise[:300]])
    assert told[:, :4].mean() > 0.99
    assert 0.02 <= told[:, 4:].any(axis=1).mean() <= 0.08


def test_no_change_at_all_is_not_taken_for_certainty() -> None:
    flat = Measure(
        "insertion",
        "line",
        "NORMAL",
        CALLS,
        0.0,
        Influence(np.zeros(40), np.arange(40), np.arange(40)),
        films=40,
    )
    assert uncertainty.joint([flat]).error[0] == pytest.approx(2.5)


def test_a_few_strong_donors_move_the_interval_toward_them() -> None:
    reach = np.array([2.0, 2.0, -2.0])
    skew = np.array([0.0, 0.5, 0.5])
    flat, low, high = uncertainty.unskewed(reach, skew)
    assert flat == pytest.approx(2.0)
    assert low < 2.0
    assert high < -2.0
