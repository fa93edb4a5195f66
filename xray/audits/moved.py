"""The films that devices moved most, so that they can be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xray.audits import one_film
from xray.audits.insertion import Material, Odds
from xray.audits.showing import Trials
from xray.drawing import layers, laying, rendering
from xray.drawing.layers import Layer
from xray.drawing.laying import Laid, Place
from xray.environment import artifact
from xray.errors import DatasetError
from xray.films import lungs
from xray.films.pixels import Pixels
from xray.labels import devices

#: Films that are listed.
MOST = 12


def most(
    material: Material, trials: Trials, threshold: Odds, judged: NDArray[np.bool_]
) -> list[dict[str, Any]]:
    """Films whose call a device changes and its null does not, the largest change first.

    Parameters
    ----------
    threshold : (N,) log-odds from which each film is called SICK
    judged : (N,) films that count

    Returns
    -------
    Rows, one a film: file, kind, log-odds ``original``, ``device`` and ``null``, and what it takes
    to make the pictures again (``again``).
    """
    rows: dict[str, dict[str, Any]] = {}
    for kind, device in trials.device.items():
        plan, null, donors = material.plans[kind], trials.null[kind], material.donors[kind]
        level = threshold[plan.film]
        turned = ((device >= level) != (null >= level)) & judged[plan.film]
        for i in np.flatnonzero(turned):
            layer, film = donors.layers[plan.layer[i]], plan.film[i]
            row = {
                "file": str(material.table["file"].iloc[film]),
                "kind": kind,
                "original": float(trials.plain[film]),
                "device": float(device[i]),
                "null": float(null[i]),
                "donor": layer.file or layer.child,
                "null_film": donors.nulls[plan.layer[i]][plan.null[i]].file,
                "place": asdict(plan.places[i]),
            }
            before = rows.get(row["file"])
            if before is None or _size(row) > _size(before):
                rows[row["file"]] = row
    return sorted(rows.values(), key=_size, reverse=True)[:MOST]


def _size(row: Mapping[str, Any]) -> float:
    return abs(float(row["device"]) - float(row["null"]))


def again(folder: Path, row: Mapping[str, Any]) -> tuple[Pixels, Laid]:
    """Make the pictures of a row again: the film as it is, and with device and null.

    Raises
    ------
    DatasetError
        A film is not in the folder, or the device cannot be cut any more.
    """
    film = _read(folder, row["file"])
    layer = _layer(folder, str(row["donor"]), str(row["kind"]))
    other = _read(folder, row["null_film"])
    null = laying.null(layer, other, lungs.estimate(other).box, "")
    return film, laying.lay(film, lungs.estimate(film).box, layer, null, Place(**row["place"]))


def _read(folder: Path, file: Any) -> Pixels:
    path = folder / str(file)
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise DatasetError(
            "This film is not in the folder of films; set XRAY_DATA to the folder that was audited."
        )
    return one_film.read(path)


def _layer(folder: Path, donor: str, kind: str) -> Layer:
    """The device that was laid on: cut out of its film again, or rendered again."""
    if "/" in donor:
        film = _read(folder, donor)
        told = {"file": donor, "child": donor, "label": "", "subtype": ""}
        looks = (devices.second() | devices.load_geometry()).get(donor, ())
        made = layers.cut(film, looks, lungs.estimate(film), told)
    else:
        path = artifact("devices", rendering.FILE)
        made = [x for x in rendering.read(one_film.SIZE, path, kind=kind) if x.child == donor]
    found = next((layer for layer in made if layer.kind == kind), None)
    if found is None:
        raise DatasetError(
            "This device cannot be laid on again: no label of it is known. Set XRAY_DEVICE_LABELS "
            "to the labels that the model was audited with, or audit it anew."
        )
    return found
