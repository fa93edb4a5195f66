"""What public write-ups of this dataset reported, and what their numbers can have meant.

A recall means nothing before one knows of which class. On a test split of known size only a few
confusion matrices round to a set of stated figures; which they are says which class was the
positive one, or that the figures cannot all be right.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from xray import classes
from xray.errors import ArtifactError
from xray.metrics.scores import LABELS, POSITIVE, Confusion, other

#: The original test split.
TEST = {"NORMAL": 234, "PNEUMONIA": 390}
#: Figures that follow from a confusion matrix.
FIGURES = ("accuracy", "precision", "recall", "specificity", "f1")
#: What others reported is of the public set, whichever data set is in hand.
_of_the_public_set = classes.using(classes.DEFAULT)


@dataclass(frozen=True)
class WriteUp:
    """One published result.

    ``stated`` maps a metric to the figure as printed, because its digits say how far it was
    rounded; percentages are written as fractions with the digits kept ("78.4 %" is "0.784").
    ``model`` is the recipe that stands for it here ("" none). ``note`` says what the source leaves
    open.
    """

    name: str
    source: str
    model: str
    stated: dict[str, str] = field(default_factory=dict)
    note: str = ""


WRITE_UPS = (
    WriteUp(
        "Student project, basic CNN",
        "public write-up of the three-model project",
        "whole_film",
        {"accuracy": "0.784", "recall": "0.43", "precision": "0.99"},
        "does not say which class is the positive one",
    ),
    WriteUp(
        "Student project, augmented",
        "public write-up of the three-model project",
        "augmented",
        {"accuracy": "0.872"},
    ),
    WriteUp(
        "Student project, VGG19",
        "public write-up of the three-model project",
        "transfer",
        {"accuracy": "0.907"},
    ),
    WriteUp(
        "Five convolutions at 300 x 300",
        "public write-up of a network of 311,041 parameters",
        "five_conv300",
        {"accuracy": "0.903", "auroc": "0.956"},
    ),
    WriteUp(
        "Kermany et al. 2018",
        "Cell 172, 1122-1131",
        "",
        {"accuracy": "0.928", "recall": "0.932", "specificity": "0.901", "auroc": "0.968"},
        "Inception V3; the authors of the dataset",
    ),
    WriteUp(
        "Ayan et al. 2021",
        "Arab. J. Sci. Eng. 47, 2123-2139",
        "",
        {"accuracy": "0.9583", "recall": "0.9776", "auroc": "0.9521"},
        "ensemble of three networks; its abstract gives recall and AUROC, not the accuracy",
    ),
    WriteUp(
        "PneumoniaMNIST, AutoML",
        "MedMNIST v2, Yang et al. 2023",
        "",
        {"accuracy": "0.946", "auroc": "0.991"},
        "28 x 28 pixels; the same test films",
    ),
)


@dataclass(frozen=True)
class Reading:
    """The confusion matrices that fit a set of stated figures for one positive class.

    ``matrices`` holds tp, fp, fn, tn, one row a matrix, seen from ``positive``; empty where no
    matrix fits.
    """

    positive: str
    matrices: pd.DataFrame

    @property
    def possible(self) -> bool:
        """Whether any confusion matrix fits."""
        return len(self.matrices) > 0

    def typical(self) -> Confusion:
        """The matrix in the middle of those that fit, by correctly called positives."""
        if not self.possible:
            raise ArtifactError(
                f"No confusion matrix fits with {self.positive} positive; read the other class."
            )
        row = self.matrices.sort_values(["tp", "tn"]).iloc[len(self.matrices) // 2]
        tp, fp, fn, tn = (int(row[cell]) for cell in ("tp", "fp", "fn", "tn"))
        return Confusion(tp, fp, fn, tn, self.positive)


def figures(
    tp: np.ndarray, tn: np.ndarray, positives: int, negatives: int
) -> dict[str, np.ndarray]:
    """The ``FIGURES`` of confusion matrices; nan where not defined."""
    fp, fn = negatives - tn, positives - tp
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "accuracy": (tp + tn) / (positives + negatives),
            "precision": tp / (tp + fp),
            "recall": tp / positives,
            "specificity": tn / negatives,
            "f1": 2 * tp / (2 * tp + fp + fn),
        }


@_of_the_public_set
def read(
    stated: dict[str, str], positive: str = POSITIVE, test: dict[str, int] | None = None
) -> Reading:
    """Find every confusion matrix that rounds to the stated figures.

    Parameters
    ----------
    stated : dict
        Metric of ``FIGURES`` -> figure as printed ("0.43"); others (AUROC) are left aside.
        A figure may have been rounded or cut at its last digit.
    positive : "PNEUMONIA" or "NORMAL"
        The class that recall, precision, specificity and F1 are taken to speak of.
    test : dict, optional
        Films of each class; the original test split's 234 and 390 by default.

    Raises
    ------
    ArtifactError
        A figure is not a number between 0 and 1, or none follows from a confusion matrix.
    """
    films = TEST if test is None else test
    positives, negatives = films[positive], films[other(positive)]
    used = {name: text for name, text in stated.items() if name in FIGURES}
    if not used:
        raise ArtifactError(f"State at least one of {', '.join(FIGURES)}.")
    tp, tn = (
        grid.ravel()
        for grid in np.meshgrid(np.arange(positives + 1), np.arange(negatives + 1), indexing="ij")
    )
    fits = np.ones(len(tp), dtype=bool)
    implied = figures(tp, tn, positives, negatives)
    for name, text in used.items():
        value, step = _printed(name, text)
        # Rounded half a step either way, or cut: up to a whole step below the truth.
        with np.errstate(invalid="ignore"):
            fits &= (implied[name] >= value - step / 2 - 1e-9) & (implied[name] < value + step)
    matrices = pd.DataFrame(
        {"tp": tp[fits], "fp": negatives - tn[fits], "fn": positives - tp[fits], "tn": tn[fits]}
    )
    return Reading(positive, matrices)


def _printed(name: str, text: str) -> tuple[float, float]:
    """Value of a printed figure, and the worth of its last digit."""
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise ArtifactError(f"{name} must be a number between 0 and 1, such as 0.43; not {text!r}.")
    return value, 10.0 ** -len(text.partition(".")[2])


@_of_the_public_set
def meaning(stated: dict[str, str], test: dict[str, int] | None = None) -> str:
    """Say in a sentence or two what stated figures mean on the test split.

    Parameters and errors as in :func:`read`.
    """
    films = TEST if test is None else test
    split = f"{films['NORMAL']} normal and {films['PNEUMONIA']} pneumonia films"
    readings = {label: read(stated, label, test) for label in reversed(LABELS)}
    possible = [label for label, reading in readings.items() if reading.possible]
    if not possible:
        return (
            f"No confusion matrix on {split} gives these figures, with either class as the "
            "positive one: one of them is off, or they come from other films or are averages of "
            f"several runs.{_amends(stated, test)}"
        )
    if not {"precision", "recall", "specificity", "f1"} & stated.keys():
        right = readings[POSITIVE].matrices[["tp", "tn"]].sum(axis=1)
        many = f"{right.min()}" if right.nunique() == 1 else f"{right.min()} to {right.max()}"
        return f"{many} of {sum(films.values())} films right; nothing says which kind of error."
    if len(possible) == 2:
        return "The figures fit with either class as the positive one; they do not say which."
    label = possible[0]
    lost = other(label)
    counts = readings[label].typical()
    return (
        f"Only with {label} as the positive class: {counts.tp} of {films[label]} {label} found and "
        f"{counts.tn} of {films[lost]} {lost}. Seen from {lost}, the same model has recall "
        f"{counts.tn / films[lost]:.3f} and precision {_share(counts.tn, counts.fn)}."
    )


@_of_the_public_set
def implied(stated: dict[str, str], positive: str = POSITIVE) -> Confusion | None:
    """The confusion matrix that stated figures imply, seen from the side of ``positive``.

    None where they fit no matrix, fit with either class as the positive one, or say nothing of
    the kind of error.
    """
    if not {"precision", "recall", "specificity", "f1"} & stated.keys():
        return None
    possible = [reading for label in LABELS if (reading := read(stated, label)).possible]
    if len(possible) != 1:
        return None
    counts = possible[0].typical()
    return counts if counts.positive == positive else counts.flipped()


@_of_the_public_set
def finding() -> str:
    """Say how many of the write-ups leave open, or get wrong, what their figures mean."""
    said = [item.stated for item in WRITE_UPS]
    normal = sum(
        counts is not None and _from(stated) == LABELS[0]
        for stated, counts in ((stated, implied(stated)) for stated in said)
    )
    off = sum(meaning(stated).startswith("No confusion matrix") for stated in said)
    return (
        f"Of {len(said)} published results, {normal} can only speak of {LABELS[0]}, and {off} fit "
        "no confusion matrix"
    )


def _from(stated: dict[str, str]) -> str:
    """The only class that stated figures can speak of."""
    return next(label for label in LABELS if read(stated, label).possible)


def _amends(stated: dict[str, str], test: dict[str, int] | None) -> str:
    """What each stated figure would have to be for the others to hold; "" when nothing tells."""
    used = [name for name in FIGURES if name in stated]
    ways = []
    for name in used if len(used) > 2 else []:
        rest = read({key: text for key, text in stated.items() if key != name}, POSITIVE, test)
        if rest.possible:
            m = rest.matrices
            implied = figures(
                m["tp"].to_numpy(),
                m["tn"].to_numpy(),
                int(m["tp"].iloc[0] + m["fn"].iloc[0]),
                int(m["tn"].iloc[0] + m["fp"].iloc[0]),
            )[name]
            ways.append(f"{name} {np.median(implied):.3f}")
    return f" With {POSITIVE} positive the others would make {', or '.join(ways)}." if ways else ""


def _share(hits: int, misses: int) -> str:
    return f"{hits / (hits + misses):.3f}" if hits + misses else "none"


def table() -> pd.DataFrame:
    """All write-ups, "said" beside "means".

    Returns
    -------
    DataFrame
        name, model (recipe that stands for it here; "" none), said, means, source, note.
    """
    rows = []
    for item in WRITE_UPS:
        said = ", ".join(
            f"{'AUROC' if name == 'auroc' else name} {text}" for name, text in item.stated.items()
        )
        rows.append(
            {
                "name": item.name,
                "model": item.model,
                "said": said,
                "means": meaning(item.stated),
                "source": item.source,
                "note": item.note,
            }
        )
    return pd.DataFrame(rows)
