"""Small synthetic films with devices, and rules that read them or not, for tests of audits."""

from __future__ import annotations

import json
from typing import Any

import cv2
import numpy as np
import pandas as pd

from xray.audits import inputs, insertion
from xray.audits.inputs import Labels, Materials
from xray.audits.insertion import Material
from xray.drawing import rendering
from xray.drawing.layers import Layer
from xray.drawing.phantoms import phantom
from xray.environment import artifact
from xray.films.pixels import Bytes, as_bytes

SIZE = (96, 96)
#: Looks at films, by file.
Looks = dict[str, list[dict[str, Any]]]
#: Sick children that wear a wire.
CHILDREN = 24
#: Kinds that :func:`few_layers` renders.
KINDS = ("line", "support")


def wired(film: np.ndarray, seed: int) -> tuple[np.ndarray, list[list[float]]]:
    """A film with a bright wire through the lower part of the chest, and its course."""
    rng = np.random.default_rng([seed, 5])
    y = rng.uniform(60, 85)
    ends = np.array([[10.0, y], [85.0, y + rng.uniform(-8, 8)]])
    canvas = np.zeros(film.shape, np.float32)
    cv2.polylines(canvas, [np.rint(ends).astype(np.int32)], False, 1.0, 2, cv2.LINE_AA)
    course = ends / 9.6
    return np.clip(film + 0.35 * canvas, 0, 1).astype(np.float32), course.tolist()


def wearers(bare: int, children: int) -> tuple[pd.DataFrame, Bytes, Looks]:
    """Device-free films of both classes, and of sick children that wear a wire.

    Returns
    -------
    table, films (N, H, W), and looks at the wearers' films by file
    """
    rows, films, geometry = [], [], {}
    for i in range(bare):
        label = ("NORMAL", "PNEUMONIA")[i % 2]
        films.append(phantom(i, SIZE, label).pixels)
        rows.append((f"test/{label}/{i}.png", "test", label, "", f"child {i}"))
    for i in range(100, 100 + children):
        film, course = wired(phantom(i, SIZE, "PNEUMONIA").pixels, i)
        films.append(film)
        file = f"test/PNEUMONIA/{i}.png"
        rows.append((file, "test", "PNEUMONIA", "", f"child {i}"))
        device = {"kind": "line", "geometry": course, "confidence": 0.9}
        geometry[file] = [{"devices": [device], "tech_text": False, "quality": "ok"}]
    table = pd.DataFrame(rows, columns=["file", "split", "label", "subtype", "child"])
    return table, np.rint(255 * np.stack(films)).astype(np.uint8), geometry


def material() -> Material:
    """Forty device-free films of both classes, and sick children that wear a wire."""
    table, films, geometry = wearers(40, CHILDREN)
    bare = ~table["file"].isin(geometry).to_numpy()
    return insertion.prepare(table, films, geometry, bare, bare, seed=3)


def reader(film: np.ndarray) -> float:
    """Log-odds by long bright rows, which only wires make."""
    lifted = cv2.morphologyEx(film, cv2.MORPH_TOPHAT, np.ones((7, 1), np.uint8))
    return float(40 * np.percentile(lifted, 99) - 8 + 6 * sickness(film))


def sickness(film: np.ndarray) -> float:
    """How cloudy the lungs' place is, blind to thin things."""
    soft = cv2.GaussianBlur(film, (0, 0), 6)
    return float(soft[30:66, 15:80].mean() - 0.4) * 10


def few_layers(size: tuple[int, int], *_: Any, kind: str = "") -> list[Layer]:
    """One rendered layer of each child, of two kinds; lines are as bright as on no real film."""
    rows = json.loads(artifact("devices", rendering.FILE).read_text())
    made = []
    for row in rows:
        if row["kind"] in ((kind,) if kind else KINDS):
            for piece in row["pieces"] if row["kind"] == "line" else []:
                piece["profile"] = [10 * value for value in piece["profile"]]
            made.append(rendering.render(row, size, len(made)))
    return made


def cloudy(seed: int, label: str) -> np.ndarray:
    """A synthetic film; lungs of the sick are clouded enough for a rule to tell."""
    film = phantom(seed, SIZE, label).pixels.copy()
    film[30:66, 15:80] += 0.07 * (label == "PNEUMONIA")
    return np.clip(film, 0, 1)


def materials(labels: list[str], seed: int = 0) -> Materials:
    """What an audit shows of synthetic films of these classes, with rendered devices."""
    films = np.stack([as_bytes(cloudy(i, x)) for i, x in enumerate(labels)])
    names = [f"test/{label}/synthetic-{i}.png" for i, label in enumerate(labels)]
    table = pd.DataFrame(
        {"file": names, "split": "test", "label": labels, "subtype": "", "person": ""}
    )
    told = Labels("facts", "hash", True)
    return inputs.assemble(
        table,
        films,
        {},
        pd.DataFrame({"confidence": np.nan}, table.index),
        "synthetic films",
        "hash",
        told,
        seed,
    )
