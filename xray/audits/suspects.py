"""Other suspects: what else may give the class away, and how far a model follows it.

Films without devices are changed toward what films of the other class have, and beside that as
much without it. Both are told in calls of 100 and in AUROC; neither decides the verdict.

- ``marker``: the side marker is painted over, and the marker of a child of the other class laid
  where it lay on that child's film; beside it, the marker of another child of the same class.
- ``text``: burned-in text of a labelled film is laid on where it lay; beside it, what the same
  shape cuts from a film without text, as bright.
- ``aspect``: stretched as the other class's films are squashed; ``framing``: lungs moved and
  enlarged to where the other class has them; ``brightness``: mean and contrast of the other class.
  Beside each, the mean over this change and the same change turned round: as large, and toward
  neither class.
- ``jpeg``: written at the quality of the other class's films; beside it, at that of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xray.audits import judging, measures, showing, uncertainty
from xray.audits.insertion import Ints, Material, Odds
from xray.audits.judging import Verdict
from xray.classes import HEALTHY, SICK
from xray.drawing import layers, laying, lettering
from xray.drawing.layers import Layer
from xray.drawing.laying import Place
from xray.drawing.marks import Mask
from xray.drawing.removal import inpaint
from xray.films.pixels import Pixels, as_float
from xray.jobs import executor
from xray.jobs.progress import Progress

#: Width over height, and JPEG quality, of the public set's films as they are distributed (medians):
#: what is left of both in films that were squashed and written again is what a model can follow.
ASPECT = {HEALTHY: 1.25, SICK: 1.52}
QUALITY = {HEALTHY: 96, SICK: 75}
#: Fewer children than this give too few markers or texts of a class to lay on.
LEAST_DONORS = 8
#: Changes whose sham is the mean of both directions.
TURNED = ("aspect", "framing", "brightness")
#: Films of a class that are changed at most.
MOST = 250
CHUNK = 48
CLASSES = (HEALTHY, SICK)
Change = Callable[[Pixels], tuple[Pixels, Pixels]]


@dataclass(frozen=True, eq=False)
class Try:
    """One film and one change: to the film with the suspect, and to the one without it."""

    test: str
    film: int
    change: Change
    donor: str = ""


@dataclass(frozen=True, eq=False)
class Tries:
    """What some films are changed by, drawn and shown together."""

    rows: list[Try]

    def __len__(self) -> int:
        """Pictures."""
        return 2 * len(self.rows)


@dataclass(frozen=True, eq=False)
class Answers:
    """What one model says of all tries, (T,) each; ``problem`` says why it could not of some."""

    changed: Odds = field(repr=False)
    sham: Odds = field(repr=False)
    problem: str = ""


def prepare(material: Material, has_text: pd.Series) -> list[Try]:
    """Plan what is done to the device-free films; the same for every model.

    Parameters
    ----------
    has_text : (N,) how surely each film shows burned-in text, 0..1; missing where nobody looked
    """
    rng = np.random.default_rng([material.seed, 17])
    labels = material.table["label"].to_numpy()
    places = {
        label: rng.permutation(material.recipients[labels[material.recipients] == label])[:MOST]
        for label in CLASSES
    }
    if not all(len(each) for each in places.values()):
        return []
    made = [*_shaped(material, places), *_compressed(places)]
    told = has_text.fillna(0.0).to_numpy()
    made += _marked(material, {k: v[told[v] < 0.5] for k, v in places.items()}, rng)
    return made + _written(material, {k: v[told[v] < 0.1] for k, v in places.items()}, told, rng)


def ask(
    models: Sequence[Any],
    material: Material,
    tries: Sequence[Try],
    precision: Sequence[str],
    progress: Progress | None = None,
) -> list[Answers]:
    """Show all tries to models; each picture is drawn once for all of them."""
    steps = [Tries(list(tries[i : i + CHUNK])) for i in range(0, len(tries), CHUNK)]
    answered = executor.each(
        showing.show,
        steps,
        total=2 * len(tries),
        progress=progress,
        prepare=_drawn,
        material=material,
        models=list(models),
        precision=list(precision),
    )
    found = [Answers(*np.full((2, len(tries)), np.nan)) for _ in models]
    for number, answers in enumerate(answered):
        rows = slice(CHUNK * number, CHUNK * number + len(steps[number].rows))
        for name, _, _, of_models in answers:
            for i, odds in enumerate(of_models):
                if isinstance(odds, str):
                    found[i] = replace(found[i], problem=found[i].problem or odds)
                else:
                    getattr(found[i], name)[rows] = odds
    return found


def effects(
    material: Material,
    tries: Sequence[Try],
    answers: Answers,
    plain: Odds,
    verdict: Verdict,
    judged: NDArray[np.bool_],
) -> list[dict[str, Any]]:
    """Rows of an audit's ``effects``, with ``test`` the suspect's name and no kind.

    Parameters
    ----------
    plain : (N,) log-odds of the films as they are
    verdict : whose threshold films are called at
    judged : (N,) films that count
    """
    tests = np.array([each.test for each in tries])
    film = np.array([each.film for each in tries], int)
    donor = np.array([each.donor for each in tries], str)
    figures = [
        figure
        for test in dict.fromkeys(tests.tolist())
        for of_test in [tests == test]
        for figure in measures.of_suspect(
            test,
            material,
            (film[of_test], donor[of_test]),
            (plain[film[of_test]], answers.changed[of_test], answers.sham[of_test]),
            verdict.cut.films,
            judged,
            0.5 if test in TURNED else 1.0,
        )
    ]
    return judging.effects(figures, uncertainty.joint(figures)) if figures else []


def _drawn(step: Tries, material: Material, **_: Any) -> list[showing.Pictures]:
    pairs = [each.change(as_float(material.films[each.film])) for each in step.rows]
    rows = np.arange(len(pairs))
    return [
        (name, "", rows, np.stack([pair[k] for pair in pairs]))
        for k, name in enumerate(("changed", "sham"))
    ]


# --- shape, framing, brightness, compression -----------------------------------------------------


def _shaped(material: Material, places: Mapping[str, Ints]) -> Iterator[Try]:
    """Aspect, framing and brightness, by as much as the classes' films differ."""
    side = np.array(material.films.shape[:0:-1], float)
    boxes = np.asarray(material.boxes, float).reshape(-1, 2, 2) / side
    size = 0.5 * np.log((boxes[:, 1] - boxes[:, 0]).prod(axis=1))
    frames = np.column_stack([size, boxes.mean(axis=1)])
    frame = {label: np.median(frames[rows], axis=0) for label, rows in places.items()}
    light = {
        label: np.median([_light(as_float(material.films[i])) for i in rows], axis=0)
        for label, rows in places.items()
    }
    for own, other in (CLASSES, CLASSES[::-1]):
        stretch = 0.5 * float(np.log(ASPECT[other] / ASPECT[own]))
        grown, *move = frame[other] - frame[own]
        for i in places[own]:
            yield Try("aspect", int(i), partial(both_ways, stretched, (stretch,)))
            yield Try("framing", int(i), partial(both_ways, framed, (grown, *move)))
            change = tuple(light[other] - light[own])
            yield Try("brightness", int(i), partial(both_ways, lit, change))


