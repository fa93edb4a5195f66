"""Would a small network that marks devices earn its place? Trained here, measured, thrown away.

``XRAY_DATA=FILMS python -m benchmarks.device_network [--epochs N] [--json FILE]``. A U-Net of
128 x 128 pixels learns from devices drawn into train films that show none (their masks are known)
and from the labels of real train films (only whether a kind is there: the largest tenth of a
percent of a film's pixels must say so, or no pixel may). The threshold of each kind is chosen on
a tenth of the train films, by person. Measured on the 624 test films, where the labels also say
where devices lie:

- presence of each kind: AUROC, recall and precision, 95 % intervals by film;
- devices found: share of labelled devices of which the network marks at least a third;
- marks right: share of marked pixels within 4 % of the film of a labelled device of that kind.

Said beforehand: it earns its place where it finds at least 70 % of all labelled devices, with at
least 70 % of its marks right. The labels are a vision-language model's, never a radiologist's.
"""

from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks._common import parser, report
from xray.dataset import index
from xray.drawing import devices as draw
from xray.environment import data_dir
from xray.films.pixels import as_bytes, as_float
from xray.labels import devices
from xray.metrics import bootstrap
from xray.training import lung_network

SIDE = 128
#: Kind of label -> kinds of drawing that look like it.
KINDS = {
    "line": ("cable",),
    "tube": ("tube", "central_line"),
    "electrode": ("electrode", "clip"),
    "support": ("support",),
    "other": ("pad",),
}
CHANNELS = (8, 16, 32, 48)
BATCH = 16
#: Share of a film's pixels that must show a kind for the film to show it.
TOP = 0.001
#: Share of a device's pixels that make it found; how far from a device a mark may lie.
FOUND, NEAR = 1 / 3, 0.04
GOAL = 0.7

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Films:
    """Films (N, S, S, 1) uint8, which kinds they show (N, K) bool, their names and persons."""

    pixels: NDArray[np.uint8]
    shows: NDArray[np.bool_]
    files: list[str]
    persons: NDArray[np.str_]


def load(folder: Path, split: str) -> Films:
    """Read the films of a split that are labelled."""
    table = index.usable(index.index(folder))
    table = table[table["split"] == split].reset_index(drop=True)
    labels = devices.load().reindex(table["file"])
    pixels = as_bytes(index.load_pixels(folder, table, (SIDE, SIDE)))[..., None]
    shows = (labels[list(KINDS)].to_numpy(dtype=float) >= 0.5).astype(bool)
    return Films(pixels, shows, table["file"].tolist(), table["person"].to_numpy(dtype=str))


def drawn(films: Films, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw none to four devices into each film: films, and masks (N, S, S, K) of 0 or 255."""
    out = films.pixels.copy()
    masks = np.zeros((*out.shape[:3], len(KINDS)), np.uint8)
    place = {kind: k for k, kinds in enumerate(KINDS.values()) for kind in kinds}
    for i in range(len(out)):
        rng = np.random.default_rng([seed, i])
        film = as_float(out[i, ..., 0])
        for kind in rng.choice(draw.KINDS, size=rng.integers(0, 5), replace=False):
            made = draw.draw(film, str(kind), rng, "test" if rng.random() < 0.5 else "plant")
            film, k = made.film, place[str(kind)]
            masks[i, ..., k] = np.maximum(masks[i, ..., k], 255 * (made.mask > 0.3))
        out[i, ..., 0] = as_bytes(film)
    return out, masks


def build() -> Any:
    """U-Net that gives the log-odds of each kind at each pixel."""
    import keras
    from keras import layers

    inputs = layers.Input((SIDE, SIDE, 1))
    x = lung_network.unet(layers.Rescaling(1 / 64, offset=-2)(inputs), CHANNELS)
    start = keras.initializers.Constant(-4.0)  # Devices are rare.
    return keras.Model(inputs, layers.Conv2D(len(KINDS), 1, bias_initializer=start)(x))


def presence(log_odds: Any) -> Any:
    """Log-odds (N, K) that a film shows a kind: the mean of its highest pixels."""
    from keras import ops

    flat = ops.reshape(ops.transpose(log_odds, (0, 3, 1, 2)), (-1, len(KINDS), SIDE * SIDE))
    return ops.mean(ops.top_k(flat, round(TOP * SIDE * SIDE))[0], axis=-1)


def train(films: Films, epochs: int, seed: int = 0) -> Any:
    """Train on drawn devices (by pixel) and on labels (by film), half of each batch each."""
    import keras
    import tensorflow as tf

    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    free = ~films.shows.any(axis=1)
    plain = Films(films.pixels[free], films.shows[free], [], films.persons[free])
    network, half = build(), BATCH // 2
    steps = len(plain.pixels) // half
    rate = keras.optimizers.schedules.CosineDecay(2e-3, steps * epochs)
    optimiser = keras.optimizers.Adam(rate)

    @tf.function(reduce_retracing=True)  # type: ignore[untyped-decorator]
    def step(pixels: Any, masks: Any, shows: Any) -> Any:
        with tf.GradientTape() as tape:
            found = network(pixels, training=True)
            by_pixel = tf.nn.sigmoid_cross_entropy_with_logits(masks, found[:half])
            share = tf.sigmoid(found[:half])
            both = tf.reduce_sum(masks * share, (0, 1, 2))
            all_ = tf.reduce_sum(masks + share, (0, 1, 2))
            dice = 1 - tf.reduce_mean((2 * both + 1) / (all_ + 1))
            by_film = tf.nn.sigmoid_cross_entropy_with_logits(shows, presence(found[half:]))
            loss = tf.reduce_mean(by_pixel) + dice + 0.5 * tf.reduce_mean(by_film)
        optimiser.apply(
            tape.gradient(loss, network.trainable_variables), network.trainable_variables
        )
        return loss

    wearing, without = np.flatnonzero(~free), np.flatnonzero(free)
    for epoch in range(epochs):
        pixels, masks = drawn(plain, seed + epoch)
        order, losses = rng.permutation(len(pixels)), []
        for s in range(steps):
            rows = order[s * half : (s + 1) * half]
            real = np.concatenate([rng.choice(wearing, half // 2), rng.choice(without, half // 2)])
            batch = np.concatenate([pixels[rows], films.pixels[real]]).astype(np.float32)
            marks, shows = masks[rows] / np.float32(255), films.shows[real].astype(np.float32)
            if rng.random() < 0.5:
                batch, marks = batch[:, :, ::-1], marks[:, :, ::-1]
            losses.append(float(step(batch, marks, shows)))
        print(f"epoch {epoch + 1}: loss {np.mean(losses):.3f}", file=sys.stderr)
    return network


def predict(network: Any, pixels: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """Log-odds by pixel (N, S, S, K), and by film (N, K)."""
    parts = [
        network(pixels[i : i + 64].astype(np.float32), training=False)
        for i in range(0, len(pixels), 64)
    ]
    by_film = np.concatenate([np.asarray(presence(part)) for part in parts])
    return np.concatenate([np.asarray(part) for part in parts]), by_film


def best_threshold(truth: NDArray[np.bool_], score: Floats) -> float:
    """The threshold of best F1."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, thresholds = precision_recall_curve(truth, score)
    f1 = 2 * precision * recall / np.maximum(precision + recall, 1e-9)
    return float(thresholds[int(np.argmax(f1[:-1]))])


def located(marks: NDArray[np.bool_], files: list[str]) -> pd.DataFrame:
    """Devices found and marks right, by kind, against the labelled places (both looks joined)."""
    places = devices.stored_geometry()
    near = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(NEAR * SIDE) + 1,) * 2)
    counts = {kind: np.zeros(4, int) for kind in KINDS}
    for i, file in enumerate(files):
        looks = places.get(file, ())
        for k, kind in enumerate(KINDS):
            mine = marks[i, ..., k]
            where = devices.mask(looks, (SIDE, SIDE), [kind])
            around = cv2.dilate(where.astype(np.uint8), near) > 0
            counts[kind][2:] += (mine & around).sum(), mine.sum()
            wide = cv2.dilate(mine.astype(np.uint8), near) > 0
            # What the two looks marked at one place is one device.
            n, parts = cv2.connectedComponents(where.astype(np.uint8))
            shares = [wide[parts == part].mean() for part in range(1, n)]
            counts[kind][:2] += sum(share >= FOUND for share in shares), len(shares)
    rows = [
        {"kind": kind, "found": c[0], "devices": c[1], "right": c[2], "marked": c[3]}
        for kind, c in counts.items()
    ]
    return pd.DataFrame(rows)


