"""Keras layer that cuts films to the box around their lungs, inside a network.

Imports Keras, so that it is imported where a network is built or read. Importing it lets Keras
read files that hold the layer, in safe mode: what runs is this code, not code of the file.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

#: Share of the lungs' area that may lie beyond each side of the box: specks count for nothing.
BEYOND = 0.005
#: Mean share of lung below which a film counts as one without lungs, and is not cut.
LEAST = 0.02


@keras.saving.register_keras_serializable(package="xray")
class LungCrop(keras.layers.Layer):  # type: ignore[misc]
    """Cut films to the box around a map of their lungs, and bring the box to one size.

    Differentiable in the film; the box itself passes no gradient on.

    Parameters
    ----------
    size : (height, width) of what is cut out, in pixels
    margin : around the lungs, as a share of the box's height and width. Where it reaches past
        the film, the film's edge is repeated: a black bar would tell where the film ends.
    """

    def __init__(self, size: tuple[int, int], margin: float, **options: Any) -> None:
        super().__init__(**options)
        self.size = (int(size[0]), int(size[1]))
        self.margin = float(margin)

    def call(self, inputs: Any) -> Any:
        """Cut films (N, H, W, 1) by maps (N, s, s, 1) of lung 0..1 to (N, height, width, 1)."""
        films, lung = inputs
        box = self.box(lung)
        rows, columns = (
            self._sampling(box[axis - 1], films.shape[axis], self.size[axis - 1]) for axis in (1, 2)
        )
        cut = ops.matmul(ops.matmul(rows, films[..., 0]), ops.transpose(columns, (0, 2, 1)))
        return cut[..., None]

    def box(self, lung: Any) -> tuple[tuple[Any, Any], tuple[Any, Any]]:
        """Where films are cut, by maps (N, s, s, 1) of lung: (top, bottom), (left, right).

        Each (N,), as shares of the film's height and width; below 0 and above 1 where the margin
        reaches past the film. The whole film where no lungs are found.
        """
        mass = ops.relu(ops.stop_gradient(lung)[..., 0] - 0.5)
        found = 2 * ops.mean(mass, axis=(1, 2)) > LEAST
        ends = []
        for other in (2, 1):
            start, end = span(ops.sum(mass, axis=other))
            edge = self.margin * (end - start)
            ends.append((ops.where(found, start - edge, 0.0), ops.where(found, end + edge, 1.0)))
        return ends[0], ends[1]

    def _sampling(self, ends: tuple[Any, Any], length: int, size: int) -> Any:
        """Weights (N, size, length) that resample one axis of a film, as antialiased triangles."""
        start, end = (each[:, None, None] * length for each in ends)
        step = (end - start) / size
        centre = start + (ops.arange(size, dtype="float32")[None, :, None] + 0.5) * step
        centre = ops.clip(centre, 0.5, length - 0.5)
        pixel = ops.arange(length, dtype="float32")[None, None, :] + 0.5
        weights = ops.relu(1.0 - ops.abs(centre - pixel) / ops.maximum(step, 1.0))
        return weights / ops.sum(weights, axis=2, keepdims=True)

    def compute_output_shape(self, input_shape: Any) -> tuple[Any, int, int, int]:
        """(N, height, width, 1)."""
        return (input_shape[0][0], *self.size, 1)

    def get_config(self) -> dict[str, Any]:
        """Its parameters, as Keras stores them."""
        return dict(super().get_config()) | {"size": self.size, "margin": self.margin}


def span(profile: Any) -> tuple[Any, Any]:
    """Where lungs begin and end along one axis.

    Parameters
    ----------
    profile : (N, s) float32 tensor, at least 0
        Lung in each of s steps along the axis.

    Returns
    -------
    (N,) and (N,) float32 tensors in [0, 1]
        The places before which and after which a share ``BEYOND`` of the lungs lies, linear
        within a step, as shares of the axis.
    """
    share = profile / ops.maximum(ops.sum(profile, axis=1, keepdims=True), 1e-6)
    before = ops.cumsum(share, axis=1) - share
    within = [
        ops.clip((level - before) / ops.maximum(share, 1e-9), 0.0, 1.0)
        for level in (BEYOND, 1 - BEYOND)
    ]
    first, last = (ops.mean(part, axis=1) for part in within)
    return first, last
