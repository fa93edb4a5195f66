"""Films of nothing but grain and a slope, with what a test draws on them."""

from __future__ import annotations

import cv2
import numpy as np

from xray.films.lungs import Lungs

SIZE = (224, 224)
#: What a layer says of its donor.
TOLD = {"file": "test/PNEUMONIA/a.jpeg", "child": "a", "label": "PNEUMONIA", "subtype": "virus"}


def ground(seed: int = 0, level: float = 0.4) -> np.ndarray:
    """A film without anything on it but grain and a slope."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(level - 0.05, level + 0.05, SIZE[1], dtype=np.float32)[None]
    return (slope + 0.01 * rng.normal(size=SIZE)).astype(np.float32)


def lungs() -> Lungs:
    """Two lungs of rectangles; their box is centred across the film."""
    left, right = np.zeros(SIZE, bool), np.zeros(SIZE, bool)
    left[60:170, 50:100], right[60:170, 124:174] = True, True
    return Lungs(left, right, (50.0, 60.0, 174.0, 170.0), 112.0, "heuristic")


def look(*devices: tuple[str, object, float]) -> dict[str, object]:
    """A look at a film: its devices by kind, geometry and confidence."""
    return {
        "devices": [{"kind": k, "geometry": g, "confidence": c} for k, g, c in devices],
        "tech_text": False,
        "quality": "ok",
    }


def wire(film: np.ndarray, points: list[tuple[int, int]], by: float = 0.2) -> np.ndarray:
    """The film with a bright wire of two pixels along points x and y."""
    canvas = np.zeros(SIZE, np.float32)
    cv2.polylines(canvas, [np.array(points, np.int32)], False, 1.0, 2, cv2.LINE_AA)
    return np.clip(film + by * canvas, 0, 1).astype(np.float32)
