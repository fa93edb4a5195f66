"""Changes to a recipe, as data: read from a command line or a sweep, written into the ledger.

A change is a dict from what is changed to its value, such as ``{"fraction": 0.2, "size": 64}``.
What may be changed: every setting of a ``Recipe`` but its name; of a recipe with one phase
``epochs``, ``learning_rate`` and ``patience``; and ``options.NAME``, an option of its network.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from xray.dataset import splits
from xray.errors import ModelError
from xray.films.resize import FITS
from xray.models import framing
from xray.training import architectures, recipes
from xray.training.recipes import AUGMENTATIONS, Augmentation, Phase, Recipe

#: Settings that are what a recipe is called, not what it does.
NAMES = ("name", "title", "role")
PHASE = ("epochs", "learning_rate", "patience")
#: Sides in pixels that a network may be asked to have.
SIDES = (16, 1024)


def parse(texts: Sequence[str]) -> dict[str, Any]:
    """Read changes written as KEY=VALUE; a value is JSON, or a word as it stands.

    Raises
    ------
    ModelError
        One is not KEY=VALUE.
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise ModelError(f"{text!r} is no change; write it as KEY=VALUE, such as fraction=0.2.")
        try:
            found[key] = json.loads(value)
        except ValueError:
            found[key] = value
    return found


def show(changes: Mapping[str, Any]) -> list[str]:
    """Changes as KEY=VALUE, as ``parse`` reads them, in the order of their keys."""
    return [f"{key}={_text(changes[key])}" for key in sorted(changes)]


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, separators=(",", ":"), sort_keys=True)


def change(recipe: Recipe, changes: Mapping[str, Any]) -> Recipe:
    """A recipe with changes made to it.

    Raises
    ------
    ModelError
        There is no such setting, or it cannot have that value.
    """
    known = {item.name for item in fields(Recipe)} - {*NAMES, "options"}
    for key, value in changes.items():
        if key in PHASE:
            recipe = replace(recipe, phases=(_phase(recipe, key, value),))
        elif key.startswith("options."):
            option = {key.removeprefix("options."): value}
            kept = {k: v for k, v in (recipe.options | option).items() if v is not None}
            recipe = replace(recipe, options=kept)
        elif key in known:
            recipe = replace(recipe, **{key: _value(key, value)})
        else:
            raise ModelError(
                f"{key} is nothing that a recipe has; change one of: "
                f"{', '.join(sorted({*known, *PHASE}))}, or options.NAME."
            )
    return recipe


def _phase(recipe: Recipe, key: str, value: Any) -> Phase:
    if len(recipe.phases) != 1:
        raise ModelError(f"{recipe.name} trains in several phases; change phases, not {key}.")
    good = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    if not good or (key != "learning_rate" and int(value) != value):
        raise ModelError(f"{key} cannot be {value!r}; give a positive number, such as 10.")
    return replace(recipe.phases[0], **{key: value})


def _value(key: str, value: Any) -> Any:
    """A setting's value as a recipe holds it."""
    try:
        made = _READERS.get(key, lambda given: given)(value)
    except (KeyError, TypeError, ValueError):
        made = None
    if made is None:
        raise ModelError(
            f"{key} cannot be {value!r}; {_ADVICE.get(key, 'see xray/training/recipes.py')}."
        )
    return made


def _side(value: Any) -> tuple[int, int] | None:
    height, width = (value, value) if isinstance(value, int) else value
    fits = all(isinstance(side, int) and SIDES[0] <= side <= SIDES[1] for side in (height, width))
    return (height, width) if fits else None


def _augmentation(value: Any) -> Augmentation:
    return AUGMENTATIONS[value] if isinstance(value, str) else Augmentation(**value)


def _phases(value: Any) -> tuple[Phase, ...] | None:
    made = []
    for phase in value:
        unfrozen = phase.get("unfrozen")
        made.append(Phase(**phase | {"unfrozen": tuple(unfrozen) if unfrozen else None}))
    return tuple(made) or None


def _weights(value: Any) -> str | None:
    good = value in {"balanced", "none"} or re.fullmatch(r"\d+(\.\d+)?:\d+(\.\d+)?", str(value))
    return str(value) if good else None


