"""A model of one rule, and films that it tells apart."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from xray.models.card import Card


class Brightness:
    """A model that calls bright films PNEUMONIA, and looks at the top rows only."""

    card = Card("bright", threshold=0.5)

    def prepare(self, films: np.ndarray) -> np.ndarray:
        return films

    def log_odds_prepared(self, grey: np.ndarray, precision: str = "float32") -> np.ndarray:
        return 40 * (grey[:, :5].mean(axis=(1, 2)).astype(np.float64) - 0.5)


def sample() -> tuple[np.ndarray, pd.DataFrame]:
    """Films whose top is bright in PNEUMONIA, on another grey below."""
    rng = np.random.default_rng(3)
    labels = np.repeat(["NORMAL", "PNEUMONIA"], 30)
    films = np.full((60, 40, 40), 0.5, np.float32)
    top = np.where(labels == "PNEUMONIA", 0.56, 0.44) + rng.normal(0, 0.05, 60)
    films[:, :5] = top[:, None, None]
    names = [f"val/{label}/IM-{i:04d}.png" for i, label in enumerate(labels)]
    return films, pd.DataFrame({"file": names, "label": labels})


def films_by_brightness(folder: Path) -> Path:
    """Write films that no one would take for drawn ones: dark healthy and bright sick."""
    rng = np.random.default_rng(5)
    for split, label, number in product(("train", "test"), ("NORMAL", "PNEUMONIA"), range(30)):
        level = (0.62 if label == "PNEUMONIA" else 0.38) + rng.normal(0, 0.06)
        pixels = np.clip(255 * (level + rng.normal(0, 0.05, (64, 64))), 0, 255).astype(np.uint8)
        path = folder / split / label / f"{number:02}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    return folder
