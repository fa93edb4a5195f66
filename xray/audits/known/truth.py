"""What is true of the panel's networks, and what the audit says of them.

Truth is measured on films that no network of the panel was trained on, with devices of another
labelling; the audit on test films with the test films' devices. Both by the same functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits import insertion
from xray.audits.insertion import KINDS, Material
from xray.audits.judging import KindVerdict
from xray.audits.known import networks as training
from xray.audits.known.specs import BARE, Spec
from xray.drawing.layers import Layer
from xray.errors import ModelError
from xray.films.pixels import Bytes, Pixels
from xray.jobs.progress import Progress
from xray.labels.devices import Look
from xray.models import networks
from xray.models.card import WEIGHTS, Card, read_cards
from xray.models.model import BaseModel, Model
from xray.training import architectures


class Backbone:
    """VGG19 features of pictures, shared by all heads that look at the same pictures."""

    def __init__(self, weights: Path) -> None:
        self._body = training.frozen(architectures.build(Spec("vgg19").recipe(), weights))
        self._seen: Pixels | None = None
        self._known: NDArray[np.float64] = np.empty((0, 0))

    def features(self, grey: Pixels) -> NDArray[np.float64]:
        """Features (N, F) of prepared films; those of the last films asked for are kept."""
        import keras

        if grey is not self._seen:
            parts = [
                keras.ops.convert_to_numpy(self._body.predict_on_batch(grey[i : i + 32, ..., None]))
                for i in range(0, len(grey), 32)
            ]
            self._known = np.concatenate(parts).astype(np.float64)
            self._seen = grey
        return self._known


class Head(BaseModel):
    """A network of the panel that is a head on the backbone, which answers for all of them."""

    def __init__(
        self, card: Card, backbone: Backbone, weights: NDArray[np.float64], bias: float
    ) -> None:
        super().__init__(card)
        self.backbone, self.weights, self.bias = backbone, weights, bias

    def log_odds_prepared(
        self, grey: Pixels, precision: str = "float32", batch: int | None = None
    ) -> NDArray[np.float64]:
        """Log-odds (N,) of prepared films."""
        return np.asarray(self.backbone.features(grey) @ self.weights + self.bias)


def stored(out: Path, weights: Path | None, names: Sequence[str] | None = None) -> list[Any]:
    """The panel's networks that are trained, heads on one backbone among them.

    Parameters
    ----------
    weights : file of VGG19 weights without top; only heads on it need one

    Raises
    ------
    ModelError
        A head was asked for, and there are no weights.
    """
    backbone: Backbone | None = None
    models: list[Any] = []
    for card in read_cards(out):
        if names is not None and card.name not in names:
            continue
        head = out / f"head-{card.name}.npz"
        if head.is_file():
            if weights is None:
                raise ModelError(f"{card.name} is a head on VGG19; give --backbone-weights FILE.")
            backbone = backbone or Backbone(weights)
            with np.load(head, allow_pickle=False) as kept:
                models.append(Head(card, backbone, kept["weights"], float(kept["bias"])))
        else:
            path = out / card.name / WEIGHTS
            models.append(Model(card, networks.read(path, card.name)))
    return models


def truth_material(
    table: pd.DataFrame,
    use: pd.Series,
    films: Bytes,
    geometry: Mapping[str, Sequence[Look]],
    seed: int = 0,
    progress: Progress | None = None,
) -> Material:
    """Held-out films with devices of another labelling.

    Parameters
    ----------
    table, use, films : as in ``known.networks.fit``
    geometry : looks of the other labelling, by file
    """
    kept = use.isin(["truth", "donor"]).to_numpy()
    bare = (use[kept] == "truth").to_numpy()
    return insertion.prepare(
        table[kept],
        films[kept],
        geometry,
        bare,
        bare,
        seed=seed,
        kinds=KINDS,
        progress=progress,
    )


def audit_material(
    table: pd.DataFrame,
    films: Bytes,
    geometry: Mapping[str, Sequence[Look]],
    seed: int = 0,
    kinds: Sequence[str] = KINDS,
    further: Sequence[Layer] = (),
    givers: pd.Series | None = None,
    progress: Progress | None = None,
) -> Material:
    """Test films, with their own devices or with others'.

    Parameters
    ----------
    geometry : looks at the films whose devices are laid on, by file
    further : layers laid on beside those
    givers : films of other splits that are among those; none when None
    """
    test = table["split"] == "test"
    kept = (test if givers is None else test | givers).to_numpy()
    table, test = table[kept], test[kept]
    bare = (test & (table["confidence"] < BARE)).to_numpy()
    return insertion.prepare(
        table,
        films[kept],
        geometry,
        bare,
        bare,
        seed=seed,
        kinds=kinds,
        further=further,
        progress=progress,
    )


def truth(kind: KindVerdict) -> str:
    """What is true of a network and a kind: "reliant", "clean", or "open"."""
    return {"reads_devices": "reliant", "no_reliance": "clean"}.get(kind.verdict, "open")
