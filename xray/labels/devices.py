"""Device labels: who wears what, and where.

Those of the public films come from a general-purpose vision-language model that looked at every
film; they were never checked by a radiologist (``artifacts/devices/CARD.md``). Labels of one's
own (``label_source``), made with the workbench, add films and replace what the model said.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.environment import artifact
from xray.errors import ArtifactError
from xray.files import digest, read_table
from xray.labels import format
from xray.labels import own as label_source

Mask = NDArray[np.bool_]
Device = format.Device
Look = format.Look
KINDS = format.KINDS

#: Files of where devices are: on the test films, and on train films by the second labelling.
FIRST, SECOND = "devices_test.jsonl", "devices_train_second.jsonl"
#: The same of test films and of train films, electrodes told from other devices by their look.
BY_LOOK = ("devices_test_by_look.jsonl", "devices_train_by_look.jsonl")
#: What to say wherever labels are shown.
PROVENANCE = (
    "Device labels were made by a general-purpose vision-language model that viewed every film "
    "without its diagnosis; they were never checked by a radiologist."
)

#: Width of a stroked line or tube as a fraction of the film's height and width. Real ones are
#: 0.6 to 1.5 % wide; the rest covers the placing error between the two looks (90 % of marked
#: pixels lie within 1.8 % of the other look's).
STROKE = 0.026
#: Electrodes are marked by circle; the ring of the real one often lies just outside.
MARGIN = 0.006


@cache
def _load(path: Path) -> pd.DataFrame:
    table = read_table(path)
    missing = {"file", "split", "label", "has_device", "confidence", *KINDS} - set(table.columns)
    if missing:
        raise ArtifactError(
            f"{path} lacks the columns {', '.join(sorted(missing))}; restore it from git."
        )
    table["file"] = table["split"] + "/" + table["label"] + "/" + table["file"]
    return table.set_index("file")


def load() -> pd.DataFrame:
    """Read the labels of all 5,856 films of the public set, and one's own.

    A film that people looked at says what they said: each look counts alike, and an agreed
    look alone.

    Returns
    -------
    DataFrame indexed by ``file`` ("test/PNEUMONIA/person1_virus_6.jpeg") with columns
    split, label; has_device (bool: largest confidence >= 0.5); confidence, line, tube,
    electrode, support, other, tech_text (0..1: that one is visible); passes (looks averaged).

    Raises
    ------
    ArtifactError
        The table is missing or lacks columns.
    LabelError
        One's own labels cannot be read.
    """
    table = stored()
    own = label_source.rows()
    if not own:
        return table
    seen = pd.DataFrame([_presence(row) for row in own if row.passes], columns=["file", *table])
    seen = seen.set_index("file").astype(table.dtypes.to_dict())
    return pd.concat([table.drop(index=table.index.intersection(seen.index)), seen]).sort_index()


def stored() -> pd.DataFrame:
    """Read the committed part of ``load``: the labelling model's, of the public films."""
    return _load(artifact("devices", "devices.csv")).copy()


def _presence(row: format.Row) -> dict[str, Any]:
    """A row of the table from looks at a film."""
    split, label, _ = format.split_key(row.file)
    sure = format.presence(row.passes)
    told = {"file": row.file, "split": split, "label": label, "passes": len(row.passes)}
    return told | sure | {"has_device": sure["confidence"] >= 0.5}


def content() -> str:
    """A text that changes when any of the labels does; "" where none are stored."""
    stored = digest(artifact("devices", "devices.csv"))
    return f"{stored} {label_source.content()}".strip() if stored else ""


def provenance() -> str:
    """What to say wherever labels are shown: who made them."""
    own = len(label_source.rows())
    if not own:
        return PROVENANCE
    films = "1 film" if own == 1 else f"{own:,} films"
    return f"{PROVENANCE} Those of {films} were made by people with this program's workbench."


