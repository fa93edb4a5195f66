"""Train networks of known answers (``known.specs``), and store what they say of films."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits.insertion import Donors
from xray.audits.known.specs import (
    ARCHITECTURES,
    Bools,
    Spec,
    chosen,
    split_children,
)
from xray.classes import HEALTHY, SICK
from xray.drawing import laying
from xray.drawing.laying import Place
from xray.errors import DatasetError
from xray.files import replacing, sha256_file, write_table
from xray.films import lungs
from xray.films.pixels import Bytes, as_bytes, as_float
from xray.films.resize import resize
from xray.jobs.progress import Progress
from xray.models import framing, networks, precision
from xray.models.card import WEIGHTS, Card, write_card
from xray.models.model import Model
from xray.training import architectures
from xray.training import fit as fitting
from xray.training.fit import Sample


def shown(spec: Spec, films: Bytes) -> NDArray[np.float32]:
    """What a network is shown of whole films (N, H, W): (N, side, side) in [0, 1]."""
    side = ARCHITECTURES[spec.architecture][2]
    whole = resize(as_float(films), spec.film_size())
    if spec.framing == "lungs":
        return framing.cut(whole, (side, side))
    rim = (whole.shape[1] - side) // 2
    return np.ascontiguousarray(whole[:, rim : rim + side, rim : rim + side])


def whole(spec: Spec, network: Any) -> Any:
    """A trained network behind what cuts films as ``shown`` does."""
    import keras

    if spec.framing == "film":
        return network
    if spec.framing == "lungs":
        return framing.framed(network)
    side, size = ARCHITECTURES[spec.architecture][2], spec.film_size()
    entry = keras.Input((*size, 1), name="film")
    return keras.Model(
        entry, network(keras.layers.Cropping2D((size[0] - side) // 2)(entry)), name=network.name
    )


#: No donors at all.
NONE = Donors((), ())
#: Share of the children whose devices are planted; those of the rest say what is true.
PLANTED = 0.4


def planters(donors: Mapping[str, Donors], seed: int = 0) -> dict[str, Donors]:
    """Part of each kind's donors to plant with, by children."""
    children = np.unique(np.concatenate([of_kind.children for of_kind in donors.values()]))
    rng = np.random.default_rng([seed, 53])
    mine = rng.permutation(children)[: round(PLANTED * len(children))]
    parts = {}
    for kind, of_kind in donors.items():
        kept = np.flatnonzero(np.isin(of_kind.children, mine))
        parts[kind] = Donors(
            tuple(of_kind.layers[i] for i in kept), tuple(of_kind.nulls[i] for i in kept)
        )
    return parts


def planted(
    spec: Spec, films: Bytes, sick: Bools, donors: Mapping[str, Donors]
) -> tuple[NDArray[np.intp], Bytes, Bools]:
    """Bare films with devices or nulls laid in.

    Returns
    -------
    places : (M,) rows of ``films``; the sick are there twice
    made : (M, H, W) uint8
    called : (M,) True where a device is, and for some of the sick without one (``Spec.share``)
    """
    order = np.concatenate([np.arange(len(films)), np.flatnonzero(sick)])
    worn = np.arange(len(order)) >= len(films)
    boxes = [found.box for found in lungs.estimate_many([as_float(film) for film in films])]
    made = np.empty((len(order), *films.shape[1:]), np.uint8)
    ill = np.zeros(len(order), bool)
    for row, place in enumerate(order):
        rng = np.random.default_rng([spec.seed, row, 61])
        film = as_float(films[place])
        # Several at once, as a child on intensive care wears them.
        for _ in range(rng.integers(1, 3)):
            of_kind = donors[str(rng.choice(spec.kinds))]
            layer = int(rng.integers(len(of_kind.layers)))
            null = of_kind.nulls[layer][rng.integers(len(of_kind.nulls[layer]))]
            laid = laying.lay(film, boxes[place], of_kind.layers[layer], null, Place.draw(rng))
            film = laid.device if worn[row] else laid.null
        made[row] = as_bytes(film)
        ill[row] = sick[place] and rng.random() >= spec.share
    return order, made, worn | ill


