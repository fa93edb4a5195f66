"""Keras layers that change films at random: moved and scaled in one resampling, and noisy.

Imports Keras, so that it is imported where a network is trained.
"""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops


class RandomAffine(keras.layers.Layer):  # type: ignore[misc]
    """Random affine changes of films (N, h, w, 1), all of them in one resampling.

    One layer a change, as Keras has them, resamples a film as often, and each time blurs it: a
    network then meets blurred films alone in training, and sharp ones ever after.

    Parameters
    ----------
    shift, zoom : as shares of the film
    aspect : stretch of height and width, drawn apart
    rotation : as a share of a turn
    shear : share of the height that the sides lean by, and of the width that the ends do
    flip : mirror left and right in one film of two
    border : what lies beyond a film's edge: "nearest" (its last pixels go on) or "black"
    seed : of the changes
    """

    def __init__(
        self,
        shift: float = 0.0,
        zoom: float = 0.0,
        aspect: float = 0.0,
        rotation: float = 0.0,
        shear: float = 0.0,
        flip: bool = False,
        border: str = "nearest",
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.shift, self.zoom, self.aspect = shift, zoom, aspect
        self.rotation, self.shear, self.flip = rotation, shear, flip
        self.fill = {"black": "constant", "nearest": "nearest"}[border]
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, films: Any, training: bool = True) -> Any:
        """Change films in training; give them as they are else."""
        if not training:
            return films
        height, width = films.shape[1:3]
        matrix = self._matrix(ops.shape(films)[0], height / width)
        moved = self._uniform(ops.shape(films)[0], self.shift)
        sideways = self._uniform(ops.shape(films)[0], self.shift)
        a, b, c, d = matrix
        x, y = (width - 1) / 2, (height - 1) / 2
        # Where in the film each pixel of the result is found: about the middle, then moved.
        along = x - a * x - b * y + sideways * width
        down = y - c * x - d * y + moved * height
        none = ops.zeros_like(a)
        return ops.image.affine_transform(
            films,
            ops.stack([a, b, along, c, d, down, none, none], axis=1),
            interpolation="bilinear",
            fill_mode=self.fill,
            data_format="channels_last",
        )

    def _matrix(self, count: Any, shape: float) -> tuple[Any, Any, Any, Any]:
        """Turn x shear x scale, its four entries (N,) each; x runs to the right, y down."""
        zoom = 1.0 + self._uniform(count, self.zoom)
        wide = zoom * (1.0 + self._uniform(count, self.aspect))
        tall = zoom * (1.0 + self._uniform(count, self.aspect))
        if self.flip:
            mirrored = keras.random.uniform((count,), seed=self.generator) < 0.5
            wide = ops.where(mirrored, -wide, wide)
        angle = 2 * math.pi * self._uniform(count, self.rotation)
        # A lean is a share of the side it moves along.
        lean = self._uniform(count, self.shear) / shape
        slope = self._uniform(count, self.shear) * shape
        cos, sin = ops.cos(angle), ops.sin(angle)
        return (
            (cos - sin * slope) * wide,
            (cos * lean - sin) * tall,
            (sin + cos * slope) * wide,
            (sin * lean + cos) * tall,
        )

    def _uniform(self, count: Any, most: float) -> Any:
        return keras.random.uniform((count,), -most, most, seed=self.generator)


class RandomNoise(keras.layers.Layer):  # type: ignore[misc]
    """Gaussian noise over films (N, h, w, 1) in [0, 1], of a strength drawn film by film.

    Keras' own layer lays the same strength over every film, so that a network never meets a
    clean one until it is used.

    Parameters
    ----------
    most : greatest standard deviation, as a share of the grey range
    seed : of the noise
    """

    def __init__(self, most: float, seed: int = 0, **options: Any) -> None:
        super().__init__(**options)
        self.most = most
        self.generator = keras.random.SeedGenerator(seed)

    def call(self, films: Any, training: bool = True) -> Any:
        """Change films in training; give them as they are else."""
        if not training:
            return films
        count = ops.shape(films)[0]
        strength = keras.random.uniform((count, 1, 1, 1), 0.0, self.most, seed=self.generator)
        noise = keras.random.normal(ops.shape(films), seed=self.generator)
        return ops.clip(films + strength * noise, 0.0, 1.0)
