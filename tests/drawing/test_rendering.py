"""Rendered layers lie where real ones lay, with their energy; no pixel of a film is stored."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from xray.drawing import rendering
from xray.drawing.layers import Layer, as_piece
from xray.errors import ArtifactError

SIZE = (224, 224)


def layer(kind: str = "line", seed: int = 0) -> Layer:
    rng = np.random.default_rng(seed)
    canvas = np.zeros(SIZE, np.float32)
    if kind == "line":
        cv2.polylines(canvas, [np.array([[60, 0], [90, 120]], np.int32)], False, 0.2, 3)
    else:
        cv2.fillPoly(canvas, [np.array([[223, 0], [180, 0], [223, 150]], np.int32)], 0.5)
        canvas += np.where(canvas > 0, 0.05 * rng.normal(size=SIZE), 0)
    piece = as_piece(canvas.astype(np.float32))
    assert piece is not None
    child, box = "person-7", (40.0, 50.0, 180.0, 190.0)
    return Layer(kind, "a.jpeg", child, "PNEUMONIA", "virus", canvas != 0, (piece,), box)


def whole(made: Layer) -> np.ndarray:
    canvas = np.zeros(SIZE, np.float32)
    for piece in made.pieces:
        x0, y0, x1, y1 = piece.box
        canvas[y0:y1, x0:x1] += piece.delta
    return canvas


@pytest.mark.parametrize("kind", ["line", "support"])
def test_a_rendered_layer_is_like_the_real_one(kind: str) -> None:
    real = layer(kind)
    made = rendering.render(rendering.facts(real), SIZE, seed=1)
    first, second = whole(real), whole(made)
    assert second.sum() == pytest.approx(first.sum(), rel=0.15)
    assert (second**2).sum() == pytest.approx((first**2).sum(), rel=0.05)
    assert np.corrcoef(first.ravel(), second.ravel())[0, 1] > 0.85
    assert made.pieces[0].touches == real.pieces[0].touches
    np.testing.assert_allclose(made.lungs, real.lungs, atol=0.1)
    same = rendering.render(rendering.facts(real), SIZE, seed=1)
    np.testing.assert_array_equal(whole(same), second)


def test_facts_are_few_numbers_and_name_no_film(tmp_path: Path) -> None:
    path = tmp_path / "shapes.json"
    rendering.write([layer("support"), layer("line")], path)
    text = path.read_text(encoding="utf-8")
    assert "jpeg" not in text
    assert "person" not in text
    assert len(text) < 8_000
    made = rendering.read(SIZE, path)
    assert [each.kind for each in made] == ["support", "line"]
    assert made[0].child == made[1].child


def test_a_damaged_file_is_said_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "shapes.json"
    path.write_text(json.dumps([{"kind": "line"}]), encoding="utf-8")
    with pytest.raises(ArtifactError, match="damaged"):
        rendering.read(SIZE, path)
