"""The networks that recipes build, and augmentation as layers: Keras layers and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xray.errors import ModelError

if TYPE_CHECKING:
    from xray.training.recipes import Augmentation, Recipe


def augmentation_layers(change: Augmentation, seed: int) -> list[Any]:
    """Keras preprocessing layers for films (N, h, w, 1) in [0, 1]."""
    from keras import layers

    from xray.training.augmenting import RandomAffine, RandomNoise

    made: list[Any] = []
    moves = ("shift", "zoom", "aspect", "rotation", "shear", "flip")
    wanted = {name: getattr(change, name) for name in moves}
    if any(wanted.values()):
        made.append(RandomAffine(**wanted, border=change.border, seed=seed))
    unit = (0.0, 1.0)
    if change.brightness:
        made.append(layers.RandomBrightness(change.brightness, value_range=unit, seed=seed + 6))
    if change.contrast:
        made.append(layers.RandomContrast(change.contrast, value_range=unit, seed=seed + 7))
    if change.noise:
        made.append(RandomNoise(change.noise, seed=seed + 8))
    return made


def build(recipe: Recipe, backbone_weights: Path | None = None) -> Any:
    """Build a recipe's untrained network: films (N, h, w, 1) in [0, 1] to P(positive).

    Parameters
    ----------
    backbone_weights : file of VGG19 weights without top; Keras downloads them when None.
    """
    import keras

    builder = NETWORKS[recipe.network]
    entry = keras.Input((*recipe.size, 1), name="film")
    features = builder(recipe, entry, backbone_weights)
    output = keras.layers.Dense(1, activation="sigmoid", dtype="float32", name="pneumonia")
    return keras.Model(entry, output(features), name=recipe.name)


def _blocks(recipe: Recipe, entry: Any, _: Path | None) -> Any:
    """Convolution + max-pooling blocks, then dense layers: the network of the write-ups."""
    from keras import layers

    options = recipe.options
    activation = options.get("activation", "relu")
    x = entry
    if options.get("rgb"):
        x = layers.Concatenate()([x, x, x])
    strides = options.get("strides", [1] * len(options["filters"]))
    for filters, stride in zip(options["filters"], strides, strict=True):
        x = layers.Conv2D(filters, 3, stride, padding=options.get("padding", "same"))(x)
        if options.get("normalise"):
            x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.Activation(activation)(x)
        if min(x.shape[1:3]) > 1:
            x = layers.MaxPooling2D()(x)
    pools = {"max": layers.GlobalMaxPooling2D, "average": layers.GlobalAveragePooling2D}
    x = pools.get(options.get("pool", ""), layers.Flatten)()(x)
    for units in options["dense"]:
        x = layers.Dense(units, activation=activation)(x)
    return layers.Dropout(options.get("dropout", 0.1))(x)


def _pooled(recipe: Recipe, entry: Any, _: Path | None) -> Any:
    """Strided residual network with batch normalisation and global average + max pooling."""
    from keras import layers

    x = entry
    for filters in recipe.options["filters"]:
        x = layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
        y = layers.Conv2D(filters, 3, padding="same", use_bias=False)(x)
        x = layers.ReLU()(layers.Add()([x, layers.BatchNormalization(momentum=0.9)(y)]))
    pools = [layers.GlobalMaxPooling2D()(x)]
    if recipe.options.get("average", True):
        pools.append(layers.GlobalAveragePooling2D()(x))
    x = layers.Concatenate()(pools) if len(pools) > 1 else pools[0]
    return layers.Dropout(recipe.options.get("dropout", 0.1))(x)


def _vgg19(recipe: Recipe, entry: Any, weights: Path | None) -> Any:
    """VGG19 from ImageNet, average and maximum pooled."""
    import keras
    from keras import layers

    from xray.models.inputs import IMAGENET_MEANS

    try:
        backbone = keras.applications.VGG19(
            include_top=False,
            weights=str(weights) if weights else "imagenet",
            input_shape=(*recipe.size, 3),
        )
    except Exception as error:
        reason = str(error).strip().split("\n")[0][:120]
        raise ModelError(
            f"The VGG19 weights could not be had ({reason}); give the file of weights without "
            "top with --backbone-weights."
        ) from error
    x = layers.Concatenate()([entry, entry, entry])
    offset = [-mean for mean in IMAGENET_MEANS]
    x = layers.Rescaling(255.0, offset=offset, dtype="float32")(x)
    x = backbone(x)
    x = layers.Concatenate()([layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)])
    return layers.Dropout(recipe.options.get("dropout", 0.3))(x)


#: How each kind of network is built: (recipe, input, backbone weights) -> features (N, F).
NETWORKS: dict[str, Callable[[Recipe, Any, Path | None], Any]] = {
    "blocks": _blocks,
    "pooled": _pooled,
    "vgg19": _vgg19,
}
