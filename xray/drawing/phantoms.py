"""Made-up chest films: seeded phantoms for tests, demonstrations and people without data.

A phantom is drawn, not taken from anybody: a sum of attenuations (flesh, bones, heart, devices,
less the air of the lungs) seen through a film-like curve.  It looks like a child's chest film to
a network and, at arm's length, to a person; it is worth nothing for diagnosis.  File names start
with "synthetic-" and each file says so in its comment.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from xray.classes import HEALTHY, SICK
from xray.drawing import anatomy
from xray.drawing.anatomy import Build, Frame, Plane, Points, curve
from xray.errors import DatasetError
from xray.files import replacing, write_table
from xray.films.pixels import Pixels
from xray.jobs.progress import Progress

Mask = NDArray[np.bool_]

LABELS = (HEALTHY, SICK)
DEVICES = ("electrode", "tube", "line")
NOTE = "Synthetic phantom drawn by X-ray Model Audit; no patient, not for clinical use."

#: Share of films with a device, as visible in the real training films (rounded).
DEVICE_RATE = {HEALTHY: 0.03, SICK: 0.55}


@dataclass(frozen=True, eq=False)
class Phantom:
    """One synthetic film and what was drawn into it.

    Attributes
    ----------
    pixels : (H, W) float32 in [0, 1]
    label : ``HEALTHY`` or ``SICK``
    lung_mask, opacity_mask, device_mask : (H, W) bool
        The lung fields, the opacities (none in healthy ones) and the device with its lead.
    device : str or None
        "electrode", "tube", "line", or None.
    """

    pixels: Pixels
    label: str
    lung_mask: Mask
    opacity_mask: Mask
    device_mask: Mask
    device: str | None


def phantom(
    seed: int,
    size: tuple[int, int] = (224, 224),
    label: str = HEALTHY,
    device: str | None = None,
    marker: bool = True,
) -> Phantom:
    """Draw one phantom; the same arguments give the same film to the last bit.

    The child and its pose come from the seed alone, so the same seed with another label, device
    or marker is the same child: pairs that differ in one thing only.

    Parameters
    ----------
    seed : not negative
    size : (height, width) in pixels, at least 32 each
    label : ``HEALTHY`` or ``SICK``; the second has one to four opacities in the lungs
    device : "electrode" (a pair with their leads), "tube", "line", or None
    marker : whether a side letter is burned in, in a corner chosen by the seed, never by the label

    Raises
    ------
    ValueError
        A label, device or size that does not exist.
    """
    if label not in LABELS or device not in (None, *DEVICES) or min(size) < 32:
        raise ValueError(f"no such phantom: label {label!r}, device {device!r}, size {size}")
    # One stream for each part, so that a part does not change with what else is drawn.
    streams = [np.random.default_rng([seed, part]) for part in range(6)]
    build = Build.draw(streams[0])
    frame = Frame((int(size[0]), int(size[1])), _pose(streams[0]))
    right, left = anatomy.lungs(frame, build)
    lungs = np.maximum(right, left)
    shadow = _thorax(frame, build, lungs, streams[1])
    opacity = frame.blank()
    if label == SICK:
        # Before the heart, as dense as water already, it adds little but blurs the border.
        heart = anatomy.middle(frame, build)
        opacity = _opacity(frame, build, lungs, streams[2]) * (1 - 0.75 * heart)
    added = frame.blank()
    device_mask = np.zeros(size, bool)
    if device:
        added, device_mask = _device(frame, build, device, streams[3])
    film = _expose(frame, shadow + 0.34 * opacity + added, streams[4])
    if marker:
        _mark(film, streams[5])
    return Phantom(film, label, lungs > 0.5, opacity > 0.25, device_mask, device)


def _pose(rng: np.random.Generator) -> Points:
    """Affine (2, 3) that turns, scales and shifts the child on the film."""
    turn = np.deg2rad(rng.normal(0, 2.5))
    scale_x, scale_y = rng.uniform(1.02, 1.32), rng.uniform(0.94, 1.2)
    shift = [rng.normal(0, 0.04), rng.normal(0.06, 0.05)]
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return np.column_stack([rotation * [scale_x, scale_y], shift])


def _thorax(frame: Frame, build: Build, lungs: Plane, rng: np.random.Generator) -> Plane:
    """Attenuation (H, W) of a healthy chest; about 0.3 in lung, 1 in heart and belly."""
    flesh = anatomy.body(frame, build)
    heart = anatomy.middle(frame, build)
    # Air: thin near the rim, full depth inside, little before and behind the heart.
    air = frame.soft(lungs, 0.012) * (0.55 + 0.45 * frame.soft(lungs, 0.09)) * (1 - 0.6 * heart)
    texture = 1 + 0.035 * frame.cloud(rng, 5) + 0.018 * frame.cloud(rng, 17)
    inside = frame.soft(lungs, 0.02)
    shadow = 0.78 * flesh * texture - rng.uniform(0.5, 0.6) * air
    shadow += 0.12 * heart * flesh
    shadow += rng.uniform(0.09, 0.13) * anatomy.vessels(frame, build, rng) * inside
    shadow += rng.uniform(0.09, 0.14) * anatomy.ribs(frame, build) * (flesh > 0.02)
    shadow += 0.09 * anatomy.spine(frame, build) * (flesh > 0.02)
    shadow += 0.14 * anatomy.girdle(frame, build)
    shadow -= 0.13 * anatomy.airway(frame, build)
    shadow -= _bowel_gas(frame, build, rng)
    return np.asarray(shadow, np.float32)


def _bowel_gas(frame: Frame, build: Build, rng: np.random.Generator) -> Plane:
    """Air (H, W) in stomach, under the left dome, and in bowel loops."""
    y = build.bottom + 0.24
    spots = [(0.3 + 0.05 * rng.standard_normal(), y, 0.15)]
    spots += [(rng.uniform(-0.4, 0.45), y + rng.uniform(0.15, 0.4), 0.08) for _ in range(4)]
    gas = frame.blank()
    around = np.linspace(0, 2 * np.pi, 9)[:-1]
    for x, top, radius in spots:
        wobble = radius * (1 + 0.2 * rng.standard_normal(8))
        ring = np.column_stack(
            [x + 1.3 * wobble * np.cos(around), top + 0.7 * wobble * np.sin(around)]
        )
        gas = np.maximum(gas, rng.uniform(0.3, 1) * frame.area(ring))
    return np.asarray(0.2 * frame.soft(gas, 0.015), np.float32)


def _opacity(frame: Frame, build: Build, lungs: Plane, rng: np.random.Generator) -> Plane:
    """Consolidation (H, W) about one at its densest: one lobe, or patches in both lungs."""
    x, y = frame.grid()
    low, span = build.top, build.bottom - build.top
    lobar = rng.random() < 0.55
    cloud = frame.blank()
    first = rng.choice([-1, 1])
    for i in range(int(rng.integers(1, 3)) if lobar else int(rng.integers(3, 6))):
        side = first if lobar else first * (-1) ** i
        centre = (side * build.chest * rng.uniform(0.35, 0.68), low + span * rng.uniform(0.4, 0.92))
        reach = build.chest * (rng.uniform(0.3, 0.46) if lobar else rng.uniform(0.16, 0.28))
        weight = rng.uniform(0.75, 1.1) if lobar else rng.uniform(0.55, 0.9)
        squash = rng.uniform(0.75, 1.3)
        away = ((x - centre[0]) / reach) ** 2 + ((y - centre[1]) / (squash * reach)) ** 2
        cloud = np.maximum(cloud, weight * np.exp(-(away**1.5) / 1.4))
    grain = 1 + 0.16 * frame.cloud(rng, 14) + 0.12 * frame.cloud(rng, 34)
    return np.asarray(np.clip(cloud * grain, 0, 1.2) * frame.soft(lungs, 0.012), np.float32)


def _device(frame: Frame, build: Build, kind: str, rng: np.random.Generator) -> tuple[Plane, Mask]:
    """Attenuation (H, W) that a device adds, and where it lies (H, W)."""
    if kind == "electrode":
        return _electrodes(frame, build, rng)
    top, side = build.top, rng.choice([-1, 1])
    if kind == "tube":
        tip = build.top + rng.uniform(0.16, 0.34)
        x = 0.015 * rng.standard_normal()
        way = curve(np.array([[x + 0.06 * side, -1.4], [x - 0.03, top - 0.2], [x, top], [x, tip]]))
        outer, inner = frame.strokes([way], 0.05), frame.strokes([way], 0.026)
        stripe = frame.strokes([way + np.array([0.018, 0])], 0.008)
        return frame.soft(0.16 * outer - 0.05 * inner + 0.2 * stripe, 0.004), outer > 0.5
    ends = [[0.62 * side, top + rng.uniform(0.02, 0.2)], [0.05 * side, top + 0.12]]
    way = curve(np.array([*ends, [-0.1, top + 0.2], [-0.08, top + rng.uniform(0.45, 0.65)]]))
    wire = frame.strokes([way], 0.016)
    return frame.soft(0.26 * wire, 0.003), wire > 0.5


def _electrodes(frame: Frame, build: Build, rng: np.random.Generator) -> tuple[Plane, Mask]:
    """Two or three sticky electrodes: pad, metal snap, and a lead that leaves the film."""
    span = build.bottom - build.top
    leads, snaps, pads = [], [], []
    exit_x = rng.uniform(-0.9, 0.9)
    for side in rng.permutation([-1, 1, rng.choice([-1, 1])])[: int(rng.integers(2, 4))]:
        x = side * build.chest * rng.uniform(0.35, 0.85)
        y = build.top + span * rng.uniform(0.12, 0.95)
        sag = [x + 0.25 * rng.standard_normal(), y + rng.uniform(0.1, 0.35)]
        leads.append(curve(np.array([[x, y], sag, [exit_x, 0.75], [exit_x, 1.4]])))
        turn = np.linspace(0, 2 * np.pi, 13)[:-1]
        ring = np.column_stack([np.cos(turn), np.sin(turn)])
        snaps.append(0.03 * ring + [x, y])
        pads.append(rng.uniform(0.06, 0.08) * ring + [x, y])
    pad = sum((frame.area(p, 2) for p in pads), frame.blank())
    snap = sum((frame.area(s, 2) for s in snaps), frame.blank())
    lead = frame.strokes(leads, 0.012)
    added = frame.soft(0.05 * np.minimum(pad, 1) + 0.5 * np.minimum(snap, 1) + 0.24 * lead, 0.003)
    return added, (pad > 0.5) | (snap > 0.5) | (lead > 0.5)


def _expose(frame: Frame, shadow: Plane, rng: np.random.Generator) -> Pixels:
    """Film (H, W) in [0, 1] of an attenuation: scatter, grain, film curve, black borders."""
    shadow = 0.92 * shadow + 0.08 * frame.soft(shadow, 0.25)
    grain = rng.standard_normal(frame.size).astype(np.float32)
    grain = grain + 1.4 * cv2.GaussianBlur(grain, (0, 0), 0.8)
    # Fewer photons come through where more was in the way, so dense parts are noisier.
    shadow = shadow + rng.uniform(0.004, 0.011) * grain * (0.5 + np.clip(shadow, 0, 1.2))
    centre, slope = rng.uniform(0.5, 0.62), rng.uniform(3.0, 4.2)
    low, high = 1 / (1 + np.exp(slope * centre)), 1 / (1 + np.exp(-slope * (1.25 - centre)))
    film = (1 / (1 + np.exp(-slope * (shadow - centre))) - low) / (high - low)
    film = rng.uniform(0.0, 0.05) + rng.uniform(0.84, 0.97) * film
    if rng.random() < 0.35:
        edge = (rng.uniform(0, 0.06, 4) * [*frame.size, *frame.size]).astype(int)
        film[: edge[0]] = film[frame.size[0] - edge[2] :] = 0
        film[:, : edge[1]] = film[:, frame.size[1] - edge[3] :] = 0
    return np.asarray(np.clip(film, 0, 1), np.float32)


def _mark(film: Pixels, rng: np.random.Generator) -> None:
    """Burn a side letter into an upper corner of the film, in place."""
    height, width = film.shape
    letter = "R" if rng.random() < 0.6 else "L"
    scale = rng.uniform(0.028, 0.045) * min(height, width) / 22 * 1.6
    x = rng.uniform(0.03, 0.14)
    at = (int((x if letter == "R" else 0.93 - x) * width), int(rng.uniform(0.1, 0.24) * height))
    font = cv2.FONT_HERSHEY_DUPLEX if rng.random() < 0.5 else cv2.FONT_HERSHEY_SIMPLEX
    weight = max(1, round(1.8 * scale))
    ink = np.zeros(film.shape, np.uint8)
    cv2.putText(ink, letter, at, font, scale, 255, weight, cv2.LINE_AA)
    alpha = ink.astype(np.float32) / 255
    film += alpha * (np.float32(rng.uniform(0.88, 1.0)) - film)


def write_dataset(
    folder: Path,
    n_train: int,
    n_val: int,
    n_test: int,
    seed: int = 0,
    *,
    device_rate: Mapping[str, float] | None = None,
    size: tuple[int, int] = (224, 224),
    suffix: str = ".jpeg",
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Write phantoms in the Kaggle layout, half of each split healthy and half sick.

    Parameters
    ----------
    folder : where to write ``{train,val,test}/{NORMAL,PNEUMONIA}/synthetic-*``; made when absent
    n_train, n_val, n_test : films in each split
    seed : seeds the choice of devices and every film
    device_rate : share of films with a device by label; ``DEVICE_RATE`` when not given
    size : (height, width) in pixels, the same for both classes
    suffix : ".jpeg" (quality 90) or ".png"
    progress : called as (done, total)

    Returns
    -------
    DataFrame
        ``file`` (relative, posix), ``split``, ``label``, ``device`` ("" none) and ``seed``; also
        written to ``phantoms.csv``.  ``phantom(seed, size, label, device or None)`` draws the
        film and its masks again.

    Raises
    ------
    DatasetError
        A suffix other than these, or a rate outside [0, 1].
    """
    rates = dict(DEVICE_RATE if device_rate is None else device_rate)
    if suffix not in (".jpeg", ".png"):
        raise DatasetError(f"Synthetic films are written as .jpeg or .png, not {suffix}.")
    if not all(0 <= rates.get(label, 0.0) <= 1 for label in LABELS):
        raise DatasetError(f"The device rates {rates} must lie between 0 and 1.")
    rng = np.random.default_rng(seed)
    counts = {"train": n_train, "val": n_val, "test": n_test}
    rows: list[dict[str, object]] = []
    for split, count in counts.items():
        for i in range(count):
            label = LABELS[i % 2]
            has_device = rng.random() < rates.get(label, 0.0)
            device = str(rng.choice(DEVICES)) if has_device else ""
            number = len(rows)
            name = f"synthetic-{label.lower()}-{number:05d}{suffix}"
            film_seed = int(rng.integers(2**31))
            file = f"{split}/{label}/{name}"
            drawn = phantom(film_seed, size, label, device or None)
            write_film(Path(folder) / file, drawn.pixels)
            rows.append(
                {"file": file, "split": split, "label": label, "device": device, "seed": film_seed}
            )
            if progress:
                progress(number + 1, sum(counts.values()))
    table = pd.DataFrame(rows, columns=["file", "split", "label", "device", "seed"])
    write_table(Path(folder) / "synthetic.csv", table)
    return table


def write_film(path: Path, pixels: Pixels) -> None:
    """Write a synthetic film (H, W) in [0, 1] as 8-bit JPEG or PNG that says what it is."""
    image = Image.fromarray(np.round(pixels * 255).astype(np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as beside:
        if path.suffix == ".png":
            note = PngImagePlugin.PngInfo()
            note.add_text("Comment", NOTE)
            image.save(beside, pnginfo=note)
        else:
            image.save(beside, quality=90, comment=NOTE)
