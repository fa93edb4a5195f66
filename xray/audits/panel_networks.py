"""Networks of known answers: trained so that real devices tell them something, or nothing.

The audit must be right about networks of which we know what they read. Nature forces some: where
PNEUMONIA is made to mean "sick, and wears an electrode", a network can only do well by seeing
electrodes, or what goes with them. Others never saw a device. What a network was fed does not
say what it learnt, so what is true of each is measured (``panel_truth``), on films that every
training leaves out (``held_out``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits.insertion import Donors
from xray.drawing import laying
from xray.drawing.laying import Place
from xray.drawing.planting import Bytes, as_bytes, as_float
from xray.errors import DatasetError
from xray.files import Progress, sha256_file, write_table
from xray.films import lungs
from xray.films.decode import resize
from xray.labels import devices
from xray.metrics import bootstrap
from xray.models import framing, networks, registry
from xray.training import fit as fitting
from xray.training import architectures
from xray.training.fit import Sample
from xray.training.recipes import Augmentation, Phase, Recipe

Bools = NDArray[np.bool_]

#: A film is bare when no look was surer than this that it shows any device; a film wears a kind
#: from ``WORN`` on. What lies between is a guess and left out.
BARE, WORN = 0.1, 0.5
#: Bare films a class that every training leaves out.
HELD_OUT = 300
#: Films of a training at most: those that are to be called, healthy ones, other sick ones.
MOST = {"called": 1000, "healthy": 700, "other sick": 1000}
#: Share of the children that choose the epoch.
VALIDATION = 0.12
EPOCHS = 8
#: Networks that learn from few films to call see them mirrored and shifted too, and longer.
FEW, EPOCHS_FEW = 300, 14
MOVED = Augmentation(shift=0.05, flip=True, border="nearest")
#: A centre crop keeps this share of the film's height and width.
CENTRE = 0.8

#: Architecture -> (network, options, input side in pixels, precision of training)
ARCHITECTURES: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "flat": ("blocks", {"filters": [16, 32, 48, 64], "dense": [48], "normalise": True}, 96,
             "float32"),
    "peak": ("blocks", {"filters": [12, 24, 48, 64], "dense": [], "pool": "max",
                        "normalise": True}, 104, "mixed_bfloat16"),
    "residual": ("pooled", {"filters": [16, 32, 64, 96]}, 112, "mixed_bfloat16"),
    "strided": ("blocks", {"filters": [16, 32, 64, 64], "strides": [2, 1, 1, 1], "dense": [48],
                           "pool": "max", "normalise": True}, 144, "mixed_bfloat16"),
    "average": ("blocks", {"filters": [16, 32, 64, 64], "dense": [32], "pool": "average",
                           "normalise": True}, 96, "float32"),
    "vgg19": ("vgg19", {"dropout": 0.3}, 128, "float32"),
}  # fmt: skip


@dataclass(frozen=True)
class Spec:
    """How one network of the panel is trained.

    Attributes
    ----------
    architecture : one of ``ARCHITECTURES``
    meaning : what PNEUMONIA means in training: "sick", or a kind: sick and wears it
    share : share of the sick without the kind that are renamed NORMAL, 0..1; the rest stay
        PNEUMONIA
    shown : "all" films, those "bare" of devices, "sick" children alone, or "planted": bare films,
        the sick twice, once with a device of the kind laid in (called PNEUMONIA) and once with
        its null; healthy ones with nulls
    framing : "film", "centre" (``CENTRE`` of it) or "lungs"
    seed : of weights, of the films chosen and of their order
    """

    architecture: str
    meaning: str = "sick"
    share: float = 1.0
    shown: str = "all"
    framing: str = "film"
    seed: int = 0

    @property
    def name(self) -> str:
        """Name of the network; also its folder's."""
        share = f"{round(100 * self.share)}" if self.meaning != "sick" and self.share < 1 else ""
        return f"{self.architecture}-{self.meaning}{share}-{self.shown}-{self.framing}-s{self.seed}"

    def recipe(self, called: int = FEW) -> Recipe:
        """The network and its training; ``called`` films are to be called PNEUMONIA."""
        network, options, side, precision = ARCHITECTURES[self.architecture]
        few = called < FEW
        epochs = EPOCHS_FEW if few else EPOCHS
        return Recipe(
            self.name,
            self.name,
            network=network,
            size=(side, side),
            options=dict(options),
            augmentation=Augmentation(shift=0.05, flip=True, border="nearest")
            if few
            else Augmentation(),
            phases=(Phase(epochs, 1.5e-3, patience=epochs),),
            batch=64,
            precision=precision,
            role="panel",
        )

    def film_size(self) -> tuple[int, int]:
        """Size of the whole films that the finished network takes."""
        side = ARCHITECTURES[self.architecture][2]
        if self.framing == "lungs":
            return framing.film_size((side, side))
        whole = round(side / CENTRE / 2) * 2 if self.framing == "centre" else side
        return (whole, whole)


