"""Where the lungs are on a film: by a small network, or by a guess that always works."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from xray.environment import artifact
from xray.files import read_json, sha256_file
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress

Mask = NDArray[np.bool_]
Box = tuple[float, float, float, float]
#: (N, SIDE, SIDE, 1) prepared films -> (N, SIDE, SIDE) share of lung, 0..1.
Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]

NETWORK_FILE = "lungs.keras"
#: Films a call of the network; more at once is no quicker.
BATCH = 64
#: Share of the film below which a lung was not found: one that is white all over, often.
LEAST_LUNG = 0.01
_LOCK = threading.Lock()

#: Side of the square on which lungs are estimated, in pixels.
SIDE = 64

#: How often (tenths) a place is lung, over 800 training masks by V7 Labs (CC BY 4.0), on a
#: 16 x 16 grid over the film.
PRIOR = """
0000000000000000
0000012001100000
0000134103420000
0000367205751000
0001688206873000
0003888206885100
0005888206887200
0017888206888300
0027888206888500
0038888206888610
0048888206888610
0058776106888720
0055443004666620
0033211002223420
0011000000001210
0000000000000000
"""


@dataclass(frozen=True, eq=False)
class Lungs:
    """The lungs on one film; sides are those of the image, not of the patient.

    Attributes
    ----------
    left, right : (H, W) bool
        Lung on the image's left (the patient's right) and on the image's right.
    box : (x0, y0, x1, y1) in pixels
        Box around both lungs, the thorax.
    midline : float
        Column between the lungs, in pixels.
    source : "network" or "heuristic"
    """

    left: Mask
    right: Mask
    box: Box
    midline: float
    source: str

    @property
    def field(self) -> Mask:
        """Both lungs, (H, W) bool."""
        return self.left | self.right


@cache
def _prior() -> NDArray[np.float32]:
    rows = [[int(c) for c in line] for line in PRIOR.split()]
    grid = np.asarray(rows, np.float32) / 9
    return np.clip(cv2.resize(grid, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC), 0, 1)


def network_folder() -> Path:
    """Folder of the stored network and its card."""
    return artifact("networks", "lungs")


def estimate(film: Pixels) -> Lungs:
    """Find the lungs on one film: by the network where there is one, else by a guess.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]
    """
    return estimate_many([film])[0]


def estimate_many(films: Sequence[Pixels], progress: Progress | None = None) -> list[Lungs]:
    """Find the lungs on many films.

    Parameters
    ----------
    films : N films, (H, W) float32 in [0, 1], of any sizes
    progress : called with films done and to do; may raise Stopped

    Returns
    -------
    list of N Lungs; ``source`` says how each was found. The guess stands in where the
    network, or TensorFlow, is missing, and on films where the network sees no lung.
    """
    find = network()
    found: list[Lungs] = []
    for start in range(0, len(films), BATCH):
        chunk = films[start : start + BATCH]
        if find is None:
            found += [guess(film) for film in chunk]
        else:
            with _LOCK:
                shares = find(np.concatenate([prepare(film[None]) for film in chunk]))
            found += [settle(share, film) for share, film in zip(shares, chunk, strict=True)]
        if progress:
            progress(len(found), len(films))
    return found


def settle(share: NDArray[np.float32], film: Pixels) -> Lungs:
    """Turn the network's answer into lungs; both must be there, as they are on any chest."""
    found = split(share, film.shape, "network")
    least = min(found.left.mean(), found.right.mean())
    return found if least > LEAST_LUNG else guess(film)


def network() -> Network | None:
    """Load the network; None when it, its card or TensorFlow is missing or they disagree."""
    folder = network_folder()
    return _network(folder) if (folder / NETWORK_FILE).is_file() else None


@cache
def _network(folder: Path) -> Network | None:
    try:
        import tensorflow as tf
        from keras.models import load_model
    except ImportError:
        return None
    path = folder / NETWORK_FILE
    card = folder / "card.json"
    if not card.is_file() or read_json(card).get("sha256") != sha256_file(path):
        return None
    model = load_model(path, compile=False)
    compiled = tf.function(
        lambda films: model(films, training=False),
        input_signature=[tf.TensorSpec((None, SIDE, SIDE, 1), tf.float32)],
    )
    return lambda films: np.asarray(compiled(tf.constant(films)))[..., 0]


