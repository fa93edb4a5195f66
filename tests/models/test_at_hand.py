"""Labelled films at hand: which are taken for a check, and what follows from what it finds."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from tests.helpers import networks as tiny
from xray.errors import DatasetError, ModelError
from xray.models import at_hand, objects, plausibility, registry
from xray.models.card import Card
from xray.models.objects import ObjectModel


def ward(folder: Path, counts: dict[tuple[str, str], int]) -> Path:
    """Films of dark healthy and bright sick lungs: (split, label) -> how many."""
    rng = np.random.default_rng(0)
    for (split, label), count in counts.items():
        home = folder / split / label
        home.mkdir(parents=True)
        for number in range(count):
            grey = rng.normal(160 if label == "PNEUMONIA" else 80, 12, (48, 40))
            cv2.imwrite(str(home / f"{split}{label}{number:02d}.png"), grey.astype(np.uint8))
    return folder


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of enough train films, and others to judge on."""
    return ward(
        tmp_path_factory.mktemp("ward"),
        {
            ("train", "NORMAL"): 24,
            ("train", "PNEUMONIA"): 30,
            ("test", "NORMAL"): 8,
            ("test", "PNEUMONIA"): 8,
        },
    )


class Brightness:
    """Calls bright films sick, or dark ones."""

    def __init__(self, sign: float) -> None:
        self.sign = sign

    def predict(self, films: np.ndarray) -> np.ndarray:
        mean = films.mean(axis=(1, 2))
        return 1 / (1 + np.exp(-20 * self.sign * (mean - 0.47)))


def model(sign: float = 1.0) -> ObjectModel:
    made = objects.wrap(Brightness(sign), size=(16, 16))
    assert isinstance(made, ObjectModel)
    return made


def test_train_films_of_both_classes_are_taken(trained: Path) -> None:
    films = at_hand.sample(trained, 10)
    assert films.split == "train" and films.real
    assert len(films.films) == len(films.files) == len(set(films.files)) == 20
    assert films.sick.tolist() == [False] * 10 + [True] * 10
    assert all(
        ("PNEUMONIA" in file) == sick for file, sick in zip(films.files, films.sick, strict=True)
    )
    assert at_hand.sample(trained, 10).key == films.key, "the same films each time"
    assert at_hand.sample(trained, 10, seed=1).key != films.key
    grey = films.at((12, 20), "squash")
    assert grey.shape == (20, 12, 20)
    ways = dict(films.ways((12, 20), ("squash", "letterbox")))
    assert np.array_equal(ways["squash"], grey)
    assert not np.array_equal(ways["letterbox"], grey)


def test_films_that_are_known_already_are_not_looked_for(trained: Path) -> None:
    files = sorted(path.relative_to(trained).as_posix() for path in trained.glob("test/*/*"))
    listed = pd.DataFrame({"file": files, "path": files, "split": "", "label": "ill"})
    listed.loc[listed["file"].str.contains("NORMAL"), "label"] = "healthy"
    films = at_hand.sample(trained, listed=listed)
    # Films of an only split are also judged: half of them are left for that.
    assert films.split == "" and films.sick.sum() == 4 and len(films.sick) == 8


def test_films_that_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    folder = ward(
        tmp_path, {("train", "NORMAL"): 2, ("train", "PNEUMONIA"): 2, ("test", "NORMAL"): 1}
    )
    (folder / "train" / "NORMAL" / "trainNORMAL00.png").write_bytes(b"no film")
    assert at_hand.sample(folder).sick.tolist() == [False, True, True]
    (folder / "train" / "NORMAL" / "trainNORMAL01.png").write_bytes(b"no film")
    with pytest.raises(DatasetError, match="no readable films of both classes"):
        at_hand.sample(folder)


def test_a_folder_of_one_class_is_nothing_to_check_on(tmp_path: Path) -> None:
    folder = ward(tmp_path, {("train", "NORMAL"): 2, ("test", "PNEUMONIA"): 2})
    with pytest.raises(DatasetError, match="no split with films of both classes"):
        at_hand.sample(folder)
    assert at_hand.against(model(-1), folder) is None, "it speaks against nothing"


def test_synthetic_films_where_no_others_are() -> None:
    films = at_hand.synthetic(2)
    assert not films.real and films.sick.tolist() == [False, True, False, True]
    assert films.at((8, 8), "squash").shape == (4, 8, 8)
    assert films.key != at_hand.synthetic(1).key


def test_large_networks_are_checked_on_fewer_films() -> None:
    small, large = (Card("m", parameters=n) for n in (at_hand.LARGE - 1, at_hand.LARGE))
    assert at_hand.how_many(ObjectModel(small, Brightness(1))) == at_hand.FILMS
    assert at_hand.how_many(ObjectModel(large, Brightness(1))) == at_hand.FEWER


def test_films_speak_against_a_model_whose_classes_are_swapped(trained: Path) -> None:
    assert at_hand.against(model(), trained) is None
    found = at_hand.against(model(-1), trained)
    assert found is not None and found.real and found.option == "--positive-index 0"
    at_hand.require(model(), trained)
    with pytest.raises(ModelError, match=r"Add its file again with --positive-index 0\.$"):
        at_hand.require(model(-1), trained)


def test_the_project_s_own_models_are_not_checked(trained: Path) -> None:
    ours = ObjectModel(Card("basic", role="recipe", size=(16, 16)), Brightness(-1))
    assert at_hand.against(ours, trained) is None
    at_hand.require(ours, trained)


def test_synthetic_films_refuse_nothing(synthetic_folder: Path) -> None:
    blind = objects.wrap(Brightness(0), size=(16, 16))
    found = at_hand.against(blind, synthetic_folder)
    assert found is not None and found.problem and not found.real
    at_hand.require(blind, synthetic_folder)


def test_a_check_of_a_file_is_remembered(
    tmp_path: Path, synthetic_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("keras")
    monkeypatch.setenv("XRAY_CACHE", str(tmp_path / "cache"))
    tiny.network().save(tmp_path / "model.keras")
    model = registry.load(str(tmp_path / "model.keras"))
    films = at_hand.sample(synthetic_folder, 6)
    assert not films.real
    assert films.split == "train"
    assert films.sick.sum() == 6 and len(films.files) == 12
    first = at_hand.checked(model, films)
    monkeypatch.setattr(plausibility, "check", None)
    again = at_hand.checked(model, films)
    assert again == first
    assert str(again) == str(first)


def test_a_split_of_few_films_is_passed_over_for_one_of_more(tmp_path: Path) -> None:
    """Of test films half at most are looked at: the rest is judged."""
    from xray.drawing.phantoms import write_dataset

    write_dataset(tmp_path, n_train=0, n_val=4, n_test=60, seed=1, size=(40, 40))
    films = at_hand.sample(tmp_path)
    assert films.split == "test" and len(films.files) == 30
    write_dataset(tmp_path / "few", n_train=0, n_val=4, n_test=6, seed=1, size=(40, 40))
    assert len(at_hand.sample(tmp_path / "few").files) == 4