_READERS: dict[str, Any] = {
    "size": _side,
    "augmentation": _augmentation,
    "phases": _phases,
    "class_weight": _weights,
    "fit": lambda value: value if value in FITS else None,
    "split": lambda value: value if value in splits.NAMES else None,
    "fraction": lambda value: float(value) if 0 < float(value) <= 1 else None,
    "batch": lambda value: int(value) if int(value) > 0 else None,
    "network": lambda value: value if value in architectures.NETWORKS else None,
    "framing": lambda value: value if value in framing.FRAMINGS else None,
}
_ADVICE = {
    "size": f"give the side in pixels, {SIDES[0]} to {SIDES[1]}",
    "augmentation": f"choose one of {', '.join(AUGMENTATIONS)}",
    "phases": "give a list of phases with epochs and learning_rate",
    "class_weight": "choose balanced, none, or NEGATIVE:POSITIVE as in 2:1",
    "fit": f"choose one of {', '.join(FITS)}",
    "split": f"choose one of {', '.join(splits.NAMES)}",
    "fraction": "give a share of the training films, above 0 and up to 1",
    "batch": "give a whole number of films above 0",
    "network": f"choose one of {', '.join(architectures.NETWORKS)}",
    "framing": f"choose one of {', '.join(framing.FRAMINGS)}",
}


def difference(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The changes that make a recipe of ``settings`` out of the registered one of its name.

    Parameters
    ----------
    settings : as ``Recipe.settings`` gives them, or a card holds them

    Raises
    ------
    ModelError
        There is no recipe of that name.
    """
    now = _filled(settings)
    then = _filled(recipes.get(str(now["name"])).settings())
    found: dict[str, Any] = {}
    for key, value in now.items():
        if key in NAMES or key not in then or value == then[key]:
            continue
        if key == "options":
            names = sorted({*value, *then[key]})
            found |= {
                f"options.{name}": value.get(name)
                for name in names
                if value.get(name) != then[key].get(name)
            }
        elif key == "phases" and _single(value, then[key]):
            new, old = value[0], then[key][0]
            found |= {part: new[part] for part in PHASE if new[part] != old[part]}
        else:
            found[key] = _named(key, value)
    return found


def _single(*phases: list[dict[str, Any]]) -> bool:
    """Whether each has one phase that trains everything."""
    return all(len(each) == 1 and each[0]["unfrozen"] is None for each in phases)


def _named(key: str, value: Any) -> Any:
    """A setting's value as a person would write it."""
    if key == "size" and value[0] == value[1]:
        return value[0]
    return augmentation_name(value) if key == "augmentation" else value


def augmentation_name(value: Mapping[str, Any]) -> Any:
    """Name of an augmentation given as data; the data where it has no name."""
    names = {name: _plain(vars(each)) for name, each in AUGMENTATIONS.items()}
    return next(
        (name for name, each in names.items() if each == {**names["none"], **value}), dict(value)
    )


def essence(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings that differ from what a recipe has by itself; the same for old cards and new."""
    bare, given = _plain(Recipe("", "").settings()), _filled(settings)
    found = {key: value for key, value in given.items() if key not in {"title", "role"}}
    found["augmentation"] = _beyond(found["augmentation"], bare["augmentation"])
    found["phases"] = [_beyond(phase, _plain(vars(_PHASE))) for phase in found["phases"]]
    return _beyond(found, bare | {"augmentation": {}})


#: What a phase has by itself.
_PHASE = Phase(0, 0.0)


def _beyond(value: Mapping[str, Any], bare: Mapping[str, Any]) -> dict[str, Any]:
    """What a value has that is not as in ``bare``."""
    return {key: each for key, each in value.items() if key not in bare or each != bare[key]}


def _filled(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as JSON gives them back, with what an older card does not know yet."""
    bare = _plain(Recipe("", "").settings())
    found: dict[str, Any] = bare | _plain(settings)
    found["augmentation"] = bare["augmentation"] | found["augmentation"]
    found["phases"] = [_plain(vars(_PHASE)) | phase for phase in found["phases"]]
    return found


def _plain(value: Any) -> Any:
    """A value as JSON gives it back: lists for tuples."""
    return json.loads(json.dumps(value, default=list))
