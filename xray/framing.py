"""Films cut to the lungs, so that nothing can be learnt from how a film is framed.

How much of a film the lungs fill, and its shape, tell the classes apart in the public set's
training films and hardly on its test films (``xray.shift``). A network that sees the box around
the lungs alone, whatever its shape, cannot learn it. For experiments: what explains and audits
models shows films whole, so such a run keeps its predictions and not its weights.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from xray import dataset, lungs
from xray.files import Progress
from xray.films import STAGE, Pixels, resize
from xray.lungs import Lungs

#: What a network is shown -> words for people.
FRAMINGS = {"film": "the whole film", "lungs": "the box around the lungs"}
#: Margin around the lungs, of the height and the width of their box.
MARGIN = 0.06
#: Films that are held at ``films.STAGE`` pixels a side at once, to be cut.
PIECE = 256


def cut(film: Pixels, found: Lungs) -> Pixels:
    """Cut a film (H, W) to the box around its lungs, with a margin; black beyond its edges."""
    rows = np.flatnonzero(found.field.any(axis=1))
    columns = np.flatnonzero(found.field.any(axis=0))
    if not len(rows):
        return film
    inner = [(int(along[0]), int(along[-1]) + 1) for along in (rows, columns)]
    wide = [round(MARGIN * (last - first)) for first, last in inner]
    padded = np.pad(film, [(edge, edge) for edge in wide])
    # Padding moves the box by the margin, so that its start less the margin is its start.
    (top, bottom), (left, right) = inner
    return np.asarray(padded[top : bottom + 2 * wide[0], left : right + 2 * wide[1]])


def load_pixels(
    folder: Path, table: pd.DataFrame, size: tuple[int, int], progress: Progress | None = None
) -> Pixels:
    """Read the films of a table cut to the lungs and squashed to one size.

    Parameters as ``dataset.load_pixels``, which reads them whole.

    Returns
    -------
    (N, height, width) float32 in [0, 1]
    """
    out = np.empty((len(table), *size), np.float32)
    for start in range(0, len(table), PIECE):
        part = table.iloc[start : start + PIECE].reset_index(drop=True)
        films = dataset.load_pixels(folder, part, (STAGE, STAGE))
        for place, found in enumerate(lungs.estimate_many(list(films))):
            out[start + place] = resize(cut(films[place], found), size)
        if progress:
            progress(min(start + PIECE, len(table)), len(table))
    return out