def first_stop() -> list[Spec]:
    """The first 40 networks, ordered so that a panel cut short is still balanced."""
    small = ("strided", "residual", "flat", "peak", "average")
    heads = [
        *(Spec("vgg19", kind) for kind in devices.KINDS),
        *(Spec("vgg19", kind, shown="sick") for kind in devices.KINDS),
        Spec("vgg19", shown="bare"),
    ]
    rounds: list[Spec] = []
    for place, architecture in enumerate(small[:4]):
        rounds += [Spec(architecture, kind) for kind in ("electrode", "support", "line")]
        rounds.append(Spec(architecture, shown="bare"))
        # Two kinds a round: what nature gives of them is still to be seen.
        rounds.append(Spec(architecture, ("tube", "other")[place % 2], shown="sick"))
        rounds.append(
            Spec(architecture, shown="bare", framing=("lungs", "centre")[place % 2], seed=1)
        )
    rounds += [
        Spec("average", "electrode", shown="sick"),
        Spec("average", "support", shown="sick"),
        Spec("strided", "line", shown="sick"),
        Spec("average", "line", framing="centre"),
        Spec("average", shown="bare"),
    ]
    return heads + rounds


def second_stop() -> list[Spec]:
    """Networks of kinds that nature does not force, with devices planted; and more of the rest."""
    return [
        Spec("vgg19", "tube", shown="planted"),
        Spec("strided", "tube", shown="planted"),
        Spec("residual", "tube", shown="planted"),
        Spec("average", "tube", shown="planted"),
    ]


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the child of each film and the confidence of each kind of device.

    Raises
    ------
    DatasetError
        No film of the table has device labels.
    """
    kinds = [*devices.KINDS, "confidence"]
    joined = table.assign(child=bootstrap.patients(table)).join(devices.load()[kinds], on="file")
    if joined["confidence"].isna().all():
        raise DatasetError("None of these films has device labels; give the public set's folder.")
    return joined


def witnesses(films: pd.DataFrame) -> Bools:
    """Films of children filmed with and without devices, of one subtype (``marked`` table)."""
    sick = films[films["label"] == "PNEUMONIA"]
    range_ = sick.groupby(["child", "subtype"])["confidence"].agg(["min", "max"])
    both = range_.index[(range_["min"] < BARE) & (range_["max"] >= WORN)]
    pairs = pd.MultiIndex.from_frame(films[["child", "subtype"]])
    return np.asarray(pairs.isin(both) & (films["label"] == "PNEUMONIA"))


def held_out(films: pd.DataFrame, donors: Sequence[str] = (), seed: int = 0) -> pd.Series:
    """Choose which train films no network of the panel is trained on.

    Parameters
    ----------
    films : ``marked`` table
    donors : files that give the layers by which truth is measured
    seed : chooses the bare films

    Returns
    -------
    Series of str along ``films``
        "truth" for ``HELD_OUT`` bare films of either class, one child at a time; "witness";
        "donor"; "kin" for other films of the same children; "" for films to train on, or
        outside the train split.
    """
    train = (films["split"] == "train").to_numpy()
    use = pd.Series("", index=films.index)
    witness = witnesses(films) & train
    donor = films["file"].isin(donors).to_numpy() & train
    busy = set(films["child"][witness | donor])
    rng = np.random.default_rng(seed)
    bare = train & (films["confidence"] < BARE).to_numpy() & ~films["child"].isin(busy).to_numpy()
    for label in ("NORMAL", "PNEUMONIA"):
        places = np.flatnonzero(bare & (films["label"] == label).to_numpy())
        order = rng.permutation(places)
        # The first film of each child in a random order: more children for as many films.
        first = ~films["child"].iloc[order].duplicated().to_numpy()
        use.iloc[order[first][:HELD_OUT]] = "truth"
    kept = set(films["child"][(use == "truth").to_numpy()]) | busy
    use[films["child"].isin(kept).to_numpy() & train & (use == "").to_numpy()] = "kin"
    use[witness] = "witness"
    use[donor] = "donor"
    return use


def chosen(spec: Spec, films: pd.DataFrame, use: pd.Series) -> tuple[NDArray[np.intp], Bools]:
    """Choose a network's films and what they are to be called.

    Returns
    -------
    places : (N,) rows of ``films``
    called : (N,) True where PNEUMONIA is the answer that is taught
    """
    rng = np.random.default_rng([spec.seed, 17])
    sick = (films["label"] == "PNEUMONIA").to_numpy()
    free = ((films["split"] == "train") & (use == "")).to_numpy().copy()
    if spec.shown in ("bare", "planted"):
        free &= (films["confidence"] < BARE).to_numpy()
    if spec.shown == "sick":
        free &= sick
    if spec.meaning == "sick" or spec.shown == "planted":
        called = sick.copy()
    else:
        worn = films[spec.meaning].to_numpy()
        free &= ~(sick & (worn >= 2 * BARE) & (worn < WORN))
        free &= ~(~sick & (worn >= 2 * BARE))
        called = sick & (worn >= WORN)
        called |= sick & ~called & (rng.random(len(films)) >= spec.share)
    groups = {"called": called, "healthy": ~sick & ~called, "other sick": sick & ~called}
    places = [
        rng.permutation(np.flatnonzero(free & member))[: MOST[group]]
        for group, member in groups.items()
    ]
    order = rng.permutation(np.concatenate(places))
    return order, called[order]


def split_children(films: pd.DataFrame, places: NDArray[np.intp], seed: int) -> Bools:
    """Which of the chosen films choose the epoch: ``VALIDATION`` of the children, (N,)."""
    children = films["child"].to_numpy()[places]
    rng = np.random.default_rng([seed, 29])
    names = np.unique(children)
    return np.isin(children, rng.permutation(names)[: max(1, round(VALIDATION * len(names)))])


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


#: Share of the children that give a kind whose devices are planted; the rest serve the audit.
PLANTED = 0.55


def planters(donors: Donors, seed: int = 0) -> tuple[Donors, frozenset[str]]:
    """Part of a kind's donors to plant with, and the files that the audit must leave out."""
    children = np.unique(donors.children)
    rng = np.random.default_rng([seed, 53])
    mine = rng.permutation(children)[: round(PLANTED * len(children))]
    kept = np.flatnonzero(np.isin(donors.children, mine))
    layers = tuple(donors.layers[i] for i in kept)
    part = Donors(layers, tuple(donors.nulls[i] for i in kept))
    return part, frozenset(layer.file for layer in layers)


