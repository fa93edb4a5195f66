"""Suspects change what they say they change, and their shams change as much without it."""

from __future__ import annotations

import numpy as np
import pytest

from xray.audits import interventions
from xray.audits.suspects import SUSPECTS, Subject, bright_marks, jpeg
from xray.drawing import phantoms
from xray.films import lungs

BY_NAME = {suspect.name: suspect for suspect in SUSPECTS}


@pytest.fixture(scope="module")
def subject() -> Subject:
    made = phantoms.phantom(3, (160, 160), device="electrode")
    return Subject(made.pixels, lungs.guess(made.pixels), made.device_mask > 0.3)


@pytest.mark.parametrize("name", BY_NAME)
def test_trials_are_films_and_repeat(subject: Subject, name: str) -> None:
    first = interventions.attempt("a", subject, BY_NAME[name], seed=1)
    again = interventions.attempt("a", subject, BY_NAME[name], seed=1)
    assert first is not None and again is not None
    for film in (first.treated, first.sham):
        assert film.shape == subject.film.shape and film.dtype == np.float32
        assert film.min() >= 0 and film.max() <= 1
    np.testing.assert_array_equal(first.treated, again.treated)
    np.testing.assert_array_equal(first.sham, again.sham)
    assert np.abs(first.treated - first.sham).max() > 0.01


@pytest.mark.parametrize("name", [n for n in BY_NAME if n.startswith("insertion")])
def test_inserted_brightness_is_matched_by_the_sham(subject: Subject, name: str) -> None:
    trial = interventions.attempt("b", subject, BY_NAME[name], seed=2)
    assert trial is not None
    added, sham = (float((f - subject.film).sum()) for f in (trial.treated, trial.sham))
    assert added > 0 and sham == pytest.approx(added, rel=0.1)


def test_another_seed_draws_another_device(subject: Subject) -> None:
    one = interventions.attempt("a", subject, BY_NAME["insertion:tube"], seed=1)
    other = interventions.attempt("a", subject, BY_NAME["insertion:tube"], seed=2)
    assert one is not None and other is not None
    assert np.abs(one.treated - other.treated).max() > 0.05


def test_removal_needs_marked_devices_and_takes_them_out(subject: Subject) -> None:
    bare = Subject(subject.film, subject.lungs)
    assert BY_NAME["removal:labelled"].apply(bare, np.random.default_rng(0)) is None
    trial = BY_NAME["removal:labelled"].apply(subject, np.random.default_rng(0))
    assert trial is not None and subject.devices is not None
    changed = np.abs(trial.treated - subject.film)
    assert changed[subject.devices].mean() > 5 * changed[~subject.devices].mean()


def test_marks_are_found_in_the_outer_parts_only() -> None:
    film = np.full((200, 200), 0.3, np.float32)
    film[10:16, 12:18] = 0.95
    film[100:106, 100:106] = 0.95
    found = bright_marks(film)
    assert found[10:16, 12:18].all() and not found[100:106, 100:106].any()


def test_jpeg_quality_75_loses_more_than_96(subject: Subject) -> None:
    low, high = (np.abs(jpeg(subject.film, q) - subject.film).mean() for q in (75, 96))
    assert low > 1.5 * high
