"""Cases of LIME: cut once, weighed for networks of any size; devices drawn several times a film."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.helpers.fakes import Fake, thin_and_bright
from xray.audits import interventions, lime_weights, suspects
from xray.audits.lime_weights import Case
from xray.audits.suspects import Subject
from xray.drawing import devices, phantoms
from xray.films import lungs
from xray.films.pixels import as_bytes

SIDE, FILMS = 128, 7


@pytest.fixture(scope="module")
def under_test() -> list[Subject]:
    films = [phantoms.phantom(i, (SIDE, SIDE), "NORMAL").pixels for i in range(FILMS)]
    return [Subject(film, lungs.guess(film)) for film in films]


@pytest.fixture(scope="module")
def films() -> pd.DataFrame:
    return pd.DataFrame(
        {"file": [f"{i}.png" for i in range(FILMS)], "label": "NORMAL", "person": ""}
    ).assign(free=True, marked=False)


@pytest.fixture(scope="module")
def cases(films: pd.DataFrame, under_test: list[Subject]) -> list[Case]:
    return lime_weights.cases(films, under_test, seed=0, most=FILMS)


def test_each_case_has_device_and_sham_last(cases: list[Case]) -> None:
    assert [case.kind for case in cases] == list(devices.KINDS)
    for case in cases:
        last = int(case.labels.max())
        assert (case.labels[case.device] == last - 1).all()
        assert (case.labels[case.sham] == last).all()
        # Hidden is another picture than shown, and never brighter than the film's brightest.
        assert (case.fill != case.film).mean() > 0.2
        assert case.plain_fill is not None and case.fill.max() <= case.film.max()


@pytest.mark.parametrize("side", [48, 64, 96, SIDE, 224])
def test_superpixels_keep_their_places_at_any_size(cases: list[Case], side: int) -> None:
    found = [lime_weights.at_size(case, (side, side)) for case in cases]
    kept = [cut for cut in found if cut is not None]
    assert len(kept) >= len(cases) - (2 if side < 64 else 0), "few devices vanish at 48 pixels"
    for case, cut in zip(cases, found, strict=True):
        if cut is None:
            continue
        labels, device, sham = cut
        assert labels.shape == (side, side)
        assert set(np.unique(labels)) == set(range(sham + 1)) and device == sham - 1
        area = case.device.mean()
        # A thin line of a pixel is wide for a small network; it never shrinks to nothing.
        assert area * 0.8 <= (labels == device).mean() <= area * (SIDE / side + 1) ** 2
    whole = lime_weights.at_size(cases[0], (SIDE, SIDE))
    assert whole is not None
    np.testing.assert_array_equal(whole[0], cases[0].labels)


def test_what_reads_devices_gives_them_weight(cases: list[Case]) -> None:
    rows = lime_weights.measure(Fake(thin_and_bright), cases, seed=0)
    assert len(rows) == len(cases)
    assert rows["net"].mean() > 0
    again = lime_weights.measure(Fake(thin_and_bright), cases, seed=0)
    pd.testing.assert_frame_equal(rows, again)


def test_devices_are_drawn_several_times_into_each_film(
    films: pd.DataFrame, under_test: list[Subject]
) -> None:
    tube = next(each for each in suspects.SUSPECTS if each.name == "insertion:tube")
    jpeg = next(each for each in suspects.SUSPECTS if each.name == "recompression:jpeg")
    built = interventions.build(films, under_test, seed=3, suspects=(tube, jpeg))
    trials = built.trials
    counts = trials.groupby(["film", "test"]).size().unstack()
    assert (counts["insertion"] == suspects.DRAWS).all() and (counts["recompression"] == 1).all()
    assert suspects.DRAWS > 1
    for _, rows in trials[trials["test"] == "insertion"].groupby("film"):
        assert list(rows["draw"]) == list(range(suspects.DRAWS))
        pictures = built.treated[rows.index]
        assert all((pictures[0] != other).any() for other in pictures[1:])
    # Any drawing is made again from its number alone, as the page of an audit does.
    row = trials[trials["draw"] == 1].iloc[0]
    subject = under_test[int(row["film"])]
    trial = interventions.attempt(films["file"].iloc[int(row["film"])], subject, tube, 3, draw=1)
    assert trial is not None
    np.testing.assert_array_equal(as_bytes(trial.treated), built.treated[row.name])
