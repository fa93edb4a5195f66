"""Train the small network that finds the lungs, and write what it is worth beside it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.errors import DatasetError
from xray.files import hash_json, replacing, sha256_file, write_json
from xray.films.decode import read
from xray.films.lungs import NETWORK_FILE, SIDE, Lungs, guess, network_folder, prepare, settle
from xray.jobs.progress import Progress

#: Channels of the network, from the film's 64 pixels down to 8.
CHANNELS = (8, 16, 32, 48)


@dataclass(frozen=True, eq=False)
class Pairs:
    """Films and the lungs on them.

    Attributes
    ----------
    films, fields : (N, SIDE, SIDE, 1) float32
        Films as :func:`xray.films.lungs.prepare` gives them, and the share of lung a pixel.
    names : list of str
        "split/label/name" of the films.
    """

    films: NDArray[np.float32]
    fields: NDArray[np.float32]
    names: list[str]


def pairs(data: Path, masks: Path, split_name: str) -> list[tuple[Path, Path]]:
    """Match films with masks of the same name (PNG) below ``split_name``.

    Raises
    ------
    DatasetError
        Nothing matches.
    """
    found = []
    for mask in sorted((masks / split_name).glob("*/*.png")):
        stem = data / mask.relative_to(masks).with_suffix("")
        film = next(
            (p for s in (".jpeg", ".jpg", ".png") if (p := stem.with_suffix(s)).is_file()), None
        )
        if film is not None:
            found.append((film, mask))
    if not found:
        raise DatasetError(
            f"No film below {data / split_name} has a mask of its name below {masks / split_name}; "
            "give --masks the folder of lung masks laid out like the films."
        )
    return found


def read_mask(path: Path) -> NDArray[np.float32]:
    """Read a lung mask, (h, w) float32 0 or 1."""
    return (read(path).pixels > 0.5).astype(np.float32)


def load(found: list[tuple[Path, Path]], data: Path, progress: Progress | None = None) -> Pairs:
    """Read films and masks at the network's size."""
    films = np.empty((len(found), SIDE, SIDE, 1), np.float32)
    fields = np.empty_like(films)
    for i, (film, mask) in enumerate(found):
        films[i] = prepare(read(film).pixels[None])[0]
        small = cv2.resize(read_mask(mask), (SIDE, SIDE), interpolation=cv2.INTER_AREA)
        fields[i] = small[..., None]
        if progress:
            progress(i + 1, len(found))
    return Pairs(films, fields, [str(film.relative_to(data)) for film, _ in found])


def build() -> Any:
    """U-Net of about 100,000 weights, (N, 64, 64, 1) -> lung share 0..1."""
    import keras
    from keras import layers

    inputs = layers.Input((SIDE, SIDE, 1))
    x = unet(inputs, CHANNELS)
    return keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(x), name="lungs")


def unet(x: Any, channels: Sequence[int]) -> Any:
    """Features at every pixel by a U-Net (Ronneberger 2015), halved once for each further level.

    Parameters
    ----------
    x : Keras tensor (N, S, S, C), S divisible by 2 as often as there are levels but one
    channels : of each level, from all pixels down
    """
    from keras import layers

    def block(x: Any, channels: int) -> Any:
        for _ in range(2):
            x = layers.Conv2D(channels, 3, padding="same", use_bias=False)(x)
            x = layers.BatchNormalization()(x)
            x = layers.Activation("relu")(x)
        return x

    skips = []
    for count in channels[:-1]:
        x = block(x, count)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = block(x, channels[-1])
    for count, skip in zip(channels[-2::-1], skips[::-1], strict=True):
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = block(layers.Concatenate()([x, skip]), count)
    return x


def augment(
    films: NDArray[np.float32], fields: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mirror, move, scale and re-expose a batch, so that other clinics' films are no surprise."""
    x, y = np.empty_like(films), np.empty_like(fields)
    for i in range(len(films)):
        scale, angle = rng.uniform(0.8, 1.2), rng.normal(0, 5)
        move = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, scale)
        move[:, 2] = move[:, 2] + rng.normal(0, 0.04 * SIDE, 2)
        if rng.random() < 0.5:
            move[0] = np.array([0, 0, SIDE - 1]) - move[0]
        power = np.exp(rng.normal(0, 0.2))
        film = cv2.warpAffine(films[i], move, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)
        low = float(film.min())
        span = float(film.max()) - low + 1e-6
        bent = ((film - low) / span) ** power
        x[i, ..., 0] = (bent - bent.mean()) / (bent.std() + 1e-3)
        y[i, ..., 0] = cv2.warpAffine(fields[i], move, (SIDE, SIDE))
    return x, y


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Dice's coefficient of two masks, 0..1 (1 where both are empty)."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 1.0