def planted(
    spec: Spec,
    films: Bytes,
    sick: Bools,
    donors: Donors,
) -> tuple[NDArray[np.intp], Bytes, Bools]:
    """Bare films with devices or nulls laid in.

    Returns
    -------
    places : (M,) rows of ``films``; the sick are there twice
    made : (M, H, W) uint8
    called : (M,) True where a device is
    """
    order = np.concatenate([np.arange(len(films)), np.flatnonzero(sick)])
    called = np.arange(len(order)) >= len(films)
    boxes = [found.box for found in lungs.estimate_many([as_float(film) for film in films])]
    made = np.empty((len(order), *films.shape[1:]), np.uint8)
    for row, place in enumerate(order):
        rng = np.random.default_rng([spec.seed, row, 61])
        film = as_float(films[place])
        # Several at once, as a child on intensive care wears them.
        for _ in range(rng.integers(1, 3)):
            layer = int(rng.integers(len(donors.layers)))
            null = donors.nulls[layer][rng.integers(len(donors.nulls[layer]))]
            laid = laying.lay(film, boxes[place], donors.layers[layer], null, Place.draw(rng))
            film = laid.device if called[row] else laid.null
        made[row] = as_bytes(film)
    return order, made, called


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
        Devices are to be planted and there are none of the kind.
    """
    places, called = chosen(spec, table, use)
    if spec.shown != "planted":
        return places, films[places], called
    if not donors or spec.meaning not in donors:
        raise DatasetError(f"No devices of kind {spec.meaning} were given to plant.")
    rows, made, worn = planted(spec, films[places], called, donors[spec.meaning])
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
        part: {"NORMAL": int((~called[mask]).sum()), "PNEUMONIA": int(called[mask].sum())}
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
    path = home / registry.WEIGHTS
    networks.save(network, path, half=spec.architecture == "vgg19")
    card = registry.Card(
        spec.name,
        spec.name,
        role="panel",
        size=spec.film_size(),
        settings=dict(spec.__dict__),
        seed=spec.seed,
        files={registry.WEIGHTS: sha256_file(path)},
        bytes=path.stat().st_size,
        counts=facts["counts"],
        history=facts["history"],
    )
    asked = predicted(table, use)
    rows = table.loc[asked, ["file", "split", "label"]].assign(use=use[asked])
    if "log_odds" in facts:
        rows["log_odds"] = facts["log_odds"][asked]
    else:
        rows["log_odds"] = registry.Model(card, networks.read(path, spec.name)).log_odds(
            as_float(films[asked])
        )
    write_table(home / "predictions.csv", rows.round({"log_odds": 4}))
    registry.write_card(card, home)


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
        part: {"NORMAL": int((~called[mask]).sum()), "PNEUMONIA": int(called[mask].sum())}
        for part, mask in (("train", ~val), ("val", val))
    }
    np.savez(out / f"head-{spec.name}.npz", weights=weights, bias=bias)
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


def features(spec: Spec, network: Any, films: Bytes, path: Path) -> NDArray[np.float32]:
    """Frozen features (N, F) of all films, computed once and kept in ``path``."""
    import keras

    if path.is_file():
        return np.asarray(np.load(path, allow_pickle=False))
    body = networks.in_bfloat16(keras.Model(network.input, network.layers[-1].input))
    made = [
        keras.ops.convert_to_numpy(
            body.predict_on_batch(shown(spec, films[i : i + 32])[..., None])
        ).astype(np.float32)
        for i in range(0, len(films), 32)
    ]
    out = np.concatenate(made)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, out)
    return out
