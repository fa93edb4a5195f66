"""Letters beside the chest are found by their pixels; ribs and specks are not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from xray.drawing import lettering
from xray.drawing.phantoms import phantom
from xray.films import lungs

SIZE = (224, 224)


def film(seed: int, words: list[tuple[str, int, int, float]]) -> tuple[np.ndarray, np.ndarray]:
    """A synthetic film with words at (x, y) of a size, and where they are."""
    grey = 0.7 * phantom(seed, SIZE, "NORMAL").pixels
    ink = np.zeros(SIZE, np.uint8)
    for word, x, y, scale in words:
        cv2.putText(ink, word, (x, y), cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_AA)
    return np.maximum(grey, ink / 255).astype(np.float32), ink > 128


@pytest.mark.parametrize("seed", range(4))
def test_a_side_marker_is_found_and_nothing_else(seed: int) -> None:
    shown, ink = film(seed, [("R", 5, 30, 0.5)])
    found = lettering.marker(shown, lungs.guess(shown).box)
    assert (found & ink).sum() > 0.9 * ink.sum()
    assert (found & ~cv2.dilate(ink.astype(np.uint8), np.ones((7, 7))).astype(bool)).sum() == 0


def test_what_is_bright_but_no_letter_is_no_marker() -> None:
    shown, _ = film(1, [])
    shown = cv2.GaussianBlur(shown, (0, 0), 3)
    shown[20:200, 4:10] = 1.0  # an edge of light, too long for a letter
    shown[30:60, 205:218] = 1.0  # a plate: full, as no letter is
    assert not lettering.marker(shown, lungs.guess(shown).box).any()


def test_text_is_rows_of_small_letters_and_no_marker() -> None:
    shown, ink = film(2, [("KV 55", 180, 8, 0.28), ("R", 5, 30, 0.5)])
    found = lettering.text(shown, lungs.guess(shown).box)
    assert (found & ink)[:, 170:].sum() > 0.6 * ink[:, 170:].sum()
    assert not found[:150, :60].any()
