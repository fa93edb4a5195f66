"""Labelled films at hand, to check a model on before anything is believed of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray import classes
from xray.classes import HEALTHY, SICK
from xray.dataset import aspects, scan
from xray.drawing.phantoms import NOTE
from xray.environment import cache_dir
from xray.errors import ArtifactError, DatasetError, FilmError, ModelError
from xray.files import hash_json, read_json, write_json
from xray.films import decode
from xray.films.decode import Film
from xray.films.pixels import Pixels
from xray.films.resize import resize
from xray.models import plausibility
from xray.models.model import Model
from xray.models.objects import ObjectModel
from xray.models.plausibility import Check, Trial

#: Splits in the order in which films are taken for a check: the test films are reported on.
ORDER = ("train", "val", "test", "")
#: Films of each class from which on a split is not passed over for a later one.
LEAST = 20
#: Films of each class; fewer of networks of more parameters, which take longer.
FILMS, FEWER, LARGE = 60, 30, 10_000_000
#: Version of the check: what was kept by another one is not used.
VERSION = 2


@dataclass(frozen=True, eq=False)
class Sample:
    """Films to check a model on.

    Attributes
    ----------
    films : tuple of Film
    ratios : tuple of float or None
        Width / height that they had before they were squashed, where it is known.
    sick : (N,) bool
        True where the film is the positive class.
    files : tuple of str
        Their keys in the folder.
    split : str
        Where they are from.
    real : bool
        They are films of people; False of this project's synthetic ones.
    key : str
        Changes with the films.
    """

    films: tuple[Film, ...]
    ratios: tuple[float | None, ...]
    sick: NDArray[np.bool_]
    files: tuple[str, ...]
    split: str
    real: bool
    key: str

    def at(self, size: tuple[int, int], fit: str) -> Pixels:
        """The films at a size (N, h, w), brought there in one of ``interpolate.RESIZES``."""
        both = zip(self.films, self.ratios, strict=True)
        return np.stack(
            [resize(film.pixels, size, fit, aspects.lost(film, ratio)) for film, ratio in both]
        )

    def ways(self, size: tuple[int, int], ways: tuple[str, ...]) -> Iterator[tuple[str, Pixels]]:
        """The films at a size in several ways, one after the other."""
        return ((way, self.at(size, way)) for way in ways)


def sample(
    folder: Path, each: int = FILMS, seed: int = 0, listed: pd.DataFrame | None = None
) -> Sample:
    """Films of both classes from a folder, from its train films where it has splits.

    Parameters
    ----------
    folder : in the Kaggle layout, or with a table (see ``scan.scan``)
    each : films of each class, at most; of test films and of a folder's only split at most half
    seed : of the choice
    listed : file, path, split and label of its films, where they are known already

    Raises
    ------
    DatasetError
        The folder has no split with readable films of both classes.
    """
    found: Sequence[Any]
    if listed is None:
        looked = scan.scan(folder)
        found, names = looked.films, looked.classes.labels
    else:
        found, names = list(listed.itertuples()), classes.fitting(listed["label"]).labels
    room = _room(found, names)
    split = next((split for split in ORDER if room[split] >= LEAST), None)
    split = max(ORDER, key=lambda each: room[each]) if split is None else split
    if not room[split]:
        raise DatasetError(f"{folder} holds no split with films of both classes to check on.")
    chosen, sick = [], []
    for label in names:
        own = sorted(
            (film for film in found if film.split == split and film.label == label),
            key=lambda film: film.file,
        )
        most = min(each, len(own) // 2 if _is_judged(split, found) else len(own))
        picked = np.random.default_rng(seed).permutation(len(own))[:most]
        chosen += [own[place] for place in sorted(picked)]
        sick += [label == names[1]] * most
    films, kept = [], []
    for place, row in enumerate(chosen):
        try:
            films.append(decode.read(folder / row.path))
            kept.append(place)
        except (FilmError, OSError):
            continue
    files = tuple(chosen[place].file for place in kept)
    labels = np.array(sick, dtype=bool)[kept]
    if len(set(labels.tolist())) < 2:
        raise DatasetError(f"{folder} holds no readable films of both classes to check on.")
    ratios = tuple(aspects.native(pd.Series(files)))
    real = not all(_is_synthetic(folder / chosen[place].path) for place in kept)
    key = hash_json([film.sha256 for film in films])
    return Sample(tuple(films), ratios, labels, files, split, real, key)


def _is_judged(split: str, found: Sequence[Any]) -> bool:
    """Whether a split's films are also those that are judged, of which half are left for that."""
    return split == "test" or {film.split for film in found} == {split}