def lesson(
    spec: Spec,
    table: pd.DataFrame,
    use: pd.Series,
    films: Bytes,
    donors: Mapping[str, Donors] | None = None,
) -> tuple[NDArray[np.intp], Bytes, Bools]:
    """What a network is taught with: rows of the table, their pictures, what they are called.

    Raises
    ------
    DatasetError
        Devices are to be planted and there are none of a kind.
    """
    places, called = chosen(spec, table, use)
    if spec.shown != "planted":
        return places, films[places], called
    missing = [kind for kind in spec.kinds if not (donors or {}).get(kind, NONE).layers]
    if missing or not donors:
        raise DatasetError(f"No devices of kind {', '.join(missing)} were given to plant.")
    rows, made, worn = planted(spec, films[places], called, donors)
    return places[rows], made, worn


def fit(
    spec: Spec,
    table: pd.DataFrame,
    use: pd.Series,
    films: Bytes,
    donors: Mapping[str, Donors] | None = None,
) -> tuple[Any, dict[str, Any]]:
    """Train one network.

    Parameters
    ----------
    table : ``marked`` table
    use : ``held_out`` of it
    films : (N, H, W) uint8 of the table
    donors : devices that may be planted, by kind

    Returns
    -------
    Keras network of whole films, and what it was trained on, in numbers
    """
    places, pictures, called = lesson(spec, table, use, films, donors)
    val = split_children(table, places, spec.seed)
    grey = shown(spec, pictures)
    train, check = Sample(grey[~val], called[~val]), Sample(grey[val], called[val])
    recipe = spec.recipe(int(called.sum()))
    network = networks.seeded(spec.seed, lambda: architectures.build(recipe))
    if recipe.precision != "float32":
        networks.set_policy(network, recipe.precision)
    history = fitting.fit(network, recipe, train, check, seed=spec.seed)
    if recipe.precision != "float32":
        networks.set_policy(network, "float32")
    counts = {
        part: {HEALTHY: int((~called[mask]).sum()), SICK: int(called[mask].sum())}
        for part, mask in (("train", ~val), ("val", val))
    }
    return whole(spec, network), {"counts": counts, "history": history}


def predicted(table: pd.DataFrame, use: pd.Series) -> Bools:
    """The films that every network of the panel predicts once it is trained."""
    return ((table["split"] != "train") | (use != "")).to_numpy()


def store(
    spec: Spec,
    network: Any,
    facts: dict[str, Any],
    table: pd.DataFrame,
    use: pd.Series,
    films: Bytes,
    out: Path,
) -> None:
    """Write a network's weights, predictions and card; the card last, as what says "done"."""
    home = out / spec.name
    path = home / WEIGHTS
    networks.save(network, path, half=spec.architecture == "vgg19")
    card = Card(
        spec.name,
        spec.name,
        role="panel",
        size=spec.film_size(),
        settings=dict(spec.__dict__),
        seed=spec.seed,
        files={WEIGHTS: sha256_file(path)},
        bytes=path.stat().st_size,
        counts=facts["counts"],
        history=facts["history"],
    )
    asked = predicted(table, use)
    rows = table.loc[asked, ["file", "split", "label"]].assign(use=use[asked])
    if "log_odds" in facts:
        rows["log_odds"] = facts["log_odds"][asked]
    else:
        rows["log_odds"] = Model(card, networks.read(path, spec.name)).log_odds(
            as_float(films[asked])
        )
    write_table(home / "predictions.csv", rows.round({"log_odds": 4}))
    write_card(card, home)


