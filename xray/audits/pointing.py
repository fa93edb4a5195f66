"""Does an explanation point at devices? What a method weighs them, against as large a region.

This is the question that LIME is used for: on sick children's films with labelled devices, the
signed weight within the device less that within the same shape elsewhere on the film, as a share
of all absolute weight. Whether a model "points" is decided by thresholds from networks of known
answers (``known.methods``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from xray.audits.insertion import KINDS, Material
from xray.classes import SICK
from xray.drawing import shams
from xray.drawing.marks import Mask
from xray.explanations import methods
from xray.films.pixels import as_float
from xray.jobs.progress import Progress
from xray.metrics import bootstrap
from xray.models.model import Predictor

#: Films of each kind that are explained, each of another child.
FILMS = 15
#: The methods' record on networks of known answers, in the panel's folder.
FILE = "methods.csv"
#: What rows of an audit's effects say of calls, AUROC and log-odds.
OF_CALLS = (
    "called_before",
    "called_after",
    "called_null",
    "calls",
    "calls_low",
    "calls_high",
    "auroc_drop",
    "auroc_drop_low",
    "auroc_drop_high",
    "net_log_odds",
    "ci_low",
    "ci_high",
)
COLUMNS = ("place", "child", "kind", "share")


@dataclass(frozen=True, eq=False)
class Sight:
    """A device on a film, and the same shape elsewhere on it; (S, S) bool each."""

    place: int
    child: str
    kind: str
    mask: Mask
    null: Mask


def sights(material: Material, films: int = FILMS, seed: int = 0) -> list[Sight]:
    """Choose devices to ask about: of every kind one film a child, by the films' order.

    Parameters
    ----------
    material : its donors say where devices are; rendered ones are on no film and are left out
    films : of each kind at most
    """
    place_of = {file: place for place, file in enumerate(material.table["file"])}
    worn: dict[int, Mask] = {}
    found: list[tuple[int, str, str, Mask]] = []
    for kind in KINDS:
        children: set[str] = set()
        donors = material.donors.get(kind)
        for layer in donors.layers if donors else ():
            place = place_of.get(layer.file, -1)
            if place < 0 or layer.label != SICK:
                continue
            worn[place] = worn.get(place, np.zeros_like(layer.mask)) | layer.mask
            if layer.child not in children and len(children) < films:
                children.add(layer.child)
                found.append((place, layer.child, kind, layer.mask))
    made = []
    for place, child, kind, mask in found:
        rng = np.random.default_rng([seed, place, KINDS.index(kind), 67])
        film = as_float(material.films[place])
        null = shams.moved(mask, rng, worn[place], film) & ~worn[place]
        if null.any():
            made.append(Sight(place, child, kind, mask, null))
    return made


def weigh(
    model: Predictor,
    material: Material,
    asked: Sequence[Sight],
    method: str = "lime",
    seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Explain each film once, and weigh its devices.

    Returns
    -------
    DataFrame
        place, child, kind, share: in [-1, 1], above 0 where the device speaks more for the
        positive class than its null (``Heatmap.against``)
    """
    rows: list[tuple[int, str, str, float]] = []
    places = sorted({sight.place for sight in asked})
    for done, place in enumerate(places):
        film = as_float(material.films[place])
        heat = methods.explain(method, model, film, seed=seed)
        rows += [
            (place, sight.child, sight.kind, heat.against(sight.mask, sight.null))
            for sight in asked
            if sight.place == place
        ]
        if progress:
            progress(done + 1, len(places))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def effects(weighed: pd.DataFrame, seed: int = 0) -> list[dict[str, Any]]:
    """Rows for an audit's JSON, one a kind.

    Returns
    -------
    list of dict
        test "lime", kind, label, share with share_low and share_high (mean over films, 95 %,
        children drawn again), films, donors (children); nothing for what only changes of calls
        have
    """
    rows: list[dict[str, Any]] = []
    for kind, part in weighed.groupby("kind", sort=False):
        share = part["share"].to_numpy()
        drawn = bootstrap.resamples(part["child"].to_numpy().astype(str), seed=seed)
        low, high, _ = bootstrap.percentiles((drawn @ share) / drawn.sum(axis=1))
        told = {
            "test": "lime",
            "kind": str(kind),
            "label": SICK,
            "share": float(share.mean()),
            "share_low": low,
            "share_high": high,
            "films": len(part),
            "donors": int(part["child"].nunique()),
        }
        rows.append(dict.fromkeys(OF_CALLS) | told)
    return rows