@cache
def _load_geometry(path: Path) -> dict[str, tuple[Look, ...]]:
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        return {f"test/{row['label']}/{row['file']}": tuple(row["passes"]) for row in rows}
    except FileNotFoundError as error:
        raise ArtifactError(f"{path} is missing; restore it from git.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtifactError(f"{path} is damaged ({error}); restore it from git.") from error


def load_geometry() -> dict[str, tuple[Look, ...]]:
    """Read where devices are: on the 624 test films, and where one's own labels say.

    Returns
    -------
    dict from ``file`` ("test/PNEUMONIA/person1_virus_6.jpeg") to its independent looks (two
    of the labelling model's; one where people agreed on one), each a mapping with ``devices``
    (kind, geometry, confidence), ``tech_text`` and ``quality``. Geometry is in tenths of width
    and height, 0..10: a polyline for line and tube, [x, y, r] for electrode, a box
    [x0, y0, x1, y1] for support and other.

    Raises
    ------
    ArtifactError
        The file is missing or damaged.
    LabelError
        One's own labels cannot be read.
    """
    return stored_geometry() | {row.file: row.passes for row in label_source.rows()}


def stored_geometry() -> dict[str, tuple[Look, ...]]:
    """Read the committed part of ``load_geometry``: two looks at each of the 624 test films."""
    return dict(_load_geometry(artifact("devices", FIRST)))


def second() -> dict[str, tuple[Look, ...]]:
    """Read the second labelling: devices on 154 train films, looked at anew and larger.

    Returns
    -------
    dict from ``file`` ("train/PNEUMONIA/person1180_virus_2008.jpeg") to its looks, as
    ``load_geometry`` gives them.

    Raises
    ------
    LabelError
        The file is missing or damaged.
    """
    return {row.file: row.passes for row in format.read(artifact("devices", SECOND))}


def by_look() -> dict[str, tuple[Look, ...]]:
    """Read the labels in which electrodes are told from other devices by their look alone.

    A disc, with or without its snap, is an ``electrode``; a clip, a connector and any other object
    is ``other``. The first and the second labelling draw this line each in another place.

    Returns
    -------
    dict as of ``second``, of the 624 test films, those of the second labelling and further train
    films

    Raises
    ------
    LabelError
        A file is missing or damaged.
    """
    files = [artifact("devices", name) for name in BY_LOOK]
    return {row.file: row.passes for path in files for row in format.read(path)}


def mask(
    passes: Sequence[Look],
    size: tuple[int, int],
    kinds: Sequence[str] | None = None,
    min_confidence: float = 0.5,
    agreed: bool = False,
) -> Mask:
    """Mark the labelled devices of a film.

    The default is the union of the looks: a device that the mask misses stays in the film
    and hides an effect of taking devices out, while a spare mark costs only area, which the
    sham of the same shape pays too. ``agreed`` keeps what both looks marked.

    Parameters
    ----------
    passes : looks at the film, from :func:`load_geometry`
    size : (height, width) of the mask in pixels
    kinds : kinds to mark, all by default
    min_confidence : leave out devices marked with less, 0..1
    agreed : intersect the looks instead of joining them

    Returns
    -------
    (height, width) bool
    """
    chosen = KINDS if kinds is None else tuple(kinds)
    looks = [
        _look_mask(
            [
                d
                for d in look["devices"]
                if d["kind"] in chosen and d["confidence"] >= min_confidence
            ],
            size,
        )
        for look in passes
    ]
    if not looks:
        return np.zeros(size, bool)
    joined: Mask = np.logical_and.reduce(looks) if agreed else np.logical_or.reduce(looks)
    return joined


def _look_mask(devices: Sequence[Device], size: tuple[int, int]) -> Mask:
    """Draw one look's devices; geometry is scaled apart in x and y, as squashed films are."""
    canvas = np.zeros(size, np.uint8)
    scale = np.array([size[1] / 10, size[0] / 10])
    side = float(np.sqrt(size[0] * size[1]))
    margin = MARGIN * side
    for device in devices:
        geometry = np.asarray(device["geometry"], float)
        if device["kind"] in ("line", "tube"):
            points = np.rint(geometry * scale).astype(np.int32)
            cv2.polylines(canvas, [points], False, 1, max(1, round(STROKE * side)))
        elif device["kind"] == "electrode":
            centre = np.rint(geometry[:2] * scale).astype(int)
            axes = np.maximum(1, np.rint(geometry[2] * scale + margin)).astype(int)
            cv2.ellipse(
                canvas,
                (int(centre[0]), int(centre[1])),
                (int(axes[0]), int(axes[1])),
                0,
                0,
                360,
                1,
                -1,
            )
        else:
            first = np.rint(geometry[:2] * scale).astype(int)
            last = np.maximum(first, np.rint(geometry[2:] * scale).astype(int) - 1)
            cv2.rectangle(
                canvas, (int(first[0]), int(first[1])), (int(last[0]), int(last[1])), 1, -1
            )
    return canvas.astype(bool)


def kappa(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Cohen's kappa of two raters' yes/no (Cohen 1960); NaN when both say one thing always."""
    from sklearn.metrics import cohen_kappa_score

    same = len(np.unique(np.concatenate([first, second]))) < 2
    return float("nan") if same else float(cohen_kappa_score(first, second))


#: Groups in which the agreement of the looks is counted.
AGREEMENT_GROUPS: Mapping[str, tuple[str, ...]] = {
    "any device": KINDS,
    "line or tube": ("line", "tube"),
    "electrode or other": ("electrode", "other"),
    "support": ("support",),
}


def agreement(
    pairs: Sequence[Sequence[Look]] | None = None,
    min_confidence: float = 0.5,
    groups: Mapping[str, tuple[str, ...]] = AGREEMENT_GROUPS,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how well two looks agree, film by film.

    Parameters
    ----------
    pairs : two looks at each film; those of the labelling model at the 624 test films when None
    min_confidence : leave out devices marked with less, 0..1
    groups : name -> kinds that count as one
    seed : of the intervals

    Returns
    -------
    DataFrame with columns what, films, agreement (share of films), kappa (Cohen's), kappa_low,
    kappa_high (95 %, bootstrap by film), both (films that both looks mark), iou (mean over
    these, of the masks at 224 x 224; NaN for text).
    """
    looks = list(stored_geometry().values() if pairs is None else pairs)
    rows: list[dict[str, Any]] = []
    for what, kinds in groups.items():
        says = np.array([[_says(look, kinds, min_confidence) for look in both] for both in looks])
        # Drawn only where both looks may have marked something.
        marked = [
            both
            for both in looks
            if all(any(d["kind"] in kinds for d in look["devices"]) for look in both)
        ]
        masks = [
            [mask([look], (224, 224), kinds, min_confidence) for look in both] for both in marked
        ]
        overlap = [(a & b).sum() / (a | b).sum() for a, b in masks if a.any() and b.any()]
        rows.append(_agreement_row(what, says, overlap, seed))
    text = np.array([[bool(look["tech_text"]) for look in both] for both in looks])
    rows.append(_agreement_row("burned-in text", text, [], seed))
    return pd.DataFrame(rows)


def _says(look: Look, kinds: Sequence[str], min_confidence: float) -> bool:
    """Whether a look says that one of these kinds is there, drawn or not."""
    marks = [*look["devices"], *look.get("present", ())]
    return any(m["kind"] in kinds and m["confidence"] >= min_confidence for m in marks)


def _agreement_row(
    what: str, says: NDArray[np.bool_], overlap: Sequence[float], seed: int
) -> dict[str, Any]:
    first, second = says.reshape(-1, 2).T.astype(bool)
    low, high = _kappa_interval(first, second, seed)
    return {
        "what": what,
        "films": len(first),
        "agreement": float(np.mean(first == second)) if len(first) else float("nan"),
        "kappa": kappa(first, second),
        "kappa_low": low,
        "kappa_high": high,
        "both": len(overlap),
        "iou": float(np.mean(overlap)) if overlap else float("nan"),
    }


def _kappa_interval(
    first: NDArray[np.bool_], second: NDArray[np.bool_], seed: int, draws: int = 2000
) -> tuple[float, float]:
    """95 % of kappa over films drawn again; kappa is a function of the four cells' counts only."""
    n = len(first)
    if n < 2 or np.isnan(kappa(first, second)):
        return float("nan"), float("nan")
    cells = np.bincount(2 * first + second, minlength=4) / n
    no, only_second, only_first, yes = (
        np.random.default_rng(seed).multinomial(n, cells, draws).T / n
    )
    p, q = yes + only_first, yes + only_second
    chance = p * q + (1 - p) * (1 - q)
    with np.errstate(divide="ignore", invalid="ignore"):
        drawn = (no + yes - chance) / (1 - chance)
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return float(low), float(high)
