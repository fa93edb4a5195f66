"""The phantoms: seeded, varied, labelled, and different only in what was asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import ndimage

from xray.drawing.phantoms import DEVICES, LABELS, phantom, write_dataset
from xray.errors import DatasetError
from xray.films.decode import decode, read


def test_same_seed_same_film() -> None:
    one, again = (
        phantom(3, (96, 96), "PNEUMONIA", "tube"),
        phantom(3, (96, 96), "PNEUMONIA", "tube"),
    )
    assert np.array_equal(one.pixels, again.pixels)
    assert np.array_equal(one.device_mask, again.device_mask)


def test_seeds_differ() -> None:
    films = np.stack([phantom(seed, (64, 64)).pixels for seed in range(12)]).reshape(12, -1)
    apart = np.abs(films[:, None] - films[None]).mean(axis=-1)[np.triu_indices(12, 1)]
    assert apart.min() > 0.02


@pytest.mark.parametrize("size", [(128, 128), (96, 160), (32, 32), (300, 210)])
def test_shapes_and_range(size: tuple[int, int]) -> None:
    drawn = phantom(5, size, "PNEUMONIA", "electrode")
    assert drawn.pixels.shape == size
    assert drawn.pixels.dtype == np.float32
    assert 0 <= drawn.pixels.min() < 0.1
    assert 0.7 < drawn.pixels.max() <= 1
    for mask in (drawn.lung_mask, drawn.opacity_mask, drawn.device_mask):
        assert mask.shape == size
        assert mask.dtype == bool


def test_anatomy_is_where_it_should_be() -> None:
    for seed in range(20):
        drawn = phantom(seed, (128, 128), marker=False)
        share = drawn.lung_mask.mean()
        assert 0.1 < share < 0.45
        lung = drawn.pixels[drawn.lung_mask].mean()
        belly = np.median(drawn.pixels[-32:-12, 40:88])
        assert lung < belly - 0.2
        # Two lungs, apart from each other.
        assert ndimage.label(drawn.lung_mask)[1] == 2


def test_pneumonia_is_the_same_child_with_opacities() -> None:
    for seed in range(10):
        well, ill = phantom(seed, (128, 128)), phantom(seed, (128, 128), "PNEUMONIA")
        assert np.array_equal(well.lung_mask, ill.lung_mask)
        assert not well.opacity_mask.any()
        assert ill.opacity_mask.sum() > 100
        change = ill.pixels - well.pixels
        assert change[ill.opacity_mask].mean() > 0.04
        assert np.abs(change[~ill.lung_mask]).mean() < 0.01


@pytest.mark.parametrize("device", DEVICES)
def test_device_brightens_its_mask_and_little_else(device: str) -> None:
    for seed in range(5):
        without = phantom(seed, (160, 160))
        drawn = phantom(seed, (160, 160), device=device)
        assert drawn.device == device
        assert 0.001 < drawn.device_mask.mean() < 0.2
        change = drawn.pixels - without.pixels
        assert change[drawn.device_mask].mean() > 0.03
        far = ~drawn.device_mask
        assert np.abs(change[far]).mean() < 0.006
        assert not without.device_mask.any()


def test_marker_does_not_depend_on_the_label() -> None:
    for seed in range(6):
        letters = []
        for label in LABELS:
            with_it = phantom(seed, (128, 128), label)
            without = phantom(seed, (128, 128), label, marker=False)
            letters.append(with_it.pixels - without.pixels > 0.3)
        assert letters[0].any()
        # Grey under the letter may differ with an opacity; the letter itself may not.
        assert (letters[0] ^ letters[1]).sum() <= 4


@pytest.mark.parametrize("wrong", [{"label": "ILL"}, {"device": "spoon"}, {"size": (16, 64)}])
def test_wrong_requests(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="no such phantom"):
        phantom(0, **wrong)  # type: ignore[arg-type]


def test_dataset_in_kaggle_layout(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    table = write_dataset(
        tmp_path,
        8,
        2,
        4,
        seed=1,
        size=(48, 64),
        progress=lambda done, total: seen.append((done, total)),
    )
    assert table.split.value_counts().to_dict() == {"train": 8, "val": 2, "test": 4}
    assert (table.groupby(["split", "label"]).size().unstack().NORMAL == [2, 4, 1]).all()
    assert seen[-1] == (14, 14)
    assert table.file.is_unique
    for row in table.itertuples():
        path = tmp_path / row.file
        assert row.file == f"{row.split}/{row.label}/{path.name}"
        assert path.name.startswith("synthetic-")
        film = read(path)
        assert film.pixels.shape == (48, 64)
        drawn = phantom(row.seed, (48, 64), row.label, row.device or None)
        assert np.abs(film.pixels - drawn.pixels).mean() < 0.02
        assert b"Synthetic phantom" in Image.open(path).info["comment"]
    stored = pd.read_csv(tmp_path / "synthetic.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(stored, table)


def test_png_is_exact_and_says_what_it_is(tmp_path: Path) -> None:
    table = write_dataset(tmp_path, 2, 0, 0, seed=4, size=(64, 64), suffix=".png")
    path = tmp_path / table.file[0]
    drawn = phantom(int(table.seed[0]), (64, 64), table.label[0], table.device[0] or None)
    assert np.abs(decode(path.read_bytes()).pixels - drawn.pixels).max() <= 0.5 / 255 + 1e-6
    assert "Synthetic phantom" in Image.open(path).info["Comment"]


def test_device_rates_are_kept(tmp_path: Path) -> None:
    table = write_dataset(
        tmp_path, 120, 0, 0, seed=2, size=(32, 32), device_rate={"NORMAL": 0.0, "PNEUMONIA": 0.8}
    )
    share = (table.device != "").groupby(table.label).mean()
    assert share["NORMAL"] == 0
    assert 0.65 < share["PNEUMONIA"] < 0.95


def test_dataset_refuses_nonsense(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"\.gif"):
        write_dataset(tmp_path, 1, 0, 0, suffix=".gif")
    with pytest.raises(DatasetError, match="between 0 and 1"):
        write_dataset(tmp_path, 1, 0, 0, device_rate={"NORMAL": 2})
    assert not list(tmp_path.iterdir())
