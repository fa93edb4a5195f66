"""What networks of known answers said: kept beside each, believed only of what would be shown."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from xray.audits.insertion import Material
from xray.audits.showing import Trials
from xray.files import replacing

#: Arrays of ``Trials`` by kind.
FIELDS = ("device", "null", "relieved", "sham")


def content(material: Material) -> str:
    """Hash of all that a network is shown: films, lungs, devices, nulls, who gets what, and where.

    Lungs count to whole pixels and a device's strength to three digits: another machine may find
    them otherwise in the last bit.
    """
    digest = hashlib.sha256()
    digest.update("\n".join(material.table["file"]).encode())
    digest.update(np.ascontiguousarray(material.films).tobytes())
    digest.update(np.rint(np.asarray(material.boxes, float)).tobytes())
    for kind, plan in material.plans.items():
        digest.update(kind.encode())
        for layer, nulls in zip(
            material.donors[kind].layers, material.donors[kind].nulls, strict=True
        ):
            parts = [(piece.box, f"{np.abs(piece.delta).sum():.3g}") for piece in layer.pieces]
            digest.update(repr([layer.file, parts, [null.file for null in nulls]]).encode())
        for array in (plan.film, plan.layer, plan.null):
            digest.update(np.ascontiguousarray(array, np.int64).tobytes())
        digest.update(repr(plan.places).encode())
    for kind, relief in material.reliefs.items():
        for masks in (relief.masks, relief.elsewhere):
            digest.update(kind.encode() + np.packbits(np.stack(masks)).tobytes())
    return digest.hexdigest()


def keep(path: Path, trials: Trials, shown: str) -> None:
    """Write a network's answers, whole or not at all."""
    arrays = {
        f"{name}-{kind}": odds for name in FIELDS for kind, odds in getattr(trials, name).items()
    }
    with replacing(path) as part, part.open("wb") as file:
        np.savez_compressed(file, shown=np.array(shown), plain=trials.plain, **arrays)


def kept(path: Path, shown: str) -> Trials | None:
    """Answers that were kept, when they are of what would be shown now; None otherwise."""
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as stored:
        if str(stored["shown"]) != shown:
            return None
        answers: dict[str, Any] = {name: {} for name in FIELDS}
        for entry in stored.files:
            name, _, kind = entry.partition("-")
            if name in answers:
                answers[name][kind] = stored[entry]
        return Trials(stored["plain"], **answers)
