"""Models that are Python objects: a Keras network in memory, or anything with ``predict``."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any, Protocol

import numpy as np

from xray.errors import ModelError
from xray.films.pixels import Pixels
from xray.models import outputs
from xray.models.card import Card, of_options
from xray.models.model import BaseModel, LogOdds, Model


class Predicts(Protocol):
    """An object that calls films."""

    def predict(self, films: Any, /) -> Any:
        """Probabilities (N,), (N, 1) or (N, classes) of films (N, h, w) float32 in [0, 1]."""


class ObjectModel(BaseModel):
    """Any object with ``predict(films) -> probabilities``, as explanations and audits take it.

    Parameters
    ----------
    card : its ``size`` is that of the films that ``predict`` is given.
    source : the object.
    """

    def __init__(self, card: Card, source: Predicts) -> None:
        super().__init__(card)
        self._source = source

    def raw(self, grey: Pixels, precision: str = "float32") -> LogOdds:
        """Probabilities (N, classes) that ``predict`` gives of films (N, h, w) or (N, h, w, 1).

        ``precision`` is the object's own matter.

        Raises
        ------
        ModelError
            ``predict`` failed, or what it gave are no probabilities.
        """
        grey = grey[..., 0] if grey.ndim == 4 else grey
        name = self.card.name
        try:
            given = np.asarray(self._source.predict(grey), dtype=np.float64)
        except Exception as error:  # Whatever a stranger's code raises
            reason = (str(error).strip().split("\n")[0] or type(error).__name__)[:160]
            raise ModelError(
                f"predict of {name} failed on films of shape {grey.shape} ({reason}); it is given "
                "float32 films (N, height, width) in [0, 1]."
            ) from error
        if given.ndim not in (1, 2) or len(given) != len(grey):
            raise ModelError(
                f"predict of {name} gave {given.shape} for {len(grey)} films; let it give one "
                "probability, or one row of probabilities, a film."
            )
        rows = given.reshape(len(grey), -1)
        if not (np.isfinite(rows).all() and rows.min() >= 0 and rows.max() <= 1):
            raise ModelError(
                f"predict of {name} gave numbers outside [0, 1]; let it give probabilities."
            )
        return rows


def wrap(source: Any, name: str = "", **options: Any) -> Model | ObjectModel:
    """Make a model of an object.

    Parameters
    ----------
    source : a Keras model, or an object with ``predict`` (see :class:`Predicts`). A Keras model
        is copied, so that it stays as it is.
    name : for people; the object's own name or that of its class when empty.
    **options : size, fit, threshold and positive_index (see ``card.Card``); for a Keras model
        scale and output too.

    Raises
    ------
    ModelError
        The object has no ``predict``, or fails on two films of noise.
    """
    name = name or str(getattr(source, "name", "") or type(source).__name__)
    known: dict[str, Any] = {"size": (224, 224)} | options
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(source, keras.Model):
        return _keras(source, name, known)
    if not callable(getattr(source, "predict", None)):
        raise ModelError(
            f"{name} has no predict; give a model's name, its file, or an object with "
            "predict(films) that gives probabilities."
        )
    wrong = sorted({"scale", "output"} & options.keys())
    if wrong:
        raise ModelError(
            f"{' and '.join(wrong)} cannot be given for an object: its predict takes films in "
            "[0, 1] and gives probabilities."
        )
    card = of_options(name, **known)
    noise = np.random.default_rng(0).random((2, *card.size), dtype=np.float32)
    units = ObjectModel(card, source).raw(noise).shape[1]
    said = card.positive_index if "positive_index" in options else ()
    chosen, normal = outputs.positives(said, units, name)
    return ObjectModel(
        replace(
            card,
            format="python",
            output="sigmoid" if units == 1 else "softmax",
            positive_index=chosen,
            settings={"unit_means_normal": True} if normal else {},
        ),
        source,
    )


def _keras(source: Any, name: str, options: dict[str, Any]) -> Model:
    """A Keras model in memory, read as one in a file is."""
    from xray.models import networks

    card = of_options(name, **options)
    said = set(options) - {"size"} if None not in source.input_shape[1:3] else set(options)
    model = Model(networks.complete(card, source, said), networks.clone(source))
    networks.check(model)
    return model
