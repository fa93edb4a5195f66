"""The cure: devices laid over films of both classes, of training films where these are labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from xray.dataset import index
from xray.drawing.phantoms import phantom
from xray.labels import devices
from xray.training import train

SIZE = (64, 64)


def test_both_classes_show_devices_equally_often() -> None:
    labels = ["NORMAL", "PNEUMONIA"] * 20
    films = np.stack([phantom(i, SIZE, label).pixels for i, label in enumerate(labels)])
    table = pd.DataFrame(
        {"file": [f"train/{x}/a{i}.png" for i, x in enumerate(labels)], "label": labels}
    )
    redraw = train.balanced(films, table, 0.7, seed=2)
    shown = [np.abs(redraw(epoch) - films).max(axis=(1, 2)) > 0.03 for epoch in range(12)]
    for label in ("NORMAL", "PNEUMONIA"):
        mine = (table["label"] == label).to_numpy()
        assert 0.55 < np.mean([each[mine].mean() for each in shown]) < 0.8
    assert any((shown[0] != each).any() for each in shown[1:]), "epochs differ"
    np.testing.assert_array_equal(redraw(3), redraw(3))


def test_devices_of_labelled_training_films_are_cut_out_of_them(real_films: Path) -> None:
    files = [file for file in devices.second() if (real_films / file).is_file()]
    table = index.usable(index.index(real_films))
    table = table[table["file"].isin(files)].reset_index(drop=True)
    films = index.load_pixels(real_films, table, (128, 128))
    stock = train._stock(films, table)
    assert len(stock) >= train.LEAST_DEVICES
    assert {layer.kind for layer in stock} == set(devices.KINDS)
    assert all(layer.file.startswith("train/") for layer in stock)
