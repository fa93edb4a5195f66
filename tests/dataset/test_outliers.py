"""Oddball scores: each rises with what it claims to measure, and little else moves it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from xray.dataset import index, outliers, public_set
from xray.drawing.phantoms import phantom
from xray.labels import devices

Copies = NDArray[np.uint8]


@pytest.fixture(scope="module")
def films() -> Copies:
    made = [phantom(seed, (224, 224), "NORMAL", marker=False).pixels for seed in range(12)]
    return (np.stack(made) * 255).astype(np.uint8)


def measured(films: Copies) -> pd.DataFrame:
    return pd.DataFrame(outliers.measure(films, [0.0] * len(films))[0])


def posture(films: Copies) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shift and tilt, with their signs."""
    small = np.stack([outliers._shrunk(outliers._shrunk(film)) for film in films])
    return outliers._posture(small.astype(np.float32))


def test_films_are_measured_alike_alone_and_with_others(films: Copies) -> None:
    together = measured(films)
    alone = pd.concat([measured(films[i : i + 1]) for i in range(len(films))], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone, check_exact=True)


def test_strokes_are_those_of_the_busiest_patch_of_a_corner(films: Copies) -> None:
    for film, found in zip(films, outliers._strokes(films), strict=True):
        busiest = 0.0
        for corner in (film[:40, :67], film[:40, -67:], film[-40:, :67], film[-40:, -67:]):
            grey = corner.astype(int)
            thin = 2 * grey[:, 1:-1] - grey[:, :-2] - grey[:, 2:] > 65
            patches = np.lib.stride_tricks.sliding_window_view(
                np.pad(thin, ((0, 0), (1, 1))), (5, 18)
            )
            busiest = max(busiest, patches.mean(axis=(2, 3)).max())
        assert found == pytest.approx(busiest)


def warped(films: Copies, matrix: NDArray[np.float64]) -> Copies:
    return np.stack(
        [cv2.warpAffine(f, matrix, (224, 224), borderMode=cv2.BORDER_REPLICATE) for f in films]
    )


def test_every_oddity_has_a_score_and_a_flag(films: Copies) -> None:
    scores = measured(films)
    stored = {f"{oddity.name}_score" for oddity in outliers.ODDITIES if oddity.pixels}
    assert stored < set(outliers.STORED) <= set(scores) and scores.notna().all(axis=None)
    assert len(outliers.BY_NAME) == len(outliers.ODDITIES)
    for oddity in outliers.ODDITIES:
        assert oddity.low < oddity.threshold <= oddity.high


@pytest.mark.parametrize("degrees", [-8, -4, 4, 8])
def test_rotation(films: Copies, degrees: float) -> None:
    turned = warped(films, cv2.getRotationMatrix2D((111.5, 111.5), degrees, 1))
    before = np.median(posture(films)[1])
    after = np.median(posture(turned)[1])
    assert after - before == pytest.approx(degrees, abs=0.4 * abs(degrees))


@pytest.mark.parametrize("pixels", [-24, 24])
def test_off_centre(films: Copies, pixels: float) -> None:
    moved = warped(films, np.array([[1, 0, pixels], [0, 1, 0]], float))
    shift = np.median(posture(moved)[0])
    assert shift == pytest.approx(pixels / 224, abs=0.04)
    assert measured(moved)["off_centre_score"].median() > 0.06


def test_black_border(films: Copies) -> None:
    bordered = films.copy()
    bordered[:, :20] = 3
    bordered[:, :, -45:] = 0
    expected = 1 - (1 - 20 / 224) * (1 - 45 / 224)
    bright = np.maximum(bordered, 40)
    assert measured(np.maximum(films, 40))["border_score"].max() == 0
    bright[:, :20], bright[:, :, -45:] = 3, 0
    assert measured(bright)["border_score"].to_numpy() == pytest.approx(expected, abs=0.02)


def test_exposure_blur_and_contrast(films: Copies) -> None:
    base = measured(films)
    changed = {
        "overexposed": 160 + films // 3,
        "underexposed": films // 3,
        "blurred": np.stack([cv2.GaussianBlur(f, (0, 0), 4) for f in films]),
        "near_constant": (100 + films // 50).astype(np.uint8),
    }
    for name, copies in changed.items():
        scores = measured(copies.astype(np.uint8))
        assert (scores[f"{name}_score"] > base[f"{name}_score"] + 0.1).all(), name
        flags = outliers.flag(outliers.score(with_facts(scores)))
        assert flags[f"is_{name}"].mean() > 0.9, name
    assert np.allclose(base["mean"], films.mean((1, 2)) / 255, atol=1e-6)
    assert np.allclose(base["contrast"], films.std((1, 2)) / 255, atol=1e-6)


def with_facts(scores: pd.DataFrame) -> pd.DataFrame:
    return scores.assign(width=224.0, height=224.0, mode="L", label="NORMAL", error="")


def test_text_in_a_corner(films: Copies) -> None:
    written = films.copy()
    for film in written:
        cv2.putText(film, "kV63 mAs2.5", (148, 12), cv2.FONT_HERSHEY_PLAIN, 0.7, 255, 1)
    marked = films.copy()
    for film in marked:
        cv2.putText(film, "R", (12, 40), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 255, 2)
    text = measured(written)["text_score"]
    assert (text >= outliers.BY_NAME["text"].threshold).mean() > 0.9
    assert text.min() > measured(marked)["text_score"].max()


def test_what_the_table_tells() -> None:
    table = pd.DataFrame(
        {
            "width": [200.0, 100.0, 300.0, np.nan],
            "height": [100.0, 210.0, 300.0, np.nan],
            "mode": ["L", "L", "RGB", ""],
            "label": "NORMAL",
        }
    )
    scored = outliers.score(table)
    assert scored["aspect_score"].tolist()[:3] == [2.0, 2.1, 1.0]
    assert scored["odd_mode_score"].tolist()[:3] == pytest.approx([1 / 3, 1 / 3, 2 / 3])
    flags = outliers.flag(scored, {"aspect": 2.05})
    assert flags["is_aspect"].tolist() == [False, True, False, False]
    assert flags["is_odd_mode"].tolist() == [False, False, True, False]
    assert not flags["is_blurred"].any()
    counted = outliers.summary(flags).set_index("name")
    assert counted.loc["aspect", ["NORMAL", "total", "known"]].tolist() == [1, 1, 3]
    assert counted.loc["blurred", "known"] == 0


def test_stored_scores_find_what_is_known_of_the_public_set() -> None:
    table = outliers.flag(outliers.score(public_set.read()))
    odd_mode = table[table["is_odd_mode"]]
    assert len(odd_mode) == 283 and set(odd_mode["mode"]) == {"RGB"}
    labelled = table["file"].map(devices.load()["tech_text"].to_dict()) >= 0.5
    assert roc_auc_score(labelled, table["text_score"]) > 0.9
    assert labelled[table["is_text"]].mean() > 0.95


@pytest.mark.films
def test_posture_of_real_films_turned(real_films: Path) -> None:
    table = public_set.read().iloc[::60]
    pixels = index.load_pixels(real_films, table, (224, 224))
    copies = (pixels * 255).astype(np.uint8)
    tilt = posture(copies)[1]
    for degrees in (-10, 10):
        turned = warped(copies, cv2.getRotationMatrix2D((111.5, 111.5), degrees, 1))
        change = posture(turned)[1] - tilt
        assert np.median(change) == pytest.approx(degrees, abs=2)
