"""How the films of a test split differ from the others of their class: dataset shift.

Three looks, none of which needs a model. By the numbers in the files' names: was the test drawn
by chance (:func:`order`)? By what is known of each film: what told the classes apart in training,
and does it on test (:func:`carried`)? By the pixels: can test films be told from the others of
their class (:func:`strangers`), a classifier two-sample test [1]_? Where chance split the films,
it cannot.

References
----------
.. [1] Lopez-Paz D., Oquab M. (2017). Revisiting classifier two-sample tests. ICLR.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from xray.dataset import aspects, index
from xray.environment import artifact, artifacts_dir
from xray.errors import DatasetError
from xray.files import read_table, write_table
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.metrics import bootstrap
from xray.metrics import patients as patients_
from xray.metrics.bootstrap import Bools, Floats
from xray.metrics.generalization import FACTS
from xray.metrics.scores import LABELS, POSITIVE

STORED_FILE = "shift.csv"
COLUMNS = ["look", "what", "group", "auroc", "low", "high", "n", "n_positive"]
#: Shapes in which films are shown to :func:`strangers` -> words for people.
SHAPES = {
    "squash": "pixels of the squashed film",
    "crop": "pixels, native shape given back",
    "chance": "pixels, as many films drawn by chance",
}
#: Side in pixels that a film is brought to, principal components kept, folds, resamples.
SIDE, COMPONENTS, FOLDS, RESAMPLES = 48, 60, 5, 400


def order(facts: pd.DataFrame) -> pd.DataFrame:
    """NORMAL films by the numbers in their names, where these set the test films apart.

    Nobody has published what the numbers mean. Where all test films of every series of names have
    lower numbers than all others, chance did not draw them, and what changed along the series
    (rooms, devices, years) lies between the films that a model learnt from and its test.

    Parameters
    ----------
    facts : table of films (``xray.dataset.index``): label, split, person ("" where the name tells
        nothing), width, height

    Returns
    -------
    DataFrame
        series, number, test (whether it is a test film), aspect (native width / height), one row
        a film; without rows where the numbers do not set the test films apart.
    """
    known = facts[facts["label"] == LABELS[0]]
    name = known["person"].str.extract(r"^(.+)-(\d+)$")
    table = pd.DataFrame(
        {
            "series": name[0],
            "number": pd.to_numeric(name[1]),
            "test": known["split"] == "test",
            "aspect": known["width"] / known["height"],
        }
    ).dropna()
    for _, rows in table.groupby("series"):
        tested, others = (rows.loc[rows["test"] == side, "number"] for side in (True, False))
        if tested.empty or others.empty or tested.max() >= others.min():
            return table.iloc[:0]
    return table.sort_values(["series", "number"], ignore_index=True)


def carried(facts: pd.DataFrame, devices: pd.DataFrame | None = None) -> pd.DataFrame:
    """How well single facts tell the positive class, among training and among test films.

    Parameters
    ----------
    facts : table of films (``xray.dataset.index``), of all splits
    devices : labels as ``devices.load`` gives them

    Returns
    -------
    DataFrame
        ``COLUMNS``: look "classes"; what, a key of ``generalization.FACTS``; group "train" or
        "test";
        auroc of "more of it, more likely positive" with its interval (bootstrap by possible
        patient); n films, n_positive of them positive. Facts that are not known are left out.
    """
    values = facts.assign(aspect=facts["width"] / facts["height"])
    if "lung_fraction" in values:
        values = values.rename(columns={"lung_fraction": "lungs"})
    if devices is not None:
        values["device"] = devices["confidence"].reindex(values["file"]).to_numpy()
    rows = []
    for what in [fact for fact in FACTS if fact in values]:
        for split in ("train", "test"):
            part = values[(values["split"] == split) & values[what].notna()]
            sick = (part["label"] == POSITIVE).to_numpy(dtype=bool)
            score = part[what].to_numpy(dtype=np.float64)
            if sick.any() and not sick.all():
                rows.append(("classes", what, split, *_area(sick, score, part)))
    return pd.DataFrame(rows, columns=COLUMNS)


def strangers(folder: Path, table: pd.DataFrame, progress: Progress | None = None) -> pd.DataFrame:
    """How well a linear model of the pixels tells test films from the others of their class.

    Principal components of films of 48 x 48 pixels and a logistic regression, asked about
    possible patients that it was not fitted on.

    Parameters
    ----------
    folder : of the films
    table : rows to read, of all splits
    progress : called with (groups done, groups)

    Returns
    -------
    DataFrame
        ``COLUMNS``: look "strangers"; what, a key of ``SHAPES``; group, the class; auroc of
        telling test films with its interval; n films, n_positive of them of the test. "chance"
        draws as many films of possible patients at random in place of the test: the same
        figure where nothing differs.

    Raises
    ------
    DatasetError
        A film is damaged, or a class has no test films.
    """
    rows = []
    groups = [(label, what) for label in LABELS for what in SHAPES]
    for done, (label, what) in enumerate(groups, start=1):
        part = table[table["label"] == label].reset_index(drop=True)
        if what == "crop":
            shaped = [ratio is not None for ratio in aspects.native(part["file"])]
            part = part[shaped].reset_index(drop=True)
        people = patients_.patients(part)
        marked = (part["split"] == "test").to_numpy(dtype=bool)
        if marked.sum() < FOLDS or (~marked).sum() < FOLDS:
            raise DatasetError(f"There are too few {label} films in test, or beside it.")
        if what == "chance":
            marked = _drawn(people, int(marked.sum()))
        fit = "crop" if what == "crop" else "squash"
        pixels = index.load_pixels(folder, part, (SIDE, SIDE), fit)
        score = tell_apart(pixels, marked, people)
        rows.append(("strangers", what, label, *_area(marked, score, part)))
        if progress:
            progress(done, len(groups))
    return pd.DataFrame(rows, columns=COLUMNS)


def tell_apart(pixels: Pixels, marked: Bools, people: NDArray[np.str_], seed: int = 0) -> Floats:
    """Log-odds that each film is marked, by a linear model that did not see its patient.

    Parameters
    ----------
    pixels : (N, h, w) float32 in [0, 1]
    marked : (N,) which films are to be told from the others
    people : (N,) possible patient of each film
    """
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedGroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    flat = pixels.reshape(len(pixels), -1)
    score = np.zeros(len(flat))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    with threadpool_limits(1):
        for known, asked in folds.split(flat, marked, people):
            model = make_pipeline(
                PCA(min(COMPONENTS, len(known) - 1), svd_solver="randomized", random_state=seed),
                StandardScaler(),
                LogisticRegression(C=0.1, class_weight="balanced", max_iter=500),
            )
            score[asked] = model.fit(flat[known], marked[known]).decision_function(flat[asked])
    return score


def _drawn(people: NDArray[np.str_], count: int, seed: int = 0) -> Bools:
    """Mark films of possible patients drawn at random until ``count`` or more are marked."""
    order_ = np.random.default_rng(seed).permutation(np.unique(people))
    films = pd.Series(people).value_counts()[order_].cumsum()
    taken = order_[: int(np.searchsorted(films.to_numpy(), count)) + 1]
    return np.isin(people, taken)


def _area(
    positive: Bools, score: Floats, rows: pd.DataFrame
) -> tuple[float, float, float, int, int]:
    """AUROC, its interval by possible patient, films, positives."""
    drawn = bootstrap.resamples(patients_.patients(rows), RESAMPLES)
    many = bootstrap.auroc(positive, score, np.vstack([bootstrap.single(len(score)), drawn]))
    low, high, _ = bootstrap.percentiles(many[1:])
    return float(many[0]), low, high, len(score), int(positive.sum())


def stored() -> pd.DataFrame:
    """The committed looks at the public set, ``COLUMNS``.

    Raises
    ------
    ArtifactError
        ``artifacts/dataset/shift.csv`` is missing or damaged.
    """
    return read_table(artifact("dataset", STORED_FILE), COLUMNS)


def store(table: pd.DataFrame) -> None:
    """Write looks where :func:`stored` reads them."""
    write_table(artifacts_dir() / "dataset" / STORED_FILE, table[COLUMNS].round(4))