def _room(found: Sequence[Any], names: Sequence[str]) -> dict[str, int]:
    """Films of the smaller class that each split has for a check."""
    held = Counter((film.split, film.label) for film in found)
    least = {split: min(held[split, label] for label in names) for split in ORDER}
    return {split: n // 2 if _is_judged(split, found) else n for split, n in least.items()}


def _is_synthetic(path: Path) -> bool:
    """Whether a film says in its comment that this project drew it."""
    with open(path, "rb") as stream:
        return NOTE.encode() in stream.read(4096)


def synthetic(each: int = FEWER) -> Sample:
    """Synthetic films of both classes, where no others are at hand."""
    from xray.drawing.phantoms import phantom

    films, sick = [], []
    for number in range(2 * each):
        label = (HEALTHY, SICK)[number % 2]
        pixels = phantom(number, (224, 224), label).pixels
        films.append(Film(pixels, f"synthetic-{number}", "", "PNG", "L", 0))
        sick.append(label == SICK)
    return Sample(
        tuple(films),
        (None,) * len(films),
        np.array(sick),
        tuple(film.name for film in films),
        "",
        False,
        f"synthetic {each}",
    )


def how_many(model: Model | ObjectModel) -> int:
    """Films of each class to check a model on, so that it takes seconds."""
    return FILMS if model.card.parameters < LARGE else FEWER


def checked(model: Model | ObjectModel, films: Sample) -> Check:
    """Check a model on films, or remember what came of it."""
    card = model.card
    said = [
        *(card.sha256, card.scale, card.colour, card.output, card.output_name, card.fit),
        *(list(card.positive_index), list(card.size), card.threshold, card.settings),
    ]
    path = cache_dir() / "checks" / f"{hash_json([VERSION, said, films.key])[:24]}.json"
    if card.sha256 and path.is_file():
        try:
            return _read(path)
        except (ArtifactError, TypeError, KeyError, ValueError):
            path.unlink(missing_ok=True)
    grey = films.at(card.size, card.fit)
    found = plausibility.check(model, grey, films.sick, real=films.real, prepared=True)
    if card.sha256:
        write_json(path, asdict(found))
    return found


def against(
    model: Model | ObjectModel, folder: Path, listed: pd.DataFrame | None = None
) -> Check | None:
    """The check of a stranger's model where films at hand speak against its options, else None.

    Films that cannot tell, such as those of one class, speak against nothing.
    """
    if model.card.role != "user":
        return None
    try:
        films = sample(folder, how_many(model), listed=listed)
    except DatasetError:
        return None
    found = checked(model, films)
    return found if found.problem else None


def require(model: Model, folder: Path) -> None:
    """Refuse a stranger's model whose options real films speak against.

    Raises
    ------
    ModelError
        Other options are better, or none is better than chance; with what mends it.
    """
    found = against(model, folder)
    if found is not None and found.real:
        remedy = f" Add its file again with {found.option}." if found.option else ""
        raise ModelError(f"{found.problem}{remedy}")


def _read(path: Path) -> Check:
    """A check that was kept."""
    value = read_json(path)
    trials = tuple(_trial(each) for each in value["trials"])
    given, best = _trial(value["given"]), _trial(value["best"])
    # The same objects, so that the table tells the given one from the others.
    given = next((each for each in trials if each == given), given)
    best = given if best == given else best
    return Check(**(value | {"given": given, "best": best, "trials": trials}))


def _trial(value: dict[str, object]) -> Trial:
    return Trial(**(value | {"positive_index": tuple(value["positive_index"])}))  # type: ignore[arg-type]
