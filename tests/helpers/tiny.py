"""A network of 32 pixels that takes no time to build, films for it, and its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from xray.files import sha256_file
from xray.models import networks
from xray.models.card import WEIGHTS, Card, write_card

keras = pytest.importorskip("keras")
layers = keras.layers


def films(n: int = 5, size: int = 32) -> np.ndarray:
    return np.random.default_rng(0).random((n, size, size), dtype=np.float32)


def network(units: int = 1, activation: str = "sigmoid", channels: int = 1) -> object:
    keras.utils.set_random_seed(1)
    entry = keras.Input((32, 32, channels))
    x = layers.Conv2D(4, 3, activation="relu")(entry)
    x = layers.Flatten()(x)
    return keras.Model(entry, layers.Dense(units, activation=activation)(x))


def store(folder: Path, built: object, **changes: object) -> Card:
    home = folder / "tiny"
    home.mkdir(parents=True)
    networks.save(built, home / WEIGHTS)
    files = {WEIGHTS: sha256_file(home / WEIGHTS)}
    card = replace(Card("tiny", size=(32, 32), files=files), **changes)
    write_card(card, home)
    return card
