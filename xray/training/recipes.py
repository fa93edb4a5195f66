"""Recipes: what each model is, as data, and the networks they build.

Networks and augmentation are Keras 3 layers and nothing else, so that a recipe trains on any
Keras backend. Augmentation lives in front of the network while it trains and is not saved.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from xray.errors import ModelError


@dataclass(frozen=True)
class Augmentation:
    """Random changes to a training film; every factor 0 means none.

    ``shift`` and ``zoom`` are fractions of the film, ``rotation`` and ``shear`` fractions of a
    turn; ``aspect`` stretches height and width independently (the native aspect differs by
    class in this set and squashing leaves its trace); ``brightness`` and ``contrast`` are
    fractions of the grey range; ``noise`` is the greatest standard deviation of the noise laid
    over a film, as a fraction of the grey range too. ``border`` is what lies beyond the edge of
    a film that moved: "black", or "nearest", where its last pixels go on.
    """

    shift: float = 0.0
    zoom: float = 0.0
    aspect: float = 0.0
    rotation: float = 0.0
    shear: float = 0.0
    flip: bool = False
    brightness: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0
    border: str = "black"


@dataclass(frozen=True)
class Phase:
    """One stretch of training: epochs at most, learning rate at its start, what may change.

    ``unfrozen`` lists prefixes of the backbone's layers that train; None trains everything.
    The rate falls to a twentieth along a half cosine. ``augmented`` False shows the films as
    they are, whatever the recipe's augmentation (compare Touvron et al. 2019).
    """

    epochs: int
    learning_rate: float
    unfrozen: tuple[str, ...] | None = None
    patience: int = 4
    augmented: bool = True


@dataclass(frozen=True)
class Recipe:
    """All that decides how a model is trained."""

    name: str
    title: str
    network: str = "blocks"
    size: tuple[int, int] = (128, 128)
    fit: str = "squash"
    options: dict[str, Any] = field(default_factory=dict)
    augmentation: Augmentation = Augmentation()
    phases: tuple[Phase, ...] = (Phase(12, 1e-3),)
    batch: int = 32
    split: str = "enlarged_validation"
    fraction: float = 1.0
    class_weight: str = "balanced"
    weight_decay: float = 0.0
    label_smoothing: float = 0.0
    precision: str = "float32"
    half: bool = False
    role: str = "recipe"
    #: Share of the training films of each class that shows a device, its own or laid on.
    planted: float = 0.0
    #: Films dropped from train at random to match the class counts of another split.
    match: str = ""
    #: What the network is shown: the whole film, or the box around the lungs
    #: (``xray.models.framing``).
    framing: str = "film"

    def settings(self) -> dict[str, Any]:
        """Everything above as JSON-like data, for the card and for hashes."""
        return asdict(self)


_MODERATE = Augmentation(
    shift=0.1,
    zoom=0.15,
    aspect=0.1,
    shear=0.05,
    flip=True,
    brightness=0.1,
    contrast=0.2,
    border="nearest",
)
_STRONG = Augmentation(
    shift=0.1,
    zoom=0.15,
    aspect=0.15,
    rotation=0.03,
    shear=0.03,
    flip=True,
    brightness=0.15,
    contrast=0.25,
    border="nearest",
)
_WIDE = Augmentation(
    shift=0.12,
    zoom=0.25,
    aspect=0.25,
    rotation=0.04,
    shear=0.05,
    flip=True,
    brightness=0.2,
    contrast=0.35,
    border="nearest",
)

#: Augmentations by name, from none at all.
AUGMENTATIONS = {
    "none": Augmentation(),
    "moderate": _MODERATE,
    "strong": _STRONG,
    "wide": _WIDE,
    "wide_noisy": replace(_WIDE, noise=0.05),
}

_BASIC = {"filters": [16, 32, 64, 64], "dense": [64], "normalise": True}

#: The three are shown the lungs alone: how a film is framed tells the classes apart in training
#: and not on test, and the same network that sees whole films is wrong where framing tells
#: nothing (``xray.models.stress``). ``whole_film`` is that network, and the base of the cures;
#: ``whole_film_augmented`` and ``whole_film_transfer`` are the other two trained in that way.
RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        Recipe("basic", "Basic CNN", options=_BASIC, phases=(Phase(8, 1e-3),), framing="lungs"),
        Recipe(
            "augmented",
            "Basic CNN, augmented",
            options=_BASIC,
            augmentation=_MODERATE,
            phases=(Phase(16, 1e-3, patience=16),),
            framing="lungs",
        ),
        Recipe(
            "transfer",
            "VGG19 transfer",
            network="vgg19",
            options={"dropout": 0.3},
            augmentation=AUGMENTATIONS["wide_noisy"],
            phases=(Phase(7, 5e-5, ("block4", "block5")),),
            weight_decay=1e-4,
            half=True,
            framing="lungs",
        ),
    )
}

RECIPES |= {
    name: replace(
        RECIPES[of],
        name=name,
        title=f"{RECIPES[of].title} shown whole films",
        framing="film",
        role="cure",
    )
    for name, of in (
        ("whole_film", "basic"),
        ("whole_film_augmented", "augmented"),
        ("whole_film_transfer", "transfer"),
    )
}
_CURE_BASE = RECIPES["whole_film"]
RECIPES |= {
    "device_free": replace(
        _CURE_BASE,
        name="device_free",
        title="Trained without device films",
        split="device_free",
        role="cure",
    ),
    "device_matched": replace(
        _CURE_BASE,
        name="device_matched",
        title="As many films dropped at random",
        match="device_free",
        role="cure",
    ),
    "device_balanced": replace(
        _CURE_BASE,
        name="device_balanced",
        title="Devices laid over both classes",
        planted=0.8,
        role="cure",
    ),
}

# What others reported, so that each finding can be had again by one command. "rgb" gives a film
# three times over: the public re-encode is grey, and so were all but 283 of the originals.
_SMALL = Recipe(
    "small64",
    "Small CNN, 64 pixels",
    size=(64, 64),
    options={"filters": [8, 16, 32, 64], "dense": [64]},
    phases=(Phase(30, 1e-3, patience=8),),
    fraction=0.2,
)
RECIPES |= {
    "small64": _SMALL,
    "small64_augmented": replace(
        _SMALL,
        name="small64_augmented",
        title="Small CNN, 64 pixels, augmented",
        augmentation=_MODERATE,
    ),
    # 311,041 parameters, and 128 features after the last convolution, whose map is one pixel.
    "five_conv300": Recipe(
        "five_conv300",
        "Five convolutions at 300 pixels",
        size=(300, 300),
        options={
            "filters": [32, 64, 64, 128, 128],
            "strides": [2, 2, 1, 1, 1],
            "padding": "valid",
            "dense": [256],
            "rgb": True,
        },
    ),
    # Both give the native shape back; letterboxing shows it as bars, cropping hides it.
    "basic_letterboxed": replace(
        _CURE_BASE, name="basic_letterboxed", title="Basic CNN, letterboxed", fit="letterbox"
    ),
    "basic_cropped": replace(
        _CURE_BASE, name="basic_cropped", title="Basic CNN, cropped", fit="crop"
    ),
}


def get(name: str) -> Recipe:
    """A recipe by name.

    Raises
    ------
    ModelError
        There is none of that name.
    """
    if name not in RECIPES:
        raise ModelError(f"There is no recipe {name}; choose one of: {', '.join(RECIPES)}.")
    return RECIPES[name]