def train(
    data: Path,
    masks: Path,
    epochs: int = 10,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train on the train split, measure on the untouched test split, write network and card.

    Parameters
    ----------
    data : folder of films, "split/label/name.jpeg"
    masks : folder of lung masks laid out the same, PNG, bright inside
    epochs : passes over the train split
    seed : of weights, order and augmentation
    progress : called with steps done and to do

    Returns
    -------
    The card, as written to ``artifacts/networks/lungs/card.json``.
    """
    import keras

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    began = time.monotonic()
    learn = load(pairs(data, masks, "train"), data)
    network = build()
    batch = 32
    steps = len(learn.films) // batch
    rate = keras.optimizers.schedules.CosineDecay(3e-3, steps * epochs)
    network.compile(keras.optimizers.Adam(rate), loss=_loss)
    for epoch in range(epochs):
        order = rng.permutation(len(learn.films))
        for step in range(steps):
            rows = order[step * batch : (step + 1) * batch]
            network.train_on_batch(*augment(learn.films[rows], learn.fields[rows], rng))
            if progress:
                progress(epoch * steps + step + 1, epochs * steps)
    wall = time.monotonic() - began
    # A model that was never compiled is stored without the optimiser's two thirds of bytes.
    bare = build()
    bare.set_weights(network.get_weights())
    path = network_folder() / NETWORK_FILE
    with replacing(path) as beside:
        bare.save(beside)
    card = {
        "name": "lungs",
        "what": "share of lung at each of 64 x 64 pixels of a film",
        "trained_on": f"{len(learn.films)} train films with lung masks by V7 Labs (CC BY 4.0)",
        "films_hash": hash_json(learn.names),
        "epochs": epochs,
        "seed": seed,
        "parameters": int(network.count_params()),
        "bytes": path.stat().st_size,
        "sha256": sha256_file(path),
        "wall_time_s": round(wall, 1),
        "versions": {"keras": keras.__version__, "numpy": np.__version__},
        "test": evaluate(bare, data, masks),
    }
    write_json(network_folder() / "card.json", card)
    return card


def _loss(truth: Any, guess_: Any) -> Any:
    """Cross-entropy plus one minus soft Dice (Milletari 2016)."""
    from keras import ops

    clipped = ops.clip(guess_, 1e-5, 1 - 1e-5)
    entropy = -ops.mean(truth * ops.log(clipped) + (1 - truth) * ops.log(1 - clipped))
    axes = (1, 2, 3)
    overlap = 2 * ops.sum(truth * guess_, axes) + 1
    return entropy + 1 - ops.mean(overlap / (ops.sum(truth, axes) + ops.sum(guess_, axes) + 1))


def evaluate(network: Any, data: Path, masks: Path) -> dict[str, Any]:
    """Dice on the test films at the masks' own size, for the network and for the guess."""
    found = pairs(data, masks, "test")
    rows: dict[str, list[float]] = {"network": [], "heuristic": []}
    labels = []
    for start in range(0, len(found), 64):
        chunk = found[start : start + 64]
        films = [read(film).pixels for film, _ in chunk]
        shares = network(np.concatenate([prepare(film[None]) for film in films]), training=False)
        for film, share, (path, mask) in zip(films, np.asarray(shares), chunk, strict=True):
            truth = read_mask(mask) > 0.5
            fitted = settle(share[..., 0], film)
            rows["network"].append(dice(_field(fitted, truth), truth))
            rows["heuristic"].append(dice(_field(guess(film), truth), truth))
            labels.append(path.parent.name)
    result: dict[str, Any] = {"films": len(found)}
    for name, values in rows.items():
        result[name] = {
            "dice_mean": round(float(np.mean(values)), 4),
            "dice_median": round(float(np.median(values)), 4),
            "dice_5th_percentile": round(float(np.percentile(values, 5)), 4),
            "dice_by_label": {
                label: round(
                    float(np.mean([v for v, k in zip(values, labels, strict=True) if k == label])),
                    4,
                )
                for label in sorted(set(labels))
            },
        }
    return result


def _field(lungs: Lungs, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    if lungs.field.shape == truth.shape:
        return lungs.field
    size = truth.shape[::-1]
    resized: NDArray[np.bool_] = cv2.resize(lungs.field.astype(np.uint8), size) > 0
    return resized