def train(
    specs: Sequence[Spec],
    table: pd.DataFrame,
    use: pd.Series,
    films: Bytes,
    out: Path,
    backbone: Path | None = None,
    donors: Mapping[str, Donors] | None = None,
    progress: Progress | None = None,
    told: Callable[[str], None] = lambda _: None,
) -> None:
    """Train networks one after another; those already stored in ``out`` are left as they are.

    Parameters
    ----------
    table, use, films : as in ``fit``
    out : folder that gets a folder a network
    backbone : file of VGG19 weights without top
    progress : called with networks done and to do
    told : called with a line when a network is done
    """
    for done, spec in enumerate(specs):
        if not (out / spec.name / "card.json").is_file():
            if spec.architecture == "vgg19":
                network, facts = _head(spec, table, use, films, out, backbone, donors)
            else:
                network, facts = fit(spec, table, use, films, donors)
            store(spec, network, facts, table, use, films, out)
            told(spec.name)
        if progress:
            progress(done + 1, len(specs))


def _head(
    spec: Spec,
    table: pd.DataFrame,
    use: pd.Series,
    films: Bytes,
    out: Path,
    backbone: Path | None,
    donors: Mapping[str, Donors] | None,
) -> tuple[Any, dict[str, Any]]:
    """A head on frozen VGG19 features, which all heads of one framing share."""
    places, pictures, called = lesson(spec, table, use, films, donors)
    val = split_children(table, places, spec.seed)
    recipe = spec.recipe()
    network = networks.seeded(spec.seed, lambda: architectures.build(recipe, backbone))
    known = features(spec, network, films, out / f"features-{spec.framing}.npy")
    taught = known[places]
    if spec.shown == "planted":
        taught = features(spec, network, pictures, out / f"features-{spec.name}.npy")
    weights, bias = _regress(taught[~val], called[~val], taught[val], called[val])
    network.layers[-1].set_weights([weights[:, None].astype(np.float32), np.array([bias])])
    counts = {
        part: {HEALTHY: int((~called[mask]).sum()), SICK: int(called[mask].sum())}
        for part, mask in (("train", ~val), ("val", val))
    }
    with replacing(out / f"head-{spec.name}.npz") as part_file:
        np.savez(part_file, weights=weights, bias=bias)
    odds = known.astype(np.float64) @ weights + bias
    return whole(spec, network), {"counts": counts, "history": {}, "log_odds": odds}


def _regress(
    known: NDArray[np.float32], called: Bools, unseen: NDArray[np.float32], truth: Bools
) -> tuple[NDArray[np.float64], float]:
    """Weights (F,) and bias of a logistic regression, its strength chosen on unseen films."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import log_loss
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(known)
    scale = np.where(scaler.scale_ > 0, scaler.scale_, 1.0)
    ready, others = scaler.transform(known), scaler.transform(unseen)
    models = [
        LogisticRegression(C=strength, class_weight="balanced", max_iter=300).fit(ready, called)
        for strength in 10.0 ** np.arange(-5, 0)
    ]
    best = min(models, key=lambda model: log_loss(truth, model.predict_proba(others)[:, 1]))
    weights = best.coef_[0] / scale
    return weights, float(best.intercept_[0] - weights @ scaler.mean_)


def frozen(network: Any) -> Any:
    """A network without its head, in the fastest arithmetic that this processor has."""
    import keras

    body = keras.Model(network.input, network.layers[-1].input)
    return networks.in_bfloat16(body) if precision.has_bfloat16() else body


def features(spec: Spec, network: Any, films: Bytes, path: Path) -> NDArray[np.float32]:
    """Frozen features (N, F) of all films, computed once and kept beside ``path``, by content."""
    import keras

    body = frozen(network)
    digest = hashlib.sha256(np.ascontiguousarray(films).tobytes())
    for weights in body.get_weights():
        digest.update(np.ascontiguousarray(weights).tobytes())
    path = path.with_name(f"{path.stem}-{digest.hexdigest()[:12]}.npy")
    if path.is_file():
        return np.asarray(np.load(path, allow_pickle=False))
    made = [
        keras.ops.convert_to_numpy(
            body.predict_on_batch(shown(spec, films[i : i + 32])[..., None])
        ).astype(np.float32)
        for i in range(0, len(films), 32)
    ]
    out = np.concatenate(made)
    with replacing(path) as part:
        np.save(part, out)
    return out
