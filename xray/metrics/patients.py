"""Who a film is of: the possible patient, the unit that intervals are drawn by."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_PNEUMONIA_NAME = re.compile(r"^person(\d+)_(bacteria|virus)_", re.IGNORECASE)
_NORMAL_NAME = re.compile(r"^(NORMAL2-)?IM-(\d+)-", re.IGNORECASE)


def subtype(name: str) -> str:
    """ "bacteria", "virus" or "" by the file name, as the public set writes it."""
    match = _PNEUMONIA_NAME.match(name)
    return match[2].lower() if match else ""


def person(name: str) -> str:
    """Possible patient by the file name; "" where the name tells nothing.

    The public set names pneumonia films ``person123_bacteria_4`` and normal ones
    ``IM-0115-0001`` or ``NORMAL2-IM-0927-0001``. Nobody has published what the numbers mean:
    the same number twice is *possibly* the same patient. Each series has its own name space,
    so that numbers of different series are never taken for one patient.
    """
    if match := _PNEUMONIA_NAME.match(name):
        return f"person-{match[1]}"
    if match := _NORMAL_NAME.match(name):
        return f"{'normal2' if match[1] else 'normal'}-{match[2]}"
    return ""


def patients(rows: pd.DataFrame) -> NDArray[np.str_]:
    """The unit of the bootstrap, a row a film: the possible patient, or the film itself.

    Parameters
    ----------
    rows : DataFrame
        ``file``, the key of the film, "split/label/name"; and ``person`` where a collection
        names its patients. Without one it is read from the name (:func:`person`); a film
        whose name tells nothing counts as a patient of its own.
    """
    names = rows["file"].astype(str)
    people = names.str.rpartition("/")[2].map(person)
    if "person" in rows:
        known = rows["person"].fillna("").astype(str)
        people = known.where(known != "", people)
    return np.where(people == "", "film " + names, people).astype(str)