def prepare(films: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shrink films to the network's size and give each mean 0 and deviation 1.

    Parameters
    ----------
    films : (N, H, W) float32 in [0, 1]

    Returns
    -------
    (N, SIDE, SIDE, 1) float32
    """
    small = np.stack([cv2.resize(f, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for f in films])
    centred = small - small.mean((1, 2), keepdims=True)
    ready: NDArray[np.float32] = centred / (small.std((1, 2), keepdims=True) + 1e-3)
    return ready[..., None]


def guess(film: Pixels) -> Lungs:
    """Estimate the lungs without a network: usual place, moved by what is dark.

    Parameters
    ----------
    film : (H, W) float32 in [0, 1]

    Returns
    -------
    Lungs, never empty, source "heuristic"
    """
    small = cv2.resize(film, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    prior = _prior()
    inside = prior > 0.3
    middle, spread = float(np.median(small[inside])), float(small[inside].std()) + 1e-3
    # Darker than usual counts for lung, but air around the child is darker still and lies
    # where the prior is small.
    dark = 1 / (1 + np.exp(2.0 * (cv2.GaussianBlur(small, (0, 0), 1.5) - middle) / spread))
    score = cv2.GaussianBlur(prior * (0.5 + dark), (0, 0), 1.0)
    return split(score, film.shape, "heuristic")


def split(share: NDArray[np.float32], size: tuple[int, ...], source: str) -> Lungs:
    """Cut a small map of both lungs into two lungs and scale them to the film.

    Parameters
    ----------
    share : (h, w) float32, above 0.5 where lung is, at any small size
    size : (H, W) of the film
    source : what made the field
    """
    height, width = size[0], size[1]
    h, w = share.shape
    field = share > 0.5
    middle = _midline(field)
    columns = np.arange(w)[None, :]
    halves = [field & (columns < middle), field & (columns >= middle)]
    sides = [_largest(half) for half in halves]
    both = sides[0] | sides[1]
    if not both.any():
        share = np.asarray(cv2.resize(_prior(), (w, h)), np.float32)
        both = share > 0.5
        sides = [both & (columns < w / 2), both & (columns >= w / 2)]
        middle = w / 2
    ys, xs = np.nonzero(both)
    sx, sy = width / w, height / h
    box = (xs.min() * sx, ys.min() * sy, (xs.max() + 1) * sx, (ys.max() + 1) * sy)
    left, right = (_scale(share, side, height, width) for side in sides)
    return Lungs(
        left,
        right,
        (float(box[0]), float(box[1]), float(box[2]), float(box[3])),
        float(middle * sx),
        source,
    )


def _midline(field: Mask) -> float:
    """Column of the least lung between the two halves of the field."""
    w = field.shape[1]
    sums = field.sum(0).astype(float)
    if not sums.any():
        return float(w / 2)
    xs = np.nonzero(sums)[0]
    first, last = xs[0], xs[-1] + 1
    a, b = first + (last - first) * 3 // 10, first + (last - first) * 7 // 10 + 1
    smooth = np.convolve(sums, np.ones(3) / 3, mode="same")[a:b]
    least = np.nonzero(smooth <= smooth.min() + 0.5)[0]
    return float(a + least.mean() + 0.5)


def _largest(mask: Mask) -> Mask:
    """The largest connected piece of a mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    if count <= 2:
        return mask
    best: Mask = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    return best


def _scale(share: NDArray[np.float32], side: Mask, height: int, width: int) -> Mask:
    """Enlarge one lung; its outline runs where the share crosses one half."""
    near = cv2.dilate(side.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
    # The other lung's pixels must not be taken in where both are close.
    own = np.where(side | (near & (share <= 0.5)), share, 0).astype(np.float32)
    grown = cv2.resize(own, (width, height), interpolation=cv2.INTER_LINEAR)
    bigger: Mask = grown > 0.5
    return bigger
