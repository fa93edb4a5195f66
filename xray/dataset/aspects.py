"""The shape that films had before they were squashed to a square, and how it is given back.

Squashing leaves a trace of the shape in every film, and the shape differs by class. The re-encode
that models learn from is square; the facts of the public set know what it was. A film without a
key of its own, such as an upload or one that an audit changed, keeps the shape it has.
"""

from __future__ import annotations

import pandas as pd

from xray.environment import artifact
from xray.errors import ArtifactError
from xray.files import read_table
from xray.films.decode import Film


def native(files: pd.Series) -> list[float | None]:
    """Width / height of films as distributed; None of those that the stored facts do not know.

    Parameters
    ----------
    files : (N,) keys of films, "split/label/name"
    """
    try:
        given = read_table(
            artifact("dataset", "films.csv"), ["file", "native_width", "native_height"]
        )
    except ArtifactError:
        return [None] * len(files)
    ratio = (given["native_width"] / given["native_height"]).set_axis(given["file"]).dropna()
    known = ratio.to_dict()
    return [known.get(str(file)) for file in files]


def lost(film: Film, ratio: float | None) -> float | None:
    """What ``resize.resize`` should restore: ``ratio`` where the film is square, else None.

    A film of the public set that is square is its re-encode: of 5,851 only four were distributed
    as good as square, and to those their own ratio does nothing.
    """
    return ratio if film.height == film.width else None
