"""What a film gives away without its content: how far size, file, text and border predict a class.

Each suspect is given to a small gradient-boosted model that is fitted on four fifths of the
possible patients and asked about the rest. What such a model can use, a network that sees the
film may use too: a suspect that beats chance is a possible shortcut, not a proven one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri
from threadpoolctl import threadpool_limits

from xray import classes
from xray.environment import artifact, artifacts_dir
from xray.files import read_table, write_table
from xray.jobs.progress import Progress
from xray.metrics import bootstrap

FOLDS = 5

#: Resamples of possible patients, drawn in blocks of this many to keep memory small.
RESAMPLES, _BLOCK = 400, 50

#: More films than this are sampled: the interval is narrow enough, and the fit takes seconds.
MOST_FILMS = 20_000

#: Fewer films than this of a class say nothing.
FEWEST = 25

#: Suspects that are judged at once.
SUSPECTS = 9

#: Together, a suspect takes part when it is known of this share of the films.
COVERAGE = 0.9

STORED_FILE = "giveaways.csv"
#: What burned-in text is called where labels tell of it.
LABELLED = "burned-in text"


@dataclass(frozen=True, eq=False)
class Suspect:
    """Something about a film that is not what it shows.

    Attributes
    ----------
    name, title : for programs and for people
    values : (N, K) float64, NaN where unknown
    """

    name: str
    title: str
    values: NDArray[np.float64]

    @property
    def known(self) -> NDArray[np.bool_]:
        """(N,) films of which any of the values is known."""
        known: NDArray[np.bool_] = np.logical_not(np.isnan(self.values).all(axis=1))
        return known


def suspects(table: pd.DataFrame, text: pd.Series[float] | None = None) -> list[Suspect]:
    """Collect the suspects that a table of films can tell about.

    Parameters
    ----------
    table : see ``xray.dataset.index``; the scores of ``xray.dataset.outliers`` where it has them
    text : (N,) burned-in text, 0..1, by labels; ``text_score`` when None
    """
    number = table.apply(pd.to_numeric, errors="coerce")
    mode = pd.Series(pd.factorize(table["mode"])[0], table.index, dtype=float)
    made = {
        "width": ("width", number["width"]),
        "height": ("height", number["height"]),
        "aspect": ("aspect ratio", number["width"] / number["height"]),
        "bytes": ("file size", number["bytes"].where(number["bytes"] >= 0)),
        "jpeg_quality": ("JPEG quality", number["jpeg_quality"]),
        "mode": ("colour mode", mode.where(table["mode"] != "")),
        # Two measurements of two names: labels, or else strokes among the pixels.
        "text": (
            ("bright corner strokes", number.get("text_score"))
            if text is None
            else (LABELLED, text)
        ),
        "brightness": ("brightness and contrast", number[["mean", "contrast"]]),
        "border": ("border", _columns(number, "border_score", "frame_mean", "frame_contrast")),
    }
    return [
        Suspect(name, title, np.asarray(values, dtype=np.float64).reshape(len(table), -1))
        for name, (title, values) in made.items()
        if values is not None
    ]


def measure(
    table: pd.DataFrame,
    text: pd.Series[float] | None = None,
    positive: str = "",
    seed: int = 0,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Ask how well each suspect alone, and all together, tell the classes apart.

    Parameters
    ----------
    table : films of one split, or of all; more than ``MOST_FILMS`` are sampled
    text : (N,) burned-in text by labels, aligned to ``table``; optional
    positive : label of the positive class, every other being negative; the data set's when empty
    seed : of the folds, the models, the sample and the bootstrap
    progress : called with (suspects done, suspects)

    Returns
    -------
    DataFrame, a row a suspect and last "together", with
    name, title;
    auroc : cross-validated by possible patient, 0.5 is chance; NaN where it cannot be said;
    low, high : 95 % interval, bootstrap by possible patient;
    n, n_positive : films that the row is about (those of which the suspect is known);
    is_shortcut : beats chance with 95 % confidence, also when as many suspects as ``SUSPECTS``
    are judged at once (Bonferroni);
    note : why there is no value, or which suspects take part in "together".
    """
    at = _sample(len(table), seed)
    films = table.iloc[at].reset_index(drop=True)
    found = suspects(films, None if text is None else text.iloc[at].reset_index(drop=True))
    sick = films["label"] == positive if positive else classes.is_positive(films["label"])
    y = sick.to_numpy()
    groups = films["person"].where(films["person"] != "", "film " + films["file"]).to_numpy()
    fold = _folds(y, groups, seed)
    joined = _together(found)
    rows = []
    for done, suspect in enumerate([*found, joined], start=1):
        known = suspect.known
        rows.append(_judge(suspect, y[known], groups[known], fold[known], seed))
        if progress:
            progress(done, len(found) + 1)
    result = pd.DataFrame(rows)
    members = [s.title for s in found if s.known.mean() >= COVERAGE]
    result.loc[result["name"] == "together", "note"] += "of " + ", ".join(members)
    return result


