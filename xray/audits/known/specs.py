"""Networks of known answers: trained so that real devices tell them something, or nothing.

The audit must be right about networks of which we know what they read. Nature forces some: where
SICK is made to mean "sick, and wears an electrode", a network can only do well by seeing
electrodes, or what goes with them. Others never saw a device. What a network was fed does not
say what it learnt, so what is true of each is measured (``known.truth``), on films that every
training leaves out (``held_out``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.classes import HEALTHY, SICK
from xray.errors import DatasetError
from xray.labels import devices
from xray.metrics.patients import patients
from xray.models import framing, precision
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

#: Architecture -> (network, options, input side in pixels, precision of training where the
#: processor has bfloat16; without it, it would be emulated at half the speed)
ARCHITECTURES: dict[str, tuple[str, dict[str, Any], int, str]] = {
    "flat": (
        "blocks",
        {"filters": [16, 32, 48, 64], "dense": [48], "normalise": True},
        96,
        "float32",
    ),
    "peak": (
        "blocks",
        {"filters": [12, 24, 48, 64], "dense": [], "pool": "max", "normalise": True},
        104,
        "mixed_bfloat16",
    ),
    "residual": ("pooled", {"filters": [16, 32, 64, 96]}, 112, "mixed_bfloat16"),
    "strided": (
        "blocks",
        {
            "filters": [16, 32, 64, 64],
            "strides": [2, 1, 1, 1],
            "dense": [48],
            "pool": "max",
            "normalise": True,
        },
        144,
        "mixed_bfloat16",
    ),
    "average": (
        "blocks",
        {"filters": [16, 32, 64, 64], "dense": [32], "pool": "average", "normalise": True},
        96,
        "float32",
    ),
    "vgg19": ("vgg19", {"dropout": 0.3}, 128, "float32"),
}


@dataclass(frozen=True)
class Spec:
    """How one network of the panel is trained.

    Attributes
    ----------
    architecture : one of ``ARCHITECTURES``
    meaning : what SICK means in training: "sick", or a kind: sick and wears it; several
        with "_" between where they are planted
    share : share of the sick without the kind that are renamed HEALTHY, 0..1; the rest stay
        SICK
    shown : "all" films, those "bare" of devices, "sick" children alone, or "planted": bare films,
        the sick twice, once with a device of the kind laid in (called SICK) and once with
        its null (called SICK or HEALTHY by ``share``); healthy ones with nulls
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

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of device that it is to read; none where SICK means "sick"."""
        return () if self.meaning == "sick" else tuple(self.meaning.split("_"))

    def recipe(self, called: int = FEW) -> Recipe:
        """The network and its training; ``called`` films are to be called SICK."""
        network, options, side, coarse = ARCHITECTURES[self.architecture]
        few = called < FEW
        epochs = EPOCHS_FEW if few else EPOCHS
        return Recipe(
            self.name,
            self.name,
            network=network,
            size=(side, side),
            options=dict(options),
            augmentation=MOVED if few else Augmentation(),
            phases=(Phase(epochs, 1.5e-3, patience=epochs),),
            batch=64,
            precision=coarse if precision.has_bfloat16() else "float32",
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
    """Networks of kinds that nature hardly forces, with devices planted.

    Sick children's films are called SICK with a device and half of the time without, so
    that such a network tells sick from healthy, as real ones do, and reads devices too.
    """
    every = "line_tube_electrode"
    plan = [
        ("strided", every, 0),
        ("peak", every, 0),
        ("strided", "line", 0),
        ("peak", "tube", 0),
        ("strided", every, 1),
        ("peak", every, 1),
        ("residual", "line", 0),
        ("strided", "tube", 0),
        ("residual", every, 0),
        ("average", every, 0),
        ("peak", "line_electrode", 0),
        ("strided", "line_tube", 0),
        ("peak", "line_tube", 1),
        ("residual", "tube_electrode", 0),
        ("strided", "line_electrode", 2),
        ("average", "tube_electrode", 0),
        ("flat", every, 0),
        ("strided", every, 2),
        ("peak", every, 2),
        ("residual", every, 1),
        ("vgg19", every, 0),
        ("vgg19", "line", 0),
        ("vgg19", "tube", 0),
        ("vgg19", "electrode", 0),
    ]
    planted = [
        Spec(architecture, meaning, 0.5, "planted", seed=seed)
        for architecture, meaning, seed in plan
    ]
    # Heads on one backbone share its features, so that many of them cost little more than one.
    heads = [
        Spec("vgg19", kind, share, shown, seed=seed)
        for seed, share, shown in (
            (1, 1.0, "all"),
            (2, 0.5, "all"),
            (3, 0.25, "all"),
            (1, 1.0, "sick"),
            (2, 0.5, "sick"),
        )
        for kind in devices.KINDS
    ]
    return (
        planted + heads + [Spec("vgg19", shown="bare", seed=seed) for seed in (1, 2, 3)] + _more()
    )


def _more() -> list[Spec]:
    """Further small networks: clean ones set the thresholds of explanations (``known.methods``)."""
    return [
        *(Spec("average", kind) for kind in ("electrode", "support", "line")),
        Spec("average", shown="bare", framing="lungs", seed=1),
        Spec("flat", shown="bare", framing="centre", seed=2),
        Spec("peak", shown="bare", framing="lungs", seed=2),
    ]


def marked(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the child of each film and the confidence of each kind of device.

    Raises
    ------
    DatasetError
        No film of the table has device labels.
    """
    kinds = [*devices.KINDS, "confidence"]
    joined = table.assign(child=patients(table)).join(devices.load()[kinds], on="file")
    if joined["confidence"].isna().all():
        raise DatasetError("None of these films has device labels; give the public set's folder.")
    return joined


def witnesses(films: pd.DataFrame) -> Bools:
    """Films of children filmed with and without devices, of one subtype (``marked`` table)."""
    sick = films[films["label"] == SICK]
    range_ = sick.groupby(["child", "subtype"])["confidence"].agg(["min", "max"])
    both = range_.index[(range_["min"] < BARE) & (range_["max"] >= WORN)]
    pairs = pd.MultiIndex.from_frame(films[["child", "subtype"]])
    return np.asarray(pairs.isin(both) & (films["label"] == SICK))


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
    for label in (HEALTHY, SICK):
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
    called : (N,) True where SICK is the answer that is taught
    """
    rng = np.random.default_rng([spec.seed, 17])
    sick = (films["label"] == SICK).to_numpy()
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
