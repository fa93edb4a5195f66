"""Synthetic films with a rendered device, as models read them: the picture of the Overview.

Films and devices are drawn: devices from facts about real ones (``xray.drawing.rendering``), beside
each its match, which has everything but the device. Of each model and kind is stored how many
calls the device changes, and the film that it changes most: the one to show. Devices that are
plain to see go before small ones beside the chest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from xray import classes
from xray.audits.findings import KINDS
from xray.classes import HEALTHY
from xray.drawing import laying, phantoms, rendering
from xray.drawing.layers import Layer
from xray.drawing.laying import Laid, Place
from xray.drawing.phantoms import Phantom
from xray.environment import artifact, artifacts_dir
from xray.errors import ArtifactError
from xray.files import read_json, read_table, write_table
from xray.films.lungs import Box
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress
from xray.metrics.odds import to_probability
from xray.models import registry
from xray.models.card import Card

#: Healthy synthetic children, and devices of each kind that are laid over each.
CHILDREN, DEVICES = 30, 6
#: The children that matches are cut from come after these numbers.
OTHERS = 1000
COLUMNS = (
    *("model", "model_hash", "threshold", "kind", "films", "changed"),
    *("child", "shape", "original", "device", "match", "plain"),
)
#: A pixel that changes by more is seen; a device on more than this share of a film is large.
SEEN, LARGE = 0.02, 0.02
#: Film size, (height, width) in pixels.
SIZE = (224, 224)
FILE = "showcase.csv"


@dataclass(frozen=True)
class Example:
    """The film to show for one model.

    Attributes
    ----------
    model, kind : names
    films, changed : films that got a device of the kind, and those whose call it alone changed
    child, shape : what draws the film, and the device's place in the stored shapes
    original, device, match : log-odds of the positive class
    plain : whether the device is plain to see
    """

    model: str
    kind: str
    films: int
    changed: int
    child: int
    shape: int
    original: float
    device: float
    match: float
    plain: bool = True


def child(number: int) -> Phantom:
    """A healthy synthetic child."""
    return phantoms.phantom(number, SIZE, HEALTHY)


def laid(number: int, shape: int) -> Laid:
    """The film of a child with a device laid over it, and with its match."""
    return _lay(child(number), rendering.render(_shapes()[shape], SIZE, shape), shape)


def _shapes() -> list[dict[str, object]]:
    shapes: list[dict[str, object]] = read_json(artifact("devices", rendering.FILE))
    return shapes


def _lay(film: Phantom, layer: Layer, shape: int) -> Laid:
    other = child(OTHERS + shape)
    cut = laying.null(layer, other.pixels, _lungs(other), "synthetic")
    return laying.lay(film.pixels, _lungs(film), layer, cut, Place())


def _lungs(film: Phantom) -> Box:
    rows, columns = (np.flatnonzero(film.lung_mask.any(axis=axis)) for axis in (1, 0))
    return float(columns[0]), float(rows[0]), columns[-1] + 1.0, rows[-1] + 1.0


def measure(names: Sequence[str], progress: Progress | None = None) -> pd.DataFrame:
    """Let models read the synthetic films.

    Returns
    -------
    DataFrame
        ``COLUMNS``, one row a model and kind. ``changed`` counts films that are called healthy as
        they are and with the match, and sick with the device; the rest is of the one of them that
        changes most beyond its match, and missing where there is none.

    Raises
    ------
    ModelError
        A model cannot be loaded or used.
    """
    # Loaded before anything is drawn: a wrong name is told at once.
    models = [registry.load(name) for name in names]
    children = [child(number) for number in range(CHILDREN)]
    shapes = {
        i: rendering.render(told, SIZE, i)
        for i, told in enumerate(_shapes())
        if told["kind"] in KINDS
    }
    trials = _trials({i: layer.kind for i, layer in shapes.items()})
    drawn = [_lay(children[number], shapes[i], i) for _, number, i in trials]
    films = np.stack([each.pixels for each in children])
    device, match = (np.stack([getattr(e, what) for e in drawn]) for what in ("device", "null"))
    plain = [
        _plain(each.device - films[number], _lungs(children[number]))
        for each, (_, number, _) in zip(drawn, trials, strict=True)
    ]
    rows = []
    for done, (name, model) in enumerate(zip(names, models, strict=True), start=1):
        told = pd.DataFrame(trials, columns=["kind", "child", "shape"])
        told = told.assign(
            plain=plain,
            original=model.log_odds(films)[told["child"].to_numpy()],
            device=model.log_odds(device),
            match=model.log_odds(match),
        )
        limit = model.card.threshold_log_odds
        about = {"model": name, "model_hash": model.card.sha256, "threshold": model.card.threshold}
        rows += [about | _most(part, limit) for _, part in told.groupby("kind", sort=False)]
        if progress is not None:
            progress(done, len(names))
    return pd.DataFrame(rows)[list(COLUMNS)].round(4)


def _trials(kinds: dict[int, str]) -> list[tuple[str, int, int]]:
    """Kind, child and shape of every film with a device."""
    found = []
    for kind in KINDS:
        of_kind = [i for i, each in kinds.items() if each == kind]
        for number in range(CHILDREN):
            rng = np.random.default_rng([number, KINDS.index(kind)])
            some = min(DEVICES, len(of_kind))
            found += [(kind, number, int(i)) for i in rng.choice(of_kind, some, replace=False)]
    return found


def _plain(added: Pixels, lungs: Box) -> bool:
    """Whether what was added to a film (H, W) lies on the chest, for the most part, or is large."""
    left, top, right, bottom = (round(side) for side in lungs)
    inside = np.abs(added[top:bottom, left:right]).sum() > 0.5 * np.abs(added).sum()
    return bool(inside or (np.abs(added) > SEEN).mean() > LARGE)


def _most(told: pd.DataFrame, limit: float) -> dict[str, object]:
    """What is stored of one model and kind."""
    changed = told[(told["original"] < limit) & (told["match"] < limit) & (told["device"] >= limit)]
    row = {"kind": told["kind"].iloc[0], "films": len(told), "changed": len(changed)}
    if changed.empty:
        return row | dict.fromkeys(COLUMNS[6:], np.nan)
    changed = changed[changed["plain"]] if changed["plain"].any() else changed
    gain = to_probability(changed["device"].to_numpy()) - to_probability(
        changed["match"].to_numpy()
    )
    most = changed.iloc[int(np.argmax(gain))]
    return row | {name: most[name] for name in COLUMNS[6:]}


def store(table: pd.DataFrame) -> None:
    """Write the table; rows of other models are kept."""
    path = artifacts_dir() / FILE
    if path.is_file():
        before = read_table(path)
        if set(before.columns) == set(COLUMNS):
            table = pd.concat([before[~before["model"].isin(table["model"])], table])
    write_table(path, table.sort_values(["model", "kind"]))


def load() -> pd.DataFrame:
    """Read the stored table.

    Raises
    ------
    ArtifactError
        It is missing or damaged.
    """
    path = artifacts_dir() / FILE
    table = read_table(path)
    if set(COLUMNS) - set(table.columns):
        raise ArtifactError(f"{path} is damaged; run 'python -m xray showcase' or restore it.")
    return table


def example(table: pd.DataFrame, card: Card, kinds: Sequence[str]) -> Example | None:
    """The film to show for a model: of the first of these kinds that changes any call of it.

    Kinds whose device is plain to see go first. None where there is none, or the table
    knows the model otherwise.
    """
    if not classes.is_default():
        return None
    rows = table[(table["model"] == card.name) & (table["model_hash"] == card.sha256)]
    rows = rows[np.isclose(rows["threshold"].astype(float), card.threshold, atol=1e-4)]
    found = []
    for kind in kinds:
        for row in rows[(rows["kind"] == kind) & (rows["changed"] > 0)].to_dict("records"):
            films, changed, child, shape = (int(row[n]) for n in COLUMNS[4:8])
            original, device, match = (float(row[name]) for name in COLUMNS[8:11])
            where, odds = (child, shape), (original, device, match)
            plain = bool(row["plain"])
            found.append(Example(card.name, kind, films, changed, *where, *odds, plain))
    return min(found, key=lambda each: not each.plain, default=None)