def stored() -> pd.DataFrame:
    """Read the committed results of the public set: as ``measure``, with ``split`` before.

    Raises
    ------
    ArtifactError
        ``artifacts/dataset/giveaways.csv`` is missing or damaged.
    """
    table = read_table(artifact("dataset", STORED_FILE))
    return table.assign(note=table["note"].fillna(""))


def store(results: Mapping[str, pd.DataFrame]) -> None:
    """Write results, a split each, where ``stored`` reads them."""
    parts = [part.assign(split=split).round(4) for split, part in results.items()]
    table = pd.concat(parts)
    columns = ["split", *(name for name in table if name != "split")]
    write_table(artifacts_dir() / "dataset" / STORED_FILE, table[columns])


def _columns(table: pd.DataFrame, *names: str) -> pd.DataFrame | None:
    present = [name for name in names if name in table]
    return table[present] if present else None


def _sample(n: int, seed: int) -> NDArray[np.int64]:
    """Rows to use, in order: all, or a random ``MOST_FILMS`` of them."""
    if n <= MOST_FILMS:
        return np.arange(n)
    return np.sort(np.random.default_rng(seed).choice(n, MOST_FILMS, replace=False))


def _together(found: list[Suspect]) -> Suspect:
    """All suspects that are known of nearly every film, as one."""
    common = [suspect.values for suspect in found if suspect.known.mean() >= COVERAGE]
    values = np.hstack(common) if common else np.full((len(found[0].values), 1), np.nan)
    return Suspect("together", "all together", values)


def _folds(y: NDArray[np.bool_], groups: NDArray[np.object_], seed: int) -> NDArray[np.int64]:
    """Fold of each film: possible patients whole, classes even; all 0 where there are too few."""
    from sklearn.model_selection import StratifiedGroupKFold

    fold = np.zeros(len(y), np.int64)
    if min(y.sum(), (~y).sum()) >= FEWEST:
        folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
        for number, (_, test) in enumerate(folds.split(y, y, groups)):
            fold[test] = number
    return fold


def _judge(
    suspect: Suspect,
    y: NDArray[np.bool_],
    groups: NDArray[np.object_],
    fold: NDArray[np.int64],
    seed: int,
) -> dict[str, object]:
    """One row of ``measure``, from the films of which the suspect is known."""
    row: dict[str, object] = {
        "name": suspect.name,
        "title": suspect.title,
        "auroc": np.nan,
        "low": np.nan,
        "high": np.nan,
        "n": len(y),
        "n_positive": int(y.sum()),
        "is_shortcut": False,
        "note": "",
    }
    x = suspect.values[suspect.known]
    if min(y.sum(), (~y).sum()) < FEWEST:
        return row | {"note": f"known of fewer than {FEWEST} films of a class"}
    if all(len(np.unique(column[~np.isnan(column)])) < 2 for column in x.T):
        return row | {"note": "the same for every film"}
    score = _cross_validated(x, y, fold, seed)
    auroc = float(bootstrap.auroc(y, score)[0])
    draws = _draws(y, score, groups, seed)
    low, high = np.nanquantile(draws, [0.025, 0.975])
    surely = auroc - ndtri(1 - 0.025 / SUSPECTS) * np.nanstd(draws)
    return row | {
        "auroc": auroc,
        "low": float(low),
        "high": float(high),
        "is_shortcut": bool(surely > 0.5),
    }


def _cross_validated(
    x: NDArray[np.float64], y: NDArray[np.bool_], fold: NDArray[np.int64], seed: int
) -> NDArray[np.float64]:
    """Log-odds of each film by a model that did not see its possible patient."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    score = np.zeros(len(y))
    # Threads that wait for each other cost more here than they bring.
    with threadpool_limits(1):
        for number in range(FOLDS):
            test = fold == number
            if len(np.unique(y[~test])) < 2 or not test.any():
                continue
            model = HistGradientBoostingClassifier(
                max_iter=40, max_leaf_nodes=8, random_state=seed, early_stopping=False
            )
            score[test] = model.fit(x[~test], y[~test]).decision_function(x[test])
    return score


def _draws(
    y: NDArray[np.bool_], score: NDArray[np.float64], groups: NDArray[np.object_], seed: int
) -> NDArray[np.float64]:
    """AUROC of each resample of possible patients."""
    blocks = [
        bootstrap.auroc(y, score, bootstrap.resamples(groups, _BLOCK, seed + block))
        for block in range(RESAMPLES // _BLOCK)
    ]
    return np.concatenate(blocks)