def both_ways(
    change: Callable[..., Pixels], by: tuple[float, ...], film: Pixels
) -> tuple[Pixels, Pixels]:
    """A film changed by an amount, and by the same amount turned round."""
    return change(film, *by), change(film, *(-each for each in by))


def _warped(film: Pixels, across: float, down: float, move: tuple[float, float]) -> Pixels:
    """Scale a film about its middle and move it, mirrored film beyond its edge."""
    height, width = film.shape
    x, y = (width - 1) / 2, (height - 1) / 2
    matrix = np.array(
        [
            [across, 0, (1 - across) * x + move[0] * width],
            [0, down, (1 - down) * y + move[1] * height],
        ]
    )
    out = cv2.warpAffine(film, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.clip(out, 0, 1).astype(np.float32)


def stretched(film: Pixels, half: float) -> Pixels:
    """Squash a film as if it had been wider by ``exp(2 half)``; its area stays."""
    return _warped(film, float(np.exp(-half)), float(np.exp(half)), (0.0, 0.0))


def framed(film: Pixels, grown: float, across: float, down: float) -> Pixels:
    scale = float(np.exp(grown))
    return _warped(film, scale, scale, (across, down))


def _light(film: Pixels) -> tuple[float, float]:
    """Mean grey, and the logarithm of its standard deviation."""
    return float(film.mean()), float(np.log(film.std() + 1e-6))


def lit(film: Pixels, lighter: float, harder: float) -> Pixels:
    mean = film.mean()
    changed = (film - mean) * np.float32(np.exp(harder)) + mean + np.float32(lighter)
    return np.asarray(np.clip(changed, 0, 1), np.float32)


def _compressed(places: Mapping[str, Ints]) -> Iterator[Try]:
    for own, other in (CLASSES, CLASSES[::-1]):
        for i in places[own]:
            yield Try("jpeg", int(i), partial(_rewritten, QUALITY[other], QUALITY[own]))


def _rewritten(quality: int, own: int, film: Pixels) -> tuple[Pixels, Pixels]:
    return jpeg(film, quality), jpeg(film, own)


def jpeg(film: Pixels, quality: int) -> Pixels:
    """Write a film as JPEG and read it again: (H, W) in [0, 1], quality 1..100."""
    levels = np.rint(film * 255).astype(np.uint8)
    _, data = cv2.imencode(".jpg", levels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    back = np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.float32)
    return back / np.float32(255)


# --- lettering -----------------------------------------------------------------------------------


def _marked(material: Material, places: Mapping[str, Ints], rng: np.random.Generator) -> list[Try]:
    """Markers of the other class in place of a film's own; beside them, of its own class."""
    given = {label: _lettered(material, rows, lettering.marker) for label, rows in places.items()}
    if any(len({layer.child for layer in each}) < LEAST_DONORS for each in given.values()):
        return []
    children = material.table["child"].to_numpy().astype(str)
    made = []
    for own, other in (CLASSES, CLASSES[::-1]):
        for i in places[own]:
            theirs, alike = (_another(given[label], children[i], rng) for label in (other, own))
            change = partial(_remarked, material.boxes[i], theirs, alike)
            made.append(Try("marker", int(i), change, theirs.child))
    return made


def _written(
    material: Material, places: Mapping[str, Ints], told: Odds, rng: np.random.Generator
) -> list[Try]:
    """Text of labelled films laid on films of either class without any."""
    given = _lettered(material, np.flatnonzero(told >= 0.5), lettering.text)
    if len({layer.child for layer in given}) < LEAST_DONORS:
        return []
    children = material.table["child"].to_numpy().astype(str)
    made = []
    for label in CLASSES:
        for i in places[label]:
            layer = _another(given, children[i], rng)
            blank = places[layer.label]
            blank = blank[(children[blank] != layer.child) & (blank != i)]
            film = as_float(material.films[rng.choice(blank if len(blank) else places[label])])
            change = partial(_given_text, layer, film)
            made.append(Try("text", int(i), change, layer.child))
    return made


def _lettered(material: Material, rows: Ints, find: Callable[[Pixels, Any], Mask]) -> list[Layer]:
    """Lettering of some films as layers that lie where they lay on the film."""
    made = []
    for i in rows:
        film, box = as_float(material.films[i]), material.boxes[i]
        mask = find(film, box)
        if not mask.any():
            continue
        told = {name: str(material.table[name].iloc[i]) for name in ("file", "child", "label")}
        cut = tuple(layers.pieces(film, [mask]))
        made.append(Layer("lettering", subtype="", mask=mask, pieces=cut, lungs=box, **told))
    return made


def _another(given: Sequence[Layer], child: str, rng: np.random.Generator) -> Layer:
    """Lettering of another child, at random."""
    others = [layer for layer in given if layer.child != child]
    return others[int(rng.integers(len(others)))]


def _remarked(lungs: Any, theirs: Layer, alike: Layer, film: Pixels) -> tuple[Pixels, Pixels]:
    bare = inpaint(film, lettering.marker(film, lungs))
    one, other = (laying.put(bare, each.lungs, each, Place()) for each in (theirs, alike))
    return one, other


def _given_text(layer: Layer, blank: Pixels, film: Pixels) -> tuple[Pixels, Pixels]:
    """Lettering keeps its place on the film, whatever the lungs' is."""
    null = laying.null(layer, blank, layer.lungs, "")
    laid = laying.lay(film, layer.lungs, layer, null, Place())
    return laid.device, laid.null
