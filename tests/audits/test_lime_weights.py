"""Where weight lies: shares add up, devices have their own region, and a guess is told."""

from __future__ import annotations

import numpy as np
import pytest

from tests.helpers.fakes import Fake, thin_and_bright
from xray.audits import lime_weights
from xray.drawing.phantoms import phantom
from xray.explanations import lime
from xray.films import lungs

SIZE = (96, 96)
ROWS, COLUMNS = np.mgrid[:224, :224]
AWAY = np.hypot(ROWS - 45, COLUMNS - 112)
#: Where the ring is.
RING = AWAY < 11


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    """A synthetic film with a ring that is bright and thin."""
    grey = phantom(3, (224, 224), "NORMAL").pixels.copy()
    grey[(AWAY < 9) & (AWAY > 5)] = 1.0
    return grey


def test_devices_and_their_null_are_regions_of_their_own(film: np.ndarray) -> None:
    model = Fake(thin_and_bright)
    found = lime_weights.regions(model, film, RING)
    assert found.device is not None and found.null is not None
    assert not (found.device & found.null).any()
    assert found.null.sum() == pytest.approx(found.device.sum(), rel=0.4)
    labels = lime_weights.cut(model.prepare(film[None])[0], 40, found)
    assert labels is not None
    assert len(set(labels[found.device])) == len(set(labels[found.null])) == 1


def test_what_reads_devices_gives_them_weight(film: np.ndarray) -> None:
    model = Fake(thin_and_bright)
    found = lime_weights.regions(model, film, RING)
    grey = model.prepare(film[None])[0]
    why = lime.explain(model, film, segments=lime_weights.cut(grey, 40, found), fill="inpaint")
    shares = lime_weights.shares(why, found)
    assert shares.device is not None and shares.null is not None
    assert shares.device > 3 * shares.null
    assert 0 < shares.lungs < 1 and shares.lungs_area == pytest.approx(found.lungs.mean())


def test_shares_of_all_parts_are_one(film: np.ndarray) -> None:
    model = Fake(thin_and_bright)
    why = lime.explain(model, film)
    half = np.zeros(SIZE, bool)
    half[:40] = True
    assert lime_weights.share(why, half) + lime_weights.share(why, ~half) == pytest.approx(1)
    assert lime_weights.share(why, np.ones(SIZE, bool)) == pytest.approx(1)


def test_a_film_without_labels_has_lungs_alone(film: np.ndarray) -> None:
    found = lime_weights.regions(Fake(thin_and_bright), film)
    assert found.device is found.null is lime_weights.cut(film, 40, found) is None


def test_lungs_that_are_guessed_are_told(film: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lungs, "network", lambda: None)
    assert lime_weights.regions(Fake(thin_and_bright), film).guessed
