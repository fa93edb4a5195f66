"""Networks that see the box around the lungs alone, so that nothing is learnt from framing.

How much of a film the lungs fill, and its shape, tell the classes apart in the public set's
training films and hardly on its test films (``xray.dataset.shift``). A network that is shown the
box around the lungs, whatever its shape, cannot learn it. The cut is a part of the network: films
go in whole, so that what explains and audits models needs to know nothing of it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from xray.environment import ROOT
from xray.errors import ModelError
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress

#: What a network is shown -> words for people.
FRAMINGS = {"film": "the whole film", "lungs": "the box around the lungs"}
#: Margin around the lungs, of the height and the width of their box.
MARGIN = 0.06
#: Name, inside a network, of the part that cuts.
NAME = "framing"
#: Films that are cut at once.
PIECE = 64


def film_size(size: tuple[int, int]) -> tuple[int, int]:
    """Size of the whole films of which a network sees (h, w) of the lungs.

    The lungs' box is about two thirds of a film each way. Lungs are found at ``lungs.SIDE``
    pixels, to which whole multiples shrink without a rest.
    """
    from xray.films.lungs import SIDE

    side = SIDE * -(-3 * max(size) // (2 * SIDE))
    return (side, side)


def framer(size: tuple[int, int]) -> Any:
    """Network that cuts films (N, H, W, 1), at ``film_size(size)``, to lungs (N, h, w, 1).

    Raises
    ------
    ModelError
        The network that finds lungs is missing.
    """
    import keras

    from xray.films import lungs
    from xray.models import networks
    from xray.models.lung_crop import LungCrop

    finder = networks.read(_finder_file(), "lungs")
    finder.trainable = False
    whole = film_size(size)
    entry = keras.Input((*whole, 1), name="whole_film")
    small = keras.layers.AveragePooling2D(whole[0] // lungs.SIDE)(entry)
    # What lungs.prepare does: mean 0 and deviation 1, film by film.
    even = keras.layers.LayerNormalization(
        axis=(1, 2, 3), center=False, scale=False, epsilon=1e-5, name="even"
    )(small)
    cut = LungCrop(size, MARGIN, name="lung_crop")([entry, finder(even)])
    return keras.Model(entry, cut, name=NAME)


def _finder_file() -> Path:
    """File of the network that finds lungs: of the artifacts at hand, or else the committed one."""
    from xray.films import lungs

    folders = (lungs.network_folder(), ROOT / "artifacts" / "networks" / "lungs")
    for path in (folder / lungs.NETWORK_FILE for folder in folders):
        if path.is_file():
            return path
    raise ModelError(
        f"{lungs.NETWORK_FILE}, which finds the lungs, is missing; restore it from git or make it "
        "with 'python -m xray lungs'."
    )


def framed(network: Any) -> Any:
    """A network of lungs put behind what cuts them out of whole films."""
    import keras

    size = (int(network.input_shape[1]), int(network.input_shape[2]))
    entry = keras.Input((*film_size(size), 1), name="film")
    return keras.Model(entry, network(framer(size)(entry)), name=network.name)


def cut(films: Pixels, size: tuple[int, int], progress: Progress | None = None) -> Pixels:
    """Cut whole films to their lungs, as the framed network does.

    Parameters
    ----------
    films : (N, H, W) float32 in [0, 1], at ``film_size(size)``
    size : (h, w) of what is cut out
    progress : called with films done and to do

    Returns
    -------
    (N, h, w) float32 in [0, 1]
    """
    import keras

    network = framer(size)
    out = np.empty((len(films), *size), np.float32)
    for start in range(0, len(films), PIECE):
        part = films[start : start + PIECE, ..., None]
        out[start : start + PIECE] = keras.ops.convert_to_numpy(network.predict_on_batch(part))[
            ..., 0
        ]
        if progress:
            progress(min(start + PIECE, len(films)), len(films))
    return out
