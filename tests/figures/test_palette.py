"""The palette holds what its docstring promises: contrast, colour-blind safety, one meaning."""

from __future__ import annotations

import itertools
import tomllib
from pathlib import Path

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab

from xray.audits import findings
from xray.figures import palette

# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHT = {
    "full": np.eye(3),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
}


def seen(colour: str, sight: str) -> np.ndarray:
    """CIELAB of a colour as someone with ``sight`` sees it."""
    values = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    shifted = np.clip(SIGHT[sight] @ linear, 0, 1)
    back = np.where(shifted <= 0.0031308, shifted * 12.92, 1.055 * shifted ** (1 / 2.4) - 0.055)
    return rgb2lab(back[None, None])[0, 0]


def closest(colours: dict[str, str], sight: str) -> float:
    labs = {name: seen(colour, sight) for name, colour in colours.items()}
    return min(
        float(deltaE_ciede2000(labs[a], labs[b])) for a, b in itertools.combinations(labs, 2)
    )


def marks() -> dict[str, str]:
    models = {name: mark.colour for name, mark in palette.MODELS.items()}
    return {**palette.classes(), **models, "reference": palette.REFERENCE}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_marks_stand_out_on_both_themes(theme: str) -> None:
    others = {str(i): palette.model(f"model {i}").colour for i in range(200)}
    for name, colour in {**marks(), **others}.items():
        assert palette.contrast(colour, palette.BACKGROUND[theme]) >= 3, name


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_text_and_chips_reach_aa(theme: str) -> None:
    assert palette.contrast(palette.TEXT[theme], palette.BACKGROUND[theme]) >= 7
    assert palette.contrast(palette.TEXT[theme], palette.PANEL[theme]) >= 7
    for verdict in palette.VERDICTS.values():
        assert palette.contrast(verdict.colour, "#FFFFFF") >= 4.5, verdict.key
        assert palette.contrast(verdict.colour, palette.BACKGROUND[theme]) >= 3, verdict.key


@pytest.mark.parametrize("sight", list(SIGHT))
def test_colours_stay_apart_for_colour_blind_eyes(sight: str) -> None:
    assert closest(palette.classes(), sight) > 25
    assert closest({"toward": palette.TOWARD, "away": palette.AWAY}, sight) > 25
    main = {name: palette.MODELS[name].colour for name in ("basic", "augmented", "transfer")}
    assert closest(main, sight) > 14
    everything = {**palette.classes(), **{name: m.colour for name, m in palette.MODELS.items()}}
    assert closest(everything, sight) > 8


def test_models_differ_without_colour_and_keep_their_mark() -> None:
    symbols = [mark.symbol for mark in palette.MODELS.values()]
    dashes = [mark.dash for mark in palette.MODELS.values()]
    assert len(set(symbols)) == len(symbols)
    assert len(set(dashes)) == len(dashes)
    assert palette.model("mine") == palette.model("mine")
    assert len({palette.model(f"model {i}") for i in range(60)}) > 30


def test_verdict_words_are_the_agreed_ones() -> None:
    words = {key: verdict.words for key, verdict in palette.VERDICTS.items()}
    assert words["reads_devices"] == "reads devices"
    assert words["no_reliance"] == "no reliance that matters"
    assert words["inconclusive"] == "inconclusive"
    assert words["cannot_be_judged"] == "cannot be judged"
    assert set(words) == {*findings.VERDICTS, "not_audited"}
    for key in (None, "nonsense", "no_reliance_shown"):
        assert palette.verdict(key).key == "not_audited"
    signs = [v.sign for v in palette.VERDICTS.values()]
    assert len(set(signs)) == len(signs)


def test_known_contrasts() -> None:
    assert palette.contrast("#000000", "#FFFFFF") == pytest.approx(21)
    # WebAIM's example of the lightest grey that still passes AA on white.
    assert palette.contrast("#767676", "#FFFFFF") == pytest.approx(4.54, abs=0.01)
    assert palette.fade("#FF8000", 0.5) == "rgba(255,128,0,0.5)"


def test_streamlit_themes_use_the_palette() -> None:
    config = tomllib.loads(Path(".streamlit/config.toml").read_text(encoding="utf-8"))
    for theme in ("dark", "light"):
        section = config["theme"][theme]
        assert section["backgroundColor"] == palette.BACKGROUND[theme]
        assert section["secondaryBackgroundColor"] == palette.PANEL[theme]
        assert section["textColor"] == palette.TEXT[theme]
        assert palette.contrast(section["primaryColor"], palette.BACKGROUND[theme]) >= 4.5
        assert palette.contrast(section["linkColor"], palette.BACKGROUND[theme]) >= 4.5
