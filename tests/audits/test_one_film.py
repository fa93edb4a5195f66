"""Devices laid over one film: rendered or real, each beside its null, at the film's own size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from xray.audits import findings, one_film
from xray.audits.one_film import DRAWS
from xray.drawing.phantoms import phantom


@pytest.fixture(scope="module")
def film() -> np.ndarray:
    return phantom(4, (300, 260), "NORMAL").pixels


@pytest.mark.parametrize("kind", findings.KINDS)
def test_rendered_devices_change_a_film_of_any_size_a_little(film: np.ndarray, kind: str) -> None:
    stock = one_film.stock(kind, None)
    assert stock.rendered and not stock.donors.nulls
    worn = list(one_film.wear(film, stock, seed=3))
    assert len(worn) == DRAWS
    for each in worn:
        for made in (each.device, each.null):
            assert made.shape == film.shape and made.dtype == np.float32
            assert made.min() >= 0 and made.max() <= 1
        added, null = (float((made - film).sum()) for made in (each.device, each.null))
        # The match is as bright, and another picture.
        assert null == pytest.approx(added, rel=0.1, abs=60)
        assert np.abs(each.device - each.null).max() > 0.005


def test_the_same_seed_lays_the_same_devices(film: np.ndarray) -> None:
    stock = one_film.stock("electrode", None)
    first, again, other = (next(one_film.wear(film, stock, seed)).device for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 0.01


def test_a_folder_without_labels_gives_rendered_devices(synthetic_folder: Path) -> None:
    assert one_film.stock("tube", synthetic_folder).rendered


def test_a_child_is_told_by_the_name_of_its_film() -> None:
    assert one_film.child("test/PNEUMONIA/person7_virus_12.jpeg") == "person-7"
    assert one_film.child("test/NORMAL/IM-0001-0001.jpeg") == "normal-0001"
    assert one_film.child("test/NORMAL/a.png") == "test/NORMAL/a.png"


def test_labelled_films_give_real_devices_of_other_children(real_films: Path) -> None:
    stock = one_film.stock("support", real_films)
    assert not stock.rendered
    children = stock.donors.children
    assert len(set(children)) == len(children) > DRAWS
    grey = one_film.read(real_films / "test" / "NORMAL" / "IM-0001-0001.jpeg")
    worn = list(one_film.wear(grey, stock, own=str(children[0])))
    assert len(worn) == DRAWS
    assert all(np.abs(each.device - grey).max() > 0.05 for each in worn)
