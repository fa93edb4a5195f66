"""What an audit shows to models: films chosen once, changed once, for any number of models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from xray import classes
from xray.audits import interventions, lime_weights
from xray.audits.interventions import Battery
from xray.audits.lime_weights import Case
from xray.audits.suspects import Mask
from xray.dataset import index
from xray.drawing.planting import Bytes, as_bytes
from xray.errors import DatasetError
from xray.files import Progress
from xray.labels import devices

#: Films an audit needs at least before it says anything.
LEAST_FILMS = 20
#: Films without devices, a class; films with marked devices; films of other strata.
MOST_FREE, MOST_MARKED, MOST_FILMS = 150, 150, 2_000
LIME_CASES = 32


@dataclass(frozen=True, eq=False)
class Materials:
    """Everything an audit needs but the model.

    Attributes
    ----------
    source : str
        What the films are, in words.
    table : DataFrame
        All films of the split: file, label, person, has_device (True, False or missing).
    films : (N, S, S) uint8
    lungs : (N, S, S) bool
    battery, cases : the interventions and the films for LIME
    seed : int
    data_hash : str
    labelled : bool
        Whether device labels are known for these films.
    """

    source: str
    table: pd.DataFrame
    films: Bytes
    lungs: Bytes
    battery: Battery
    cases: list[Case]
    seed: int
    data_hash: str
    labelled: bool


def prepare(
    folder: Path,
    seed: int = 0,
    split: str = "test",
    progress: Progress | None = None,
    table: pd.DataFrame | None = None,
) -> Materials:
    """Choose films of a folder and make the battery and the cases.

    Device labels are those committed with the project, matched by the film's place in the
    Kaggle layout; without labels every film counts as one that may be drawn into.

    Parameters
    ----------
    table : films of the folder to choose from, as ``index.index`` gives them; all when None.

    Raises
    ------
    DatasetError
        The folder has no films, or fewer than an audit can say anything about.
    """
    from xray.dataset.index import data_hash

    table = index.usable(index.index(folder) if table is None else table)
    if (table["split"] == split).sum() >= LEAST_FILMS:
        table = table[table["split"] == split]
    if len(table) < LEAST_FILMS:
        raise DatasetError(
            f"{len(table)} films are too few to audit a model on; give a folder of at least "
            f"{LEAST_FILMS}."
        )
    table = table.sort_values("file").reset_index(drop=True)
    if len(table) > MOST_FILMS:
        chosen = np.random.default_rng([seed, 3]).permutation(len(table))[:MOST_FILMS]
        table = table.iloc[np.sort(chosen)].reset_index(drop=True)
    side = interventions.SIDE
    films = as_bytes(index.load_pixels(folder, table, (side, side)))
    return assemble(
        _with_labels(table), films, _marks(table["file"]), index.describe(folder),
        data_hash(table), seed, progress,
    )  # fmt: skip


def assemble(
    table: pd.DataFrame,
    films: Bytes,
    marks: dict[str, Mask],
    source: str,
    content: str,
    seed: int = 0,
    progress: Progress | None = None,
) -> Materials:
    """Make battery and cases of films already read.

    Parameters
    ----------
    table : file, label, person, has_device, free
    marks : file -> mask of its devices
    """
    chosen = _choose(table, marks, seed)
    marks_of = [marks.get(file) for file in table["file"]]
    subjects = interventions.subjects(films, marks_of)
    under_test = [subjects[i] for i in chosen]
    rows = table.iloc[chosen].reset_index(drop=True)
    rows["marked"] = rows["file"].isin(marks)
    return Materials(
        source,
        table,
        films,
        np.stack([subject.lungs.field for subject in subjects]).astype(np.uint8),
        interventions.build(rows, under_test, seed, progress=progress),
        lime_weights.cases(rows, under_test, seed, LIME_CASES),
        seed,
        content,
        bool(table["has_device"].notna().any()),
    )


def _with_labels(table: pd.DataFrame) -> pd.DataFrame:
    """Add has_device (missing where unknown) and free (no device that anyone knows of)."""
    labels = devices.load().reindex(table["file"])
    known = labels["confidence"].notna().to_numpy()
    has = labels["has_device"].astype("boolean").set_axis(table.index)
    free = (labels["confidence"] < 0.3).to_numpy()
    # Unlabelled films may show devices; drawing another into them still asks the question.
    return table.assign(has_device=has, free=np.where(known, free, True))


def _marks(files: pd.Series) -> dict[str, Mask]:
    """Masks of labelled devices, of the films that have geometry."""
    looks = devices.load_geometry()
    size = (interventions.SIDE, interventions.SIDE)
    made = {file: devices.mask(looks[file], size) for file in files if file in looks}
    return {file: mask for file, mask in made.items() if mask.any()}


def _choose(table: pd.DataFrame, marks: dict[str, Mask], seed: int) -> list[int]:
    """Rows to test: films without devices, as many of each class, and films with marked ones."""
    rng = np.random.default_rng([seed, 1])
    order = rng.permutation(len(table))
    chosen: list[int] = []
    for label in classes.fitting(table["label"].unique()).labels:
        rows = [i for i in order if table["free"].iloc[i] and table["label"].iloc[i] == label]
        chosen += rows[:MOST_FREE]
    marked = [i for i in order if table["file"].iloc[i] in marks and not table["free"].iloc[i]]
    if not chosen and not marked:
        raise DatasetError("There is no film to audit on; check the split and the class names.")
    return sorted({int(i) for i in chosen + marked[:MOST_MARKED]})