def share(hits: int, n: int) -> str:
    """A share with Wilson's interval, as text."""
    low, high = bootstrap.wilson(hits, n) if n else (float("nan"),) * 2
    return f"{hits / max(n, 1):.2f} ({low:.2f} to {high:.2f})"


def main() -> int:
    """Train, measure, print."""
    options = parser(__doc__)
    options.add_argument("--epochs", type=int, default=4)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    folder = data_dir()
    if folder is None:
        print("There are no films to train on; set XRAY_DATA.", file=sys.stderr)
        return 2
    start = time.monotonic()
    known, test = load(folder, "train"), load(folder, "test")
    people = np.unique(known.persons)
    kept_out = np.random.default_rng(chosen.seed).choice(people, len(people) // 10, replace=False)
    out = np.isin(known.persons, kept_out)
    learn, val = (
        Films(known.pixels[rows], known.shows[rows], [], known.persons[rows])
        for rows in (~out, out)
    )
    network = train(learn, chosen.epochs, chosen.seed)
    _, on_val = predict(network, val.pixels)
    pixels, on_test = predict(network, test.pixels)
    limits = [best_threshold(val.shows[:, k], on_val[:, k]) for k in range(len(KINDS))]
    # A pixel is marked where it more likely than not shows a kind that the film is called for.
    marks = (pixels > 0) & (on_test > np.array(limits))[:, None, None]
    places = located(marks, test.files)
    rows: list[dict[str, Any]] = []
    for k, kind in enumerate(KINDS):
        truth, called = test.shows[:, k], on_test[:, k] > limits[k]
        place = places.iloc[k]
        rows.append(
            {
                "kind": kind,
                "films": int(truth.sum()),
                "AUROC": round(float(bootstrap.auroc(truth, on_test[:, k])[0]), 3),
                "recall": share(int((called & truth).sum()), int(truth.sum())),
                "precision": share(int((called & truth).sum()), int(called.sum())),
                "devices": int(place["devices"]),
                "found": share(place["found"], place["devices"]),
                "marks right": round(place["right"] / max(place["marked"], 1), 3),
            }
        )
    found = float(places["found"].sum() / max(places["devices"].sum(), 1))
    right = float(places["right"].sum() / max(places["marked"].sum(), 1))
    shown, score = test.shows.any(axis=1), (on_test - np.array(limits)).max(axis=1)
    ratios = {
        "any device, AUROC": float(bootstrap.auroc(shown, score)[0]),
        f"devices found (goal {GOAL})": found,
        f"marks right (goal {GOAL})": right,
        "minutes": (time.monotonic() - start) / 60,
    }
    report("device_network", rows, ratios, chosen.json)
    print("earns its place" if min(found, right) >= GOAL else "does not earn its place")
    return 0


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.exit(main())
